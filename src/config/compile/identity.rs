//! `identity`, and what stands at consumers of how each is known.

use super::{Problems, is_label};
use crate::config::identity::claims::{Claims, Wants};
use crate::config::identity::keys::{Digester, Keys, MAX_KEY, MAX_KEYS, Terms, parse};
use crate::config::identity::names::{MAX_PATTERNS, MAX_TEXT, Names};
use crate::config::identity::peers::{Network, Peers};
use crate::config::identity::{Header, Identity, Jwt};
use crate::config::raw;
use std::time::UNIX_EPOCH;

/// Filled consumer by consumer.
pub(super) struct Known {
    identity: Identity,
    wants: Vec<Wants>,
}

/// Most keys, and most patterns of a kind, of one consumer.
const MAX_OWN: usize = 16;
const TIME: &str = "must be a time in UTC, such as 2026-12-31T23:59:59Z";

// === impl Known ===

impl Known {
    pub(super) fn new(
        raw: &raw::Sluice,
        env: &dyn Fn(&str) -> Option<String>,
        problems: &mut Problems,
    ) -> Self {
        let digester = digester(&raw.identity, env, problems);
        let room = raw.consumers.as_ref().map_or(0, Vec::len);
        let jwt = raw.identity.jwt.as_ref().map(|jwt| {
            if jwt.metadata.is_empty() {
                let words = "is empty; write what jwt_authn's payload_in_metadata says";
                problems.add("identity.jwt.metadata", words);
            }
            Jwt { metadata: jwt.metadata.clone(), claims: Claims::default() }
        });
        let header = raw.identity.header.as_ref().map(|h| header(h, problems));
        let keys = Keys::with_room(digester, room);
        let identity = Identity { keys, jwt, header, ..Identity::default() };
        Self { identity, wants: Vec::new() }
    }

    /// One consumer's.
    pub(super) fn add(
        &mut self,
        consumer: &raw::Consumer,
        (i, path): (usize, &str),
        problems: &mut Problems,
    ) {
        self.keys(consumer, (i, path), problems);
        self.claims(consumer, (i, path), problems);
        names(&mut self.identity.uris, &consumer.spiffe, (i, path, "spiffe"), problems);
        names(&mut self.identity.dns, &consumer.dns, (i, path, "dns"), problems);
        let mut by_header = false;
        match (&mut self.identity.header, &consumer.header) {
            (Some(header), None) => {
                by_header = header.values.add(&consumer.name, i);
                if !by_header {
                    let words = "as a value of identity.header is an earlier consumer's pattern";
                    problems.add(format!("{path}.name"), words);
                }
            }
            (Some(header), Some(own)) => {
                by_header = !own.is_empty();
                names(&mut header.values, own, (i, path, "header"), problems);
            }
            (None, Some(_)) => {
                problems.add(format!("{path}.header"), "only means something with identity.header");
            }
            (None, None) => {}
        }
        let lists = [consumer.key_sha256.len(), consumer.keys.len(), consumer.jwt.len()];
        let lists = [lists.as_slice(), &[consumer.spiffe.len(), consumer.dns.len()]].concat();
        if !by_header && lists.iter().all(|n| *n == 0) {
            let words =
                "nobody can be this one: give it key_sha256, keys, jwt, spiffe, dns or header";
            problems.add(path, words);
        }
    }

    pub(super) fn finish(mut self, problems: &mut Problems) -> Identity {
        if let Some(jwt) = &mut self.identity.jwt {
            match Claims::new(self.wants) {
                Some(claims) => jwt.claims = claims,
                None => problems.add("consumers", too_many("jwt", "every claim's pattern has")),
            }
        }
        self.identity
    }

    fn keys(
        &mut self,
        consumer: &raw::Consumer,
        (i, path): (usize, &str),
        problems: &mut Problems,
    ) {
        if consumer.key_sha256.len() + consumer.keys.len() > MAX_OWN {
            problems.add(format!("{path}.keys"), format!("has more than {MAX_OWN} keys"));
        }
        let mut enter = |text: &str, terms, path: &dyn Fn() -> String, problems: &mut Problems| {
            let words = match parse(text) {
                None => "must be 64 hexadecimal digits: `sluice key new` prints them",
                Some(_) if self.identity.keys.len() >= MAX_KEYS => "is one key too many",
                Some(digest) if self.identity.keys.add(digest, i, terms) => return,
                Some(_) => "this key stands there already; keys must differ",
            };
            problems.add(path(), words);
        };
        for (j, text) in consumer.key_sha256.iter().enumerate() {
            enter(text, Terms::default(), &|| format!("{path}.key_sha256[{j}]"), problems);
        }
        for (j, key) in consumer.keys.iter().enumerate() {
            let path = format!("{path}.keys[{j}]");
            let terms = terms(key, &path, problems);
            enter(&key.sha256, terms, &|| format!("{path}.sha256"), problems);
        }
    }

