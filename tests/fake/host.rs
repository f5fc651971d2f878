//! What a filter instance sees of Envoy.
//!
//! One `Context` per filter instance: the gateway role's lives as long as the
//! client's request, the upstream role's as long as an attempt. All contexts of a
//! request share one request header map and one filter state (`Stream`): the edits
//! of an attempt are what the next one finds. Response headers and bodies belong
//! to a context alone. A body can be read and replaced only in a body callback, or
//! while it is held back. Local replies and resumptions take effect after the
//! callback, as in Envoy (`exchange`, `envoy`).

use sluice::host::{Headers, Host, Method, MetricKind, Side};
use sluice::store::{Store, Ticket};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::rc::{Rc, Weak};

/// What outlives every VM: clock, shared data, metrics, timers.
#[derive(Default)]
pub struct Process {
    pub now: Cell<u64>,
    /// Root context to its tick's period in milliseconds, and when it fires next.
    pub ticks: RefCell<BTreeMap<u32, (u32, u64)>>,
    /// Contexts whose held response was let go by `fail_held`.
    pub resumed: RefCell<Vec<u32>>,
    /// Contexts whose flowing response was resumed by `wake`, or reset by `cut`.
    pub woken: RefCell<Vec<u32>>,
    pub cut: RefCell<Vec<u32>>,
    /// Messages to gRPC services that are not answered yet.
    pub grpc: RefCell<Vec<Asked>>,
    /// All that were sent.
    pub grpc_sent: Cell<u32>,
    /// No cluster is there to send them to.
    pub grpc_refused: Cell<bool>,
    /// Contexts whose held request was let go by `resume_request`.
    pub continued: RefCell<Vec<u32>>,
    /// Contexts that another one has answered.
    pub replied: RefCell<Vec<u32>>,
    /// What `xds.node` says of the release; empty: nothing.
    pub release: Cell<Option<(u64, u64)>>,
    /// Host calls that Envoy would have refused.
    pub refused: RefCell<Vec<String>>,
    /// Most bytes of a body that were copied out of Envoy at once.
    pub longest_read: Cell<usize>,
    /// One of so many writes loses against another worker's; 0: none does.
    pub contention: Cell<u32>,
    pub lost_races: Cell<u32>,
    writes: Cell<u32>,
    /// Reads and writes of shared data: the keys, in order.
    pub shared_calls: RefCell<Vec<String>>,
    shared: RefCell<HashMap<String, (Vec<u8>, u32)>>,
    metrics: RefCell<Vec<(String, u64)>>,
    contexts: RefCell<HashMap<u32, Weak<Context>>>,
    last: Cell<u32>,
}

/// What all filter instances of one client request share.
#[derive(Default)]
pub struct Stream {
    pub request: RefCell<Headers>,
    pub state: RefCell<HashMap<String, Vec<u8>>>,
    /// `response.code_details`
    pub details: RefCell<String>,
    /// `xds.cluster_name` of the latest attempt.
    pub cluster: RefCell<String>,
    /// The latest attempt has a connection: `upstream.local_address`.
    pub connected: Cell<bool>,
}

pub struct Context {
    pub id: u32,
    pub process: Rc<Process>,
    pub stream: Rc<Stream>,
    pub response: RefCell<Headers>,
    /// The response headers have come and were held back.
    pub held: Cell<bool>,
    pub request_body: RefCell<Option<Vec<u8>>>,
    pub response_body: RefCell<Option<Vec<u8>>>,
    pub reply: RefCell<Option<Local>>,
    root: u32,
}

/// A message to a gRPC service.
#[derive(Debug, Clone)]
pub struct Asked {
    pub context: u32,
    pub token: u32,
    pub message: Vec<u8>,
    /// When Envoy gives up on it.
    pub due: u64,
}

/// A local reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Local {
    pub headers: Headers,
    pub body: Vec<u8>,
}

/// Bytes as people read them.
pub(super) fn shown(headers: &Headers) -> Vec<String> {
    headers.iter().map(|(n, v)| format!("{n}: {}", String::from_utf8_lossy(v))).collect()
}

// === impl Process ===

impl Process {
    pub fn context(self: &Rc<Self>, stream: &Rc<Stream>, root: u32) -> Rc<Context> {
        let id = self.last.get() + 1;
        self.last.set(id);
        let context = Rc::new(Context {
            id,
            process: Rc::clone(self),
            stream: Rc::clone(stream),
            response: RefCell::default(),
            held: Cell::new(false),
            request_body: RefCell::default(),
            response_body: RefCell::default(),
            reply: RefCell::default(),
            root,
        });
        self.contexts.borrow_mut().insert(id, Rc::downgrade(&context));
        context
    }

