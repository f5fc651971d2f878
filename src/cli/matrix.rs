//! `sluice matrix`: what each pair of dialects carries, from the tables the code
//! acts on. README.md holds this output and `docs/fields.md` that of `--fields`;
//! a test keeps them equal.

use crate::dialect::features::{Feature, Gap, Gaps};
use crate::dialect::hub::Inbound;
use crate::dialect::loss::{Fate, Field};
use crate::dialect::{Dialect, TRANSLATORS, Translator, anthropic, gemini, openai, responses};
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
        if client == Dialect::OpenAiChat {
            overview(&mut out, client, &pairs);
        } else if translated && client.is_conversation() {
            others(&mut out, client, &pairs);
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

/// A client dialect that goes by way of chat: chat's table holds for it, and this.
fn others(out: &mut String, client: Dialect, pairs: &[&Translator]) {
    let reached: Vec<_> =
        pairs.iter().filter(|t| !is_identity(t)).map(|t| t.upstream.as_str()).collect();
    let _ = writeln!(
        out,
        "**{} clients** reach {}, with what a chat client has there but for:\n",
        client.as_str(),
        reached.join(", ")
    );
    let gaps = own_gaps(client);
    for (i, (_, gap)) in gaps.iter().enumerate() {
        if gaps.iter().take(i).any(|(_, earlier)| earlier == gap) {
            continue;
        }
        let names: Vec<_> =
            gaps.iter().filter(|(_, g)| g == gap).map(|(f, _)| f.as_str()).collect();
        let _ = match gap {
            Gap::No(why) => writeln!(out, "- {}: no, {why}", names.join(", ")),
            Gap::Drops(what) => writeln!(out, "- {}: drops {what}", names.join(", ")),
        };
    }
    out.push('\n');
}

/// What becomes of each field, as Markdown.
pub fn fields() -> String {
    let mut out = String::from(
        "# What becomes of each request field\n\nPrinted by `sluice matrix --fields` from the tables the code acts on. A dropped field that was sent is named in `x-sluice-dropped`; with `strict: true` it is refused.\n",
    );
    let rows: Vec<&Translator> = TRANSLATORS.iter().filter(|t| !is_identity(t)).collect();
    for (i, pair) in rows.iter().enumerate() {
        // A client's half is one list, wherever it goes from there.
        let same =
            |t: &&&Translator| t.client == pair.client && std::ptr::eq(t.fields, pair.fields);
        if !rows.iter().take(i).any(|t| same(&t)) {
            let upstreams: Vec<_> = rows.iter().filter(same).map(|t| t.upstream.as_str()).collect();
            out.push('\n');
            section(&mut out, pair, &upstreams.join(", "));
        }
    }
    out
}

fn is_identity(pair: &Translator) -> bool {
    pair.client == pair.upstream
}

/// What a client dialect has no word for, whoever answers it.
fn own_gaps(client: Dialect) -> Gaps {
    match client {
        Dialect::AnthropicMessages => anthropic::client::GAPS,
        Dialect::OpenAiResponses => responses::client::GAPS,
        Dialect::Gemini => gemini::Client::GAPS,
        Dialect::OpenAiCompletions => openai::completions::Client::GAPS,
        _ => &[],
    }
}

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
            let gaps = if is_identity(pair) { &[] } else { own_gaps(client) };
            let gap = gaps.iter().chain(pair.gaps).find(|(f, _)| *f == feature);
            let gap = gap.map(|(_, gap)| *gap);
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

fn section(out: &mut String, pair: &Translator, upstreams: &str) {
    let _ = writeln!(out, "## {} to {upstreams}\n", pair.client.as_str());
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
    let hosted = matches!(pair.upstream, Dialect::AnthropicVertex | Dialect::AnthropicBedrock);
    out.push_str(if hosted && pair.client == Dialect::AnthropicMessages {
        "| any other | mapped | as it is, known or not |\n"
    } else {
        "| any other | dropped | listed in `x-sluice-dropped` |\n"
    });
}
