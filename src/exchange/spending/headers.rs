//! What is left, in the headers that a client's SDK knows: OpenAI's, and Anthropic's for
//! Messages. Of the tightest limit of each kind that can hold the call back, after this
//! call's own reservation.
//!
//! <https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers>,
//! <https://platform.claude.com/docs/en/api/rate-limits#response-headers>. Must not: speak
//! of dollars or concurrent calls; nobody has headers for those.

use super::{Booked, Decision, Reservation};
use crate::config::Config;
use crate::config::limits::{Limit, Resource};
use crate::dialect::Dialect;
use crate::policy::limits;
use std::time::{Duration, UNIX_EPOCH};

/// One kind's three headers.
type Names = [&'static str; 3];

const OPENAI: [Names; 2] = [
    ["x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"],
    ["x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"],
];
const ANTHROPIC: [Names; 4] = [
    [
        "anthropic-ratelimit-requests-limit",
        "anthropic-ratelimit-requests-remaining",
        "anthropic-ratelimit-requests-reset",
    ],
    [
        "anthropic-ratelimit-tokens-limit",
        "anthropic-ratelimit-tokens-remaining",
        "anthropic-ratelimit-tokens-reset",
    ],
    [
        "anthropic-ratelimit-input-tokens-limit",
        "anthropic-ratelimit-input-tokens-remaining",
        "anthropic-ratelimit-input-tokens-reset",
    ],
    [
        "anthropic-ratelimit-output-tokens-limit",
        "anthropic-ratelimit-output-tokens-remaining",
        "anthropic-ratelimit-output-tokens-reset",
    ],
];

/// A provider's, which tell of our key.
pub(in crate::exchange) fn is_theirs(name: &str) -> bool {
    name.starts_with("x-ratelimit-") || name.starts_with("anthropic-ratelimit-")
}

/// `reserved`: the call has its part.
pub(super) fn left(
    config: &Config,
    client: Dialect,
    (booked, reserved): (&[Booked], bool),
    now: u64,
    out: &mut Vec<(&'static str, String)>,
) {
    let anthropic = matches!(client, Dialect::AnthropicMessages | Dialect::AnthropicCount);
    let kinds: &[Names] = if anthropic { &ANTHROPIC } else { &OPENAI };
    for (kind, names) in kinds.iter().enumerate() {
        let remaining = |b: &Booked| match reserved {
            true => b.standing.left.saturating_sub(b.need),
            false => b.standing.left,
        };
        let ours = booked.iter().filter_map(|b| Some((b, config.limits.get(b.limit)?)));
        let ours = ours.filter(|(_, limit)| !limits::is_soft(limit));
        let ours = ours.filter(|(_, limit)| kind_of(limit, anthropic) == Some(kind));
        let Some((b, limit)) = ours.min_by_key(|(b, _)| remaining(b)) else { continue };
        let unit = if matches!(limit.resource, Resource::Tokens(_)) { 1000 } else { 1 };
        let [limit_name, remaining_name, reset_name] = *names;
        out.push((limit_name, (limit.amount / unit).to_string()));
        out.push((remaining_name, (remaining(b) / unit).to_string()));
        let resets = b.standing.resets;
        out.push((
            reset_name,
            match anthropic {
                true => rfc3339(resets),
                false => duration(resets.saturating_sub(now)),
            },
        ));
    }
}

/// To the second, upwards.
pub(super) fn rfc3339(nanos: u64) -> String {
    let time = UNIX_EPOCH + Duration::from_secs(nanos.div_ceil(1_000_000_000));
    humantime::format_rfc3339_seconds(time).to_string()
}

/// Says which limits were exceeded, and who answers instead.
pub(super) fn warning(config: &Config, held: &Reservation) -> Option<(&'static str, String)> {
    let mut out = String::new();
    for (limit, decision) in &held.passed {
        let Some(limit) = config.limits.get(*limit) else { continue };
        let more = match decision {
            Decision::Warned => String::new(),
            Decision::Routed => match held.routed.as_deref() {
                Some(model) if model.bytes().all(|b| b.is_ascii_graphic()) => {
                    format!("; answered by {model}")
                }
                _ => "; answered by another model".to_owned(),
            },
            _ => continue,
        };
        let comma = if out.is_empty() { "" } else { ", " };
        out.push_str(&format!("{comma}limit {} exceeded{more}", limit.name));
    }
    (!out.is_empty()).then_some(("x-sluice-warning", out))
}

/// Index into the names.
fn kind_of(limit: &Limit, anthropic: bool) -> Option<usize> {
    match limit.resource {
        Resource::Requests => Some(0),
        Resource::Tokens(w) if anthropic && w.output == 0 && w.reasoning == 0 => Some(2),
        Resource::Tokens(w) if anthropic && w.input == 0 && w.cached_input == 0 => Some(3),
        Resource::Tokens(_) => Some(1),
        Resource::Dollars | Resource::Concurrent => None,
    }
}

/// As OpenAI writes it: `20ms`, `1s`, `8.64s`, `6m0s`, `1h0m0s`.
fn duration(nanos: u64) -> String {
    let ms = nanos.div_ceil(1_000_000);
    if ms < 1_000 {
        return with_unit(ms, "ms");
    }
    let (s, ms) = (ms / 1_000, ms % 1_000);
    let (h, m, s) = (s / 3_600, s / 60 % 60, s % 60);
    let mut out = if h > 0 { with_unit(h, "h") } else { String::new() };
    if h > 0 || m > 0 {
        out.push_str(&with_unit(m, "m"));
    }
    out.push_str(&s.to_string());
    if ms > 0 {
        out.push_str(format!(".{ms:03}").trim_end_matches('0'));
    }
    out.push('s');
    out
}

fn with_unit(n: u64, unit: &str) -> String {
    let (mut number, mut out) = (itoa::Buffer::new(), String::with_capacity(24));
    out.push_str(number.format(n));
    out.push_str(unit);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_openais() {
        for (ms, written) in [
            (0, "0ms"),
            (20, "20ms"),
            (999, "999ms"),
            (1_000, "1s"),
            (8_640, "8.64s"),
            (86_400, "1m26.4s"),
            (360_000, "6m0s"),
            (3_600_000, "1h0m0s"),
            (90_000_000, "25h0m0s"),
        ] {
            assert_eq!(duration(ms * 1_000_000), written);
        }
        assert_eq!(duration(1), "1ms", "never too early");
    }
}
