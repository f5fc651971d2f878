//! What holds for a call: what its rule says, else its model, else the defaults.

use crate::config::compiled::{MinSpeed, Retry, Rule};
use crate::config::raw::Strategy;
use crate::config::{Config, Model, Target};

#[derive(Clone, Copy)]
pub struct Terms<'a> {
    pub config: &'a Config,
    pub model: &'a Model,
    pub rule: Option<&'a Rule>,
    /// What the client wants instead of the strategy.
    pub sort: Option<Strategy>,
}

// === impl Terms ===

impl<'a> Terms<'a> {
    /// Places in `Config::targets`, and what stands there.
    pub fn targets(self) -> impl Iterator<Item = (usize, &'a Target)> {
        let own = self.rule.and_then(|r| r.targets.as_ref()).unwrap_or(&self.model.targets);
        own.clone().zip(self.config.targets(own))
    }

    pub fn strategy(self) -> Strategy {
        let own = || self.rule.and_then(|r| r.strategy).unwrap_or(self.model.strategy);
        self.sort.unwrap_or_else(own)
    }

    /// The request header that decides, in lower case.
    pub fn by(self) -> Option<&'a str> {
        match self.rule.filter(|r| r.strategy.is_some()) {
            Some(rule) => rule.by.as_deref(),
            None => self.model.by.as_deref(),
        }
    }

    /// Tags without which no target is tried.
    pub fn require(self) -> &'a [String] {
        self.rule.map_or(&[], |r| &r.require)
    }

    /// Milliseconds until the first token of a stream, or until the whole answer.
    pub fn deadline_ms(self, target: &Target, stream: bool) -> u64 {
        match stream {
            true => self.rule.and_then(|r| r.first_token_ms).unwrap_or(target.first_token_ms),
            false => self.rule.and_then(|r| r.timeout_ms).unwrap_or(target.timeout_ms),
        }
    }

    /// Milliseconds for all attempts and the whole answer.
    pub fn total_ms(self) -> u64 {
        self.rule.and_then(|r| r.total_timeout_ms).unwrap_or(self.config.total_timeout_ms)
    }

    /// Milliseconds of silence between two tokens of a stream.
    pub fn idle_ms(self) -> u64 {
        self.rule.and_then(|r| r.idle_ms).unwrap_or(self.config.idle_ms)
    }

    /// How fast a stream must begin.
    pub fn min_speed(self) -> Option<MinSpeed> {
        self.rule.and_then(|r| r.min_speed).or(self.config.min_speed)
    }

    pub fn retry(self) -> &'a Retry {
        self.rule.and_then(|r| r.retry.as_ref()).unwrap_or(&self.config.retry)
    }
}
