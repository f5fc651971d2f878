//! Judgement over `store::speed`: what a sample does to what is known of a target, and how
//! long a call would take there. Who finds out what nobody knows: `errand`.
//!
//! *First token.* Peak-EWMA, as in Finagle and tower: a slow sample counts at once and
//! in full, then decays towards the average; the average itself forgets by time, so that
//! one sample after a long silence says more than one of a hundred a second. A failed
//! attempt is a sample as slow as its deadline: who fails at once is not fast.
//! <https://docs.rs/tower/latest/tower/load/peak_ewma/index.html>
//!
//! *Tokens per second.* An average over streams, from their first token to their end. An
//! answer that comes whole shows only a sum: what it took more or less than expected is
//! blamed on both parts, each by its share.
//!
//! *A call's time* is the first token and then the tokens it is expected to have: of a
//! stream the first `BEGINNING`, which is about what is read while the rest comes.
//!
//! *95th percentile* of time to first token, for people (no decision asks for it):
//! stochastic approximation in steps relative to the value, up by 0.95 where a
//! sample is above it, down by 0.05 where not (Robbins and Monro; frugal streaming,
//! <https://arxiv.org/abs/1407.1121>).
//!
//! Values in, values out.

use super::strategy::expected_output;
use crate::dialect::{Facts, Operation};
use crate::store::speed::{Entry, Speeds};

/// What an attempt has shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Sample {
    /// Milliseconds to the first token of a stream.
    First(f32),
    /// What came after a stream's first token: tokens, milliseconds.
    Rest(u64, f32),
    /// A whole answer: tokens, milliseconds.
    Whole(u64, f32),
    /// It failed, and its deadline was so many milliseconds.
    Failed(f32),
    /// The client left while nothing had come for so many milliseconds.
    AtLeast(f32),
}

/// Most tokens of a stream that are waited for.
pub const BEGINNING: u64 = 100;

/// How fast a peak goes down to the average, and how fast the average forgets: seconds.
const DECAY: f32 = 10.0;
/// What a sample weighs at least.
const LEAST: f32 = 0.05;
/// What one answer says of tokens per second.
const RATE: f32 = 0.2;
/// Of a target that nobody has seen: milliseconds to the first token, tokens per second.
const PRIOR: (f32, f32) = (500.0, 50.0);
const RATES: (f32, f32) = (0.1, 10_000.0);
/// With fewer tokens a stream says nothing of its rate.
const FEW: u64 = 8;
const QUANTILE: f32 = 0.95;
const STEP: f32 = 0.1;

/// Writes a sample down; `false`: it says nothing.
pub fn record(speeds: &mut Speeds, id: u64, sample: Sample, now: u64) -> bool {
    let known = speeds.get(id).copied();
    let mut entry = known.unwrap_or(Entry { id, ..Entry::default() });
    match sample {
        Sample::First(ms) => {
            entry.quantile(ms);
            entry.first(ms, now);
        }
        Sample::Failed(ms) => entry.first(ms, now),
        Sample::AtLeast(ms) if entry.samples > 0 && ms <= first_token_ms(&entry, now) => {
            return false;
        }
        Sample::AtLeast(ms) => entry.first(ms, now),
        Sample::Rest(tokens, _) if tokens < FEW => return false,
        Sample::Rest(tokens, ms) => entry.rate(tokens as f32 * 1_000.0 / ms.max(1.0), RATE),
        Sample::Whole(tokens, ms) => {
            let first = if entry.samples > 0 { first_token_ms(&entry, now) } else { PRIOR.0 };
            let rate = if entry.rate > 0.0 { entry.rate } else { PRIOR.1 };
            let rest = tokens as f32 * 1_000.0 / rate;
            let ratio = ms.max(1.0) / (first + rest).max(1.0);
            entry.first(first * ratio, now);
            let share = rest / (first + rest).max(1.0);
            if tokens > 0 {
                // Before the first one it is all that is known, however little.
                entry.rate = rate;
                entry.rate(rate / ratio, if entry.samples > 1 { RATE * share } else { share });
            }
        }
    }
    speeds.put(entry);
    true
}

/// A call has gone to `id`, not to `others`.
pub fn pass(speeds: &mut Speeds, id: u64, others: impl Iterator<Item = u64>) {
    for other in others.filter(|other| *other != id) {
        if let Some(entry) = speeds.get_mut(other) {
            entry.passed = entry.passed.saturating_add(1);
        }
    }
}

/// Milliseconds to the first token, as of now.
pub fn first_token_ms(entry: &Entry, now: u64) -> f32 {
    let above = (entry.peak - entry.mean).max(0.0);
    entry.mean + above * (-seconds(entry.last, now) / DECAY).exp()
}

/// Milliseconds until a call has what it waits for; `None`: nobody knows.
pub fn expected_ms(speeds: &Speeds, id: u64, facts: &Facts, now: u64) -> Option<f32> {
    let entry = speeds.get(id).filter(|e| e.samples > 0)?;
    let tokens = match facts.client.operation() {
        Operation::Chat if facts.stream => expected_output(facts).min(BEGINNING),
        Operation::Chat => expected_output(facts),
        _ => 0,
    };
    let rate = if entry.rate > 0.0 { entry.rate } else { PRIOR.1 };
    Some(first_token_ms(entry, now) + tokens as f32 * 1_000.0 / rate)
}

