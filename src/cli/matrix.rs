//! `sluice matrix`: what each pair of dialects carries, from the tables the code
//! acts on. README.md holds this output; a test keeps the two equal.

use crate::dialect::features::{Feature, Gap};
use crate::dialect::loss::{Fate, Field};
use crate::dialect::{Dialect, TRANSLATORS, Translator};
use std::fmt::Write;
use std::io::Write as _;
use std::process::ExitCode;

pub fn main() -> ExitCode {
    match std::io::stdout().write_all(markdown().as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// All pairs, as Markdown: one table of features for each client dialect that is
/// translated, then what becomes of each field.
pub fn markdown() -> String {
    let mut out = String::new();
    let mut clients: Vec<Dialect> = Vec::new();
    for pair in TRANSLATORS {
        if pair.client.is_conversation() && !clients.contains(&pair.client) {
            clients.push(pair.client);
        }
    }
    for client in clients {
        overview(&mut out, client);
    }
    for pair in TRANSLATORS {
        section(&mut out, pair);
        out.push('\n');
    }
    out.pop();
    out
}

fn overview(out: &mut String, client: Dialect) {
    let pairs: Vec<&Translator> = TRANSLATORS.iter().filter(|t| t.client == client).collect();
    let _ = write!(out, "**{} clients**\n\n| feature |", client.as_str());
    for pair in &pairs {
        let _ = write!(out, " {} |", pair.upstream.as_str());
    }
    let _ = writeln!(out, "\n|---|{}", "---|".repeat(pairs.len()));
    for feature in Feature::ALL {
        let _ = write!(out, "| {} |", feature.as_str());
        for pair in &pairs {
            let gap = pair.gaps.iter().find(|(f, _)| *f == feature).map(|(_, gap)| *gap);
            let _ = match gap {
                None => write!(out, " yes |"),
                Some(Gap::No(why)) => write!(out, " no: {why} |"),
                Some(Gap::Drops(what)) => write!(out, " drops {what} |"),
            };
        }
        out.push('\n');
    }
    out.push('\n');
}

fn section(out: &mut String, pair: &Translator) {
    // Writing to a String cannot fail.
    let _ = writeln!(out, "**{} to {}**\n", pair.client.as_str(), pair.upstream.as_str());
    if pair.fields.is_empty() {
        out.push_str("Every byte passes, known or not, but for the model's name and, streaming, `stream_options.include_usage`.\n");
        return;
    }
    out.push_str("| field | fate | becomes, or why not |\n|---|---|---|\n");
    for Field { name, fate, note } in pair.fields {
        let fate = match fate {
            Fate::Mapped => "mapped",
            Fate::Dropped(_) => "dropped",
            Fate::Rejected => "rejected",
        };
        let _ = writeln!(out, "| `{name}` | {fate} | {note} |");
    }
    out.push_str("| any other | dropped | listed in `x-sluice-dropped` |\n");
}
