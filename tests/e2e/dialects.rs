//! The exchange's promises with every dialect as the provider's: falling back,
//! breaking in mid-stream, letting go, pieces of any size.

use crate::support::client::{chat, post, post_bytes, streamed};
use crate::support::gateway::{Gateway, Setup, eventually};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const PROVIDERS: &str = "
providers:
  openai: { kind: openai }
  anthropic: { kind: anthropic }
  gemini: { kind: gemini }
  cohere: { kind: cohere }
  vertex: { kind: vertex, project: p-1, region: us-east5 }
  bedrock: { kind: bedrock, region: us-east-1, keys: [{ aws: { session_token: AWS_SESSION_TOKEN } }] }
# Failures are asked for again and again.
health: { enabled: false }
";

/// Provider, model and API.
const FIRST: [(&str, &str, &str); 6] = [
    ("gemini", "gemini-3-flash-preview", "gemini"),
    ("bedrock", "us.anthropic.claude-haiku-4-5-20251001-v1:0", "bedrock-converse"),
    ("bedrock", "us.anthropic.claude-haiku-4-5-20251001-v1:0", "anthropic-bedrock"),
    ("vertex", "claude-haiku-4-5@20251001", "anthropic-vertex"),
    ("cohere", "command-a-03-2025", "cohere-chat"),
    ("openai", "gpt-4.1", "openai-responses"),
];

/// Every failure that must move on, in the mock's fault words.
const MOVES_ON: &[(&str, &str)] = &[
    ("status=408", "busy"),
    ("status=429;retry-after=7", "busy"),
    ("status=500", "provider_fault"),
    ("status=502;html", "provider_fault"),
    ("status=503", "provider_fault"),
    ("status=529", "provider_fault"),
    ("status=401", "provider_auth"),
    ("status=403", "provider_auth"),
    ("refuse", "unreachable"),
    ("html", "bad_answer"),
    ("empty", "bad_answer"),
    ("no-content", "bad_answer"),
    ("gzip", "bad_answer"),
    ("wrong-dialect", "bad_answer"),
];

const MOVES_ON_STREAMED: &[(&str, &str)] = &[
    ("error-first", "provider_fault"),
    ("end-after=0", "broken_stream"),
    ("wrong-dialect;cut-bytes=5", "bad_answer"),
];

fn target(first: (&str, &str, &str), fault: &str) -> String {
    let (provider, model, api) = first;
    format!("{{ target: \"{provider}/{model}!{fault}\", api: {api} }}")
}

async fn start(models: &[String], more: &str) -> Gateway {
    let text = format!("{PROVIDERS}\nmodels:\n{}\n{more}\n", models.join("\n"));
    Gateway::start(Setup { config: Some(text), ..Setup::default() }).await
}

#[tokio::test]
async fn failures_move_on_whole_and_streamed() {
    let faults: Vec<_> = MOVES_ON.iter().chain(MOVES_ON_STREAMED).map(|(f, _)| *f).collect();
    let mut models = Vec::new();
    for (d, first) in FIRST.iter().enumerate() {
        models.extend(faults.iter().enumerate().map(|(i, fault)| {
            let first = target(*first, fault);
            format!("- {{ name: m{d}-{i}, targets: [{first}, openai/good, openai/never] }}")
        }));
    }
    let mut gateway = start(&models, "").await;
    for (d, first) in FIRST.iter().enumerate() {
        let names: Vec<_> = (0..faults.len()).map(|i| format!("m{d}-{i}")).collect();
        let whole: Vec<_> = names.iter().take(MOVES_ON.len()).map(|n| chat(n)).collect();
        let replies = join_all(whole.iter().map(|body| post(&gateway, body))).await;
        for (reply, fault) in replies.iter().zip(&faults) {
            assert_eq!(reply.status, 200, "{first:?} {fault}: {}", reply.text());
            let seen = (reply.header("x-sluice-attempts"), reply.header("x-sluice-model"));
            assert_eq!(seen, ("2", "good"), "{first:?} {fault}");
        }
        let streams: Vec<_> = names.iter().map(|name| streamed(name)).collect();
        let replies = join_all(streams.iter().map(|body| post(&gateway, body))).await;
        for (reply, fault) in replies.iter().zip(&faults) {
            assert_eq!(reply.status, 200, "{first:?} {fault}: {}", reply.text());
            assert_eq!(reply.content(), "You said: hello there", "{first:?} {fault}");
            assert_eq!(reply.header("x-sluice-attempts"), "2", "{first:?} {fault}");
            assert!(!reply.text().contains("error"), "{first:?} {fault}");
        }
        assert_eq!(gateway.used(&names[0], "calls").await, 2);
        assert!(gateway.mock.requests().iter().all(|r| r.model != "never"));
    }
    let stats = gateway.admin("/stats?filter=fallbacks").await;
    for (provider, _, _) in FIRST {
        for (_, kind) in MOVES_ON.iter().chain(MOVES_ON_STREAMED) {
            let name = format!("wasmcustom.sluice.fallbacks;provider={provider};reason={kind}: ");
            assert!(stats.contains(&name), "{name}\n{stats}");
        }
    }
    assert!(!is_secret(&gateway.log()));
    gateway.assert_calm().await;
}

