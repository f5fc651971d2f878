//! What the two ends saw: the client, and each provider that was asked.

use super::host::shown;
use sluice::host::{Headers, text};
use std::fmt;

/// What the client got.
#[derive(Default)]
pub struct Client {
    pub headers: Headers,
    pub body: Vec<u8>,
    pub ending: Option<Ending>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    Complete,
    /// The response began and was cut off.
    Broken,
    Left,
}

/// What a provider got.
pub struct Received {
    pub attempt: usize,
    pub cluster: String,
    pub headers: Headers,
    pub body: Vec<u8>,
}

// === impl Client ===

impl Client {
    pub fn status(&self) -> u16 {
        self.header(":status").parse().unwrap_or(0)
    }

    /// Empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        text(&self.headers, name).unwrap_or_default()
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    /// `[DONE]`s in a stream.
    pub fn farewells(&self) -> usize {
        self.text().matches("data: [DONE]").count()
    }
}

// === impl Received ===

impl Received {
    pub fn header(&self, name: &str) -> &str {
        text(&self.headers, name).unwrap_or_default()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = String::from_utf8_lossy(&self.body);
        write!(f, "{} {} {:?} {body}", self.attempt, self.cluster, shown(&self.headers))
    }
}
