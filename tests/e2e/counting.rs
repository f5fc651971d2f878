//! Tokens are counted once, on every ending, exactly under several workers.

use crate::support::client::{chat, post, streamed};
use crate::support::gateway::{Gateway, Setup, config, eventually, with_models};
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn usage_metrics_and_access_log_agree() {
    let gateway = with_models(
        "- { name: a, targets: [openai/gpt] }\n\
         - { name: b, targets: [\"openai/x!status=429\", anthropic/claude-haiku-4-5] }\n\
         - { name: quiet, targets: [\"openai/gpt!no-usage\"] }",
    )
    .await;
    let cached = json!({ "model": "b", "stream": true, "messages": [{ "role": "user", "content": [
        { "type": "text", "text": "hello there", "cache_control": { "type": "ephemeral" } }] }] });
    for body in [chat("a"), streamed("a"), chat("b"), cached, chat("quiet"), streamed("quiet")] {
        assert_eq!(post(&gateway, &body).await.status, 200);
    }
    let records = gateway.records(6).await;
    for model in ["a", "b", "quiet"] {
        let rows: Vec<_> =
            gateway.usage().await.into_iter().filter(|r| r["model"] == model).collect();
        assert_eq!(rows.len(), 1, "{rows:?}");
        let row = &rows[0];
        assert_eq!(row["calls"], 2);
        assert_eq!(row["estimated_calls"], if model == "quiet" { 2 } else { 0 }, "{row}");
        let priced = model == "b";
        assert_eq!(row["unpriced_calls"], if priced { 0 } else { 2 }, "{row}");
        let costs: Vec<f64> = records
            .iter()
            .filter(|r| r["llm"]["model"] == model)
            .filter_map(|r| r["llm"]["cost_usd"].as_f64())
            .collect();
        assert_eq!(costs.len(), if priced { 2 } else { 0 });
        let nano = |usd: f64| (usd * 1e9).round() as u64;
        let cost = nano(row["cost_usd"].as_f64().unwrap());
        assert_eq!(cost, costs.iter().copied().map(nano).sum::<u64>(), "{row}");
        assert_eq!(cost > 0, priced, "{row}");
        if priced {
            let stat = format!(
                "wasmcustom.sluice.cost_nanodollars;consumer=anonymous;model={model};provider=anthropic;upstream_model=claude-haiku-4-5"
            );
            assert_eq!(gateway.stat(&stat).await, cost);
        }
        for kind in ["input", "output", "cached_input", "cache_write", "reasoning"] {
            let field = format!("{kind}_tokens");
            let logged: u64 = records
                .iter()
                .filter(|r| r["llm"]["model"] == model)
                .map(|r| r["llm"][&field].as_u64().unwrap())
                .sum();
            assert_eq!(row[&field].as_u64(), Some(logged), "{model} {field}");
            let stat = format!(
                "wasmcustom.gen_ai.client.token.usage;consumer=anonymous;model={model};provider={};upstream_model={};type={kind}",
                row["provider"].as_str().unwrap(),
                row["upstream_model"].as_str().unwrap().replace('!', "_"),
            );
            assert_eq!(gateway.stat(&stat).await, logged, "{stat}");
        }
    }
    assert!(gateway.used("b", "cached_input_tokens").await > 0);
    assert!(gateway.used("b", "cache_write_tokens").await > 0);
    let b = records.iter().find(|r| r["llm"]["model"] == "b").unwrap();
    assert_eq!((&b["llm"]["attempts"], &b["llm"]["provider"]), (&json!(2), &json!("anthropic")));
    assert!(b["llm"]["request_id"].as_str().is_some_and(|id| !id.is_empty()));
    assert!(records.iter().any(|r| r["llm"]["ttft_ms"].is_u64()));

    // Real labels for Prometheus.
    let page = gateway.admin("/stats/prometheus").await;
    let line = page.lines().find(|l| {
        l.starts_with("gen_ai_client_token_usage{")
            && l.contains("gen_ai_request_model=\"a\"")
            && l.contains("gen_ai_token_type=\"input\"")
    });
    assert!(
        page.lines().any(|l| l.starts_with("sluice_cost_nanodollars{consumer=\"anonymous\"")),
        "no such metric:\n{page}"
    );
    let line = line.unwrap_or_else(|| panic!("no such metric:\n{page}"));
    for label in [
        "consumer=\"anonymous\"",
        "gen_ai_provider_name=\"openai\"",
        "gen_ai_response_model=\"gpt\"",
    ] {
        assert!(line.contains(label), "{line}");
    }
    assert!(page.contains("gen_ai_client_operation_duration_bucket{"));
    assert!(page.contains("gen_ai_server_time_to_first_token_bucket{"));
    assert!(page.contains("sluice_fallbacks{"));
}

