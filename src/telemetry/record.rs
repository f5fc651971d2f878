//! The ledger's line about a call: the filter state `wasm.sluice`, which access logs show.
//!
//! The members of a JSON object without its braces: the log's format has those, so that
//! its line is JSON also where there is no filter state. It is made for each call, so it
//! is written into one buffer, by hand. Members that a call has nothing to say about are
//! left out (`team`, `key`, `tags`, ...); those that every call has are always there, in
//! one order. Nothing says `cached`: there is no cache, and each line is a call that a
//! provider was asked for.
//!
//! Must not: hold a prompt, a key, an address, or a text that is not bounded (`MAX_TEXT`).

use crate::dialect::Usage;
use crate::wire::json;

#[derive(Debug, Clone, Copy, Default)]
pub struct Record<'a> {
    pub request_id: &'a str,
    /// The provider's own id of its answer, where it told one.
    pub upstream_request_id: &'a str,
    /// Unix time.
    pub started_ms: u64,
    pub duration_ms: u64,
    pub first_token_ms: Option<u64>,
    pub consumer: &'a str,
    pub team: &'a str,
    pub organization: &'a str,
    pub tags: &'a [String],
    /// The name of the key, never the key.
    pub key: &'a str,
    pub endpoint: &'a str,
    /// The dialect of the client.
    pub client: &'a str,
    pub model: &'a str,
    pub provider: &'a str,
    pub region: &'a str,
    pub upstream_model: &'a str,
    pub stream: bool,
    pub attempts: usize,
    /// Provider and outcome of each attempt, where there were several.
    pub tried: &'a [(&'a str, &'a str)],
    pub usage: Usage,
    pub estimated: bool,
    /// Nanodollars; `None`: unpriced.
    pub cost: Option<u64>,
    /// Which prices made the cost (`route::priced`).
    pub price_version: Option<&'a str>,
    /// The tier that served the call, where those prices are of another.
    pub service_tier: Option<&'a str>,
    /// Limits that it passed and what they said, as `NAME: warned`.
    pub limits: &'a str,
    /// "ok", "cancelled", or an error kind.
    pub outcome: &'a str,
}

/// Longest text of a member, in bytes.
const MAX_TEXT: usize = 256;
/// Most entries of a list.
const MAX_LIST: usize = 16;
/// Longest path that is logged, in characters.
const MAX_PATH: usize = 256;

/// The same for a request that was answered without a plan. Of its path the query stays
/// out: clients of Google's put keys there.
pub fn local_record(request_id: &str, path: &str, outcome: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(160);
    let path = path.split('?').next().unwrap_or_default();
    let shown: String = path.chars().take(MAX_PATH).collect();
    text(&mut out, "\"request_id\":", request_id);
    out.extend_from_slice(b",\"path\":");
    json::push_text(&mut out, &shown);
    error(&mut out, outcome);
    out
}

// === impl Record ===

