//! `sluice matrix`: what each pair of dialects carries, from the tables the code
//! acts on. `docs/matrix.md` holds this output, `docs/fields.md` that of `--fields`,
//! README.md the overview; a test keeps them equal.

use crate::dialect::features::{Feature, Gap};
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

/// Who reaches whom, and how much of what a call may ask for is carried: a row for
/// each client dialect, as Markdown.
pub fn overview() -> String {
    let mut out = String::from("| clients | reach |\n|---|---|\n");
    for client in Dialect::all() {
        let cells: Vec<_> = pairs(client).map(cell).collect();
        if !cells.is_empty() {
            let _ = writeln!(out, "| {} | {} |", client.as_str(), cells.join(", "));
        }
    }
    out
}

/// A provider dialect, and how many of the client's features get there whole.
fn cell(pair: &Translator) -> String {
    let lacks = pair.client.lacks();
    let said = |f: &&Feature| !lacks.iter().any(|(lacked, _)| lacked == *f);
    let said: Vec<_> = Feature::of(pair.client.operation()).iter().filter(said).collect();
    let carried = said.iter().filter(|f| pair.gap(***f).is_none()).count();
    match (is_identity(pair), carried == said.len()) {
        (true, true) => format!("**{}**", pair.upstream.as_str()),
        (false, true) => pair.upstream.as_str().to_owned(),
        (_, false) => format!("{} ({carried} of {})", pair.upstream.as_str(), said.len()),
    }
}

/// Features by pair, as Markdown: a table for each client dialect, no cell empty.
pub fn features() -> String {
    let mut out = String::from(
        "# What each translation carries\n\nPrinted by `sluice matrix` from the tables the code acts on. What a cell drops is named in `x-sluice-dropped`; with `strict: true` it is refused. To its own dialect a call goes byte for byte, but for what a provider's kind differs in.\n",
    );
    for client in Dialect::all() {
        let pairs: Vec<_> = pairs(client).collect();
        if !pairs.is_empty() {
            table(&mut out, client, &pairs);
        }
    }
    out
}

fn pairs(client: Dialect) -> impl Iterator<Item = &'static Translator> {
    let (own, others): (Vec<_>, Vec<_>) =
        TRANSLATORS.iter().filter(|t| t.client == client).partition(|t| is_identity(t));
    own.into_iter().chain(others)
}

fn is_identity(pair: &Translator) -> bool {
    pair.client == pair.upstream
}

fn table(out: &mut String, client: Dialect, pairs: &[&Translator]) {
    // Writing to a String cannot fail.
    let _ = write!(out, "\n## {} clients\n\n| feature |", client.as_str());
    for pair in pairs {
        let _ = write!(out, " {} |", pair.upstream.as_str());
    }
    let _ = writeln!(out, "\n|---|{}", "---|".repeat(pairs.len()));
    for feature in Feature::of(client.operation()) {
        let _ = write!(out, "| {} |", feature.as_str());
        for pair in pairs {
            let _ = match pair.gap(*feature) {
                None => write!(out, " yes |"),
                Some(Gap::No(why)) => write!(out, " no: {why} |"),
                Some(Gap::Drops(what)) => write!(out, " drops {what} |"),
            };
        }
        out.push('\n');
    }
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
    let hosted = matches!(
        (pair.client, pair.upstream),
        (Dialect::AnthropicMessages, Dialect::AnthropicVertex | Dialect::AnthropicBedrock)
            | (Dialect::AnthropicCount, Dialect::AnthropicVertexCount)
    );
    out.push_str(if hosted {
        "| any other | mapped | as it is, known or not |\n"
    } else {
        "| any other | dropped | listed in `x-sluice-dropped` |\n"
    });
}
