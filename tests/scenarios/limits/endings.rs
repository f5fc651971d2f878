//! Whatever the ending: what was reserved is released, what was used is charged.

use super::*;

/// Three slots and what is left of 1,000,000 tokens: none may stay behind.
const BOTH: &str = r#"{ "name": "slots", "concurrent": 3 },
    { "name": "tokens", "tokens": 1000000, "every": "month" },
    { "name": "calls", "requests": 1000, "every": "month" }"#;

/// No call runs: what is left but for the next call's own reservation. All three slots
/// are free.
fn calm(envoy: &mut Envoy) -> (u64, u64) {
    let calls = [running(envoy), running(envoy), running(envoy)];
    assert!(!served(envoy));
    for index in calls {
        envoy.hang_up(index);
    }
    let exchange = envoy.ask(chat("m"), vec![good("openai")]);
    let client = &exchange.client;
    (left(client, "tokens"), left(client, "requests"))
}

/// How many tokens and requests an ending costs.
fn cost(end: impl Fn(&mut Envoy)) -> (u64, u64) {
    let mut envoy = limited(OA, BOTH);
    let nothing = calm(&mut envoy);
    let probe = calm(&mut envoy);
    let own = (nothing.0 - probe.0, nothing.1 - probe.1);
    end(&mut envoy);
    let after = calm(&mut envoy);
    envoy.assert_calm();
    (probe.0 - after.0 - own.0, probe.1 - after.1 - own.1)
}

#[test]
fn each_ending_charges_what_it_used() {
    let asked = |script: Vec<Script>| {
        move |envoy: &mut Envoy| {
            envoy.ask(chat("m"), script.clone());
        }
    };
    assert_eq!(cost(asked(vec![good("openai")])), (15, 1), "complete");
    assert_eq!(cost(asked(vec![refusal(400)])), (0, 1), "refused");
    assert_eq!(cost(asked(vec![refusal(500), refusal(500)])), (0, 1), "all failed");
    assert_eq!(cost(asked(vec![refusal(500), good("anthropic")])), (15, 1), "fallback");
    let reset = || Script::from([Act::Reset]);
    assert_eq!(cost(asked(vec![reset(), reset()])), (0, 1), "reset");
    let streamed = |envoy: &mut Envoy| {
        envoy.ask(streamed("m"), vec![good_stream("openai")]);
    };
    assert_eq!(cost(streamed), (15, 1), "streamed");
}

#[test]
fn clients_that_leave_keep_no_slot() {
    // Before the plan: it was no call. Between: a request without tokens.
    for steps in 0..6 {
        let (tokens, requests) = cost(|envoy| {
            let index = envoy.open(chat("m").in_pieces(40), vec![Script::new()]);
            for _ in 0..steps {
                envoy.step(index);
            }
            envoy.hang_up(index);
        });
        assert!(requests <= 1 && tokens < 40, "{steps}: {tokens} {requests}");
    }
    // In mid-stream: what was sent so far is charged by estimate.
    let (tokens, requests) = cost(|envoy| {
        let script = opened(&begun("openai", &["Hi there, and then some more words"]));
        let index = envoy.open(streamed("m"), vec![script]);
        while envoy.step(index) {}
        envoy.hang_up(index);
    });
    assert!(requests == 1 && (20..60).contains(&tokens), "{tokens}");
}

#[test]
fn our_own_refusals_cost_nothing() {
    let (tokens, requests) = cost(|envoy| {
        envoy.ask(chat("unknown"), vec![]);
        let broken = request(&json!({ "model": "m" }));
        envoy.ask(broken, vec![refusal(400)]);
        envoy.ask(page("/v1/models"), vec![]);
    });
    assert_eq!(tokens, 0);
    assert!(requests <= 1);
}

#[test]
fn what_a_lost_vm_has_reserved_expires() {
    let mut envoy = limited(O, CONCURRENT);
    let calls = [running(&mut envoy), running(&mut envoy)];
    envoy.reload();
    calls.into_iter().for_each(|index| {
        envoy.run(index);
    });
    assert!(!served(&mut envoy), "nobody has settled");
    // The longest call has 10 minutes, and its lease 2 more and what is left of a minute.
    envoy.advance(13 * 60_000);
    assert!(served(&mut envoy));
    let calls = [running(&mut envoy), running(&mut envoy)];
    assert!(!served(&mut envoy));
    calls.into_iter().for_each(|index| envoy.hang_up(index));
    envoy.assert_calm();
}

#[test]
fn a_call_settles_by_the_configuration_it_began_with() {
    let config = |amount: u32, more: &str| {
        format!(
            r#"{{ {PROVIDERS}, "health": {{ "enabled": false }},
                "models": [{{ "name": "m", "targets": [{O}] }}],
                "limits": [{{ "name": "slots", "concurrent": {amount} }}{more}] }}"#
        )
    };
    let mut envoy = Envoy::new(&config(2, ""));
    let calls = [running(&mut envoy), running(&mut envoy)];
    envoy.push(&config(3, r#", { "name": "calls", "requests": 9, "every": "day" }"#));
    let third = running(&mut envoy);
    assert!(!served(&mut envoy), "those of the old configuration count");
    calls.into_iter().for_each(|index| envoy.hang_up(index));
    assert!(served(&mut envoy));
    envoy.push(&config(1, ""));
    assert!(!served(&mut envoy));
    envoy.hang_up(third);
    assert!(served(&mut envoy));
    envoy.assert_calm();
}

#[test]
fn absurd_usage_closes_nothing_for_longer_than_its_window() {
    for (every, millis) in [("minute", 2 * 60_000), ("day", 86_400_000)] {
        let limits = format!(r#"{{ "name": "tokens", "tokens": 5000, "every": "{every}" }}"#);
        let mut envoy = limited(O, &limits);
        for n in [u64::MAX, u64::MAX / 2, 1 << 60] {
            let body = whole("openai", "x", n, n);
            envoy.ask(chat("m"), vec![answer(200, "application/json", &body)]);
            assert!(!served(&mut envoy));
            envoy.advance(millis);
            assert!(served(&mut envoy), "{n} a {every}");
        }
        envoy.assert_calm();
    }
}

#[test]
fn a_clock_that_goes_back_locks_nobody_out() {
    let limits =
        format!(r#"{CONCURRENT}, {{ "name": "calls", "requests": 2, "every": "minute" }}"#);
    let mut envoy = limited(O, &limits);
    assert!(served(&mut envoy) && served(&mut envoy) && !served(&mut envoy));
    let now = envoy.process.now.get();
    envoy.process.now.set(now - 7 * 86_400_000_000_000);
    // What was spent was spent in days to come: it is forgotten, once.
    assert!(served(&mut envoy) && served(&mut envoy) && !served(&mut envoy));
    envoy.advance(60_000);
    assert!(served(&mut envoy) && served(&mut envoy) && !served(&mut envoy));
    // By less than it remembers: it is closed for that much longer.
    envoy.process.now.set(envoy.process.now.get() - 30_000_000_000);
    assert!(!served(&mut envoy));
    envoy.advance(90_000);
    assert!(served(&mut envoy) && served(&mut envoy));
}
