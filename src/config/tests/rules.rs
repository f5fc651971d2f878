//! Rules that can never be met, or lead nowhere.

use super::{base, consumer, read};
use crate::config::when::MAX_LIST;
use serde_json::{Value, json};

/// These rules, each with a strategy where it has nothing else.
fn with(rules: &[Value]) -> Value {
    let mut config = base();
    config["providers"]["openai"]["tags"] = json!(["eu"]);
    config["consumers"] = consumer(json!(["*"]));
    let name = |(i, rule): (usize, &Value)| {
        let mut rule = rule.clone();
        rule["name"] = format!("r{i}").into();
        if rule.as_object().unwrap().len() == 2 && rule.get("when").is_some() {
            rule["strategy"] = json!("sticky");
        }
        rule
    };
    config["rules"] = rules.iter().enumerate().map(name).collect();
    config
}

fn refused(rules: &[Value], path: &str, words: &str) {
    let problems = read(&with(rules)).expect_err(path);
    let found = problems.iter().any(|p| p.path == path && p.message.contains(words));
    assert!(found, "wanted {path}: ..{words}.., got {problems:?}");
}

#[test]
fn every_condition_says_what_is_wrong_with_it() {
    let long = "x".repeat(257);
    let many = vec!["fast"; MAX_LIST + 1];
    let headers: Value =
        (0..9).map(|n| (format!("x-{n}"), json!("a"))).collect::<serde_json::Map<_, _>>().into();
    for (when, path, words) in [
        (json!({ "model": ["fast"] }), "model", "unknown field"),
        (json!({ "models": [] }), "models", "1 to 64"),
        (json!({ "models": many }), "models", "1 to 64"),
        (json!({ "models": ["claude-*"] }), "models[0]", "none of the models"),
        (json!({ "models": ["fast", ""] }), "models[1]", "1 to 256 bytes"),
        (json!({ "models": [long] }), "models[0]", "1 to 256 bytes"),
        (json!({ "consumers": [] }), "consumers", "1 to 64"),
        (json!({ "consumers": ["a", "b"] }), "consumers[1]", "no consumer `b`"),
        (json!({ "headers": {} }), "headers", "1 to 8"),
        (json!({ "headers": headers }), "headers", "1 to 8"),
        (json!({ "headers": { "X-Team": "a" } }), "headers.X-Team", "in lower case"),
        (json!({ "headers": { "x-sluice-pick": "0" } }), "headers.x-sluice-pick", "cannot send"),
        (json!({ "headers": { "x-envoy-x": "0" } }), "headers.x-envoy-x", "cannot send"),
        (json!({ "headers": { "x-team": "" } }), "headers.x-team", "1 to 256 bytes"),
        (json!({ "metadata": {} }), "metadata", "1 to 8"),
        (json!({ "metadata": { "": "a" } }), "metadata", "a name must have"),
        (json!({ "metadata": { "a": "\u{7}" } }), "metadata.a", "control characters"),
        (json!({ "endpoints": [] }), "endpoints", "1 to 64"),
        (json!({ "endpoints": ["chats"] }), "endpoints[0]", "known: chat, embeddings"),
        (json!({ "has": [] }), "has", "1 to 64"),
        (json!({ "has": ["tool"] }), "has[0]", "unknown variant"),
        (json!({ "has": ["tools"], "endpoints": ["rerank"] }), "has", "never so"),
        (json!({ "effort": ["low"], "endpoints": ["speech"] }), "effort", "never so"),
        (json!({ "stream": true, "endpoints": ["embeddings"] }), "stream", "never so"),
        (
            json!({ "max_output": { "from": 1 }, "endpoints": ["count_tokens"] }),
            "max_output",
            "never so",
        ),
        (
            json!({ "input_tokens": { "from": 1 }, "endpoints": ["transcriptions"] }),
            "input_tokens",
            "never so",
        ),
        (json!({ "input_tokens": {} }), "input_tokens", "says nothing"),
        (json!({ "input_tokens": { "from": 9, "below": 9 } }), "input_tokens", "nothing is"),
        (json!({ "max_output": { "below": 0 } }), "max_output.below", "at least 1"),
        (json!({ "max_output": { "below": 1.5 } }), "max_output.below", "whole number"),
        (json!({ "effort": [] }), "effort", "1 to 64"),
        (json!({ "effort": ["hihg"] }), "effort[0]", "must be none, minimal"),
        (json!({ "wants": [] }), "wants", "1 to 64"),
        (json!({ "wants": ["e u"] }), "wants[0]", "a-z"),
        (json!({ "stream": "yes" }), "stream", "invalid type"),
    ] {
        refused(&[json!({ "when": when })], &format!("rules[0].when.{path}"), words);
    }
    for when in [
        json!({ "has": ["tools"], "endpoints": ["rerank", "messages"] }),
        json!({ "has": ["tools"], "input_tokens": { "from": 1 }, "endpoints": ["count_tokens"] }),
        json!({ "stream": true, "endpoints": ["images", "transcriptions"] }),
        json!({ "input_tokens": { "from": 1.0 }, "consumers": ["anonymous", "a"] }),
    ] {
        let config = with(&[json!({ "when": when })]);
        assert!(read(&config).is_ok(), "{when}: {:?}", read(&config).err());
    }
}