impl Record<'_> {
    pub fn members(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(1024);
        let usage = &self.usage;
        text(&mut out, "\"request_id\":", self.request_id);
        number(&mut out, ",\"started_ms\":", self.started_ms);
        number(&mut out, ",\"duration_ms\":", self.duration_ms);
        text(&mut out, ",\"consumer\":", self.consumer);
        known(&mut out, ",\"team\":", self.team);
        known(&mut out, ",\"organization\":", self.organization);
        known(&mut out, ",\"key\":", self.key);
        list(&mut out, ",\"tags\":", self.tags.iter().map(String::as_str));
        text(&mut out, ",\"endpoint\":", self.endpoint);
        text(&mut out, ",\"client\":", self.client);
        text(&mut out, ",\"model\":", self.model);
        text(&mut out, ",\"provider\":", self.provider);
        known(&mut out, ",\"region\":", self.region);
        text(&mut out, ",\"upstream_model\":", self.upstream_model);
        known(&mut out, ",\"upstream_request_id\":", self.upstream_request_id);
        flag(&mut out, ",\"stream\":", self.stream);
        flag(&mut out, ",\"estimated\":", self.estimated);
        number(&mut out, ",\"attempts\":", self.attempts as u64);
        self.push_tried(&mut out);
        number(&mut out, ",\"input_tokens\":", usage.input);
        number(&mut out, ",\"output_tokens\":", usage.output);
        number(&mut out, ",\"cached_input_tokens\":", usage.cached_input);
        number(&mut out, ",\"cache_write_tokens\":", usage.cache_write);
        number(&mut out, ",\"cache_write_1h_tokens\":", usage.cache_write_1h);
        number(&mut out, ",\"reasoning_tokens\":", usage.reasoning);
        out.extend_from_slice(b",\"cost_usd\":");
        match self.cost {
            Some(nano) => usd(&mut out, nano),
            None => out.extend_from_slice(b"null,\"unpriced\":true"),
        }
        match self.price_version {
            Some(version) => text(&mut out, ",\"price_version\":", version),
            None => out.extend_from_slice(b",\"price_version\":null"),
        }
        known(&mut out, ",\"service_tier\":", self.service_tier.unwrap_or_default());
        known(&mut out, ",\"limits\":", self.limits);
        match self.first_token_ms {
            Some(ms) => number(&mut out, ",\"ttft_ms\":", ms),
            None => out.extend_from_slice(b",\"ttft_ms\":null"),
        }
        text(&mut out, ",\"outcome\":", self.outcome);
        error(&mut out, self.outcome);
        out
    }

    fn push_tried(&self, out: &mut Vec<u8>) {
        if self.tried.len() < 2 {
            return;
        }
        for (i, (provider, outcome)) in self.tried.iter().take(MAX_LIST).enumerate() {
            let before = if i == 0 { ",\"tried\":[{\"provider\":" } else { ",{\"provider\":" };
            text(out, before, provider);
            text(out, ",\"outcome\":", outcome);
            out.push(b'}');
        }
        out.push(b']');
    }
}

// A call for each member is cheaper than its code at each of them: 20.
#[inline(never)]
fn text(out: &mut Vec<u8>, name: &str, text: &str) {
    out.extend_from_slice(name.as_bytes());
    let text = match text.len() {
        0..=MAX_TEXT => text,
        _ => (0..=MAX_TEXT).rev().find_map(|end| text.get(..end)).unwrap_or_default(),
    };
    // All names are such; the writer that knows escapes takes three times as long.
    if text.bytes().all(|b| matches!(b, b' '..=b'~') && b != b'"' && b != b'\\') {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    } else {
        json::push_text(out, text);
    }
}

/// A member that is left out where there is nothing to say.
#[inline(never)]
fn known(out: &mut Vec<u8>, name: &str, value: &str) {
    if !value.is_empty() {
        text(out, name, value);
    }
}

fn list<'a>(out: &mut Vec<u8>, name: &str, values: impl ExactSizeIterator<Item = &'a str>) {
    if values.len() == 0 {
        return;
    }
    out.extend_from_slice(name.as_bytes());
    for (i, value) in values.take(MAX_LIST).enumerate() {
        text(out, if i == 0 { "[" } else { "," }, value);
    }
    out.push(b']');
}

#[inline(never)]
fn flag(out: &mut Vec<u8>, name: &str, value: bool) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(if value { b"true" } else { b"false" });
}

#[inline(never)]
fn number(out: &mut Vec<u8>, name: &str, value: u64) {
    out.extend_from_slice(name.as_bytes());
    json::push_number(out, value);
}

fn error(out: &mut Vec<u8>, outcome: &str) {
    match outcome {
        "ok" => out.extend_from_slice(b",\"error\":null"),
        kind => text(out, ",\"error\":", kind),
    }
}

