//! Pages of a list, as each vendor's clients ask for them.
//!
//! Cursors are names: stable while the configuration is, and as good as any after.

use super::super::percent_decoded;
use crate::error::Error;
use serde_json::Value;

/// What part of a list is wanted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Page {
    limit: usize,
    after: Option<Cursor>,
    before: Option<Cursor>,
    /// Nothing that is here was asked for.
    nothing: bool,
}

/// A name, and the parameter that held it.
type Cursor = (&'static str, String);

pub(super) struct Part<'a> {
    pub(super) items: &'a [(&'a str, Value)],
    /// In the direction of the page.
    pub(super) more: bool,
}

// === impl Page ===

impl Page {
    /// `limit`: 1 to 1000, 20 unless told.
    pub(super) fn of_anthropic(query: &str) -> Result<Self, Error> {
        let mut page = Self { limit: 20, ..Self::default() };
        let mut stages = Vec::new();
        for (name, value) in parameters(query) {
            match name.as_str() {
                "limit" => page.limit = number("limit", &value, 1000)?,
                "after_id" => page.after = Some(("after_id", value)),
                "before_id" => page.before = Some(("before_id", value)),
                "lifecycle" | "lifecycle[]" => stages.push(value),
                _ => {}
            }
        }
        if page.after.is_some() && page.before.is_some() {
            return Err(Error::invalid("before_id", "after_id and before_id exclude each other"));
        }
        // Whatever is configured is active.
        page.nothing = !stages.is_empty() && !stages.iter().any(|s| s == "active");
        Ok(page)
    }

    /// `pageSize`: 50 unless told; more than 1000 is 1000, as Google has it.
    pub(super) fn of_gemini(query: &str) -> Result<Self, Error> {
        let mut page = Self { limit: 50, ..Self::default() };
        for (name, value) in parameters(query) {
            match name.as_str() {
                "pageSize" | "page_size" => {
                    page.limit = number("pageSize", &value, usize::MAX)?.min(1000);
                }
                "pageToken" | "page_token" if !value.is_empty() => {
                    page.after = Some(("pageToken", value));
                }
                _ => {}
            }
        }
        Ok(page)
    }

    pub(super) fn of<'a>(&self, all: &'a [(&'a str, Value)]) -> Result<Part<'a>, Error> {
        let find = |(parameter, name): &Cursor| {
            let at = all.iter().position(|(n, _)| n == name);
            at.ok_or_else(|| Error::invalid(*parameter, "names no model of this list"))
        };
        let (from, to) = match (&self.after, &self.before) {
            (Some(after), _) => {
                let from = find(after)? + 1;
                (from, from.saturating_add(self.limit))
            }
            (None, Some(before)) => {
                let to = find(before)?;
                (to.saturating_sub(self.limit), to)
            }
            (None, None) => (0, self.limit),
        };
        let to = to.min(all.len());
        let items = all.get(from..to).filter(|_| !self.nothing).unwrap_or_default();
        let more = if self.before.is_some() { from > 0 } else { to < all.len() };
        Ok(Part { items, more: more && !self.nothing })
    }
}

// === impl Part ===

impl Part<'_> {
    pub(super) fn values(&self) -> Vec<&Value> {
        self.items.iter().map(|(_, value)| value).collect()
    }
}

fn parameters(query: &str) -> impl Iterator<Item = (String, String)> {
    let decoded = |text: &str| percent_decoded(&text.replace('+', " "));
    query.split('&').filter(|pair| !pair.is_empty()).map(move |pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(name), decoded(value))
    })
}

fn number(parameter: &'static str, text: &str, most: usize) -> Result<usize, Error> {
    let number = text.parse().ok().filter(|n| (1..=most).contains(n));
    number.ok_or_else(|| {
        let words = match most {
            usize::MAX => format!("{parameter} must be at least 1"),
            _ => format!("{parameter} must be 1 to {most}"),
        };
        Error::invalid(parameter, words)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(page: Result<Page, Error>) -> Result<(String, bool), String> {
        let all: Vec<_> = ["a", "b/c", "d", "e"].map(|n| (n, Value::Null)).into();
        let page = page.map_err(|e| e.message)?;
        let part = page.of(&all).map_err(|e| e.message)?;
        Ok((part.items.iter().map(|(n, _)| *n).collect::<Vec<_>>().join(" "), part.more))
    }

    #[test]
    fn pages_of_anthropics_list() {
        for (query, want, more) in [
            ("", "a b/c d e", false),
            ("limit=2", "a b/c", true),
            ("limit=2&after_id=b%2Fc", "d e", false),
            ("limit=1&after_id=b/c", "d", true),
            ("before_id=d&limit=1", "b/c", true),
            ("before_id=d", "a b/c", false),
            ("after_id=e", "", false),
            ("lifecycle[]=retired&limit=1", "", false),
            ("lifecycle%5B%5D=active&lifecycle[]=retired&x=1", "a b/c d e", false),
        ] {
            assert_eq!(part(Page::of_anthropic(query)), Ok((want.to_owned(), more)), "{query}");
        }
        for query in ["limit=0", "limit=1001", "limit=x", "after_id=z", "after_id=a&before_id=e"] {
            assert!(part(Page::of_anthropic(query)).is_err(), "{query}");
        }
    }

    #[test]
    fn pages_of_geminis_list() {
        for (query, want, more) in [
            ("key=k", "a b/c d e", false),
            ("pageSize=3&pageToken=", "a b/c d", true),
            ("pageSize=3&pageToken=d", "e", false),
            ("pageSize=100000", "a b/c d e", false),
        ] {
            assert_eq!(part(Page::of_gemini(query)), Ok((want.to_owned(), more)), "{query}");
        }
        assert!(part(Page::of_gemini("pageSize=-1")).is_err());
        assert!(part(Page::of_gemini("pageToken=z")).is_err());
    }
}
