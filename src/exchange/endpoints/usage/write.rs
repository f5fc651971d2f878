//! The page as JSON, or as CSV (RFC 4180) that a spreadsheet opens without running it.
//!
//! <https://owasp.org/www-community/attacks/CSV_Injection>: a cell that begins with one of
//! `=+-@` would be a formula, and models' names may (`@cf/meta/llama-3`): such a cell gets
//! an apostrophe before it.

use super::query::Query;
use super::table::Table;
use super::{LABELS, TAG};
use crate::catalog::price;
use crate::store::usage::Counts;
use crate::wire::json;
use std::time::{Duration, UNIX_EPOCH};

const NUMBERS: [&str; 10] = [
    "calls",
    "estimated_calls",
    "unpriced_calls",
    "cost_usd",
    "input_tokens",
    "output_tokens",
    "cached_input_tokens",
    "cache_write_tokens",
    "cache_write_1h_tokens",
    "reasoning_tokens",
];

/// In the order of `NUMBERS`. Tokens as in `dialect::Usage`: parts are counted in their
/// wholes. `cost_usd` is a decimal number, exact to the nanodollar.
fn numbers(counts: &Counts) -> [String; NUMBERS.len()] {
    let (c, u) = (counts, &counts.usage);
    [
        c.calls.to_string(),
        c.estimated_calls.to_string(),
        c.unpriced_calls.to_string(),
        price::usd(c.cost),
        u.input.to_string(),
        u.output.to_string(),
        u.cached_input.to_string(),
        u.cache_write.to_string(),
        u.cache_write_1h.to_string(),
        u.reasoning.to_string(),
    ]
}

/// `since`: Unix nanoseconds.
pub(super) fn json(
    table: &Table<'_>,
    query: &Query,
    (since, max_rows): (Option<u64>, u32),
) -> Vec<u8> {
    let mut out = Vec::with_capacity(256 + table.lines.len() * 320);
    out.extend_from_slice(b"{\"object\":\"sluice.usage\",\"since\":");
    match since {
        Some(nanos) => {
            let time = UNIX_EPOCH + Duration::from_nanos(nanos);
            json::push_text(&mut out, &humantime::format_rfc3339_seconds(time).to_string());
        }
        None => out.extend_from_slice(b"null"),
    }
    out.extend_from_slice(b",\"max_rows\":");
    json::push_number(&mut out, max_rows.into());
    let grouped = !query.group_by.is_empty();
    out.extend_from_slice(b",\"data\":[");
    for (i, (labels, counts)) in table.lines.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        out.push(b'{');
        for (label, value) in table.columns.iter().zip(labels) {
            // Rows as they are counted say nothing of teams that are none.
            if value.is_empty() && !grouped {
                continue;
            }
            json::push_text(&mut out, LABELS.get(*label).unwrap_or(&""));
            out.push(b':');
            match value.is_empty() {
                true => out.extend_from_slice(b"null"),
                false => json::push_text(&mut out, value),
            }
            out.push(b',');
        }
        members(&mut out, counts);
        out.push(b'}');
    }
    out.push(b']');
    if grouped {
        out.extend_from_slice(b",\"total\":{");
        members(&mut out, &table.total);
        out.push(b'}');
    }
    out.push(b'}');
    out
}

fn members(out: &mut Vec<u8>, counts: &Counts) {
    for (i, (name, number)) in NUMBERS.iter().zip(numbers(counts)).enumerate() {
        if i > 0 {
            out.push(b',');
        }
        json::push_text(out, name);
        out.push(b':');
        out.extend_from_slice(number.as_bytes());
    }
}

/// Without a total: what opens it adds up.
pub(super) fn csv(table: &Table<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(256 + table.lines.len() * 128);
    let names = table.columns.iter().filter_map(|label| LABELS.get(*label));
    line(&mut out, &names.chain(&NUMBERS).copied().collect::<Vec<_>>());
    for (labels, counts) in &table.lines {
        let numbers = numbers(counts);
        let cells = labels.iter().copied().chain(numbers.iter().map(String::as_str));
        line(&mut out, &cells.collect::<Vec<_>>());
    }
    out
}

fn line(out: &mut Vec<u8>, cells: &[&str]) {
    for (i, cell) in cells.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        let runs = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
        let quoted = cell.contains([',', '"', '\r', '\n', ';']);
        if quoted {
            out.push(b'"');
        }
        if runs {
            out.push(b'\'');
        }
        out.extend_from_slice(cell.replace('"', "\"\"").as_bytes());
        if quoted {
            out.push(b'"');
        }
    }
    out.extend_from_slice(b"\r\n");
}

const _: () = assert!(TAG < LABELS.len());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_or_two() {
        let mut out = Vec::new();
        line(&mut out, &["a", "=1+1", "@cf/llama", "x,y", "q\"q", "-a,b", "", "12"]);
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text, "a,'=1+1,'@cf/llama,\"x,y\",\"q\"\"q\",\"'-a,b\",,12\r\n");
    }
}
