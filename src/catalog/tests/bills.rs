//! From what vendors report to what they bill: their own examples, through every
//! translator that reads them, whole and streamed. And reports that cannot be.

use crate::catalog::{Price, known};
use crate::dialect::{Dialect, Operation, Reply, TRANSLATORS, Translator, Usage};
use serde_json::value::RawValue;

struct Bill {
    /// Who answers.
    by: Dialect,
    kind: &'static str,
    model: &'static str,
    usage: &'static str,
    /// Nanodollars: the sum stands beside it, in tokens x USD per million.
    nano: u64,
}

const fn bill(
    by: Dialect,
    (kind, model): (&'static str, &'static str),
    usage: &'static str,
    nano: u64,
) -> Bill {
    Bill { by, kind, model, usage, nano }
}

const BILLS: &[Bill] = &[
    // <https://platform.claude.com/docs/en/build-with-claude/prompt-caching>: input leaves
    // the cache out. 2048 x 3 + 1800 x 0.3 + 148 x 3.75 + 100 x 6 + 503 x 15
    bill(
        Dialect::AnthropicMessages,
        ("anthropic", "claude-sonnet-4-5"),
        r#"{"input_tokens":2048,"cache_read_input_tokens":1800,"cache_creation_input_tokens":248,"output_tokens":503,"cache_creation":{"ephemeral_5m_input_tokens":148,"ephemeral_1h_input_tokens":100}}"#,
        15_384_000,
    ),
    // All three kinds of input count for the long tier, and all are dearer in it.
    // 50000 x 6 + 150000 x 0.6 + 1000 x 7.5 + 1000 x 22.5
    bill(
        Dialect::AnthropicVertex,
        ("vertex", "claude-sonnet-4-5@20250929"),
        r#"{"input_tokens":50000,"cache_read_input_tokens":150000,"cache_creation_input_tokens":1000,"output_tokens":1000}"#,
        420_000_000,
    ),
    // Thinking is a part of output. 100 x 1 + 900 x 5
    bill(
        Dialect::AnthropicMessages,
        ("anthropic", "claude-haiku-4-5"),
        r#"{"input_tokens":100,"output_tokens":900,"output_tokens_details":{"thinking_tokens":800}}"#,
        4_600_000,
    ),
    // <https://platform.openai.com/docs/guides/prompt-caching>: input has the cache in.
    // 86 x 2.5 + 1920 x 1.25 + 300 x 10
    bill(
        Dialect::OpenAiChat,
        ("openai", "gpt-4o"),
        r#"{"prompt_tokens":2006,"completion_tokens":300,"total_tokens":2306,"prompt_tokens_details":{"cached_tokens":1920},"completion_tokens_details":{"reasoning_tokens":0,"accepted_prediction_tokens":0}}"#,
        5_615_000,
    ),
    // Cache writes, from GPT-5.6 on: 100 x 4 + 200 x 0.4 + 700 x 5 + 10 x 20
    bill(
        Dialect::OpenAiChat,
        ("openai", "gpt-5.6"),
        r#"{"prompt_tokens":1000,"completion_tokens":10,"prompt_tokens_details":{"cached_tokens":200,"cache_write_tokens":700}}"#,
        4_180_000,
    ),
    // <https://platform.openai.com/docs/guides/reasoning>: reasoning is in the output.
    // 75 x 1.25 + 1186 x 10
    bill(
        Dialect::OpenAiResponses,
        ("openai", "gpt-5"),
        r#"{"input_tokens":75,"input_tokens_details":{"cached_tokens":0},"output_tokens":1186,"output_tokens_details":{"reasoning_tokens":1024},"total_tokens":1261}"#,
        11_953_750,
    ),
    // 25 x 1.25 + 50 x 0.125 + 10 x 10
    bill(
        Dialect::OpenAiResponses,
        ("openai", "gpt-5"),
        r#"{"input_tokens":75,"input_tokens_details":{"cached_tokens":50},"output_tokens":10}"#,
        137_500,
    ),
    // <https://ai.google.dev/gemini-api/docs/pricing>: thoughts are beside the candidates,
    // the cache is in the prompt. 60 x 1.25 + 40 x 0.125 + 50 x 10
    bill(
        Dialect::Gemini,
        ("gemini", "gemini-2.5-pro"),
        r#"{"promptTokenCount":100,"cachedContentTokenCount":40,"candidatesTokenCount":20,"thoughtsTokenCount":30,"totalTokenCount":150}"#,
        580_000,
    ),
    // Above 200,000: 200000 x 2.5 + 50000 x 0.25 + 1500 x 15
    bill(
        Dialect::Gemini,
        ("gemini", "gemini-2.5-pro"),
        r#"{"promptTokenCount":250000,"cachedContentTokenCount":50000,"candidatesTokenCount":1000,"thoughtsTokenCount":500,"totalTokenCount":251500}"#,
        535_000_000,
    ),
    // <https://api-docs.deepseek.com/quick_start/pricing>: hits and misses are the prompt.
    // 100 x 0.28 + 900 x 0.028 + 100 x 0.42
    bill(
        Dialect::OpenAiChat,
        ("deepseek", "deepseek-chat"),
        r#"{"prompt_tokens":1000,"completion_tokens":100,"total_tokens":1100,"prompt_cache_hit_tokens":900,"prompt_cache_miss_tokens":100}"#,
        95_200,
    ),
    // xAI counts reasoning beside the output. 10 x 1.25 + 70 x 2.5
    bill(
        Dialect::OpenAiChat,
        ("xai", "grok-4.20"),
        r#"{"prompt_tokens":10,"completion_tokens":20,"total_tokens":80,"completion_tokens_details":{"reasoning_tokens":50}}"#,
        187_500,
    ),
    // <https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html>: input
    // leaves the cache out. 100 x 1.1 + 200 x 0.11 + 100 x 1.375 + 200 x 2.2 + 50 x 5.5
    bill(
        Dialect::BedrockConverse,
        ("bedrock", "us.anthropic.claude-haiku-4-5-20251001-v1:0"),
        r#"{"inputTokens":100,"outputTokens":50,"totalTokens":650,"cacheReadInputTokens":200,"cacheWriteInputTokens":300,"cacheDetails":[{"ttl":"1h","inputTokens":200},{"ttl":"5m","inputTokens":100}]}"#,
        984_500,
    ),
    // <https://docs.cohere.com/docs/how-does-cohere-pricing-work>: what is billed is less
    // than what was used. 5 x 2.5 + 418 x 10
    bill(
        Dialect::CohereChat,
        ("cohere", "command-a-03-2025"),
        r#"{"billed_units":{"input_tokens":5,"output_tokens":418},"tokens":{"input_tokens":71,"output_tokens":418}}"#,
        4_192_500,
    ),
];

