//! The messages of the rate limit service, `envoy.service.ratelimit.v3`.
//!
//! One descriptor a request: a service that refuses one descriptor of several has counted
//! the others all the same (envoyproxy/ratelimit#1060), and only newer services take a
//! number of hits for each. Of an answer we read the verdict, and of its statuses what is
//! left and when the window ends: Envoy's ratelimit tells both, Limitador neither (with
//! `--rate-limit-headers DRAFT_VERSION_03` it tells them in a header to be added, which is
//! read too). Must not: decide anything.
//!
//! Spec: <https://www.envoyproxy.io/docs/envoy/latest/api-v3/service/ratelimit/v3/rls.proto>,
//! <https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/common/ratelimit/v3/ratelimit.proto>.

use crate::wire::protobuf::{Field, for_each, push_bytes, push_number};

pub const SERVICE: &str = "envoy.service.ratelimit.v3.RateLimitService";
pub const METHOD: &str = "ShouldRateLimit";

/// What a service says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    pub over: bool,
    /// What is left in its window, in hits.
    pub left: Option<u64>,
    /// Nanoseconds until its window ends.
    pub resets: Option<u64>,
}

/// Answers are small; more is none.
const MAX_ANSWER: usize = 64 * 1024;
/// No window is longer: a day, and what clocks differ.
const MAX_RESETS: u64 = 90_000;
const NANO: u64 = 1_000_000_000;

/// A `RateLimitRequest` without its number of hits.
pub fn request(domain: &str, entries: &[(&str, &str)]) -> Vec<u8> {
    let mut descriptor = Vec::with_capacity(entries.len() * 48);
    for (key, value) in entries {
        let mut entry = Vec::with_capacity(key.len() + value.len() + 6);
        push_bytes(&mut entry, 1, key.as_bytes());
        push_bytes(&mut entry, 2, value.as_bytes());
        push_bytes(&mut descriptor, 1, &entry);
    }
    let mut out = Vec::with_capacity(descriptor.len() + domain.len() + 16);
    push_bytes(&mut out, 1, domain.as_bytes());
    push_bytes(&mut out, 2, &descriptor);
    out
}

/// The same with it.
pub fn with_hits(request: &[u8], hits: u32) -> Vec<u8> {
    let mut out = request.to_vec();
    push_number(&mut out, 3, u64::from(hits));
    out
}

/// A `RateLimitResponse`; `None`: it is none, or says neither yes nor no.
pub fn answer(bytes: &[u8]) -> Option<Answer> {
    if bytes.len() > MAX_ANSWER {
        return None;
    }
    let mut code = 0;
    let mut answer = Answer { over: false, left: None, resets: None };
    for_each(bytes, |number, field| {
        match (number, field) {
            (1, Field::Varint(n)) => code = n,
            (2, Field::Bytes(inner)) => status(inner, &mut answer)?,
            (3, Field::Bytes(inner)) => header(inner, &mut answer)?,
            _ => {}
        }
        Some(())
    })?;
    match code {
        1 => Some(answer),
        2 => Some(Answer { over: true, ..answer }),
        _ => None,
    }
}

/// A `DescriptorStatus`.
fn status(bytes: &[u8], answer: &mut Answer) -> Option<()> {
    let (mut known, mut left) = (false, 0);
    for_each(bytes, |number, field| {
        match (number, field) {
            (2, Field::Bytes(_)) => known = true,
            (3, Field::Varint(n)) => left = n,
            (4, Field::Bytes(inner)) => {
                let (mut seconds, mut nanos) = (0, 0);
                for_each(inner, |number, field| {
                    match (number, field) {
                        (1, Field::Varint(n)) => seconds = n,
                        (2, Field::Varint(n)) => nanos = n,
                        _ => {}
                    }
                    Some(())
                })?;
                answer.resets = until(seconds, nanos);
            }
            _ => {}
        }
        Some(())
    })?;
    if known {
        answer.left = Some(left);
    }
    Some(())
}

