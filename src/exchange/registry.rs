//! Calls in flight, where the two roles meet.
//!
//! The gateway role enters a call, every attempt of it looks it up by an id from
//! filter state that no client can write. An entry is removed when its call is
//! settled; the number of entries is bounded.

use super::retries::Stopped;
use super::spending::Reservation;
use crate::config::Config;
use crate::dialect::Facts;
use crate::dialect::{Dialect, Usage};
use crate::error::{Error, Kind};
use crate::host::{Headers, Host, text};
use crate::policy::identity::Caller;
use crate::route::{Plan, explain};
use hashbrown::HashMap;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// Most calls in flight per worker.
pub const MAX_CALLS: usize = 65_536;

pub type Shared = Rc<RefCell<Entry>>;

/// A call between its request and its end.
pub struct Entry {
    pub config: Rc<Config>,
    pub client: Dialect,
    pub plan: Plan,
    pub facts: Facts,
    /// The client's request headers, ours and Envoy's taken out.
    pub headers: Headers,
    pub caller: Caller,
    pub request_id: String,
    /// Nanoseconds, Unix time.
    pub started: u64,
    /// In order; at most one per target.
    pub tried: Vec<Tried>,
    pub answer: Answer,
    pub seen: Seen,
    /// Somebody rested when this call was planned: successes are news.
    pub marked: bool,
    /// The call has ended: what its attempts still meet is nobody's fault.
    pub settled: bool,
    /// When the first token left for the client.
    pub first_token: Option<u64>,
    /// The decision, as JSON, where the client may know it and asked.
    pub explained: Option<String>,
    /// The request goes on to providers while it still comes in.
    pub flows: bool,
    /// What the gateway role shall append to an answer that went silent.
    pub last_words: Option<Vec<u8>>,
    /// Why it was not tried once more.
    pub stopped: Option<Stopped>,
    /// A copy of a call: nobody reads the answer.
    pub shadow: bool,
    /// What it holds of its limits.
    pub reservation: Option<Box<Reservation>>,
}

/// One attempt, as far as it is known.
#[derive(Debug, Clone, Copy)]
pub struct Tried {
    /// Index into the plan.
    pub target: usize,
    /// Milliseconds after the call.
    pub began: u64,
    pub outcome: Option<Outcome>,
    /// How it ended, for those who asked.
    pub told: Option<Told>,
}

/// What only an explanation tells of an attempt.
#[derive(Debug, Clone, Copy)]
pub struct Told {
    /// Milliseconds from its begin to its first token, or to its failure.
    pub took: u64,
    /// The provider's, where there was one.
    pub status: Option<u16>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Good,
    Failed(Kind),
}

/// What the latest attempt came to.
#[derive(Debug)]
pub enum Answer {
    None,
    /// The upstream role let the provider's answer go to the client.
    Given,
    /// The provider refused or failed; the gateway role says so if nobody else is tried.
    Refused(Refusal),
}

#[derive(Debug, Clone)]
pub struct Refusal {
    pub error: Error,
    /// The provider's own error body, where it is fit for the client as it is.
    pub verbatim: Option<Vec<u8>>,
    /// The provider's response headers of `ADVICE`.
    pub advice: Vec<(&'static str, String)>,
}

/// What a refusal tells the client about trying again: the official SDKs obey these.
pub const ADVICE: [&str; 3] = ["retry-after", "retry-after-ms", "x-should-retry"];

/// Of the latest attempt's answer, chunk by chunk: a hang-up settles from here.
#[derive(Debug, Clone, Copy, Default)]
pub struct Seen {
    pub usage: Usage,
    pub output_bytes: u64,
    pub complete: bool,
    pub failed: Option<Kind>,
}

pub struct Registry {
    nonce: u64,
    last: Cell<u64>,
    calls: RefCell<HashMap<u64, Shared>>,
}

/// The key of an entry: the VM's nonce and a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Id(u64);

/// The length of a body, as the client announced it. One that 32 bits cannot hold is
/// still larger than any limit.
pub fn announced(headers: &Headers) -> Option<usize> {
    let length = text(headers, "content-length").filter(|l| !l.is_empty())?;
    let is_number = length.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| length.parse().unwrap_or(usize::MAX))
}

// === impl Refusal ===

impl Refusal {
    pub fn new(error: Error) -> Self {
        Self { error, verbatim: None, advice: Vec::new() }
    }
}

// === impl Tried ===

