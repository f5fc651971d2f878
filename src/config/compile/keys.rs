//! `keys`: the credentials of a provider, from the environment of the Envoy process.
//!
//! Must not: quote a key, nor what may be one that was put in the wrong place.

use super::Problems;
use crate::config::aws::Names;
use crate::config::compiled::{AwsKey, Provider, Quota, Secret, Share};
use crate::config::raw;
use crate::provider::{Auth, Kind};
use crate::store::quotas::MAX_BUCKETS;

const MAX_WEIGHT: u32 = 10_000;

pub(super) type Env<'e> = &'e dyn Fn(&str) -> Option<String>;

pub(super) fn keys(
    path: &str,
    p: &raw::Provider,
    kind: &Kind,
    env: Env<'_>,
    problems: &mut Problems,
) -> Vec<(Secret, Share)> {
    let default;
    let listed = match (&p.keys, kind.key_env) {
        (Some(raw::Keys::None), _) | (None, "") => return Vec::new(),
        (Some(raw::Keys::List(keys)), _) => keys,
        (None, name) => {
            let Some(key) = usual(name, kind, env) else {
                problems.add(
                    format!("{path}.keys"),
                    not_set(&format!(" {name}, or {} and {},", Names::ID, Names::SECRET)),
                );
                return Vec::new();
            };
            default = vec![raw::Listed {
                key,
                weight: None,
                requests_per_minute: None,
                tokens_per_minute: None,
            }];
            &default
        }
    };
    if listed.is_empty() {
        problems.add(format!("{path}.keys"), "is empty; give a key, or write `keys: none`");
    }
    let mut secrets = Vec::with_capacity(listed.len());
    for (i, listed) in listed.iter().enumerate() {
        let path =
            if p.keys.is_some() { format!("{path}.keys[{i}]") } else { format!("{path}.keys") };
        let share = share(&path, listed, problems);
        let secret = match &listed.key {
            raw::Key::Value(value) => checked(value).map(Secret::Text),
            raw::Key::Env(name) => {
                env(name).ok_or_else(|| unset(name)).and_then(|v| checked(&v)).map(Secret::Text)
            }
            raw::Key::BearerEnv(name) => {
                env(name).ok_or_else(|| unset(name)).and_then(|v| checked(&v)).map(Secret::Bearer)
            }
            raw::Key::Aws(_) if !matches!(kind.auth, Auth::Aws(_)) => {
                Err(format!("kind {} takes no AWS credentials", kind.name))
            }
            raw::Key::Aws(names) => aws(names, env).map(Secret::Aws),
        };
        match secret {
            Ok(secret) => secrets.push((secret, share)),
            Err(problem) => problems.add(path, problem),
        }
    }
    let weighted = listed.iter().position(|listed| listed.weight.is_some());
    match weighted {
        Some(i) if listed.len() == 1 => {
            problems
                .add(format!("{path}.keys[{i}].weight"), "only means something beside other keys");
        }
        Some(_) if listed.iter().all(|listed| listed.weight == Some(0)) => {
            problems.add(format!("{path}.keys"), "give one of them a weight above 0");
        }
        _ => {}
    }
    secrets
}

/// Has any key limits of its own?
pub(super) fn limited(providers: &[Provider], problems: &mut Problems) -> bool {
    let shares = providers.iter().flat_map(|p| &p.shares);
    let limited = shares.filter(|share| share.quota.any()).count();
    if limited > MAX_BUCKETS {
        problems.add("providers", format!("more than {MAX_BUCKETS} keys have limits of their own"));
    }
    limited > 0
}

fn share(path: &str, listed: &raw::Listed, problems: &mut Problems) -> Share {
    let weight = listed.weight.unwrap_or(1);
    if weight > MAX_WEIGHT {
        problems.add(format!("{path}.weight"), format!("must be 0 to {MAX_WEIGHT}"));
    }
    let mut limit = |name: &str, limit: Option<u32>| {
        if limit == Some(0) {
            let words = "must be at least 1; leave it out where there is no limit";
            problems.add(format!("{path}.{name}"), words);
        }
        limit.unwrap_or(0)
    };
    let quota = Quota {
        requests: limit("requests_per_minute", listed.requests_per_minute),
        tokens: limit("tokens_per_minute", listed.tokens_per_minute),
    };
    Share { weight, quota }
}

/// What is taken where nothing is said: the vendor's usual variable, and where
/// that is not set, the usual pair of AWS.
fn usual(name: &str, kind: &Kind, env: Env<'_>) -> Option<raw::Key> {
    let is_aws = matches!(kind.auth, Auth::Aws(_));
    if !is_aws || env(name).is_some() {
        return Some(raw::Key::Env(name.to_owned()));
    }
    (env(Names::ID).is_some() && env(Names::SECRET).is_some())
        .then(|| raw::Key::Aws(Names::default()))
}

fn aws(names: &Names, env: Env<'_>) -> Result<AwsKey, String> {
    let read = |name: &str| {
        if !is_name(name) {
            return Err("names environment variables: A-Z 0-9 _ only".to_owned());
        }
        env(name).ok_or_else(|| unset(name)).and_then(|v| checked(&v))
    };
    let session_token = match names.session_token() {
        Some((name, needed)) if needed || env(name).is_some_and(|v| !v.is_empty()) => {
            Some(read(name)?)
        }
        _ => None,
    };
    Ok(AwsKey {
        access_key_id: read(names.access_key_id())?,
        secret_access_key: read(names.secret_access_key())?,
        session_token,
    })
}

/// A secret in a name's place has small letters or dashes, most likely: what has is not
/// quoted.
fn is_name(name: &str) -> bool {
    let fits = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    !name.is_empty() && name.bytes().all(fits)
}

fn checked(value: &str) -> Result<String, String> {
    let value = value.trim();
    if value.is_empty() || !value.bytes().all(|b| b.is_ascii_graphic()) {
        return Err("the key is empty or has characters that no header may carry".to_owned());
    }
    Ok(value.to_owned())
}

fn unset(name: &str) -> String {
    if is_name(name) { not_set(&format!(" {name}")) } else { not_set(", whose name stands here,") }
}

/// `which`: its name behind a space, or what else tells it.
fn not_set(which: &str) -> String {
    format!(
        "the environment variable{which} is not set; export it for Envoy and list it under \
         vm_config.environment_variables.host_env_keys, or write `keys: none`"
    )
}
