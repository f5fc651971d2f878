//! What consumers may ask: what is wrong with it, and what becomes of three levels.

use super::{base, read};
use crate::config::Config;
use crate::dialect::Dialect;
use serde_json::{Value, json};
use std::rc::Rc;

/// One consumer in a team in an organization, with these fields.
fn levels(consumer: &Value, team: &Value, organization: &Value) -> Value {
    let mut file = base();
    file["providers"]["openai"]["tags"] = json!(["eu", "zdr"]);
    file["providers"]["anthropic"]["tags"] = json!(["us"]);
    let with = |mut own: Value, more: &Value| {
        own.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!([own])
    };
    let key = json!({ "name": "a", "key_sha256": ["0".repeat(64)], "team": "t" });
    file["consumers"] = with(key, consumer);
    file["teams"] = with(json!({ "name": "t", "organization": "o" }), team);
    file["organizations"] = with(json!({ "name": "o" }), organization);
    file
}

fn config(consumer: Value, team: Value, organization: Value) -> Config {
    read(&levels(&consumer, &team, &organization)).unwrap()
}

#[test]
fn every_level_says_what_is_wrong_with_it() {
    let many: Value =
        (0..33).map(|n| (format!("f{n}"), json!(n))).collect::<serde_json::Map<_, _>>().into();
    for (wrong, path, words) in [
        (json!({ "models": [] }), "models", "1 to 4096"),
        (json!({ "models": ["claude-*"] }), "models[0]", "none of the models"),
        (json!({ "endpoints": [] }), "endpoints", "1 to 64"),
        (json!({ "endpoints": ["chat", "chats"] }), "endpoints[1]", "known: chat, embeddings"),
        (json!({ "max_output_tokens": 0 }), "max_output_tokens", "at least 1"),
        (json!({ "max_output_tokens": 1.5 }), "max_output_tokens", "whole number"),
        (json!({ "max_output_tokens": -1 }), "max_output_tokens", "whole number"),
        (json!({ "force": { "chat": { "store": false } } }), "force.chat", "one of: batch_embed"),
        (json!({ "force": { "chats": {} } }), "force.chats", "must be one API"),
        (json!({ "force": { "count_tokens": {} } }), "force.count_tokens", "must be one API"),
        (json!({ "force": { "transcriptions": {} } }), "force.transcriptions", "are forms"),
        (json!({ "force": { "messages": { "model": "m" } } }), "force.messages.model", "cannot be"),
        (json!({ "force": { "messages": { "stream": true } } }), "force.messages.stream", "cannot"),
        (
            json!({ "force": { "messages": { "max_tokens": 9 } } }),
            "force.messages.max_tokens",
            "use max_output_tokens",
        ),
        (json!({ "force": { "messages": { "a\"b": 9 } } }), "force.messages.a\"b", "a-z A-Z"),
        (
            json!({ "force": { "messages": { "metadata": "x".repeat(4096) } } }),
            "force.messages.metadata",
            "at most 4096",
        ),
        (json!({ "force": { "messages": many } }), "force", "more than 32"),
        (json!({ "force": { "messages": 7 } }), "force.messages", "must be a map"),
        (json!({ "require": ["mars"] }), "require", "these calls may go to has the tag `mars`"),
        (json!({ "require": ["eu", "us"] }), "require", "has all of these tags"),
        (json!({ "require": ["e u"] }), "require[0]", "1 to 64 of"),
        (json!({ "explain": true }), "explain", "expose.explain"),
        (json!({ "preferences": true }), "preferences", "preferences.header"),
        (json!({ "disabled": "yes" }), "disabled", "invalid type"),
        (json!({ "endpoint": [] }), "endpoint", "unknown field"),
    ] {
        let none = json!({});
        for (level, file) in [
            ("consumers", levels(&wrong, &none, &none)),
            ("teams", levels(&none, &wrong, &none)),
            ("organizations", levels(&none, &none, &wrong)),
        ] {
            let path = format!("{level}[0].{path}");
            let problems = read(&file).expect_err(&path);
            let found = problems.iter().any(|p| p.path == path && p.message.contains(words));
            assert!(found, "wanted {path}: ..{words}.., got {problems:?}");
        }
    }
    let file = levels(&json!({}), &json!({}), &json!({ "organization": "o" }));
    assert_eq!(read(&file).unwrap_err()[0].path, "organizations[0].organization");
    // What one level leaves, the next must not take away.
    let (chat, embeddings) =
        (json!({ "endpoints": ["chat"] }), json!({ "endpoints": ["embeddings"] }));
    let problems = read(&levels(&embeddings, &json!({}), &chat)).unwrap_err();
    assert_eq!(problems[0].path, "consumers[0].endpoints");
    let (eu, us) = (json!({ "require": ["eu"] }), json!({ "require": ["us"] }));
    assert_eq!(read(&levels(&us, &eu, &json!({}))).unwrap_err()[0].path, "consumers[0].require");
}

