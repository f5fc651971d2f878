//! Moderations, images, speech and transcriptions through Envoy: with the real `openai`
//! package, and forms as no package writes them.

use crate::support::client::Reply;
use crate::support::gateway::{Gateway, Setup, config};
use crate::support::python;
use serde_json::Value;
use sluice::provider::sigv4::sha256;
use std::convert::Infallible;

/// As many as the script has.
const FLOWS: usize = 8;

const MODELS: &str = "
- { name: omni-moderation-latest, targets: [openai/omni-moderation-latest] }
- { name: check, targets: [openai/omni-moderation-2024-09-26] }
- { name: say, targets: [openai/gpt-4o-mini-tts] }
- { name: say-second, targets: [\"openai/gpt-4o-mini-tts!status=503\", \"openai/tts-1!html\", openai/tts-1-hd] }
- { name: hear, targets: [openai/gpt-4o-transcribe] }
- { name: hear-second, targets: [\"openai/whisper-1!status=503\", openai/gpt-4o-transcribe] }
- { name: busy, targets: [\"openai/whisper-1!status=429\"] }
- { name: whisper-1, targets: [openai/whisper-1] }
- { name: draw, targets: [openai/gpt-image-2] }
- { name: flux, targets: [openai/flux-2] }
- { name: a-claude, targets: [anthropic/claude-haiku-4-5] }";

#[tokio::test(flavor = "multi_thread")]
async fn the_official_package_is_content() {
    let setup = Setup { config: Some(config(MODELS)), ..Setup::default() };
    let mut gateway = Gateway::start(setup).await;
    let said = python::run("tests/clients/media.py", &[&gateway.url("/v1")], &Value::Null).await;
    assert_eq!(said.lines().filter(|l| l.starts_with("ok ")).count(), FLOWS, "{said}");
    // Tokens are those that were told; nothing is made up for files.
    assert_eq!(gateway.used("hear", "input_tokens").await, 256 + 256);
    assert_eq!(gateway.used("whisper-1", "input_tokens").await, 0);
    assert_eq!(gateway.used("whisper-1", "estimated_calls").await, 0);
    assert!(gateway.used("whisper-1", "unpriced_calls").await > 0);
    assert_eq!(gateway.used("check", "input_tokens").await, 0);
    assert_eq!(gateway.used("draw", "output_tokens").await, 544 + 272 + 272 + 272);
    assert!(gateway.used("say", "estimated_calls").await > 0);
    gateway.assert_calm().await;
}

/// A name that is longer than the client's, and two of other lengths.
const UPLOADS: &str = "
providers:
  whisper: { kind: openai-compatible, url: \"http://whisper.internal/v1\", keys: [{ value: sk-1 }] }
models:
- { name: hear, targets: [\"whisper/whisper-1!status=503\", \"whisper/whisper-large-v3-of-somebody\", whisper/never] }
- { name: hear-straight, targets: [whisper/whisper-1] }
- { name: whisper-same, targets: [whisper/whisper-same] }";

const MIB: usize = 1 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_falls_back_byte_for_byte() {
    let mut gateway = uploads("").await;
    // One first, so that what a call needs anyway is there.
    assert_eq!(post(&gateway, form(&["hear"], 0, &[]).concat()).await.status, 200);
    let before = peak(gateway.pid());
    for (first, behind, model) in [
        (&["hear"][..], &[][..], "whisper-large-v3-of-somebody"),
        (&[], &["hear"], "whisper-large-v3-of-somebody"),
        (&[], &["hear-straight"], "whisper-1"),
        (&["whisper-same"], &[], "whisper-same"),
        (&[], &["whisper-same"], "whisper-same"),
    ] {
        let name = first.iter().chain(behind).next().unwrap();
        let reply = post(&gateway, form(first, 20 * MIB, behind).concat()).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let attempts = if *name == "hear" { "2" } else { "1" };
        assert_eq!(reply.header("x-sluice-attempts"), attempts);
        let seen = gateway.mock.requests().pop().unwrap();
        let change = |names: &[&str]| names.iter().map(|_| model).collect::<Vec<_>>();
        let wanted = form(&change(first), 20 * MIB, &change(behind)).concat();
        assert_eq!((seen.body.len(), seen.model.as_str()), (wanted.len(), model));
        assert_eq!(sha256(&seen.body), sha256(&wanted), "{first:?} {behind:?}");
        assert_eq!(seen.header("content-type"), Some(FORM));
        assert_eq!(seen.header("content-length"), Some(wanted.len().to_string().as_str()));
        assert_eq!(seen.header("accept"), Some("text/html;q=0.1"));
        gateway.mock.clear();
    }
    let grown = peak(gateway.pid()) - before;
    println!("Envoy's peak grew by {grown} MiB over five uploads of 20 MiB");
    // Both chains hold the body, and what is on its way out; the VM holds none of it.
    assert!(grown < 100, "{grown}");
    gateway.assert_calm().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_megabytes_are_413() {
    let mut gateway = uploads("").await;
    let wanted = (413, "invalid_request_error".to_owned(), "too_large".to_owned());
    let reply = post(&gateway, form(&["hear"], 100 * MIB, &[]).concat()).await;
    assert_eq!(reply.error(), wanted, "{}", reply.text());
    let reply = send(&gateway, form(&["hear"], 100 * MIB, &[])).await;
    assert_eq!(reply.error(), wanted, "{}", reply.text());
    assert!(reply.text().contains("defaults.max_body"), "{}", reply.text());
    assert_eq!(gateway.mock.requests().len(), 0);
    gateway.assert_calm().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_megabytes_flow_where_they_may() {
    let mut gateway = uploads("defaults: { max_upload: 120MiB }").await;
    assert_eq!(post(&gateway, form(&["hear"], 0, &[]).concat()).await.status, 200);
    let before = peak(gateway.pid());
    let wanted = sha256(&form(&["whisper-1"], 100 * MIB, &[]).concat());
    for announced in [true, false] {
        gateway.mock.clear();
        let form = form(&["hear-straight"], 100 * MIB, &[]);
        let reply = match announced {
            true => post(&gateway, form.concat()).await,
            false => send(&gateway, form).await,
        };
        assert_eq!(reply.status, 200, "{}", reply.text());
        let seen = gateway.mock.requests().pop().unwrap();
        assert_eq!((sha256(&seen.body), seen.model.as_str()), (wanted, "whisper-1"));
        assert_eq!(seen.header("content-length").is_some(), announced);
    }
    let grown = peak(gateway.pid()) - before;
    println!("Envoy's peak grew by {grown} MiB over two uploads of 100 MiB");
    assert!(grown < 160, "{grown}");
    // Held, where it says that it fits `max_body`; else another target is tried as long
    // as Envoy still has all of it.
    for (announced, size, status, attempts) in
        [(true, 20, 200, "2"), (false, 20, 200, "2"), (false, 60, 503, "1")]
    {
        let form = form(&["hear"], size * MIB, &[]);
        let reply = match announced {
            true => post(&gateway, form.concat()).await,
            false => send(&gateway, form).await,
        };
        assert_eq!((reply.status, reply.header("x-sluice-attempts")), (status, attempts));
        let model =
            if status == 200 { "whisper-large-v3-of-somebody" } else { "whisper-1!status=503" };
        let seen = gateway.mock.requests().pop().unwrap();
        assert_eq!(sha256(&seen.body), sha256(&self::form(&[model], size * MIB, &[]).concat()));
    }

    gateway.mock.clear();
    let reply = post(&gateway, form(&["hear"], 121 * MIB, &[]).concat()).await;
    assert!(reply.status == 413 && reply.text().contains("max_upload"), "{}", reply.text());
    let reply = send(&gateway, form(&[], 60 * MIB, &["hear"])).await;
    assert!(reply.status == 413 && reply.text().contains("before the file"), "{}", reply.text());
    assert_eq!(gateway.mock.requests().len(), 0);
    for (form, status, words) in [
        (form(&["hear-straight"], 60 * MIB, &["hear"]), 400, "stands twice"),
        (form(&["hear-straight"], 130 * MIB, &[]), 413, "max_upload"),
        (form(&["nobody"], 60 * MIB, &[]), 404, "does not exist"),
    ] {
        let reply = send(&gateway, form).await;
        assert!(reply.error().0 == status && reply.text().contains(words), "{}", reply.text());
    }
    gateway.assert_calm().await;
}

#[tokio::test]
async fn hostile_forms_get_clear_errors() {
    let mut gateway = uploads("").await;
    let plain = form(&["hear"], 10, &[]).concat();
    let text = |body: &[u8]| String::from_utf8_lossy(body).into_owned();
    let long = format!("multipart/form-data; boundary={}", "b".repeat(71));
    for (type_, body, status, words) in [
        (FORM, form(&[], 10, &[]).concat(), 400, "model"),
        (FORM, form(&["hear", "hear"], 10, &[]).concat(), 400, "stands twice"),
        (FORM, form(&[&"m".repeat(300)], 10, &[]).concat(), 400, "256"),
        (FORM, form(&["hear\r\nx-evil: 1"], 10, &[]).concat(), 400, "control characters"),
        (FORM, plain[..plain.len() - 10].to_vec(), 400, "closing boundary is missing"),
        (FORM, text(&plain).replace("\r\n", "\n").into_bytes(), 400, "CRLF"),
        (FORM, b"{}".to_vec(), 400, "no part"),
        ("multipart/form-data", plain.clone(), 400, "boundary"),
        (&long, plain.clone(), 400, "1 to 70"),
        ("application/json", b"{\"model\":\"hear\"}".to_vec(), 415, "multipart/form-data"),
        ("", plain.clone(), 415, "multipart/form-data"),
    ] {
        let request = to(&gateway, "/v1/audio/transcriptions").body(body);
        let request =
            if type_.is_empty() { request } else { request.header("content-type", type_) };
        let reply = Reply::read(request.send().await.unwrap()).await;
        assert_eq!(reply.error().0, status, "{type_} {words}: {}", reply.text());
        assert!(reply.text().contains(words), "{type_} {words}: {}", reply.text());
    }
    let request = to(&gateway, "/v1/chat/completions").header("content-type", FORM).body(plain);
    let reply = Reply::read(request.send().await.unwrap()).await;
    assert!(
        reply.error().0 == 415 && reply.text().contains("application/json"),
        "{}",
        reply.text()
    );
    let request = to(&gateway, "/v1/audio/transcriptions").header("content-type", FORM);
    let reply = Reply::read(request.send().await.unwrap()).await;
    assert!(reply.error().0 == 400 && reply.text().contains("send a form"), "{}", reply.text());
    assert_eq!(gateway.mock.requests().len(), 0);
    gateway.assert_calm().await;
}

async fn uploads(more: &str) -> Gateway {
    let text = format!("{UPLOADS}\n{more}\n");
    Gateway::start(Setup { config: Some(text), ..Setup::default() }).await
}

const FORM: &str = "multipart/form-data; boundary=bound-1";

/// A form in pieces: parts `model` before and behind a file of so many bytes and some.
fn form(before: &[&str], size: usize, behind: &[&str]) -> Vec<Vec<u8>> {
    let field = |name: &&str| {
        format!("--bound-1\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\n{name}\r\n")
            .into_bytes()
    };
    let mut all: Vec<Vec<u8>> = before.iter().map(field).collect();
    let head =
        "--bound-1\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.mp3\"\r\n\r\n";
    all.push(head.as_bytes().to_vec());
    // No two pieces are the same: one that is lost or moved is missed.
    let piece = |n: usize| {
        let mut bytes: Vec<u8> =
            (0..65_521u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        bytes[..8].copy_from_slice(&(n as u64).to_le_bytes());
        bytes[100..111].copy_from_slice(b"\r\n--bound-2");
        bytes
    };
    all.extend((0..size / 65_521 + 1).map(piece));
    all.push(b"\r\n".to_vec());
    all.extend(behind.iter().map(field));
    all.push(b"--bound-1--\r\n".to_vec());
    all
}

fn to(gateway: &Gateway, path: &str) -> reqwest::RequestBuilder {
    reqwest::Client::new().post(gateway.url(path)).header("accept", "text/html;q=0.1")
}

async fn post(gateway: &Gateway, form: Vec<u8>) -> Reply {
    let request = to(gateway, "/v1/audio/transcriptions").header("content-type", FORM).body(form);
    Reply::read(request.send().await.expect("the gateway answers")).await
}

/// The same without a length up front.
async fn send(gateway: &Gateway, form: Vec<Vec<u8>>) -> Reply {
    let pieces = futures_util::stream::iter(form.into_iter().map(Ok::<_, Infallible>));
    let body = reqwest::Body::wrap_stream(pieces);
    let request = to(gateway, "/v1/audio/transcriptions").header("content-type", FORM).body(body);
    Reply::read(request.send().await.expect("the gateway answers")).await
}

/// The most memory it ever had, in MiB.
fn peak(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a living process");
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).expect("a peak");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") / 1024
}
