//! What the calls of this process came to: the counters of `store::usage` as a page.
//!
//! `query` reads what is asked for, `table` sums it, `write` says it as JSON or CSV.
//! A row knows no tags: those are looked up in today's configuration, by the consumer's
//! name. Must not: show a key or an address.

use crate::config::Config;
use crate::error::Error;
use crate::policy::admin::Sees;
use crate::store::Store;
use crate::store::usage;

mod query;
mod table;
mod write;

use query::Query;
use table::Table;

pub struct Page {
    pub content_type: &'static str,
    pub body: Vec<u8>,
}

/// The labels that rows are filtered and grouped by: those of `store::usage`, in its
/// order, and the tags of their consumers.
const LABELS: [&str; 7] =
    ["consumer", "model", "provider", "upstream_model", "team", "organization", "tag"];
/// Where they stand.
const CONSUMER: usize = 0;
const TAG: usize = 6;

/// `GET /sluice/usage`: the counters of all workers since the process began.
pub fn page(
    config: &Config,
    store: &(impl Store + ?Sized),
    sees: &Sees,
    (query, accept): (&str, &str),
) -> Result<Page, Error> {
    let mut query = Query::parse(query, accept)?;
    if let Sees::Own(name) = sees {
        query.filters.push((CONSUMER, usage::label(name).into_owned()));
    }
    let rows = usage::report(store, config.max_usage_rows);
    let table = Table::of(config, &rows, &query);
    Ok(match query.csv {
        true => Page { content_type: "text/csv; charset=utf-8", body: write::csv(&table) },
        false => Page {
            content_type: "application/json",
            body: write::json(&table, &query, (usage::since(store), config.max_usage_rows)),
        },
    })
}
