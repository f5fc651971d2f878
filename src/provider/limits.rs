//! What a provider's response headers say of its limits: when to come back after a
//! refusal, and how much is left after an answer: enough, little, nothing.
//!
//! Times are Unix nanoseconds. Must not: decide what to do about it.
//!
//! Spec: RFC 9110, 10.2.3 (`retry-after`);
//! <https://platform.openai.com/docs/guides/rate-limits> (`x-ratelimit-*`, durations
//! such as `6m0s`; Azure and others: seconds);
//! <https://platform.claude.com/docs/en/api/rate-limits> (`anthropic-ratelimit-*`, RFC
//! 3339); `retry-after-ms` is Azure's and what OpenAI's SDKs obey.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How much is left, of the budget of which least is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Left {
    /// No budget is told of.
    Untold,
    Enough,
    Low,
    Spent,
}

/// A budget a provider may tell of: what is left of it, of how much, until when it is
/// whole again.
struct Budget {
    remaining: &'static str,
    limit: &'static str,
    reset: &'static str,
    of: Of,
}

#[derive(Clone, Copy, PartialEq)]
enum Of {
    Requests,
    Tokens,
}

macro_rules! budget {
    ($of:ident, $remaining:literal, $limit:literal, $reset:literal) => {
        Budget { remaining: $remaining, limit: $limit, reset: $reset, of: Of::$of }
    };
}

#[rustfmt::skip]
const BUDGETS: [Budget; 7] = [
    budget!(Requests, "x-ratelimit-remaining-requests", "x-ratelimit-limit-requests", "x-ratelimit-reset-requests"),
    budget!(Tokens, "x-ratelimit-remaining-tokens", "x-ratelimit-limit-tokens", "x-ratelimit-reset-tokens"),
    budget!(Requests, "x-ratelimit-remaining", "x-ratelimit-limit", "x-ratelimit-reset"),
    budget!(Requests, "anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-limit", "anthropic-ratelimit-requests-reset"),
    budget!(Tokens, "anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-limit", "anthropic-ratelimit-tokens-reset"),
    budget!(Tokens, "anthropic-ratelimit-input-tokens-remaining", "anthropic-ratelimit-input-tokens-limit", "anthropic-ratelimit-input-tokens-reset"),
    budget!(Tokens, "anthropic-ratelimit-output-tokens-remaining", "anthropic-ratelimit-output-tokens-limit", "anthropic-ratelimit-output-tokens-reset"),
];

/// Little, where no limit is told: fewer requests, or tokens.
const FEW: (u64, u64) = (3, 1_000);
/// Calls are kept apart no further than this: a budget that is whole again in a day would
/// stand still. 5 s.
const MAX_PACE: u64 = 5_000_000_000;
/// Calls that may follow each other closer than this need no pace. 10 ms.
const MIN_PACE: u64 = 10_000_000;

/// When a refusal says to come back.
pub fn retry_at<'h>(header: &dyn Fn(&str) -> Option<&'h str>, now: u64) -> Option<u64> {
    let millis = header("retry-after-ms").and_then(|v| v.trim().parse::<f64>().ok());
    let after = |seconds: f64| now.saturating_add((seconds.clamp(0.0, 1e9) * 1e9) as u64);
    millis
        .map(|ms| after(ms / 1e3))
        .or_else(|| header("retry-after").and_then(|v| moment(v, now)))
        .or_else(|| spent_until(header, now))
}

/// Until when nothing is left of some budget, if so.
pub fn spent_until<'h>(header: &dyn Fn(&str) -> Option<&'h str>, now: u64) -> Option<u64> {
    let spent = BUDGETS.iter().filter(|b| header(b.remaining).map(str::trim) == Some("0"));
    spent.filter_map(|b| moment(header(b.reset)?, now)).max().filter(|t| *t > now)
}

