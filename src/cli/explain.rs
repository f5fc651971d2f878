//! `sluice explain`: where would this call go, and why? The same decision as the
//! filter's, offline.
//!
//! What only a running gateway knows is given: who rests (`--resting`), or all of it
//! (`--state`); what is by chance comes out one way (`--chance`). Must not: know rules of its own.

use super::yaml;
use crate::config::compiled::ANONYMOUS;
use crate::config::{self, Config};
use crate::dialect::Facts;
use crate::error::{Error, Kind};
use crate::exchange::endpoints::{self, Endpoint};
use crate::policy::permits;
use crate::route::explain::{self, Notes};
use crate::route::health::{self, Event, Ids};
use crate::route::prefer;
use crate::route::state::State;
use crate::route::{self, Moment, Planned};
use crate::store::health::Table;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(clap::Args)]
pub struct Args {
    /// sluice.yaml
    #[arg(long)]
    config: PathBuf,
    /// The request's body, as JSON.
    #[arg(long, value_name = "FILE")]
    request: PathBuf,
    /// The path it is sent to.
    #[arg(long, default_value = "/v1/chat/completions")]
    path: String,
    /// A header of the request, `name: value`; repeat it for several.
    #[arg(long, value_name = "HEADER")]
    header: Vec<String>,
    /// Who asks: a name of `consumers`. Default: anonymous.
    #[arg(long, value_name = "NAME")]
    consumer: Option<String>,
    /// A target that rests, `provider/model` as configured; repeat it for several.
    #[arg(long, value_name = "TARGET")]
    resting: Vec<String>,
    /// What a gateway's `GET /sluice/health` shows under `routing`, as JSON.
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Instead of chance.
    #[arg(long, default_value_t = 0)]
    chance: u64,
}

/// A request, and what is known beside it.
pub struct Question<'a> {
    pub path: &'a str,
    pub body: &'a [u8],
    /// Names in lower case.
    pub headers: &'a [(String, Vec<u8>)],
    /// A name of `consumers`, or anonymous.
    pub consumer: &'a str,
    /// `provider/model` of those that rest.
    pub resting: &'a [String],
    /// What a gateway knew.
    pub state: &'a State,
    pub chance: u64,
}

pub fn main(args: &Args) -> ExitCode {
    let said = match run(args) {
        Ok(json) => writeln!(std::io::stdout(), "{json}").map(|()| ExitCode::SUCCESS),
        Err(e) => writeln!(std::io::stderr(), "{e}").map(|()| ExitCode::FAILURE),
    };
    said.unwrap_or(ExitCode::FAILURE)
}

fn run(args: &Args) -> Result<String, String> {
    let read = |path: &PathBuf| std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()));
    let text = String::from_utf8(read(&args.config)?).map_err(|e| e.to_string())?;
    let json = yaml::parse(&text).map_err(|e| e.to_string())?;
    // Keys decide nothing here; those of a pool must differ.
    let config = config::load(json.to_string().as_bytes(), &|name| Some(format!("assumed-{name}")))
        .map_err(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))?;
    let body = read(&args.request)?;
    let mut headers = Vec::new();
    for header in &args.header {
        let (name, value) = header.split_once(':').ok_or("--header is `name: value`")?;
        headers.push((name.trim().to_ascii_lowercase(), value.trim().as_bytes().to_vec()));
    }
    let state = match &args.state {
        Some(file) => {
            serde_json::from_slice(&read(file)?).map_err(|e| format!("{}: {e}", file.display()))?
        }
        None => State::default(),
    };
    let question = Question {
        path: &args.path,
        body: &body,
        headers: &headers,
        consumer: args.consumer.as_deref().unwrap_or(ANONYMOUS),
        resting: &args.resting,
        state: &state,
        chance: args.chance,
    };
    explain(&config, &question).map_err(|e| e.to_string())
}

/// The decision as one line of JSON, as the header has it.
pub fn explain(config: &Config, question: &Question<'_>) -> Result<String, Error> {
    let headers = question.headers.to_vec();
    let client = endpoints::client(question.path, &headers);
    let addressed = match endpoints::endpoint("POST", question.path)? {
        Endpoint::Call(_, addressed) => addressed,
        _ => None,
    };
    let mut consumers = config.consumers.iter().chain([&config.anonymous]);
    let Some(consumer) = consumers.find(|c| c.name == question.consumer) else {
        let words = format!("there is no consumer `{}`", question.consumer);
        return Err(Error::new(Kind::InvalidRequest, words));
    };
    permits::admit(&consumer.permits, Some(client))?;
    let taken = match prefer::reads_body(config, consumer) {
        true => prefer::body::take(question.body, addressed.is_some())?,
        false => None,
    };
    let body = taken.as_ref().map_or(question.body, |t| &t.body);
    let edited = permits::edit(&consumer.permits, client, body)?;
    let body = edited.as_ref().map_or(body, |e| &e.body);
    let facts = Facts::of(client, body, addressed)?;
    let said = prefer::header(&headers);
    let prefers =
        prefer::of(config, consumer, said.as_deref(), taken.as_ref().map(|t| &t.preferences))?;
    // Late enough that what is known lies before it.
    let now = 1 << 60;
    let (mut table, learned) = question.state.restore(config, now);
    rest(&mut table, config, question.resting, now);
    let notes = Notes::default();
    let header = |name: &str| crate::host::value(&headers, name).map(<[u8]>::to_vec);
    let moment = Moment {
        now,
        table: &table,
        turn: &|_| 0,
        header: &header,
        chance: question.chance,
        learned: &learned,
        notes: Some(&notes),
        prefers: prefers.as_ref(),
    };
    let planned = route::plan(config, consumer, (&facts, body), moment);
    let plan = match &planned {
        Ok(Planned::Run(plan)) => Ok(plan),
        Ok(Planned::Estimate(_)) => Err(None),
        Err(e) => Err(Some(e)),
    };
    Ok(explain::decision(config, &facts, &notes, plan))
}

/// These rest for a minute.
fn rest(table: &mut Table, config: &Config, names: &[String], now: u64) {
    for target in &config.targets {
        if names.contains(&explain::name(config, target)) {
            let until = Event::Failed(Some(now + 60_000_000_000));
            let ids = Ids { target: target.id, key: 0 };
            health::record(table, &config.health, ids, until, now);
        }
    }
}