/// A whole answer.
fn whole(by: Dialect, usage: &str) -> String {
    let start = match by {
        Dialect::OpenAiChat => {
            r#"{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],"usage":"#
        }
        Dialect::OpenAiResponses => {
            r#"{"id":"r","object":"response","created_at":1,"status":"completed","model":"m","output":[{"type":"message","id":"m1","role":"assistant","content":[{"type":"output_text","text":"hi","annotations":[]}]}],"usage":"#
        }
        Dialect::Gemini => {
            r#"{"candidates":[{"content":{"role":"model","parts":[{"text":"hi"}]},"finishReason":"STOP"}],"usageMetadata":"#
        }
        Dialect::BedrockConverse => {
            r#"{"output":{"message":{"role":"assistant","content":[{"text":"hi"}]}},"stopReason":"end_turn","usage":"#
        }
        Dialect::CohereChat => {
            r#"{"id":"c","finish_reason":"COMPLETE","message":{"role":"assistant","content":[{"type":"text","text":"hi"}]},"usage":"#
        }
        _ => {
            r#"{"id":"m","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn","usage":"#
        }
    };
    format!("{start}{usage}}}")
}

/// The same as a stream; `None`: it is no text.
fn streamed(by: Dialect, usage: &str) -> Option<String> {
    let all = whole(by, usage);
    Some(match by {
        Dialect::OpenAiChat => format!(
            "data: {}\n\ndata: {{\"id\":\"c\",\"choices\":[],\"usage\":{usage}}}\n\ndata: [DONE]\n\n",
            r#"{"id":"c","choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":"stop"}]}"#
        ),
        Dialect::OpenAiResponses => format!(
            "event: response.created\ndata: {{\"type\":\"response.created\",\"sequence_number\":0,\"response\":{{\"id\":\"r\",\"status\":\"in_progress\"}}}}\n\nevent: response.completed\ndata: {{\"type\":\"response.completed\",\"sequence_number\":1,\"response\":{all}}}\n\n"
        ),
        Dialect::Gemini => format!("data: {all}\n\n"),
        Dialect::AnthropicMessages => format!(
            "event: message_start\ndata: {{\"type\":\"message_start\",\"message\":{{\"id\":\"m\",\"model\":\"m\",\"usage\":{usage}}}}}\n\nevent: message_delta\ndata: {{\"type\":\"message_delta\",\"delta\":{{\"stop_reason\":\"end_turn\"}},\"usage\":{usage}}}\n\nevent: message_stop\ndata: {{\"type\":\"message_stop\"}}\n\n"
        ),
        Dialect::CohereChat => format!(
            "event: content-delta\ndata: {}\n\nevent: message-end\ndata: {{\"type\":\"message-end\",\"delta\":{{\"finish_reason\":\"COMPLETE\",\"usage\":{usage}}}}}\n\n",
            r#"{"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"hi"}}}}"#
        ),
        _ => return None,
    })
}