impl Tried {
    /// The refusal of an attempt that failed without a word.
    pub fn silence(&self) -> Option<Refusal> {
        let words = "the provider did not answer, and the next one cannot take this request";
        self.failure().map(|kind| Refusal::new(Error::new(kind, words)))
    }

    pub fn failure(&self) -> Option<Kind> {
        match self.outcome? {
            Outcome::Good => None,
            Outcome::Failed(kind) => Some(kind),
        }
    }
}

// === impl Entry ===

impl Entry {
    /// `explained` and how the attempts went: for `x-sluice-explain`.
    pub fn explanation(&self) -> Option<String> {
        let mut out = self.explained.clone()?;
        out.pop();
        out.push_str(",\"attempts\":[");
        for (i, tried) in self.tried.iter().enumerate() {
            let Some(at) = self.plan.resolve(&self.config, tried.target) else { continue };
            let outcome = match tried.outcome {
                Some(Outcome::Good) => "ok",
                Some(Outcome::Failed(kind)) => kind.as_str(),
                None => "",
            };
            let comma = if i > 0 { "," } else { "" };
            // Targets' names are printable ASCII by the configuration's rules.
            let target = explain::name(&self.config, at.target).replace(['"', '\\'], "_");
            let began = tried.began;
            out.push_str(&format!(
                "{comma}{{\"target\":\"{target}\",\"outcome\":\"{outcome}\",\"at_ms\":{began}"
            ));
            if let Some(Told { took, status }) = tried.told {
                out.push_str(&format!(",\"ms\":{took}"));
                out.extend(status.map(|status| format!(",\"status\":{status}")));
            }
            out.push('}');
        }
        out.push(']');
        if let Some(stopped) = self.stopped {
            out.push_str(&format!(",\"stopped\":\"{}\"", stopped.as_str()));
        }
        out.push('}');
        debug_assert!(out.len() <= explain::MAX, "{} bytes of explanation", out.len());
        Some(out)
    }

    /// The attempt of `target` has ended, with these response headers: notes what an
    /// explanation will tell. Costs nothing where nobody asked.
    pub fn tell(&mut self, host: &dyn Host, target: usize, headers: Option<&Headers>) {
        if self.explained.is_none() {
            return;
        }
        let now = host.now().saturating_sub(self.started) / 1_000_000;
        let status = headers.and_then(|h| text(h, ":status")?.parse().ok());
        if let Some(tried) = self.tried.iter_mut().rev().find(|t| t.target == target) {
            tried.told = Some(Told { took: now.saturating_sub(tried.began), status });
        }
    }

    /// An attempt has begun and not ended.
    pub fn is_tried_now(&self) -> bool {
        self.tried.last().is_some_and(|t| t.outcome.is_none())
    }
}

// === impl Registry ===

impl Registry {
    pub fn new(nonce: u64) -> Self {
        Self { nonce, last: Cell::new(0), calls: RefCell::new(HashMap::new()) }
    }

    /// The entry comes back where all places are taken.
    pub fn enter(&self, entry: Entry) -> Result<(Id, Shared), Box<Entry>> {
        let mut calls = self.calls.borrow_mut();
        if calls.len() >= MAX_CALLS {
            return Err(Box::new(entry));
        }
        let id = self.last.get() + 1;
        self.last.set(id);
        let shared = Rc::new(RefCell::new(entry));
        calls.insert(id, Rc::clone(&shared));
        Ok((Id(id), shared))
    }

    pub fn find(&self, wire: &[u8]) -> Option<Shared> {
        let (nonce, id) = wire.split_at_checked(8)?;
        if nonce != self.nonce.to_le_bytes() {
            return None;
        }
        let id = u64::from_le_bytes(id.try_into().ok()?);
        self.calls.borrow().get(&id).map(Rc::clone)
    }

    /// A number that differs from call to call and from worker to worker.
    pub fn chance(&self) -> u64 {
        self.nonce.wrapping_add(self.last.get().wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    pub fn remove(&self, id: Id) {
        self.calls.borrow_mut().remove(&id.0);
    }

    /// The id as it stands in filter state.
    pub fn wire(&self, id: Id) -> [u8; 16] {
        let mut out = [0; 16];
        let (nonce, number) = out.split_at_mut(8);
        nonce.copy_from_slice(&self.nonce.to_le_bytes());
        number.copy_from_slice(&id.0.to_le_bytes());
        out
    }

    pub fn len(&self) -> usize {
        self.calls.borrow().len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