    /// The sum of all counters whose names begin so.
    pub fn counted(&self, prefix: &str) -> u64 {
        self.metrics.borrow().iter().filter(|(n, _)| n.starts_with(prefix)).map(|(_, v)| v).sum()
    }

    fn loses(&self) -> bool {
        self.writes.set(self.writes.get() + 1);
        let loses = self.writes.get().is_multiple_of(self.contention.get());
        self.lost_races.set(self.lost_races.get() + u32::from(loses));
        loses
    }

    fn refuse(&self, what: &str) {
        self.refused.borrow_mut().push(what.to_owned());
    }
}

// === impl Context ===

impl Context {
    fn map(&self, side: Side) -> &RefCell<Headers> {
        match side {
            Side::Request => &self.stream.request,
            Side::Response => &self.response,
        }
    }

    fn buffer(&self, side: Side) -> &RefCell<Option<Vec<u8>>> {
        match side {
            Side::Request => &self.request_body,
            Side::Response => &self.response_body,
        }
    }
}

impl Store for Context {
    fn get(&self, key: &str) -> (Option<Vec<u8>>, Ticket) {
        self.process.shared_calls.borrow_mut().push(format!("get {key}"));
        match self.process.shared.borrow().get(key) {
            Some((value, version)) => (Some(value.clone()), Ticket(Some(*version))),
            None => (None, Ticket(None)),
        }
    }

    fn cas(&self, key: &str, value: &[u8], ticket: Ticket) -> bool {
        self.process.shared_calls.borrow_mut().push(format!("cas {key}"));
        let mut shared = self.process.shared.borrow_mut();
        let version = shared.get(key).map(|(_, v)| *v);
        if version.is_some() && self.process.loses() {
            // Somebody wrote the same bytes: the version has moved on.
            shared.entry(key.to_owned()).and_modify(|(_, v)| *v += 1);
            return false;
        }
        if version != ticket.0 {
            return false;
        }
        shared.insert(key.to_owned(), (value.to_vec(), version.map_or(1, |v| v + 1)));
        true
    }

    fn set(&self, key: &str, value: &[u8]) {
        self.process.shared_calls.borrow_mut().push(format!("set {key}"));
        let mut shared = self.process.shared.borrow_mut();
        let version = shared.get(key).map_or(1, |(_, v)| v + 1);
        shared.insert(key.to_owned(), (value.to_vec(), version));
    }
}

impl Host for Context {
    fn headers(&self, side: Side) -> Headers {
        self.map(side).borrow().clone()
    }

    fn header(&self, side: Side, name: &str) -> Option<Vec<u8>> {
        sluice::host::value(&self.map(side).borrow(), name).map(<[u8]>::to_vec)
    }

    fn set_headers(&self, side: Side, headers: &[(&str, &[u8])]) {
        for (name, value) in headers {
            let clean = value.iter().all(|b| !matches!(b, b'\r' | b'\n' | 0));
            if name.is_empty() || !clean || name.bytes().any(|b| b.is_ascii_uppercase()) {
                self.process.refuse(&format!("header {name}"));
            }
        }
        *self.map(side).borrow_mut() =
            headers.iter().map(|(n, v)| ((*n).to_owned(), v.to_vec())).collect();
    }

    fn edit_headers(&self, side: Side, remove: &[&str], add: &[(&str, &str)]) {
        let mut all = self.headers(side);
        all.retain(|(name, _)| !remove.contains(&name.as_str()));
        all.extend(add.iter().map(|(n, v)| ((*n).to_owned(), v.as_bytes().to_vec())));
        let all: Vec<_> = all.iter().map(|(n, v)| (n.as_str(), v.as_slice())).collect();
        self.set_headers(side, &all);
    }

    fn set_header(&self, side: Side, name: &str, value: &str) {
        let mut headers = self.map(side).borrow_mut();
        headers.retain(|(n, _)| n != name);
        headers.push((name.to_owned(), value.as_bytes().to_vec()));
    }

    fn body_at(&self, side: Side, start: usize, max: usize) -> Vec<u8> {
        let body = self.buffer(side).borrow();
        let body = body.as_deref().unwrap_or_default();
        if start > body.len() {
            // Envoy takes the difference of the two without a sign.
            self.process.refuse("a body was read behind its end");
            return Vec::new();
        }
        self.process.longest_read.set(self.process.longest_read.get().max(max.min(body.len())));
        body[start..].iter().take(max).copied().collect()
    }

