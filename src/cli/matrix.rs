//! `sluice matrix`: what each pair of dialects carries, from the tables the code
//! acts on. README.md holds this output and `docs/fields.md` that of `--fields`;
//! a test keeps them equal.

use crate::dialect::features::{Feature, Gap, Gaps};
use crate::dialect::loss::{Fate, Field};
use crate::dialect::{Dialect, TRANSLATORS, Translator};
use std::fmt::Write;
use std::io::Write as _;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// What becomes of each top-level field, pair by pair.
    #[arg(long)]
    fields: bool,
}

pub fn main(args: &Args) -> ExitCode {
    let text = if args.fields { fields() } else { features() };
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Features by pair, as Markdown: a table for each client dialect that is
/// translated, a line for all that reach their own kind only.
pub fn features() -> String {
    let mut out = String::new();
    let mut own = Vec::new();
    for client in Dialect::ALL {
        let pairs: Vec<&Translator> = TRANSLATORS.iter().filter(|t| t.client == client).collect();
        let translated = pairs.iter().any(|t| !is_identity(t));
        if translated && client.is_conversation() {
            overview(&mut out, client, &pairs);
        }
        for pair in
            pairs.iter().filter(|t| !(translated && client.is_conversation()) || is_identity(t))
        {
            own.push(match is_identity(pair) {
                true => pair.client.as_str().to_owned(),
                false => format!("{} to {}", pair.client.as_str(), pair.upstream.as_str()),
            });
        }
    }
    let (identities, others): (Vec<_>, Vec<_>) = own.into_iter().partition(|n| !n.contains(" to "));
    let _ = writeln!(
        out,
        "Byte for byte to providers of the same dialect, but for what their kind differs in: {}.",
        identities.join(", ")
    );
    if !others.is_empty() {
        let _ = writeln!(out, "\nTranslated as well: {}.", others.join(", "));
    }
    out
}

/// What becomes of each field, as Markdown.
pub fn fields() -> String {
    let mut out = String::from(
        "# What becomes of each request field\n\nPrinted by `sluice matrix --fields` from the tables the code acts on. A dropped field that was sent is named in `x-sluice-dropped`; with `strict: true` it is refused.\n",
    );
    for pair in TRANSLATORS.iter().filter(|t| !is_identity(t)) {
        out.push('\n');
        section(&mut out, pair);
    }
    out
}

fn is_identity(pair: &Translator) -> bool {
    pair.client == pair.upstream
}

/// What the client's dialect has no word for: a row through the hub has the
/// provider's gaps alone.
fn own_gaps(pair: &Translator) -> Gaps {
    let found = CLIENT_GAPS.iter().find(|(client, _)| *client == pair.client);
    found.map_or(&[], |(_, gaps)| gaps)
}

const CLIENT_GAPS: &[(Dialect, Gaps)] =
    &[(Dialect::AnthropicMessages, crate::dialect::anthropic::client::GAPS)];

fn overview(out: &mut String, client: Dialect, pairs: &[&Translator]) {
    // Writing to a String cannot fail.
    let _ = write!(out, "**{} clients**\n\n| feature |", client.as_str());
    for pair in pairs {
        let _ = write!(out, " {} |", pair.upstream.as_str());
    }
    let _ = writeln!(out, "\n|---|{}", "---|".repeat(pairs.len()));
    for feature in Feature::ALL {
        let _ = write!(out, "| {} |", feature.as_str());
        for pair in pairs {
            let gaps = own_gaps(pair).iter().chain(pair.gaps);
            let gap = gaps.into_iter().find(|(f, _)| *f == feature).map(|(_, gap)| *gap);
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
    let _ = writeln!(out, "## {} to {}\n", pair.client.as_str(), pair.upstream.as_str());
    out.push_str("| field | fate | becomes, or why not |\n|---|---|---|\n");
    for Field { name, fate, note } in pair.fields {
        let fate = match fate {
            Fate::Mapped => "mapped",
            Fate::Dropped(_) => "dropped",
            Fate::Rejected => "rejected",
        };
        let _ = writeln!(out, "| `{name}` | {fate} | {note} |");
    }
    // The clouds speak the client's own dialect, but for what their rows say.
    out.push_str(match pair.client {
        Dialect::AnthropicMessages => "| any other | mapped | as it is, known or not |\n",
        _ => "| any other | dropped | listed in `x-sluice-dropped` |\n",
    });
}