#[tokio::test]
async fn a_stalled_first_token_moves_on() {
    let models = FIRST.iter().enumerate().map(|(i, first)| {
        format!("- {{ name: m{i}, targets: [{}, openai/good] }}", target(*first, "stall-after=0"))
    });
    let more = "defaults: { first_token_timeout: 1s, timeout: 1s }";
    let mut gateway = start(&models.collect::<Vec<_>>(), more).await;
    let bodies: Vec<_> = (0..FIRST.len())
        .flat_map(|i| [chat(&format!("m{i}")), streamed(&format!("m{i}"))])
        .collect();
    let begun = Instant::now();
    let replies = join_all(bodies.iter().map(|b| post(&gateway, b))).await;
    assert!(begun.elapsed() < Duration::from_millis(2000), "{:?}", begun.elapsed());
    for (reply, body) in replies.iter().zip(&bodies) {
        assert_eq!(
            (reply.status, reply.header("x-sluice-attempts")),
            (200, "2"),
            "{body} {}",
            reply.text()
        );
    }
    gateway.assert_calm().await;
}

#[tokio::test]
async fn a_failure_after_the_first_token_is_an_error_event_and_charged_once() {
    let faults = ["error-after=3", "end-after=3", "bad-crc-after=3", "token-ms=30;cut-after=3"];
    let mut models = Vec::new();
    for (d, first) in FIRST.iter().enumerate() {
        models.extend(faults.iter().enumerate().map(|(i, fault)| {
            let first = target(*first, &format!("tokens=9;{fault}"));
            format!("- {{ name: m{d}-{i}, targets: [{first}, openai/never] }}")
        }));
    }
    let mut gateway = start(&models, "").await;
    for (d, first) in FIRST.iter().enumerate() {
        for (i, fault) in faults.iter().enumerate() {
            let reply = post(&gateway, &streamed(&format!("m{d}-{i}"))).await;
            assert_eq!(reply.status, 200, "{first:?} {fault}");
            assert!(!reply.text().contains("[DONE]"), "{first:?} {fault}: {}", reply.text());
            assert!(!reply.text().contains("finish_reason\":\"stop"), "{first:?} {fault}");
            assert_eq!(reply.broken, fault.contains("cut"), "{first:?} {fault}");
            if !reply.broken {
                assert_eq!(reply.content(), "w0 w1 w2", "{first:?} {fault}: {}", reply.text());
                let last: Value = serde_json::from_str(reply.events().last().unwrap()).unwrap();
                assert!(last["error"]["message"].is_string(), "{first:?} {fault}: {last}");
                assert_eq!(reply.text().matches("\"error\"").count(), 1, "{}", reply.text());
            }
        }
    }
    let records = gateway.records(FIRST.len() * faults.len()).await;
    assert_eq!(records.len(), FIRST.len() * faults.len());
    for record in records {
        let llm = &record["llm"];
        assert_eq!(llm["estimated"], true, "{record}");
        assert!(llm["output_tokens"].as_u64() > Some(0), "{record}");
        assert!(llm["input_tokens"].as_u64() > Some(0), "{record}");
        assert!(llm["error"].is_string(), "{record}");
    }
    for row in gateway.usage().await {
        assert_eq!((&row["calls"], &row["estimated_calls"]), (&json!(1), &json!(1)), "{row}");
    }
    assert!(gateway.mock.requests().iter().all(|r| r.model != "never"));
    gateway.assert_calm().await;
}