#[test]
fn names_are_counted_over_all_rules() {
    let rules = |names: usize| -> Vec<Value> {
        (0..names).map(|n| json!({ "when": { "metadata": { format!("m{n}"): "a" } } })).collect()
    };
    assert!(read(&with(&rules(16))).is_ok());
    refused(&rules(17), "rules", "17 different names, at most 16");
}

#[test]
fn a_rule_that_leads_nowhere_is_refused() {
    for (rule, path, words) in [
        (json!({}), "rules[0]", "changes nothing"),
        (json!({ "targets": [] }), "rules[0].targets", "1 to 8"),
        (json!({ "by": "x-user", "timeout": "5s" }), "rules[0].by", "beside a strategy"),
        (json!({ "strategy": "cheapest", "by": "x-user" }), "rules[0].by", "weighted and sticky"),
        (json!({ "strategy": "sticky", "by": "X" }), "rules[0].by", "lower case"),
        (json!({ "require": ["us"] }), "rules[0].require", "has the tag `us`"),
        (
            json!({ "require": ["eu"], "targets": ["anthropic/x"] }),
            "rules[0].require",
            "has the tag `eu`",
        ),
        (
            json!({ "require": ["eu", "own"],
                "targets": ["openai/x", { "target": "anthropic/x", "tags": ["own"] }] }),
            "rules[0].require",
            "all of these",
        ),
        (json!({ "require": ["a b"] }), "rules[0].require[0]", "a-z"),
        (json!({ "timeout": "1h" }), "rules[0].timeout", "total_timeout"),
        (
            json!({ "first_token_timeout": "3s", "total_timeout": "2s" }),
            "rules[0].first_token_timeout",
            "total_timeout",
        ),
    ] {
        refused(&[rule], path, words);
    }
    // A tag of models that the rule cannot meet is nobody's.
    let mut config = with(&[json!({ "when": { "models": ["gpt-*"] }, "require": ["own"] })]);
    config["models"][0]["targets"] = json!([{ "target": "openai/x", "tags": ["own"] }]);
    assert_eq!(read(&config).unwrap_err()[0].path, "rules[0].require");
    config["rules"][0]["when"] = json!({ "models": ["f*"] });
    assert!(read(&config).is_ok());
}

#[test]
fn what_an_earlier_rule_covers_is_refused() {
    for (earlier, later) in [
        (json!({}), json!({ "stream": true })),
        (json!({ "models": ["*"] }), json!({})),
        (json!({ "models": ["gpt-*", "fast"] }), json!({ "models": ["gpt-5*"] })),
        (json!({ "models": ["gpt-*"] }), json!({ "models": ["gpt-5"], "has": ["tools"] })),
        (json!({ "consumers": ["a", "anonymous"] }), json!({ "consumers": ["a"] })),
        (json!({ "headers": { "x-a": "*" } }), json!({ "headers": { "x-a": "b*", "x-c": "d" } })),
        (json!({ "metadata": { "u": "b*" } }), json!({ "metadata": { "u": "bc" } })),
        (json!({ "endpoints": ["chat"] }), json!({ "endpoints": ["messages", "converse"] })),
        (json!({ "has": ["tools"] }), json!({ "has": ["images", "tools"] })),
        (json!({ "wants": ["eu"] }), json!({ "wants": ["zdr", "eu"] })),
        (json!({ "effort": ["low", "high"] }), json!({ "effort": ["high"] })),
        (
            json!({ "input_tokens": { "from": 10 } }),
            json!({ "input_tokens": { "from": 10, "below": 20 } }),
        ),
        (
            json!({ "max_output": { "below": 30 } }),
            json!({ "max_output": { "from": 5, "below": 30 } }),
        ),
        (json!({ "stream": true }), json!({ "stream": true, "models": ["fast"] })),
    ] {
        let rules = [
            json!({ "when": { "metadata": { "other": "rule" } } }),
            json!({ "when": earlier }),
            json!({ "when": later }),
        ];
        refused(&rules, "rules[2]", "`r2` can never be reached: rules[1] `r1`");
        if earlier != json!({}) && earlier != json!({ "models": ["*"] }) {
            let turned = [json!({ "when": later }), json!({ "when": earlier })];
            assert!(read(&with(&turned)).is_ok(), "{later} before {earlier}");
        }
    }
    for (earlier, later) in [
        (json!({ "models": ["gpt-5*"] }), json!({ "models": ["gpt-*"] })),
        (json!({ "models": ["gpt-*"] }), json!({ "has": ["tools"] })),
        (json!({ "has": ["tools", "images"] }), json!({ "has": ["tools"] })),
        (json!({ "input_tokens": { "below": 20 } }), json!({ "input_tokens": { "from": 10 } })),
        (json!({ "headers": { "x-a": "*" } }), json!({ "headers": { "x-b": "c" } })),
        (json!({ "endpoints": ["messages"] }), json!({ "endpoints": ["chat"] })),
        (json!({ "stream": true }), json!({ "stream": false })),
    ] {
        let config = with(&[json!({ "when": earlier }), json!({ "when": later })]);
        assert!(read(&config).is_ok(), "{earlier} before {later}: {:?}", read(&config).err());
    }
}
