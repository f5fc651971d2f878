//! Each condition by itself; and, over many rules and calls, the same rule as by asking
//! one rule after the other.

use super::{Call, find};
use crate::config::index::Index;
use crate::config::when::{Span, When};
use crate::config::{self, Config, glob};
use crate::dialect::estimate::pictures::Sight;
use crate::dialect::{Addressed, Dialect, Facts, asks, estimate};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::cell::RefCell;

/// With one rule for these calls.
fn with(when: &Value) -> Config {
    let file = json!({
        "providers": { "a": { "kind": "openai", "keys": "none" } },
        "models": [{ "name": "*", "targets": ["a/*"] }],
        "consumers": [{ "name": "mobile", "key_sha256": ["0".repeat(64)] }],
        "rules": [{ "name": "r", "when": when, "strategy": "sticky" }],
    });
    config::load(file.to_string().as_bytes(), &|_| None).unwrap()
}

/// What is asked, beside the body.
#[derive(Debug, Clone)]
struct Beside<'a> {
    client: Dialect,
    consumer: &'a str,
    headers: &'a [(&'a str, &'a str)],
    wants: &'a [&'a str],
}

const CHAT: Beside<'_> =
    Beside { client: Dialect::OpenAiChat, consumer: "anonymous", headers: &[], wants: &[] };

fn falls(index: &Index, beside: &Beside<'_>, body: &Value) -> Option<usize> {
    let bytes = body.to_string().into_bytes();
    let addressed = Addressed { model: "m".into(), stream: false };
    let addressed = body.get("model").is_none().then_some(addressed);
    let facts = Facts::of(beside.client, &bytes, addressed).unwrap();
    let looked_up = RefCell::new(Vec::new());
    let header = |name: &str| {
        looked_up.borrow_mut().push(name.to_owned());
        let found = beside.headers.iter().find(|(n, _)| *n == name);
        found.map(|(_, value)| value.as_bytes().to_vec())
    };
    let wants: Vec<String> = beside.wants.iter().map(|tag| (*tag).to_owned()).collect();
    let consumer = beside.consumer;
    let call = Call { facts: &facts, body: &bytes, consumer, header: &header, wants: &wants };
    let found = find(index, &call);
    let mut names = looked_up.into_inner();
    let all = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), all, "a header was looked up twice");
    found
}