/// A `HeaderValue`.
fn header(bytes: &[u8], answer: &mut Answer) -> Option<()> {
    let (mut key, mut value): (&[u8], &[u8]) = (b"", b"");
    for_each(bytes, |number, field| {
        match (number, field) {
            (1, Field::Bytes(text)) => key = text,
            (2, Field::Bytes(text)) => value = text,
            _ => {}
        }
        Some(())
    })?;
    let number = || std::str::from_utf8(value).ok()?.parse::<u64>().ok();
    if key.eq_ignore_ascii_case(b"x-ratelimit-remaining") {
        answer.left = answer.left.or_else(number);
    }
    if key.eq_ignore_ascii_case(b"x-ratelimit-reset") {
        // Whole seconds, rounded down: the window ends later, if anything.
        answer.resets = answer.resets.or_else(|| until(number()?, 0));
    }
    Some(())
}

/// A negative number is a very large one here; nothing is less than a second, rounded down.
fn until(seconds: u64, nanos: u64) -> Option<u64> {
    let known = seconds <= MAX_RESETS && nanos < NANO && seconds + nanos > 0;
    known.then(|| seconds * NANO + nanos)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len() / 2)
            .map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap())
            .collect()
    }

    /// Bytes of Google's own library (Python protobuf 6), from the messages of rls.proto.
    #[test]
    fn requests_are_what_google_writes() {
        let entries = [("limit", "tokens-per-minute"), ("consumer", "acme/\n\"\u{fc}")];
        let expected = bytes(
            "0a06736c7569636512330a1a0a056c696d69741211746f6b656e732d7065722d6d696e757465\
             0a150a08636f6e73756d6572120961636d652f0a22c3bc18a09c01",
        );
        assert_eq!(with_hits(&request("sluice", &entries), 20_000), expected);
    }

    #[test]
    fn answers_are_read_as_google_writes_them() {
        let ok = bytes("0801121b0801120908a08d0610021a01781898e9042208082a1080cab5ee01");
        let read = Answer { over: false, left: Some(79_000), resets: Some(42_500_000_000) };
        assert_eq!(answer(&ok), Some(read));
        let over = bytes("080212060802220208071a060a01781201792a026e6f");
        let read = Answer { over: true, left: None, resets: Some(7_000_000_000) };
        assert_eq!(answer(&over), Some(read));
        let bare = Answer { over: false, left: None, resets: None };
        assert_eq!(answer(&bytes("0801")), Some(bare));
        assert_eq!(answer(b""), None, "neither yes nor no");
    }

    /// As Limitador tells them.
    #[test]
    fn headers_tell_what_statuses_do_not() {
        let mut out = vec![8, 1];
        for (key, value) in [("X-RateLimit-Remaining", "17"), ("X-RateLimit-Reset", "12")] {
            let mut header = Vec::new();
            push_bytes(&mut header, 1, key.as_bytes());
            push_bytes(&mut header, 2, value.as_bytes());
            push_bytes(&mut out, 3, &header);
        }
        let read = Answer { over: false, left: Some(17), resets: Some(12_000_000_000) };
        assert_eq!(answer(&out), Some(read));
    }

    #[test]
    fn hostile_answers_are_none() {
        let whole = bytes("0801121b0801120908a08d0610021a01781898e9042208082a1080cab5ee01");
        for cut in 3..whole.len() {
            assert_eq!(answer(&whole[..cut]), None, "cut at {cut}");
        }
        let mut long = whole.clone();
        push_bytes(&mut long, 9, &vec![0; MAX_ANSWER]);
        assert_eq!(answer(&long), None);
        // Seconds of -1, and of more than any window.
        let minus = bytes("08011210220b08ffffffffffffffffff01100000");
        assert_eq!(answer(&minus).and_then(|a| a.resets), None);
        let ages = bytes("080112062204088094ebdc03");
        assert_eq!(answer(&ages).and_then(|a| a.resets), None);
    }

    proptest! {
        #[test]
        fn any_bytes_end(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = answer(&bytes);
        }
    }
}
