//! JSON Web Tokens, verified by Envoy's `jwt_authn` in front of this filter.
//!
//! It leaves the payload in the request's dynamic metadata, where no client can write. Asked
//! for a member of a Struct, Envoy answers with bytes that do not tell a number from a text
//! of eight bytes; asked for all `metadata`, it serialises the message with its types: so
//! that is what is read, in one host call.
//! <https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/jwt_authn_filter>
//!
//! A claim may be a text, a number, or a list of them of which one must fit. A name made of
//! a claim is `consumer/claim`, so that nobody's is another consumer's name; what a label
//! cannot hold becomes `_`, and a hash of the claim then stands behind, so that two claims
//! do not become one.

use super::{Asked, Caller};
use crate::config::identity::claims::{Claims, Wants};
use crate::config::identity::keys::hex;
use crate::config::identity::names::MAX_TEXT;
use crate::config::identity::{Identity, Jwt};
use crate::config::{Config, glob, protobuf};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::borrow::Cow;

/// Under which jwt_authn writes.
const FILTER: &str = "envoy.filters.http.jwt_authn";
/// Values of a list that are looked at.
const MAX_VALUES: usize = 256;
/// Of what a claim adds to a name.
const MAX_NAME: usize = 64;

/// The request's, read once and only where it decides.
pub(super) struct Token<'a> {
    jwt: Option<&'a Jwt>,
    asked: &'a Asked<'a>,
    payload: Option<Option<Map<String, Value>>>,
}

// === impl Token ===

impl<'a> Token<'a> {
    pub(super) fn new(identity: &'a Identity, asked: &'a Asked<'a>) -> Self {
        Self { jwt: identity.jwt.as_ref(), asked, payload: None }
    }

    pub(super) fn is_verified(&mut self) -> bool {
        self.payload().is_some()
    }

    pub(super) fn caller(&mut self, config: &Config) -> Option<Caller> {
        let claims = &self.jwt?.claims;
        let payload = self.payload()?;
        let wants = find(claims, payload)?;
        let mut caller = Caller::at(config, wants.consumer)?;
        if let Some(path) = &wants.name_from {
            // Nobody shares the name of the consumer with those that have one.
            let value = values(payload, path).next()?;
            caller.own_name = Some(own_name(&caller.consumer.name, &value).into());
        }
        Some(caller)
    }

    fn payload(&mut self) -> Option<&Map<String, Value>> {
        let (jwt, asked) = (self.jwt?, self.asked);
        let read = || {
            let metadata = (asked.property)(&["metadata"])?;
            match protobuf::metadata(&metadata, FILTER, &jwt.metadata)? {
                Value::Object(payload) => Some(payload),
                _ => None,
            }
        };
        self.payload.get_or_insert_with(read).as_ref()
    }
}

/// The first consumer whose claims all fit.
fn find<'a>(claims: &'a Claims, payload: &Map<String, Value>) -> Option<&'a Wants> {
    let mut first: Option<&Wants> = None;
    let mut look = |at: &u32| {
        let Some(wants) = claims.wants.get(*at as usize) else { return };
        let earlier = first.is_none_or(|first| wants.consumer < first.consumer);
        if earlier && wants.claims.iter().all(|(path, pattern)| fits(payload, path, pattern)) {
            first = Some(wants);
        }
    };
    for (path, known) in &claims.by {
        for value in values(payload, path) {
            known.get(&*value).into_iter().flatten().for_each(&mut look);
        }
    }
    claims.others.iter().for_each(look);
    first
}

fn fits(payload: &Map<String, Value>, path: &str, pattern: &str) -> bool {
    values(payload, path).any(|value| glob::matches(pattern, &value))
}

/// The texts of a claim.
fn values<'a>(
    payload: &'a Map<String, Value>,
    path: &str,
) -> impl Iterator<Item = Cow<'a, str>> + use<'a> {
    let found = claim(payload, path);
    let all = match found {
        Some(Value::Array(list)) => list.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    let texts = all.iter().take(MAX_VALUES).filter_map(|value| match value {
        Value::String(text) => Some(Cow::Borrowed(text.as_str())),
        Value::Number(n) => Some(Cow::Owned(n.to_string())),
        _ => None,
    });
    texts.filter(|text| !text.is_empty() && text.len() <= MAX_TEXT)
}

/// A name as a whole, or along its dots: names of claims may have some themselves.
fn claim<'a>(object: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    let nested = || {
        let dots = path.match_indices('.').map(|(at, _)| at);
        let mut ways = dots.filter_map(|at| {
            let (head, rest) = (path.get(..at)?, path.get(at + 1..)?);
            claim(object.get(head)?.as_object()?, rest)
        });
        ways.next()
    };
    object.get(path).or_else(nested)
}

