//! What is true of one limit of one account, kept beside the store.

use sluice::config::limits::{Limit, Window};

/// How far the clocks of workers are apart, at most.
pub const APART: u64 = 100_000_000;
const MINUTE: u64 = 60_000_000_000;

#[derive(Default)]
pub struct Book {
    /// When, and how much.
    pub settled: Vec<(u64, u64)>,
    pub held: Vec<Held>,
    /// What a bucket lacks, since when, in units x nanoseconds.
    lacks: (u64, u128),
    /// What may be spent beyond the amount since the last call came in.
    pub allowance: u64,
    pub line: Line,
}

/// What a call has reserved, until the end of a minute.
pub struct Held {
    pub id: usize,
    pub need: u64,
    pub minute: u32,
    /// What it will have used beyond it.
    pub beyond: u64,
}

/// Of a report.
#[derive(Default, Clone, Copy)]
pub struct Line {
    pub overshoot: u64,
    /// Beside the worst overshoot.
    pub bound: u64,
    pub refused: u64,
}

// === impl Book ===

impl Book {
    pub fn settle(&mut self, limit: &Limit, n: u64, now: u64) {
        if n == 0 {
            return;
        }
        self.settled.push((now, n));
        if let Some(Window::Bucket { period }) = limit.window {
            let (at, lacks) = self.lacks;
            let whole = u128::from(limit.amount) * u128::from(period);
            let flown = u128::from(now.saturating_sub(at)) * u128::from(limit.amount);
            let lacks = lacks.saturating_sub(flown) + u128::from(n) * u128::from(period);
            self.lacks = (at.max(now), lacks.min(2 * whole));
        }
    }

    pub fn held(&self, now: u64) -> u64 {
        let minute = (now / MINUTE) as u32;
        self.held.iter().filter(|held| held.minute >= minute).map(|held| held.need).sum()
    }

    /// What a window must show at least and may show at most.
    pub fn used(&self, limit: &Limit, now: u64) -> (u64, u64) {
        let since = |start: u64| {
            self.settled.iter().filter(|(at, _)| *at >= start).map(|(_, n)| n).sum::<u64>()
        };
        match &limit.window {
            None => (0, 0),
            Some(Window::Bucket { period }) => {
                let (at, lacks) = self.lacks;
                let used = |now: u64| {
                    let flown = u128::from(now.saturating_sub(at)) * u128::from(limit.amount);
                    lacks.saturating_sub(flown).div_ceil(u128::from(*period)) as u64
                };
                // What is over by another worker's clock is forgotten.
                (if used(now + APART) == 0 { 0 } else { used(now) }, used(now))
            }
            Some(Window::Rolling { period }) => {
                (since(now - period + APART), since(now - period - period / 16 - APART))
            }
            Some(Window::Calendar(calendar)) => {
                let (start, other) = (calendar.turn(now).0, calendar.turn(now + APART).0);
                (since(other + APART), since(start - APART))
            }
        }
    }
}

// === impl Line ===

impl Line {
    pub fn add(&mut self, other: &Line) {
        if other.overshoot > self.overshoot || self.overshoot == 0 && other.bound > self.bound {
            (self.overshoot, self.bound) = (other.overshoot, other.bound);
        }
        self.refused += other.refused;
    }
}
