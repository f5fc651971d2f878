//! The second half of the demo: a key, a limit that is hit, a budget that is gone, the
//! report. Checked as the first half is.

use super::super::run::{self, Logs, Reply, Sandbox, request_as};
use super::{ensure, say};
use hyper::{Method, StatusCode};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Its keys are named in its first lines.
const CONFIG: &str = "envoy/limits.yaml";
const ADA: &str = "sk-sluice-demo-ada";
const BOB: &str = "sk-sluice-demo-bob";
const ADMIN: &str = "sk-sluice-demo-admin";
const PATH: &str = "/v1/chat/completions";

/// What is shown of an answer's head.
const SHOWN: [&str; 8] = [
    "x-sluice-provider",
    "x-sluice-model",
    "x-sluice-warning",
    "x-ratelimit-limit-requests",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-reset-requests",
    "retry-after",
    "x-should-retry",
];

pub(super) async fn show(args: &run::Args) -> Result<(), String> {
    let args = run::Args { config: PathBuf::from(CONFIG), ..args.clone() };
    let sandbox = Sandbox::start(&args, Logs::Kept).await?;
    let port = sandbox.port;
    say(&format!("\n=== Who may spend what: the same gateway with {CONFIG}"));

    say("\n--- 1. Without a key");
    let refused = call(port, None, "fast").await?;
    ensure(refused.status == StatusCode::UNAUTHORIZED, || refused.found("401"))?;

    say("\n--- 2. bob, who has three requests a minute, asks four times");
    for n in 1..=4 {
        let answer = call(port, Some(BOB), "fast").await?;
        let wanted = if n < 4 { StatusCode::OK } else { StatusCode::TOO_MANY_REQUESTS };
        ensure(answer.status == wanted, || answer.found(wanted.as_str()))?;
    }

    say("\n--- 3. ada asks `smart` until her budget of the day is gone: then `fast` answers");
    for wanted in ["anthropic", "anthropic", "openai"] {
        let answer = call(port, Some(ADA), "smart").await?;
        ensure(answer.provider == wanted, || answer.found(wanted))?;
    }

    say("\n--- 4. What everybody has used, by consumer: GET /sluice/usage?group_by=team,consumer");
    let path = "/sluice/usage?group_by=team,consumer";
    let mut reply = request_as(Some(ADMIN), port, Method::GET, path, None).await?;
    let text = reply.text().await?;
    let page: Value = serde_json::from_str(&text).map_err(|e| format!("usage: {e}: {text}"))?;
    let rows = page.get("data").and_then(Value::as_array).ok_or("usage: no rows")?;
    rows.iter().for_each(|row| say(&format!("  {row}")));
    let calls = |name: &str| {
        let row = rows.iter().find(|row| row.get("consumer").is_some_and(|c| c == name));
        row.and_then(|row| row.get("calls")?.as_u64()).unwrap_or(0)
    };
    ensure((calls("ada"), calls("bob")) == (3, 3), || format!("usage: {text}"))?;
    sandbox.stop().await;
    Ok(())
}

struct Answer {
    status: StatusCode,
    provider: String,
    text: String,
}

/// One call, shown.
async fn call(port: u16, key: Option<&str>, model: &str) -> Result<Answer, String> {
    let body = json!({
        "model": model,
        "max_completion_tokens": 400,
        "messages": [{ "role": "user", "content": "Why is the sky blue?" }],
    });
    let who = key.map(|key| format!(" as {key}")).unwrap_or_default();
    say(&format!("POST {PATH} for {model}{who}"));
    let mut reply = request_as(key, port, Method::POST, PATH, Some(&body)).await?;
    let status = reply.status();
    say(&format!("  {status}"));
    for name in SHOWN {
        if let Some(value) = header(&reply, name) {
            say(&format!("  {name}: {value}"));
        }
    }
    let provider = header(&reply, "x-sluice-provider").unwrap_or_default();
    let text = reply.text().await?;
    if status != StatusCode::OK {
        say(&format!("  {text}"));
    }
    Ok(Answer { status, provider, text })
}

fn header(reply: &Reply, name: &str) -> Option<String> {
    Some(reply.headers().get(name)?.to_str().unwrap_or_default().to_owned())
}

// === impl Answer ===

impl Answer {
    fn found(&self, wanted: &str) -> String {
        format!("{wanted} was wanted, not {} from `{}`: {}", self.status, self.provider, self.text)
    }
}
