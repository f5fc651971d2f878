//! Who asks, as a real Envoy tells it: the files under `envoy/identity/`, tokens that
//! `jwt_authn` has verified, certificates, the peer of a connection, and many keys.

use crate::support::client::{Reply, chat, get};
use crate::support::gateway::{Gateway, Setup, config};
use crate::support::python;
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sluice::cli::yaml;
use std::path::{Path, PathBuf};
use std::process::Command;

const MODEL: &str = "- { name: m, targets: [openai/real] }";
const MANAGER: &str = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config";

fn addition(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(root.join("envoy/identity").join(name)).unwrap()
}

async fn start(more: &str, with: Vec<String>) -> Gateway {
    let config = Some(config(MODEL) + more);
    Gateway::start(Setup { config, with, ..Setup::default() }).await
}

fn sha(key: &str) -> String {
    Sha256::digest(key).iter().map(|b| format!("{b:02x}")).collect()
}

async fn ask(gateway: &Gateway, path: &str, headers: &[(&str, &str)]) -> Reply {
    let mut request = reqwest::Client::new().post(gateway.url(path)).json(&chat("m"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Reply::read(request.send().await.expect("the gateway answers")).await
}

const CHAT: &str = "/v1/chat/completions";

/// Whose calls were counted, in the order of the access log.
async fn consumers(gateway: &Gateway, n: usize) -> Vec<String> {
    let records = gateway.records(n).await;
    records.iter().map(|r| r["llm"]["consumer"].as_str().unwrap().to_owned()).collect()
}

// === tokens ===

const SECRET: &[u8] = b"a secret that only the issuer and Envoy know";

fn base64url(bytes: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let digits = |chunk: &[u8]| {
        let n = chunk.iter().fold(0_u32, |n, b| n << 8 | u32::from(*b)) << (24 - 8 * chunk.len());
        let all = (0..=chunk.len()).map(move |i| DIGITS[(n >> (18 - 6 * i) & 63) as usize]);
        all.map(char::from).collect::<String>()
    };
    bytes.chunks(3).map(digits).collect()
}

/// A token that jwt_authn takes, where `secret` is the issuer's.
fn token(claims: Value, secret: &[u8]) -> String {
    let mut all = json!({ "iss": "https://ISSUER", "aud": "AUDIENCE", "exp": 4_000_000_000_u64 });
    all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
    let head = base64url(br#"{"alg":"HS256","typ":"JWT","kid":"one"}"#);
    let signed = format!("{head}.{}", base64url(all.to_string().as_bytes()));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
    mac.update(signed.as_bytes());
    format!("{signed}.{}", base64url(&mac.finalize().into_bytes()))
}

/// The committed file, with the issuer's key in it instead of its address.
fn jwt(edit: impl Fn(&mut Value)) -> String {
    let mut file: Value = yaml::parse(&addition("jwt.yaml")).unwrap();
    file.as_object_mut().unwrap().remove("clusters");
    let authn = &mut file["http_filters_before"][0]["typed_config"];
    let provider = authn["providers"]["issuer"].as_object_mut().unwrap();
    provider.remove("remote_jwks");
    let key = json!({ "kty": "oct", "alg": "HS256", "kid": "one", "k": base64url(SECRET) });
    let jwks = json!({ "keys": [key] }).to_string();
    provider.insert("local_jwks".into(), json!({ "inline_string": jwks }));
    edit(authn);
    file.to_string()
}

fn token_consumers() -> String {
    format!(
        r#"
identity: {{ jwt: {{ metadata: jwt_payload }} }}
consumers:
  - {{ name: keyed, key_sha256: [{}] }}
  - {{ name: staff, jwt: {{ groups: "eng-*", "org.id": "7" }}, name_from: email }}
  - {{ name: numbered, jwt: {{ tenant: "12345" }} }}
  - {{ name: lettered, jwt: {{ tenant: "abcdefgh", "https://example.com/plan": "gold" }} }}
"#,
        sha("sk-good")
    )
}

#[tokio::test]
async fn a_verified_token_says_whose_the_call_is() {
    let mut gateway = start(&token_consumers(), vec![jwt(|_| {})]).await;
    let staff = json!({ "groups": ["x", "eng-1"], "org": { "id": 7 }, "email": "a@x.org",
        "admin": true, "none": null, "share": 0.5 });
    let good: [(Value, &str); 3] = [
        (staff.clone(), "staff/a_x.org"),
        (json!({ "tenant": 12345 }), "numbered"),
        (json!({ "tenant": "abcdefgh", "https://example.com/plan": "gold" }), "lettered"),
    ];
    for (claims, _) in &good {
        let bearer = format!("Bearer {}", token(claims.clone(), SECRET));
        let reply = ask(&gateway, CHAT, &[("authorization", &bearer)]).await;
        assert_eq!(reply.status, 200, "{claims}: {}", reply.text());
    }
    // A key beside a filter that only knows tokens.
    assert_eq!(ask(&gateway, CHAT, &[("authorization", "Bearer sk-good")]).await.status, 200);
    let names = consumers(&gateway, 4).await;
    for (name, (_, wanted)) in names.iter().zip(&good) {
        assert!(name.starts_with(wanted), "{names:?}");
    }
    assert_eq!(names[3], "keyed");

    // Another's signature, an old one, another audience, nobody's claims, a wrong key.
    let old = json!({ "groups": "eng-1", "org": { "id": 7 }, "email": "a", "exp": 1_000_000_000 });
    let elsewhere = json!({ "tenant": 12345, "aud": "another" });
    for bad in [
        token(staff.clone(), b"the secret of somebody else, as long"),
        token(old, SECRET),
        token(elsewhere, SECRET),
        token(json!({ "tenant": "12346" }), SECRET),
        "sk-bad".to_owned(),
    ] {
        let bearer = format!("Bearer {bad}");
        let reply = ask(&gateway, CHAT, &[("authorization", &bearer)]).await;
        assert_eq!(reply.error(), (401, "authentication_error".into(), "invalid_api_key".into()));
    }
    let bearer = format!("Bearer {}", token(staff.clone(), SECRET));
    let wrong_key = [("authorization", &*bearer), ("x-api-key", "sk-bad")];
    assert_eq!(ask(&gateway, CHAT, &wrong_key).await.status, 401);
    // In the client's own words.
    let reply = ask(&gateway, "/v1/messages", &[("x-api-key", "sk-bad")]).await;
    assert_eq!((reply.status, &reply.json()["type"]), (401, &json!("error")));
    assert_eq!(reply.json()["error"]["type"], "authentication_error");
    let reply = ask(&gateway, "/v1beta/models/m:generateContent", &[]).await;
    assert_eq!((reply.status, &reply.json()["error"]["status"]), (401, &json!("UNAUTHENTICATED")));

    // No provider has seen any of it.
    for request in gateway.mock.requests() {
        assert_eq!(request.header("authorization"), Some("Bearer sk-openai-of-the-gateway"));
        assert!(!format!("{:?}", request.headers).contains("eyJ"), "{:?}", request.headers);
    }
    gateway.assert_calm().await;
}

#[tokio::test]
async fn a_token_that_envoy_leaves_in_the_request_is_no_key() {
    let forwards = |authn: &mut Value| authn["providers"]["issuer"]["forward"] = json!(true);
    let mut gateway = start(&token_consumers(), vec![jwt(forwards)]).await;
    let bearer = format!("Bearer {}", token(json!({ "tenant": 12345 }), SECRET));
    let reply = ask(&gateway, CHAT, &[("authorization", &bearer)]).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(consumers(&gateway, 1).await, ["numbered"]);
    let seen = gateway.mock.requests();
    assert!(!format!("{:?}", seen[0].headers).contains("eyJ"), "{:?}", seen[0].headers);
    gateway.assert_calm().await;
}

/// Where jwt_authn refuses by itself, its answer stands: the call never came to us.
#[tokio::test]
async fn what_jwt_authn_refuses_itself_is_its_own_answer() {
    let strict = |authn: &mut Value| {
        authn["rules"][0] =
            json!({ "match": { "prefix": "/v1" }, "requires": { "provider_name": "issuer" } });
    };
    let mut gateway = start(&token_consumers(), vec![jwt(strict)]).await;
    let reply = ask(&gateway, CHAT, &[("authorization", "Bearer sk-good")]).await;
    assert_eq!(reply.status, 401);
    assert!(reply.text().starts_with("Jwt"), "{}", reply.text());
    gateway.assert_calm().await;
}

// === certificates ===

/// A certificate authority, and what it signs.
struct Authority(PathBuf);

impl Authority {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("sluice-ca-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let this = Self(folder);
        this.openssl(&format!(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN={name} \
             -keyout ca.key -out ca.pem"
        ));
        this
    }

    fn sign(&self, name: &str, san: &str) {
        self.openssl(&format!(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN={name} \
             -CA ca.pem -CAkey ca.key -addext subjectAltName={san} -addext basicConstraints=CA:FALSE \
             -keyout {name}.key -out {name}.pem"
        ));
    }

    fn openssl(&self, arguments: &str) {
        let command = Command::new("openssl")
            .args(arguments.split_whitespace())
            .current_dir(&self.0)
            .output();
        let output = command.expect("openssl runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    /// The status of a chat with this certificate, or none.
    async fn ask(&self, gateway: &Gateway, ca: &Self, name: &str, headers: Value) -> u64 {
        let cert = if name.is_empty() { String::new() } else { self.file(&format!("{name}.pem")) };
        let call = json!({ "port": gateway.port, "ca": ca.file("ca.pem"), "cert": cert,
            "key": self.file(&format!("{name}.key")), "headers": headers, "body": chat("m") });
        let said = python::run("tests/clients/mtls.py", &[], &call).await;
        serde_json::from_str::<Value>(&said).unwrap()["status"].as_u64().unwrap()
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn mtls(ca: &Authority, edit: impl Fn(&mut Value)) -> String {
    let text = addition("mtls.yaml")
        .replace("/etc/sluice/tls/server", &ca.file("server"))
        .replace("/etc/sluice/tls/clients-ca", &ca.file("ca"));
    let mut file: Value = yaml::parse(&text).unwrap();
    edit(&mut file["transport_socket"]["typed_config"]);
    file.to_string()
}

async fn over_tls(more: &str, with: Vec<String>) -> Gateway {
    let config = Some(config(MODEL) + more);
    Gateway::start(Setup { config, with, over_tls: true, ..Setup::default() }).await
}

const CERTIFIED: &str = r#"
identity: { header: { name: x-consumer, peers: ["spiffe://prod/ns/edge/*"] } }
consumers:
  - { name: chat, spiffe: ["spiffe://prod/ns/chat/*"], header: [] }
  - { name: named, dns: ["*.clients.example"], header: [] }
  - { name: meshed }
"#;

fn authority(name: &str) -> Authority {
    let ca = Authority::new(name);
    ca.sign("server", "DNS:localhost");
    ca.sign("chat", "URI:spiffe://prod/ns/chat/sa/a");
    ca.sign("named", "DNS:a.clients.example");
    ca.sign("other", "URI:spiffe://test/ns/chat/sa/a");
    ca.sign("edge", "URI:spiffe://prod/ns/edge/sa/gateway");
    ca
}

#[tokio::test]
async fn a_client_certificate_says_whose_the_call_is() {
    let (ca, forger) = (authority("ca"), authority("forger"));
    let mut gateway = over_tls(CERTIFIED, vec![mtls(&ca, |_| {})]).await;
    let word = json!({ "x-consumer": "meshed" });
    for (name, headers, status) in [
        ("chat", json!({}), 200),
        ("named", json!({}), 200),
        ("edge", word.clone(), 200),
        ("edge", json!({}), 401),
        ("edge", json!({ "x-consumer": "chat" }), 401),
        ("other", json!({}), 401),
        // Not from a peer that may say so.
        ("other", word.clone(), 401),
        ("chat", json!({ "authorization": "Bearer sk-bad" }), 401),
        ("", json!({}), 0),
    ] {
        assert_eq!(ca.ask(&gateway, &ca, name, headers.clone()).await, status, "{name} {headers}");
    }
    assert_eq!(forger.ask(&gateway, &ca, "chat", json!({})).await, 0, "another authority's");
    assert_eq!(consumers(&gateway, 3).await, ["chat", "named", "meshed"]);
    gateway.assert_calm().await;
}

#[tokio::test]
async fn certificates_beside_keys() {
    let ca = authority("optional");
    let optional = |tls: &mut Value| tls["require_client_certificate"] = json!(false);
    let more = format!(
        "consumers:\n  - {{ name: chat, spiffe: [\"spiffe://prod/*\"] }}\n  - {{ name: keyed, key_sha256: [{}] }}\n",
        sha("sk-good")
    );
    let mut gateway = over_tls(&more, vec![mtls(&ca, optional)]).await;
    assert_eq!(ca.ask(&gateway, &ca, "chat", json!({})).await, 200);
    assert_eq!(ca.ask(&gateway, &ca, "", json!({})).await, 401);
    let key = json!({ "authorization": "Bearer sk-good" });
    assert_eq!(ca.ask(&gateway, &ca, "", key.clone()).await, 200);
    assert_eq!(ca.ask(&gateway, &ca, "chat", key).await, 200);
    assert_eq!(consumers(&gateway, 3).await, ["chat", "keyed", "keyed"]);
    gateway.assert_calm().await;
}

/// Why the docs forbid it: the filter cannot see that nobody verified the certificate.
#[tokio::test]
async fn a_listener_that_accepts_the_untrusted_is_a_hole() {
    let (ca, forger) = (authority("lax"), authority("lax-forger"));
    let accepts = |tls: &mut Value| {
        tls["common_tls_context"]["validation_context"]["trust_chain_verification"] =
            json!("ACCEPT_UNTRUSTED");
    };
    let mut gateway = over_tls(CERTIFIED, vec![mtls(&ca, accepts)]).await;
    assert_eq!(forger.ask(&gateway, &ca, "chat", json!({})).await, 200);
    gateway.assert_calm().await;
}

// === a trusted header ===

fn trusting(peers: &str) -> String {
    format!(
        "identity: {{ header: {{ name: X-Consumer, peers: [{peers}] }} }}\n\
         passthrough_paths: [/other/*]\n\
         consumers: [{{ name: meshed }}]\n"
    )
}

/// A route of somebody else's, and x-forwarded-for believed.
fn with_another_route(bootstrap: String, _: &Path) -> String {
    let mut all: Value = serde_saphyr::from_str(&bootstrap).expect("YAML");
    let manager = all.pointer_mut(MANAGER).expect("the manager");
    manager["use_remote_address"] = json!(false);
    let routes = manager["route_config"]["virtual_hosts"][0]["routes"].as_array_mut().unwrap();
    routes.insert(0, json!({ "match": { "prefix": "/other/" }, "route": { "cluster": "openai" } }));
    all.to_string()
}

async fn behind(peers: &str, with: Vec<String>) -> Gateway {
    let config = Some(config(MODEL) + &trusting(peers));
    Gateway::start(Setup { config, with, edit: with_another_route, ..Setup::default() }).await
}

#[tokio::test]
async fn the_peer_of_the_connection_is_believed_and_no_other() {
    let word = ("x-consumer", "meshed");
    // We are a peer, whatever x-forwarded-for says.
    let mut gateway = behind("127.0.0.0/8", vec![addition("header.yaml")]).await;
    for headers in [&[word][..], &[word, ("x-forwarded-for", "8.8.8.8")]] {
        assert_eq!(ask(&gateway, CHAT, headers).await.status, 200, "{headers:?}");
    }
    assert_eq!(ask(&gateway, CHAT, &[("x-consumer", "nobody")]).await.status, 401);
    assert_eq!(ask(&gateway, CHAT, &[]).await.status, 401);
    assert_eq!(ask(&gateway, CHAT, &[word, word]).await.status, 401);
    let seen = gateway.mock.requests();
    assert!(seen.iter().all(|r| r.header("x-consumer").is_none()), "providers need not know");
    ask(&gateway, "/other/x", &[word]).await;
    assert_eq!(gateway.mock.requests().pop().unwrap().header("x-consumer"), Some("meshed"));
    gateway.assert_calm().await;

    // We are none, whatever x-forwarded-for says; and nobody downstream is told.
    let mut gateway = behind("10.0.0.0/8", vec![addition("header.yaml")]).await;
    for address in ["10.1.1.1", "8.8.8.8, 10.1.1.1", "10.1.1.1, 127.0.0.1"] {
        let headers =
            [word, ("x-forwarded-for", address), ("x-envoy-external-address", "10.1.1.1")];
        assert_eq!(ask(&gateway, CHAT, &headers).await.status, 401, "{address}");
        ask(&gateway, "/other/x", &headers).await;
        assert_eq!(gateway.mock.requests().pop().unwrap().header("x-consumer"), None);
    }
    gateway.assert_calm().await;
}

#[tokio::test]
async fn without_the_peers_address_nobody_is_believed() {
    let mut gateway = behind("127.0.0.0/8", vec![]).await;
    let headers =
        [("x-consumer", "meshed"), ("x-forwarded-for", "127.0.0.1"), ("sluice.peer", "127.0.0.1")];
    assert_eq!(ask(&gateway, CHAT, &headers).await.status, 401);
    gateway.assert_calm().await;
}

// === keys ===

#[tokio::test]
async fn a_peppered_key_and_one_that_is_over() {
    let mut mac = Hmac::<Sha256>::new_from_slice(b"the pepper").unwrap();
    mac.update(b"sk-peppered");
    let digest: String = mac.finalize().into_bytes().iter().map(|b| format!("{b:02x}")).collect();
    let more = format!(
        "identity: {{ pepper: {{ env: SLUICE_PEPPER }} }}\n\
         consumers:\n  - name: a\n    keys:\n      - {{ sha256: \"{digest}\", not_before: 2020-01-01T00:00:00Z, expires: 2999-01-01T00:00:00Z }}\n      \
         - {{ sha256: \"{}\" }}\n",
        sha("sk-peppered")
    );
    let env = vec![("SLUICE_PEPPER".into(), "the pepper".into())];
    let start = |more: String| {
        let setup =
            Setup { config: Some(config(MODEL) + &more), env: env.clone(), ..Setup::default() };
        Gateway::start(setup)
    };
    let mut gateway = start(more.clone()).await;
    assert_eq!(ask(&gateway, CHAT, &[("x-api-key", "sk-peppered")]).await.status, 200);
    assert_eq!(ask(&gateway, CHAT, &[("x-api-key", "sk-other")]).await.status, 401);
    gateway.assert_calm().await;
    // A key that is over stops nothing but itself.
    let mut gateway = start(more.replace("2999", "2021")).await;
    assert_eq!(ask(&gateway, CHAT, &[("x-api-key", "sk-peppered")]).await.status, 401);
    assert_eq!(get(&gateway, "/sluice/health").await.status, 200);
    gateway.assert_calm().await;
}

/// Resident memory of a process, in MiB.
fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|l| l.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

#[tokio::test]
async fn a_hundred_thousand_keys_load() {
    let consumers = |n: usize| {
        use std::fmt::Write;
        let mut text = String::from("consumers:\n");
        for i in 0..n {
            let _ =
                writeln!(text, "- {{ name: c{i}, key_sha256: [\"{}\"] }}", sha(&format!("sk-{i}")));
        }
        text
    };
    let mut measured = Vec::new();
    for n in [1, 100_000] {
        let more = consumers(n);
        let mut gateway = start(&more, vec![]).await;
        let ready = gateway.ready_after;
        let key = format!("sk-{}", n - 1);
        assert_eq!(ask(&gateway, CHAT, &[("x-api-key", &key)]).await.status, 200);
        assert_eq!(ask(&gateway, CHAT, &[("x-api-key", "sk-100000")]).await.status, 401);
        measured.push((ready, resident(gateway.pid())));
        gateway.assert_calm().await;
    }
    let ((few, small), (many, large)) = (measured[0], measured[1]);
    println!(
        "100,000 keys in a real Envoy: ready after {many:?} (one key: {few:?}), {} MiB more resident",
        large.saturating_sub(small)
    );
}
