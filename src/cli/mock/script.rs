//! A response's body as a list of steps, and the body that plays it.
//!
//! Faults within a body are decided here, up front and without IO: events and
//! faults in, steps out. Playing them is then dull, and what a fault does can be
//! tested without a socket. Without delays the player never sleeps and never
//! wakes itself: hyper gathers the frames into one write.
//!
//! SSE: <https://html.spec.whatwg.org/multipage/server-sent-events.html>

use std::io::{self, Write};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use hyper::body::{Body, Frame, SizeHint};
use serde_json::Value;
use tokio::time::Sleep;

use super::bedrock;
use super::faults::{Faults, How, Wire};
use super::record::Watch;
use super::vendor::{Event, Framing, Kind};

/// What a body does next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    Send(Bytes),
    Wait(Duration),
    /// Lets hyper flush what it holds.
    Flush,
    Hang,
    Cut,
}

/// A body that plays its steps.
#[derive(Debug)]
pub(super) struct Script {
    steps: std::vec::IntoIter<Step>,
    sleep: Option<Pin<Box<Sleep>>>,
    hung: bool,
    /// The `content-length`, where it is known.
    length: Option<u64>,
    watch: Option<Watch>,
}

/// The steps of a stream.
pub(super) fn stream(events: &[Event], error: &Event, faults: &Faults) -> Vec<Step> {
    let mut steps = Vec::with_capacity(events.len() + 2);
    if faults.error_first {
        steps.push(frame(error, &faults.wire));
        return shape(steps, &faults.wire);
    }
    let mut sent = 0;
    for event in events {
        if event.kind == Kind::Content {
            // Any later break came right after the event it counts.
            if sent == 0
                && let Some(how) = faults.break_at(0)
            {
                break_off(&mut steps, how, error, &faults.wire);
                break;
            }
            let pace = &faults.pace;
            let wait = if sent == 0 { pace.first } else { pace.token };
            if !wait.is_zero() {
                steps.push(Step::Wait(wait));
            }
            steps.push(frame(event, &faults.wire));
            sent += 1;
            if let Some(how) = faults.break_at(sent) {
                break_off(&mut steps, how, error, &faults.wire);
                break;
            }
        } else if event.kind != Kind::Done || !faults.no_done {
            steps.push(frame(event, &faults.wire));
        }
    }
    shape(steps, &faults.wire)
}

/// The steps of a whole body and its announced length. It has no events, so any
/// break comes in its middle; an error cannot come any more.
pub(super) fn whole(body: Bytes, faults: &Faults) -> (Vec<Step>, Option<usize>) {
    let full = body.len();
    let mut breaks = faults.breaks.iter().map(|b| b.how);
    let Some(how) = breaks.find(|how| !matches!(how, How::Error | How::BadCrc)) else {
        let steps = shape(vec![Step::Send(body)], &faults.wire);
        let length = length(&steps);
        return (steps, Some(length));
    };
    let mut steps = vec![Step::Send(body.slice(..full / 2))];
    if how == How::End {
        let steps = shape(steps, &faults.wire);
        let length = length(&steps);
        return (steps, Some(length));
    }
    steps.push(Step::Flush);
    steps.push(if how == How::Cut { Step::Cut } else { Step::Hang });
    let announced = (!faults.wire.gzip).then_some(full);
    (shape(steps, &faults.wire), announced)
}

/// The same for a file, which comes in many pieces and whose length nobody tells.
pub(super) fn file(body: Bytes, faults: &Faults) -> (Vec<Step>, Option<usize>) {
    let mut faults = faults.clone();
    faults.wire.cut_bytes.get_or_insert(PIECE);
    whole(body, &faults)
}

/// Bytes of a piece of a file.
const PIECE: usize = 4096;

fn length(steps: &[Step]) -> usize {
    let lengths = steps.iter().map(|step| match step {
        Step::Send(bytes) => bytes.len(),
        _ => 0,
    });
    lengths.sum()
}

fn break_off(steps: &mut Vec<Step>, how: How, error: &Event, wire: &Wire) {
    match how {
        How::End => {}
        How::Error => steps.push(frame(error, wire)),
        How::BadCrc if error.framing == Framing::Aws => {
            let spoiled = bedrock::frames::frame("contentBlockDelta", "{}", true);
            steps.push(Step::Send(spoiled.into()));
        }
        How::BadCrc => {}
        How::Stall => steps.push(Step::Hang),
        // Long enough that the peer has what was sent before it loses the rest.
        How::Cut => steps.extend([Step::Wait(Duration::from_millis(5)), Step::Cut]),
    }
}

