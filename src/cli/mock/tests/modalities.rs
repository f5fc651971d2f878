//! OpenAI's APIs beside text.

use super::*;

const KEYS: &str = "authorization: Bearer sk\r\n";
const FORM: &str = "authorization: Bearer sk\r\ncontent-type: multipart/form-data; boundary=b\r\n";

/// A form with a file of the name `file`, if one is given.
fn form(fields: &[(&str, &str)], file: &str) -> String {
    let part = |head: String, body: &str| {
        format!("--b\r\nContent-Disposition: form-data; {head}\r\n\r\n{body}\r\n")
    };
    let mut all: String =
        fields.iter().map(|(name, value)| part(format!("name=\"{name}\""), value)).collect();
    if !file.is_empty() {
        all += &part(format!("name=\"file\"; filename=\"{file}\""), "12345678");
    }
    all + "--b--\r\n"
}

async fn transcribe(fields: &[(&str, &str)], file: &str) -> Seen {
    let server = server().await;
    call(&server, "POST", "/v1/audio/transcriptions", FORM, &form(fields, file)).await
}

#[tokio::test]
async fn transcribes_in_every_format() {
    let said = "You said: a.mp3 of 8 bytes";
    let newer = ("model", "gpt-4o-transcribe");
    let seen = transcribe(&[newer], "a.mp3").await.json();
    assert_eq!((&seen["text"], &seen["usage"]["type"]), (&json!(said), &json!("tokens")));
    let seen = transcribe(&[newer, ("stream", "true")], "a.mp3").await;
    let events = seen.events();
    assert_eq!(events[0]["type"], "transcript.text.delta");
    assert_eq!(events.last().unwrap()["text"], said);
    let older = ("model", "whisper-1");
    for (format, begins) in
        [("text", said), ("srt", "1\n00:00:00,000"), ("vtt", "WEBVTT\n"), ("verbose_json", "{")]
    {
        let seen = transcribe(&[older, ("response_format", format)], "a.mp3").await;
        assert!(seen.complete && seen.text().starts_with(begins), "{seen:?}");
    }
}

#[tokio::test]
async fn refuses_forms_as_openai_does() {
    let newer = ("model", "gpt-4o-transcribe");
    for (fields, file, param) in [
        (&[][..], "a.mp3", "model"),
        (&[newer], "", "file"),
        (&[newer], "a.txt", "file"),
        (&[newer, ("response_format", "srt")], "a.mp3", "response_format"),
        (&[newer, ("response_format", "pdf")], "a.mp3", "response_format"),
        (&[newer, ("temperature", "2")], "a.mp3", "temperature"),
        (&[newer, ("nonsense", "2")], "a.mp3", "nonsense"),
        (&[newer, ("stream", "yes")], "a.mp3", "stream"),
    ] {
        let seen = transcribe(fields, file).await;
        assert_eq!((seen.status, &seen.json()["error"]["param"]), (400, &json!(param)), "{seen:?}");
    }
    let server = server().await;
    let cut = form(&[newer], "a.mp3").replace("--b--", "");
    let seen = call(&server, "POST", "/v1/audio/transcriptions", FORM, &cut).await;
    assert!(seen.status == 400 && seen.text().contains("multipart"), "{seen:?}");
    let path = "/v1/audio/translations";
    let seen = call(&server, "POST", path, FORM, &form(&[newer], "a.mp3")).await;
    assert_eq!(seen.status, 400);
}

#[tokio::test]
async fn speaks_in_many_pieces() {
    let server = server().await;
    let body = json!({"model": "tts-1", "input": "hi", "voice": "alloy", "response_format": "wav"});
    let seen = call(&server, "POST", "/v1/audio/speech", KEYS, &body.to_string()).await;
    assert_eq!(seen.header("content-type"), Some("audio/wav"));
    assert_eq!(seen.header("transfer-encoding"), Some("chunked"));
    assert!(seen.complete && seen.body.len() == 96_044 && seen.body.starts_with(b"RIFF"));
    for (change, param) in [
        (json!({"voice": "nobody"}), "voice"),
        (json!({"input": "x".repeat(5000)}), "input"),
        (json!({"response_format": "ogg"}), "response_format"),
        (json!({"speed": 9}), "speed"),
        (json!({"stream_format": "sse"}), "stream_format"),
    ] {
        let seen = post(&server, "/v1/audio/speech", with(body.clone(), change)).await;
        assert_eq!((seen.status, &seen.json()["error"]["param"]), (400, &json!(param)));
    }
}

#[tokio::test]
async fn draws_and_judges() {
    let server = server().await;
    let body =
        json!({"model": "gpt-image-2", "prompt": "a fox", "stream": true, "partial_images": 1});
    let events = post(&server, "/v1/images/generations", body.clone()).await.events();
    assert_eq!(events[0]["type"], "image_generation.partial_image");
    assert_eq!(events[1]["usage"]["output_tokens"], 272);
    for (change, param) in [
        (json!({"prompt": null}), "prompt"),
        (json!({"n": 11}), "n"),
        (json!({"size": "big"}), "size"),
        (json!({"partial_images": 4}), "partial_images"),
        (json!({"response_format": "url"}), "response_format"),
    ] {
        let seen = post(&server, "/v1/images/generations", with(body.clone(), change)).await;
        assert_eq!((seen.status, &seen.json()["error"]["param"]), (400, &json!(param)));
    }
    let seen = post(&server, "/v1/moderations", json!({"input": ["kill", "x"]})).await.json();
    assert_eq!(seen["model"], "omni-moderation-latest");
    assert_eq!(
        (&seen["results"][0]["flagged"], &seen["results"][1]["flagged"]),
        (&json!(true), &json!(false))
    );
    let seen = post(&server, "/v1/moderations", json!({"model": "m"})).await;
    assert_eq!((seen.status, &seen.json()["error"]["param"]), (400, &json!("input")));
}
