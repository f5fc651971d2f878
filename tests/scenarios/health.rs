//! Who fails is left alone, by all workers, and comes back.

use super::*;

/// A refusal with one more header.
fn refused(status: u16, name: &str, value: &str) -> Script {
    let mut script = refusal(status);
    if let Some(Act::Headers(_, headers, _)) = script.front_mut() {
        headers.push((name.to_owned(), value.to_owned()));
    }
    script
}

/// Which clusters one call asked; it must have been answered.
fn asked(envoy: &mut Envoy, scripts: Vec<Script>) -> Vec<String> {
    let exchange = envoy.ask(chat("m"), scripts);
    assert_eq!(exchange.client.status(), 200, "{}", exchange.client.text());
    exchange.received.iter().map(|r| r.cluster.clone()).collect()
}

fn wait(envoy: &mut Envoy, millis: u64) {
    let now = envoy.process.now.get();
    envoy.process.now.set(now + millis * 1_000_000);
}

#[test]
fn a_rate_limit_rests_as_long_as_the_provider_said() {
    for (name, value, rest) in [
        ("retry-after", "3", 3000),
        ("retry-after-ms", "700", 700),
        ("retry-after", "7200", 3_600_000),
        // No word: the first cooldown.
        ("x-other", "1", 10_000),
    ] {
        let mut envoy = healed(OA, "");
        let first = asked(&mut envoy, vec![refused(429, name, value), good("anthropic")]);
        assert_eq!(first, ["openai", "anthropic"], "{name} {value}");
        assert_eq!(asked(&mut envoy, vec![good("anthropic")]), ["anthropic"]);
        // The router's back-off took some of it.
        wait(&mut envoy, rest - 20);
        assert_eq!(asked(&mut envoy, vec![good("anthropic")]), ["anthropic"], "{name} {value}");
        wait(&mut envoy, 20);
        assert_eq!(asked(&mut envoy, vec![good("openai")]), ["openai"], "{name} {value}");
        let rests = "sluice.rests;provider=openai;reason=rate_limited";
        assert_eq!(envoy.process.counted(rests), 1);
        envoy.assert_calm();
    }
}

#[test]
fn other_workers_and_other_configurations_know_at_once() {
    let mut envoy = healed(OA, "");
    asked(&mut envoy, vec![refused(429, "retry-after", "60"), good("anthropic")]);
    // A fresh VM stands for another worker: shared data is all they have in common.
    envoy.reload();
    assert_eq!(asked(&mut envoy, vec![good("anthropic")]), ["anthropic"]);
}

