//! What can be wrong with identities, by path.

use super::{base, env, load, read};
use serde_json::{Value, json};

fn key(digit: &str, more: Value) -> Value {
    let mut key = json!({ "sha256": digit.repeat(64) });
    key.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    key
}

fn one(more: Value) -> Value {
    let mut consumer = json!({ "name": "a", "key_sha256": ["0".repeat(64)] });
    consumer.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!([consumer])
}

#[test]
fn every_mistake_is_named_by_its_path() {
    let jwt = json!({ "jwt": { "metadata": "jwt_payload" } });
    let header = |peers: Value| json!({ "header": { "name": "x-consumer", "peers": peers } });
    let keyed = one(json!({}));
    let cases = [
        (
            json!({ "salt": "s", "pepper": { "env": "P" } }),
            keyed.clone(),
            "identity.salt",
            "leave one",
        ),
        (json!({ "salt": "" }), keyed.clone(), "identity.salt", "leave it out"),
        (
            json!({ "pepper": { "env": "NONE" } }),
            keyed.clone(),
            "identity.pepper",
            "`NONE` is not set",
        ),
        (json!({ "pepper": "x" }), keyed.clone(), "identity.pepper", "expected struct"),
        (
            json!({ "jwt": { "metadata": "" } }),
            keyed.clone(),
            "identity.jwt.metadata",
            "payload_in_metadata",
        ),
        (json!({ "jwt": {} }), keyed.clone(), "identity.jwt", "metadata"),
        (
            json!({ "header": { "name": "", "peers": ["::/0"] } }),
            keyed.clone(),
            "identity.header.name",
            "the name of a header",
        ),
        (
            json!({ "header": { "name": "a b", "peers": ["::/0"] } }),
            keyed.clone(),
            "identity.header.name",
            "the name of a header",
        ),
        (
            json!({ "header": { "name": "Authorization", "peers": ["::/0"] } }),
            keyed.clone(),
            "identity.header.name",
            "another meaning",
        ),
        (
            json!({ "header": { "name": "x-sluice-user", "peers": ["::/0"] } }),
            keyed.clone(),
            "identity.header.name",
            "another meaning",
        ),
        (header(json!([])), keyed.clone(), "identity.header.peers", "1 to 1024"),
        (header(json!(["10.0.0.0/33"])), keyed.clone(), "identity.header.peers[0]", "10.0.0.0/8"),
        (header(json!(["::/0", "host"])), keyed.clone(), "identity.header.peers[1]", "10.0.0.0/8"),
        (json!({}), json!([{ "name": "a" }]), "consumers[0]", "nobody can be this one"),
        (
            json!({}),
            json!([{ "name": "a", "header": ["x"] }]),
            "consumers[0].header",
            "identity.header",
        ),
        (
            header(json!(["::/0"])),
            json!([{ "name": "a", "header": [] }]),
            "consumers[0]",
            "nobody can be",
        ),
        (
            header(json!(["::/0"])),
            json!([{ "name": "a", "header": ["b"] }, { "name": "b" }]),
            "consumers[1].name",
            "earlier consumer",
        ),
        (json!({}), one(json!({ "jwt": { "sub": "a" } })), "consumers[0].jwt", "identity.jwt"),
        (jwt.clone(), one(json!({ "name_from": "sub" })), "consumers[0].name_from", "beside jwt"),
        (jwt.clone(), one(json!({ "jwt": { "": "a" } })), "consumers[0].jwt", "1 to 1024 bytes"),
        (jwt.clone(), one(json!({ "jwt": { "sub": 7 } })), "consumers[0].jwt.sub", "string"),
        (json!({}), one(json!({ "spiffe": [""] })), "consumers[0].spiffe[0]", "1 to 1024"),
        (json!({}), one(json!({ "dns": vec!["x"; 17] })), "consumers[0].dns", "more than 16"),
        (
            json!({}),
            json!([{ "name": "a", "spiffe": ["spiffe://x"] }, { "name": "b", "spiffe": ["spiffe://x"] }]),
            "consumers[1].spiffe[0]",
            "earlier consumer",
        ),
        (json!({}), one(json!({ "team": "none" })), "consumers[0].team", "none of `teams`"),
        (
            json!({}),
            one(json!({ "keys": [key("x", json!({}))] })),
            "consumers[0].keys[0].sha256",
            "64 hex",
        ),
        (
            json!({}),
            one(json!({ "keys": [key("0", json!({}))] })),
            "consumers[0].keys[0].sha256",
            "must differ",
        ),
        (
            json!({}),
            one(json!({ "keys": [key("1", json!({ "name": "a b" }))] })),
            "consumers[0].keys[0].name",
            "a-z",
        ),
        (
            json!({}),
            one(json!({ "keys": [key("1", json!({ "expires": "tomorrow" }))] })),
            "consumers[0].keys[0].expires",
            "in UTC",
        ),
        (
            json!({}),
            one(json!({ "keys": [key("1", json!({ "not_before": "2026-13-01T00:00:00Z" }))] })),
            "consumers[0].keys[0].not_before",
            "in UTC",
        ),
        (
            json!({}),
            one(
                json!({ "keys": [key("1", json!({ "not_before": "2027-01-01T00:00:00Z", "expires": "2026-01-01T00:00:00Z" }))] }),
            ),
            "consumers[0].keys[0].expires",
            "later than not_before",
        ),
        (
            json!({}),
            one(json!({ "keys": [key("1", json!({ "until": 1 }))] })),
            "consumers[0].keys[0].until",
            "unknown field",
        ),
    ];
    for (identity, consumers, path, words) in cases {
        let mut file = base();
        (file["identity"], file["consumers"]) = (identity, consumers);
        let problems = read(&file).expect_err(path);
        let found = problems.iter().any(|p| p.path == path && p.message.contains(words));
        assert!(found, "wanted {path}: ..{words}.., got {problems:?}");
    }
}

#[test]
fn a_key_may_end_late_or_be_over() {
    for expires in ["2001-01-01T00:00:00Z", "9999-12-31T23:59:59.5Z"] {
        let mut file = base();
        file["consumers"] = one(json!({ "keys": [key("1", json!({ "expires": expires }))] }));
        assert_eq!(read(&file).unwrap().identity.keys.len(), 2, "{expires}");
    }
}

#[test]
fn patterns_are_bounded_and_texts_are_not() {
    let mut file = base();
    let consumers = |n: usize, text: &dyn Fn(usize) -> String| {
        (0..n).map(|i| json!({ "name": format!("c{i}"), "spiffe": [text(i)] })).collect::<Value>()
    };
    file["consumers"] = consumers(5000, &|i| format!("spiffe://prod/{i}"));
    read(&file).unwrap();
    file["consumers"] = consumers(1025, &|i| format!("spiffe://prod/{i}/*"));
    let problems = load(file.to_string().as_bytes(), &env).unwrap_err();
    assert_eq!((problems.len(), &*problems[0].path), (1, "consumers[1024].spiffe[0]"));
}