#[tokio::test]
async fn a_hang_up_lets_the_provider_go_and_is_charged_once() {
    let mut models = Vec::new();
    for (d, first) in FIRST.iter().enumerate() {
        for (i, fault) in ["tokens=500;token-ms=20", "tokens=9;stall-after=2"].iter().enumerate() {
            models.push(format!("- {{ name: m{d}-{i}, targets: [{}] }}", target(*first, fault)));
        }
    }
    let mut gateway = start(&models, "").await;
    let hang_ups = (0..models.len()).map(|n| {
        let request = reqwest::Client::new().post(gateway.url("/v1/chat/completions"));
        let request = request.json(&streamed(&format!("m{}-{}", n / 2, n % 2)));
        async {
            let mut response = request.send().await.unwrap();
            response.chunk().await.unwrap().unwrap();
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    });
    join_all(hang_ups).await;
    eventually("the providers' streams to be cancelled", || {
        let aborted = gateway.mock.requests().iter().filter(|r| r.aborted).count();
        (aborted == models.len()).then_some(())
    })
    .await;
    let records = gateway.records(models.len()).await;
    assert_eq!(records.len(), models.len());
    for record in records {
        let llm = &record["llm"];
        let end = (&llm["error"], &llm["estimated"]);
        assert_eq!(end, (&json!("cancelled"), &json!(true)), "{llm}");
        let output = llm["output_tokens"].as_u64().unwrap();
        assert!(output > 0 && output < 100, "{llm}");
        assert!(llm["input_tokens"].as_u64() > Some(0), "{llm}");
        let model = llm["model"].as_str().unwrap();
        assert_eq!(gateway.used(model, "output_tokens").await, output);
        assert_eq!(gateway.used(model, "calls").await, 1);
    }
    gateway.assert_calm().await;
}

#[tokio::test]
async fn pieces_of_any_size_mean_the_same() {
    let text = "text=Gr%C3%BC%C3%9Fe%20%F0%9F%98%80%20%E4%BD%A0%E5%A5%BD";
    let framings =
        ["cut-bytes=1", "cut-bytes=7", "comments;crlf;cut-bytes=3", "no-space;multiline"];
    let mut models = Vec::new();
    for (i, first) in FIRST.iter().enumerate() {
        for (j, framing) in framings.iter().enumerate() {
            let fault = format!("{framing};{text}");
            models.push(format!("- {{ name: m{i}-{j}, targets: [{}] }}", target(*first, &fault)));
        }
    }
    let mut gateway = start(&models, "").await;
    let names: Vec<_> = (0..FIRST.len())
        .flat_map(|i| (0..framings.len()).map(move |j| format!("m{i}-{j}")))
        .collect();
    let bodies: Vec<_> = names.iter().map(|name| streamed(name)).collect();
    let replies = join_all(bodies.iter().map(|b| post(&gateway, b))).await;
    for (reply, name) in replies.iter().zip(&names) {
        assert_eq!(reply.status, 200, "{name}: {}", reply.text());
        assert_eq!(reply.content(), "Gr\u{fc}\u{df}e \u{1f600} \u{4f60}\u{597d}", "{name}");
        assert_eq!(reply.events().last().unwrap(), "[DONE]", "{name}");
        assert!(!reply.text().contains("\"error\""), "{name}: {}", reply.text());
        assert_eq!(gateway.used(name, "estimated_calls").await, 0, "{name}");
    }
    gateway.assert_calm().await;
}

#[tokio::test]
async fn eight_megabytes_are_signed_as_sent_on_each_attempt() {
    let models = [format!(
        "- {{ name: m, targets: [\"openai/x!status=503\", {}, {}, {}, openai/good] }}\n\
         - {{ name: signed, targets: [{}, {}] }}",
        target(FIRST[1], "status=503"),
        target(FIRST[0], "status=503"),
        target(FIRST[2], "status=503"),
        target(FIRST[0], "status=503"),
        target(FIRST[1], "tokens=2"),
    )];
    let mut gateway = start(&models, "").await;
    let filler = "lorem ipsum \u{fc} ".repeat(600_000);
    assert!(filler.len() > 8 << 20);
    let body =
        json!({ "messages": [{ "role": "user", "content": filler }], "model": "m" }).to_string();
    let send = |body: String| post_bytes(&gateway, body.into_bytes(), JSON);
    let reply = send(body.clone()).await;
    assert_eq!((reply.status, reply.header("x-sluice-attempts")), (200, "5"), "{}", reply.text());
    let requests = gateway.mock.requests();
    assert_eq!(requests.len(), 5);
    assert_eq!(requests[4].body, body.replace("\"model\":\"m\"", "\"model\":\"good\""));
    for request in &requests {
        let seen: Value = serde_json::from_slice(&request.body).expect("JSON");
        assert!(seen.to_string().contains(&filler), "{}", request.path);
        let own = request.header("content-length").map(|l| l.parse().expect("a length"));
        assert_eq!(own, Some(request.body.len()), "{}", request.path);
    }
    // A signature that did not fit would be 403, and so another class.
    assert!(!gateway.log().contains("refused our key"), "{}", gateway.log());
    let reply = send(body.replace("\"model\":\"m\"", "\"model\":\"signed\"")).await;
    assert_eq!((reply.status, reply.header("x-sluice-attempts")), (200, "2"), "{}", reply.text());
    gateway.assert_calm().await;
}

#[tokio::test]
async fn no_attempt_inherits_the_last_ones_credentials() {
    let plan: Vec<_> = FIRST.iter().map(|first| target(*first, "status=503")).collect();
    let models = [format!("- {{ name: m, targets: [{}, openai/good] }}", plan.join(", "))];
    let mut gateway = start(&models, "").await;
    for body in [chat("m"), streamed("m")] {
        gateway.mock.clear();
        let headers = [
            JSON[0],
            ("x-goog-api-key", "the-clients-own"),
            ("x-amz-date", "the-clients-own"),
            ("x-amz-security-token", "the-clients-own"),
            ("anthropic-version", "the-clients-own"),
            ("authorization", "Bearer the-clients-own"),
        ];
        let reply = post_bytes(&gateway, body.to_string().into_bytes(), &headers).await;
        assert_eq!(
            (reply.status, reply.header("x-sluice-attempts")),
            (200, "7"),
            "{}",
            reply.text()
        );
        for (name, value) in &reply.headers {
            let value = value.to_str().unwrap_or_default();
            assert!(!is_secret(value), "{name}: {value}");
        }
        let requests = gateway.mock.requests();
        for (request, provider) in requests.iter().zip(FIRST.iter().map(|f| f.0).chain(["openai"]))
        {
            let secret = |name: &str| match (provider, name) {
                ("gemini", "x-goog-api-key")
                | (
                    "bedrock",
                    "x-amz-security-token"
                    | "x-amz-date"
                    | "x-amz-content-sha256"
                    | "authorization",
                ) => true,
                ("gemini", _) => false,
                (_, "authorization") => true,
                _ => false,
            };
            for (name, value) in &request.headers {
                assert!(!value.contains("the-clients-own"), "{provider} {name}");
                let credential = ["authorization", "api-key", "x-api-key", "x-goog-api-key"]
                    .contains(&name.as_str())
                    || name.starts_with("x-amz-");
                assert!(!credential || secret(name), "{provider} got {name}");
                let others = is_secret(value)
                    && !value.contains(&format!("sk-{provider}-"))
                    && provider != "bedrock";
                assert!(!others, "{provider} got {name}: {value}");
            }
        }
    }
    gateway.records(2).await;
    let logs = std::fs::read_to_string(gateway.folder.join("access.log")).unwrap() + &gateway.log();
    let stats = gateway.admin("/stats").await;
    assert!(!is_secret(&logs) && !is_secret(&stats));
    gateway.assert_calm().await;
}

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

fn is_secret(text: &str) -> bool {
    [
        "of-the-gateway",
        "AKIAIOSFODNN7",
        "wJalrXUtnFEMI",
        "SESSION-EXAMPLE",
        "AWS4-HMAC",
        "the-clients-own",
    ]
    .iter()
    .any(|s| text.contains(s))
}
