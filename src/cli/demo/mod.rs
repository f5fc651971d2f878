//! `sluice demo`: `sluice run`, and calls that show what it is for; then the same with
//! `envoy/limits.yaml`: who may spend what.
//!
//! Each answer is printed as it comes and checked: the exit status says whether
//! the gateway did what the text claims. Must not: know how the gateway works;
//! it sees what any client sees.

mod chat;
mod spending;

use super::run::{self, Logs, Sandbox, request};
use chat::Chat;
use hyper::{Method, StatusCode};
use serde_json::Value;
use std::io::{self, Write};
use std::process::ExitCode;

pub fn main(args: &run::Args) -> ExitCode {
    match run::runtime().and_then(|runtime| runtime.block_on(demo(args))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => run::complain("demo", &message),
    }
}

async fn demo(args: &run::Args) -> Result<(), String> {
    tokio::select! {
        stopped = run::interrupted() => stopped.and(Err("interrupted".to_owned())),
        shown = show(args) => shown,
    }
}

async fn show(args: &run::Args) -> Result<(), String> {
    let sandbox = Sandbox::start(args, Logs::Kept).await?;
    say(&format!("Sluice in a stock Envoy on http://127.0.0.1:{}", sandbox.port));
    match &sandbox.mock {
        Some(mock) => say(&format!("Both providers are `sluice mock` on http://{}", mock.addr())),
        None => say("The providers are the real ones"),
    }
    let calls = calls(args.live);
    let mut outputs = Vec::new();
    for (i, call) in calls.iter().enumerate() {
        say(&format!("\n--- {}. {}", i + 1, call.title));
        let output = call.make(sandbox.port).await.map_err(|e| format!("{}: {e}", call.model))?;
        outputs.push((call.model, output));
    }
    say(&format!("\n--- {}. Who used what: every token is counted once", calls.len() + 1));
    usage(sandbox.port, &outputs).await?;
    let log = sandbox.stop().await;
    say("\n--- The access log of these calls, written by Envoy");
    access_log(&log, calls.len())?;
    if !args.live {
        // Its models are the mock's.
        spending::show(args).await?;
    }
    say("\nAll as promised.");
    Ok(())
}

fn calls(live: bool) -> Vec<Chat> {
    let mut calls = vec![
        Chat {
            title: "A call: the first target of `fast` answers",
            model: "fast",
            stream: false,
            provider: "openai",
            attempts: "1",
        },
        Chat {
            title: "The same, streamed",
            model: "fast",
            stream: true,
            provider: "openai",
            attempts: "1",
        },
        Chat {
            title: "Anthropic, asked and answering in OpenAI's language",
            model: "claude",
            stream: false,
            provider: "anthropic",
            attempts: "1",
        },
    ];
    if !live {
        // The name of its first target means a fault to the mock alone.
        calls.push(Chat {
            title: "Fallback: OpenAI answers 429, Anthropic takes over, nobody notices",
            model: "busy-then-fine",
            stream: true,
            provider: "anthropic",
            attempts: "2",
        });
    }
    calls
}

/// What the gateway counted must be what the answers said.
async fn usage(port: u16, outputs: &[(&str, u64)]) -> Result<(), String> {
    say("GET /sluice/usage");
    let mut reply = request(port, Method::GET, "/sluice/usage", None).await?;
    let text = reply.text().await?;
    ensure(reply.status() == StatusCode::OK, || format!("usage: {} {text}", reply.status()))?;
    let usage: Value = serde_json::from_str(&text).map_err(|e| format!("usage: {e}: {text}"))?;
    let rows = usage.get("data").and_then(Value::as_array).ok_or("usage: no rows")?;
    rows.iter().for_each(|row| say(&format!("  {row}")));
    for (model, _) in outputs {
        let said: u64 = outputs.iter().filter(|(m, _)| m == model).map(|(_, n)| n).sum();
        let counted: u64 = rows
            .iter()
            .filter(|row| row.get("model").is_some_and(|m| m == model))
            .filter_map(|row| row.get("output_tokens")?.as_u64())
            .sum();
        ensure(said == counted, || {
            format!("usage: {model} answered {said} output tokens, counted are {counted}")
        })?;
    }
    Ok(())
}

fn access_log(lines: &[String], calls: usize) -> Result<(), String> {
    let mut found = 0;
    for line in lines {
        let entry: Value =
            serde_json::from_str(line).map_err(|e| format!("access log: {e}: {line}"))?;
        if let Some(llm) = entry.get("llm").filter(|llm| llm.get("model").is_some()) {
            say(&format!("  {line}"));
            ensure(llm.get("request_id").is_some_and(Value::is_string), || {
                format!("access log: no request_id: {line}")
            })?;
            found += 1;
        }
    }
    ensure(found == calls, || format!("access log: {calls} calls, {found} lines"))
}

fn ensure(good: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if good { Ok(()) } else { Err(otherwise()) }
}

fn say(line: &str) {
    // Nobody reads it when the pipe is closed; the exit status still tells.
    let _ = writeln!(io::stdout(), "{line}");
}
