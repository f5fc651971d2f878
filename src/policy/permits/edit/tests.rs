use super::*;
use crate::config::permits::Forced;
use crate::dialect::{Addressed, Facts};
use proptest::prelude::*;
use serde_json::Value;

const MAX: u32 = 100;

fn capped_at(max: u32) -> Permits {
    Permits { max_output_tokens: Some(max), ..Permits::default() }
}

fn forcing(client: Dialect, fields: &[(&str, &str)]) -> Permits {
    let force = fields.iter().map(|(name, value)| Forced {
        clients: client.bit(),
        name: (*name).to_owned(),
        value: value.as_bytes().to_vec(),
    });
    Permits { force: force.collect(), ..Permits::default() }
}

/// The body after it, and what the client is told of the cap.
fn edited(permits: &Permits, client: Dialect, body: &str) -> (String, String) {
    match edit(permits, client, body.as_bytes()).expect(body) {
        Some(Edited { body, capped }) => {
            (String::from_utf8(body).unwrap(), capped.unwrap_or_default())
        }
        None => (body.to_owned(), String::new()),
    }
}

fn facts(client: Dialect, body: &str) -> Result<Facts, Error> {
    let by_path = matches!(client, Dialect::Gemini | Dialect::BedrockConverse);
    let addressed = by_path.then(|| Addressed { model: "m".into(), stream: false });
    Facts::of(client, body.as_bytes(), addressed)
}

