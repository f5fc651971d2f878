//! How to answer: formats, limits, reasoning, tools.

use super::*;

#[test]
fn how_to_answer() {
    let schema = json!({ "type": "object", "properties": { "a": { "type": "string" } }, "required": ["a"], "additionalProperties": false });
    let format = json!({ "type": "json_schema", "name": "n", "strict": true, "schema": schema });
    expect(
        &json!({ "input": "q", "text": { "format": format, "verbosity": "low" } }),
        &[
            (
                CHAT,
                vec![
                    Has("/response_format/json_schema/schema", schema.clone()),
                    Has("/response_format/json_schema/strict", json!(true)),
                    Has("/verbosity", json!("low")),
                ],
            ),
            (
                MESSAGES,
                vec![Has("/output_config/format/schema", schema.clone()), Drops("verbosity")],
            ),
            (
                GEMINI,
                vec![
                    Has("/generationConfig/responseMimeType", json!("application/json")),
                    Drops("verbosity"),
                ],
            ),
            (CONVERSE, vec![Drops("verbosity")]),
            (COHERE, vec![Has("/response_format/type", json!("json_object")), Drops("verbosity")]),
        ],
    );
    expect(
        &json!({ "input": "q", "reasoning": { "effort": "high", "summary": "auto" }, "include": ["reasoning.encrypted_content"] }),
        &[
            (CHAT, vec![Has("/reasoning_effort", json!("high"))]),
            (MESSAGES, vec![Has("/thinking/type", json!("enabled"))]),
            (GEMINI, vec![Has("/generationConfig/thinkingConfig/includeThoughts", json!(true))]),
            (CONVERSE, vec![Has("/additionalModelRequestFields/thinking/type", json!("enabled"))]),
            (COHERE, vec![Has("/thinking/type", json!("enabled"))]),
        ],
    );
    expect(
        &json!({ "input": "q", "max_output_tokens": 99, "temperature": 0.5, "safety_identifier": "s",
                 "service_tier": "priority", "prompt_cache_key": "k", "truncation": "auto",
                 "max_tool_calls": 3, "metadata": { "a": "b" }, "store": true, "background": false }),
        &[
            (
                CHAT,
                vec![
                    Has("/max_completion_tokens", json!(99)),
                    Has("/safety_identifier", json!("s")),
                    Has("/prompt_cache_key", json!("k")),
                    Drops("truncation"),
                    Drops("max_tool_calls"),
                ],
            ),
            (
                MESSAGES,
                vec![
                    Has("/max_tokens", json!(99)),
                    Has("/metadata/user_id", json!("s")),
                    Has("/service_tier", json!("auto")),
                    Drops("prompt_cache_key"),
                    Drops("truncation"),
                ],
            ),
            (
                GEMINI,
                vec![
                    Has("/generationConfig/maxOutputTokens", json!(99)),
                    Has("/serviceTier", json!("priority")),
                    Drops("safety_identifier"),
                ],
            ),
            (
                CONVERSE,
                vec![Has("/inferenceConfig/maxTokens", json!(99)), Drops("prompt_cache_key")],
            ),
            (COHERE, vec![Has("/max_tokens", json!(99)), Drops("service_tier")]),
        ],
    );
    expect(
        &json!({ "input": "q", "top_logprobs": 2, "include": ["message.output_text.logprobs"] }),
        &[
            (CHAT, vec![Has("/top_logprobs", json!(2))]),
            (MESSAGES, vec![Refuses("logprobs")]),
            (GEMINI, vec![Has("/generationConfig/logprobs", json!(2))]),
            (CONVERSE, vec![Refuses("logprobs")]),
            (COHERE, vec![Has("/logprobs", json!(true)), Drops("top_logprobs")]),
        ],
    );
}

#[test]
fn tools_and_the_choice_among_them() {
    let asks = |choice: Value| json!({ "input": "q", "tools": [{ "type": "function", "name": "f" }, { "type": "function", "name": "g" }], "tool_choice": choice, "parallel_tool_calls": false });
    let named = json!({ "type": "function", "name": "g" });
    for (choice, messages, gemini, converse, cohere) in [
        (json!("auto"), json!("auto"), json!("AUTO"), Value::Null, Value::Null),
        (json!("required"), json!("any"), json!("ANY"), json!({ "any": {} }), json!("REQUIRED")),
        (
            named.clone(),
            json!("tool"),
            json!("ANY"),
            json!({ "tool": { "name": "g" } }),
            json!("REQUIRED"),
        ),
        (
            json!({ "type": "allowed_tools", "mode": "required", "tools": [named] }),
            json!("any"),
            json!("ANY"),
            json!({ "any": {} }),
            json!("REQUIRED"),
        ),
    ] {
        expect(
            &asks(choice),
            &[
                (CHAT, vec![Has("/parallel_tool_calls", json!(false))]),
                (
                    MESSAGES,
                    vec![
                        Has("/tool_choice/type", messages),
                        Has("/tool_choice/disable_parallel_tool_use", json!(true)),
                    ],
                ),
                (GEMINI, vec![Has("/toolConfig/functionCallingConfig/mode", gemini)]),
                (
                    CONVERSE,
                    vec![Has("/toolConfig/toolChoice", converse), Drops("parallel_tool_calls")],
                ),
                (COHERE, vec![Has("/tool_choice", cohere), Drops("parallel_tool_calls")]),
            ],
        );
    }
    expect(
        &asks(json!("none")),
        &[
            (MESSAGES, vec![Has("/tool_choice/type", json!("none"))]),
            (GEMINI, vec![Has("/toolConfig/functionCallingConfig/mode", json!("NONE"))]),
            (COHERE, vec![Has("/tool_choice", json!("NONE"))]),
        ],
    );
}