/// Every translator of chats that reads this one's answers.
fn readers(by: Dialect) -> impl Iterator<Item = &'static Translator> {
    let chats = |t: &&Translator| t.client.operation() == Operation::Chat;
    TRANSLATORS.iter().filter(move |t| t.upstream == by).filter(chats)
}

fn reply() -> Reply {
    Reply { model: "m".to_owned(), ..Reply::default() }
}

/// What each reader makes of a report, whole and streamed.
fn read(by: Dialect, usage: &str) -> Vec<(String, Usage)> {
    let mut all = Vec::new();
    for row in readers(by) {
        let name = format!("{} from {}", row.client.as_str(), by.as_str());
        // The older completions are no chat of this form.
        if row.client == Dialect::OpenAiCompletions && row.upstream == row.client {
            continue;
        }
        let answer = (row.response)(whole(by, usage).as_bytes(), &reply());
        let answer = answer.unwrap_or_else(|e| panic!("{name}: {e} {usage}"));
        if let Some(body) = &answer.body {
            serde_json::from_slice::<&RawValue>(body).unwrap();
        }
        all.push((name.clone(), answer.usage));
        if let Some(stream) = streamed(by, usage) {
            let (mut reader, mut out) = ((row.stream)(&reply()), Vec::new());
            reader.feed(stream.as_bytes(), &mut out);
            reader.finish(&mut out);
            let progress = reader.progress();
            assert!(progress.complete, "{name}: {:?} {usage}", progress.failed);
            all.push((format!("{name}, streamed"), progress.usage));
        }
    }
    assert!(all.len() >= 2, "{}", by.as_str());
    all
}

#[test]
fn what_vendors_report_is_charged_as_they_bill_it() {
    for bill in BILLS {
        let price = known(bill.kind, "", bill.model).price.expect(bill.model);
        for (name, usage) in read(bill.by, bill.usage) {
            assert!(usage.input_reported && usage.output_reported, "{name}");
            assert_eq!(price.cost(&usage), Some(bill.nano), "{name}: {} {usage:?}", bill.model);
            assert_eq!(usage, usage.within(), "{name}");
        }
    }
}

