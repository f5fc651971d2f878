//! An answer that streams: held until it has shown content, then passed on.

use super::pace::Pace;
use super::{Attempt, Phase, Try};
use crate::dialect::{Feed, Progress, StreamTranslator, withheld};
use crate::exchange::Step;
use crate::exchange::idle::Live;
use crate::exchange::{deadlines, health};
use crate::host::{Headers, Host, Side};
use crate::route::health::Event;
use std::rc::Rc;

/// Most bytes held back while waiting for content; then the stream is let go.
const MAX_HELD: usize = 256 << 10;

// === impl Attempt ===

impl Attempt {
    pub(super) fn held(
        &mut self,
        host: &dyn Host,
        (mut this, headers, mut stream, mut out): (
            Try,
            Headers,
            Box<dyn StreamTranslator>,
            Vec<u8>,
        ),
        size: usize,
        end: bool,
    ) -> Step {
        let chunk = host.body(Side::Response, size);
        if stream.feed(&chunk, &mut out) == Feed::Same {
            out.extend_from_slice(&chunk);
        }
        if end {
            stream.finish(&mut out);
            out.extend(this.farewell(stream.progress()).unwrap_or_default().into_bytes());
        }
        let progress = stream.progress();
        if let Some(error) = &progress.failed
            && !progress.started
            && this.may_hide(error)
        {
            let error = error.clone();
            return self.hide(host, this, &headers, error);
        }
        let shows = progress.started || end;
        if shows && this.leaves_filters() && withheld::stream(this.client(), &out) {
            return self.hide(host, this, &headers, withheld::error());
        }
        let held = match progress.started && !is_over(progress) && !end {
            true if out.len() > MAX_HELD => Pace::Enough,
            true => self.pace(host, &mut this, progress),
            false => Pace::Enough,
        };
        if held == Pace::Slow {
            return self.hide(host, this, &headers, deadlines::too_slow());
        }
        let ready = progress.started && held == Pace::Enough;
        if ready || progress.failed.is_some() || end || out.len() > MAX_HELD {
            self.forget_deadline(&this);
            host.replace_body(Side::Response, size, &out);
            this.release(host, &headers, None);
            let told = health::event_of_good(host, &this.entry.borrow(), &headers);
            if let Some(event) = told {
                self.learn(host, &this, event);
            }
            self.learn_stream(host, &this, progress, false);
            let now = host.now();
            this.entry.borrow_mut().first_token = Some(now);
            this.note(progress);
            match &progress.failed {
                Some(error) => self.gauge_failed(host, error),
                None => self.gauge_first(host, now),
            }
            if !end {
                let idle = this.idle_ms();
                let live = Live::new(Rc::clone(&this.entry), self.context, stream, idle);
                self.worker.deadlines.watch_stream(host, &live, now);
                self.phase = Phase::Live { this, stream: live };
            }
            return Step::Continue;
        }
        host.replace_body(Side::Response, size, b"");
        // What went in may be known before the first content: a hang-up is charged so.
        this.note(progress);
        self.phase = Phase::Held { this, headers, stream, out };
        Step::Pause
    }

    pub(super) fn live(
        &mut self,
        host: &dyn Host,
        this: Try,
        live: Rc<Live>,
        size: usize,
        end: bool,
    ) -> Step {
        match live.moves() {
            Some(mut stream) => self.pass_on(host, &this, &mut **stream, size, end),
            None => drop(self.drop_body(host, size)),
        }
        if end {
            self.worker.deadlines.idle.forget(&live);
        } else {
            self.phase = Phase::Live { this, stream: live };
        }
        Step::Continue
    }

    fn pass_on(
        &mut self,
        host: &dyn Host,
        this: &Try,
        stream: &mut dyn StreamTranslator,
        size: usize,
        end: bool,
    ) {
        let chunk = host.body(Side::Response, size);
        let known = is_over(stream.progress());
        let mut out = Vec::new();
        let mut fed = stream.feed(&chunk, &mut out);
        if end {
            if fed == Feed::Same {
                out.extend_from_slice(&chunk);
            }
            fed = Feed::Changed;
            stream.finish(&mut out);
            out.extend(this.farewell(stream.progress()).unwrap_or_default().into_bytes());
        }
        if fed == Feed::Changed && out != chunk {
            host.replace_body(Side::Response, size, &out);
        }
        this.note(stream.progress());
        self.learn_stream(host, this, stream.progress(), known);
        if !known {
            match &stream.progress().failed {
                Some(error) => self.gauge_failed(host, error),
                None => self.gauge_end(host, stream.progress()),
            }
        }
    }

    /// A stream went well when it has come to its end; one that breaks off after its
    /// first token has failed. `known`: it was told before.
    fn learn_stream(&self, host: &dyn Host, this: &Try, progress: &Progress, known: bool) {
        let event = match &progress.failed {
            Some(error) => health::event_of(error, None, 0),
            None => progress.complete.then_some(Event::Good),
        };
        if let Some(event) = event.filter(|_| !known) {
            self.learn(host, this, event);
        }
    }
}

fn is_over(progress: &Progress) -> bool {
    progress.complete || progress.failed.is_some()
}
