//! What was said: items in their order, pictures and files.

use super::*;

#[test]
fn items_keep_their_order_and_their_turns() {
    let body = json!({
        "instructions": "I",
        "reasoning": { "effort": "high" },
        "input": [
            { "role": "developer", "content": "D" },
            { "role": "user", "content": "q" },
            { "type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": sealed() },
            { "type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
              "content": [{ "type": "output_text", "text": "I look.", "annotations": [] }] },
            { "type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f", "arguments": "{\"a\":1}" },
            { "type": "function_call", "id": "fc_2", "call_id": "c2", "name": "f", "arguments": "{\"a\":2}" },
            { "type": "function_call_output", "call_id": "c1", "output": "one" },
            { "type": "function_call_output", "call_id": "c2", "output": "two" },
            { "role": "user", "content": "go on" },
        ],
        "tools": [{ "type": "function", "name": "f", "parameters": { "type": "object", "properties": {} } }],
    });
    let signed = json!({ "type": "thinking", "thinking": "hm", "signature": "s1" });
    expect(
        &body,
        &[
            (
                MESSAGES,
                vec![
                    Has(
                        "/system",
                        json!([{ "type": "text", "text": "I" }, { "type": "text", "text": "D" }]),
                    ),
                    Has(
                        "/messages/1/content",
                        json!([
                            signed,
                            { "type": "text", "text": "I look." },
                            { "type": "tool_use", "id": "c1", "name": "f", "input": { "a": 1 } },
                            { "type": "tool_use", "id": "c2", "name": "f", "input": { "a": 2 } },
                        ]),
                    ),
                    Has(
                        "/messages/2/content",
                        json!([
                            { "type": "tool_result", "tool_use_id": "c1", "content": "one" },
                            { "type": "tool_result", "tool_use_id": "c2", "content": "two" },
                            { "type": "text", "text": "go on" },
                        ]),
                    ),
                ],
            ),
            (
                CONVERSE,
                vec![
                    Has(
                        "/messages/1/content/0/reasoningContent/reasoningText/signature",
                        json!("s1"),
                    ),
                    Has("/messages/1/content/1/text", json!("I look.")),
                    Has("/messages/1/content/3/toolUse/input", json!({ "a": 2 })),
                    Has("/messages/2/content/1/toolResult/toolUseId", json!("c2")),
                ],
            ),
            (
                GEMINI,
                vec![
                    Has("/systemInstruction/parts", json!([{ "text": "I" }, { "text": "D" }])),
                    Has("/contents/1/parts/1/functionCall/args", json!({ "a": 1 })),
                    Has("/contents/2/parts/1/functionResponse/response/output", json!("two")),
                ],
            ),
            (
                CHAT,
                vec![
                    Has("/messages/1/role", json!("developer")),
                    Has("/messages/3/content", json!("I look.")),
                    Has("/messages/3/thinking_blocks/0", signed.clone()),
                    Has("/messages/3/tool_calls/1/id", json!("c2")),
                    Has("/messages/5/tool_call_id", json!("c2")),
                ],
            ),
            (COHERE, vec![Has("/messages/2/tool_calls/1/id", json!("c2"))]),
        ],
    );
}

#[test]
fn outputs_of_calls_hold_pictures_and_files() {
    let body = json!({
        "input": [
            { "role": "user", "content": "q" },
            { "type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}" },
            { "type": "function_call_output", "call_id": "c1", "output": [
                { "type": "input_text", "text": "seen" },
                { "type": "input_image", "image_url": "data:image/png;base64,AAAA" },
                { "type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBE" },
            ] },
        ],
        "tools": [{ "type": "function", "name": "f" }],
    });
    expect(
        &body,
        &[
            (
                MESSAGES,
                vec![
                    Has("/messages/2/content/0/content/0/text", json!("seen")),
                    Has("/messages/2/content/0/content/1/source/data", json!("AAAA")),
                    Has("/messages/2/content/0/content/2/source/data", json!("JVBE")),
                    Has("/messages/2/content/0/content/2/title", json!("a.pdf")),
                ],
            ),
            (
                CONVERSE,
                vec![
                    Has(
                        "/messages/2/content/0/toolResult/content/1/image/source/bytes",
                        json!("AAAA"),
                    ),
                    Has(
                        "/messages/2/content/0/toolResult/content/2/document/source/bytes",
                        json!("JVBE"),
                    ),
                ],
            ),
            (
                GEMINI,
                vec![
                    Has("/contents/2/parts/1/inlineData/data", json!("AAAA")),
                    Has("/contents/2/parts/2/inlineData/data", json!("JVBE")),
                ],
            ),
            (CHAT, vec![Has("/messages/2/content/2/file/filename", json!("a.pdf"))]),
            (COHERE, vec![Refuses("messages[2].content[1].type")]),
        ],
    );
}

#[test]
fn pictures_and_files_of_the_user() {
    let said = |part: Value| json!({ "input": [{ "role": "user", "content": [part] }] });
    expect(
        &said(
            json!({ "type": "input_image", "image_url": "https://example.com/a.png", "detail": "high" }),
        ),
        &[
            (CHAT, vec![Has("/messages/0/content/0/image_url/detail", json!("high"))]),
            (
                MESSAGES,
                vec![
                    Has("/messages/0/content/0/source/url", json!("https://example.com/a.png")),
                    Drops("image_url.detail"),
                ],
            ),
            (
                GEMINI,
                vec![Has(
                    "/contents/0/parts/0/fileData/fileUri",
                    json!("https://example.com/a.png"),
                )],
            ),
            (CONVERSE, vec![Refuses("messages[0].content[0].image_url.url")]),
            (
                COHERE,
                vec![Has(
                    "/messages/0/content/0/image_url/url",
                    json!("https://example.com/a.png"),
                )],
            ),
        ],
    );
    expect(
        &said(
            json!({ "type": "input_file", "file_url": "https://example.com/a.pdf", "filename": "a.pdf" }),
        ),
        &[
            (
                CHAT,
                vec![Has(
                    "/messages/0/content/0/file/file_data",
                    json!("https://example.com/a.pdf"),
                )],
            ),
            (
                MESSAGES,
                vec![
                    Has("/messages/0/content/0/type", json!("document")),
                    Has(
                        "/messages/0/content/0/source",
                        json!({ "type": "url", "url": "https://example.com/a.pdf" }),
                    ),
                    Has("/messages/0/content/0/title", json!("a.pdf")),
                ],
            ),
            (
                GEMINI,
                vec![
                    Has(
                        "/contents/0/parts/0/fileData",
                        json!({ "mimeType": "application/pdf", "fileUri": "https://example.com/a.pdf" }),
                    ),
                    Drops("file.filename"),
                ],
            ),
            (CONVERSE, vec![Refuses("messages[0].content[0].file.file_data")]),
            (COHERE, vec![Refuses("messages[0].content[0].file.file_data")]),
        ],
    );
    for (part, at) in [
        (json!({ "type": "input_file", "file_id": "file-1" }), "input[0].content[0].file_id"),
        (json!({ "type": "input_image", "file_id": "file-1" }), "input[0].content[0].file_id"),
        (json!({ "type": "input_file", "file_url": "ftp://a/b" }), "input[0].content[0].file_url"),
        (json!({ "type": "input_file" }), "input[0].content[0]"),
        (json!({ "type": "hologram" }), "input[0].content[0].type"),
    ] {
        expect(&said(part), &ALL.map(|upstream| (upstream, vec![Refuses(at)])));
    }
}
