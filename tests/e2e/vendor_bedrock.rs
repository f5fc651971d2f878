//! AWS's own client, boto3: against the mock, which checks its signatures and must be
//! understood by it, and through Envoy, which must change nothing and sign anew.

use crate::support::gateway::{Gateway, Setup};
use crate::support::python;
use serde_json::{Value, json};
use sluice::cli::mock::Server;

const CLAUDE: &str = "us.anthropic.claude-haiku-4-5-20251001-v1:0";
const ARN: &str = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-haiku-4-5-20251001-v1:0";

/// As many as the script has.
const FLOWS: usize = 8;

async fn run(url: &str, model: &str, auth: &str) {
    let said = python::run("tests/clients/bedrock.py", &[url, model, auth], &Value::Null).await;
    assert_eq!(said.lines().filter(|l| l.starts_with("ok ")).count(), FLOWS, "{said}");
}

/// One provider for each way to present a credential.
async fn gateway() -> Gateway {
    let text = format!(
        r#"
providers:
  signed: {{ kind: bedrock, region: us-east-1, keys: [{{ aws: {{}} }}] }}
  bearer: {{ kind: bedrock, region: us-east-1 }}
  wrong:
    kind: bedrock
    region: eu-west-1
    keys: [{{ aws: {{ secret_access_key: AWS_WRONG_SECRET, session_token: AWS_SESSION_TOKEN }} }}]
models:
- {{ name: wrong, targets: [wrong/x] }}
- {{ name: chat, targets: ["signed/us.amazon.nova-2-lite-v1:0"] }}
- {{ name: profile, targets: ["signed/{ARN}"] }}
- {{ name: spoiled, targets: ["signed/x!tokens=9;bad-crc-after=2"] }}
- {{ name: "eu.*", targets: ["bearer/*"] }}
- {{ name: "*", targets: ["signed/*"] }}
"#
    );
    Gateway::start(Setup { config: Some(text), ..Setup::default() }).await
}

async fn chat(gateway: &Gateway, model: &str, stream: bool) -> (u16, String) {
    let body = json!({ "model": model, "stream": stream,
        "messages": [{ "role": "user", "content": "hello there" }] });
    let call = reqwest::Client::new().post(gateway.url("/v1/chat/completions")).json(&body);
    let answer = call.send().await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("text"))
}

#[tokio::test(flavor = "multi_thread")]
async fn boto3_takes_the_mock_for_aws() {
    let mock = Server::start(([127, 0, 0, 1], 0).into()).await.expect("a port");
    let url = format!("http://{}", mock.addr());
    for model in [CLAUDE, ARN] {
        run(&url, model, "sigv4").await;
    }
    run(&url, CLAUDE, "bearer").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn boto3_is_content_behind_the_gateway_which_signs_anew() {
    let mut gateway = gateway().await;
    run(&gateway.url(""), CLAUDE, "bearer").await;
    let seen = gateway.mock.requests();
    assert!(seen.iter().all(|r| {
        r.header("authorization").is_some_and(|a| a.starts_with("AWS4-HMAC-SHA256 "))
            && r.header("x-amz-security-token") == Some("SESSION-EXAMPLE")
    }));
    gateway.mock.clear();
    run(&gateway.url(""), "eu.anthropic.claude-haiku-4-5-20251001-v1:0", "sigv4").await;
    let seen = gateway.mock.requests();
    let key = Some("Bearer sk-bedrock-of-the-gateway");
    assert!(seen.iter().all(|r| r.header("authorization") == key));
    assert!(seen.iter().all(|r| r.header("x-amz-security-token").is_none()));
    gateway.assert_calm().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn chats_are_signed_and_checksums_believed() {
    let mut gateway = gateway().await;
    let (status, answer) = chat(&gateway, "chat", false).await;
    assert!(status == 200 && answer.contains("You said: hello there"), "{status} {answer}");
    let (status, answer) = chat(&gateway, "chat", true).await;
    assert!(status == 200 && answer.ends_with("data: [DONE]\n\n"), "{status} {answer}");
    let (status, answer) = chat(&gateway, "profile", true).await;
    assert!(status == 200 && answer.ends_with("data: [DONE]\n\n"), "{status} {answer}");
    let path = gateway.mock.requests().pop().expect("a request").path;
    assert!(
        path.starts_with(
            "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2Fus."
        ),
        "{path}"
    );
    let (_, answer) = chat(&gateway, "spoiled", true).await;
    assert!(answer.contains("checksum") && !answer.contains("[DONE]"), "{answer}");
    let (status, answer) = chat(&gateway, "wrong", false).await;
    assert_eq!(status, 502, "{answer}");
    assert!(answer.contains("the operator must check its key"), "{answer}");
    assert!(!answer.contains("AKIA"), "{answer}");
    gateway.assert_calm().await;
}