#[test]
fn all_levels_must_allow_it() {
    let none = || json!({});
    let config1 = config(
        json!({ "models": ["fast", "gpt-*"] }),
        json!({ "models": ["gpt-5*", "fast"] }),
        json!({ "models": ["gpt-*"] }),
    );
    let consumer = &config1.consumers[0];
    for (model, may) in [("gpt-5-mini", true), ("gpt-4", false), ("fast", false)] {
        assert_eq!(consumer.may_use(model), may, "{model}");
    }
    let both = config(
        json!({ "endpoints": ["messages", "embeddings"] }),
        json!({ "endpoints": ["chat"] }),
        none(),
    );
    let may = |client| both.consumers[0].permits.may_call(client);
    assert!(may(Dialect::AnthropicMessages));
    assert!(!may(Dialect::OpenAiEmbeddings) && !may(Dialect::OpenAiChat));
    let tags = config(json!({ "require": ["eu"] }), none(), json!({ "require": ["zdr", "eu"] }));
    assert_eq!(tags.consumers[0].permits.require, ["zdr", "eu"]);
}

#[test]
fn the_smallest_cap_and_the_nearest_word_hold() {
    let none = || json!({});
    for (levels, cap) in [
        ([Some(9), Some(7), Some(8)], Some(7)),
        ([Some(9), None, None], Some(9)),
        ([None, None, Some(8)], Some(8)),
        ([None, None, None], None),
    ] {
        let [consumer, team, organization] =
            levels.map(|n| n.map_or(none(), |n| json!({ "max_output_tokens": n })));
        let config = config(consumer, team, organization);
        assert_eq!(config.consumers[0].permits.max_output_tokens, cap, "{levels:?}");
    }
    for (levels, says) in [
        ([Some(true), Some(false), None], true),
        ([None, Some(false), Some(true)], false),
        ([None, None, Some(false)], false),
        ([None, None, None], true),
    ] {
        let [consumer, team, organization] = levels.map(|says| {
            says.map_or(none(), |says| json!({ "explain": says, "preferences": says }))
        });
        let mut file = self::levels(&consumer, &team, &organization);
        file["expose"] = json!({ "explain": true });
        file["preferences"] = json!({ "body": true });
        let config = read(&file).unwrap();
        let permits = &config.consumers[0].permits;
        assert_eq!((permits.explain, permits.preferences), (says, says), "{levels:?}");
    }
    for level in 0..3 {
        let mut levels = [none(), none(), none()];
        levels[level] = json!({ "disabled": true });
        let [consumer, team, organization] = levels;
        assert!(config(consumer, team, organization).consumers[0].permits.disabled);
    }
    let forced = config(
        json!({ "force": { "messages": { "temperature": 1 } } }),
        json!({ "force": { "messages": { "metadata": { "user_id": "t" } } } }),
        json!({ "force": { "messages": { "temperature": 0 }, "responses": { "store": false } } }),
    );
    let mut all: Vec<_> = forced.consumers[0].permits.force.iter().collect();
    all.sort_by_key(|f| &f.name);
    let all: Vec<_> =
        all.iter().map(|f| (&*f.name, std::str::from_utf8(&f.value).unwrap())).collect();
    let metadata = ("metadata", r#"{"user_id":"t"}"#);
    assert_eq!(all, [metadata, ("store", "false"), ("temperature", "1")]);
}

#[test]
fn consumers_that_may_the_same_share_it() {
    let mut file = levels(&json!({}), &json!({ "max_output_tokens": 9 }), &json!({}));
    let consumer = |n: usize, more: Value| {
        let mut own = json!({ "name": format!("c{n}"), "key_sha256": [format!("{n:064}")] });
        own.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        own
    };
    file["consumers"] = json!([
        consumer(0, json!({ "team": "t" })),
        consumer(1, json!({ "team": "t", "max_output_tokens": 10 })),
        consumer(2, json!({ "max_output_tokens": 9 })),
        consumer(3, json!({ "team": "t", "endpoints": ["chat"] })),
        consumer(4, json!({ "team": "t", "endpoints": ["chat"] })),
    ]);
    let config = read(&file).unwrap();
    let same =
        |a: usize, b: usize| Rc::ptr_eq(&config.consumers[a].permits, &config.consumers[b].permits);
    assert!(same(0, 1) && same(0, 2) && same(3, 4) && !same(0, 3));
}
