//! `sluice check`: is this sluice.yaml one the filter would take?
//!
//! The same code answers as in the filter, with this process's environment in the
//! place of Envoy's. It also names targets whose calls will not be priced: nothing is
//! wrong with them, but nobody should learn it from the bill. Must not: know rules of
//! its own.

use super::yaml;
use crate::catalog;
use crate::config::compiled::Unpriced;
use crate::config::identity::keys::hex;
use crate::config::{self, Config};
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

#[derive(clap::Args)]
pub struct Args {
    /// The files to check.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Take every environment variable as set.
    #[arg(long)]
    assume_env: bool,
}

pub fn main(args: &Args) -> ExitCode {
    let env = |name: &str| match args.assume_env {
        true => Some("assumed".to_owned()),
        false => std::env::var(name).ok(),
    };
    let mut code = ExitCode::SUCCESS;
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = u64::try_from(since.as_nanos()).unwrap_or(u64::MAX);
    for file in &args.files {
        let verdict = std::fs::read_to_string(file)
            .map_err(|e| vec![e.to_string()])
            .and_then(|text| check(&text, &env, now));
        // Nobody is left to tell when the pipe is closed.
        let _ = match verdict {
            Ok(summary) => writeln!(io::stdout(), "{}: {summary}", file.display()),
            Err(problems) => {
                code = ExitCode::FAILURE;
                let line = |p: &String| writeln!(io::stderr(), "{}: {p}", file.display());
                problems.iter().try_for_each(line)
            }
        };
    }
    code
}

/// `ok (..)`, or the problems, one line each. `now`: Unix nanoseconds.
pub fn check(
    text: &str,
    env: &dyn Fn(&str) -> Option<String>,
    now: u64,
) -> Result<String, Vec<String>> {
    let json = yaml::parse(text).map_err(|e| vec![e.to_string()])?;
    let config = config::load(json.to_string().as_bytes(), env)
        .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    let over = over(&config, now);
    if !over.is_empty() {
        return Err(over);
    }
    let (providers, models) = (config.providers.len(), config.models.len());
    let consumers = match config.consumers.len() {
        0 => String::new(),
        n => format!(", {}", count(n, "consumer")),
    };
    let limits = match config.limits.len() {
        0 => String::new(),
        n => format!(", {}", count(n, "limit")),
    };
    let unpriced = unpriced(&config);
    Ok(format!(
        "ok ({}, {}{consumers}{limits}; prices {}){unpriced}",
        count(providers, "provider"),
        count(models, "model"),
        catalog::VERSION
    ))
}

/// Keys whose time is over. The filter takes them, and refuses who comes with one: a
/// gateway must not fail to start because a key has expired.
fn over(config: &Config, now: u64) -> Vec<String> {
    let mut lines = Vec::new();
    for key in config.identity.keys.iter() {
        if key.terms.and_then(|terms| terms.expires).is_some_and(|expires| expires <= now) {
            let name = config.consumers.get(key.consumer).map_or("", |c| c.name.as_str());
            let digest = hex(key.digest.get(..4).unwrap_or_default());
            lines.push(format!(
                "consumers[{}].keys: the key {digest}.. of `{name}` has expired; take it out",
                key.consumer
            ));
        }
    }
    lines
}

/// The targets without a price. What stands for any name is priced by the name.
fn unpriced(config: &Config) -> String {
    let mut names = Vec::new();
    for target in &config.targets {
        if let (Some(known), Some(provider)) = (target.known, config.providers.get(target.provider))
            && known.price.is_none()
        {
            names.push(format!("{}/{}", provider.name, target.label));
        }
    }
    names.sort();
    names.dedup();
    match names.as_slice() {
        [] => String::new(),
        names => {
            let fate = match config.unpriced {
                Unpriced::Deny => "refused for want of a price",
                Unpriced::Flag => "unpriced",
                Unpriced::Estimate(_) => "charged by `unpriced.estimate`",
            };
            format!("; {fate}, see `catalog`: {}", names.join(", "))
        }
    }
}

fn count(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use crate::catalog;

    const GOOD: &str =
        "providers: { openai: { kind: openai } }\nmodels: [{ name: a, targets: [openai/b] }]\n";

    fn check(text: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<String, Vec<String>> {
        super::check(text, env, 1_800_000_000_000_000_000)
    }

    #[test]
    fn keys_whose_time_is_over() {
        let with = |year: &str| {
            let digest = "ab".repeat(32);
            let times =
                format!("not_before: 2020-01-01T00:00:00Z, expires: {year}-01-01T00:00:00Z");
            format!("{GOOD}consumers: [{{ name: a, keys: [{{ sha256: {digest}, {times} }}] }}]\n")
        };
        let env = |_: &str| Some("k".to_owned());
        assert!(check(&with("2030"), &env).unwrap().contains("1 consumer;"));
        assert_eq!(
            check(&with("2025"), &env).unwrap_err(),
            ["consumers[0].keys: the key abababab.. of `a` has expired; take it out"]
        );
    }

    #[test]
    fn says_what_is_there() {
        assert_eq!(
            check(GOOD, &|_| Some("k".into())).unwrap(),
            format!(
                "ok (1 provider, 1 model; prices {}); unpriced, see `catalog`: openai/b",
                catalog::VERSION
            )
        );
        let listed = GOOD.replace("openai/b", "openai/gpt-5, 'openai/*'");
        let said = check(&listed, &|_| Some("k".into())).unwrap();
        assert_eq!(said, format!("ok (1 provider, 1 model; prices {})", catalog::VERSION));
        let denied = check(&format!("{GOOD}unpriced: deny\n"), &|_| Some("k".into())).unwrap();
        assert!(denied.ends_with("; refused for want of a price, see `catalog`: openai/b"));
    }

    #[test]
    fn says_what_is_wrong_and_where() {
        let problems = check(GOOD, &|_| None).unwrap_err();
        assert!(problems[0].starts_with("providers.openai.keys: the environment variable"));
        let problems = check(&GOOD.replace("openai/b", "nope/b"), &|_| Some("k".into()));
        assert!(problems.unwrap_err()[0].starts_with("models[0].targets[0]: there is no provider"));
        let problems = check("providers:\n  a: {\n]\n", &|_| None).unwrap_err();
        assert!(problems[0].starts_with("line 2, column"), "{problems:?}");
    }
}
