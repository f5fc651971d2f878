//! Sign-in by Envoy's own filters, as the files under `envoy/sign-in/` have it:
//! against stand-ins for the clouds' token endpoints, and with AWS's own arithmetic
//! over what the provider received.

use crate::support::client::{chat, post};
use crate::support::gateway::{Gateway, Setup, eventually};
use crate::support::python;
use crate::support::stand_in::StandIn;
use serde_json::{Value, json};
use sluice::cli::mock::Recorded;
use sluice::cli::yaml;
use std::net::SocketAddr;
use std::path::Path;

/// The committed file, with these words filled in and its clusters moved here.
fn sign_in(name: &str, words: &[(&str, &str)], here: Option<SocketAddr>) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut text = std::fs::read_to_string(root.join("envoy/sign-in").join(name)).unwrap();
    for (word, value) in words {
        assert!(text.contains(word), "{name} has no {word}");
        text = text.replace(word, value);
    }
    let mut file: Value = yaml::parse(&text).unwrap();
    let clusters = file.get_mut("clusters").and_then(Value::as_array_mut);
    for cluster in clusters.into_iter().flatten() {
        let here = here.expect("somewhere to go");
        let cluster = cluster.as_object_mut().unwrap();
        cluster.remove("transport_socket");
        cluster.insert("type".into(), json!("STATIC"));
        let at = &mut cluster["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"];
        at["address"]["socket_address"] =
            json!({ "address": here.ip().to_string(), "port_value": here.port() });
    }
    file.to_string()
}

/// Three providers that Envoy signs in to, and one with a key of its own.
const PROVIDERS: &str = r#"
providers:
  azure: { kind: openai-compatible, url: "https://mine.openai.azure.com/v1", keys: none }
  google: { kind: openai-compatible, url: "https://us-east5-aiplatform.googleapis.com/v1", keys: none }
  aws: { kind: openai-compatible, url: "https://bedrock-runtime.us-east-1.amazonaws.com/v1", keys: none }
  arn: { kind: openai-compatible, url: "https://bedrock-runtime.us-east-1.amazonaws.com/model/a%3A0", keys: none }
  file: { kind: openai-compatible, url: "https://models.example/v1", keys: none }
  openai: { kind: openai }
models:
  - { name: azure, targets: [azure/gpt] }
  - { name: google, targets: [google/gpt] }
  - { name: arn, targets: [arn/gpt] }
  - { name: file, targets: [file/gpt] }
  - { name: chain, targets: ["azure/x!status=503", "aws/x!status=503", "google/x!status=503", openai/gpt] }
  - { name: no-token, targets: [azure/gpt, openai/gpt] }
"#;

