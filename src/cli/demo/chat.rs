//! One chat call: sent, shown, checked.

use super::super::run::{Reply, request};
use super::{ensure, say};
use crate::wire::sse;
use hyper::{Method, StatusCode, header};
use serde_json::{Value, json};
use std::io::{self, Write};

pub(super) struct Chat {
    pub(super) title: &'static str,
    pub(super) model: &'static str,
    pub(super) stream: bool,
    /// Who must have answered, and at which attempt.
    pub(super) provider: &'static str,
    pub(super) attempts: &'static str,
}

const PATH: &str = "/v1/chat/completions";

// === impl Chat ===

impl Chat {
    /// Makes the call; returns the output tokens that the answer reports.
    pub(super) async fn make(&self, port: u16) -> Result<u64, String> {
        let mut body = json!({
            "model": self.model,
            "messages": [{ "role": "user", "content": "Why is the sky blue? One sentence." }],
        });
        if self.stream {
            body["stream"] = json!(true);
            body["stream_options"] = json!({ "include_usage": true });
        }
        say(&format!("POST {PATH} {body}"));
        let mut reply = request(port, Method::POST, PATH, Some(&body)).await?;
        self.check_head(&mut reply).await?;
        let (text, usage) =
            if self.stream { streamed(&mut reply).await? } else { whole(&mut reply).await? };
        ensure(!text.trim().is_empty(), || "the answer has no text".to_owned())?;
        let count = |key| usage.get(key).and_then(Value::as_u64).unwrap_or(0);
        let (input, output) = (count("prompt_tokens"), count("completion_tokens"));
        say(&format!("  tokens: {input} in, {output} out"));
        ensure(input > 0 && output > 0 && count("total_tokens") == input + output, || {
            format!("the usage does not add up: {usage}")
        })?;
        Ok(output)
    }

    async fn check_head(&self, reply: &mut Reply) -> Result<(), String> {
        let status = reply.status();
        say(&format!("  {status}"));
        if status != StatusCode::OK {
            return Err(format!("{status}: {}", reply.text().await?));
        }
        for (name, value) in reply.headers() {
            if name.as_str().starts_with("x-sluice-") {
                say(&format!("  {name}: {}", String::from_utf8_lossy(value.as_bytes())));
            }
        }
        let kind = if self.stream { "text/event-stream" } else { "application/json" };
        for (name, wanted) in [
            ("x-sluice-provider", self.provider),
            ("x-sluice-attempts", self.attempts),
            (header::CONTENT_TYPE.as_str(), kind),
        ] {
            let found = reply.headers().get(name).map(|v| v.to_str().unwrap_or_default());
            ensure(found.is_some_and(|v| v.starts_with(wanted)), || {
                format!("{name} should be {wanted}, is {found:?}")
            })?;
        }
        Ok(())
    }
}

/// The text and the usage of a whole answer.
async fn whole(reply: &mut Reply) -> Result<(String, Value), String> {
    let text = reply.text().await?;
    let body: Value = serde_json::from_str(&text).map_err(|e| format!("{e}: {text}"))?;
    ensure(body.get("object").is_some_and(|o| o == "chat.completion"), || {
        format!("no chat.completion: {body}")
    })?;
    let content = body.pointer("/choices/0/message/content").and_then(Value::as_str);
    let content = content.ok_or_else(|| format!("no content: {body}"))?.to_owned();
    say(&format!("  {content}"));
    Ok((content, body.get("usage").cloned().unwrap_or_default()))
}

/// The text and the usage of a stream, the text shown piece by piece.
async fn streamed(reply: &mut Reply) -> Result<(String, Value), String> {
    let mut decoder = sse::Decoder::new(1 << 20);
    let mut seen = Stream::default();
    let mut out = io::stdout();
    // Who looks on is told, but not needed: see `say`.
    let _ = write!(out, "  ");
    while let Some(piece) = reply.piece().await? {
        let before = seen.text.len();
        decoder
            .feed(&piece, |event| seen.take(event.data.as_deref()))
            .map_err(|_| "an event is too long")?;
        let _ = write!(out, "{}", seen.text.get(before..).unwrap_or_default());
        let _ = out.flush();
    }
    decoder.finish(|event| seen.take(event.data.as_deref()));
    say("");
    if let Some(error) = seen.error {
        return Err(error);
    }
    ensure(seen.finished, || "no choice has a finish_reason".to_owned())?;
    ensure(seen.done, || "the stream does not end with [DONE]".to_owned())?;
    Ok((seen.text, seen.usage))
}

#[derive(Default)]
struct Stream {
    text: String,
    usage: Value,
    finished: bool,
    done: bool,
    error: Option<String>,
}

// === impl Stream ===

impl Stream {
    fn take(&mut self, data: Option<&[u8]>) {
        let Some(data) = data else { return };
        if self.done {
            self.error = Some("something follows [DONE]".to_owned());
        }
        if data == b"[DONE]" {
            self.done = true;
            return;
        }
        let chunk: Value = match serde_json::from_slice(data) {
            Ok(chunk) => chunk,
            Err(e) => {
                self.error = Some(format!("{e}: {}", String::from_utf8_lossy(data)));
                return;
            }
        };
        if let Some(error) = chunk.get("error") {
            self.error = Some(format!("an error in the stream: {error}"));
        }
        if let Some(choice) = chunk.pointer("/choices/0") {
            let piece = choice.pointer("/delta/content").and_then(Value::as_str);
            self.text.push_str(piece.unwrap_or_default());
            self.finished |= choice.get("finish_reason").is_some_and(Value::is_string);
        }
        if let Some(usage) = chunk.get("usage").filter(|u| u.is_object()) {
            self.usage = usage.clone();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(events: &[&str]) -> Stream {
        let mut seen = Stream::default();
        events.iter().for_each(|e| seen.take(Some(e.as_bytes())));
        seen
    }

    #[test]
    fn reads_a_stream() {
        let seen = read(&[
            r#"{"choices":[{"delta":{"content":"a"},"finish_reason":null}]}"#,
            r#"{"choices":[{"delta":{"content":"b"},"finish_reason":"stop"}],"usage":null}"#,
            r#"{"choices":[],"usage":{"prompt_tokens":1}}"#,
            "[DONE]",
        ]);
        assert_eq!((seen.text.as_str(), seen.finished, seen.done), ("ab", true, true));
        assert_eq!((seen.usage["prompt_tokens"].as_u64(), seen.error), (Some(1), None));
    }

    #[test]
    fn sees_what_is_wrong() {
        assert!(read(&["[DONE]", "{}"]).error.is_some());
        assert!(read(&["{"]).error.is_some());
        assert!(read(&[r#"{"error":{"message":"x"}}"#]).error.is_some());
        assert!(!read(&["{}"]).done);
    }
}