fn seconds(from: u64, to: u64) -> f32 {
    (to.saturating_sub(from) / 1_000_000) as f32 / 1_000.0
}

// === impl Entry ===

impl Entry {
    fn first(&mut self, ms: f32, now: u64) {
        let ms = ms.clamp(0.0, 1e9);
        let since = seconds(self.last, now);
        let weight = match self.samples {
            0 => 1.0,
            _ => (1.0 - (-since / DECAY).exp()).max(LEAST),
        };
        self.mean += weight * (ms - self.mean);
        let above = (self.peak - self.mean).max(0.0) * (-since / DECAY).exp();
        self.peak = if self.samples == 0 { ms } else { ms.max(self.mean + above) };
        // Also where the clock was set back: workers differ by less than a second.
        self.last = now;
        self.samples = self.samples.saturating_add(1);
        self.passed = 0;
    }

    fn rate(&mut self, rate: f32, weight: f32) {
        let rate = rate.clamp(RATES.0, RATES.1);
        let known = self.rate > 0.0;
        self.rate = if known { self.rate + weight * (rate - self.rate) } else { rate };
    }

    fn quantile(&mut self, ms: f32) {
        let above = ms > self.p95;
        let step = if above { QUANTILE } else { QUANTILE - 1.0 };
        self.p95 = if self.p95 > 0.0 { self.p95 * (1.0 + STEP * step) } else { ms.max(1.0) };
    }
}

#[cfg(test)]
mod tests {
    use super::{Sample, expected_ms, first_token_ms, pass, record};
    use crate::dialect::Facts;
    use crate::store::speed::Speeds;

    const SECOND: u64 = 1_000_000_000;

    fn after(samples: &[(u64, Sample)]) -> Speeds {
        let mut speeds = Speeds::default();
        for (at, sample) in samples {
            record(&mut speeds, 1, *sample, at * SECOND);
        }
        speeds
    }

    fn first(speeds: &Speeds, at: u64) -> f32 {
        first_token_ms(speeds.get(1).unwrap(), at * SECOND)
    }

    #[test]
    fn a_slow_sample_counts_at_once_and_fades() {
        let mut samples: Vec<_> = (0..100).map(|n| (n, Sample::First(300.0))).collect();
        samples.push((100, Sample::First(3_000.0)));
        let speeds = after(&samples);
        assert_eq!(first(&speeds, 100), 3_000.0);
        assert!((300.0..600.0).contains(&first(&speeds, 150)), "{}", first(&speeds, 150));
        // A fast one is believed by and by; after a long silence, at once.
        let speeds = after(&[(0, Sample::First(3_000.0)), (0, Sample::First(100.0))]);
        assert!(first(&speeds, 0) > 2_900.0);
        let speeds = after(&[(0, Sample::First(3_000.0)), (90, Sample::First(100.0))]);
        assert!(first(&speeds, 100) < 150.0);
    }

    #[test]
    fn who_fails_or_is_not_waited_for_is_slow() {
        let speeds = after(&[(0, Sample::First(50.0)), (1, Sample::Failed(30_000.0))]);
        assert_eq!(first(&speeds, 1), 30_000.0);
        let speeds = after(&[(0, Sample::First(500.0)), (1, Sample::AtLeast(9_000.0))]);
        assert_eq!(first(&speeds, 1), 9_000.0);
        // A client that left early says nothing.
        let mut speeds = after(&[(0, Sample::First(500.0))]);
        assert!(!record(&mut speeds, 1, Sample::AtLeast(100.0), SECOND));
    }

    #[test]
    fn whole_answers_and_streams_teach_the_same_two_numbers() {
        let facts = Facts::read(
            br#"{"model":"m","messages":[{"role":"user","content":"x"}],"max_tokens":200}"#,
        )
        .unwrap();
        let expected = |speeds: &Speeds| expected_ms(speeds, 1, &facts, 100 * SECOND).unwrap();
        let streams =
            (0..100).flat_map(|n| [(n, Sample::First(400.0)), (n, Sample::Rest(200, 2_000.0))]);
        let streams = expected(&after(&streams.collect::<Vec<_>>()));
        assert!((2_300.0..2_500.0).contains(&streams), "{streams}");
        let wholes: Vec<_> = (0..100).map(|n| (n, Sample::Whole(200, 2_400.0))).collect();
        let wholes = expected(&after(&wholes));
        assert!((2_200.0..2_600.0).contains(&wholes), "{wholes}");
    }

    #[test]
    fn the_percentile_is_about_one() {
        let mut speeds = Speeds::default();
        let (mut dice, mut sum) = (7_u64, 0.0);
        for n in 0..20_000_u64 {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let ms = 100.0 + ((dice >> 33) % 1_000) as f32;
            record(&mut speeds, 1, Sample::First(ms), n * SECOND / 10);
            if n >= 10_000 {
                sum += f64::from(speeds.get(1).unwrap().p95);
            }
        }
        let p95 = sum / 10_000.0;
        assert!((950.0..1_120.0).contains(&p95), "{p95}, 1050 is true");
    }

    #[test]
    fn who_was_passed_by_is_counted() {
        let mut speeds = after(&[(0, Sample::First(50.0))]);
        pass(&mut speeds, 2, [1, 2].into_iter());
        assert_eq!(speeds.get(1).unwrap().passed, 1);
        record(&mut speeds, 1, Sample::First(50.0), SECOND);
        assert_eq!(speeds.get(1).unwrap().passed, 0);
    }
}