/// How much is left: of every good answer, so in one pass. `below`: percent of a limit
/// that are little; 0: nothing is.
pub fn left(headers: &[(String, Vec<u8>)], below: u32) -> Left {
    let mut left = Left::Untold;
    for (name, value) in headers {
        // Cheap, and few get past it.
        if !name.starts_with("x-ratelimit-rem") && !name.ends_with("-remaining") {
            continue;
        }
        let budget = BUDGETS.iter().find(|b| b.remaining == name);
        let Some((budget, n)) = budget.zip(number(value)) else { continue };
        let limit = || {
            let found = headers.iter().find(|(name, _)| name == budget.limit);
            found.and_then(|(_, value)| number(value))
        };
        left = left.max(match n {
            0 => Left::Spent,
            _ if below > 0 && budget.is_low(n, limit(), below) => Left::Low,
            _ => Left::Enough,
        });
    }
    left
}

/// How far apart calls of so many tokens must be so that what is left lasts until it is
/// whole again, and when that is.
pub fn pace<'h>(
    header: &dyn Fn(&str) -> Option<&'h str>,
    now: u64,
    below: u32,
    tokens: u64,
) -> Option<(u64, u64)> {
    let number = |name: &str| header(name).and_then(|text| number(text.as_bytes()));
    let low = BUDGETS.iter().filter_map(|b| {
        let n = number(b.remaining).filter(|n| *n > 0)?;
        let whole = moment(header(b.reset)?, now)?;
        let low = below > 0 && b.is_low(n, number(b.limit), below);
        let calls = if b.of == Of::Tokens { n / tokens.max(1) } else { n };
        let every = (whole.saturating_sub(now) / calls.max(1)).min(MAX_PACE);
        (low && every >= MIN_PACE).then_some((every, whole))
    });
    low.max()
}

/// A whole number.
fn number(value: &[u8]) -> Option<u64> {
    let value = value.trim_ascii();
    let digits = !value.is_empty() && value.len() < 19 && value.iter().all(u8::is_ascii_digit);
    digits.then(|| value.iter().fold(0, |n, digit| n * 10 + u64::from(digit - b'0')))
}

/// A duration or a moment, in any of the ways above.
fn moment(text: &str, now: u64) -> Option<u64> {
    let text = text.trim();
    if let Ok(number) = text.parse::<f64>() {
        let nanos = match number {
            n if !n.is_finite() || n < 0.0 => return None,
            // No duration is that long: a Unix time in milliseconds, in seconds.
            n if n > 1e11 => return Some((n * 1e6) as u64),
            n if n > 1e9 => return Some((n * 1e9) as u64),
            n => (n * 1e9) as u64,
        };
        return Some(now.saturating_add(nanos));
    }
    if let Some(nanos) = duration(text) {
        return Some(now.saturating_add(nanos));
    }
    let time =
        humantime::parse_rfc3339(text).or_else(|_| httpdate::parse_http_date(text).map_err(drop));
    since_epoch(time.ok()?)
}

fn since_epoch(time: SystemTime) -> Option<u64> {
    let since: Duration = time.duration_since(UNIX_EPOCH).ok()?;
    u64::try_from(since.as_nanos()).ok()
}

/// `6m0s`, `7.66s`, `120ms`, `1h2m3.5s`: Go's way of writing them.
fn duration(text: &str) -> Option<u64> {
    let mut rest = text;
    let mut sum = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(digits);
        let letters = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        let scale = match unit {
            "d" => 86_400e9,
            "h" => 3_600e9,
            "m" => 60e9,
            "s" => 1e9,
            "ms" => 1e6,
            "us" | "µs" => 1e3,
            "ns" => 1.0,
            _ => return None,
        };
        sum += number.parse::<f64>().ok()? * scale;
        rest = tail;
    }
    (sum.is_finite() && !text.is_empty()).then_some(sum as u64)
}

// === impl Budget ===

impl Budget {
    fn is_low(&self, n: u64, limit: Option<u64>, below: u32) -> bool {
        let few = if self.of == Of::Tokens { FEW.1 } else { FEW.0 };
        match limit {
            Some(limit) => n.saturating_mul(100) < limit.saturating_mul(u64::from(below)),
            None => n < few,
        }
    }
}

#[cfg(test)]
mod tests;
