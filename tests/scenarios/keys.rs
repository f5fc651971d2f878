//! A provider's keys: shares, limits, turns, and what a configuration push forgets.

use super::*;

const MODELS: &str = r#""models": [{ "name": "m", "targets": ["pool/a"] },
    { "name": "both", "targets": ["pool/a", "openai/gpt"] },
    { "name": "s", "strategy": "sticky", "targets": ["pool/a", "openai/gpt"] }]"#;

fn file(keys: &str, more: &str) -> String {
    let pool = format!(r#""pool": {{ "kind": "openai", "keys": [{keys}] }}"#);
    let openai = r#""openai": { "kind": "openai", "keys": [{ "value": "sk-openai" }] }"#;
    format!(r#"{{ "providers": {{ {pool}, {openai} }}, {MODELS} {more} }}"#)
}

fn pool(keys: &str, more: &str) -> Envoy {
    Envoy::new(&file(keys, more))
}

fn wait(envoy: &mut Envoy, millis: u64) {
    let now = envoy.process.now.get();
    envoy.process.now.set(now + millis * 1_000_000);
}

/// The keys that one call was sent with.
fn keys(envoy: &mut Envoy, request: Request, scripts: Vec<Script>) -> Vec<String> {
    let exchange = envoy.ask(request, scripts);
    assert_eq!(exchange.client.status(), 200, "{}", exchange.client.text());
    let key = |key: &str| key.trim_start_matches("Bearer sk-").to_owned();
    exchange.received.iter().map(|r| key(r.header("authorization"))).collect()
}

fn key(envoy: &mut Envoy, model: &str) -> String {
    keys(envoy, chat(model), vec![good("openai")]).remove(0)
}

/// A good answer that tells of the requests that are left.
fn left(remaining: &str, limit: &str, reset: &str) -> Script {
    let mut script = good("openai");
    if let Some(Act::Headers(_, headers, _)) = script.front_mut() {
        for (name, value) in [("remaining", remaining), ("limit", limit), ("reset", reset)] {
            headers.push((format!("x-ratelimit-{name}-requests"), value.to_owned()));
        }
    }
    script
}

#[test]
fn shares_by_weight_and_spares_behind() {
    let three = r#"{ "value": "sk-1", "weight": 3 }, { "value": "sk-2" }, { "value": "sk-0", "weight": 0 }"#;
    let mut envoy = pool(three, "");
    let mut used: Vec<_> = (0..8).map(|_| key(&mut envoy, "m")).collect();
    used.sort();
    assert_eq!(used, ["1", "1", "1", "1", "1", "1", "2", "2"]);
    let tried = keys(&mut envoy, chat("m"), vec![refusal(401), refusal(401), good("openai")]);
    assert_eq!(tried[2], "0", "{tried:?}");
    assert_eq!(key(&mut envoy, "m"), "0");
    envoy.assert_calm();
}

#[test]
fn a_key_rests_at_its_own_limit_before_the_provider_says_so() {
    let limited = r#"{ "value": "sk-1", "requests_per_minute": 2, "weight": 5 }, { "value": "sk-2", "weight": 0 }"#;
    let mut envoy = pool(limited, "");
    let used: Vec<_> = (0..4).map(|_| key(&mut envoy, "m")).collect();
    assert_eq!(used, ["1", "1", "2", "2"]);
    // Another worker, another configuration: the same buckets.
    envoy.reload();
    assert_eq!(key(&mut envoy, "m"), "2");
    wait(&mut envoy, 30_000);
    assert_eq!([key(&mut envoy, "m"), key(&mut envoy, "m")], ["1", "2"], "half a minute is one");
    assert_eq!(envoy.process.counted("sluice.rests"), 0, "nobody was refused");
    envoy.assert_calm();
}

#[test]
fn tokens_are_charged_by_estimate_and_set_right() {
    // An estimate of about 1,030; the answer says 15.
    let limited =
        r#"{ "value": "sk-1", "tokens_per_minute": 2000 }, { "value": "sk-2", "weight": 0 }"#;
    let mut envoy = pool(limited, "");
    let used: Vec<_> = (0..20).map(|_| key(&mut envoy, "m")).collect();
    assert!(used.iter().all(|k| k == "1"), "{used:?}");
    // Two at once do not fit.
    let first = envoy.open(chat("m"), vec![good("openai")]);
    envoy.run_until(first, |e| !e.received.is_empty());
    assert_eq!(key(&mut envoy, "m"), "2");
    envoy.run(first);
    assert_eq!(key(&mut envoy, "m"), "1");
    envoy.assert_calm();
}

#[test]
fn a_spare_is_charged_when_it_is_tried() {
    let two = r#"{ "value": "sk-1" }, { "value": "sk-2", "weight": 0, "requests_per_minute": 1 }"#;
    let mut envoy = pool(two, "");
    assert_eq!(keys(&mut envoy, chat("both"), vec![refusal(429), good("openai")]), ["1", "2"]);
    assert_eq!(key(&mut envoy, "both"), "openai", "one rests, the other has used up its limit");
    // What a provider refused has used no tokens.
    let one = r#"{ "value": "sk-1", "tokens_per_minute": 2000 }"#;
    let mut envoy = pool(one, r#", "health": { "enabled": false }"#);
    for _ in 0..3 {
        assert_eq!(keys(&mut envoy, chat("both"), vec![refusal(429), good("openai")]).len(), 2);
    }
    envoy.assert_calm();
}

#[test]
fn when_all_are_over_their_limits_the_configuration_decides() {
    let one = r#"{ "value": "sk-1", "requests_per_minute": 2 }"#;
    let mut envoy = pool(one, "");
    let used: Vec<_> = (0..4).map(|_| key(&mut envoy, "m")).collect();
    assert_eq!(used, ["1"; 4], "the least bad is tried");
    let refuse = r#", "expose": { "explain": true }, "health": { "when_all_rest": "refuse" }"#;
    let mut envoy = pool(one, refuse);
    assert_eq!([key(&mut envoy, "m"), key(&mut envoy, "m")], ["1", "1"]);
    let exchange = envoy.ask(chat("m").with("x-sluice-explain", "1"), vec![]);
    assert!(exchange.received.is_empty());
    assert_eq!(error(&exchange.client).0, 503);
    assert_eq!(exchange.client.header("retry-after"), "30");
    let told: Value = serde_json::from_str(exchange.client.header("x-sluice-explain")).unwrap();
    let why = told["passed_over"][0]["why"].as_str().unwrap();
    assert!(why.starts_with("rests ") && why.ends_with("its own limit"), "{why}");
    // Another target takes over.
    assert_eq!(key(&mut envoy, "both"), "openai");
    envoy.assert_calm();
}

#[test]
fn limits_hold_where_health_is_off() {
    let limited =
        r#"{ "value": "sk-1", "requests_per_minute": 1 }, { "value": "sk-2", "weight": 0 }"#;
    let mut envoy = pool(limited, r#", "health": { "enabled": false }"#);
    assert_eq!([key(&mut envoy, "m"), key(&mut envoy, "m")], ["1", "2"]);
}

#[test]
fn a_conversation_keeps_its_key_until_that_rests() {
    let mut envoy = pool(r#"{ "value": "sk-1" }, { "value": "sk-2" }, { "value": "sk-3" }"#, "");
    let talk = |n: usize, turns: usize| {
        let mut messages = vec![json!({ "role": "user", "content": format!("question {n}") })];
        for _ in 0..turns {
            messages.push(json!({ "role": "assistant", "content": "answer" }));
            messages.push(json!({ "role": "user", "content": "and then?" }));
        }
        request(&json!({ "model": "s", "messages": messages }))
    };
    // Which conversations begin at the pool is a matter of hashes.
    let mut at_pool = Vec::new();
    for n in 0..40 {
        let used = keys(&mut envoy, talk(n, 0), vec![good("openai")]).remove(0);
        assert_eq!(keys(&mut envoy, talk(n, 3), vec![good("openai")]).join(","), used);
        at_pool.extend((used != "openai").then_some((n, used)));
    }
    let (n, own) = at_pool[0].clone();
    assert!(at_pool.iter().any(|(_, key)| *key != own), "{at_pool:?}");
    let tried = keys(&mut envoy, talk(n, 1), vec![refusal(429), good("openai")]);
    assert_eq!(tried[0], own);
    assert_eq!(keys(&mut envoy, talk(n, 2), vec![good("openai")]), [tried[1].clone()]);
    for (other, key) in at_pool.iter().filter(|(_, key)| *key != own) {
        assert_eq!(keys(&mut envoy, talk(*other, 1), vec![good("openai")]).join(","), *key);
    }
    envoy.assert_calm();
}

#[test]
fn what_is_left_is_spread_and_others_absorb_the_rest() {
    let mut envoy = pool(r#"{ "value": "sk-1" }, { "value": "sk-2", "weight": 0 }"#, "");
    let low = |n: &str| left(n, "1000", "10s");
    // 10 left for 10 seconds.
    assert_eq!(keys(&mut envoy, chat("m"), vec![low("10")]), ["1"]);
    assert_eq!(key(&mut envoy, "m"), "2");
    wait(&mut envoy, 1_000);
    // Its turn; whoever comes while it is under way does not take it, too.
    let first = envoy.open(chat("m"), vec![low("9")]);
    envoy.run_until(first, |e| !e.received.is_empty());
    assert_eq!(key(&mut envoy, "m"), "2");
    envoy.run(first);
    assert_eq!(key(&mut envoy, "m"), "2");
    assert_eq!(envoy.process.counted("sluice.rests;provider=pool;reason=paced"), 1);
    wait(&mut envoy, 1_200);
    // Enough again: no pace.
    assert_eq!(keys(&mut envoy, chat("m"), vec![left("900", "1000", "1s")]), ["1"]);
    assert_eq!([key(&mut envoy, "m"), key(&mut envoy, "m")], ["1", "1"]);
    // Nobody says so, but the budget is whole.
    assert_eq!(keys(&mut envoy, chat("m"), vec![left("1", "1000", "30s")]), ["1"]);
    assert_eq!(key(&mut envoy, "m"), "2");
    wait(&mut envoy, 30_001);
    assert_eq!([key(&mut envoy, "m"), key(&mut envoy, "m")], ["1", "1"]);
    envoy.assert_calm();
}

#[test]
fn a_pace_refuses_nobody_and_is_the_least_bad() {
    let refuse = r#", "health": { "when_all_rest": "refuse" }"#;
    let mut envoy = pool(r#"{ "value": "sk-1" }, { "value": "sk-2" }"#, refuse);
    // One key rests for a second, the other is paced for five.
    let first = keys(&mut envoy, chat("m"), vec![left("1", "1000", "60s")]).remove(0);
    let mut limited = refusal(429);
    if let Some(Act::Headers(_, headers, _)) = limited.front_mut() {
        headers.push(("retry-after".to_owned(), "1".to_owned()));
    }
    let exchange = envoy.ask(chat("m"), vec![limited]);
    assert_eq!(exchange.client.status(), 429, "the paced one is no spare");
    assert_eq!([key(&mut envoy, "m"), key(&mut envoy, "m")], [first.clone(), first]);
    // Off: only what is spent rests.
    let mut envoy = pool(
        r#"{ "value": "sk-1" }"#,
        r#", "expose": { "explain": true }, "health": { "pace_below": 0 }"#,
    );
    keys(&mut envoy, chat("m"), vec![left("1", "1000", "60s")]);
    let exchange = envoy.ask(chat("m").with("x-sluice-explain", "1"), vec![good("openai")]);
    assert!(exchange.client.header("x-sluice-explain").contains(r#""passed_over":[]"#));
    envoy.assert_calm();
}

#[test]
fn a_new_key_is_tried_at_once_and_the_same_key_goes_on_resting() {
    let mut envoy = pool(r#"{ "value": "sk-1" }"#, "");
    assert_eq!(envoy.ask(chat("both"), vec![refusal(401), good("openai")]).client.status(), 200);
    assert_eq!(key(&mut envoy, "both"), "openai");
    envoy.push(&file(r#"{ "value": "sk-1" }"#, r#", "defaults": { "timeout": "9s" }"#));
    assert_eq!(key(&mut envoy, "both"), "openai", "the same key, another configuration");
    envoy.push(&file(r#"{ "value": "sk-new" }"#, ""));
    assert_eq!(key(&mut envoy, "both"), "new");
    envoy.push(&file(r#"{ "value": "sk-1" }, { "value": "sk-new" }"#, ""));
    assert_eq!([key(&mut envoy, "both"), key(&mut envoy, "both")], ["new", "new"]);
    wait(&mut envoy, 600_001);
    let both = [key(&mut envoy, "both"), key(&mut envoy, "both")];
    assert!(both.contains(&"1".to_owned()), "its time is up: {both:?}");
    envoy.assert_calm();
}
