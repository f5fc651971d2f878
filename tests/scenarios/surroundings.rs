//! Another Envoy than the filter needs, or one that is not configured for it.

use super::*;

/// The bootstrap's flag is missing: no body callback comes.
fn deaf(envoy: &mut Envoy, request: Request) -> usize {
    let index = envoy.open(request, vec![good("openai")]);
    envoy.exchanges[index].deaf = true;
    index
}

fn messages() -> Request {
    let messages = json!([{ "role": "user", "content": "Hi" }]);
    let mut request = request(&json!({ "model": "m", "max_tokens": 9, "messages": messages }));
    for (name, value) in &mut request.headers {
        if name == ":path" {
            *value = b"/v1/messages".to_vec();
        }
    }
    request
}

#[test]
fn a_body_that_never_comes_is_told_in_the_clients_dialect() {
    listen();
    let mut envoy = gateway(OA);
    let first = deaf(&mut envoy, chat("m"));
    let second = deaf(&mut envoy, messages());
    envoy.run_until(second, Exchange::has_spoken);
    let client = &envoy.run(first).client;
    assert_eq!(error(client), (500, "server_error".into(), "internal".into()));
    let client = &envoy.run(second).client;
    assert_eq!(
        (client.status(), &client.json()["type"]),
        (500, &json!("error")),
        "{}",
        client.text()
    );
    let said = logged();
    assert_eq!(said.len(), 1, "once: {said:?}");
    assert!(said[0].contains("allow_on_headers_stop_iteration") && said[0].contains("gateway"));
    assert_eq!(envoy.process.counted("sluice.requests"), 2);
    envoy.assert_calm();
}

#[test]
fn one_body_shows_that_all_come() {
    listen();
    let mut envoy = gateway(OA);
    let slow = deaf(&mut envoy, chat("m"));
    envoy.run_until(slow, Exchange::has_spoken);
    envoy.advance(5_000);
    assert_eq!(envoy.ask(chat("m"), vec![good("openai")]).client.status(), 200);
    envoy.advance(20_000);
    assert!(!envoy.exchanges[slow].has_ended() && logged().is_empty());
    assert!(envoy.process.ticks.borrow().is_empty(), "nobody is watched any more");
    envoy.hang_up(slow);
    envoy.assert_calm();
}

#[test]
fn who_leaves_is_watched_no_more() {
    let mut envoy = gateway(OA);
    let gone = deaf(&mut envoy, chat("m"));
    envoy.run_until(gone, Exchange::has_spoken);
    envoy.hang_up(gone);
    envoy.advance(20_000);
    envoy.assert_calm();
}

#[test]
fn a_provider_that_no_attempt_asked_is_told_as_ours() {
    listen();
    let mut envoy = gateway(OA);
    for script in [good("openai"), refusal(401), refusal(500)] {
        let index = envoy.open(chat("m"), vec![script.clone(), script]);
        envoy.exchanges[index].unfiltered = true;
        let client = &envoy.run(index).client;
        assert_eq!(error(client), (500, "server_error".into(), "internal".into()));
    }
    let said = logged();
    assert_eq!(said.len(), 1, "once: {said:?}");
    assert!(said[0].contains("upstream_http_filters"), "{said:?}");
    envoy.assert_calm();
}

#[test]
fn a_call_that_is_never_found_tells_what_to_check() {
    listen();
    let mut envoy = gateway(OA);
    let index = envoy.open(chat("m"), vec![refusal(429), good("anthropic")]);
    envoy.run_until(index, Exchange::is_between_attempts);
    envoy.reload();
    envoy.run(index);
    let said = logged();
    assert!(said.iter().any(|line| line.contains("vm_config")), "{said:?}");
}

/// What a gateway on this release makes of a configuration.
fn on(minor: u64, fallback: &str) -> Result<Envoy, String> {
    let more = format!(r#", "envoy": {{ "fallback": "{fallback}" }}"#);
    let mut envoy = with(r#""openai/a", "anthropic/claude-haiku-4-5", "openai/b""#, &more);
    envoy.process.release.set(Some((1, minor)));
    envoy.adapt()?;
    Ok(envoy)
}

#[test]
fn an_older_envoy_stays_with_one_provider() {
    listen();
    for (minor, fallback, keeps) in [
        (40, "per_call", true),
        (39, "per_call", true),
        (37, "chains", true),
        (37, "none", false),
        (40, "none", false),
        (38, "chains", false),
        (40, "chains", false),
        (37, "per_call", false),
        (38, "per_call", false),
    ] {
        let mut envoy = on(minor, fallback).unwrap();
        let said = logged();
        let fits = keeps || fallback == "none";
        assert_eq!(said.is_empty(), fits, "{minor} {fallback}: {said:?}");
        assert!(fits || said[0].contains(&format!("--for-envoy 1.{minor}")), "{said:?}");
        let exchange = envoy.open(chat("m"), vec![refusal(500), good("openai"), good("openai")]);
        envoy.run_until(exchange, |e| e.planned > 0);
        let planned = envoy.exchanges[exchange].planned;
        assert_eq!(planned, if keeps { 3 } else { 2 }, "{minor} {fallback}");
    }
    for minor in [31, 36] {
        let refused = on(minor, "none").err().unwrap();
        assert!(refused.contains("use 1.37 or newer"), "{refused}");
    }
}

#[test]
fn an_envoy_that_does_not_say_which_it_is_gets_what_is_written() {
    let mut envoy = gateway(OA);
    envoy.adapt().unwrap();
    let exchange = envoy.ask(chat("m"), vec![refusal(500), good("anthropic")]);
    assert_eq!(exchange.client.status(), 200);
    envoy.assert_calm();
}
