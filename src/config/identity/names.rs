//! Texts and patterns, each some consumer's: whose is this one?
//!
//! The first consumer of the configuration that fits is the one. A text is looked up, a
//! pattern with `*` compared: those are at most `MAX_PATTERNS`.

use crate::config::glob;
use hashbrown::HashMap;

#[derive(Debug, Default)]
pub struct Names {
    /// To places in `Config::consumers`.
    exact: HashMap<Box<str>, u32>,
    /// In the order of consumers.
    patterns: Vec<(u32, Box<str>)>,
}

/// Most with a `*`, of all consumers.
pub const MAX_PATTERNS: usize = 1024;
/// Longer texts are nobody's.
pub const MAX_TEXT: usize = 1024;

// === impl Names ===

impl Names {
    /// Whether there is anything to look for.
    pub fn any(&self) -> bool {
        !self.exact.is_empty() || !self.patterns.is_empty()
    }

    /// False where the very text is an earlier consumer's, or there are too many patterns.
    /// Consumers come in their order.
    pub fn add(&mut self, text: &str, consumer: usize) -> bool {
        let Ok(consumer) = u32::try_from(consumer) else { return false };
        if text.contains('*') {
            let known = self.patterns.iter().any(|(_, pattern)| **pattern == *text);
            self.patterns.push((consumer, text.into()));
            return !known && self.patterns.len() <= MAX_PATTERNS;
        }
        *self.exact.entry(text.into()).or_insert(consumer) == consumer
    }

    /// Whose it is: a place in `Config::consumers`.
    pub fn find(&self, text: &str) -> Option<usize> {
        if text.len() > MAX_TEXT {
            return None;
        }
        let exact = self.exact.get(text).copied();
        let mut before = self.patterns.iter().take_while(|(c, _)| exact.is_none_or(|e| *c < e));
        let pattern = before.find(|(_, pattern)| glob::matches(pattern, text));
        pattern.map(|(consumer, _)| *consumer).or(exact).map(|consumer| consumer as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_fits() {
        let mut names = Names::default();
        assert!(!names.any());
        for (text, consumer) in [("a", 0), ("b*", 1), ("bb", 2), ("c", 3), ("*", 4), ("d", 5)] {
            assert!(names.add(text, consumer), "{text}");
        }
        for (text, consumer) in [("a", 0), ("b", 1), ("bb", 1), ("c", 3), ("d", 4), ("", 4)] {
            assert_eq!(names.find(text), Some(consumer), "{text}");
        }
        assert_eq!(names.find(&"x".repeat(MAX_TEXT + 1)), None);
        assert!(!names.add("a", 6) && !names.add("b*", 6), "somebody's already");
        assert!(names.add("a", 0), "its own");
    }
}
