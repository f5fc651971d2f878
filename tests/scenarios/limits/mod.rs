//! What calls may spend: reserved before they are sent, settled when they have ended.

use super::*;

mod endings;
mod exceeded;
mod providers;
mod words;

/// A gateway with these limits.
fn limited(targets: &str, limits: &str) -> Envoy {
    with(targets, &format!(r#", "limits": [{limits}]"#))
}

const REQUESTS: &str = r#"{ "name": "calls", "requests": 3, "every": "day" }"#;
const CONCURRENT: &str = r#"{ "name": "slots", "concurrent": 2 }"#;
/// A call of `chat` is expected to have about 1,020 tokens, and has 15.
const TOKENS: &str = r#"{ "name": "tokens", "tokens": 2500, "every": "day" }"#;

/// What is left, as an OpenAI client is told.
fn left(client: &Client, kind: &str) -> u64 {
    let text = client.header(&format!("x-ratelimit-remaining-{kind}"));
    text.parse().unwrap_or_else(|_| panic!("{kind}: {text:?}"))
}

/// A call that runs until its provider is at work.
fn running(envoy: &mut Envoy) -> usize {
    let index = envoy.open(chat("m"), vec![Script::new()]);
    while envoy.step(index) {}
    index
}

fn served(envoy: &mut Envoy) -> bool {
    match envoy.ask(chat("m"), vec![good("openai")]).client.status() {
        200 => true,
        429 => false,
        status => panic!("{status}"),
    }
}

#[test]
fn requests_are_counted_to_the_last() {
    let mut envoy = limited(O, REQUESTS);
    for n in (0..3).rev() {
        let exchange = envoy.ask(chat("m"), vec![good("openai")]);
        assert_eq!(exchange.client.status(), 200);
        assert_eq!(left(&exchange.client, "requests"), n);
        assert_eq!(exchange.client.header("x-ratelimit-limit-requests"), "3");
    }
    let exchange = envoy.ask(chat("m"), vec![]);
    assert_eq!(exchange.client.status(), 429);
    assert!(exchange.received.is_empty());
    assert_eq!(left(&exchange.client, "requests"), 0);
    let refused = "sluice.limit_decisions;limit=calls;decision=refused";
    assert_eq!(envoy.process.counted(refused), 1);
    // The next day.
    envoy.advance(86_400_000);
    assert!(served(&mut envoy));
    envoy.assert_calm();
}

#[test]
fn what_was_reserved_is_settled_to_what_was_used() {
    let mut envoy = limited(O, TOKENS);
    let mut before = 2500;
    for _ in 0..20 {
        let exchange = envoy.ask(chat("m"), vec![good("openai")]);
        let (status, now) = (exchange.client.status(), left(&exchange.client, "tokens"));
        assert_eq!(status, 200);
        // Its own reservation, and 15 for the one before it.
        assert!(before == 2500 || before - now == 15, "{before} {now}");
        before = now;
    }
    // Two at a time fit, not three.
    let calls = [running(&mut envoy), running(&mut envoy)];
    assert!(!served(&mut envoy));
    for index in calls {
        envoy.hang_up(index);
    }
    envoy.assert_calm();
}

#[test]
fn dollars_are_those_of_the_dearest_target() {
    // $25 a million output tokens: 1,000 of them are reserved, 2.5 cents; and a cent is
    // what a cheap one had.
    let limits = r#"{ "name": "money", "dollars": 0.03, "every": "month" }"#;
    let catalog = r#", "catalog": [
        { "model": "openai/gpt", "input": 1, "output": 25 }]"#;
    let mut envoy = with(O, &format!(r#", "limits": [{limits}] {catalog}"#));
    let index = running(&mut envoy);
    let exchange = envoy.ask(chat("m"), vec![]);
    let (status, type_, code) = error(&exchange.client);
    assert_eq!((status, &*type_, &*code), (429, "insufficient_quota", "insufficient_quota"));
    assert!(
        exchange.client.text().contains("$0.03 per month allowed"),
        "{}",
        exchange.client.text()
    );
    envoy.hang_up(index);
    assert!(served(&mut envoy) && served(&mut envoy));
    envoy.assert_calm();
}

#[test]
fn concurrent_calls_are_counted_while_they_run() {
    let mut envoy = limited(O, CONCURRENT);
    for _ in 0..3 {
        let calls = [running(&mut envoy), running(&mut envoy)];
        let exchange = envoy.ask(chat("m"), vec![]);
        assert_eq!(exchange.client.status(), 429);
        assert_eq!(exchange.client.header("retry-after"), "1");
        envoy.hang_up(calls[0]);
        assert!(served(&mut envoy));
        envoy.hang_up(calls[1]);
    }
    envoy.assert_calm();
}

#[test]
fn a_call_costs_one_account_two_reads_and_two_writes() {
    let limits = r#"{ "name": "a", "requests": 1000, "every": "minute" },
        { "name": "b", "tokens": 1000000, "every": "minute" },
        { "name": "c", "dollars": 100, "every": "month" }"#;
    let mut envoy = limited(O, limits);
    assert!(served(&mut envoy));
    envoy.process.shared_calls.take();
    assert!(served(&mut envoy));
    let calls = envoy.process.shared_calls.take();
    assert_eq!(calls.iter().filter(|c| c.contains("account/")).count(), 4, "{calls:?}");
    let mut envoy = gateway(O);
    assert!(served(&mut envoy));
    let calls = envoy.process.shared_calls.take();
    assert!(!calls.iter().any(|c| c.contains("account/")), "{calls:?}");
}

#[test]
fn an_account_that_refuses_gives_back_what_others_gave() {
    let limits = r#"{ "name": "all", "concurrent": 5 },
        { "name": "mine", "concurrent": 1, "per": "consumer" },
        { "name": "model", "concurrent": 5, "per": "model" }"#;
    let mut envoy = limited(O, limits);
    for _ in 0..8 {
        let index = running(&mut envoy);
        for _ in 0..3 {
            assert!(!served(&mut envoy));
        }
        envoy.hang_up(index);
    }
    assert!(served(&mut envoy));
    envoy.assert_calm();
}

#[test]
fn each_value_of_a_scope_has_its_own() {
    let keys = ["client-key-1", "client-key-2"];
    let digest = |key: &str| {
        use sha2::Digest;
        let digest = sha2::Sha256::digest(key.as_bytes());
        digest.iter().map(|b| format!("{b:02x}")).collect::<String>()
    };
    let consumers = format!(
        r#", "consumers": [
            {{ "name": "ann", "key_sha256": ["{}"], "team": "red", "limits":
                [{{ "requests": 2, "every": "day" }}] }},
            {{ "name": "bob", "key_sha256": ["{}"], "team": "red" }}],
        "teams": [{{ "name": "red", "limits": [{{ "requests": 3, "every": "day" }}] }}]"#,
        digest(keys[0]),
        digest(keys[1])
    );
    let mut envoy = with(O, &consumers);
    let mut ask = |key: &str| {
        let mut asked = chat("m");
        asked.headers.retain(|(name, _)| name != "authorization");
        let asked = asked.with("authorization", &format!("Bearer {key}"));
        let client = &envoy.ask(asked, vec![good("openai")]).client;
        (client.status(), client.text())
    };
    assert_eq!([ask(keys[0]).0, ask(keys[0]).0], [200, 200]);
    let (status, text) = ask(keys[0]);
    assert!(status == 429 && text.contains("`requests-per-day` of this consumer"), "{text}");
    assert_eq!(ask(keys[1]).0, 200);
    let (status, text) = ask(keys[1]);
    assert!(status == 429 && text.contains("of your team"), "{text}");
    assert!(!text.contains("ann") && !text.contains("red"), "{text}");
}

#[test]
fn counting_tokens_is_a_request_and_nothing_else() {
    let limits =
        format!(r#"{REQUESTS}, {{ "name": "t", "tokens": 1, "every": "day" }}, {CONCURRENT}"#);
    let mut envoy = limited(A, &limits);
    let counted = json!({ "input_tokens": 9 }).to_string();
    let asked = || chat("m").with(":path", "/v1/messages/count_tokens");
    for _ in 0..3 {
        let script = answer(200, "application/json", counted.as_bytes());
        let mut request = asked();
        request.headers.retain(|(n, v)| n != ":path" || v != b"/v1/chat/completions");
        assert_eq!(envoy.ask(request, vec![script]).client.status(), 200);
    }
    let mut request = asked();
    request.headers.retain(|(n, v)| n != ":path" || v != b"/v1/chat/completions");
    assert_eq!(envoy.ask(request, vec![]).client.status(), 429);
    assert_eq!(envoy.ask(chat("m"), vec![]).client.status(), 429);
}
