//! How a model's tokens differ from the base, class by class, learned from what its
//! provider reported.
//!
//! A factor for each class, and how unsure it is: a Kalman filter with a diagonal of
//! variances, which is recursive least squares where classes are taken to be independent.
//! A call with much text of one class tells of that class, and the more it tells the less
//! later ones move it; a little doubt is added with each call, so that it follows a model
//! that changes. <https://en.wikipedia.org/wiki/Kalman_filter>
//!
//! Providers lie, and gateways before them add prompts of their own: a factor stays within
//! `FACTORS`; a report that is more than `ABSURD` times off says nothing; one that is
//! further off than three deviations counts as three. Values in, values out.

use super::text::{CLASSES, Parts};

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Factors {
    pub values: Parts,
    /// Variances.
    pub doubts: Parts,
}

/// Of the base.
pub const FACTORS: (f32, f32) = (0.25, 4.0);
/// Before anything is learned.
const DOUBT: f32 = 0.16;
const LEAST_DOUBT: f32 = 1e-4;
/// What a call adds to it.
const DRIFT: f32 = 2e-5;
/// What a right factor leaves open: a share of the whole, and tokens.
const NOISE: (f32, f32) = (0.06, 4.0);
const ABSURD: f32 = 6.0;
/// So many tokens are within what a provider may add to the shortest of calls.
const ADDED: f32 = 400.0;
const OUTLIER: f32 = 3.0;

// === impl Factors ===

impl Factors {
    pub const NONE: Self = Self { values: [1.0; CLASSES], doubts: [DOUBT; CLASSES] };

    /// Tokens.
    pub fn apply(&self, parts: &Parts) -> f32 {
        self.values.iter().zip(parts).map(|(factor, part)| factor * part).sum()
    }

    /// `false`: this says nothing.
    pub fn learn(&mut self, parts: &Parts, reported: u64) -> bool {
        let (guess, truth) = (self.apply(parts), reported as f32);
        let is_absurd = truth > guess * ABSURD + ADDED || truth * ABSURD < guess;
        if reported == 0 || guess < 1.0 || is_absurd {
            return false;
        }
        let noise = NOISE.0 * guess + NOISE.1;
        let spread = |(doubt, part): (&f32, &f32)| doubt * part * part;
        let all = self.doubts.iter().zip(parts).map(spread).sum::<f32>() + noise * noise;
        let most = OUTLIER * all.sqrt();
        let off = (truth - guess).clamp(-most, most);
        let classes = self.values.iter_mut().zip(&mut self.doubts).zip(parts);
        for ((value, doubt), part) in classes.filter(|(_, part)| **part > 0.0) {
            let gain = *doubt * part / all;
            *value = (*value + gain * off).clamp(FACTORS.0, FACTORS.1);
            *doubt = (*doubt * (1.0 - gain * part) + DRIFT).clamp(LEAST_DOUBT, DOUBT);
        }
        true
    }
}
