//! What calls cost: settled once, said to who asks, and never 0 for want of a price.

use super::*;

/// Calls, unpriced calls and nanodollars of the only row.
fn paid(envoy: &Envoy) -> (u64, u64, u64) {
    let rows = envoy.rows();
    assert_eq!(rows.len(), 1, "{rows:?}");
    let c = rows[0].counts;
    (c.calls, c.unpriced_calls, c.cost)
}

fn cost(exchange: &Exchange) -> (Value, Value) {
    let record = exchange.record().unwrap();
    (record["cost_usd"].clone(), record["unpriced"].clone())
}

const SHOWN: &str = r#", "expose": { "cost": true }"#;

#[test]
fn a_listed_model_costs_what_is_listed() {
    // Claude Haiku 4.5: 10 x $1 + 5 x $5 a million.
    for (asked, script) in
        [(chat("m"), good("anthropic")), (streamed("m"), good_stream("anthropic"))]
    {
        let mut envoy = gateway(A);
        let exchange = envoy.ask(asked, vec![script]);
        assert_eq!(exchange.client.header("x-sluice-cost-usd"), "", "nobody asked for it");
        assert_eq!(cost(exchange), (json!(0.000035), Value::Null));
        assert_eq!(paid(&envoy), (1, 0, 35_000));
        assert_eq!(envoy.process.counted("sluice.cost_nanodollars"), 35_000);
        assert_eq!(envoy.process.counted("sluice.unpriced_calls"), 0);
    }
}

#[test]
fn an_unlisted_model_is_unpriced_not_free() {
    let mut envoy = with(O, SHOWN);
    let exchange = envoy.ask(chat("m"), vec![good("openai")]);
    assert_eq!(exchange.client.header("x-sluice-cost-usd"), "");
    assert_eq!(cost(exchange), (Value::Null, json!(true)));
    assert_eq!(paid(&envoy), (1, 1, 0));
    assert_eq!(envoy.process.counted("sluice.unpriced_calls"), 1);
    assert_eq!(envoy.process.counted("sluice.cost_nanodollars"), 0);
}

#[test]
fn whole_answers_say_their_cost_where_that_is_wanted() {
    let mut envoy = with(A, SHOWN);
    let exchange = envoy.ask(chat("m"), vec![good("anthropic")]);
    assert_eq!(exchange.client.header("x-sluice-cost-usd"), "0.000035");
    let exchange = envoy.ask(streamed("m"), vec![good_stream("anthropic")]);
    assert_eq!(exchange.client.header("x-sluice-cost-usd"), "", "its headers went before its cost");
    assert_eq!(paid(&envoy), (2, 0, 70_000));
}

#[test]
fn the_operator_knows_better_than_the_list() {
    let catalog = r#", "expose": { "cost": true }, "catalog": [
        { "model": "openai/gpt", "input": 1000000, "output": 0.5 },
        { "model": "vllm/free-*", "input": 0, "output": 0 },
        { "model": "vllm/*", "like": "openai/gpt-5" }]"#;
    for (target, usd, nano) in [
        ("openai/gpt", "10.0000025", 10_000_002_500u64),
        ("vllm/free-llama", "0", 0),
        // 10 x $1.25 + 5 x $10 a million.
        ("vllm/mine", "0.0000625", 62_500),
    ] {
        let mut envoy = with(&format!("{target:?}"), catalog);
        let exchange = envoy.ask(chat("m"), vec![good("openai")]);
        assert_eq!(exchange.client.header("x-sluice-cost-usd"), usd, "{target}");
        assert_eq!(paid(&envoy), (1, 0, nano), "{target}");
    }
}

#[test]
fn a_target_for_any_name_is_priced_by_the_name() {
    let models = r#""models": [{ "name": "*", "targets": ["anthropic/*", "openai/*"] }]"#;
    let mut envoy = Envoy::new(&format!("{{ {PROVIDERS}, {models} {SHOWN} }}"));
    let exchange = envoy.ask(chat("claude-haiku-4-5-20251001"), vec![good("anthropic")]);
    assert_eq!(exchange.received[0].json()["max_tokens"], 64_000, "its own traits, too");
    assert_eq!(exchange.client.header("x-sluice-cost-usd"), "0.000035");
    let exchange = envoy.ask(chat("gpt-5"), vec![refusal(503), good("openai")]);
    assert_eq!(exchange.client.header("x-sluice-cost-usd"), "0.0000625");
    let exchange = envoy.ask(chat("gpt-99"), vec![refusal(503), good("openai")]);
    assert_eq!(exchange.client.header("x-sluice-cost-usd"), "");
    assert_eq!(cost(exchange), (Value::Null, json!(true)));
}

#[test]
fn a_call_that_nobody_answered_costs_nothing() {
    let mut envoy = gateway(O);
    let exchange = envoy.ask(chat("m"), vec![refusal(400)]);
    assert_eq!(cost(exchange), (json!(0), Value::Null));
    assert!(envoy.rows().is_empty());
}

#[test]
fn a_hang_up_is_charged_by_the_estimate() {
    let mut envoy = gateway(A);
    let index = envoy.open(streamed("m"), vec![opened(&begun("anthropic", &["Hi"]))]);
    envoy.run_until(index, |e| !e.client.body.is_empty());
    envoy.hang_up(index);
    let row = envoy.rows().remove(0).counts;
    assert_eq!((row.calls, row.estimated_calls, row.unpriced_calls), (1, 1, 0));
    assert_eq!(row.cost, row.usage.input * 1_000 + row.usage.output * 5_000);
}
