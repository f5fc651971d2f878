//! What the server has seen: the last requests, and how their answers ended.
//!
//! Bounded on purpose (`LAST` requests, `MODELS` counters), because a bench
//! leaves the server running. Cheap on purpose: a request's parts are moved in,
//! never copied, and turned into strings only when somebody asks.

use bytes::Bytes;
use hyper::HeaderMap;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A request as a test may look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    pub method: String,
    /// With the query.
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
    /// Empty where the body names none.
    pub model: String,
    /// The whole answer was handed to the connection.
    pub finished: bool,
    /// The peer went away before that. A `cut-after` or `refuse` is neither.
    pub aborted: bool,
}

/// The requests and counters of one server.
#[derive(Debug)]
pub(super) struct Log {
    keep: bool,
    requests: Mutex<VecDeque<Arc<Entry>>>,
    counts: Mutex<HashMap<String, u64>>,
}

/// One request on its way.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) method: hyper::Method,
    pub(super) uri: hyper::Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) model: String,
    pub(super) end: AtomicU8,
}

/// Held by whoever must still send the answer: dropped early, the peer is gone.
#[derive(Debug)]
pub(super) struct Watch(Arc<Entry>);

// === impl Recorded ===

impl Recorded {
    /// The first header of this name, in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

// === impl Log ===

impl Log {
    pub(super) fn new(keep: bool) -> Log {
        Log {
            keep,
            requests: Mutex::default(),
            counts: Mutex::default(),
        }
    }

    /// Counts and, unless quiet, keeps the request.
    pub(super) fn add(&self, entry: Entry) -> (Arc<Entry>, Watch) {
        let entry = Arc::new(entry);
        self.count(&entry.model);
        if self.keep {
            let mut requests = lock(&self.requests);
            if requests.len() == LAST {
                requests.pop_front();
            }
            requests.push_back(Arc::clone(&entry));
        }
        let watch = Watch(Arc::clone(&entry));
        (entry, watch)
    }

    pub(super) fn requests(&self) -> Vec<Recorded> {
        let entries: Vec<_> = lock(&self.requests).iter().cloned().collect();
        entries.iter().map(|e| e.recorded()).collect()
    }

    pub(super) fn counts(&self) -> Vec<(String, u64)> {
        let mut counts: Vec<_> = lock(&self.counts)
            .iter()
            .map(|(model, count)| (model.clone(), *count))
            .collect();
        counts.sort();
        counts
    }

    pub(super) fn clear(&self) {
        lock(&self.requests).clear();
        lock(&self.counts).clear();
    }

    fn count(&self, model: &str) {
        let mut counts = lock(&self.counts);
        if let Some(count) = counts.get_mut(model) {
            *count += 1;
        } else if counts.len() < MODELS {
            counts.insert(model.to_owned(), 1);
        }
    }
}

// === impl Entry ===

impl Entry {
    fn recorded(&self) -> Recorded {
        let end = self.end.load(Ordering::Acquire);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Recorded {
            method: self.method.to_string(),
            path: self
                .uri
                .path_and_query()
                .map_or_else(String::new, ToString::to_string),
            headers: self
                .headers
                .iter()
                .map(|(name, value)| (name.to_string(), text(value.as_bytes())))
                .collect(),
            body: self.body.clone(),
            model: self.model.clone(),
            finished: end == FINISHED,
            aborted: end == ABORTED,
        }
    }
}

// === impl Watch ===

impl Watch {
    pub(super) fn finished(&self) {
        self.end(FINISHED);
    }

    /// The mock itself broke the answer off.
    pub(super) fn cut(&self) {
        self.end(CUT);
    }

    fn end(&self, end: u8) {
        // Fails where the end is known already, which is as wanted.
        let known = &self.0.end;
        let _ = known.compare_exchange(OPEN, end, Ordering::AcqRel, Ordering::Acquire);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.end(ABORTED);
    }
}

/// A poisoned lock still guards plain data.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const LAST: usize = 100;
const MODELS: usize = 1000;

const OPEN: u8 = 0;
const FINISHED: u8 = 1;
const ABORTED: u8 = 2;
const CUT: u8 = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_last_and_counts_all() {
        let log = Log::new(true);
        for n in 0..LAST + 5 {
            drop(log.add(entry(&format!("m{}", n % 2), &n.to_string())));
        }
        let requests = log.requests();
        assert_eq!(requests.len(), LAST);
        assert_eq!(&requests[0].body[..], b"5");
        assert_eq!(log.counts(), [("m0".to_owned(), 53), ("m1".to_owned(), 52)]);
        log.clear();
        assert_eq!((log.requests().len(), log.counts().len()), (0, 0));
    }

    #[test]
    fn knows_how_each_answer_ended() {
        let log = Log::new(true);
        let (_entry, open) = log.add(entry("open", ""));
        log.add(entry("finished", "")).1.finished();
        log.add(entry("cut", "")).1.cut();
        drop(log.add(entry("aborted", "")));
        let ends: Vec<_> = log
            .requests()
            .iter()
            .map(|r| (r.finished, r.aborted))
            .collect();
        assert_eq!(
            ends,
            [(false, false), (true, false), (false, false), (false, true)]
        );
        drop(open);
    }

    #[test]
    fn quiet_keeps_nothing() {
        let log = Log::new(false);
        drop(log.add(entry("m", "")));
        assert_eq!((log.requests().len(), log.counts().len()), (0, 1));
    }

    fn entry(model: &str, body: &str) -> Entry {
        Entry {
            method: hyper::Method::POST,
            uri: hyper::Uri::from_static("/v1/chat/completions?x=1"),
            headers: HeaderMap::new(),
            body: Bytes::copy_from_slice(body.as_bytes()),
            model: model.to_owned(),
            end: AtomicU8::default(),
        }
    }
}
