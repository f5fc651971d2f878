//! Limits that all proxies share: leases, calls that wait, and a service that is slow,
//! silent or gone.

use super::*;
use sluice::wire::protobuf::{Field, for_each, push_bytes, push_number};

const SHARED: &str = r#", "fleet": { "service": { "cluster": "rls" } }, "limits": [
    { "name": "shared", "requests": 100, "every": "minute", "fleet": { "lease": 8 WHEN } }]"#;

fn fleet(when_down: &str) -> Envoy {
    let when = match when_down {
        "" => String::new(),
        when => format!(r#", "when_down": "{when}""#),
    };
    with(O, &SHARED.replace("WHEN", &when))
}

/// A yes; `left` hits are left in a window that ends in so many seconds.
fn yes(left: u64, seconds: u64) -> Vec<u8> {
    said(1, left, seconds)
}

fn said(code: u64, left: u64, seconds: u64) -> Vec<u8> {
    let (mut limit, mut life, mut status, mut out) = (Vec::new(), Vec::new(), vec![], vec![]);
    push_number(&mut limit, 1, 100);
    push_number(&mut life, 1, seconds);
    push_number(&mut status, 1, code);
    push_bytes(&mut status, 2, &limit);
    push_number(&mut status, 3, left);
    push_bytes(&mut status, 4, &life);
    push_number(&mut out, 1, code);
    push_bytes(&mut out, 2, &status);
    out
}

/// Limitador's no: nothing but that.
const NO: &[u8] = &[8, 2];

/// What the services are asked for now, in hits.
fn asked(envoy: &Envoy) -> Vec<u64> {
    let hits = |message: &[u8]| {
        let mut hits = 0;
        for_each(message, |number, field| {
            if let (3, Field::Varint(n)) = (number, field) {
                hits = n;
            }
            Some(())
        })
        .unwrap();
        hits
    };
    envoy.process.grpc.borrow().iter().map(|a| hits(&a.message)).collect()
}

fn sent(envoy: &Envoy) -> u32 {
    envoy.process.grpc_sent.get()
}

fn status(envoy: &Envoy, index: usize) -> u16 {
    envoy.exchanges[index].client.status()
}

/// One that needs no answer of the service.
fn served(envoy: &mut Envoy) {
    let exchange = envoy.ask(chat("m"), vec![good("openai")]);
    assert_eq!(exchange.client.status(), 200, "{exchange:?}");
}

#[test]
fn a_lease_serves_calls_without_asking() {
    let mut envoy = fleet("");
    let first = envoy.start(chat("m"), vec![good("openai")]);
    assert_eq!(asked(&envoy), [8], "a lease, and it waits");
    assert!(envoy.exchanges[first].received.is_empty());
    envoy.answer_grpc(Some(&yes(92, 50)));
    let exchange = envoy.run(first);
    assert_eq!(exchange.client.json()["choices"][0]["message"]["content"], "Hi there");
    assert_eq!(exchange.received[0].json()["model"], "gpt", "its body was held meanwhile");
    for _ in 0..5 {
        served(&mut envoy);
    }
    assert_eq!(sent(&envoy), 1, "6 of 8 are used");
    // Less than a quarter is left with the next: more is asked for, and nobody waits.
    let seventh = envoy.start(chat("m"), vec![good("openai")]);
    assert_eq!(status(&envoy, seventh), 200);
    assert_eq!(sent(&envoy), 2);
    assert_eq!(envoy.process.counted("sluice.fleet;limit=shared;event=drawn"), 1);
    envoy.assert_calm();
}

#[test]
fn the_service_is_told_who_asks_under_which_limit() {
    let mut envoy = with(
        O,
        r#", "fleet": { "service": { "cluster": "rls", "domain": "d" } },
        "teams": [{ "name": "red" }], "limits": [
        { "name": "a", "per": ["team", "consumer", "model"], "tokens": 5000, "every": "hour",
          "fleet": { "lease": 100 } }]"#,
    );
    envoy.start(chat("m"), vec![good("openai")]);
    let message = envoy.process.grpc.borrow()[0].message.clone();
    let entry = |key: &str, value: &str| {
        let mut out = Vec::new();
        push_bytes(&mut out, 1, key.as_bytes());
        push_bytes(&mut out, 2, value.as_bytes());
        out
    };
    let (mut descriptor, mut expected) = (Vec::new(), Vec::new());
    // Whoever has no team stands in its place.
    let all =
        [("limit", "a"), ("team", "consumer/anonymous"), ("consumer", "anonymous"), ("model", "m")];
    for (key, value) in all {
        push_bytes(&mut descriptor, 1, &entry(key, value));
    }
    push_bytes(&mut expected, 1, b"d");
    push_bytes(&mut expected, 2, &descriptor);
    assert!(message.starts_with(&expected), "{}", String::from_utf8_lossy(&message));
    // More than the lease: what the call needs, in whole tokens.
    assert!(asked(&envoy)[0] > 100, "{:?}", asked(&envoy));
}

#[test]
fn over_means_429_and_is_not_asked_for_again() {
    let mut envoy = fleet("");
    let first = envoy.start(chat("m"), vec![good("openai")]);
    assert_eq!(asked(&envoy), [8]);
    envoy.answer_grpc(Some(NO));
    assert_eq!(asked(&envoy), [1], "no lease, but perhaps its own need");
    envoy.answer_grpc(Some(NO));
    let client = &envoy.run(first).client;
    assert_eq!(client.status(), 429, "{}", client.text());
    assert!(!client.header("retry-after").is_empty());
    assert!(client.text().contains("`shared`"), "{}", client.text());
    for _ in 0..3 {
        assert_eq!(envoy.ask(chat("m"), vec![]).client.status(), 429);
    }
    assert_eq!(sent(&envoy), 2, "a refused consumer does not hammer the service");
    envoy.advance(2_100);
    let later = envoy.start(chat("m"), vec![good("openai")]);
    envoy.answer_grpc(Some(&yes(50, 30)));
    assert_eq!(envoy.run(later).client.status(), 200);
    envoy.assert_calm();
}

#[test]
fn a_lease_ends_with_its_window() {
    let mut envoy = fleet("");
    let first = envoy.start(chat("m"), vec![good("openai")]);
    envoy.answer_grpc(Some(&yes(92, 2)));
    envoy.run(first);
    served(&mut envoy);
    envoy.advance(2_000);
    let next = envoy.start(chat("m"), vec![good("openai")]);
    assert_eq!(asked(&envoy), [8], "what was left is lost");
    envoy.answer_grpc(Some(&yes(92, 60)));
    assert_eq!(envoy.run(next).client.status(), 200);
    envoy.assert_calm();
}

#[test]
fn a_client_that_leaves_while_it_waits_leaves_nothing_behind() {
    let mut envoy = fleet("");
    let first = envoy.start(chat("m"), vec![]);
    envoy.hang_up(first);
    assert!(asked(&envoy).is_empty(), "Envoy cancels it");
    assert_eq!(envoy.process.counted("sluice.fleet;limit=shared;event=lost"), 1);
    let second = envoy.start(chat("m"), vec![good("openai")]);
    assert_eq!(asked(&envoy), [8], "nobody asks for it now");
    envoy.answer_grpc(Some(&yes(92, 50)));
    envoy.run(second);
    for _ in 0..5 {
        served(&mut envoy);
    }
    assert_eq!(sent(&envoy), 2, "its reservation was given back");
    envoy.assert_calm();
}

#[test]
fn calls_that_come_together_ask_for_one_lease_and_what_each_needs() {
    let mut envoy = fleet("");
    let calls: Vec<_> = (0..3).map(|_| envoy.start(chat("m"), vec![good("openai")])).collect();
    assert_eq!(asked(&envoy), [8, 1, 1]);
    // In another order, and one of them in vain: it was asked for by nobody else.
    envoy.process.grpc.borrow_mut().swap(0, 2);
    envoy.answer_grpc(Some(&yes(99, 50)));
    assert_eq!(envoy.run(calls[2]).client.status(), 200);
    envoy.answer_grpc(Some(NO));
    envoy.answer_grpc(Some(&yes(91, 50)));
    assert_eq!(envoy.run(calls[0]).client.status(), 200);
    assert_eq!(envoy.run(calls[1]).client.status(), 429);
    envoy.assert_calm();
}

#[test]
fn a_vm_that_dies_while_it_draws_blocks_nobody_for_long() {
    let mut envoy = fleet("");
    let lost = envoy.start(chat("m"), vec![]);
    envoy.process.grpc.borrow_mut().clear();
    envoy.reload();
    envoy.run(lost);
    let call = envoy.start(chat("m"), vec![good("openai")]);
    assert_eq!(asked(&envoy), [1], "a lease seems to be on its way");
    envoy.answer_grpc(Some(&yes(99, 50)));
    assert_eq!(envoy.run(call).client.status(), 200);
    envoy.advance(11_500);
    envoy.start(chat("m"), vec![good("openai")]);
    assert_eq!(asked(&envoy), [8]);
}

#[test]
fn silence_means_what_the_limit_says() {
    for (when, served, first) in
        [("open", 200, 200), ("local_only", 200, 200), ("closed", 503, 503)]
    {
        let mut envoy = fleet(when);
        // Nobody answers: Envoy gives up after the timeout.
        let exchange = envoy.ask(chat("m"), vec![good("openai")]);
        assert_eq!(exchange.client.status(), first, "{when}: {exchange:?}");
        assert_eq!(sent(&envoy), 1);
        for _ in 0..4 {
            let exchange = envoy.ask(chat("m"), vec![good("openai")]);
            assert_eq!(exchange.client.status(), served, "{when}: {exchange:?}");
        }
        assert_eq!(sent(&envoy), 1, "{when}: it is left alone, and nobody waits");
        assert_eq!(envoy.process.counted("sluice.fleet;limit=shared;event=down"), 1);
        // It is asked again, and is back.
        envoy.advance(1_100);
        let call = envoy.start(chat("m"), vec![good("openai")]);
        assert_eq!(sent(&envoy), 2, "{when}");
        if when == "closed" {
            envoy.answer_grpc(Some(&yes(92, 50)));
        }
        assert_eq!(envoy.run(call).client.status(), 200, "{when}");
        envoy.assert_calm();
    }
}

#[test]
fn alone_a_proxy_counts_to_the_same_amount() {
    let mut envoy = fleet("local_only");
    envoy.process.grpc_refused.set(true);
    let mut passed = 0;
    for _ in 0..110 {
        passed += u32::from(envoy.ask(chat("m"), vec![good("openai")]).client.status() == 200);
    }
    assert_eq!(passed, 100);
    envoy.assert_calm();
}

#[test]
fn what_was_drawn_is_used_up_before_a_silent_service_counts() {
    let mut envoy = fleet("closed");
    let first = envoy.start(chat("m"), vec![good("openai")]);
    envoy.answer_grpc(Some(&yes(92, 50)));
    envoy.run(first);
    envoy.process.grpc_refused.set(true);
    let mut passed = 0;
    for _ in 0..12 {
        passed += u32::from(envoy.ask(chat("m"), vec![good("openai")]).client.status() == 200);
    }
    assert_eq!(passed, 7);
    envoy.assert_calm();
}

#[test]
fn a_limit_that_only_warns_holds_nobody_up() {
    let more =
        SHARED.replace("WHEN", "").replace(r#""every""#, r#""on_exceeded": "warn", "every""#);
    let mut envoy = with(O, &more);
    let call = envoy.start(chat("m"), vec![good("openai")]);
    assert_eq!(status(&envoy, call), 200);
    assert_eq!(sent(&envoy), 1);
    envoy.assert_calm();
}

#[test]
fn a_form_that_flows_is_held_while_its_call_waits() {
    let form = |model: &str| {
        let head = format!(
            "--b1\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\n{model}\r\n--b1\r\n\
             Content-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n"
        );
        [head.into_bytes(), vec![b'x'; 40_000], b"\r\n--b1--\r\n".to_vec()].concat()
    };
    let more = format!(
        r#"{}, "defaults": {{ "max_body": "1KiB", "max_upload": "1MiB" }}"#,
        SHARED.replace("WHEN", "")
    );
    for answered_after in [1, 3, 100] {
        let mut envoy = with(r#""openai/whisper-1""#, &more);
        let mut request = request(&Value::Null).with(":path", "/v1/audio/transcriptions");
        request.body = form("m").chunks(5_000).map(<[u8]>::to_vec).collect();
        let request = request.with("content-type", "multipart/form-data; boundary=b1");
        let text = answer(200, "application/json", br#"{"text":"hi"}"#);
        let index = envoy.open(request, vec![text]);
        while asked(&envoy).is_empty() {
            assert!(envoy.step(index));
        }
        for _ in 0..answered_after {
            envoy.step(index);
        }
        assert!(envoy.exchanges[index].received.is_empty());
        envoy.answer_grpc(Some(&yes(92, 50)));
        let exchange = envoy.run(index);
        assert_eq!(exchange.client.status(), 200, "{exchange:?}");
        assert!(exchange.received[0].body == form("whisper-1"), "after {answered_after}");
        envoy.assert_calm();
    }
}
