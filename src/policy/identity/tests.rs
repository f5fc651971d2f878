//! The order of identities, and what each kind refuses.

use super::*;
use crate::config;
use crate::config::identity::keys::{Digester, hex};
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};

fn sha(key: &str) -> String {
    hex(&Digester::Plain.digest(key.as_bytes()))
}

fn gateway(identity: Value, consumers: Value) -> Config {
    let file = json!({
        "providers": { "openai": { "kind": "openai", "keys": [{ "value": "sk" }] } },
        "models": [{ "name": "m", "targets": ["openai/gpt-5"] }],
        "identity": identity, "consumers": consumers,
    });
    config::load(file.to_string().as_bytes(), &|_| Some("Jefe".into())).unwrap()
}

/// A request as Envoy has it.
#[derive(Default)]
struct Request {
    headers: Headers,
    payload: Option<Value>,
    uri: &'static str,
    dns: &'static str,
    peer: &'static str,
    now: u64,
    /// Properties that were asked for, and how often the time.
    asked: RefCell<Vec<String>>,
    times: Cell<u32>,
}

impl Request {
    fn with(headers: &[(&str, &[u8])]) -> Self {
        let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), v.to_vec())).collect();
        Self { headers, ..Self::default() }
    }

    fn property(&self, path: &[&str]) -> Option<Vec<u8>> {
        self.asked.borrow_mut().push(path.join("."));
        let text = |text: &str| (!text.is_empty()).then(|| text.as_bytes().to_vec());
        match path {
            ["metadata"] => self.payload.as_ref().map(metadata),
            ["connection", "uri_san_peer_certificate"] => text(self.uri),
            ["connection", "dns_san_peer_certificate"] => text(self.dns),
            ["filter_state", "sluice.peer"] => text(self.peer),
            _ => None,
        }
    }

    /// As the gateway role does it.
    fn caller(&self, config: &Config) -> Result<Caller, Error> {
        let property = |path: &[&str]| self.property(path);
        let mut headers = self.headers.clone();
        if let Some(header) = &config.identity.header
            && !header::is_trusted(header, &property)
        {
            headers.retain(|(name, _)| *name != header.name);
        }
        let now = || {
            self.times.set(self.times.get() + 1);
            self.now
        };
        identify(config, &Asked { headers: &headers, property: &property, now: &now })
    }

    fn name(&self, config: &Config) -> String {
        self.caller(config).map_or_else(|e| format!("{}", e.status()), |c| c.name().to_owned())
    }
}

/// As Envoy serialises it, with a neighbour.
fn metadata(payload: &Value) -> Vec<u8> {
    let wrapped = json!({ "jwt_payload": payload });
    let fields = |v: &Value| config::protobuf::written::structure(v.as_object().unwrap());
    let entry = |name: &str, inner: &[u8]| {
        use config::protobuf::written::field;
        field(1, &[field(1, name.as_bytes()), field(2, inner)].concat())
    };
    let mut out =
        entry("envoy.filters.http.rbac", &fields(&json!({ "jwt_payload": { "sub": "x" } })));
    out.extend(entry("envoy.filters.http.jwt_authn", &fields(&wrapped)));
    out
}

const A_TOKEN: &[u8] = b"Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln";

fn all_kinds() -> Config {
    gateway(
        json!({ "jwt": { "metadata": "jwt_payload" },
                "header": { "name": "X-Consumer", "peers": ["10.0.0.0/8", "spiffe://prod/edge"] } }),
        json!([
            { "name": "keyed", "key_sha256": [sha("sk-good")], "header": [] },
            { "name": "staff", "jwt": { "groups": "eng-*", "iss": "idp" }, "name_from": "sub", "header": [] },
            { "name": "robots", "jwt": { "client_id": "7" }, "header": [] },
            { "name": "svc", "spiffe": ["spiffe://prod/ns/chat/*"], "dns": ["*.chat.example"], "header": [] },
            { "name": "meshed" },
            { "name": "others", "header": ["tenant-*"] },
        ]),
    )
}