fn own_name(consumer: &str, raw: &str) -> String {
    let holds = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if raw.len() <= MAX_NAME && raw.chars().all(holds) {
        return format!("{consumer}/{raw}");
    }
    // One that holds a hash by itself has no `~`.
    // Whoever chooses a claim must not find another's.
    let digest = Sha256::digest(raw.as_bytes());
    let hash = format!("~{}", hex(digest.get(..8).unwrap_or_default()));
    let clean: String = raw.chars().map(|c| if holds(c) { c } else { '_' }).collect();
    let clean = clean.get(..MAX_NAME - hash.len()).unwrap_or(&clean);
    format!("{consumer}/{clean}{hash}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn claims_are_texts_numbers_lists_and_nested() {
        let payload = object(json!({
            "sub": "u1", "tenant": 12345, "share": 0.5, "admin": true, "none": null, "empty": "",
            "groups": ["a", "b", 7, { "c": 1 }],
            "realm_access": { "roles": ["chat-user"], "deep.er": { "x": "y" } },
            "https://example.com/groups": ["eng"],
            "big": "x".repeat(MAX_TEXT + 1),
        }));
        for (path, pattern, want) in [
            ("sub", "u1", true),
            ("sub", "u*", true),
            ("sub", "u2", false),
            ("tenant", "12345", true),
            ("tenant", "123*", true),
            ("share", "0.5", true),
            ("admin", "*", false),
            ("none", "*", false),
            ("empty", "*", false),
            ("big", "*", false),
            ("missing", "*", false),
            ("groups", "b", true),
            ("groups", "7", true),
            ("groups", "c", false),
            ("realm_access.roles", "chat-*", true),
            ("realm_access.deep.er.x", "y", true),
            ("realm_access", "*", false),
            ("https://example.com/groups", "eng", true),
        ] {
            assert_eq!(fits(&payload, path, pattern), want, "{path}: {pattern}");
        }
    }

    #[test]
    fn the_first_consumer_whose_claims_all_fit() {
        let wants = |consumer, claims: &[(&str, &str)]| Wants {
            consumer,
            claims: claims.iter().map(|(c, p)| ((*c).into(), (*p).into())).collect(),
            name_from: None,
        };
        let claims = Claims::new(vec![
            wants(0, &[("iss", "i"), ("sub", "boss")]),
            wants(1, &[("iss", "i"), ("groups", "eng*")]),
            wants(2, &[("sub", "u*")]),
            wants(3, &[("iss", "i")]),
        ])
        .unwrap();
        let whose = |payload| find(&claims, &object(payload)).map(|w| w.consumer);
        assert_eq!(whose(json!({ "iss": "i", "sub": "boss" })), Some(0));
        assert_eq!(whose(json!({ "iss": "j", "sub": "boss" })), None);
        assert_eq!(whose(json!({ "iss": "i", "sub": "u", "groups": ["x", "eng-1"] })), Some(1));
        assert_eq!(whose(json!({ "iss": "i", "sub": "u" })), Some(2));
        assert_eq!(whose(json!({ "iss": "i", "sub": "x" })), Some(3));
        assert_eq!(whose(json!({})), None);
    }

    #[test]
    fn names_are_labels_and_nobody_elses() {
        assert_eq!(own_name("staff", "alice.b-1_x"), "staff/alice.b-1_x");
        let odd: Vec<_> = ["a@x", "a/x", "a\nx", "a_x", "a x", "ä", "auth0|1", &"y".repeat(64)]
            .iter()
            .chain(&[&*"y".repeat(65), &*"y".repeat(66), &"ü".repeat(60)])
            .map(|raw| own_name("staff", raw))
            .collect();
        let distinct: std::collections::BTreeSet<_> = odd.iter().collect();
        assert_eq!(distinct.len(), odd.len(), "{odd:?}");
        for name in &odd {
            let own = name.strip_prefix("staff/").unwrap();
            assert!(own.len() <= MAX_NAME, "{name}");
            let label = |b: u8| b.is_ascii_alphanumeric() || b"._-~".contains(&b);
            assert!(own.bytes().all(label), "{name}");
        }
    }
}
