//! `sluice key`: keys for consumers. A key is made, or read, here; only its digest goes into
//! sluice.yaml.
//!
//! 256 bits from the system, in base62 behind a prefix, so that scanners for leaked secrets
//! can know them. Must not: print a key that it did not make.

use super::yaml;
use crate::config::identity::keys::{Digester, MAX_KEY, hex};
use crate::config::raw;
use std::fmt;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Print a fresh key, and on the next line its entry for `consumers[].keys`.
    New(New),
    /// Print the digest of a key that is read from stdin.
    Hash(Hashing),
}

#[derive(clap::Args)]
struct New {
    /// What limits per key call it.
    #[arg(long)]
    name: Option<String>,
    /// What the key begins with.
    #[arg(long, default_value = "sk-sluice-")]
    prefix: String,
    #[command(flatten)]
    hashing: Hashing,
}

#[derive(clap::Args, Default)]
struct Hashing {
    /// As `identity.salt`.
    #[arg(long, conflicts_with_all = ["pepper_env", "config"])]
    salt: Option<String>,
    /// The environment variable of `identity.pepper`.
    #[arg(long, value_name = "NAME", conflicts_with = "config")]
    pepper_env: Option<String>,
    /// The sluice.yaml whose `identity` says how.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// 62^43 > 2^256.
const LENGTH: usize = 43;

pub fn main(args: &Args) -> ExitCode {
    let env = |name: &str| std::env::var(name).ok();
    let said = match &args.what {
        What::New(new) => fresh(&random).and_then(|key| entry(new, &key, &env)),
        What::Hash(hashing) => digest_of(&mut io::stdin().lock(), hashing, &env),
    };
    let said = match said {
        Ok(text) => write!(io::stdout(), "{text}").map(|()| ExitCode::SUCCESS),
        Err(e) => writeln!(io::stderr(), "{e}").map(|()| ExitCode::FAILURE),
    };
    said.unwrap_or(ExitCode::FAILURE)
}

/// The key, and its line of YAML.
fn entry(new: &New, random: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    let label = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    let fits = |text: &str| text.len() <= 64 && text.bytes().all(label);
    if !fits(&new.prefix) || new.name.as_ref().is_some_and(|n| n.is_empty() || !fits(n)) {
        return Err("a name or prefix is at most 64 of a-z A-Z 0-9 . _ -".into());
    }
    let key = format!("{}{random}", new.prefix);
    let digest = hex(&new.hashing.digester(env)?.digest(key.as_bytes()));
    let name = new.name.as_ref().map(|name| format!(", name: \"{name}\"")).unwrap_or_default();
    Ok(format!("{key}\n- {{ sha256: \"{digest}\"{name} }}\n"))
}

/// 43 random digits.
fn fresh(random: &dyn Fn(&mut [u8]) -> Result<(), String>) -> Result<String, String> {
    let mut key = String::with_capacity(LENGTH);
    while key.len() < LENGTH {
        let mut bytes = [0; 64];
        random(&mut bytes)?;
        // What is above the last whole run of 62 would favour the first digits.
        let digits = bytes.iter().filter(|b| **b < 248);
        let digits = digits.filter_map(|b| ALPHABET.get(usize::from(*b % 62)));
        let missing = LENGTH - key.len();
        key.extend(digits.take(missing).map(|d| char::from(*d)));
    }
    Ok(key)
}

fn random(bytes: &mut [u8]) -> Result<(), String> {
    getrandom::fill(bytes).map_err(|e| format!("the system has no random bytes: {e}"))
}

fn digest_of(
    from: &mut dyn Read,
    hashing: &Hashing,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<String, String> {
    let mut key = Vec::new();
    from.take(MAX_KEY as u64 + 3).read_to_end(&mut key).map_err(|e| e.to_string())?;
    // As `echo` ends it.
    let end = key.strip_suffix(b"\n").map(|k| k.strip_suffix(b"\r").unwrap_or(k));
    let key = end.unwrap_or(&key);
    if key.is_empty() || key.len() > MAX_KEY {
        return Err(format!("a key has 1 to {MAX_KEY} bytes"));
    }
    if key.trim_ascii() != key || key.iter().any(u8::is_ascii_control) {
        return Err(
            "a key has no blanks around it and no line breaks: no header could hold it".into()
        );
    }
    Ok(format!("{}\n", hex(&hashing.digester(env)?.digest(key))))
}

// === impl Hashing ===

impl Hashing {
    fn digester(&self, env: &dyn Fn(&str) -> Option<String>) -> Result<Digester, String> {
        let pepper = |name: &str| {
            let pepper = env(name).and_then(|pepper| Digester::peppered(&pepper));
            pepper.ok_or_else(|| format!("the environment variable `{name}` is not set"))
        };
        match (&self.salt, &self.pepper_env, &self.config) {
            (Some(salt), _, _) if salt.is_empty() => Err("an empty salt is none".into()),
            (Some(salt), _, _) => Ok(Digester::salted(salt)),
            (None, Some(name), _) => pepper(name),
            (None, None, Some(file)) => {
                let failed = |e: &dyn fmt::Display| format!("{}: {e}", file.display());
                let text = std::fs::read_to_string(file).map_err(|e| failed(&e))?;
                let json = yaml::parse(&text).map_err(|e| failed(&e))?;
                let raw: raw::Sluice = serde_json::from_value(json).map_err(|e| failed(&e))?;
                match (&raw.identity.salt, &raw.identity.pepper) {
                    (None, None) => Ok(Digester::Plain),
                    (Some(salt), None) => Ok(Digester::salted(salt)),
                    (None, Some(own)) => pepper(&own.env),
                    (Some(_), Some(_)) => Err(failed(&"identity has both a salt and a pepper")),
                }
            }
            (None, None, None) => Ok(Digester::Plain),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;
    use serde_json::{Value, json};

    fn env(name: &str) -> Option<String> {
        (name == "PEPPER").then(|| "Jefe".to_owned())
    }

    fn new(hashing: Hashing) -> New {
        New { name: Some("ci".into()), prefix: "sk-".into(), hashing }
    }

    #[test]
    fn keys_are_random_and_even() {
        let (one, other) = (fresh(&random).unwrap(), fresh(&random).unwrap());
        assert_ne!(one, other);
        assert_eq!((one.len(), one.bytes().all(|b| b.is_ascii_alphanumeric())), (LENGTH, true));
        // Each byte below 248 gives its digit; those above give none.
        let all = |bytes: &mut [u8]| {
            (0..).zip(bytes).for_each(|(n, b): (u8, _)| *b = 192 + n);
            Ok(())
        };
        let key = fresh(&all).unwrap();
        assert_eq!(key, format!("6789{}", key.get(4..).unwrap()));
        assert!(fresh(&|_: &mut [u8]| Err("none".into())).is_err());
    }

    #[test]
    fn what_is_printed_loads_and_lets_in() {
        let file = std::env::temp_dir().join(format!("sluice-key-{}.yaml", std::process::id()));
        for (identity, hashing) in [
            (json!({}), Hashing::default()),
            (json!({ "salt": "s" }), Hashing { salt: Some("s".into()), ..Hashing::default() }),
            (
                json!({ "pepper": { "env": "PEPPER" } }),
                Hashing { pepper_env: Some("PEPPER".into()), ..Hashing::default() },
            ),
            (
                json!({ "pepper": { "env": "PEPPER" } }),
                Hashing { config: Some(file.clone()), ..Hashing::default() },
            ),
        ] {
            let mut whole = json!({
                "providers": { "openai": { "kind": "openai", "keys": [{ "value": "sk" }] } },
                "models": [{ "name": "m", "targets": ["openai/gpt-5"] }],
                "identity": identity,
            });
            std::fs::write(&file, yaml::print(&whole).unwrap()).unwrap();
            let said = entry(&new(hashing), &fresh(&random).unwrap(), &env).unwrap();
            let (key, line) = said.split_once('\n').unwrap();
            let keys: Value = yaml::parse(line).unwrap();
            assert_eq!(keys[0]["name"], "ci");
            whole["consumers"] = json!([{ "name": "a", "keys": keys }]);
            let config = config::load(whole.to_string().as_bytes(), &env).unwrap();
            assert!(config.identity.keys.find(key.as_bytes()).is_some(), "{identity}");
            let other = Hashing::default();
            let hash = digest_of(&mut format!("{key}\r\n").as_bytes(), &other, &env).unwrap();
            assert_eq!(line.contains(hash.trim()), identity == json!({}));
        }
        std::fs::remove_file(&file).unwrap();
    }

    #[test]
    fn says_what_is_wrong() {
        let none = Hashing::default();
        for bad in [&b""[..], b"\n", b"a b\nc", b" a", b"a\tb\n\n", &[b'k'; MAX_KEY + 1]] {
            assert!(digest_of(&mut &bad[..], &none, &env).is_err(), "{bad:?}");
        }
        let missing = Hashing { pepper_env: Some("NONE".into()), ..Hashing::default() };
        assert!(entry(&new(missing), "x", &env).unwrap_err().contains("`NONE` is not set"));
        let empty = Hashing { salt: Some(String::new()), ..Hashing::default() };
        assert!(entry(&new(empty), "x", &env).is_err());
        for (name, prefix) in [("a b", "sk-"), ("", "sk-"), ("a", "sk\n"), ("a\"", "")] {
            let new =
                New { name: Some(name.into()), prefix: prefix.into(), hashing: Hashing::default() };
            assert!(entry(&new, "x", &env).is_err(), "{name} {prefix}");
        }
    }
}
