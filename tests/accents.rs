//! What goes to each kind of provider, shown to a mock that refuses what that vendor
//! refuses: the golden requests of the pair of like to like, by the kind's own host.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends by panicking; clippy.toml only knows functions marked as tests"
)]

use serde_json::Value;
use sluice::cli::mock::Server;
use sluice::provider;
use std::fs;
use std::path::Path;

#[tokio::test]
async fn vendors_take_what_is_sent_to_them() {
    let mock = Server::start(([127, 0, 0, 1], 0).into()).await.unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/openai-chat-openai-chat");
    let mut wrong = Vec::new();
    let (mut taken, mut needed) = (0, 0);
    for folder in fs::read_dir(root).unwrap().map(|e| e.unwrap().path()) {
        let json = |name: &str| -> Option<Value> {
            serde_json::from_slice(&fs::read(folder.join(name)).ok()?).ok()
        };
        let Some(kind) = json("case.json").and_then(|c| provider::kind(c["kind"].as_str()?)) else {
            continue;
        };
        let refused = json("outcome.json").is_some_and(|o| o.get("refused").is_some());
        // Words of the vendor's own that the mock of OpenAI does not know.
        let own = kind.quirks.replace.iter().map(|(field, ..)| *field);
        let strip: Vec<_> = own.chain(["unheard_of", "search_mode"]).collect();
        let Some(host) = kind.url.strip_prefix("https://").filter(|h| !h.contains('{')) else {
            continue;
        };
        let (host, base) = host.split_once('/').unwrap_or((host, ""));
        let url = format!("http://{}/{base}/chat/completions", mock.addr());
        let ask = async |file: &str| {
            let mut body = json(file).expect("a request");
            for name in &strip {
                body.as_object_mut().unwrap().remove(*name);
            }
            let client = reqwest::Client::new();
            let call = client.post(&url).header("host", host).bearer_auth("k").json(&body);
            let answer = call.send().await.unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap())
        };
        if refused {
            continue;
        }
        match ask("upstream-request.json").await {
            (200, _) => taken += 1,
            (status, said) => wrong.push(format!("{}: {status} {said}", folder.display())),
        }
        needed += usize::from(ask("request.json").await.0 == 400);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(taken >= 30, "{taken}");
    assert!(needed >= 15, "only {needed} were refused as the client wrote them");
}