/// One event as bytes.
fn frame(event: &Event, wire: &Wire) -> Step {
    if event.framing == Framing::Aws {
        let bytes = bedrock::frames::frame(event.name, &event.data, false);
        return Step::Send(bytes.into());
    }
    let end = if wire.crlf { "\r\n" } else { "\n" };
    let space = if wire.no_space { "" } else { " " };
    let mut out = String::with_capacity(event.data.len() + 48);
    if wire.comments {
        out.extend([": keep-alive", end, end]);
    }
    if !event.name.is_empty() {
        out.extend(["event:", space, event.name, end]);
    }
    let pretty = wire.multiline.then(|| pretty(&event.data)).flatten();
    for line in pretty.as_deref().unwrap_or(&event.data).split('\n') {
        out.extend(["data:", space, line, end]);
    }
    out.push_str(end);
    Step::Send(out.into())
}

fn pretty(json: &str) -> Option<String> {
    let value: Value = serde_json::from_str(json).ok()?;
    serde_json::to_string_pretty(&value).ok()
}

fn shape(steps: Vec<Step>, wire: &Wire) -> Vec<Step> {
    let steps = if wire.gzip { compress(steps) } else { steps };
    match wire.cut_bytes {
        Some(size) => slice(steps, size),
        None => steps,
    }
}

/// Compresses what is sent, readable at each step. A broken body has no trailer.
fn compress(steps: Vec<Step>) -> Vec<Step> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let mut out = Vec::with_capacity(steps.len() + 1);
    let mut broken = false;
    for step in steps {
        broken |= matches!(step, Step::Hang | Step::Cut);
        out.push(match step {
            Step::Send(bytes) => {
                // Writing to memory does not fail.
                let _ = encoder.write_all(&bytes).and_then(|()| encoder.flush());
                Step::Send(std::mem::take(encoder.get_mut()).into())
            }
            other => other,
        });
    }
    if !broken {
        out.push(Step::Send(encoder.finish().unwrap_or_default().into()));
    }
    out
}

/// Sends in pieces of `size` bytes, across events but not across waits.
fn slice(steps: Vec<Step>, size: usize) -> Vec<Step> {
    let mut out = Vec::new();
    let mut held = Vec::new();
    for step in steps {
        match step {
            Step::Send(bytes) => held.extend_from_slice(&bytes),
            other => {
                send_slices(&mut out, &mut held, size);
                out.push(other);
            }
        }
    }
    send_slices(&mut out, &mut held, size);
    out
}

fn send_slices(out: &mut Vec<Step>, held: &mut Vec<u8>, size: usize) {
    let held = Bytes::from(std::mem::take(held));
    for start in (0..held.len()).step_by(size) {
        out.push(Step::Send(held.slice(start..held.len().min(start.saturating_add(size)))));
        // A timer tick keeps the first pieces apart in the peer's reads too;
        // all of them would make a long body crawl.
        out.push(if out.len() < 400 { Step::Wait(Duration::from_millis(1)) } else { Step::Flush });
    }
}

// === impl Script ===

impl Script {
    pub(super) fn new(steps: Vec<Step>, length: Option<usize>, watch: Option<Watch>) -> Script {
        Script {
            steps: steps.into_iter(),
            sleep: None,
            hung: false,
            length: length.map(|n| n as u64),
            watch,
        }
    }

    /// All bytes at once.
    pub(super) fn full(body: Bytes, watch: Option<Watch>) -> Script {
        let length = body.len();
        Script::new(vec![Step::Send(body)], Some(length), watch)
    }

    pub(super) fn empty(watch: Option<Watch>) -> Script {
        Script::new(Vec::new(), Some(0), watch)
    }
}

impl Body for Script {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        loop {
            if self.hung {
                return Poll::Pending;
            }
            if let Some(sleep) = &mut self.sleep {
                std::task::ready!(sleep.as_mut().poll(cx));
                self.sleep = None;
            }
            match self.steps.next() {
                None => return Poll::Ready(None),
                Some(Step::Send(bytes)) if bytes.is_empty() => {}
                Some(Step::Send(bytes)) => return Poll::Ready(Some(Ok(Frame::data(bytes)))),
                Some(Step::Wait(time)) => self.sleep = Some(Box::pin(tokio::time::sleep(time))),
                Some(Step::Hang) => self.hung = true,
                Some(Step::Flush) => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Some(Step::Cut) => {
                    if let Some(watch) = &self.watch {
                        watch.cut();
                    }
                    let error = io::Error::new(io::ErrorKind::ConnectionReset, "cut on demand");
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.length == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        let rest_sends = self.steps.as_slice().iter().any(|s| matches!(s, Step::Send(_)));
        if let Some(watch) = &self.watch
            && !self.hung
            && !rest_sends
        {
            watch.finished();
        }
    }
}