/// As `price::usd` writes it, without a text in between.
fn usd(out: &mut Vec<u8>, nano: u64) {
    json::push_number(out, nano / 1_000_000_000);
    let mut part = nano % 1_000_000_000;
    if part == 0 {
        return;
    }
    let mut digits = [b'0'; 9];
    for digit in digits.iter_mut().rev() {
        *digit += u8::try_from(part % 10).unwrap_or(0);
        part /= 10;
    }
    let zeros = digits.iter().rev().take_while(|d| **d == b'0').count();
    out.push(b'.');
    out.extend(digits.iter().take(digits.len() - zeros));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::price;
    use serde_json::{Value, json};

    fn object(members: Vec<u8>) -> Value {
        serde_json::from_slice(&[b"{", &*members, b"}"].concat()).unwrap()
    }

    #[test]
    fn records_are_json() {
        let record = Record { model: "a\"b", first_token_ms: Some(7), ..Default::default() };
        let read = object(record.members());
        assert_eq!((read["model"].as_str(), read["ttft_ms"].as_u64()), (Some("a\"b"), Some(7)));
        assert_eq!((read["cost_usd"].is_null(), read["unpriced"].as_bool()), (true, Some(true)));
        let priced = Record { cost: Some(1_250_000), ..record };
        let read = object(priced.members());
        assert_eq!((read["cost_usd"].as_f64(), read.get("unpriced")), (Some(0.00125), None));
        let local = object(local_record("1\"", "/x\"y?key=secret", "ok"));
        assert_eq!((local["path"].as_str(), local["error"].is_null()), (Some("/x\"y"), true));
    }

    #[test]
    fn what_a_call_has_nothing_to_say_about_is_left_out() {
        let bare = object(Record { outcome: "ok", ..Default::default() }.members());
        for name in
            ["team", "organization", "key", "tags", "region", "tried", "limits", "service_tier"]
        {
            assert_eq!(bare.get(name), None, "{name}");
        }
        let tags = ["a".to_owned(), "b".to_owned()];
        let full = Record {
            team: "t",
            tags: &tags,
            limits: "daily: warned",
            tried: &[("openai", "busy"), ("azure", "ok")],
            price_version: Some("v1"),
            service_tier: Some("flex"),
            outcome: "busy",
            ..Default::default()
        };
        let full = object(full.members());
        assert_eq!(full["tags"], json!(["a", "b"]));
        assert_eq!(full["limits"], "daily: warned");
        assert_eq!((&full["price_version"], &full["service_tier"]), (&json!("v1"), &json!("flex")));
        assert!(bare["price_version"].is_null());
        assert_eq!(full["tried"][1], json!({ "provider": "azure", "outcome": "ok" }));
        assert_eq!((&full["outcome"], &full["error"]), (&json!("busy"), &json!("busy")));
    }

    #[test]
    fn whatever_a_name_is_the_line_stays_one_and_short() {
        let odd = "a\0b\n\r\"\\\u{7f}\u{2028}/../\u{fc}".repeat(100);
        let tags = vec![odd.clone(); 100];
        let record = Record {
            request_id: &odd,
            consumer: &odd,
            team: &odd,
            key: &odd,
            model: &odd,
            tags: &tags,
            tried: &[(odd.as_str(), "ok"); 100],
            ..Default::default()
        };
        let members = record.members();
        assert!(!members.contains(&b'\n') && !members.contains(&0));
        assert!(members.len() < 64 << 10, "{}", members.len());
        let read = object(members);
        assert!(odd.starts_with(read["consumer"].as_str().unwrap()));
        assert_eq!(read["tags"].as_array().unwrap().len(), MAX_LIST);
    }

    /// `cargo test --release --lib a_record_costs -- --nocapture` says how much.
    #[test]
    fn a_record_costs_little() {
        let tags = ["batch".to_owned(), "eu".to_owned()];
        let record = Record {
            request_id: "0710cfae-ec78-4ddc-8527-ab4d90cf7178",
            consumer: "alice",
            team: "red",
            organization: "acme",
            tags: &tags,
            model: "fast",
            provider: "anthropic",
            upstream_model: "claude-haiku-4-5",
            cost: Some(35_000),
            outcome: "ok",
            ..Default::default()
        };
        let (begin, runs) = (std::time::Instant::now(), 10_000);
        let bytes: usize = (0..runs).map(|_| std::hint::black_box(record).members().len()).sum();
        let each = begin.elapsed() / runs;
        println!("{each:?} for {} bytes", bytes / 10_000);
        assert!(each.as_micros() < 100, "{each:?}");
        assert!(record.members().len() < 1024, "more than the buffer it begins with");
    }

    #[test]
    fn dollars_are_written_as_everywhere() {
        for nano in [0, 1, 10, 999_999_999, 1_000_000_000, 1_050_000_000, 35_000, u64::MAX] {
            let mut out = Vec::new();
            usd(&mut out, nano);
            assert_eq!(String::from_utf8(out).unwrap(), price::usd(nano));
        }
    }
}
