//! What only OpenAI can do.

use super::*;

/// What only OpenAI can do is refused by its name, and the error says what to do.
#[test]
fn what_is_openais_own_is_refused_by_name() {
    let hosted = [
        "web_search",
        "web_search_preview",
        "file_search",
        "code_interpreter",
        "image_generation",
        "mcp",
        "computer_use_preview",
        "computer",
        "local_shell",
        "shell",
        "apply_patch",
        "custom",
        "tool_search",
    ];
    for type_ in hosted {
        let body = json!({ "input": "q", "tools": [{ "type": type_, "name": "x" }] });
        refused(&body, "tools[0].type", type_);
        let body = json!({ "input": "q", "tools": [{ "type": "function", "name": "f" }], "tool_choice": { "type": type_ } });
        refused(&body, "tool_choice.type", type_);
    }
    for (type_, words) in [
        ("local_shell_call", "local_shell_call"),
        ("shell_call_output", "shell_call_output"),
        ("apply_patch_call", "apply_patch_call"),
        ("computer_call", "computer_call"),
        ("custom_tool_call", "custom tools"),
        ("custom_tool_call_output", "custom tools"),
        ("item_reference", "send them whole"),
        ("compaction", "send the items"),
        ("nobody_knows", "nobody_knows"),
    ] {
        let body =
            json!({ "input": [{ "role": "user", "content": "q" }, { "type": type_, "id": "x" }] });
        refused(&body, "input[1].type", words);
    }
    for (name, value, words) in [
        ("previous_response_id", json!("resp_1"), "send the whole conversation"),
        ("conversation", json!("conv_1"), "send the whole conversation"),
        ("prompt", json!({ "id": "pmpt_1" }), "send input"),
        ("background", json!(true), "wait for the answer"),
    ] {
        let mut body = json!({ "input": "q" });
        body[name] = value;
        refused(&body, name, words);
    }
}