    fn claims(
        &mut self,
        consumer: &raw::Consumer,
        (i, path): (usize, &str),
        problems: &mut Problems,
    ) {
        if consumer.name_from.is_some() && consumer.jwt.is_empty() {
            problems.add(format!("{path}.name_from"), "only means something beside jwt");
        }
        if consumer.jwt.is_empty() {
            return;
        }
        if self.identity.jwt.is_none() {
            problems.add(format!("{path}.jwt"), "only means something with identity.jwt");
        }
        if consumer.jwt.len() > MAX_OWN {
            problems.add(format!("{path}.jwt"), format!("has more than {MAX_OWN} claims"));
        }
        let fits = |text: &str| (1..=MAX_TEXT).contains(&text.len());
        let named = consumer.name_from.iter().map(|name| (name.as_str(), "*"));
        let all = consumer.jwt.iter().map(|(name, pattern)| (name.as_str(), pattern.as_str()));
        if !all.chain(named).all(|(name, pattern)| fits(name) && fits(pattern)) {
            let words = format!("claims and their patterns have 1 to {MAX_TEXT} bytes");
            problems.add(format!("{path}.jwt"), words);
        }
        let claims = consumer.jwt.iter();
        let claims = claims.map(|(name, pattern)| (name.as_str().into(), pattern.as_str().into()));
        self.wants.push(Wants {
            consumer: i,
            claims: claims.collect(),
            name_from: consumer.name_from.as_deref().map(Into::into),
        });
    }
}

fn digester(
    raw: &raw::Identity,
    env: &dyn Fn(&str) -> Option<String>,
    problems: &mut Problems,
) -> Digester {
    match (&raw.salt, &raw.pepper) {
        (None, None) => Digester::Plain,
        (Some(salt), None) => {
            if salt.is_empty() || salt.len() > MAX_KEY {
                let words = format!("must have 1 to {MAX_KEY} bytes; leave it out for none");
                problems.add("identity.salt", words);
            }
            Digester::salted(salt)
        }
        (None, Some(pepper)) => {
            let made = env(&pepper.env).and_then(|pepper| Digester::peppered(&pepper));
            made.unwrap_or_else(|| {
                let words = format!("the environment variable `{}` is not set", pepper.env);
                problems.add("identity.pepper", words);
                Digester::Plain
            })
        }
        (Some(_), Some(_)) => {
            problems.add("identity.salt", "a pepper needs no salt; leave one of them out");
            Digester::Plain
        }
    }
}

fn header(raw: &raw::TrustedHeader, problems: &mut Problems) -> Header {
    let name = raw.name.to_ascii_lowercase();
    let token = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    let ours = ["x-sluice-", "x-envoy-"].iter().any(|ours| name.starts_with(ours));
    let taken = ["authorization", "cookie", "host", "x-api-key", "api-key", "x-goog-api-key"];
    if name.is_empty() || name.len() > 64 || !name.bytes().all(token) {
        problems.add("identity.header.name", "must be the name of a header");
    } else if ours || taken.contains(&name.as_str()) {
        let words = "must not be a header that has another meaning; x-consumer is a good one";
        problems.add("identity.header.name", words);
    }
    if raw.peers.is_empty() || raw.peers.len() > MAX_PATTERNS {
        let words = format!("must list 1 to {MAX_PATTERNS} networks or URIs of certificates");
        problems.add("identity.header.peers", words);
    }
    let mut peers = Peers::default();
    for (i, text) in raw.peers.iter().enumerate() {
        match Network::parse(text) {
            Some(network) => peers.networks.push(network),
            None if text.contains("://") => peers.uris.push(text.clone()),
            None => problems.add(
                format!("identity.header.peers[{i}]"),
                "must be a network such as 10.0.0.0/8, or a URI such as spiffe://prod/ns/edge/*",
            ),
        }
    }
    Header { name, peers, values: Names::default() }
}

fn terms(key: &raw::ClientKey, path: &str, problems: &mut Problems) -> Terms {
    if key.name.as_ref().is_some_and(|name| !is_label(name)) {
        problems.add(format!("{path}.name"), "a name is 1 to 64 of a-z A-Z 0-9 . _ -");
    }
    let mut time = |text: &Option<String>, field: &str| {
        let text = text.as_ref()?;
        let time = humantime::parse_rfc3339(text).ok().filter(|_| text.len() <= 40);
        let since = time.and_then(|t| t.duration_since(UNIX_EPOCH).ok());
        // The year 2554 is for ever.
        let nanos = since.map(|since| u64::try_from(since.as_nanos()).unwrap_or(u64::MAX));
        if nanos.is_none() {
            problems.add(format!("{path}.{field}"), TIME);
        }
        nanos
    };
    let not_before = time(&key.not_before, "not_before");
    let expires = time(&key.expires, "expires");
    if let (Some(from), Some(to)) = (not_before, expires)
        && to <= from
    {
        problems.add(format!("{path}.expires"), "must be later than not_before");
    }
    Terms { name: key.name.as_deref().map(Into::into), not_before, expires, disabled: key.disabled }
}

/// Adds one consumer's patterns of one kind.
fn names(
    to: &mut Names,
    own: &[String],
    (i, path, field): (usize, &str, &str),
    problems: &mut Problems,
) {
    if own.len() > MAX_OWN {
        problems.add(format!("{path}.{field}"), format!("has more than {MAX_OWN} entries"));
    }
    for (j, text) in own.iter().enumerate() {
        let path = || format!("{path}.{field}[{j}]");
        if !(1..=MAX_TEXT).contains(&text.len()) {
            problems.add(path(), format!("must have 1 to {MAX_TEXT} bytes"));
        } else if !to.add(text, i) {
            let words = "is an earlier consumer's, or one more than the";
            problems.add(path(), format!("{words} {MAX_PATTERNS} patterns with a `*`"));
        }
    }
}

fn too_many(field: &str, which: &str) -> String {
    format!(
        "more than {MAX_PATTERNS} have a `{field}` of which {which} a `*`: give each of them one \
         without"
    )
}
