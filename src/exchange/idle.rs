//! Streams that went silent after they had begun: the deadline between tokens.
//!
//! Every live stream leaves a mark when bytes come, without asking for the time; the
//! worker's tick looks at each a few times per `idle_timeout`, so silence is noticed up
//! to a quarter late. Such a stream gets its last words, an error event in the
//! client's dialect, and is cut on the next tick: no filter of stock Envoy can end a
//! response that has begun in any other way.
//!
//! The words travel by way of the gateway role, for a filter can write a body only in
//! its own body callback: `Host::wake` resumes the upstream role's response, which is
//! not paused, and so sends a frame without bytes down the chain. Where an Envoy sends
//! none, the client sees the cut alone. Bounded by the calls in flight.

use super::Worker;
use super::registry::{Outcome, Shared};
use crate::dialect::StreamTranslator;
use crate::error::Kind;
use crate::host::Host;
use crate::route::health::Event;
use std::cell::{Cell, RefCell, RefMut};
use std::collections::BTreeMap;
use std::rc::Rc;

/// A stream on its way to the client.
pub struct Live {
    entry: Shared,
    /// The attempt's context in this VM.
    context: u32,
    stream: RefCell<Box<dyn StreamTranslator>>,
    /// Bytes have come since the last look.
    moved: Cell<bool>,
    /// Looks without any.
    quiet: Cell<u32>,
    /// Nanoseconds between two looks; 0: nobody looks.
    every: u64,
    /// The next look, Unix nanoseconds.
    next: Cell<u64>,
    /// It has had its last words: what still comes is dropped.
    over: Cell<bool>,
}

/// The live streams, in the order of their next looks.
#[derive(Default)]
pub struct Idle {
    live: RefCell<BTreeMap<(u64, u32), Rc<Live>>>,
    /// The shortest of them since there were none, in milliseconds.
    period: Cell<Option<u64>>,
}

/// Looks per `idle_timeout`.
const LOOKS: u32 = 4;

// === impl Live ===

impl Live {
    /// `idle_ms`: the longest silence; `None`: any.
    pub fn new(
        entry: Shared,
        context: u32,
        stream: Box<dyn StreamTranslator>,
        idle_ms: Option<u64>,
    ) -> Rc<Self> {
        Rc::new(Self {
            entry,
            context,
            stream: RefCell::new(stream),
            moved: Cell::new(true),
            quiet: Cell::new(0),
            every: idle_ms.map_or(0, |ms| ms * 1_000_000 / u64::from(LOOKS)),
            next: Cell::new(0),
            over: Cell::new(false),
        })
    }

    /// Its translator, because bytes have come; `None`: too late.
    pub fn moves(&self) -> Option<RefMut<'_, Box<dyn StreamTranslator>>> {
        self.moved.set(true);
        if self.over.get() { None } else { self.stream.try_borrow_mut().ok() }
    }

    /// How often the tick must come, in milliseconds; `None`: nobody looks.
    pub fn period_ms(&self) -> Option<u64> {
        (self.every > 0).then_some(self.every / 2_000_000)
    }
}

// === impl Idle ===

impl Idle {
    pub fn watch(&self, live: &Rc<Live>, now: u64) {
        let shortest = self.period.get().into_iter().chain(live.period_ms()).min();
        self.period.set(shortest);
        live.next.set(now + live.every);
        self.live.borrow_mut().insert((live.next.get(), live.context), Rc::clone(live));
    }

    pub fn forget(&self, live: &Live) {
        self.live.borrow_mut().remove(&(live.next.get(), live.context));
    }

    /// How often the tick must come, in milliseconds; `None`: nobody is watched.
    pub fn period_ms(&self) -> Option<u64> {
        if self.live.borrow().is_empty() {
            self.period.set(None);
        }
        self.period.get()
    }

    fn due(&self, now: u64) -> Vec<Rc<Live>> {
        let mut live = self.live.borrow_mut();
        let rest = live.split_off(&(now + 1, 0));
        std::mem::replace(&mut *live, rest).into_values().collect()
    }
}

// === impl Worker ===

impl Worker {
    /// Ends what has been silent too long.
    pub(super) fn look_at_streams(&self, host: &dyn Host, now: u64) {
        for live in self.deadlines.idle.due(now) {
            if live.over.get() {
                host.cut(live.context);
                continue;
            }
            let quiet = if live.moved.take() { 0 } else { live.quiet.get() + 1 };
            live.quiet.set(quiet);
            if quiet >= LOOKS {
                self.end_silent(host, &live);
            }
            // The last words must be on their way before the cut.
            let wait = if live.over.get() { 1 } else { live.every };
            live.next.set(now + wait);
            let key = (live.next.get(), live.context);
            self.deadlines.idle.live.borrow_mut().insert(key, live);
        }
    }

    fn end_silent(&self, host: &dyn Host, live: &Live) {
        live.over.set(true);
        let mut words = Vec::new();
        let mut stream = live.stream.borrow_mut();
        stream.finish(&mut words);
        let said = !words.is_empty();
        let progress = stream.progress();
        {
            let mut entry = live.entry.borrow_mut();
            entry.seen.usage = progress.usage;
            entry.seen.complete = progress.complete;
            if !progress.complete {
                entry.seen.failed = Some(Kind::Timeout);
                if let Some(tried) = entry.tried.last_mut() {
                    tried.outcome = Some(Outcome::Failed(Kind::Timeout));
                }
            }
            entry.last_words = Some(words);
        }
        let complete = progress.complete;
        drop(stream);
        let entry = live.entry.borrow();
        let at = entry.tried.last().and_then(|t| entry.plan.resolve(&entry.config, t.target));
        if let Some(at) = at.filter(|_| !complete) {
            self.learn(host, &entry, at, Event::Failed(None));
        }
        drop(entry);
        if said {
            host.wake(live.context);
        }
    }
}