#[test]
fn key_then_token_then_certificate_then_header() {
    let config = all_kinds();
    let staff = json!({ "iss": "idp", "groups": ["x", "eng-1"], "sub": "alice" });
    let full = |headers: &[(&str, &[u8])]| Request {
        payload: Some(staff.clone()),
        uri: "spiffe://prod/ns/chat/sa/a",
        peer: "10.1.1.1",
        ..Request::with(headers)
    };
    let good: (&str, &[u8]) = ("authorization", b"Bearer sk-good");
    let header: (&str, &[u8]) = ("x-consumer", b"meshed");
    assert_eq!(full(&[good, header]).name(&config), "keyed");
    // A wrong key is refused, whatever else would pass.
    assert_eq!(full(&[("x-api-key", b"sk-bad"), header]).name(&config), "401");
    assert_eq!(full(&[header]).name(&config), "staff/alice");
    assert_eq!(Request { payload: None, ..full(&[header]) }.name(&config), "svc");
    let header_alone = Request { payload: None, uri: "", ..full(&[header]) };
    assert_eq!(header_alone.name(&config), "meshed");
    assert_eq!(Request { payload: None, uri: "", ..full(&[]) }.name(&config), "401");
}

#[test]
fn a_verified_token_is_no_key() {
    let config = all_kinds();
    let payload = Some(json!({ "client_id": 7 }));
    let bearer =
        Request { payload: payload.clone(), ..Request::with(&[("authorization", A_TOKEN)]) };
    assert_eq!(bearer.name(&config), "robots");
    assert_eq!(
        *bearer.asked.borrow(),
        ["filter_state.sluice.peer", "connection.uri_san_peer_certificate", "metadata"]
    );
    // A key beside it counts, a wrong one too.
    for (key, name) in [(&b"sk-good"[..], "keyed"), (b"sk-bad", "401")] {
        let both = Request::with(&[("authorization", A_TOKEN), ("x-api-key", key)]);
        assert_eq!(Request { payload: payload.clone(), ..both }.name(&config), name);
    }
    // One that nobody has verified is a wrong key; a key is no token.
    assert_eq!(Request::with(&[("authorization", A_TOKEN)]).name(&config), "401");
    let key = Request::with(&[("authorization", b"Bearer sk-x.y.z")]);
    assert_eq!(Request { payload: payload.clone(), ..key }.name(&config), "401");
    // Without the claim that names them, they are nobody.
    let nameless = json!({ "iss": "idp", "groups": "eng-1" });
    assert_eq!(Request { payload: Some(nameless), ..Request::default() }.name(&config), "401");
}

#[test]
fn a_header_is_believed_from_peers_alone() {
    let config = all_kinds();
    let from = |peer, uri, value: &'static [u8]| {
        Request { peer, uri, ..Request::with(&[("x-consumer", value)]) }.name(&config)
    };
    for (peer, uri, value, name) in [
        ("10.1.1.1", "", &b"meshed"[..], "meshed"),
        ("10.1.1.1:443", "", b" tenant-7 ", "others"),
        ("", "spiffe://prod/edge", b"meshed", "meshed"),
        // Spoofs.
        ("11.1.1.1", "", b"meshed", "401"),
        ("", "", b"meshed", "401"),
        ("", "spiffe://prod/edge/x", b"meshed", "401"),
        ("10.1.1.1, 1.2.3.4", "", b"meshed", "401"),
        // A name that is not the header's to give, and bytes that are no name.
        ("10.1.1.1", "", b"keyed", "401"),
        ("10.1.1.1", "", b"nobody", "401"),
        ("10.1.1.1", "", b"", "401"),
        ("10.1.1.1", "", b"mesh\xff", "401"),
        ("10.1.1.1", "", b"meshed\n", "meshed"),
    ] {
        assert_eq!(from(peer, uri, value), name, "{peer} {uri} {value:?}");
    }
    let two = Request::with(&[("x-consumer", b"meshed"), ("x-consumer", b"others")]);
    assert_eq!(Request { peer: "10.1.1.1", ..two }.name(&config), "401");
}

#[test]
fn certificates_by_uri_and_by_name() {
    let config = all_kinds();
    for (uri, dns, name) in [
        ("spiffe://prod/ns/chat/sa/x", "", "svc"),
        ("", "a.chat.example", "svc"),
        ("spiffe://test/ns/chat/sa/x", "a.chat.example", "svc"),
        ("spiffe://test/ns/chat/sa/x", "chat.example", "401"),
    ] {
        assert_eq!(Request { uri, dns, ..Request::default() }.name(&config), name, "{uri} {dns}");
    }
}

