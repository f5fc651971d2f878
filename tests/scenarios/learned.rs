//! What attempts teach of speed and load, and that it costs others nothing.

use super::*;

/// Targets of one dialect, so that any script fits any.
const TWO: &str = r#""targets": ["openai/gpt", "vllm/b"]"#;

fn learning(strategy: &str, more: &str) -> Envoy {
    let model = format!(r#"{{ "name": "m", "strategy": "{strategy}", {TWO} }}"#);
    Envoy::new(&format!(
        r#"{{ {PROVIDERS}, "models": [{model}], "expose": {{ "explain": true }} {more} }}"#
    ))
}

fn wait(envoy: &Envoy, millis: u64) {
    let now = envoy.process.now.get();
    envoy.process.now.set(now + millis * 1_000_000);
}

/// What `GET /sluice/health` says that decisions are made of.
fn routing(envoy: &mut Envoy) -> Value {
    let exchange = envoy.ask(page("/sluice/health"), vec![]);
    exchange.client.json()["routing"].clone()
}

/// A call whose provider answers after so long; the cluster it went to.
fn took(envoy: &mut Envoy, asked: Request, millis: u64, script: Script) -> String {
    let index = envoy.open(asked, vec![script, good_stream("openai")]);
    envoy.run_until(index, |e| !e.received.is_empty());
    wait(envoy, millis);
    envoy.run(index).received[0].cluster.clone()
}

#[test]
fn the_fastest_is_asked_and_who_turns_slow_is_left() {
    let mut envoy = learning("fastest", "");
    let mut ask = |millis| took(&mut envoy, streamed("m"), millis, good_stream("openai"));
    // Each once, in order, to find out.
    assert_eq!((ask(500), ask(100)), ("openai".into(), "vllm".into()));
    assert_eq!((ask(100), ask(100)), ("vllm".into(), "vllm".into()));
    assert_eq!(ask(3_000), "vllm");
    assert_eq!(ask(500), "openai");
    // Whole answers teach the same.
    let told = routing(&mut envoy)["speeds"].clone();
    assert_eq!(told["openai/gpt"]["peak_ms"], 500.0);
    assert_eq!(told["vllm/b"]["samples"], 4);
    assert_eq!(took(&mut envoy, chat("m"), 9_000, good("openai")), "openai");
    assert_eq!(took(&mut envoy, streamed("m"), 100, good_stream("openai")), "vllm");
    envoy.assert_calm();
}

#[test]
fn who_fails_or_lets_clients_wait_is_not_fast() {
    let off = r#", "health": { "enabled": false }"#;
    let stalled = [Act::ConnectFailure].into();
    for failed in [refusal(503), refusal(429), stalled, ended("data: {\"error\":{}}\n\n")] {
        let mut envoy = learning("fastest", off);
        for millis in [10, 500] {
            took(&mut envoy, streamed("m"), millis, good_stream("openai"));
        }
        assert_eq!(took(&mut envoy, streamed("m"), 0, failed), "openai");
        assert_eq!(routing(&mut envoy)["speeds"]["openai/gpt"]["peak_ms"], 30_000.0);
        assert_eq!(took(&mut envoy, streamed("m"), 500, good_stream("openai")), "vllm");
        envoy.assert_calm();
    }
    for (left_after, next) in [(9_000, "vllm"), (5, "openai")] {
        let mut envoy = learning("fastest", off);
        for millis in [10, 500] {
            took(&mut envoy, streamed("m"), millis, good_stream("openai"));
        }
        let index = envoy.open(streamed("m"), vec![Script::new()]);
        envoy.run_until(index, |e| !e.received.is_empty());
        wait(&envoy, left_after);
        envoy.hang_up(index);
        let cluster = took(&mut envoy, streamed("m"), 1, good_stream("openai"));
        assert_eq!(cluster, next, "a client left after {left_after} ms");
    }
    // A request that is at fault says nothing.
    let mut envoy = learning("fastest", off);
    envoy.ask(streamed("m"), vec![refusal(400)]);
    assert_eq!(routing(&mut envoy)["speeds"]["openai/gpt"]["samples"], 0);
}

#[test]
fn errands_and_speeds_outlive_the_vm() {
    let mut envoy = learning("fastest", "");
    for millis in [500, 100] {
        took(&mut envoy, streamed("m"), millis, good_stream("openai"));
    }
    envoy.reload();
    envoy.push_config();
    assert_eq!(took(&mut envoy, streamed("m"), 100, good_stream("openai")), "vllm");
    // The other is found out about again, once twenty calls went by.
    let mut clusters = Vec::new();
    for _ in 0..45 {
        wait(&envoy, 1_000);
        let asked = streamed("m").with("x-sluice-explain", "1");
        clusters.push(took(&mut envoy, asked, 100, good_stream("openai")));
    }
    assert!(clusters[..18].iter().all(|c| c == "vllm"), "{clusters:?}");
    assert!(clusters[18..24].contains(&"openai".to_owned()), "{clusters:?}");
}

/// Every way an attempt can end.
#[test]
fn whatever_ends_an_attempt_it_is_in_flight_no_more() {
    let off = r#", "health": { "enabled": false },
        "defaults": { "first_token_timeout": "300ms", "timeout": "300ms" }"#;
    let words = begun("openai", &["Hello"]);
    let scripts: Vec<Vec<Script>> = vec![
        vec![good_stream("openai")],
        vec![refusal(400)],
        vec![refusal(503), good_stream("openai")],
        vec![refusal(503), refusal(503)],
        vec![[Act::Reset].into(), good_stream("openai")],
        vec![[Act::ConnectFailure].into(), [Act::ConnectFailure].into()],
        vec![Script::new(), Script::new()],
        vec![opened(": ping\n\n"), good_stream("openai")],
        vec![then(opened(&words), Act::Reset)],
        vec![ended(&words)],
        vec![with_trailers(good_stream("openai"))],
    ];
    for scripts in &scripts {
        let mut envoy = learning("least_busy", off);
        envoy.ask(streamed("m"), scripts.clone());
        assert_eq!(routing(&mut envoy)["busy"], json!({}), "{scripts:?}");
        // Somebody leaves at each step.
        for steps in 0..12 {
            let index = envoy.open(streamed("m").in_pieces(30), scripts.clone());
            for _ in 0..steps {
                envoy.step(index);
            }
            if !envoy.exchanges[index].has_ended() {
                envoy.hang_up(index);
            }
        }
        assert_eq!(routing(&mut envoy)["busy"], json!({}), "{scripts:?}");
        envoy.assert_calm();
    }
}

/// A call that has reached its provider, and which.
fn begin(envoy: &mut Envoy) -> (usize, String) {
    let index = envoy.open(streamed("m"), vec![good_stream("openai")]);
    envoy.run_until(index, |e| !e.received.is_empty());
    (index, envoy.exchanges[index].received[0].cluster.clone())
}

#[test]
fn the_least_busy_is_asked_over_all_workers_and_reloads() {
    let mut envoy = learning("least_busy", "");
    let open: Vec<_> = (0..6).map(|_| begin(&mut envoy)).collect();
    let to = |open: &[(usize, String)], name: &str| open.iter().filter(|(_, c)| c == name).count();
    assert_eq!((to(&open, "openai"), to(&open, "vllm")), (3, 3));
    for (index, _) in open.iter().filter(|(_, cluster)| cluster == "vllm") {
        envoy.run(*index);
    }
    assert_eq!(routing(&mut envoy)["busy"], json!({ "openai/gpt": 3 }));
    // A fresh VM stands for another worker; here it is also what a trap leaves behind.
    envoy.reload();
    let more: Vec<_> = (0..3).map(|_| begin(&mut envoy)).collect();
    assert_eq!(to(&more, "vllm"), 3);
    assert_eq!(routing(&mut envoy)["busy"], json!({ "openai/gpt": 3, "vllm/b": 3 }));
    wait(&envoy, 61_000);
    let (index, _) = begin(&mut envoy);
    // The new VM's own count holds; what the old one left is forgotten.
    let busy = routing(&mut envoy)["busy"].clone();
    assert_eq!(busy, json!({ "openai/gpt": 1, "vllm/b": 3 }));
    envoy.run(index);
    for (index, _) in more {
        envoy.run(index);
    }
    assert_eq!(routing(&mut envoy)["busy"], json!({}));
}

/// The host calls of one call, once everything is known: a microsecond each.
#[test]
fn who_does_not_ask_pays_nothing() {
    for (strategy, calls) in [
        ("order", vec!["get health"]),
        ("sticky", vec!["get health"]),
        ("fastest", vec!["get health", "get speed", "get speed", "cas speed"]),
        ("least_busy", vec!["get health", "get busy.1", "set busy.0", "set busy.0"]),
    ] {
        let mut envoy = learning(strategy, "");
        for _ in 0..2 {
            envoy.ask(streamed("m"), vec![good_stream("openai")]);
        }
        envoy.process.shared_calls.take();
        envoy.ask(streamed("m"), vec![good_stream("openai")]);
        let mut all = envoy.process.shared_calls.take();
        all.retain(|call| !call.contains("usage"));
        assert_eq!(all, calls, "{strategy}");
    }
}
