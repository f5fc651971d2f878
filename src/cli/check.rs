//! `sluice check`: is this sluice.yaml one the filter would take?
//!
//! The same code answers as in the filter, with this process's environment in the
//! place of Envoy's. It also names targets whose calls will not be priced: nothing is
//! wrong with them, but nobody should learn it from the bill. Must not: know rules of
//! its own.

use super::yaml;
use crate::config::{self, Config};
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

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
    for file in &args.files {
        let verdict = std::fs::read_to_string(file)
            .map_err(|e| vec![e.to_string()])
            .and_then(|text| check(&text, &env));
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

/// `ok (..)`, or the problems, one line each.
pub fn check(text: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<String, Vec<String>> {
    let json = yaml::parse(text).map_err(|e| vec![e.to_string()])?;
    let config = config::load(json.to_string().as_bytes(), env)
        .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>())?;
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
        "ok ({}, {}{consumers}{limits}){unpriced}",
        count(providers, "provider"),
        count(models, "model")
    ))
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
        names => format!("; unpriced, see `catalog`: {}", names.join(", ")),
    }
}

fn count(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str =
        "providers: { openai: { kind: openai } }\nmodels: [{ name: a, targets: [openai/b] }]\n";

    #[test]
    fn says_what_is_there() {
        assert_eq!(
            check(GOOD, &|_| Some("k".into())).unwrap(),
            "ok (1 provider, 1 model); unpriced, see `catalog`: openai/b"
        );
        let listed = GOOD.replace("openai/b", "openai/gpt-5, 'openai/*'");
        assert_eq!(check(&listed, &|_| Some("k".into())).unwrap(), "ok (1 provider, 1 model)");
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