#[test]
fn keys_wherever_sdks_put_them() {
    let config = gateway(json!({}), json!([{ "name": "a", "key_sha256": [sha("sk-good")] }]));
    let long = vec![b'k'; 1 << 20];
    let bearer = [b"Bearer ", &long[..]].concat();
    for (headers, name) in [
        (&[("authorization", &b"Bearer sk-good"[..])][..], "a"),
        (&[("authorization", b"bearer   sk-good ")], "a"),
        (&[("x-api-key", b"sk-good")], "a"),
        (&[("api-key", b"sk-good")], "a"),
        (&[("x-goog-api-key", b"sk-good")], "a"),
        (&[("authorization", b"Basic abc"), ("x-api-key", b"sk-good")], "a"),
        (&[("authorization", b"Bearer"), ("x-api-key", b"sk-good")], "a"),
        (&[("authorization", b"Bearer sk-bad"), ("x-api-key", b"sk-good")], "401"),
        (&[("authorization", b"Bearer sk-good"), ("authorization", b"Bearer sk-bad")], "401"),
        (&[("authorization", b"Bearer")], "401"),
        (&[("authorization", b"Bearersk-good")], "401"),
        (&[("authorization", b"sk-good")], "401"),
        (&[("authorization", b"Bearer sk-good\nx")], "401"),
        (&[("authorization", b"Bearer \xff\xfe")], "401"),
        (&[("authorization", &bearer)], "401"),
        (&[("x-api-key", &long)], "401"),
        (&[], "401"),
    ] {
        let request = Request::with(headers);
        assert_eq!(
            request.name(&config),
            name,
            "{:?}",
            headers.iter().map(|h| h.0).collect::<Vec<_>>()
        );
        assert!(
            request.asked.borrow().is_empty() && request.times.get() == 0,
            "it costs host calls"
        );
    }
}

#[test]
fn keys_rotate_and_refusals_are_alike() {
    let at = |text: &str| {
        let time = humantime::parse_rfc3339(text).unwrap();
        time.duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos() as u64
    };
    let config = gateway(
        json!({}),
        json!([
            { "name": "a", "keys": [
                { "sha256": sha("old"), "name": "2026", "expires": "2027-02-01T00:00:00Z" },
                { "sha256": sha("new"), "not_before": "2027-01-01T00:00:00Z" },
                { "sha256": sha("lost"), "disabled": true } ] },
            { "name": "b", "key_sha256": [sha("plain")] },
        ]),
    );
    let say = |key: &str, now: &str| {
        let request = Request { now: at(now), ..Request::with(&[("x-api-key", key.as_bytes())]) };
        let said = request.caller(&config);
        let said = said.map(|c| c.key.unwrap().to_string()).map_err(|e| e.message.into_owned());
        (said, request.times.get())
    };
    let new = sha("new")[..8].to_owned();
    let refused = Err("no valid API key: send it as `authorization: Bearer KEY`".to_owned());
    for (key, now, name) in [
        ("old", "2026-12-31T23:59:59Z", Ok("2026".to_owned())),
        ("new", "2026-12-31T23:59:59Z", refused.clone()),
        ("old", "2027-01-15T00:00:00Z", Ok("2026".to_owned())),
        ("new", "2027-01-15T00:00:00Z", Ok(new.clone())),
        ("old", "2027-02-01T00:00:00Z", refused.clone()),
        ("lost", "2027-01-15T00:00:00Z", refused.clone()),
        ("unknown", "2027-01-15T00:00:00Z", refused),
    ] {
        assert_eq!(say(key, now), (name, 1), "{key} at {now}");
    }
    // The clock is not asked for a key that has no times.
    assert_eq!(say("plain", "2027-01-15T00:00:00Z"), (Ok(sha("plain")[..8].to_owned()), 0));
}

#[test]
fn salted_and_peppered() {
    let salted = hex(&Digester::salted("pinch").digest(b"k"));
    let peppered = hex(&Digester::peppered("Jefe").unwrap().digest(b"k"));
    for (identity, digest) in [
        (json!({ "salt": "pinch" }), &salted),
        (json!({ "pepper": { "env": "PEPPER" } }), &peppered),
    ] {
        let config = gateway(
            identity,
            json!([{ "name": "a", "key_sha256": [digest] },
            { "name": "b", "key_sha256": [sha("k")] }]),
        );
        assert_eq!(Request::with(&[("x-api-key", b"k")]).name(&config), "a");
        assert!(!format!("{config:?}").contains("Jefe"));
    }
}
