//! The only door out: everything the core may ask of Envoy.
//!
//! `wasm.rs` implements it over proxy-wasm; tests implement it in memory. Each
//! method costs about 1 us on Envoy unless it says otherwise, so callers read
//! all headers at once and write all headers at once. Must not: decide anything.

use crate::store::Store;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Request,
    Response,
}

/// Names lower case, values as on the wire; order kept, names may repeat.
pub type Headers = Vec<(String, Vec<u8>)>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    Counter,
    Histogram,
}

pub trait Host: Store {
    fn headers(&self, side: Side) -> Headers;

    /// One header; cheaper than all where one is enough.
    fn header(&self, side: Side, name: &str) -> Option<Vec<u8>>;

    /// Replaces all headers, pseudo-headers included.
    fn set_headers(&self, side: Side, headers: &[(&str, &[u8])]);

    /// Removes headers by name and adds others: 0.3 us for each, so for few.
    fn edit_headers(&self, side: Side, remove: &[&str], add: &[(&str, &str)]);

    /// Sets one header.
    fn set_header(&self, side: Side, name: &str, value: &str);

    /// The first `max` bytes of the body Envoy holds now.
    fn body(&self, side: Side, max: usize) -> Vec<u8> {
        self.body_at(side, 0, max)
    }

    /// At most `max` bytes of the body Envoy holds now, from `start`, which must not be
    /// behind its end.
    fn body_at(&self, side: Side, start: usize, max: usize) -> Vec<u8>;

    /// Replaces the first `length` bytes of the body Envoy holds now.
    fn replace_body(&self, side: Side, length: usize, with: &[u8]);

    /// Appends to the body Envoy holds now.
    fn append_body(&self, side: Side, bytes: &[u8]);

    /// Answers the client now; Envoy drops the rest of the exchange.
    fn reply(&self, status: u16, headers: &[(&str, &str)], body: &[u8]);

    fn property(&self, path: &[&str]) -> Option<Vec<u8>>;

    /// Sets filter state `wasm.NAME` of the stream.
    fn set_property(&self, name: &str, value: &[u8]);

    /// Unix time, nanoseconds.
    fn now(&self) -> u64;

    /// A metric's handle, for `count` and `record`. Metrics never expire.
    fn metric(&self, kind: MetricKind, name: &str) -> u32;

    /// 0.08 us.
    fn count(&self, metric: u32, n: u64);

    /// 0.08 us.
    fn record(&self, metric: u32, value: u64);

    /// Asks for `tick` every so many milliseconds; 0 stops it.
    fn set_tick(&self, millis: u32);

    /// Gives the held response of another context of this VM this status and lets
    /// it go: the router retries it.
    fn fail_held(&self, context: u32, status: u16);

    /// Sends a frame without bytes down the response of another context of this VM,
    /// which must be an attempt's whose answer flows: the gateway role gets to write.
    fn wake(&self, context: u32);

    /// Resets the stream of another context of this VM.
    fn cut(&self, context: u32);

    /// Answers the client of another context of this VM, as `reply` does; nothing where
    /// that context is gone.
    fn reply_in(&self, context: u32, status: u16, headers: &[(&str, &str)], body: &[u8]);

    /// Sends one message to a method of a gRPC service behind a cluster. The answer comes
    /// to the context that asks, by this number; to one that is gone, never. `None`: not
    /// sent.
    fn grpc_call(&self, to: Method<'_>, message: &[u8]) -> Option<u32>;

    /// Lets a request go on that was held, from a callback that is not its own.
    fn resume_request(&self);
}

/// A method of a gRPC service.
#[derive(Debug, Clone, Copy)]
pub struct Method<'a> {
    /// Of at most 120 bytes.
    pub cluster: &'a str,
    pub service: &'a str,
    pub method: &'a str,
    pub timeout_ms: u32,
}

/// The first value of a header.
pub fn value<'a>(headers: &'a Headers, name: &str) -> Option<&'a [u8]> {
    headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_slice())
}

/// The first value of a header as text; `None` where it is not UTF-8.
pub fn text<'a>(headers: &'a Headers, name: &str) -> Option<&'a str> {
    value(headers, name).and_then(|v| std::str::from_utf8(v).ok())
}
