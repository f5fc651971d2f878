//! What is asked for: `group_by=team,model&consumer=alice&format=csv`. What is not known
//! is refused, naming what there is: a mistyped filter would show too much.

use super::super::percent_decoded;
use super::LABELS;
use crate::error::Error;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Query {
    /// Of `LABELS`, in the order asked for; empty: rows as they are counted.
    pub(super) group_by: Vec<usize>,
    /// Of `LABELS`, and the value a row must have there.
    pub(super) filters: Vec<(usize, String)>,
    pub(super) csv: bool,
}

/// Most filters.
const MAX_FILTERS: usize = 16;

// === impl Query ===

impl Query {
    /// `accept`: the request's header, which `format` overrules.
    pub(super) fn parse(query: &str, accept: &str) -> Result<Self, Error> {
        let mut parsed = Self {
            group_by: Vec::new(),
            filters: Vec::new(),
            csv: accept.to_ascii_lowercase().contains("text/csv"),
        };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = percent_decoded(value);
            match (name, place(name)) {
                ("group_by", _) => {
                    for label in value.split(',') {
                        let label = place(label).ok_or_else(|| {
                            Error::invalid("group_by", format!("takes {}", LABELS.join(", ")))
                        })?;
                        if !parsed.group_by.contains(&label) {
                            parsed.group_by.push(label);
                        }
                    }
                }
                ("format", _) => {
                    parsed.csv = match &*value {
                        "csv" => true,
                        "json" => false,
                        _ => return Err(Error::invalid("format", "takes json, csv")),
                    }
                }
                (_, Some(label)) if parsed.filters.len() < MAX_FILTERS => {
                    parsed.filters.push((label, value));
                }
                _ => {
                    let words = format!(
                        "the query takes group_by, format and at most {MAX_FILTERS} filters by {}",
                        LABELS.join(", ")
                    );
                    return Err(Error::invalid("query", words));
                }
            }
        }
        Ok(parsed)
    }
}

fn place(name: &str) -> Option<usize> {
    LABELS.iter().position(|label| *label == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_is_asked_for() {
        let query = Query::parse("group_by=team,model%2Cteam&consumer=a%2Fb&&format=csv", "");
        let query = query.unwrap();
        assert_eq!(query.group_by, [4, 1]);
        assert_eq!(query.filters, [(0, "a/b".to_owned())]);
        assert!(query.csv);
        assert!(Query::parse("", "text/html, text/CSV;q=0.9").unwrap().csv);
        assert!(!Query::parse("format=json", "text/csv").unwrap().csv);
    }

    #[test]
    fn what_is_not_known_is_refused_by_name() {
        for (query, at) in [
            ("group_by=teams", "group_by"),
            ("group_by=", "group_by"),
            ("group_by=team,", "group_by"),
            ("format=xml", "format"),
            ("consumers=a", "query"),
            ("group-by=team", "query"),
        ] {
            let error = Query::parse(query, "").unwrap_err();
            assert_eq!((error.status(), error.param.as_deref()), (400, Some(at)), "{query}");
            assert!(at == "format" || error.message.contains("organization"), "{error}");
        }
        assert!(Query::parse(&"team=a&".repeat(17), "").is_err());
    }
}
