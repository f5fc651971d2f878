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
use smallvec::SmallVec;
use std::time::{Duration, UNIX_EPOCH};

/// Headers of which all values stand in one text: most limited calls have six, and an
/// allocation costs 0.1 us.
#[derive(Default)]
pub(in crate::exchange) struct Told {
    text: String,
    /// The name, and where its value ends.
    values: SmallVec<[(&'static str, usize); 8]>,
}

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
    out: &mut Told,
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
        out.number(limit_name, limit.amount / unit);
        out.number(remaining_name, remaining(b) / unit);
        let resets = b.standing.resets;
        match anthropic {
            true => out.add(reset_name, &rfc3339(resets)),
            false => out.write(reset_name, |text| duration(text, resets.saturating_sub(now))),
        }
    }
}

/// To the second, upwards.
pub(super) fn rfc3339(nanos: u64) -> String {
    let time = UNIX_EPOCH + Duration::from_secs(nanos.div_ceil(1_000_000_000));
    humantime::format_rfc3339_seconds(time).to_string()
}

/// Says which limits were exceeded, and who answers instead.
pub(super) fn warning(config: &Config, held: &Reservation) -> Option<String> {
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
    (!out.is_empty()).then_some(out)
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
fn duration(out: &mut String, nanos: u64) {
    let ms = nanos.div_ceil(1_000_000);
    if ms < 1_000 {
        return push(out, ms, "ms");
    }
    let (s, ms) = (ms / 1_000, ms % 1_000);
    let (h, m, s) = (s / 3_600, s / 60 % 60, s % 60);
    if h > 0 {
        push(out, h, "h");
    }
    if h > 0 || m > 0 {
        push(out, m, "m");
    }
    push(out, s, "");
    if ms > 0 {
        out.push_str(format!(".{ms:03}").trim_end_matches('0'));
    }
    out.push('s');
}

fn push(out: &mut String, n: u64, unit: &str) {
    out.push_str(itoa::Buffer::new().format(n));
    out.push_str(unit);
}

// === impl Told ===

impl Told {
    pub(super) fn with_room() -> Self {
        Self { text: String::with_capacity(96), values: SmallVec::new() }
    }

    pub(super) fn add(&mut self, name: &'static str, value: &str) {
        self.write(name, |text| text.push_str(value));
    }

    pub(super) fn number(&mut self, name: &'static str, n: u64) {
        self.write(name, |text| push(text, n, ""));
    }

    fn write(&mut self, name: &'static str, write: impl FnOnce(&mut String)) {
        write(&mut self.text);
        self.values.push((name, self.text.len()));
    }

    pub(in crate::exchange) fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let mut begin = 0;
        self.values.iter().map(move |(name, end)| {
            let value = self.text.get(begin..*end).unwrap_or_default();
            begin = *end;
            (*name, value)
        })
    }

    pub(in crate::exchange) fn len(&self) -> usize {
        self.values.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(nanos: u64) -> String {
        let mut out = String::new();
        duration(&mut out, nanos);
        out
    }

    #[test]
    fn what_is_told_comes_back() {
        let mut told = Told::with_room();
        told.number("a", 0);
        told.add("b", "");
        told.add("c", "\u{fc}, x");
        told.number("d", u64::MAX);
        let all: Vec<_> = told.iter().collect();
        assert_eq!(all, [("a", "0"), ("b", ""), ("c", "\u{fc}, x"), ("d", "18446744073709551615")]);
        assert_eq!(Told::default().iter().count(), 0);
    }

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
            assert_eq!(shown(ms * 1_000_000), written);
        }
        assert_eq!(shown(1), "1ms", "never too early");
    }
}