#[test]
fn a_circuit_opens_after_failures_in_a_row_and_one_call_probes() {
    let mut envoy = healed(OA, r#", "health": { "failures": 3, "cooldown": "1s" }"#);
    for status in [500, 529] {
        asked(&mut envoy, vec![refusal(status), good("anthropic")]);
    }
    // A success begins the count anew.
    asked(&mut envoy, vec![good("openai")]);
    for status in [500, 502, 503] {
        let clusters = asked(&mut envoy, vec![refusal(status), good("anthropic")]);
        assert_eq!(clusters, ["openai", "anthropic"]);
    }
    assert_eq!(asked(&mut envoy, vec![good("anthropic")]), ["anthropic"]);
    wait(&mut envoy, 1001);
    // One probe; while it runs the others go elsewhere.
    let probe = envoy.open(chat("m"), vec![Script::new()]);
    envoy.run_until(probe, |e| !e.received.is_empty());
    assert_eq!(envoy.exchanges[probe].received[0].cluster, "openai");
    assert_eq!(asked(&mut envoy, vec![good("anthropic")]), ["anthropic"]);
    envoy.hang_up(probe);
    envoy.run(probe);
    // Nobody heard how it went: its claim runs out. The next one fails: longer rest.
    wait(&mut envoy, 30_000);
    assert_eq!(asked(&mut envoy, vec![refusal(500), good("anthropic")]), ["openai", "anthropic"]);
    wait(&mut envoy, 1500);
    assert_eq!(asked(&mut envoy, vec![good("anthropic")]), ["anthropic"], "doubled");
    wait(&mut envoy, 600);
    assert_eq!(asked(&mut envoy, vec![good("openai")]), ["openai"]);
    assert_eq!(asked(&mut envoy, vec![good("openai")]), ["openai"], "closed");
    envoy.assert_calm();
}

#[test]
fn a_refused_key_rests_and_the_others_serve() {
    for (status, code) in [(401, None), (402, None), (403, None), (429, Some("insufficient_quota"))]
    {
        let mut envoy = healed(r#""ring/a", "vllm/b""#, "");
        let refusal = match code {
            None => refusal(status),
            Some(code) => {
                let body = json!({ "error": { "message": "no", "type": code, "code": code } });
                answer(status, "application/json", body.to_string().as_bytes())
            }
        };
        let exchange = envoy.ask(chat("m"), vec![refusal, good("openai")]);
        assert_eq!(exchange.received[0].header("authorization"), "Bearer sk-r1", "{status}");
        assert_eq!(exchange.received[1].header("authorization"), "Bearer sk-r2", "{status}");
        for _ in 0..3 {
            let exchange = envoy.ask(chat("m"), vec![good("openai")]);
            assert_eq!(exchange.received[0].header("authorization"), "Bearer sk-r2", "{status}");
        }
        wait(&mut envoy, 600_001);
        let keys: Vec<_> = (0..2)
            .map(|_| {
                let exchange = envoy.ask(chat("m"), vec![good("openai")]);
                exchange.received[0].header("authorization").to_owned()
            })
            .collect();
        assert!(keys.contains(&"Bearer sk-r1".to_owned()), "{keys:?}");
        envoy.assert_calm();
    }
}

#[test]
fn a_limited_key_rests_for_its_target_alone() {
    let models =
        r#"[{ "name": "m", "targets": ["ring/a"] }, { "name": "n", "targets": ["ring/b"] }]"#;
    let mut envoy = Envoy::new(&format!(r#"{{ {PROVIDERS}, "models": {models} }}"#));
    let scripts = vec![refused(429, "retry-after", "60"), good("openai")];
    assert_eq!(envoy.ask(chat("m"), scripts).client.status(), 200);
    let mut key = |model: &str| {
        let exchange = envoy.ask(chat(model), vec![good("openai")]);
        exchange.received[0].header("authorization").to_owned()
    };
    assert_eq!([key("m"), key("m")], ["Bearer sk-r2", "Bearer sk-r2"]);
    let both = [key("n"), key("n")];
    assert!(both.contains(&"Bearer sk-r1".into()) && both.contains(&"Bearer sk-r2".into()));
}

#[test]
fn credentials_that_envoy_adds_rest_for_their_target_alone() {
    let mut envoy = healed(r#""vllm/a", "vllm/b", "openai/gpt""#, "");
    assert_eq!(asked(&mut envoy, vec![refusal(401), good("openai")]), ["vllm", "vllm"]);
    let exchange = envoy.ask(chat("m"), vec![good("openai")]);
    assert_eq!(exchange.received[0].json()["model"], "b");
    assert_eq!(exchange.received[0].cluster, "vllm");
    envoy.assert_calm();
}

#[test]
fn what_is_nobodys_fault_marks_nobody() {
    let mut envoy =
        healed(O, r#", "health": { "failures": 1, "cooldown": "60s", "when_all_rest": "refuse" }"#);
    // The client's own mistakes, and clients that leave.
    for status in [400, 404, 413, 422] {
        assert_eq!(envoy.ask(chat("m"), vec![refusal(status)]).client.status(), status);
    }
    for stream in [false, true] {
        let request = if stream { streamed("m") } else { chat("m") };
        let index = envoy.open(request, vec![Script::new()]);
        envoy.run_until(index, |e| !e.received.is_empty());
        envoy.hang_up(index);
        envoy.run(index);
    }
    assert_eq!(asked(&mut envoy, vec![good("openai")]), ["openai"]);
    envoy.assert_calm();
}

#[test]
fn when_all_rest_the_least_bad_is_tried_or_the_call_refused() {
    let scripts = || vec![refused(429, "retry-after", "60"), refused(429, "retry-after", "20")];
    let mut envoy = healed(OA, "");
    assert_eq!(envoy.ask(chat("m"), scripts()).client.status(), 429);
    let exchange = envoy.ask(chat("m"), vec![good("anthropic")]);
    assert_eq!(exchange.received[0].cluster, "anthropic", "its rest ends first");
    assert_eq!(exchange.client.status(), 200);
    let mut envoy = healed(OA, r#", "health": { "when_all_rest": "refuse" }"#);
    assert_eq!(envoy.ask(chat("m"), scripts()).client.status(), 429);
    wait(&mut envoy, 5_000);
    let exchange = envoy.ask(chat("m"), vec![]);
    assert!(exchange.received.is_empty());
    assert_eq!(error(&exchange.client).0, 503);
    assert_eq!(exchange.client.header("retry-after"), "15");
    envoy.assert_calm();
}

#[test]
fn nothing_left_is_a_rest_before_the_refusal() {
    let mut envoy = healed(OA, "");
    let mut last = good("openai");
    if let Some(Act::Headers(_, headers, _)) = last.front_mut() {
        headers.push(("x-ratelimit-remaining-requests".into(), "0".into()));
        headers.push(("x-ratelimit-reset-requests".into(), "2s".into()));
    }
    assert_eq!(asked(&mut envoy, vec![last]), ["openai"]);
    assert_eq!(asked(&mut envoy, vec![good("anthropic")]), ["anthropic"]);
    wait(&mut envoy, 2001);
    assert_eq!(asked(&mut envoy, vec![good("openai")]), ["openai"]);
}

#[test]
fn silence_and_lost_connections_count() {
    for script in [Script::new(), [Act::ConnectFailure].into(), [Act::Reset].into()] {
        let mut envoy = healed(OA, r#", "health": { "failures": 2 }"#);
        for _ in 0..2 {
            let clusters = asked(&mut envoy, vec![script.clone(), good("anthropic")]);
            assert_eq!(clusters.last().map(String::as_str), Some("anthropic"));
        }
        assert_eq!(asked(&mut envoy, vec![good("anthropic")]), ["anthropic"], "{script:?}");
        envoy.assert_calm();
    }
    // A stream that breaks after its first token as well.
    let mut envoy = healed(OA, r#", "health": { "failures": 2 }"#);
    for script in
        [ended(&begun("openai", &["x"])), then(opened(&begun("openai", &["x"])), Act::Reset)]
    {
        envoy.ask(streamed("m"), vec![script]);
    }
    assert_eq!(asked(&mut envoy, vec![good("anthropic")]), ["anthropic"]);
}

/// A call while the cluster `empty` has no host; where it went, if it was answered.
fn asked_around(envoy: &mut Envoy, empty: &str, scripts: Vec<Script>) -> (u16, Vec<String>) {
    let index = envoy.open(chat("m"), scripts);
    envoy.run_until(index, |e| e.planned > 0);
    envoy.exchanges[index].empty(empty);
    let exchange = envoy.run(index);
    (exchange.client.status(), exchange.received.iter().map(|r| r.cluster.clone()).collect())
}

#[test]
fn a_provider_without_an_address_is_met_by_one_call_at_a_time() {
    let mut envoy = healed(OA, "");
    // Envoy ends the call itself; the next ones pass it by.
    assert_eq!(asked_around(&mut envoy, "openai", vec![]), (503, vec![]));
    let served = |envoy: &mut Envoy| {
        let asked = asked_around(envoy, "openai", vec![good("anthropic")]);
        assert_eq!(asked, (200, vec!["anthropic".to_owned()]));
    };
    served(&mut envoy);
    wait(&mut envoy, 9_900);
    served(&mut envoy);
    // A probe each time its rest is over, twice as long each time.
    wait(&mut envoy, 200);
    assert_eq!(asked_around(&mut envoy, "openai", vec![]), (503, vec![]));
    wait(&mut envoy, 19_900);
    served(&mut envoy);
    wait(&mut envoy, 200);
    assert_eq!(asked(&mut envoy, vec![good("openai")]), ["openai"]);
    assert_eq!(asked(&mut envoy, vec![good("openai")]), ["openai"]);
    let rests = "sluice.rests;provider=openai;reason=failing";
    assert_eq!(envoy.process.counted(rests), 1);
    envoy.assert_calm();
}

#[test]
fn a_second_target_without_an_address_rests_and_the_first_ones_words_stand() {
    let mut envoy = healed(OA, "");
    let failed = refused(503, "x-other", "1");
    let asked = asked_around(&mut envoy, "anthropic", vec![failed]);
    assert_eq!(asked, (503, vec!["openai".to_owned()]));
    assert_eq!(envoy.process.counted("sluice.rests;provider=anthropic;reason=failing"), 1);
    assert_eq!(envoy.process.counted("sluice.rests;provider=openai"), 0);
    envoy.assert_calm();
}