#[tokio::test]
async fn a_hang_up_is_settled_and_the_provider_let_go() {
    for target in ["openai/gpt", "anthropic/claude-haiku-4-5"] {
        let gateway = with_models(&format!(
            "- {{ name: m, targets: [\"{target}!tokens=500;token-ms=20\"] }}\n- {{ name: wait, targets: [\"{target}!stall-headers\"] }}"
        ))
        .await;
        let client = reqwest::Client::new().post(gateway.url("/v1/chat/completions"));
        let mut response = client.json(&streamed("m")).send().await.unwrap();
        for _ in 0..5 {
            response.chunk().await.unwrap().unwrap();
        }
        drop(response);
        let records = gateway.records(1).await;
        let llm = &records[0]["llm"];
        assert_eq!(
            (&llm["error"], &llm["estimated"]),
            (&json!("cancelled"), &json!(true)),
            "{llm}"
        );
        let output = llm["output_tokens"].as_u64().unwrap();
        assert!(output > 0 && output < 100 && llm["input_tokens"].as_u64() > Some(0), "{llm}");
        assert_eq!(gateway.used("m", "output_tokens").await, output);
        assert_eq!(gateway.used("m", "calls").await, 1);
        eventually("the provider's stream to be cancelled", || {
            gateway.mock.requests().iter().any(|r| r.aborted).then_some(())
        })
        .await;
        // Leaving before any answer: the input was sent, so it is charged, as an estimate.
        let client =
            reqwest::Client::builder().timeout(Duration::from_millis(300)).build().unwrap();
        let sent =
            client.post(gateway.url("/v1/chat/completions")).json(&chat("wait")).send().await;
        assert!(sent.is_err());
        let records = gateway.records(2).await;
        assert_eq!(records[1]["llm"]["error"], "cancelled");
        assert_eq!(gateway.used("wait", "estimated_calls").await, 1);
        let health = crate::support::client::get(&gateway, "/sluice/health").await.json();
        assert_eq!(health["worker_calls_in_flight"], 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_count_twenty_thousand_calls_exactly() {
    const CALLS: u64 = 20_000;
    const CLIENTS: u64 = 40;
    let setup = Setup {
        config: Some(config(
            "- { name: m, targets: [\"openai/x!status=429\", openai/gpt] }\n- { name: c, targets: [anthropic/claude-haiku-4-5] }",
        )),
        workers: 2,
        ..Setup::default()
    };
    let mut gateway = Gateway::start(setup).await;
    let one = post(&gateway, &chat("c")).await.json()["usage"]["prompt_tokens"].as_u64().unwrap();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|i| {
            let url = gateway.url("/v1/chat/completions");
            tokio::spawn(async move {
                let client = reqwest::Client::new();
                for n in 0..CALLS / CLIENTS {
                    let model = if (i + n) % 4 == 0 { "m" } else { "c" };
                    let reply = client.post(&url).json(&chat(model)).send().await.unwrap();
                    assert_eq!(reply.status(), 200);
                    reply.bytes().await.unwrap();
                }
            })
        })
        .collect();
    for client in clients {
        client.await.unwrap();
    }
    assert_eq!(gateway.used("m", "calls").await, CALLS / 4);
    assert_eq!(gateway.used("c", "calls").await, CALLS * 3 / 4 + 1);
    assert_eq!(gateway.used("c", "input_tokens").await, (CALLS * 3 / 4 + 1) * one);
    let stat = "wasmcustom.gen_ai.client.token.usage;consumer=anonymous;model=c;provider=anthropic;upstream_model=claude-haiku-4-5;type=input";
    assert_eq!(gateway.stat(stat).await, (CALLS * 3 / 4 + 1) * one);
    gateway.assert_calm().await;
}

#[tokio::test]
async fn the_usage_table_is_bounded() {
    let models: String =
        (0..6).map(|i| format!("- {{ name: m{i}, targets: [openai/gpt] }}\n")).collect();
    let text = config(&models) + "usage: { max_rows: 3 }\n";
    let gateway = Gateway::start(Setup { config: Some(text), ..Setup::default() }).await;
    for i in 0..6 {
        assert_eq!(post(&gateway, &chat(&format!("m{i}"))).await.status, 200);
    }
    let rows = gateway.usage().await;
    assert_eq!(rows.len(), 4, "{rows:?}");
    assert_eq!((&rows[3]["model"], &rows[3]["calls"]), (&json!("other"), &json!(3)));
}
