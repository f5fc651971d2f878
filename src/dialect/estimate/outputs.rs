//! How long a model's answers are, where nobody limits them: a histogram by powers of the
//! square root of two, of which the older half fades (all counts are halved when they come
//! to `FULL`).
//!
//! Values in, values out. Must not: count answers that a limit may have cut.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outputs {
    pub counts: [u16; BUCKETS],
}

/// The last one begins at 2^15.5 tokens.
pub const BUCKETS: usize = 32;
/// Before so many answers nothing is said.
pub const ENOUGH: u32 = 20;
const FULL: u32 = 1_024;

// === impl Outputs ===

impl Outputs {
    pub const NONE: Self = Self { counts: [0; BUCKETS] };

    pub fn add(&mut self, tokens: u64) {
        if self.sum() >= FULL {
            self.counts.iter_mut().for_each(|n| *n /= 2);
        }
        if let Some(count) = self.counts.get_mut(bucket(tokens)) {
            *count = count.saturating_add(1);
        }
    }

    /// So many tokens 95 of 100 answers do not exceed, or a little more; `None`: too few
    /// were seen.
    pub fn p95(&self) -> Option<u64> {
        let all = self.sum();
        if all < ENOUGH {
            return None;
        }
        let mut above = all / 20;
        let last = self.counts.iter().rposition(|n| match above.checked_sub(u32::from(*n)) {
            Some(left) => {
                above = left;
                false
            }
            None => true,
        });
        // Where the next one begins.
        last.map(|bucket| 2_f64.powf((bucket + 1) as f64 / 2.0) as u64)
    }

    fn sum(&self) -> u32 {
        self.counts.iter().map(|n| u32::from(*n)).sum()
    }
}

fn bucket(tokens: u64) -> usize {
    let log = (tokens.max(1) as f64).log2() * 2.0;
    (log as usize).min(BUCKETS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_percentile_is_within_a_bucket() {
        let mut outputs = Outputs::NONE;
        for n in 1..20 {
            outputs.add(n);
        }
        assert_eq!(outputs.p95(), None, "too few");
        let mut outputs = Outputs::NONE;
        for n in 0..1_000 {
            outputs.add(n);
        }
        let p95 = outputs.p95().unwrap();
        assert!((950..=950 * 3 / 2).contains(&p95), "{p95}");
        // What is new outweighs what is old.
        for _ in 0..3_000 {
            outputs.add(50);
        }
        assert!(outputs.p95().unwrap() < 80, "{:?}", outputs.p95());
        for absurd in [0, u64::MAX] {
            outputs.add(absurd);
        }
        assert!(outputs.counts.iter().map(|n| u32::from(*n)).sum::<u32>() <= FULL + 1);
    }
}
