//! What a provider's response headers say of its limits: when to come back after a
//! refusal, and that nothing is left after an answer.
//!
//! Times are Unix nanoseconds. Must not: decide what to do about it.
//!
//! Spec: RFC 9110, 10.2.3 (`retry-after`);
//! <https://platform.openai.com/docs/guides/rate-limits> (`x-ratelimit-*`, durations
//! such as `6m0s`; Azure and others: seconds);
//! <https://platform.claude.com/docs/en/api/rate-limits> (`anthropic-ratelimit-*`, RFC
//! 3339); `retry-after-ms` is Azure's and what OpenAI's SDKs obey.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// `(remaining, reset)` of each budget a provider may tell of.
const BUDGETS: [(&str, &str); 7] = [
    ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
    ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
    ("x-ratelimit-remaining", "x-ratelimit-reset"),
    ("anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"),
    ("anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset"),
    ("anthropic-ratelimit-input-tokens-remaining", "anthropic-ratelimit-input-tokens-reset"),
    ("anthropic-ratelimit-output-tokens-remaining", "anthropic-ratelimit-output-tokens-reset"),
];

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
    let spent =
        BUDGETS.iter().filter(|(remaining, _)| header(remaining).map(str::trim) == Some("0"));
    spent.filter_map(|(_, reset)| moment(header(reset)?, now)).max().filter(|t| *t > now)
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

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_700_000_000_000_000_000;
    const S: u64 = 1_000_000_000;

    fn told(headers: &[(&'static str, &'static str)]) -> (Option<u64>, Option<u64>) {
        let header = |name: &str| headers.iter().find(|(n, _)| *n == name).map(|(_, v)| *v);
        let since = |t: Option<u64>| t.map(|t| (t - NOW) / 1_000_000);
        (since(retry_at(&header, NOW)), since(spent_until(&header, NOW)))
    }

    #[test]
    fn reads_every_way_of_telling_time() {
        for (headers, retry) in [
            (&[("retry-after", "3")][..], Some(3000)),
            (&[("retry-after", "0.25")], Some(250)),
            (&[("retry-after-ms", "1500"), ("retry-after", "9")], Some(1500)),
            (&[("retry-after", "Tue, 14 Nov 2023 22:13:50 GMT")], Some(30_000)),
            (&[("retry-after", "-1")], None),
            (&[("retry-after", "soon")], None),
            (&[("retry-after", "nan")], None),
            (
                &[("x-ratelimit-remaining-tokens", "0"), ("x-ratelimit-reset-tokens", "6m0s")],
                Some(360_000),
            ),
            (
                &[("x-ratelimit-remaining-tokens", "0"), ("x-ratelimit-reset-tokens", "7.66s")],
                Some(7660),
            ),
            (
                &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1700000010000")],
                Some(10_000),
            ),
            (&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1700000020")], Some(20_000)),
            (
                &[
                    ("anthropic-ratelimit-requests-remaining", "0"),
                    ("anthropic-ratelimit-requests-reset", "2023-11-14T22:13:45Z"),
                ],
                Some(25_000),
            ),
            (
                &[("x-ratelimit-remaining-requests", "1"), ("x-ratelimit-reset-requests", "9s")],
                None,
            ),
        ] {
            assert_eq!(told(headers).0, retry, "{headers:?}");
        }
    }

    #[test]
    fn the_longest_of_the_spent_budgets_counts() {
        let both = [
            ("x-ratelimit-remaining-requests", "0"),
            ("x-ratelimit-reset-requests", "120ms"),
            ("x-ratelimit-remaining-tokens", "0"),
            ("x-ratelimit-reset-tokens", "1s"),
        ];
        assert_eq!(told(&both).1, Some(1000));
        assert_eq!(told(&[("x-ratelimit-remaining-requests", "0")]).1, None);
        assert_eq!(duration("1h2m3.5s"), Some(3_723 * S + S / 2));
        for bad in ["", "s", "5", "5x", "m5", "1.2.3s"] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }
}
