//! Whole answers of every provider. Streams have the same writer and are held to
//! their grammar by `disorder`.

use super::*;

/// One answer in each provider's words: thought, text, two calls; cut short; counted.
#[test]
fn answers_come_back_as_items() {
    let reply =
        Reply { model: "m".into(), echo: br#","store":false"#.to_vec(), ..Reply::default() };
    for (upstream, answer) in answers("calls") {
        let seen = response(upstream, &answer, &reply);
        let types: Vec<&str> =
            seen["output"].as_array().unwrap().iter().filter_map(|i| i["type"].as_str()).collect();
        let at = upstream.as_str();
        assert_eq!(
            types,
            ["reasoning", "message", "function_call", "function_call"],
            "{at}: {seen}"
        );
        assert_eq!(seen["output"][0]["summary"][0]["text"], "hm", "{at}");
        assert!(seen["output"][0]["encrypted_content"].is_string(), "{at}");
        assert_eq!(seen["output"][1]["content"][0]["text"], "I look.", "{at}");
        assert_eq!(seen["output"][3]["arguments"], r#"{"a":2}"#, "{at}");
        let ids: std::collections::BTreeSet<&str> =
            seen["output"].as_array().unwrap().iter().filter_map(|i| i["id"].as_str()).collect();
        assert_eq!(ids.len(), 4, "{at}: each item has its own id");
        assert_eq!((&seen["status"], &seen["store"]), (&json!("completed"), &json!(false)), "{at}");
        let usage = &seen["usage"];
        let sum =
            usage["input_tokens"].as_u64().unwrap() + usage["output_tokens"].as_u64().unwrap();
        assert_eq!(usage["total_tokens"], sum, "{at}");
        if upstream != COHERE {
            assert_eq!(usage["input_tokens_details"]["cached_tokens"], 4, "{at}: {usage}");
        }
        if matches!(upstream, CHAT | GEMINI) {
            assert_eq!(usage["output_tokens_details"]["reasoning_tokens"], 3, "{at}: {usage}");
        }
    }
    for (upstream, answer) in answers("short") {
        let seen = response(upstream, &answer, &reply);
        let at = upstream.as_str();
        assert_eq!(seen["status"], "incomplete", "{at}");
        assert_eq!(seen["incomplete_details"]["reason"], "max_output_tokens", "{at}");
        assert_eq!(seen["output"][0]["status"], "incomplete", "{at}");
    }
    for (upstream, answer) in answers("refused") {
        let seen = response(upstream, &answer, &reply);
        let content = &seen["output"][0]["content"];
        let said_no = content[0]["type"] == "refusal"
            || seen["incomplete_details"]["reason"] == "content_filter";
        assert!(said_no, "{}: {seen}", upstream.as_str());
    }
}

/// The answers in `answers.json`, by provider.
fn answers(kind: &str) -> Vec<(Dialect, Value)> {
    let all: Value = serde_json::from_str(include_str!("answers.json")).unwrap();
    let of = |d: Dialect| Some((d, all[kind].get(d.as_str())?.clone()));
    let found: Vec<_> = ALL.into_iter().filter_map(of).collect();
    assert!(found.len() >= 4, "{kind}");
    found
}
