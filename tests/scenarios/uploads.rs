//! Forms on their way in, and answers that are no JSON on their way out.

use super::*;
use sluice::wire::multipart::WINDOW;

const FORM: &str = "multipart/form-data; boundary=b1";
const W: &str = r#""openai/whisper-1", "openai/a-name-of-another-length""#;

/// A form with these fields before and behind a file of so many bytes.
fn form(before: &[(&str, &str)], size: usize, behind: &[(&str, &str)]) -> Vec<u8> {
    let field = |(name, value): &(&str, &str)| {
        format!("--b1\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let head = "--b1\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n";
    let mut body: Vec<u8> = before.iter().map(field).collect::<String>().into_bytes();
    body.extend_from_slice(head.as_bytes());
    body.extend((0..size).map(|i| (i * 7 % 253) as u8));
    body.extend_from_slice(b"\r\n--b");
    body.extend_from_slice(b"\r\n");
    body.extend(behind.iter().map(field).collect::<String>().into_bytes());
    body.extend_from_slice(b"--b1--\r\n");
    body
}

fn upload(body: Vec<u8>) -> Request {
    let mut request = request(&Value::Null).with(":path", "/v1/audio/transcriptions");
    request.body = vec![body];
    request.with("content-type", FORM)
}

fn speech() -> Request {
    request(&json!({ "model": "m", "input": "hello there", "voice": "alloy" }))
        .with(":path", "/v1/audio/speech")
}

fn transcript(usage: &Value) -> Script {
    let body = json!({ "text": "hi", "usage": usage });
    answer(200, "application/json", body.to_string().as_bytes())
}

fn tokens() -> Value {
    json!({ "type": "tokens", "input_tokens": 14, "output_tokens": 5, "total_tokens": 19 })
}

#[test]
fn an_upload_falls_back_with_the_names_of_its_targets() {
    let size = 3 * WINDOW + 5;
    for (before, behind) in [(true, false), (false, true)] {
        for piece in [0, 1000, WINDOW, WINDOW + 1] {
            let mut envoy = gateway(W);
            let side = |here: bool, name| if here { vec![("model", name)] } else { Vec::new() };
            let form = |name| form(&side(before, name), size, &side(behind, name));
            let request = upload(form("m"));
            let request = if piece > 0 { request.in_pieces(piece) } else { request };
            let exchange = envoy.ask(request, vec![refusal(503), transcript(&tokens())]);
            assert_eq!(exchange.client.json()["text"], "hi");
            let seen = &exchange.received;
            assert_eq!(seen.len(), 2);
            assert!(seen[0].body == form("whisper-1"), "in pieces of {piece}");
            assert!(seen[1].body == form("a-name-of-another-length"), "in pieces of {piece}");
            for one in seen {
                assert_eq!(one.header("content-type"), FORM);
                assert_eq!(one.header("content-length"), one.body.len().to_string());
                assert_eq!(one.header(":path"), "/v1/audio/transcriptions");
            }
            assert_eq!(outcome(exchange), (Value::Null, json!(false)));
            assert_eq!(used(&envoy), (1, 0, 14, 5));
            assert!(envoy.process.longest_read.get() <= WINDOW, "in pieces of {piece}");
            envoy.assert_calm();
        }
    }
}

#[test]
fn a_form_that_has_the_targets_name_is_not_touched() {
    let mut envoy = Envoy::new(&format!(
        r#"{{ {PROVIDERS}, "models": [{{ "name": "whisper-1", "targets": ["openai/*"] }}] }}"#
    ));
    let body = form(&[], 2 * WINDOW, &[("model", "whisper-1")]);
    let request = upload(body.clone()).in_pieces(5000).with_trailers();
    let exchange = envoy.ask(request, vec![transcript(&tokens())]);
    assert!(exchange.received[0].body == body);
    envoy.assert_calm();
}

#[test]
fn what_is_not_reported_is_not_made_up() {
    let free = r#", "catalog": [{ "model": "openai/whisper-1", "input": 0, "output": 0 }]"#;
    let priced = r#", "catalog": [{ "model": "openai/whisper-1", "input": 1, "output": 2 }]"#;
    let seconds = json!({ "type": "duration", "seconds": 9 });
    for (more, usage, cost) in [
        ("", &seconds, Value::Null),
        (priced, &seconds, Value::Null),
        (free, &seconds, json!(0)),
        (priced, &tokens(), json!(0.000_024)),
    ] {
        let mut envoy = with(r#""openai/whisper-1""#, more);
        let body = form(&[("model", "m")], 10_000, &[]);
        let exchange = envoy.ask(upload(body), vec![transcript(usage)]);
        let record = exchange.record().unwrap();
        assert_eq!(record["cost_usd"].as_f64(), cost.as_f64(), "{more} {usage}");
        assert_eq!(record["estimated"], false);
        assert_eq!(used(&envoy).2, usage["input_tokens"].as_u64().unwrap_or(0));
        assert_eq!(envoy.rows()[0].counts.unpriced_calls, u64::from(cost.is_null()));
        envoy.assert_calm();
    }
}

#[test]
fn a_client_that_leaves_an_upload_is_charged_nothing_made_up() {
    let mut envoy = gateway(r#""openai/whisper-1""#);
    let index = envoy.open(upload(form(&[("model", "m")], 50_000, &[])), vec![Script::new()]);
    envoy.run_until(index, |e| !e.received.is_empty());
    envoy.hang_up(index);
    assert_eq!(outcome(&envoy.exchanges[index]), (json!("cancelled"), json!(false)));
    assert_eq!(used(&envoy), (1, 0, 0, 0));
    // While it comes in, nobody is charged.
    let body = form(&[("model", "m")], 50_000, &[]);
    let index = envoy.open(upload(body).in_pieces(1000), vec![]);
    envoy.step(index);
    envoy.step(index);
    envoy.hang_up(index);
    assert_eq!(used(&envoy).0, 1);
    envoy.assert_calm();
}

#[test]
fn bad_forms_are_refused() {
    let model = &[("model", "m")][..];
    for (body, status, words) in [
        (form(&[], 10, &[]), 400, "model parameter"),
        (form(model, 10, model), 400, "stands twice"),
        (b"--b1\r\n\r\n".to_vec(), 400, "content-disposition"),
        (form(&[("model", "none")], 10, &[]), 404, "does not exist"),
    ] {
        for piece in [1, 7, 100_000] {
            let mut envoy = gateway(W);
            let exchange = envoy.ask(upload(body.clone()).in_pieces(piece), vec![]);
            let text = exchange.client.text();
            assert!(error(&exchange.client).0 == status && text.contains(words), "{text}");
            assert!(exchange.received.is_empty());
            envoy.assert_calm();
        }
    }
    let mut envoy = with(W, r#", "defaults": { "max_body": 1000 }"#);
    let exchange = envoy.ask(upload(form(model, 2000, &[])).in_pieces(100), vec![]);
    assert_eq!(error(&exchange.client), (413, "invalid_request_error".into(), "too_large".into()));
}

#[test]
fn a_large_upload_flows() {
    let limits = r#", "defaults": { "max_body": 1000, "max_upload": 9000 }"#;
    let body = |name: &str| form(&[("model", name)], 5000, &[]);
    for (piece, announced) in [(100, true), (100, false), (3000, true), (100_000, true)] {
        let mut envoy = with(W, limits);
        let length = body("m").len().to_string();
        let request = upload(body("m")).in_pieces(piece);
        let request = if announced { request.with("content-length", &length) } else { request };
        let exchange = envoy.ask(request, vec![refusal(503), transcript(&tokens())]);
        assert_eq!(exchange.client.json()["text"], "hi");
        let seen = &exchange.received;
        assert!(seen[0].body == body("whisper-1") && seen[0].header("content-type") == FORM);
        assert!(seen[1].body == body("a-name-of-another-length"));
        let wanted = if announced { seen[1].body.len().to_string() } else { String::new() };
        assert!(
            [wanted, seen[1].body.len().to_string()]
                .iter()
                .any(|l| l == seen[1].header("content-length"))
        );
        envoy.assert_calm();
    }
    for (body, status, words) in [
        (form(&[], 5000, &[("model", "m")]), 413, "before the file"),
        (form(&[("model", "m")], 5000, &[("model", "m")]), 400, "stands twice"),
        (form(&[("model", "m")], 9000, &[]), 413, "max_upload"),
        (body("m")[..5000].to_vec(), 400, "closing boundary"),
    ] {
        let mut envoy = with(W, limits);
        let exchange = envoy.ask(upload(body).in_pieces(100), vec![]);
        let text = exchange.client.text();
        assert!(error(&exchange.client).0 == status && text.contains(words), "{text}");
        assert_eq!(used(&envoy).0, 0);
        envoy.assert_calm();
    }
}

#[test]
fn audio_passes_as_it_comes() {
    let audio: Vec<u8> = (0..9000u32).map(|i| (i % 251) as u8).collect();
    let mut envoy = gateway(r#""openai/a", "openai/b", "openai/c", "openai/d""#);
    let scripts = vec![
        answer(200, "text/html", b"<html>"),
        answer(200, "application/json", br#"{"error":{"message":"x"}}"#),
        answer(200, "audio/mpeg", b""),
        in_pieces(answer(200, "audio/mpeg", &audio), 1000),
    ];
    let exchange = envoy.ask(speech(), scripts);
    assert!(exchange.client.body == audio);
    assert_eq!(exchange.client.header("content-type"), "audio/mpeg");
    assert_eq!(exchange.client.header("content-length"), "9000");
    assert_eq!(exchange.client.header("x-sluice-attempts"), "4");
    // What went in is text; what came out is not.
    assert_eq!(outcome(exchange), (Value::Null, json!(true)));
    let (calls, estimated, input, output) = used(&envoy);
    assert!((calls, estimated, output) == (1, 1, 0) && (10..30).contains(&input), "{input}");
    envoy.assert_calm();

    let half = then(opened(""), Act::Body(audio[..500].to_vec(), false));
    let mut half: Script =
        half.into_iter().filter(|a| !matches!(a, Act::Body(b, _) if b.is_empty())).collect();
    half[0] = Act::Headers(200, vec![("content-type".into(), "audio/mpeg".into())], false);
    let mut envoy = gateway(r#""openai/a", "openai/b""#);
    let exchange = envoy.ask(speech(), vec![then(half, Act::Reset)]);
    assert_eq!(exchange.client.ending, Some(Ending::Broken));
    assert!(exchange.client.body == audio[..500]);
    assert_eq!(outcome(exchange).0, "broken_stream");
    envoy.assert_calm();
}

#[test]
fn an_answer_may_come_otherwise_than_asked() {
    let body = || form(&[("stream", "true"), ("model", "m")], 10, &[]);
    let mut envoy = gateway(r#""openai/whisper-1""#);
    let exchange = envoy.ask(upload(body()), vec![transcript(&tokens())]);
    assert_eq!(exchange.client.json()["text"], "hi");
    let events = "data: {\"type\":\"transcript.text.delta\",\"delta\":\"hi\"}\n\n\
                  data: {\"type\":\"transcript.text.done\",\"text\":\"hi\",\"usage\":{\"input_tokens\":7,\"output_tokens\":2}}\n\n";
    let exchange = envoy.ask(upload(body()), vec![in_pieces(ended(events), 9)]);
    assert_eq!(exchange.client.text(), events);
    assert_eq!(used(&envoy), (2, 0, 21, 7));
    let subtitles = answer(200, "text/plain; charset=utf-8", b"1\n00:00 --> 00:02\nhi\n");
    let exchange = envoy.ask(upload(body()), vec![subtitles]);
    assert!(exchange.client.text().starts_with("1\n00:00"));
    envoy.assert_calm();
}