#[test]
fn another_tier_is_told_apart() {
    for (by, member) in [
        (Dialect::OpenAiChat, r#""service_tier":"flex""#),
        (Dialect::OpenAiResponses, r#""service_tier":"flex""#),
        (Dialect::BedrockConverse, r#""serviceTier":{"type":"flex"}"#),
    ] {
        for row in readers(by) {
            let body = whole(by, "{}").replacen('{', &format!("{{{member},"), 1);
            let answer = (row.response)(body.as_bytes(), &reply()).unwrap();
            assert_eq!(answer.usage.tier, Some("flex"), "{}", row.client.as_str());
        }
    }
    let (gemini, claude) = (
        r#"{"promptTokenCount":1,"serviceTier":"priority"}"#,
        r#"{"input_tokens":1,"output_tokens":1,"service_tier":"priority"}"#,
    );
    for (by, usage) in [(Dialect::Gemini, gemini), (Dialect::AnthropicMessages, claude)] {
        for (name, read_) in read(by, usage) {
            assert_eq!(read_.tier, Some("priority"), "{name}");
        }
        for (name, read_) in read(by, &usage.replace("priority", "standard")) {
            assert_eq!(read_.tier, None, "{name}");
        }
    }
}

/// Every field of a report, `$` for its number.
const REPORTS: &[(Dialect, &str)] = &[
    (
        Dialect::OpenAiChat,
        r#"{"prompt_tokens":$,"completion_tokens":$,"total_tokens":$,"reasoning_tokens":$,"cached_tokens":$,"prompt_cache_hit_tokens":$,"prompt_tokens_details":{"cached_tokens":$,"cache_write_tokens":$},"completion_tokens_details":{"reasoning_tokens":$},"cost":$,"cost_in_usd_ticks":$}"#,
    ),
    (
        Dialect::OpenAiResponses,
        r#"{"input_tokens":$,"input_tokens_details":{"cached_tokens":$,"cache_write_tokens":$},"output_tokens":$,"output_tokens_details":{"reasoning_tokens":$},"cost":$}"#,
    ),
    (
        Dialect::AnthropicMessages,
        r#"{"input_tokens":$,"cache_read_input_tokens":$,"cache_creation_input_tokens":$,"output_tokens":$,"cache_creation":{"ephemeral_1h_input_tokens":$},"output_tokens_details":{"thinking_tokens":$}}"#,
    ),
    (
        Dialect::Gemini,
        r#"{"promptTokenCount":$,"cachedContentTokenCount":$,"candidatesTokenCount":$,"thoughtsTokenCount":$,"toolUsePromptTokenCount":$,"totalTokenCount":$}"#,
    ),
    (
        Dialect::BedrockConverse,
        r#"{"inputTokens":$,"outputTokens":$,"cacheReadInputTokens":$,"cacheWriteInputTokens":$,"cacheDetails":[{"ttl":"1h","inputTokens":$}]}"#,
    ),
    (
        Dialect::CohereChat,
        r#"{"billed_units":{"input_tokens":$,"output_tokens":$},"tokens":{"input_tokens":$,"output_tokens":$,"reasoning_tokens":$},"cached_tokens":$}"#,
    ),
];

const ABSURD: &[&str] = &[
    "1000000000000000000",
    "18446744073709551616",
    "-1",
    "-1e300",
    "1e300",
    "1e999",
    "0.5",
    "-0.0",
    "\"7\"",
    "\"\"",
    "null",
    "true",
    "[]",
    "{}",
    "0",
    "1e-300",
];

#[test]
fn absurd_reports_break_nothing_and_stay_bounded() {
    let dear =
        Price { input: super::price::MAX, output: Some(super::price::MAX), ..Price::default() };
    for (by, form) in REPORTS {
        let fields = form.matches('$').count();
        for absurd in ABSURD {
            // All fields, then each alone among good ones.
            let alone = (0..fields).map(|wrong| {
                let mut n = 0..;
                form.split('$').collect::<Vec<_>>().join("\u{0}").split('\u{0}').fold(
                    String::new(),
                    |text, part| match n.next() {
                        Some(0) => part.to_owned(),
                        Some(i) if i == wrong + 1 => text + absurd + part,
                        _ => text + "9" + part,
                    },
                )
            });
            for usage in alone.chain([form.replace('$', absurd)]) {
                for (name, read) in read(*by, &usage) {
                    let sums = [read.input, read.output, read.cached_input, read.cache_write];
                    assert!(sums.iter().all(|n| *n <= 4_000_000_000), "{name}: {usage} {read:?}");
                    let within = read.within();
                    assert!(within.cached_input + within.cache_write <= within.input, "{name}");
                    assert!(within.reasoning <= within.output, "{name}");
                    assert!(within.cache_write_1h <= within.cache_write, "{name}");
                    let cost = dear.cost(&read).unwrap();
                    assert!(cost <= 8_000_000_000 * 1_000_000_000, "{name}: {usage}");
                    assert!(read.cost.is_none_or(|nano| nano <= 10_000_000_000_000), "{name}");
                }
            }
        }
    }
}