    fn replace_body(&self, side: Side, length: usize, with: &[u8]) {
        match &mut *self.buffer(side).borrow_mut() {
            Some(body) => drop(body.splice(..length.min(body.len()), with.iter().copied())),
            None => self.process.refuse("a body that is not there was replaced"),
        }
    }

    fn append_body(&self, side: Side, bytes: &[u8]) {
        match &mut *self.buffer(side).borrow_mut() {
            Some(body) => body.extend_from_slice(bytes),
            None => self.process.refuse("bytes were appended to a body that is not there"),
        }
    }

    fn reply(&self, status: u16, headers: &[(&str, &str)], body: &[u8]) {
        let mut all = vec![(":status".to_owned(), status.to_string().into_bytes())];
        all.extend(headers.iter().map(|(n, v)| ((*n).to_owned(), v.as_bytes().to_vec())));
        let local = Local { headers: all, body: body.to_vec() };
        if self.reply.borrow_mut().replace(local).is_some() {
            self.process.refuse("a second reply");
        }
    }

    fn property(&self, path: &[&str]) -> Option<Vec<u8>> {
        match path {
            [name] => self.stream.state.borrow().get(*name).cloned(),
            ["xds", "node", "user_agent_build_version", "version", part] => {
                let (major, minor) = self.process.release.get()?;
                let number = if *part == "major_number" { major } else { minor };
                Some(number.to_le_bytes().to_vec())
            }
            ["response", "code_details"] => Some(self.stream.details.borrow().clone().into_bytes()),
            ["xds", "cluster_name"] => Some(self.stream.cluster.borrow().clone().into_bytes()),
            ["upstream", "local_address"] => {
                self.stream.connected.get().then(|| b"10.0.0.1:40000".to_vec())
            }
            _ => None,
        }
    }

    fn set_property(&self, name: &str, value: &[u8]) {
        self.stream.state.borrow_mut().insert(name.to_owned(), value.to_vec());
    }

    fn now(&self) -> u64 {
        self.process.now.get()
    }

    fn metric(&self, _: MetricKind, name: &str) -> u32 {
        let mut metrics = self.process.metrics.borrow_mut();
        let known = metrics.iter().position(|(n, _)| n == name);
        let index = known.unwrap_or_else(|| {
            metrics.push((name.to_owned(), 0));
            metrics.len() - 1
        });
        u32::try_from(index).unwrap()
    }

    fn count(&self, metric: u32, n: u64) {
        self.process.metrics.borrow_mut()[metric as usize].1 += n;
    }

    fn record(&self, metric: u32, _: u64) {
        self.process.metrics.borrow_mut()[metric as usize].1 += 1;
    }

    /// Envoy keeps one timer per root context, that of the context in whose name
    /// the call is made.
    fn set_tick(&self, millis: u32) {
        let mut ticks = self.process.ticks.borrow_mut();
        match millis {
            0 => drop(ticks.remove(&self.root)),
            _ => {
                let due = self.process.now.get() + u64::from(millis) * 1_000_000;
                ticks.insert(self.root, (millis, due));
            }
        }
    }

    fn fail_held(&self, context: u32, status: u16) {
        let found = self.process.contexts.borrow().get(&context).and_then(Weak::upgrade);
        match found {
            Some(context) if context.held.get() => {
                context.set_header(Side::Response, ":status", &status.to_string());
                self.process.resumed.borrow_mut().push(context.id);
            }
            _ => self.process.refuse("fail_held for a context that holds nothing"),
        }
    }

    fn wake(&self, context: u32) {
        self.process.woken.borrow_mut().push(context);
    }

    fn cut(&self, context: u32) {
        self.process.cut.borrow_mut().push(context);
    }

    fn reply_in(&self, context: u32, status: u16, headers: &[(&str, &str)], body: &[u8]) {
        let found = self.process.contexts.borrow().get(&context).and_then(Weak::upgrade);
        if let Some(context) = found {
            context.reply(status, headers, body);
            self.process.replied.borrow_mut().push(context.id);
        }
    }

    fn grpc_call(&self, to: Method<'_>, message: &[u8]) -> Option<u32> {
        if self.process.grpc_refused.get() {
            return None;
        }
        let token = self.process.grpc_sent.get() + 1;
        self.process.grpc_sent.set(token);
        let due = self.process.now.get() + u64::from(to.timeout_ms) * 1_000_000;
        let asked = Asked { context: self.id, token, message: message.to_vec(), due };
        self.process.grpc.borrow_mut().push(asked);
        Some(token)
    }

    fn resume_request(&self) {
        self.process.continued.borrow_mut().push(self.id);
    }
}
