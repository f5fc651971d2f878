//! `sluice matrix`: what each pair of dialects carries, from the tables the code
//! acts on. README.md holds this output; a test keeps the two equal.

use crate::dialect::loss::{Fate, Field};
use crate::dialect::{TRANSLATORS, Translator};
use std::fmt::Write;
use std::io::Write as _;
use std::process::ExitCode;

pub fn main() -> ExitCode {
    match std::io::stdout().write_all(markdown().as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// All pairs, as Markdown.
pub fn markdown() -> String {
    TRANSLATORS.iter().fold(String::new(), |mut out, pair| {
        if !out.is_empty() {
            out.push('\n');
        }
        section(&mut out, pair);
        out
    })
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
