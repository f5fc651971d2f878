//! What calls teach of tokens: over calls, workers and VMs; bounded, whatever providers say;
//! and where no limit counts tokens nobody pays for it.

use super::*;

const ALL: u64 = 100_000_000;
const ERROR: &str = "sluice.estimate_error_percent;provider=openai;upstream_model=gpt";

/// A gateway, and what its calls have used.
struct Counted {
    envoy: Envoy,
    used: u64,
}

fn counted(targets: &str) -> Counted {
    let limits = format!(r#", "limits": [{{ "name": "t", "tokens": {ALL}, "every": "month" }}]"#);
    Counted { envoy: with(targets, &limits), used: 0 }
}

fn said(text: &str) -> Request {
    request(&json!({ "model": "m", "messages": [{ "role": "user", "content": text }] }))
}

/// Of about 260 tokens, by the base.
fn long() -> Request {
    said(&"The ferry left twenty minutes late, and nobody minded. ".repeat(20))
}

/// The same, with a limit.
fn capped(n: u64) -> Request {
    let text = "The ferry left twenty minutes late, and nobody minded. ".repeat(20);
    request(&json!({ "model": "m", "max_tokens": 100, "n": n,
        "messages": [{ "role": "user", "content": text }] }))
}

// === impl Counted ===

impl Counted {
    /// What a call has reserved whose provider reports so much.
    fn ask(&mut self, asked: Request, input: u64, output: u64) -> u64 {
        let body = whole("openai", "x", input, output);
        let exchange = self.envoy.ask(asked, vec![answer(200, "application/json", &body)]);
        assert_eq!(exchange.client.status(), 200);
        let left: u64 = exchange.client.header("x-ratelimit-remaining-tokens").parse().unwrap();
        let reserved = ALL - self.used - left;
        self.used += input + output;
        reserved
    }
}

#[test]
fn input_is_learned_and_kept_over_vms_and_configurations() {
    let mut it = counted(O);
    let base = it.ask(capped(1), 400, 10) - 100;
    assert!((220..300).contains(&base), "{base}");
    for _ in 0..40 {
        it.ask(capped(1), 400, 10);
    }
    let learned = it.ask(capped(1), 400, 10) - 100;
    assert!((390..410).contains(&learned), "{learned}");
    it.envoy.reload();
    it.envoy.push_config();
    assert_eq!(it.ask(capped(1), 400, 10) - 100, learned);
    let under = it.envoy.process.counted(&format!("{ERROR};reason=under"));
    let over = it.envoy.process.counted(&format!("{ERROR};reason=over"));
    assert!(under + over == 43 && under > 2, "{under} {over}");
    it.envoy.assert_calm();
}

#[test]
fn output_is_the_clients_limit_or_learned() {
    let mut it = counted(O);
    let input = it.ask(capped(1), 258, 10) - 100;
    assert!((it.ask(capped(3), 258, 10) - 300).abs_diff(input) < 20);
    // Cut answers say nothing; nor do fewer than twenty.
    for _ in 0..40 {
        it.ask(capped(1), 258, 10);
    }
    for _ in 0..20 {
        let reserved = it.ask(long(), 258, 200);
        assert!((1_240..1_280).contains(&reserved), "{reserved}");
    }
    let reserved = it.ask(long(), 258, 200);
    assert!((258 + 200..258 + 300).contains(&reserved), "{reserved}");
    // Of a model that has less than that.
    let more = r#""catalog": [{ "model": "openai/gpt", "max_output": 300 }]"#;
    let limits =
        format!(r#", "limits": [{{ "name": "t", "tokens": {ALL}, "every": "month" }}], {more}"#);
    let mut small = Counted { envoy: with(O, &limits), used: 0 };
    let reserved = small.ask(long(), 258, 200);
    assert!((540..580).contains(&reserved), "{reserved}");
}

#[test]
fn lies_do_not_poison() {
    let mut it = counted(O);
    for _ in 0..30 {
        it.ask(capped(1), 260, 10);
    }
    let honest = it.ask(capped(1), 260, 10);
    for lie in [0, 1, 9, 100_000, 999_999_999] {
        it.ask(capped(1), lie, 10);
        it.used -= lie;
        it.used += lie.min(10_000_000);
    }
    let after = it.ask(capped(1), 260, 10);
    assert!(after.abs_diff(honest) <= 2, "{honest} {after}");
    // Said again and again it is believed, up to four times the base.
    for _ in 0..200 {
        it.ask(capped(1), 1_500, 10);
    }
    let most = it.ask(capped(1), 260, 10);
    assert!((900..1_200).contains(&most), "{most}");
}

#[test]
fn pictures_teach_nothing() {
    let mut it = counted(O);
    let url = json!({ "type": "image_url", "image_url": { "url": "https://a.example/1.png" } });
    let asked = || {
        request(&json!({ "model": "m", "max_tokens": 100,
            "messages": [{ "role": "user", "content": [url] }] }))
    };
    let first = it.ask(asked(), 5_000, 10);
    for _ in 0..10 {
        assert_eq!(it.ask(asked(), 5_000, 10), first);
    }
    // A picture of unknown size, by no maker's formula.
    assert!((1_700..1_720).contains(&first), "{first}");
    assert_eq!(it.envoy.process.counted(ERROR), 11, "told all the same");
}

#[test]
fn it_costs_a_read_and_a_write_and_nothing_without_need() {
    let of_tokens = |envoy: &Envoy| {
        let calls = envoy.process.shared_calls.take();
        calls.into_iter().filter(|c| c.contains("tokens/")).collect::<Vec<_>>()
    };
    let mut it = counted(O);
    it.ask(long(), 260, 10);
    of_tokens(&it.envoy);
    it.ask(long(), 260, 10);
    let calls = of_tokens(&it.envoy);
    assert_eq!(calls.len(), 3, "{calls:?}");
    // Once the model is known well, one call of sixteen teaches.
    for _ in 0..600 {
        it.ask(long(), 260, 10);
    }
    of_tokens(&it.envoy);
    for _ in 0..160 {
        it.ask(long(), 260, 10);
    }
    let calls = of_tokens(&it.envoy).len();
    // And one of seventeen reads what is known.
    assert!((28..=30).contains(&calls), "{calls}");
    for limits in [
        "",
        r#", "limits": [{ "name": "r", "requests": 100, "every": "day" },
        { "name": "c", "concurrent": 9 }]"#,
    ] {
        let mut envoy = with(O, limits);
        assert_eq!(envoy.ask(chat("m"), vec![good("openai")]).client.status(), 200);
        assert_eq!(of_tokens(&envoy), [""; 0]);
        assert_eq!(envoy.process.counted("sluice.estimate_error_percent"), 0);
    }
}

#[test]
fn models_without_end_take_no_keys_without_end() {
    let mut it = counted(r#""openai/*""#);
    it.envoy = {
        let limits = format!(r#""limits": [{{ "name": "t", "tokens": {ALL}, "every": "month" }}]"#);
        Envoy::new(&format!(
            r#"{{ {PROVIDERS}, "models": [{{ "name": "*", "targets": ["openai/*"] }}], {limits} }}"#
        ))
    };
    for n in 0..600 {
        let mut asked =
            json!({ "max_tokens": 9, "messages": [{ "role": "user", "content": "x" }] });
        asked["model"] = format!("made-up-{n}").into();
        it.envoy.ask(request(&asked), vec![good("openai")]);
    }
    let calls = it.envoy.process.shared_calls.take();
    let keys: std::collections::HashSet<_> =
        calls.iter().filter_map(|c| c.strip_prefix("cas tokens/")).collect();
    assert!((200..=256).contains(&keys.len()), "{}", keys.len());
    it.envoy.assert_calm();
}

#[test]
fn who_reports_nothing_is_charged_the_estimate() {
    let mut it = counted(r#""vllm/b""#);
    let silent = json!({ "id": "c", "object": "chat.completion", "model": "b", "choices": [
        { "index": 0, "finish_reason": "stop", "message": { "role": "assistant", "content": "x" } }] });
    let script = answer(200, "application/json", silent.to_string().as_bytes());
    it.envoy.ask(long(), vec![script]);
    let (calls, estimated, input, _) = used(&it.envoy);
    assert!((calls, estimated) == (1, 1) && (220..300).contains(&input), "{input}");
    assert_eq!(it.envoy.process.counted("sluice.estimate_error_percent"), 0);
}