fn chat(more: &Value) -> Value {
    let mut body = json!({ "model": "fast", "messages": [{ "role": "user", "content": "hi" }] });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

#[test]
fn each_condition_fits_what_it_says() {
    let image = json!([{ "role": "user", "content":
        [{ "type": "image_url", "image_url": { "url": "https://x/y" } }] }]);
    let long = json!([{ "role": "user", "content": "word ".repeat(250) }]);
    let cases = [
        (json!({}), json!({}), true),
        (json!({ "models": ["gpt-*", "fast"] }), json!({}), true),
        (json!({ "models": ["gpt-*"] }), json!({}), false),
        (json!({ "models": ["gpt-*"] }), json!({ "model": "gpt-5" }), true),
        (json!({ "stream": true }), json!({}), false),
        (json!({ "stream": true }), json!({ "stream": true }), true),
        (json!({ "stream": false }), json!({ "stream": null }), true),
        (json!({ "metadata": { "team": "a*" } }), json!({ "metadata": { "team": "apps" } }), true),
        (json!({ "metadata": { "team": "a*" } }), json!({ "metadata": { "team": "web" } }), false),
        (json!({ "metadata": { "team": "a*" } }), json!({ "metadata": null }), false),
        (json!({ "metadata": { "team": "*" } }), json!({ "metadata": { "team": null } }), false),
        (json!({ "metadata": { "n": "7" } }), json!({ "metadata": { "n": 7 } }), true),
        (json!({ "metadata": { "n": "true" } }), json!({ "metadata": { "n": true } }), true),
        (json!({ "metadata": { "n": "*" } }), json!({ "metadata": { "n": [] } }), false),
        (
            json!({ "metadata": { "t": "a\u{e9}*" } }),
            json!({ "metadata": { "t": "a\u{e9}b" } }),
            true,
        ),
        (json!({ "has": ["tools"] }), json!({ "tools": [{ "type": "function" }] }), true),
        (json!({ "has": ["tools"] }), json!({ "messages": image }), false),
        (json!({ "has": ["images"] }), json!({ "messages": image }), true),
        (
            json!({ "has": ["images", "tools"] }),
            json!({ "messages": image, "tools": [{ "type": "function" }] }),
            true,
        ),
        (json!({ "has": ["images", "tools"] }), json!({ "messages": image }), false),
        (json!({ "input_tokens": { "from": 200 } }), json!({}), false),
        (json!({ "input_tokens": { "from": 200 } }), json!({ "messages": long }), true),
        (json!({ "input_tokens": { "below": 200 } }), json!({}), true),
        (
            json!({ "input_tokens": { "from": 20, "below": 200 } }),
            json!({ "messages": long }),
            false,
        ),
        (json!({ "max_output": { "from": 100 } }), json!({ "max_tokens": 100 }), true),
        (json!({ "max_output": { "below": 100 } }), json!({ "max_tokens": 100 }), false),
        (json!({ "max_output": { "below": 100 } }), json!({ "max_tokens": 99 }), true),
        (json!({ "max_output": { "below": 100 } }), json!({}), false),
        (json!({ "max_output": { "from": 100 } }), json!({}), true),
        (json!({ "effort": ["high", "max"] }), json!({ "reasoning_effort": "high" }), true),
        (json!({ "effort": ["high", "max"] }), json!({ "reasoning_effort": "low" }), false),
        (json!({ "effort": ["high", "max"] }), json!({}), false),
        (json!({ "endpoints": ["chat"] }), json!({}), true),
        (json!({ "endpoints": ["chat_completions"] }), json!({}), true),
        (json!({ "endpoints": ["messages", "embeddings"] }), json!({}), false),
        (json!({ "models": ["fast"], "stream": true }), json!({}), false),
        (json!({ "models": ["fast"], "stream": false, "effort": ["low"] }), json!({}), false),
    ];
    for (when, more, wanted) in cases {
        let found = falls(&with(&when).index, &CHAT, &chat(&more));
        assert_eq!(found.is_some(), wanted, "{when} {more}");
    }
}

#[test]
fn what_stands_beside_the_body_counts_too() {
    let team = |value| [("x-team", value)];
    let long = "a".repeat(2_000);
    for (when, headers, wanted) in [
        (json!({ "headers": { "x-team": "a*" } }), team("apps"), true),
        (json!({ "headers": { "x-team": "apps" } }), team("apps"), true),
        (json!({ "headers": { "x-team": "Apps" } }), team("apps"), false),
        (json!({ "headers": { "x-team": "*" } }), team(""), true),
        (json!({ "headers": { "x-other": "*" } }), team("apps"), false),
        (json!({ "headers": { "x-team": "*", "x-other": "*" } }), team("apps"), false),
        (json!({ "headers": { "x-team": "a*" } }), team(&long), false),
        (json!({ "headers": { "x-team": "*" } }), team(&long), true),
    ] {
        let beside = Beside { headers: &headers, ..CHAT };
        let found = falls(&with(&when).index, &beside, &chat(&json!({})));
        assert_eq!(found.is_some(), wanted, "{when} {headers:?}");
    }
    for (consumers, consumer, wanted) in [
        (json!(["mobile"]), "mobile", true),
        (json!(["mobile"]), "anonymous", false),
        (json!(["mobile", "anonymous"]), "anonymous", true),
    ] {
        let beside = Beside { consumer, ..CHAT };
        let index = with(&json!({ "consumers": consumers })).index;
        assert_eq!(falls(&index, &beside, &chat(&json!({}))).is_some(), wanted, "{consumers}");
    }
    for (wants, wanted) in [
        (&["eu", "zdr", "cheap"][..], true),
        (&["zdr", "eu"], true),
        (&["eu"], false),
        (&[], false),
    ] {
        let index = with(&json!({ "wants": ["eu", "zdr"] })).index;
        let beside = Beside { wants, ..CHAT };
        assert_eq!(falls(&index, &beside, &chat(&json!({}))).is_some(), wanted, "{wants:?}");
    }
}

#[test]
fn every_client_is_heard_in_its_own_words() {
    let turn = json!([{ "role": "user", "content": "hi" }]);
    let blocks = json!([{ "role": "user", "content": [{ "text": "hi" }] }]);
    let parts = json!([{ "parts": [{ "text": "hi" }] }]);
    let tool = json!([{ "name": "f" }]);
    for (client, label, body) in [
        (
            Dialect::AnthropicMessages,
            "messages",
            json!({ "model": "m", "max_tokens": 50, "messages": turn, "tools": tool,
                "metadata": { "user_id": "u_1" }, "output_config": { "effort": "high" } }),
        ),
        (
            Dialect::OpenAiResponses,
            "responses",
            json!({ "model": "m", "max_output_tokens": 50, "input": "hi", "tools": tool,
                "metadata": { "user_id": "u_1" }, "reasoning": { "effort": "high" } }),
        ),
        (
            Dialect::BedrockConverse,
            "converse",
            json!({ "messages": blocks, "inferenceConfig": { "maxTokens": 50 },
                "toolConfig": { "tools": tool }, "requestMetadata": { "user_id": "u_1" } }),
        ),
        (
            Dialect::Gemini,
            "generate_content",
            json!({ "contents": parts, "tools": tool, "generationConfig": {
                "maxOutputTokens": 50, "thinkingConfig": { "thinkingLevel": "HIGH" } } }),
        ),
        (
            Dialect::CohereChat,
            "cohere_chat",
            json!({ "model": "m", "max_tokens": 50, "messages": turn, "tools": tool }),
        ),
    ] {
        let beside = Beside { client, ..CHAT };
        let fits = |when: Value| falls(&with(&when).index, &beside, &body).is_some();
        let effort = [Dialect::BedrockConverse, Dialect::CohereChat].contains(&client);
        let metadata = [Dialect::Gemini, Dialect::CohereChat].contains(&client);
        assert!(fits(json!({ "endpoints": [label], "max_output": { "from": 50, "below": 51 } })));
        assert!(fits(json!({ "endpoints": ["chat"], "has": ["tools"] })), "{label}");
        assert!(!fits(json!({ "endpoints": ["embeddings"] })), "{label}");
        assert!(!fits(json!({ "has": ["images"] })), "{label}");
        assert_eq!(fits(json!({ "effort": ["high"] })), !effort, "{label}: no word for it");
        assert_eq!(fits(json!({ "metadata": { "user_id": "u_*" } })), !metadata, "{label}");
    }
    // A count goes where the call would go.
    let count = json!({ "model": "m", "messages": turn, "tools": tool });
    let beside = Beside { client: Dialect::AnthropicCount, ..CHAT };
    let when = json!({ "has": ["tools"], "input_tokens": { "below": 100 } });
    assert!(falls(&with(&when).index, &beside, &count).is_some());
    let when = json!({ "endpoints": ["chat"], "has": ["tools"] });
    assert!(falls(&with(&when).index, &beside, &count).is_none());
    // The bytes of a picture are no tokens.
    let draw = json!({ "model": "m", "prompt": "x".repeat(4_000) });
    let beside = Beside { client: Dialect::OpenAiImages, ..CHAT };
    for (when, wanted) in [
        (json!({ "input_tokens": { "from": 1 } }), false),
        (json!({ "max_output": { "from": 1 } }), false),
        (json!({ "endpoints": ["images"] }), true),
    ] {
        assert_eq!(falls(&with(&when).index, &beside, &draw).is_some(), wanted, "{when}");
    }
}

#[test]
fn the_body_is_read_only_where_that_decides() {
    let has =
        |model: &str| When { models: vec![model.into()], has: asks::TOOLS, ..When::default() };
    let header = |name: &str, model: &str| When {
        models: vec![model.into()],
        headers: [(name.to_owned(), "*".to_owned())].into(),
        ..When::default()
    };
    let names = RefCell::new(Vec::new());
    let look_up = |name: &str| {
        names.borrow_mut().push(name.to_owned());
        Some(b"x".to_vec())
    };
    let body = chat(&json!({})).to_string().into_bytes();
    let facts = Facts::read(&body).unwrap();
    // No JSON: whoever reads it finds nothing.
    let call = Call { facts: &facts, body: b"", consumer: "c", header: &look_up, wants: &[] };
    let index = Index::new(&[has("other"), header("x-a", "other"), header("x-b", "fast")]);
    assert_eq!(find(&index, &call), Some(2));
    assert_eq!(*names.borrow(), ["x-b"]);
    let index = Index::new(&[When::default(), header("x-c", "fast")]);
    assert_eq!(find(&index, &call), Some(0));
    assert_eq!(*names.borrow(), ["x-b"]);
    assert_eq!(find(&Index::default(), &call), None);
}

/// A call as words, and the same as bytes.
#[derive(Debug, Clone)]
struct Asked {
    client: Dialect,
    model: &'static str,
    consumer: &'static str,
    team: Option<&'static str>,
    user: Option<&'static str>,
    stream: bool,
    max: Option<u64>,
    tools: bool,
    image: bool,
    effort: Option<&'static str>,
    wants: Vec<&'static str>,
    padding: usize,
}

const MODELS: &[&str] = &["fast", "smart", "gpt-5", "gpt-5-mini"];
const TEXTS: &[&str] = &["", "apps", "apps-eu", "web", "gpt-5"];
const PATTERNS: &[&str] =
    &["*", "fast", "gpt-*", "*-mini", "g*5*", "apps", "apps*", "*eu", "w*b", "gpt-5", "a*p*s"];
const CONSUMERS: &[&str] = &["a", "b", "anonymous"];
const CLIENTS: &[Dialect] =
    &[Dialect::OpenAiChat, Dialect::AnthropicMessages, Dialect::OpenAiEmbeddings];
const EFFORTS: &[&str] = &["none", "minimal", "low", "medium", "high"];
const TAGS: &[&str] = &["eu", "zdr", "cheap"];

impl Asked {
    fn body(&self) -> Value {
        let mut body = json!({ "model": self.model, "stream": self.stream,
            "instructions": "well ".repeat(self.padding / 5) });
        if self.client == Dialect::OpenAiEmbeddings {
            body["input"] = "hi".into();
        } else {
            let part = match (self.image, self.client) {
                (false, _) => json!({ "type": "text", "text": "hi" }),
                (true, Dialect::OpenAiChat) => json!({ "type": "image_url", "image_url": {} }),
                (true, _) => json!({ "type": "image", "source": {} }),
            };
            body["messages"] = json!([{ "role": "user", "content": [part] }]);
        }
        if let Some(user) = self.user {
            body["metadata"] = json!({ "user_id": user });
        }
        if let Some(max) = self.max {
            body["max_tokens"] = max.into();
        }
        if self.tools {
            body["tools"] = json!([{ "name": "f" }]);
        }
        match (self.effort, self.client) {
            (Some(word), Dialect::OpenAiChat) => body["reasoning_effort"] = word.into(),
            (Some(word), _) => body["output_config"] = json!({ "effort": word }),
            (None, _) => {}
        }
        body
    }

    /// One condition after the other.
    fn fits(&self, when: &When) -> bool {
        let is_chat = self.client != Dialect::OpenAiEmbeddings;
        let globs = |all: &[String], text: &str| {
            all.is_empty() || all.iter().any(|p| glob::matches(p, text))
        };
        let mut values = when.headers.iter().map(|(name, p)| (name == "x-team", p, self.team));
        let mut members = when.metadata.iter().map(|(name, p)| (name == "user_id", p, self.user));
        let fits = |(known, pattern, value): (bool, &String, Option<&str>)| {
            known && value.is_some_and(|v| glob::matches(pattern, v))
        };
        let tokens = estimate::of_request(self.body().to_string().as_bytes(), Sight::Pixels);
        let within = |span: &Span, n: u64| n >= span.from && n < span.below.unwrap_or(u64::MAX);
        let effort = self.effort.and_then(|word| EFFORTS.iter().position(|w| *w == word));
        let has = [(self.tools, asks::TOOLS), (self.image, asks::IMAGES)];
        let has = has.iter().filter(|(is, _)| *is && is_chat).fold(0, |all, (_, bit)| all | bit);
        globs(&when.models, self.model)
            && globs(&when.consumers, self.consumer)
            && values.all(fits)
            && members.all(fits)
            && when.endpoints.is_none_or(|all| all & self.client.bit() != 0)
            && when.stream.is_none_or(|stream| stream == (self.stream && is_chat))
            && when.input_tokens.is_none_or(|span| within(&span, tokens))
            && when.max_output.is_none_or(|span| {
                is_chat && self.max.map_or(span.below.is_none(), |max| within(&span, max))
            })
            && when
                .effort
                .is_none_or(|all| is_chat && effort.is_some_and(|word| all >> word & 1 == 1))
            && (when.has & !has) == 0
            && when.wants.iter().all(|tag| self.wants.contains(&tag.as_str()))
    }
}

fn one_of(all: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop::sample::select(all)
}

fn asked() -> impl Strategy<Value = Asked> {
    let who = (
        prop::sample::select(CLIENTS),
        one_of(MODELS),
        one_of(CONSUMERS),
        prop::option::of(one_of(TEXTS)),
        prop::option::of(one_of(TEXTS)),
        any::<bool>(),
    );
    let what = (
        prop::option::of(0..40_u64),
        any::<bool>(),
        any::<bool>(),
        prop::option::of(one_of(EFFORTS)),
        prop::sample::subsequence(TAGS, 0..=TAGS.len()),
        0..200_usize,
    );
    (who, what).prop_map(|(who, what)| {
        let (client, model, consumer, team, user, stream) = who;
        let (max, tools, image, effort, wants, padding) = what;
        let stream = stream && client != Dialect::OpenAiEmbeddings;
        Asked {
            client,
            model,
            consumer,
            team,
            user,
            stream,
            max,
            tools,
            image,
            effort,
            wants,
            padding,
        }
    })
}

fn list(all: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
    let some = prop::sample::subsequence(all, 1..=2);
    let some = some.prop_map(|some| some.into_iter().map(str::to_owned).collect());
    prop_oneof![2 => Just(Vec::new()), 1 => some]
}

fn rarely<T: Clone + std::fmt::Debug>(
    some: impl Strategy<Value = T> + 'static,
) -> impl Strategy<Value = Option<T>> {
    prop_oneof![3 => Just(None), 1 => some.prop_map(Some)]
}

fn span() -> impl Strategy<Value = Span> {
    (0..40_u64, prop::option::of(1..60_u64))
        .prop_map(|(from, more)| Span { from, below: more.map(|more| from + more) })
}

fn when() -> impl Strategy<Value = When> {
    let values = |name: &'static str| {
        let name = prop_oneof![9 => Just(name), 1 => Just("x-none")];
        rarely((name, one_of(PATTERNS))).prop_map(|value| {
            value.map(|(name, pattern)| (name.to_owned(), pattern.to_owned())).into_iter().collect()
        })
    };
    let bits = |most: u64| rarely(1..most);
    let clients = rarely(prop::sample::subsequence(CLIENTS, 1..=2));
    let who = (list(PATTERNS), list(CONSUMERS), values("x-team"), values("user_id"), clients);
    let what =
        (rarely(any::<bool>()), bits(4), rarely(span()), rarely(span()), bits(32), list(TAGS));
    (who, what).prop_map(|(who, what)| {
        let (models, consumers, headers, metadata, clients) = who;
        let (stream, has, input_tokens, max_output, effort, wants) = what;
        let endpoints = clients.map(|all| all.iter().fold(0, |bits, d| bits | d.bit()));
        let has = has.unwrap_or_default();
        When {
            models,
            consumers,
            headers,
            metadata,
            endpoints,
            stream,
            has,
            input_tokens,
            max_output,
            effort,
            wants,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_index_finds_what_asking_each_rule_finds(
        rules in prop::collection::vec(when(), 0..150),
        calls in prop::collection::vec(asked(), 1..6),
    ) {
        let index = Index::new(&rules);
        for call in calls {
            let headers: Vec<_> = call.team.iter().map(|team| ("x-team", *team)).collect();
            let Asked { client, consumer, .. } = call;
            let beside = Beside { client, consumer, headers: &headers, wants: &call.wants };
            let naive = rules.iter().position(|when| call.fits(when));
            prop_assert_eq!(falls(&index, &beside, &call.body()), naive, "{:?}", call);
        }
    }

    #[test]
    fn what_covers_fits_whatever_the_other_fits(
        rules in prop::collection::vec(when(), 2..40),
        calls in prop::collection::vec(asked(), 1..20),
    ) {
        for (i, one) in rules.iter().enumerate() {
            prop_assert!(one.covers(one));
            for other in rules.iter().skip(i + 1).filter(|other| one.covers(other)) {
                for call in calls.iter().filter(|call| call.fits(other)) {
                    prop_assert!(call.fits(one), "{:?} does not cover {:?}: {:?}", one, other, call);
                }
            }
        }
    }
}
