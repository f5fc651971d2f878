//! Answers and streams in another dialect than the provider's are none; counts that
//! cannot be are not believed.

use super::*;

/// Whole answers of all vendors, and some that are nobody's.
pub const ANSWERS: &[(Option<Dialect>, &str)] = &[
    (
        Some(Dialect::OpenAiChat),
        r#"{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}"#,
    ),
    (
        Some(Dialect::AnthropicMessages),
        r#"{"id":"m","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":1}}"#,
    ),
    (
        Some(Dialect::Gemini),
        r#"{"candidates":[{"content":{"role":"model","parts":[{"text":"hi"}]},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":1}}"#,
    ),
    (
        Some(Dialect::BedrockConverse),
        r#"{"output":{"message":{"role":"assistant","content":[{"text":"hi"}]}},"stopReason":"end_turn","usage":{"inputTokens":1,"outputTokens":1,"totalTokens":2}}"#,
    ),
    (
        Some(Dialect::CohereChat),
        r#"{"id":"c","message":{"role":"assistant","content":[{"type":"text","text":"hi"}]},"finish_reason":"COMPLETE","usage":{"tokens":{"input_tokens":1,"output_tokens":1}}}"#,
    ),
    (
        Some(Dialect::OpenAiResponses),
        r#"{"id":"r","object":"response","status":"completed","model":"m","output":[{"type":"message","id":"x","role":"assistant","status":"completed","content":[{"type":"output_text","text":"hi","annotations":[]}]}],"usage":{"input_tokens":1,"output_tokens":1,"total_tokens":2}}"#,
    ),
    (None, "{}"),
    (None, "[]"),
    (None, "null"),
    (None, ""),
    (None, "<html>busy</html>"),
    (None, r#"{"choices":{}}"#),
    (None, r#"{"candidates":[]}"#),
    (None, r#"{"candidates":7,"output":7,"content":7,"message":7,"choices":7}"#),
    (None, r#"{"usage":{"prompt_tokens":-1},"usageMetadata":{"promptTokenCount":-1}}"#),
];

#[test]
fn an_answer_in_another_dialect_is_no_answer() {
    for pair in TRANSLATORS.iter().filter(|t| t.client.operation() == Operation::Chat) {
        for (dialect, answer) in ANSWERS {
            let same = *dialect == Some(speaks(pair.upstream));
            let read = (pair.response)(answer.as_bytes(), &Reply::default());
            assert_eq!(read.is_ok(), same, "{} reads {answer}", pair.upstream.as_str());
            if let Err(e) = read {
                assert_ne!(e.kind.fault(), Fault::Client, "{}: {e}", pair.upstream.as_str());
            }
        }
    }
}

#[test]
fn a_stream_in_another_dialect_is_no_stream() {
    for pair in TRANSLATORS.iter().filter(|t| t.client.operation() == Operation::Chat) {
        for (_, answer) in ANSWERS {
            for framed in [format!("data: {answer}\n\n"), (*answer).to_owned()] {
                let mut stream = (pair.stream)(&Reply::default());
                let mut out = Vec::new();
                assert!(matches!(
                    stream.feed(framed.as_bytes(), &mut out),
                    Feed::Same | Feed::Changed
                ));
                stream.finish(&mut out);
                let progress = stream.progress();
                // What one event of these streams looks like, but for a field's name.
                let own = match pair.upstream {
                    Dialect::Gemini => answer.contains("STOP"),
                    Dialect::OpenAiChat => answer.contains("chat.completion"),
                    _ => false,
                };
                assert!(
                    progress.complete != progress.failed.is_some() && progress.complete <= own,
                    "{} streams {framed}",
                    pair.upstream.as_str()
                );
            }
        }
    }
}

#[test]
fn usage_that_is_missing_or_absurd_is_not_believed() {
    let absurd = [
        (
            Dialect::OpenAiChat,
            r#"{"choices":[{}],"usage":{"prompt_tokens":-5,"completion_tokens":1e300}}"#,
        ),
        (
            Dialect::AnthropicMessages,
            r#"{"type":"message","content":[],"usage":{"input_tokens":-5,"output_tokens":1e300}}"#,
        ),
        (
            Dialect::Gemini,
            r#"{"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":-5,"candidatesTokenCount":1e300}}"#,
        ),
        (
            Dialect::BedrockConverse,
            r#"{"output":{"message":{"role":"assistant","content":[{"text":"x"}]}},"stopReason":"end_turn","usage":{"inputTokens":-5,"outputTokens":1e300}}"#,
        ),
        (
            Dialect::CohereChat,
            r#"{"id":"c","message":{"role":"assistant","content":[{"type":"text","text":"x"}]},"finish_reason":"COMPLETE","usage":{"tokens":{"input_tokens":-5,"output_tokens":1e300}}}"#,
        ),
        (
            Dialect::OpenAiResponses,
            r#"{"object":"response","status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"x"}]}],"usage":{"input_tokens":-5,"output_tokens":1e300}}"#,
        ),
    ];
    for (dialect, answer) in absurd {
        for pair in TRANSLATORS.iter().filter(|t| speaks(t.upstream) == dialect) {
            let read = (pair.response)(answer.as_bytes(), &Reply::default());
            let usage = read.unwrap_or_else(|e| panic!("{answer}: {e}")).usage;
            assert_eq!(usage.input, 0, "{answer}");
            assert!(usage.output <= 2_000_000_000, "{answer} {usage:?}");
            let unsaid = serde_json::from_str::<Value>(answer).map(|mut v| {
                for key in ["usage", "usageMetadata"] {
                    v.as_object_mut().unwrap().remove(key);
                }
                v.to_string()
            });
            let read = (pair.response)(unsaid.unwrap().as_bytes(), &Reply::default()).unwrap();
            assert!(!read.usage.input_reported && !read.usage.output_reported, "{answer}");
        }
    }
}
