//! Rows and their sums. A row whose consumer has several tags counts under each, so the
//! groups of a `tag` may come to more than the total, which counts each row once.

use super::query::Query;
use super::{CONSUMER, LABELS, TAG};
use crate::config::Config;
use crate::store::usage::{Counts, OTHER, Row};

pub(super) struct Table<'a> {
    /// The columns of labels, of `LABELS`.
    pub(super) columns: Vec<usize>,
    /// Of each line the labels, empty where there is none, and the sums.
    pub(super) lines: Vec<(Vec<&'a str>, Counts)>,
    pub(super) total: Counts,
}

// === impl Table ===

impl<'a> Table<'a> {
    pub(super) fn of(config: &'a Config, rows: &'a [Row], query: &Query) -> Self {
        let grouped = !query.group_by.is_empty();
        let columns = if grouped { query.group_by.clone() } else { (0..TAG).collect() };
        let asks_tags = |labels: &[usize]| labels.contains(&TAG);
        let filters: Vec<usize> = query.filters.iter().map(|(label, _)| *label).collect();
        let tags = match asks_tags(&columns) || asks_tags(&filters) {
            true => tags(config, rows),
            false => Vec::new(),
        };
        let tags_of = |consumer: &str| {
            let found = tags.binary_search_by(|(name, _)| (*name).cmp(consumer)).ok();
            found.and_then(|at| tags.get(at)).map_or(&[][..], |(_, tags)| *tags)
        };
        let mut lines: Vec<(Vec<&str>, Counts)> = Vec::new();
        let mut total = Counts::default();
        for row in rows {
            let labels = labels(row);
            let of = |label: usize| labels.get(label).copied().unwrap_or_default();
            let tags = tags_of(configured(of(CONSUMER)));
            let fits = query.filters.iter().all(|(label, wanted)| match *label {
                TAG if wanted.is_empty() => tags.is_empty(),
                TAG => tags.contains(wanted),
                label => of(label) == wanted,
            });
            if !fits {
                continue;
            }
            total = total.plus(&row.counts);
            let mut add = |tag: &'a str| {
                let value = |label: &usize| if *label == TAG { tag } else { of(*label) };
                let labels: Vec<_> = columns.iter().map(value).collect();
                let at = match grouped {
                    true => lines.binary_search_by(|(own, _)| own.cmp(&labels)),
                    false => Err(lines.len()),
                };
                match at {
                    Err(at) => lines.insert(at, (labels, row.counts)),
                    Ok(at) => {
                        if let Some((_, sum)) = lines.get_mut(at) {
                            *sum = sum.plus(&row.counts);
                        }
                    }
                }
            };
            match asks_tags(&columns) && !tags.is_empty() {
                true => tags.iter().for_each(|tag| add(tag)),
                false => add(""),
            }
        }
        Self { columns, lines, total }
    }
}

/// In the order of `LABELS`. Rows of consumers without a team have four.
fn labels(row: &Row) -> [&str; TAG] {
    if row.labels == OTHER {
        return ["other"; TAG];
    }
    let mut split = row.labels.splitn(TAG, '\0');
    [(); TAG].map(|()| split.next().unwrap_or_default())
}

/// The consumer's own name, of callers whom a claim names behind it.
fn configured(name: &str) -> &str {
    name.split('/').next().unwrap_or(name)
}

/// Of the consumers that rows name, by name. There may be 100,000 others.
fn tags<'a>(config: &'a Config, rows: &[Row]) -> Vec<(&'a str, &'a [String])> {
    let mut names: Vec<&str> = Vec::new();
    for row in rows {
        let name = configured(row.labels.split('\0').next().unwrap_or_default());
        if let Err(at) = names.binary_search(&name) {
            names.insert(at, name);
        }
    }
    let mut tags: Vec<(&str, &[String])> = Vec::new();
    for consumer in &config.consumers {
        let name = consumer.name.as_str();
        let at = tags.binary_search_by(|(own, _)| (*own).cmp(name));
        if let (Ok(_), Err(at)) = (names.binary_search(&name), at) {
            tags.insert(at, (name, &consumer.tags));
        }
    }
    tags
}

const _: () = assert!(LABELS.len() == TAG + 1);