fn setup(with: Vec<String>) -> Setup {
    let env = [
        ("ENTRA_CLIENT_SECRET", "s3/c ret"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
        ("AWS_SESSION_TOKEN", "session"),
    ];
    Setup {
        config: Some(PROVIDERS.into()),
        with,
        env: env.map(|(n, v)| (n.into(), v.into())).into(),
        ..Setup::default()
    }
}

/// What the provider got for the last call.
fn last(gateway: &Gateway) -> Recorded {
    gateway.mock.requests().pop().expect("a request")
}

const TOKEN: &str = r#"{"token_type":"Bearer","expires_in":3599,"access_token":"TOKEN"}"#;

const ENTRA: &[(&str, &str)] = &[("TENANT", "tenant-1"), ("APPLICATION", "app-1")];
const AWS: &[(&str, &str)] = &[("REGION", "us-east-1")];

#[tokio::test(flavor = "multi_thread")]
async fn each_cloud_gets_its_own_credential_and_no_other() {
    let entra = StandIn::start(200, &TOKEN.replace("TOKEN", "of-entra")).await;
    let google = StandIn::start(200, &TOKEN.replace("TOKEN", "of-google")).await;
    let mut gateway = Gateway::start(setup(vec![
        sign_in("entra.yaml", ENTRA, Some(entra.addr)),
        sign_in("google.yaml", &[], Some(google.addr)),
        sign_in("aws.yaml", AWS, None),
    ]))
    .await;
    eventually("the token of Entra", || (!entra.requests().is_empty()).then_some(())).await;

    for (model, token) in [("azure", "Bearer of-entra"), ("google", "Bearer of-google")] {
        post(&gateway, &chat(model)).await;
        assert_eq!(last(&gateway).header("authorization"), Some(token));
    }
    let asked = &entra.requests()[0];
    assert!(asked.starts_with("POST /tenant-1/oauth2/v2.0/token "), "{asked}");
    for part in [
        "grant_type=client_credentials",
        "client_id=app-1",
        "client_secret=s3%2Fc%20ret",
        "scope=https%3A%2F%2Fcognitiveservices.azure.com%2F.default",
    ] {
        assert!(asked.contains(part), "{part} in {asked}");
    }
    let asked = google.requests().join("\n").to_lowercase();
    assert!(
        asked.contains("get /computemetadata/v1/instance/service-accounts/default/token"),
        "{asked}"
    );
    assert!(asked.contains("metadata-flavor: google"), "{asked}");

    // Along a chain of failures no credential outlives its attempt, and the last
    // one's key is its own.
    gateway.mock.clear();
    assert_eq!(post(&gateway, &chat("chain")).await.status, 200);
    let seen = gateway.mock.requests();
    let keys: Vec<&str> = seen.iter().map(|r| r.header("authorization").unwrap()).collect();
    assert_eq!(keys[0], "Bearer of-entra");
    assert!(keys[1].starts_with("AWS4-HMAC-SHA256 "), "{keys:?}");
    assert_eq!(keys[2..], ["Bearer of-google", "Bearer sk-openai-of-the-gateway"]);
    for (i, request) in seen.iter().enumerate() {
        let is_aws = i == 1;
        assert_eq!(request.header("x-amz-date").is_some(), is_aws);
        assert_eq!(request.header("x-amz-security-token").is_some(), is_aws);
    }
    gateway.assert_calm().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn aws_gets_a_signature_over_what_is_sent() {
    let mut gateway = Gateway::start(setup(vec![sign_in("aws.yaml", AWS, None)])).await;
    for (model, path) in [("arn", "/model/a%3A0/"), ("chain", "/v1/")] {
        gateway.mock.clear();
        post(&gateway, &chat(model)).await;
        let seen = gateway.mock.requests();
        let host = "bedrock-runtime.us-east-1.amazonaws.com";
        let signed = seen.iter().find(|r| r.header("host") == Some(host)).expect("a call to AWS");
        assert!(signed.path.starts_with(path), "{}", signed.path);
        let body: Value = serde_json::from_slice(&signed.body).unwrap();
        assert_ne!(body["model"], model, "the body is the provider's, not the client's");
        let call = json!({
            "method": signed.method,
            "path": signed.path,
            "headers": signed.headers,
            "body": String::from_utf8(signed.body.to_vec()).unwrap(),
        });
        python::run("tests/clients/sigv4.py", &[], &call).await;
    }
    gateway.assert_calm().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_the_next_target_serves() {
    let entra = StandIn::start(500, "{}").await;
    let google = StandIn::start(500, "{}").await;
    let mut gateway = Gateway::start(setup(vec![
        sign_in("entra.yaml", ENTRA, Some(entra.addr)),
        sign_in("google.yaml", &[], Some(google.addr)),
    ]))
    .await;
    eventually("Entra's refusal", || (!entra.requests().is_empty()).then_some(())).await;
    let reply = post(&gateway, &chat("no-token")).await;
    assert_eq!((reply.status, reply.header("x-sluice-provider")), (200, "openai"));
    // Alone, it is the gateway's fault, in the client's dialect.
    let (status, _, code) = post(&gateway, &chat("azure")).await.error();
    assert_eq!((status, code.as_str()), (502, "provider_auth"));
    gateway.assert_calm().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_in_a_file_is_renewed_as_the_file_is() {
    let folder = std::env::temp_dir().join(format!("sluice-sign-in-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let write = |token: &str| {
        let secret = json!({ "resources": [{
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret",
            "name": "bearer",
            "generic_secret": { "secret": { "inline_string": token } },
        }] });
        std::fs::write(folder.join("next"), secret.to_string()).unwrap();
        std::fs::rename(folder.join("next"), folder.join("bearer.yaml")).unwrap();
    };
    write("first");
    let words = [("HOST", "models.example"), ("/run/sluice", folder.to_str().unwrap())];
    let mut gateway = Gateway::start(setup(vec![sign_in("file.yaml", &words, None)])).await;
    assert_eq!(post(&gateway, &chat("file")).await.status, 200);
    assert_eq!(last(&gateway).header("authorization"), Some("Bearer first"));
    write("second");
    for _ in 0..100 {
        post(&gateway, &chat("file")).await;
        if last(&gateway).header("authorization") == Some("Bearer second") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(last(&gateway).header("authorization"), Some("Bearer second"));
    gateway.assert_calm().await;
    std::fs::remove_dir_all(&folder).unwrap();
}
