//! What the calls of this process came to: the counters of `store::usage` as a page.
//!
//! Must not: show a key or an address.

use crate::catalog::price;
use crate::config::Config;
use crate::store::Store;
use crate::store::usage::{self, Counts, Row};
use serde::Serialize;
use serde_json::value::RawValue;

#[derive(Serialize)]
struct UsagePage<'a> {
    object: &'static str,
    max_rows: u32,
    data: Vec<UsageRow<'a>>,
}

/// Tokens as in `dialect::Usage`: parts are counted in their wholes.
#[derive(Serialize)]
struct UsageRow<'a> {
    consumer: &'a str,
    model: &'a str,
    provider: &'a str,
    upstream_model: &'a str,
    calls: u64,
    estimated_calls: u64,
    /// Calls that `cost_usd` does not hold, for want of a price.
    unpriced_calls: u64,
    /// A decimal number, exact to the nanodollar.
    cost_usd: Option<Box<RawValue>>,
    input_tokens: u64,
    output_tokens: u64,
    cached_input_tokens: u64,
    cache_write_tokens: u64,
    cache_write_1h_tokens: u64,
    reasoning_tokens: u64,
}

/// `GET /sluice/usage`: the counters of all workers since the process began. Where
/// there are consumers, each sees its own rows only.
pub fn page(config: &Config, store: &(impl Store + ?Sized), consumer: &str) -> Vec<u8> {
    let mut rows = usage::report(store, config.max_usage_rows);
    if !config.consumers.is_empty() {
        rows.retain(|row| row.labels.split('\0').next() == Some(consumer));
    }
    let page = UsagePage {
        object: "sluice.usage",
        max_rows: config.max_usage_rows,
        data: rows.iter().map(UsageRow::of).collect(),
    };
    serde_json::to_vec(&page).unwrap_or_default()
}

// === impl UsageRow ===

impl<'a> UsageRow<'a> {
    fn of(row: &'a Row) -> Self {
        let mut labels = row.labels.split('\0');
        let mut label = || labels.next().unwrap_or_default();
        let Counts { calls, estimated_calls, unpriced_calls, cost, usage } = row.counts;
        Self {
            consumer: label(),
            model: label(),
            provider: label(),
            upstream_model: label(),
            calls,
            estimated_calls,
            unpriced_calls,
            cost_usd: RawValue::from_string(price::usd(cost)).ok(),
            input_tokens: usage.input,
            output_tokens: usage.output,
            cached_input_tokens: usage.cached_input,
            cache_write_tokens: usage.cache_write,
            cache_write_1h_tokens: usage.cache_write_1h,
            reasoning_tokens: usage.reasoning,
        }
    }
}