/// All that is asked of each dialect: where its limit stands, in `{}`, and its rest.
const TOP: [(Dialect, &str, &str); 5] = [
    (Dialect::OpenAiChat, "max_completion_tokens", r#""model":"m","messages":[{}]"#),
    (Dialect::OpenAiResponses, "max_output_tokens", r#""model":"m","input":"x""#),
    (Dialect::OpenAiCompletions, "max_tokens", r#""model":"m","prompt":"x""#),
    (Dialect::AnthropicMessages, "max_tokens", r#""model":"m","messages":[{}]"#),
    (Dialect::CohereChat, "max_tokens", r#""model":"m","messages":[{}]"#),
];
const NESTED: [(Dialect, &str, &str, &str); 3] = [
    (Dialect::Gemini, "generationConfig", "maxOutputTokens", r#""contents":[{}]"#),
    (Dialect::Gemini, "generation_config", "max_output_tokens", r#""contents":[{}]"#),
    (Dialect::BedrockConverse, "inferenceConfig", "maxTokens", r#""messages":[{}]"#),
];

#[test]
fn a_limit_at_the_top_level() {
    for (client, name, rest) in TOP {
        let huge = "9".repeat(40);
        let told = format!("{name}=100");
        for (asked, becomes) in [
            ("101", "100"),
            ("18446744073709551615", "100"),
            (&*huge, "100"),
            ("100", "100"),
            ("7", "7"),
            ("null", "100"),
        ] {
            let body = format!(r#"{{ {rest}, "{name}" : {asked} , "x": 1.50}}"#);
            let wanted = format!(r#"{{ {rest}, "{name}" : {becomes} , "x": 1.50}}"#);
            let (body, said) = edited(&capped_at(MAX), client, &body);
            assert_eq!(body, wanted, "{client:?} {asked}");
            assert_eq!(said, if becomes == asked { "" } else { &*told }, "{client:?} {asked}");
            assert_eq!(facts(client, &body).unwrap().max_tokens, becomes.parse().ok());
        }
        // There is none, and it is written with an escape.
        let (body, said) = edited(&capped_at(MAX), client, &format!("{{{rest} }}"));
        assert_eq!((body, said), (format!(r#"{{{rest},"{name}":100 }}"#), told.clone()));
        let escaped = name.replace("max", "m\\u0061x");
        let (body, said) =
            edited(&capped_at(MAX), client, &format!(r#"{{{rest},"{escaped}":500}}"#));
        assert_eq!((body, said), (format!(r#"{{{rest},"{escaped}":100}}"#), told));
        // What is no whole number reaches nobody.
        for odd in ["-1", "1e9", "500.0", r#""500""#, "[500]", "true"] {
            let body = format!(r#"{{{rest},"{name}":{odd}}}"#);
            assert_eq!(edited(&capped_at(MAX), client, &body).0, body);
            assert!(facts(client, &body).is_err(), "{client:?} {odd}");
        }
        let twice = format!(r#"{{{rest},"{name}":1,"{escaped}":500}}"#);
        assert_eq!(edited(&capped_at(MAX), client, &twice).0, twice);
        assert!(facts(client, &twice).is_err(), "{client:?}");
    }
}

#[test]
fn chats_have_two_names_for_it() {
    for (asked, becomes, said) in [
        (r#""max_tokens":500"#, r#""max_tokens":100"#, "max_tokens=100"),
        (r#""max_tokens":5"#, r#""max_tokens":5"#, ""),
        (
            r#""max_tokens":500,"max_completion_tokens":900"#,
            r#""max_tokens":100,"max_completion_tokens":100"#,
            "max_completion_tokens=100, max_tokens=100",
        ),
        (
            r#""max_tokens":500,"max_completion_tokens":9"#,
            r#""max_tokens":100,"max_completion_tokens":9"#,
            "max_tokens=100",
        ),
        (
            r#""max_tokens":null,"max_completion_tokens":900"#,
            r#""max_tokens":null,"max_completion_tokens":100"#,
            "max_completion_tokens=100",
        ),
        (
            r#""max_completion_tokens":null,"max_tokens":5"#,
            r#""max_completion_tokens":null,"max_tokens":5"#,
            "",
        ),
        // A reasoning model refuses the old name, others may not know the new one: one
        // of them it is.
        (r#""max_tokens" : null"#, r#""max_completion_tokens":100"#, "max_completion_tokens=100"),
        (
            r#""max_tokens":null,"max_completion_tokens":null"#,
            r#""max_tokens":null,"max_completion_tokens":100"#,
            "max_completion_tokens=100",
        ),
    ] {
        let whole = |fields: &str| format!(r#"{{"model":"m",{fields},"messages":[{{}}]}}"#);
        let found = edited(&capped_at(MAX), Dialect::OpenAiChat, &whole(asked));
        assert_eq!(found, (whole(becomes), said.to_owned()), "{asked}");
        let read = facts(Dialect::OpenAiChat, &found.0).unwrap().max_tokens;
        assert!(read.is_some_and(|n| n <= 100), "{asked}");
    }
}

#[test]
fn a_limit_within_an_object() {
    for (client, within, name, rest) in NESTED {
        let first = client.output_limit().unwrap().names[0];
        let huge = "9".repeat(40);
        for (config, becomes) in [
            (format!(r#"{{"a":1.50, "{name}":500}}"#), format!(r#"{{"a":1.50, "{name}":100}}"#)),
            (format!(r#"{{"{name}":{huge}}}"#), format!(r#"{{"{name}":100}}"#)),
            (format!(r#"{{"{name}":null}}"#), format!(r#"{{"{name}":100}}"#)),
            (format!(r#"{{"{name}":7}}"#), format!(r#"{{"{name}":7}}"#)),
            ("{ }".into(), format!(r#"{{"{first}":100 }}"#)),
            (r#"{"a":"}"}"#.into(), format!(r#"{{"a":"}}","{first}":100}}"#)),
            ("null".into(), format!(r#"{{"{first}":100}}"#)),
        ] {
            let whole = |config: &str| format!(r#"{{"{within}": {config} ,{rest}}}"#);
            let (body, said) = edited(&capped_at(MAX), client, &whole(&config));
            assert_eq!(body, whole(&becomes), "{client:?} {config}");
            let read = facts(client, &body).unwrap().max_tokens;
            assert!(read.is_some_and(|n| n <= 100), "{client:?} {config}");
            assert_eq!(said.is_empty(), config == becomes, "{client:?} {config}");
        }
        for (config, param) in [
            ("7".into(), within.to_owned()),
            ("[1]".into(), within.to_owned()),
            (format!(r#"{{"{name}":1,"{name}":500}}"#), within.to_owned()),
            (format!(r#"{{"{name}":"500"}}"#), format!("{within}.{name}")),
            (format!(r#"{{"{name}":5e3}}"#), format!("{within}.{name}")),
        ] {
            let body = format!(r#"{{"{within}":{config},{rest}}}"#);
            let e = edit(&capped_at(MAX), client, body.as_bytes()).expect_err(&body);
            assert_eq!(e.param.as_deref(), Some(&*param), "{body}");
        }
    }
    // There is no such object.
    for (client, rest, wanted, said) in [
        (
            Dialect::Gemini,
            r#"{"contents":[{}]}"#,
            r#"{"contents":[{}],"generationConfig":{"maxOutputTokens":100}}"#,
            "generationConfig.maxOutputTokens=100",
        ),
        (
            Dialect::BedrockConverse,
            r#"{"messages":[{}]}"#,
            r#"{"messages":[{}],"inferenceConfig":{"maxTokens":100}}"#,
            "inferenceConfig.maxTokens=100",
        ),
        (
            Dialect::BedrockConverse,
            " { } ",
            r#" {"inferenceConfig":{"maxTokens":100} } "#,
            "inferenceConfig.maxTokens=100",
        ),
    ] {
        assert_eq!(edited(&capped_at(MAX), client, rest), (wanted.into(), said.into()));
    }
    // Both spellings: a provider takes one of them, and nobody knows which.
    for body in [
        r#"{"generationConfig":{},"generation_config":{"maxOutputTokens":9},"contents":[]}"#,
        r#"{"generationConfig":{"maxOutputTokens":9,"max_output_tokens":900},"contents":[]}"#,
    ] {
        let e = edit(&capped_at(MAX), Dialect::Gemini, body.as_bytes()).expect_err(body);
        assert!(e.message.contains("stands beside"), "{e}");
    }
}

#[test]
fn thinking_stays_below_the_limit() {
    let messages = |max: &str, budget: &str| {
        format!(
            r#"{{"model":"m","messages":[{{}}],"max_tokens":{max},"thinking":{{"type":"enabled","budget_tokens":{budget}}}}}"#
        )
    };
    let converse = |max: &str, budget: &str| {
        format!(
            r#"{{"messages":[{{}}],"inferenceConfig":{{"maxTokens":{max}}},"additionalModelRequestFields":{{"x":0.10,"thinking":{{"budget_tokens":{budget}}}}}}}"#
        )
    };
    for (max, budget, becomes, thinks) in [
        ("16000", "10000", "4000", "2000"),
        ("16000", "4000", "4000", "2000"),
        ("16000", "3999", "4000", "3999"),
        ("3000", "9000", "3000", "9000"),
        ("16000", r#""many""#, "4000", r#""many""#),
    ] {
        let (body, said) =
            edited(&capped_at(4000), Dialect::AnthropicMessages, &messages(max, budget));
        assert_eq!(body, messages(becomes, thinks));
        assert_eq!(said.contains("thinking.budget_tokens=2000"), thinks == "2000", "{said}");
        let (body, said) =
            edited(&capped_at(4000), Dialect::BedrockConverse, &converse(max, budget));
        assert_eq!(body, converse(becomes, thinks));
        let told = said.contains("additionalModelRequestFields.thinking.budget_tokens=2000");
        assert_eq!(told, thinks == "2000", "{said}");
    }
    // Half of it would be too few for Anthropic; and there must be room at all.
    let (body, _) = edited(&capped_at(1500), Dialect::AnthropicMessages, &messages("9000", "2000"));
    assert_eq!(body, messages("1500", "1024"));
    let body = messages("9000", "2000");
    let e = edit(&capped_at(1024), Dialect::AnthropicMessages, body.as_bytes()).expect_err("1024");
    assert_eq!(e.param.as_deref(), Some("thinking.budget_tokens"));
    let off = r#"{"model":"m","max_tokens":9000,"messages":[{}],"thinking":{"type":"disabled"}}"#;
    assert!(edit(&capped_at(9), Dialect::AnthropicMessages, off.as_bytes()).is_ok());
}

#[test]
fn forced_members_stand_whatever_the_client_says() {
    let permits = forcing(Dialect::OpenAiChat, &[("store", "false"), ("temperature", "0")]);
    let of = |body: &str| edited(&permits, Dialect::OpenAiChat, body).0;
    assert_eq!(of(r#"{"model":"m" }"#), r#"{"model":"m","store":false,"temperature":0 }"#);
    assert_eq!(
        of(r#"{"temperature": 1.70 ,"model":"m","stor\u0065":true}"#),
        r#"{"temperature": 0 ,"model":"m","stor\u0065":false}"#
    );
    assert_eq!(of(" {} "), r#" {"store":false,"temperature":0} "#);
    // It says so already: nothing is touched.
    let same = r#"{"store":false,"temperature":0}"#;
    assert_eq!(edit(&permits, Dialect::OpenAiChat, same.as_bytes()), Ok(None));
    // Another API's requests have other fields.
    assert_eq!(edit(&permits, Dialect::OpenAiResponses, b"{}"), Ok(None));
    for odd in ["", "[]", "{", r#"{"store":1,"store":2}"#, "\"store\""] {
        assert_eq!(of(odd), odd, "whoever reads it next refuses it");
    }
}

#[test]
fn the_cap_holds_over_what_is_forced() {
    let forced = [("generationConfig", r#"{"temperature":0,"maxOutputTokens":900}"#)];
    let permits = Permits { max_output_tokens: Some(MAX), ..forcing(Dialect::Gemini, &forced) };
    let wanted = r#"{"contents":[],"generationConfig":{"temperature":0,"maxOutputTokens":100}}"#;
    assert_eq!(edited(&permits, Dialect::Gemini, r#"{"contents":[]}"#).0, wanted);
    let forced = [("thinking", r#"{"type":"enabled","budget_tokens":8000}"#), ("x", "1")];
    let permits =
        Permits { max_output_tokens: Some(4000), ..forcing(Dialect::AnthropicMessages, &forced) };
    let wanted = r#"{"max_tokens":4000,"thinking":{"type":"enabled","budget_tokens":2000},"x":1}"#;
    assert_eq!(edited(&permits, Dialect::AnthropicMessages, r#"{"max_tokens":9000}"#).0, wanted);
}

#[test]
fn nothing_is_touched_where_nothing_is_said() {
    for (client, name, rest) in TOP {
        let body = format!(r#"{{{rest},"{name}":1000000}}"#);
        assert_eq!(edit(&Permits::default(), client, body.as_bytes()), Ok(None));
    }
    // Nothing is generated there.
    for client in [Dialect::OpenAiEmbeddings, Dialect::AnthropicCount, Dialect::OpenAiSpeech] {
        let body = br#"{"model":"m","input":"x","max_tokens":1000000}"#;
        assert_eq!(edit(&capped_at(1), client, body), Ok(None));
    }
}

/// Values as clients write them, spaces and spellings included.
fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        any::<i64>().prop_map(|n| n.to_string()),
        Just("1.50e+3".to_owned()),
        any::<String>().prop_map(|s| Value::from(s).to_string()),
        Just(r#""a\u0022,}]{""#.to_owned()),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|v| format!("[ {}]", v.join(", "))),
            prop::collection::btree_map("[a-z]{1,3}", inner, 0..4).prop_map(|m| {
                let all: Vec<_> = m.iter().map(|(k, v)| format!("\"{k}\" :{v}")).collect();
                format!("{{{} }}", all.join(","))
            }),
        ]
    })
}

fn client() -> impl Strategy<Value = (Dialect, &'static str)> {
    let top = TOP.map(|(client, _, rest)| (client, rest));
    let nested = NESTED.map(|(client, _, _, rest)| (client, rest));
    prop::sample::select([&top[..], &nested[..]].concat())
}

fn limit() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("null".to_owned()),
        (0_u64..300).prop_map(|n| n.to_string()),
        any::<u64>().prop_map(|n| n.to_string()),
        "[1-9][0-9]{20,40}",
        value(),
    ]
}

proptest! {
    /// Whatever else stands there stays as it is, and what `Facts` takes has the cap.
    #[test]
    fn all_else_stays(
        (client, rest) in client(),
        before in prop::collection::btree_map("[a-z]{1,2}[0-9]", value(), 0..5),
        limits in prop::collection::vec((any::<bool>(), limit()), 2),
        max in 1_u32..200,
    ) {
        let limit = client.output_limit().unwrap();
        let mut fields: Vec<_> = before.iter().map(|(k, v)| format!("\"{k}\": {v}")).collect();
        fields.push(rest.to_owned());
        let own: Vec<_> = limit.names.iter().zip(&limits).filter(|(_, (given, _))| *given)
            .map(|(name, (_, value))| format!("\"{name}\" : {value}")).collect();
        match limit.within.first() {
            None => fields.extend(own),
            Some(within) => fields.push(format!("\"{within}\":{{\"q\":1.0{}{}}}", if own.is_empty() { "" } else { "," }, own.join(","))),
        }
        let body = format!("{{{}\n}}", fields.join(" ,"));
        let permits = Permits {
            max_output_tokens: Some(max),
            ..forcing(client, &[("zz", "[0.0]")])
        };
        let Ok(edited) = edit(&permits, client, body.as_bytes()) else { return Ok(()) };
        let edited = String::from_utf8(edited.expect("zz is not there").body).unwrap();
        // Behind the limits stands only what is added.
        let same = fields.iter().take(before.len() + 1).cloned().collect::<Vec<_>>().join(" ,");
        let begins = edited.get(1..=same.len());
        prop_assert_eq!(begins, Some(&*same));
        prop_assert!(edited.trim_end().ends_with(char::from(b'}')), "the object ends");
        let read: Value = serde_json::from_str(&edited).unwrap();
        prop_assert_eq!(&read["zz"], &serde_json::json!([0.0]));
        if let Ok(facts) = facts(client, &edited) {
            prop_assert!(facts.max_tokens.is_some_and(|n| n <= max.into()), "{}", edited);
        }
        // Once more changes nothing.
        prop_assert_eq!(edit(&permits, client, edited.as_bytes()), Ok(None));
    }

    /// What the checked reading takes, the walk takes too: else the cap could be passed by.
    #[test]
    fn no_valid_request_is_overlooked(
        fields in prop::collection::btree_map(any::<String>(), value(), 0..6),
        space in "[ \n\r\t]{0,3}",
    ) {
        let fields: Vec<_> = fields.iter()
            .map(|(k, v)| format!("{}{space}:{space}{v}{space}", Value::from(k.as_str()))).collect();
        let body = format!("{space}{{{space}{}}}{space}", fields.join(","));
        prop_assert!(json::object(body.as_bytes()).is_ok());
        let edited = edit(&capped_at(1), Dialect::CohereChat, body.as_bytes()).unwrap();
        let read: Value = serde_json::from_slice(&edited.unwrap().body).unwrap();
        prop_assert_eq!(&read["max_tokens"], 1);
    }
}
