//! `sluice providers`: who can be called, from the table the code acts on. docs/providers.md
//! holds this output; a test keeps the two equal.

use crate::dialect::quirks::{Embeddings, FOREIGN, LEFTOVERS, Quirks, REASONING, ToolIds};
use crate::provider::{Auth, KINDS, Kind};
use serde_json::{Value, json};
use std::io::Write as _;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// As JSON, for programs.
    #[arg(long)]
    json: bool,
}

pub fn main(args: &Args) -> ExitCode {
    let text = if args.json { format!("{:#}\n", json()) } else { markdown() };
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// All kinds, as Markdown.
pub fn markdown() -> String {
    let mut out = "| kind | vendor | base URL | speaks | auth | key | needs | differs |\n\
                   |---|---|---|---|---|---|---|---|\n"
        .to_owned();
    for kind in KINDS {
        let code = |text: &str| if text.is_empty() { String::new() } else { format!("`{text}`") };
        let needs: Vec<_> = kind.settings.iter().map(|s| code(s.name)).collect();
        let cells = [
            code(kind.name),
            format!("[{}]({})", kind.title, kind.source),
            code(kind.url),
            dialects(kind).join(", "),
            auth(kind.auth),
            code(kind.key_env),
            needs.join(", "),
            differences(kind.quirks).join("; "),
        ];
        out.push_str(&format!("| {} |\n", cells.join(" | ")).replace("  ", " "));
    }
    out
}

/// The same for programs.
pub fn json() -> Value {
    let rows = KINDS.iter().map(|kind| {
        let surfaces: Vec<_> = kind
            .surfaces
            .iter()
            .map(|s| {
                let streamed = if s.stream_path.is_empty() { s.path } else { s.stream_path };
                let dialect = s.dialect.as_str();
                json!({ "dialect": dialect, "path": s.path, "stream_path": streamed, "models": s.models })
            })
            .collect();
        let settings: Vec<_> = kind
            .settings
            .iter()
            .map(|s| json!({ "name": s.name, "default": s.default }))
            .collect();
        json!({
            "kind": kind.name,
            "title": kind.title,
            "url": kind.url,
            "surfaces": surfaces,
            "auth": auth(kind.auth),
            "key_env": kind.key_env,
            "settings": settings,
            "quirks": differences(kind.quirks),
            "source": kind.source,
        })
    });
    rows.collect()
}

fn dialects(kind: &Kind) -> Vec<&'static str> {
    let mut names = Vec::new();
    for surface in kind.surfaces {
        if !names.contains(&surface.dialect.as_str()) {
            names.push(surface.dialect.as_str());
        }
    }
    names
}

fn auth(auth: Auth) -> String {
    match auth {
        Auth::Bearer => "bearer".to_owned(),
        Auth::Header(name) => format!("`{name}`"),
        Auth::Aws(_) => "bearer, or AWS signature".to_owned(),
    }
}

/// Quirks in short words.
fn differences(q: &Quirks) -> Vec<String> {
    let mut words = Vec::new();
    let mut add = |text: String| words.push(text);
    for (ours, theirs) in q.rename {
        add(format!("`{ours}` is `{theirs}`"));
    }
    for (field, ours, theirs) in q.replace {
        add(format!("`{field}` {} is {}", plain(ours), plain(theirs)));
    }
    let list =
        |names: &[&str]| names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
    if !q.refuse.is_empty() {
        add(format!("refuses {}", list(q.refuse)));
    }
    if !q.drop.is_empty() {
        add(format!("no {}", list(q.drop)));
    }
    if !q.reasoning_drop.is_empty() {
        add(format!("models that reason: no {}", list(q.reasoning_drop)));
    }
    for (field, value) in q.drop_value {
        add(format!("no `{field}` {}", plain(value)));
    }
    for (field, least, most) in q.clamp {
        add(match least == most {
            true => format!("`{field}` only {least}"),
            false => format!("`{field}` {least} to {most}"),
        });
    }
    for (field, value) in q.require {
        add(format!("`{field}` is always sent, else as {value}"));
    }
    if !q.stream_options {
        add("no `stream_options`".to_owned());
    }
    if !q.developer_role {
        add("developer is system".to_owned());
    }
    if !q.message_names {
        add("no names of messages".to_owned());
    }
    if !q.leftovers {
        add(format!("no {} in messages", list(LEFTOVERS)));
    }
    match q.tool_ids {
        ToolIds::Any => {}
        ToolIds::Max(most) => add(format!("call ids to {most} bytes")),
        ToolIds::Alphanumeric(length) => add(format!("call ids of {length} letters and digits")),
    }
    if q.reasoning != REASONING {
        add(format!("reasoning comes as `{}`", q.reasoning));
    }
    match q.echoes {
        [] => add("no reasoning of earlier turns".to_owned()),
        all if all.len() == FOREIGN.len() => {}
        some => add(format!("of earlier turns' reasoning: {}", list(some))),
    }
    if !q.no_reasoning.is_empty() {
        add("insists on reasoning beside tool calls".to_owned());
    }
    let embeddings = of_embeddings(&q.embeddings);
    if !embeddings.is_empty() {
        add(format!("embeddings: {}", embeddings.join(", ")));
    }
    words
}

fn of_embeddings(e: &Embeddings) -> Vec<String> {
    let mut words = Vec::new();
    if let Some(body) = e.body {
        // Chats' words: all that a row of embeddings leaves as it is says nothing.
        words.extend(differences(body).into_iter().filter(|w| !w.starts_with("embeddings")));
    }
    if !e.base64 {
        words.push("base64 is made by the gateway".to_owned());
    }
    if !e.tokens {
        words.push("no token arrays".to_owned());
    }
    if e.most > 0 {
        words.push(format!("at most {} inputs", e.most));
    }
    words
}

fn plain(json: &str) -> &str {
    json.trim_matches('"')
}
