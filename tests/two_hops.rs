//! What both ends can say survives the way through the hub: client -> chat -> provider
//! and back. Each line of the tables is one such thing: the request in the client's
//! words and where it must stand in the provider's, or an answer in the provider's
//! words and where it must stand in the client's, whole and streamed.
//!
//! The proof on which the pairs stand: one that fails here and cannot be taught to the
//! hub would need a pair of its own. What still goes is listed by name or refused, which
//! is tested, too.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends by panicking; clippy.toml only knows functions marked as tests"
)]

use serde_json::{Value, json};
use sluice::dialect::Dialect::{
    self, AnthropicMessages, BedrockConverse, CohereChat, Gemini, OpenAiChat, OpenAiResponses,
};
use sluice::dialect::{
    Addressed, Body, Facts, Feed, Maker, ModelTraits, Reply, Request, Thinking, quirks, translator,
};

/// Something a request says: its name, the client's dialect, what is added to the
/// client's request, the provider, and what must stand where (a JSON pointer).
type Said = (&'static str, Dialect, Value, Dialect, &'static [(&'static str, Value)]);

fn traits(upstream: Dialect) -> ModelTraits {
    let maker = match upstream {
        BedrockConverse | AnthropicMessages => Maker::Anthropic,
        Gemini => Maker::Google,
        CohereChat => Maker::Cohere,
        _ => Maker::OpenAi,
    };
    ModelTraits {
        max_output_tokens: 64_000,
        structured_output: true,
        sampling: true,
        system_turns: true,
        thinking: if upstream == Gemini { Thinking::Level } else { Thinking::Budget },
        reasons: true,
        maker,
    }
}

/// The provider's request, and what was listed as dropped.
fn ask(
    client: Dialect,
    body: &Value,
    upstream: Dialect,
) -> Result<(Value, Vec<String>, Reply), String> {
    let row = translator(client, upstream).unwrap();
    let body = serde_json::to_vec(body).unwrap();
    let addressed = (client == Gemini).then(|| Addressed { model: "m".into(), stream: false });
    let facts = Facts::of(client, &body, addressed).unwrap();
    let quirks = if upstream == OpenAiChat { &quirks::OPENAI } else { &quirks::NONE };
    let request =
        Request { body: &body, facts: &facts, model: "m", traits: traits(upstream), quirks };
    let made = (row.request)(&request).map_err(|e| format!("{:?}: {}", e.param, e.message))?;
    let dropped = made.dropped.iter().map(|lost| lost.to_string()).collect();
    let Body::Whole(whole) = made.body else { panic!("the hub writes anew") };
    let reply = Reply { model: "m".into(), echo: made.echo, ..Reply::default() };
    Ok((serde_json::from_slice(&whole).unwrap(), dropped, reply))
}

fn merged(mut base: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().unwrap() {
        base[name] = value.clone();
    }
    base
}

fn base(client: Dialect) -> Value {
    match client {
        AnthropicMessages => {
            json!({ "model": "m", "max_tokens": 9000, "messages": [{ "role": "user", "content": "hi" }] })
        }
        _ => json!({ "contents": [{ "role": "user", "parts": [{ "text": "hi" }] }] }),
    }
}

/// A conversation with one call and its result, of Messages.
fn called(result: &Value) -> Value {
    json!({ "tools": [{ "name": "f", "input_schema": { "type": "object" } }], "messages": [
        { "role": "user", "content": "go" },
        { "role": "assistant", "content": [{ "type": "tool_use", "id": "c1", "name": "f", "input": {} }] },
        { "role": "user", "content": [merged(json!({ "type": "tool_result", "tool_use_id": "c1" }), result)] },
    ] })
}

/// The same of Gemini.
fn called_at_google(result: &Value) -> Value {
    json!({ "tools": [{ "functionDeclarations": [{ "name": "f" }] }], "contents": [
        { "role": "user", "parts": [{ "text": "go" }] },
        { "role": "model", "parts": [{ "functionCall": { "id": "c1", "name": "f", "args": {} } }] },
        { "role": "user", "parts": [{ "functionResponse": merged(json!({ "id": "c1", "name": "f" }), result) }] },
    ] })
}

const PNG: &str = "iVBORw0KGgo=";

fn leak(list: Vec<(&'static str, Value)>) -> &'static [(&'static str, Value)] {
    Box::leak(list.into_boxed_slice())
}

fn said() -> Vec<Said> {
    let mut all: Vec<Said> = Vec::new();
    let mut add = |name, client, more: Value, upstream, want| {
        all.push((name, client, more, upstream, leak(want)));
    };
    let image = json!({ "type": "image", "source": { "type": "base64", "media_type": "image/png", "data": PNG } });
    let pdf = json!({ "type": "document", "title": "T", "source": { "type": "base64", "media_type": "application/pdf", "data": "JVBERg==" } });

    let failed = called(&json!({ "is_error": true, "content": "no such city" }));
    add(
        "is_error",
        AnthropicMessages,
        failed.clone(),
        BedrockConverse,
        vec![
            ("/messages/2/content/0/toolResult/status", json!("error")),
            ("/messages/2/content/0/toolResult/content/0/text", json!("no such city")),
        ],
    );
    add(
        "is_error",
        AnthropicMessages,
        failed.clone(),
        Gemini,
        vec![("/contents/2/parts/0/functionResponse/response", json!({ "error": "no such city" }))],
    );
    add(
        "is_error in words",
        AnthropicMessages,
        failed.clone(),
        OpenAiChat,
        vec![("/messages/2/content", json!("Error: no such city"))],
    );
    add(
        "is_error in words",
        AnthropicMessages,
        failed.clone(),
        OpenAiResponses,
        vec![("/input/2/output", json!("Error: no such city"))],
    );
    add(
        "is_error in words",
        AnthropicMessages,
        failed,
        CohereChat,
        vec![("/messages/2/content", json!("Error: no such city"))],
    );
    add(
        "error of a function",
        Gemini,
        called_at_google(&json!({ "response": { "error": "no" } })),
        AnthropicMessages,
        vec![
            ("/messages/2/content/0/is_error", json!(true)),
            ("/messages/2/content/0/content", json!("no")),
        ],
    );
    add(
        "error of a function",
        Gemini,
        called_at_google(&json!({ "response": { "error": "no" } })),
        BedrockConverse,
        vec![("/messages/2/content/0/toolResult/status", json!("error"))],
    );

    let rich = called(&json!({ "content": [{ "type": "text", "text": "see" }, image, pdf] }));
    add(
        "media of a result",
        AnthropicMessages,
        rich.clone(),
        BedrockConverse,
        vec![
            ("/messages/2/content/0/toolResult/content/0/text", json!("see")),
            ("/messages/2/content/0/toolResult/content/1/image/source/bytes", json!(PNG)),
            ("/messages/2/content/0/toolResult/content/2/document/format", json!("pdf")),
        ],
    );
    add(
        "media of a result",
        AnthropicMessages,
        rich.clone(),
        Gemini,
        vec![
            ("/contents/2/parts/0/functionResponse/parts/0/inlineData/data", json!(PNG)),
            (
                "/contents/2/parts/0/functionResponse/parts/1/inlineData/mimeType",
                json!("application/pdf"),
            ),
        ],
    );
    add(
        "media of a result",
        AnthropicMessages,
        rich,
        OpenAiResponses,
        vec![
            ("/input/2/output/1/type", json!("input_image")),
            ("/input/2/output/2/type", json!("input_file")),
        ],
    );
    add(
        "media of a result",
        Gemini,
        called_at_google(&json!({
            "response": { "output": "see" }, "parts": [{ "inlineData": { "mimeType": "image/png", "data": PNG } }]
        })),
        AnthropicMessages,
        vec![("/messages/2/content/0/content/1/source/data", json!(PNG))],
    );

    let both = json!({ "tools": [{ "name": "f", "input_schema": { "type": "object" } }], "messages": [
        { "role": "user", "content": "go" },
        { "role": "assistant", "content": [
            { "type": "text", "text": "two" },
            { "type": "tool_use", "id": "c1", "name": "f", "input": {} },
            { "type": "tool_use", "id": "c2", "name": "f", "input": {} } ] },
        { "role": "user", "content": [
            { "type": "tool_result", "tool_use_id": "c1", "content": "one" },
            { "type": "tool_result", "tool_use_id": "c2", "content": "two" },
            { "type": "text", "text": "and now?" } ] },
    ] });
    add(
        "results, then words",
        AnthropicMessages,
        both.clone(),
        BedrockConverse,
        vec![
            ("/messages/1/content/0/text", json!("two")),
            ("/messages/1/content/2/toolUse/toolUseId", json!("c2")),
            ("/messages/2/content/0/toolResult/toolUseId", json!("c1")),
            ("/messages/2/content/1/toolResult/toolUseId", json!("c2")),
            ("/messages/2/content/2/text", json!("and now?")),
        ],
    );
    add(
        "results, then words",
        AnthropicMessages,
        both.clone(),
        Gemini,
        vec![
            ("/contents/1/parts/0/text", json!("two")),
            ("/contents/2/parts/1/functionResponse/response/output", json!("two")),
            ("/contents/3/parts/0/text", json!("and now?")),
        ],
    );
    add(
        "results, then words",
        AnthropicMessages,
        both,
        CohereChat,
        vec![("/messages/3/tool_call_id", json!("c2")), ("/messages/4/content", json!("and now?"))],
    );

    let thought = json!({
        "thinking": { "type": "enabled", "budget_tokens": 4000 },
        "messages": [
            { "role": "user", "content": "go" },
            { "role": "assistant", "content": [
                { "type": "thinking", "thinking": "hm", "signature": "Eq==" },
                { "type": "redacted_thinking", "data": "Ew==" },
                { "type": "text", "text": "yes" } ] },
            { "role": "user", "content": "on" },
    ] });
    add(
        "thoughts and their signatures",
        AnthropicMessages,
        thought,
        BedrockConverse,
        vec![
            (
                "/messages/1/content/0/reasoningContent/reasoningText",
                json!({ "text": "hm", "signature": "Eq==" }),
            ),
            ("/messages/1/content/1/reasoningContent/redactedContent", json!("Ew==")),
            ("/messages/1/content/2/text", json!("yes")),
            ("/additionalModelRequestFields/thinking/budget_tokens", json!(4000)),
        ],
    );
    let effort =
        json!({ "thinking": { "type": "adaptive" }, "output_config": { "effort": "low" } });
    add(
        "effort",
        AnthropicMessages,
        effort.clone(),
        Gemini,
        vec![("/generationConfig/thinkingConfig/thinkingLevel", json!("LOW"))],
    );
    add(
        "effort",
        AnthropicMessages,
        effort.clone(),
        OpenAiChat,
        vec![("/reasoning_effort", json!("low"))],
    );
    add(
        "effort",
        AnthropicMessages,
        effort,
        OpenAiResponses,
        vec![("/reasoning/effort", json!("low"))],
    );

    let budget = json!({ "generationConfig": {
        "maxOutputTokens": 9000, "thinkingConfig": { "thinkingBudget": 4000 } } });
    add(
        "budget",
        Gemini,
        budget.clone(),
        AnthropicMessages,
        vec![("/thinking", json!({ "type": "enabled", "budget_tokens": 4000 }))],
    );
    add(
        "budget",
        Gemini,
        budget,
        BedrockConverse,
        vec![("/additionalModelRequestFields/thinking/budget_tokens", json!(4000))],
    );

    let marked = json!({
        "system": [
            { "type": "text", "text": "a" },
            { "type": "text", "text": "b", "cache_control": { "type": "ephemeral", "ttl": "1h" } } ],
        "tools": [{ "name": "f", "input_schema": { "type": "object" }, "cache_control": { "type": "ephemeral" } }],
        "messages": [{ "role": "user", "content": [
            { "type": "text", "text": "hi", "cache_control": { "type": "ephemeral", "ttl": "5m" } } ] }],
    });
    add(
        "cache marks",
        AnthropicMessages,
        marked,
        BedrockConverse,
        vec![
            ("/system/1/text", json!("b")),
            ("/system/2/cachePoint", json!({ "type": "default", "ttl": "1h" })),
            ("/toolConfig/tools/1/cachePoint/type", json!("default")),
            ("/messages/0/content/1/cachePoint/type", json!("default")),
        ],
    );

    let picked = json!({
        "tools": [{ "name": "f", "strict": true, "input_schema": {
            "type": "object", "properties": {}, "additionalProperties": false } }],
        "tool_choice": { "type": "any", "disable_parallel_tool_use": true },
    });
    add(
        "tool choice",
        AnthropicMessages,
        picked.clone(),
        BedrockConverse,
        vec![
            ("/toolConfig/toolChoice", json!({ "any": {} })),
            ("/toolConfig/tools/0/toolSpec/strict", json!(true)),
        ],
    );
    add(
        "tool choice",
        AnthropicMessages,
        picked.clone(),
        Gemini,
        vec![("/toolConfig/functionCallingConfig/mode", json!("ANY"))],
    );
    add(
        "tool choice",
        AnthropicMessages,
        picked.clone(),
        OpenAiChat,
        vec![
            ("/tool_choice", json!("required")),
            ("/parallel_tool_calls", json!(false)),
            ("/tools/0/function/strict", json!(true)),
        ],
    );
    add(
        "tool choice",
        AnthropicMessages,
        picked,
        OpenAiResponses,
        vec![("/tool_choice", json!("required")), ("/parallel_tool_calls", json!(false))],
    );

    let sampled = json!({ "top_k": 5, "temperature": 0.5, "stop_sequences": ["END"] });
    add(
        "sampling",
        AnthropicMessages,
        sampled.clone(),
        BedrockConverse,
        vec![
            ("/additionalModelRequestFields/top_k", json!(5)),
            ("/inferenceConfig/temperature", json!(0.5)),
            ("/inferenceConfig/stopSequences", json!(["END"])),
            ("/additionalModelResponseFieldPaths", json!(["/stop_sequence"])),
        ],
    );
    add(
        "sampling",
        AnthropicMessages,
        sampled.clone(),
        Gemini,
        vec![
            ("/generationConfig/topK", json!(5)),
            ("/generationConfig/stopSequences", json!(["END"])),
        ],
    );
    add(
        "sampling",
        AnthropicMessages,
        sampled,
        CohereChat,
        vec![("/k", json!(5)), ("/stop_sequences", json!(["END"]))],
    );
    let who = json!({ "metadata": { "user_id": "u1" }, "service_tier": "standard_only" });
    add(
        "who asks",
        AnthropicMessages,
        who,
        OpenAiChat,
        vec![("/user", json!("u1")), ("/service_tier", json!("default"))],
    );
    add(
        "documents",
        AnthropicMessages,
        json!({ "messages": [{ "role": "user", "content": [
        { "type": "document", "title": "Plan", "context": "of 2026", "source": {
            "type": "base64", "media_type": "application/pdf", "data": "JVBERg==" } },
        { "type": "text", "text": "sum it up" } ] }] }),
        BedrockConverse,
        vec![
            ("/messages/0/content/0/text", json!("of 2026")),
            ("/messages/0/content/1/document/name", json!("Plan")),
        ],
    );
    all
}

#[test]
fn what_a_request_says_stands_in_the_providers() {
    let mut wrong = Vec::new();
    for (name, client, more, upstream, want) in said() {
        let pair = format!("{name}: {} to {}", client.as_str(), upstream.as_str());
        match ask(client, &merged(base(client), &more), upstream) {
            Err(refused) => wrong.push(format!("{pair}: refused: {refused}")),
            Ok((request, ..)) => {
                for (at, value) in want {
                    if request.pointer(at) != Some(value) {
                        wrong.push(format!("{pair}: no {value} at {at} in {request}"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is lost on the way is named.
#[test]
fn what_has_no_word_is_listed_or_refused() {
    let tool = |name: &str, value: Value| json!({ "tools": [{ "name": "f", "input_schema": { "type": "object" }, name: value }] });
    let cited = json!({ "messages": [{ "role": "user", "content": [
        { "type": "document", "citations": { "enabled": true }, "source": { "type": "text", "media_type": "text/plain", "data": "x" } } ] }] });
    let lost = [
        (tool("input_examples", json!([{}])), "tools.input_examples"),
        (tool("eager_input_streaming", json!(true)), "tools.eager_input_streaming"),
        (tool("defer_loading", json!(true)), "tools.defer_loading"),
        (cited, "messages.content.citations"),
        (json!({ "context_management": { "edits": [{}] } }), "context_management"),
        (json!({ "inference_geo": "us" }), "inference_geo"),
    ];
    for (more, name) in lost {
        for upstream in [BedrockConverse, Gemini, OpenAiChat, OpenAiResponses, CohereChat] {
            let (_, dropped, _) =
                ask(AnthropicMessages, &merged(base(AnthropicMessages), &more), upstream).unwrap();
            assert!(
                dropped.iter().any(|d| d == name),
                "{name} at {}: {dropped:?}",
                upstream.as_str()
            );
        }
    }
    for (more, word) in [
        (
            json!({ "tools": [{ "type": "web_search_20250305", "name": "web_search" }] }),
            "web_search_20250305",
        ),
        (json!({ "mcp_servers": [{}] }), "MCP"),
        (json!({ "container": "c" }), "container"),
        (
            json!({ "messages": [{ "role": "user", "content": [{ "type": "search_result" }] }] }),
            "search_result",
        ),
    ] {
        let refused =
            ask(AnthropicMessages, &merged(base(AnthropicMessages), &more), BedrockConverse);
        assert!(refused.unwrap_err().contains(word), "{word}");
    }
    let many = json!({ "generationConfig": { "candidateCount": 129 } });
    let refused = ask(Gemini, &merged(base(Gemini), &many), OpenAiChat).unwrap_err();
    assert!(refused.contains("candidateCount"), "{refused}");
}

/// An answer of a provider's, whole or as its stream, and what a client must find in it.
struct Answered {
    name: &'static str,
    client: Dialect,
    asked: Value,
    upstream: Dialect,
    whole: Value,
    /// In the provider's framing.
    stream: &'static str,
    want: Vec<(&'static str, Value)>,
}

fn answered() -> Vec<Answered> {
    let stops = json!({ "stop_sequences": ["END", "FIN"] });
    let one = json!({ "stop_sequences": ["END"] });
    let quiet = json!({});
    let converse = |stop: &str, more: Value| {
        merged(
            json!({ "output": { "message": { "role": "assistant", "content": [{ "text": "a" }] } },
                "stopReason": stop, "usage": { "inputTokens": 7, "outputTokens": 2,
                "cacheReadInputTokens": 5, "cacheWriteInputTokens": 3 } }),
            &more,
        )
    };
    let met = json!({ "additionalModelResponseFields": { "stop_sequence": "FIN" } });
    let gemini = json!({ "candidates": [{ "content": { "parts": [{ "text": "a" }] }, "finishReason": "STOP" }],
        "usageMetadata": { "promptTokenCount": 9, "candidatesTokenCount": 2, "cachedContentTokenCount": 4, "totalTokenCount": 11 } });
    vec![
        Answered {
            name: "the sequence that was met",
            client: AnthropicMessages,
            asked: stops.clone(),
            upstream: BedrockConverse,
            whole: converse("stop_sequence", met),
            stream: "messageStart {\"role\":\"assistant\"}\ncontentBlockDelta {\"contentBlockIndex\":0,\"delta\":{\"text\":\"a\"}}\ncontentBlockStop {\"contentBlockIndex\":0}\nmessageStop {\"stopReason\":\"stop_sequence\",\"additionalModelResponseFields\":{\"stop_sequence\":\"FIN\"}}\nmetadata {\"usage\":{\"inputTokens\":7,\"outputTokens\":2,\"cacheReadInputTokens\":5,\"cacheWriteInputTokens\":3}}\n",
            want: vec![
                ("/stop_reason", json!("stop_sequence")),
                ("/stop_sequence", json!("FIN")),
                ("/usage/input_tokens", json!(7)),
                ("/usage/cache_read_input_tokens", json!(5)),
                ("/usage/cache_creation_input_tokens", json!(3)),
            ],
        },
        Answered {
            name: "a full window",
            client: AnthropicMessages,
            asked: quiet.clone(),
            upstream: BedrockConverse,
            whole: converse("model_context_window_exceeded", quiet.clone()),
            stream: "messageStart {\"role\":\"assistant\"}\ncontentBlockDelta {\"contentBlockIndex\":0,\"delta\":{\"text\":\"a\"}}\nmessageStop {\"stopReason\":\"model_context_window_exceeded\"}\nmetadata {\"usage\":{\"inputTokens\":7,\"outputTokens\":2}}\n",
            want: vec![("/stop_reason", json!("model_context_window_exceeded"))],
        },
        Answered {
            name: "a guardrail",
            client: AnthropicMessages,
            asked: quiet.clone(),
            upstream: BedrockConverse,
            whole: converse("guardrail_intervened", quiet.clone()),
            stream: "messageStart {\"role\":\"assistant\"}\ncontentBlockDelta {\"contentBlockIndex\":0,\"delta\":{\"text\":\"a\"}}\nmessageStop {\"stopReason\":\"guardrail_intervened\"}\nmetadata {\"usage\":{\"inputTokens\":7,\"outputTokens\":2}}\n",
            want: vec![("/stop_reason", json!("refusal"))],
        },
        Answered {
            name: "the only sequence",
            client: AnthropicMessages,
            asked: one,
            upstream: CohereChat,
            whole: json!({ "id": "x", "finish_reason": "STOP_SEQUENCE", "message": { "role": "assistant", "content": [{ "type": "text", "text": "a" }] }, "usage": { "tokens": { "input_tokens": 3, "output_tokens": 1 } } }),
            stream: "data: {\"type\":\"message-start\",\"id\":\"x\",\"delta\":{\"message\":{\"role\":\"assistant\"}}}\n\ndata: {\"type\":\"content-start\",\"index\":0,\"delta\":{\"message\":{\"content\":{\"type\":\"text\",\"text\":\"\"}}}}\n\ndata: {\"type\":\"content-delta\",\"index\":0,\"delta\":{\"message\":{\"content\":{\"text\":\"a\"}}}}\n\ndata: {\"type\":\"content-end\",\"index\":0}\n\ndata: {\"type\":\"message-end\",\"delta\":{\"finish_reason\":\"STOP_SEQUENCE\",\"usage\":{\"tokens\":{\"input_tokens\":3,\"output_tokens\":1}}}}\n\n",
            want: vec![("/stop_reason", json!("stop_sequence")), ("/stop_sequence", json!("END"))],
        },
        Answered {
            name: "the sequence that was met, of a server",
            client: AnthropicMessages,
            asked: stops,
            upstream: OpenAiChat,
            whole: json!({ "id": "x", "object": "chat.completion", "model": "m", "choices": [{ "index": 0, "message": { "role": "assistant", "content": "a", "annotations": [{ "type": "url_citation", "url_citation": { "start_index": 0, "end_index": 1, "url": "https://a.example", "title": "A" } }] }, "finish_reason": "stop", "stop_reason": "END" }], "usage": { "prompt_tokens": 3, "completion_tokens": 1 } }),
            stream: "data: {\"id\":\"x\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"a\"},\"finish_reason\":null}]}\n\ndata: {\"id\":\"x\",\"choices\":[{\"index\":0,\"delta\":{\"annotations\":[{\"type\":\"url_citation\",\"url_citation\":{\"start_index\":0,\"end_index\":1,\"url\":\"https://a.example\",\"title\":\"A\"}}]},\"finish_reason\":null}]}\n\ndata: {\"id\":\"x\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\",\"stop_reason\":\"END\"}]}\n\ndata: {\"id\":\"x\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1}}\n\ndata: [DONE]\n\n",
            want: vec![
                ("/stop_sequence", json!("END")),
                ("/content/0/text", json!("a")),
                ("/content/0/citations/0/url", json!("https://a.example")),
            ],
        },
        Answered {
            name: "what went in",
            client: AnthropicMessages,
            asked: quiet,
            upstream: Gemini,
            whole: gemini,
            stream: "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]}}],\"usageMetadata\":{\"promptTokenCount\":9,\"cachedContentTokenCount\":4}}\n\ndata: {\"candidates\":[{\"content\":{\"parts\":[]},\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":9,\"candidatesTokenCount\":2,\"cachedContentTokenCount\":4}}\n\n",
            want: vec![
                ("/usage/input_tokens", json!(5)),
                ("/usage/cache_read_input_tokens", json!(4)),
                ("/usage/output_tokens", json!(2)),
            ],
        },
    ]
}

#[test]
fn what_an_answer_says_stands_in_the_clients() {
    let mut wrong = Vec::new();
    for case in answered() {
        let (_, _, reply) =
            ask(case.client, &merged(base(case.client), &case.asked), case.upstream).unwrap();
        let row = translator(case.client, case.upstream).unwrap();
        let whole = serde_json::to_vec(&case.whole).unwrap();
        let whole = (row.response)(&whole, &reply).unwrap().body.unwrap();
        let whole: Value = serde_json::from_slice(&whole).unwrap();
        let raw = match case.upstream {
            BedrockConverse => framed(case.stream),
            _ => case.stream.as_bytes().to_vec(),
        };
        let mut stream = (row.stream)(&reply);
        let mut out = Vec::new();
        assert_eq!(stream.feed(&raw, &mut out), Feed::Changed);
        stream.finish(&mut out);
        let events = std::str::from_utf8(&out).unwrap();
        let gathered = message(events);
        for (how, message) in [("whole", &whole), ("streamed", &gathered)] {
            for (at, value) in &case.want {
                if message.pointer(at) != Some(value) {
                    wrong.push(format!("{}, {how}: no {value} at {at} in {message}", case.name));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What the provider tells before it answers is told when the answer begins.
#[test]
fn a_stream_says_what_went_in_as_soon_as_it_is_known() {
    let case = answered().pop().unwrap();
    let (_, _, reply) = ask(case.client, &base(case.client), case.upstream).unwrap();
    let row = translator(case.client, case.upstream).unwrap();
    let mut stream = (row.stream)(&reply);
    let mut out = Vec::new();
    stream.feed(case.stream.as_bytes(), &mut out);
    let text = String::from_utf8(out).unwrap();
    let start = text.split("\n\n").next().unwrap().split_once("data: ").unwrap().1;
    let start: Value = serde_json::from_str(start).unwrap();
    assert_eq!(start["message"]["usage"]["input_tokens"], 5, "{start}");
    assert_eq!(start["message"]["usage"]["cache_read_input_tokens"], 4, "{start}");
}

fn framed(lines: &str) -> Vec<u8> {
    use sluice::wire::eventstream::{Header, encode};
    let mut out = Vec::new();
    for line in lines.lines() {
        let (event, payload) = line.split_once(' ').unwrap();
        let headers = [
            Header::text(":event-type", event),
            Header::text(":content-type", "application/json"),
            Header::text(":message-type", "event"),
        ];
        encode(&mut out, &headers, payload.as_bytes());
    }
    out
}

/// A Messages stream put together as its clients do.
fn message(events: &str) -> Value {
    let mut message = Value::Null;
    for event in events.split_terminator("\n\n") {
        let Some((_, data)) = event.split_once("data: ") else { continue };
        let event: Value = serde_json::from_str(data).unwrap();
        let at = event["index"].as_u64().unwrap_or(0) as usize;
        match event["type"].as_str().unwrap() {
            "message_start" => message = event["message"].clone(),
            "content_block_start" => {
                message["content"][at] = {
                    let list = message["content"].as_array_mut().unwrap();
                    list.push(Value::Null);
                    event["content_block"].clone()
                }
            }
            "content_block_delta" => {
                let block = &mut message["content"][at];
                let delta = event["delta"].as_object().unwrap();
                for (name, value) in delta.iter().filter(|(name, _)| *name != "type") {
                    match (name.as_str(), value) {
                        ("citation", citation) => {
                            if block["citations"].is_null() {
                                block["citations"] = json!([]);
                            }
                            block["citations"].as_array_mut().unwrap().push(citation.clone());
                        }
                        (name, Value::String(piece)) => {
                            let text = block[name].as_str().unwrap_or_default().to_owned() + piece;
                            block[name] = text.into();
                        }
                        other => panic!("{other:?}"),
                    }
                }
            }
            "message_delta" => {
                for (name, value) in event["delta"].as_object().unwrap() {
                    message[name] = value.clone();
                }
                message["usage"] = event["usage"].clone();
            }
            "error" => panic!("{event}"),
            _ => {}
        }
    }
    message
}
