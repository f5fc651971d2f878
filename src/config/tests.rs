//! Every way a configuration can be wrong, by path.

use super::{Config, Problem, load};
use serde_json::json;

mod admin;
mod identity;
mod fleet;
mod limits;
mod permits;
mod rules;
mod zones;

fn env(name: &str) -> Option<String> {
    matches!(name, "OPENAI_API_KEY" | "ANTHROPIC_API_KEY").then(|| format!("secret-of-{name}"))
}

fn read(value: &serde_json::Value) -> Result<Config, Vec<Problem>> {
    load(value.to_string().as_bytes(), &env)
}

fn consumer(models: serde_json::Value) -> serde_json::Value {
    json!([{ "name": "a", "key_sha256": ["0".repeat(64)], "models": models }])
}

fn base() -> serde_json::Value {
    json!({
        "providers": { "openai": { "kind": "openai" }, "anthropic": { "kind": "anthropic", "keys": [{ "env": "ANTHROPIC_API_KEY" }] } },
        "models": [
            { "name": "fast", "targets": ["openai/gpt-5-mini", { "target": "anthropic/claude-haiku-4-5", "first_token_timeout": "5s" }] },
            { "name": "gpt-*", "targets": ["openai/*"] },
        ],
    })
}

#[test]
fn reads_the_shortest_file() {
    let config = read(&base()).unwrap();
    let (_, fast) = config.model("fast").unwrap();
    assert_eq!(config.targets(&fast.targets)[1].first_token_ms, 5_000);
    assert_eq!(config.targets(&fast.targets)[1].known.unwrap().traits.max_output_tokens, 64_000);
    let (_, glob) = config.model("gpt-9").unwrap();
    assert_eq!(config.targets(&glob.targets)[0].model, None);
    assert!(config.model("other").is_none());
    assert!(config.allow_anonymous);
    assert_eq!(config.retry.on, "retriable-status-codes,connect-failure,reset,5xx");
    assert_eq!(config.retry.codes, "597,408,409,425,429,401,402,403,598");
    assert!(!format!("{config:?}").contains("secret-of"), "Debug must not show keys");
}

#[test]
fn azure_by_key_or_by_token() {
    let mut file = base();
    file["providers"]["v1"] = json!({ "kind": "azure", "resource": "mine",
        "keys": [{ "env": "OPENAI_API_KEY" }, { "bearer_env": "OPENAI_API_KEY" }] });
    file["providers"]["dated"] =
        json!({ "kind": "azure-deployments", "resource": "mine", "keys": "none" });
    // A Foundry resource has another host: then no resource is needed.
    file["providers"]["foundry"] = json!({ "kind": "azure", "keys": "none",
        "url": "https://x.services.ai.azure.com/openai/v1" });
    let config = read(&file).unwrap();
    let provider = |name: &str| config.providers.iter().find(|p| p.name == name).unwrap();
    let v1 = provider("v1");
    assert_eq!(v1.url.authority, "mine.openai.azure.com");
    assert_eq!(v1.paths[1][0].of("x"), "/openai/v1/responses");
    let secret = || "secret-of-OPENAI_API_KEY".to_owned();
    assert!(v1.keys == [super::Secret::Text(secret()), super::Secret::Bearer(secret())]);
    assert_eq!(
        provider("dated").paths[0][0].of("my deployment"),
        "/openai/deployments/my%20deployment/chat/completions?api-version=2024-10-21"
    );
    assert_eq!(provider("foundry").paths[0][0].of("x"), "/openai/v1/chat/completions");
    file["providers"]["v1"]["resource"] = json!(null);
    let problems = read(&file).unwrap_err();
    assert_eq!(problems[0].path, "providers.v1.resource");
}

const SHADOW_MODEL: &str = "models[0].shadow.model";
const SHADOW_PERCENT: &str = "models[0].shadow.percent";

fn shadow(config: &mut serde_json::Value, shadow: serde_json::Value) {
    config["models"][0]["shadow"] = shadow;
}

#[test]
fn a_shadow_is_another_entry_and_a_share() {
    let mut file = base();
    shadow(&mut file, json!({ "model": "gpt-5", "percent": 12.5 }));
    let config = read(&file).unwrap();
    let shadow = config.models[0].shadow.as_ref().unwrap();
    assert_eq!((shadow.model.as_str(), shadow.up_to), ("gpt-5", u64::MAX / 8 + 1));
    assert!(config.models[1].shadow.is_none());
}

#[test]
fn names_the_path_and_the_fix() {
    type Change = fn(&mut serde_json::Value);
    let cases: &[(Change, &str, &str)] = &[
        (|c| c["provider"] = json!({}), "provider", "unknown field `provider`"),
        (|c| c["providers"] = json!({}), "providers", "is empty"),
        (
            |c| c["providers"]["openai"]["kind"] = json!("openia"),
            "providers.openai.kind",
            "known: openai",
        ),
        (
            |c| c["providers"]["openai"]["url"] = json!("api.openai.com"),
            "providers.openai.url",
            "https://",
        ),
        (
            |c| c["providers"]["openai"] = json!({ "kind": "openai-compatible" }),
            "providers.openai.url",
            "is needed",
        ),
        (
            |c| c["providers"]["openai"]["keys"] = json!([{ "env": "NOPE" }]),
            "providers.openai.keys[0]",
            "NOPE is not set",
        ),
        (
            |c| c["providers"]["openai"]["keys"] = json!([{ "value": "a\r\nb" }]),
            "providers.openai.keys[0]",
            "no header",
        ),
        (|c| c["providers"]["openai"]["keys"] = json!("yes"), "providers.openai.keys", "`none`"),
        (|c| c["providers"]["openai"]["keys"] = json!([]), "providers.openai.keys", "keys: none"),
        (
            |c| {
                c["providers"]["openai"]["keys"] =
                    json!([{ "value": "a", "weight": 10_001 }, { "value": "b" }])
            },
            "providers.openai.keys[0].weight",
            "0 to 10000",
        ),
        (
            |c| c["providers"]["openai"]["keys"] = json!([{ "value": "a", "weight": 2 }]),
            "providers.openai.keys[0].weight",
            "beside other keys",
        ),
        (
            |c| {
                c["providers"]["openai"]["keys"] =
                    json!([{ "value": "a", "weight": 0 }, { "value": "b", "weight": 0 }])
            },
            "providers.openai.keys",
            "above 0",
        ),
        (
            |c| c["providers"]["openai"]["keys"] = json!([{ "value": "a", "weight": 1.5 }]),
            "providers.openai.keys[0].weight",
            "whole number",
        ),
        (
            |c| c["providers"]["openai"]["keys"] = json!([{ "weight": 2 }]),
            "providers.openai.keys[0]",
            "{ env: VARIABLE }",
        ),
        (
            |c| {
                c["providers"]["openai"]["keys"] =
                    json!([{ "value": "a", "requests_per_minute": 0 }])
            },
            "providers.openai.keys[0].requests_per_minute",
            "leave it out",
        ),
        (
            |c| {
                c["providers"]["openai"]["keys"] = json!([{ "value": "a", "tokens_per_minute": 0 }])
            },
            "providers.openai.keys[0].tokens_per_minute",
            "at least 1",
        ),
        (
            |c| {
                c["providers"]["openai"]["keys"] = json!(
                    (0..257)
                        .map(|n| json!({ "value": format!("k{n}"), "requests_per_minute": 9 }))
                        .collect::<Vec<_>>()
                )
            },
            "providers",
            "more than 256 keys",
        ),
        (|c| c["health"] = json!({ "pace_below": 51 }), "health.pace_below", "0 to 50"),
        (|c| c["providers"]["a b"] = json!({ "kind": "openai" }), "providers.a b", "a-z"),
        (|c| c["models"] = json!([]), "models", "is empty"),
        (|c| c["models"][0]["targets"] = json!([]), "models[0].targets", "1 to 8"),
        (
            |c| c["models"][0]["targets"] = json!(["openai"]),
            "models[0].targets[0]",
            "provider/model",
        ),
        (
            |c| c["models"][0]["targets"] = json!(["opnai/x"]),
            "models[0].targets[0]",
            "known: anthropic, openai",
        ),
        (
            |c| c["models"][0]["targets"] = json!([{ "target": "openai/x", "timeuot": "1s" }]),
            "models[0].targets[0].timeuot",
            "unknown field",
        ),
        (
            |c| c["models"][0]["targets"] = json!([{ "target": "openai/x", "timeout": "1h" }]),
            "models[0].targets[0].timeout",
            "total_timeout",
        ),
        (|c| c["models"][1]["name"] = json!("fast"), "models[1].name", "stands at models[0]"),
        (|c| c["models"][0]["name"] = json!("*"), "models[1].name", "never be reached"),
        (|c| c["defaults"] = json!({ "timeout": "5" }), "defaults.timeout", "500ms"),
        (|c| c["defaults"] = json!({ "timeout": "1h" }), "defaults.timeout", "total_timeout"),
        (|c| c["defaults"] = json!({ "max_body": "9GiB" }), "defaults.max_body", "at most 1GiB"),
        (
            |c| c["defaults"] = json!({ "max_upload": "1MiB" }),
            "defaults.max_upload",
            "smaller than defaults.max_body",
        ),
        (
            |c| c["defaults"] = json!({ "retry_on": ["sever"] }),
            "defaults.retry_on[0]",
            "unknown variant",
        ),
        (
            |c| c["consumers"] = json!([{ "name": "a", "key_sha256": ["x"] }]),
            "consumers[0].key_sha256[0]",
            "64 hex",
        ),
        (
            |c| c["consumers"] = json!([{ "name": "anonymous", "key_sha256": ["0".repeat(64)] }]),
            "consumers[0].name",
            "not be `anonymous`",
        ),
        (|c| c["consumers"] = consumer(json!([])), "consumers[0].models", "allow all"),
        (|c| c["consumers"] = consumer(json!(["zzz*"])), "consumers[0].models[0]", "matches none"),
        (|c| c["defaults"] = json!({ "idle_timeout": "0s" }), "defaults.idle_timeout", "500ms"),
        (
            |c| {
                c["defaults"] =
                    json!({ "min_speed": { "tokens_per_second": 0, "first_tokens": 1 } })
            },
            "defaults.min_speed.tokens_per_second",
            "1 to 1000",
        ),
        (|c| c["retries"] = json!({ "attempts": 0 }), "retries.attempts", "1 to 8"),
        (|c| c["retries"] = json!({ "attempts": 9 }), "retries.attempts", "1 to 8"),
        (|c| c["retries"] = json!({ "elapsed": "1h" }), "retries.elapsed", "total_timeout"),
        (
            |c| c["retries"] = json!({ "budget": { "percent": 101 } }),
            "retries.budget.percent",
            "0 to 100",
        ),
        (
            |c| c["retries"] = json!({ "budget": { "min_per_second": 0 } }),
            "retries.budget.min_per_second",
            "1 to 10000",
        ),
        (|c| c["passthrough_paths"] = json!(["x"]), "passthrough_paths[0]", "begin with /"),
        (|c| c["usage"] = json!({ "max_rows": 0 }), "usage.max_rows", "1 to 4096"),
        (|c| c["catalog"] = json!([{ "model": "gpt" }]), "catalog[0].model", "provider/model"),
        (
            |c| c["catalog"] = json!([{ "model": "opnai/x", "input": 1 }]),
            "catalog[0].model",
            "known: anthropic, openai",
        ),
        (|c| c["catalog"] = json!([{ "model": "openai/x" }]), "catalog[0]", "says nothing"),
        (
            |c| c["catalog"] = json!([{ "model": "openai/x", "output": 1 }]),
            "catalog[0].input",
            "is needed",
        ),
        (
            |c| c["catalog"] = json!([{ "model": "openai/x", "input": -1 }]),
            "catalog[0].input",
            "-1 is no price",
        ),
        (
            |c| c["catalog"] = json!([{ "model": "openai/x", "input": 0.0000001 }]),
            "catalog[0].input",
            "at most 6 decimals",
        ),
        (
            |c| c["catalog"] = json!([{ "model": "openai/x", "input": 1000001 }]),
            "catalog[0].input",
            "1000000",
        ),
        (
            |c| c["catalog"] = json!([{ "model": "openai/x", "input": "one" }]),
            "catalog[0].input",
            "is not a number",
        ),
        (
            |c| c["catalog"] = json!([{ "model": "openai/x", "context": 1.5 }]),
            "catalog[0].context",
            "whole number",
        ),
        (
            |c| c["catalog"] = json!([{ "model": "openai/x", "max_output": 0 }]),
            "catalog[0].max_output",
            "at least 1",
        ),
        (
            |c| c["catalog"] = json!([{ "model": "openai/x", "like": "openai/gpt-99" }]),
            "catalog[0].like",
            "not in the catalog",
        ),
        (
            |c| c["catalog"] = json!([{ "model": "openai/x", "inptu": 1 }]),
            "catalog[0].inptu",
            "unknown field",
        ),
        (
            |c| {
                c["catalog"] = json!([{ "model": "openai/*", "input": 1 }, { "model": "openai/gpt", "input": 2 }])
            },
            "catalog[1].model",
            "never be reached",
        ),
        (|c| c["expose"] = json!({ "modle": true }), "expose.modle", "unknown field"),
        (|c| c["unpriced"] = json!("refuse"), "unpriced", "expected one of `deny`, `flag`"),
        (
            |c| c["unpriced"] = json!({ "estimate": { "input": 0, "output": 0 } }),
            "unpriced.estimate",
            "give a price, or say `flag`",
        ),
        (
            |c| c["unpriced"] = json!({ "estimate": { "input": 1 } }),
            "unpriced.estimate",
            "missing field `output`",
        ),
        (
            |c| c["unpriced"] = json!({ "estimate": { "input": -1, "output": 1 } }),
            "unpriced.estimate.input",
            "is no price",
        ),
        (
            |c| c["unpriced"] = json!({ "estimate": { "input": 1, "output": 1, "cached": 1 } }),
            "unpriced.estimate.cached",
            "unknown field",
        ),
        (|c| shadow(c, json!({ "model": "slow", "percent": 5 })), SHADOW_MODEL, "no entry"),
        (|c| shadow(c, json!({ "model": "fast", "percent": 5 })), SHADOW_MODEL, "itself"),
        (|c| shadow(c, json!({ "model": "gpt-5", "percent": 0 })), SHADOW_PERCENT, "above 0"),
        (|c| shadow(c, json!({ "model": "gpt-5", "percent": 100.5 })), SHADOW_PERCENT, "to 100"),
        (|c| shadow(c, json!({ "model": "gpt-5" })), "models[0].shadow", "missing field"),
        (
            |c| {
                shadow(c, json!({ "model": "gpt-5", "percent": 5 }));
                c["consumers"] = json!([{ "name": "shadow", "key_sha256": ["0".repeat(64)] }]);
            },
            "models[0].shadow",
            "rename yours",
        ),
    ];
    for (change, path, words) in cases {
        let mut config = base();
        change(&mut config);
        let problems = read(&config).expect_err(path);
        let found = problems.iter().any(|p| p.path == *path && p.message.contains(words));
        assert!(found, "wanted {path}: ..{words}.., got {problems:?}");
    }
}

#[test]
fn complaints_never_quote_a_secret() {
    for provider in [
        json!({ "kind": "openai", "keys": ["sk-secret"] }),
        json!({ "kind": "openai", "keys": "sk-secret" }),
        json!({ "kind": "openai", "keys": [{ "sk-secret": null }] }),
        json!({ "kind": "openai", "keys": [{ "env": "sk-secret" }] }),
        json!({ "kind": "openai", "keys": [{ "bearer_env": "sk-secret" }] }),
        json!({ "kind": "openai", "keys": [{ "value": "sk-secret", "env": "X" }] }),
        json!({ "kind": "openai", "keys": [{ "value": "sk-secret\n\u{7f}" }] }),
        json!({ "kind": "openai", "keys": ["a", { "value": "sk-secret" }] }),
        json!({ "kind": "openai", "keys": [{ "aws": "sk-secret" }] }),
        json!({ "kind": "openai", "keys": [{ "aws": {}, "sk-secret": 1 }] }),
        json!({ "kind": "openai", "keys": [{ "env": "OPENAI_API_KEY", "weight": "sk-secret" }] }),
        json!({ "kind": "openai", "keys": [{ "weight": 1, "requests_per_minute": ["sk-secret"] }] }),
        json!({ "kind": "openai", "keys": [{ "weight": 1, "tokens_per_minute": { "sk-secret": 1 } }] }),
        json!({ "kind": "openai", "keys": [{ "weight": 1, "limit": "sk-secret" }] }),
        json!({ "kind": "bedrock", "region": "r", "keys": [{ "aws": { "sk-secret": "A" } }] }),
        json!({ "kind": "bedrock", "region": "r", "keys": [{ "aws": { "secret_access_key": "sk-secret" } }] }),
        json!({ "kind": "openai", "url": "https://user:sk-secret@host/v1" }),
        json!({ "kind": "openai", "url": "user:sk-secret@host/v1" }),
        json!({ "kind": "openai", "url": "https://host/v1?key=sk-secret" }),
    ] {
        let mut config = base();
        config["providers"]["openai"] = provider;
        let problems = read(&config).unwrap_err();
        assert!(!format!("{problems:?}").contains("sk-secret"), "{problems:?}");
        assert!(problems.iter().all(|p| p.path.starts_with("providers.openai.")), "{problems:?}");
    }
}

#[test]
fn keys_have_weights_and_limits() {
    let mut file = base();
    assert!(!read(&file).unwrap().has_quotas);
    file["providers"]["openai"]["keys"] = json!([{ "weight": 3.0, "env": "OPENAI_API_KEY" },
        { "value": "b", "requests_per_minute": 60, "tokens_per_minute": 100_000.0 }]);
    let config = read(&file).unwrap();
    assert!(config.has_quotas);
    let shares = &config.providers.iter().find(|p| p.name == "openai").unwrap().shares;
    assert_eq!(shares.iter().map(|s| s.weight).collect::<Vec<_>>(), [3, 1]);
    let limits = |n: usize| (shares[n].quota.requests, shares[n].quota.tokens);
    assert_eq!((limits(0), limits(1)), ((0, 0), (60, 100_000)));
}

#[test]
fn numbers_may_be_doubles() {
    let mut config = base();
    config["usage"] = json!({ "max_rows": 12.0 });
    config["defaults"] = json!({ "max_body": 1024.0 });
    let config = read(&config);
    let bounds = config.map(|c| (c.max_usage_rows, c.max_body, c.max_upload));
    assert_eq!(bounds.unwrap(), (12, 1024, 1024));
}

#[test]
fn the_operators_catalog_goes_before_the_list() {
    let mut config = base();
    config["providers"]["vllm"] = json!({ "kind": "openai-compatible", "url": "http://vllm/v1" });
    config["models"] = json!([{ "name": "m", "targets": [
        "openai/gpt-5", "openai/deal", "vllm/haiku", "vllm/any", "openai/gpt-5-pro",
        { "target": "openai/gpt-5-codex", "api": "openai-chat" }] },
        { "name": "*", "targets": ["openai/*"] }]);
    config["catalog"] = json!([
        { "model": "openai/deal", "like": "openai/gpt-5", "input": 0.75, "output": 29.99997, "context": 9000.0 },
        { "model": "vllm/haiku", "like": "anthropic/claude-haiku-4-5" },
        { "model": "vllm/*", "max_output": 777 },
    ]);
    let config = read(&config).unwrap();
    let known = |n: usize| config.targets(&config.models[0].targets)[n].known.unwrap();
    let price = |n: usize| known(n).price.map(|p| (p.input, p.output, p.cache_read));
    assert_eq!(price(0), Some((1_250_000, Some(10_000_000), Some(125_000))));
    assert_eq!(price(1), Some((750_000, Some(29_999_970), None)), "all prices or none");
    assert_eq!((known(1).context, known(1).traits), (Some(9000), known(0).traits));
    assert_eq!(price(2), Some((1_000_000, Some(5_000_000), Some(100_000))));
    assert_eq!(known(2).traits.max_output_tokens, 64_000);
    assert_eq!((price(3), known(3).traits.max_output_tokens), (None, 777));
    let api = |n: usize| config.targets(&config.models[0].targets)[n].api;
    use crate::dialect::Dialect;
    assert_eq!((api(0), api(4)), (None, Some(Dialect::OpenAiResponses)));
    assert_eq!(api(5), Some(Dialect::OpenAiChat), "what is written goes before what is known");
    assert_eq!(
        config.targets(&config.models[1].targets)[0].known,
        None,
        "known when a name is asked for"
    );
}

#[test]
fn preferences_are_off_and_consumers_may_be_left_out() {
    let config = read(&base()).unwrap();
    assert!(!config.preferences.any() && config.anonymous.permits.preferences);
    let mut file = base();
    file["consumers"] = json!([
        { "name": "a", "key_sha256": ["0".repeat(64)] },
        { "name": "b", "key_sha256": ["1".repeat(64)], "preferences": false }]);
    file["preferences"] = json!({ "header": true, "anonymous": false });
    let config = read(&file).unwrap();
    assert!(config.preferences.header && !config.preferences.body);
    let may: Vec<_> = config.consumers.iter().map(|c| c.permits.preferences).collect();
    assert_eq!((may, config.anonymous.permits.preferences), (vec![true, false], false));
    file["preferences"] = json!({});
    file["consumers"][0]["preferences"] = json!(true);
    let problems = read(&file).unwrap_err();
    assert_eq!(problems[0].path, "consumers[0].preferences");
    assert!(problems[0].message.contains("preferences.header"));
    for wrong in [json!({ "heather": true }), json!({ "header": "yes" }), json!(true)] {
        file["preferences"] = wrong;
        assert!(read(&file).unwrap_err()[0].path.starts_with("preferences"));
    }
}

#[test]
fn abilities_are_the_lists_or_the_operators() {
    use crate::catalog::Ability;
    let mut file = base();
    file["models"] = json!([{ "name": "m", "targets": [
        "openai/gpt-4", "openai/gpt-5", "openai/unheard-of", "openai/mine", "openai/o3-mini"] }]);
    file["catalog"] = json!([{ "model": "openai/mine", "abilities": ["tools", "audio_in"] }]);
    let config = read(&file).unwrap();
    let lacks = |n: usize| {
        let known = config.targets(&config.models[0].targets)[n].known.unwrap();
        known.lacks.iter().collect::<Vec<_>>()
    };
    assert_eq!(lacks(0), [Ability::Vision]);
    assert_eq!((lacks(1), lacks(2)), (vec![], vec![]), "what is not listed may do all");
    assert_eq!(lacks(3), [Ability::Vision, Ability::Pdf, Ability::Schema]);
    assert_eq!(lacks(4), [Ability::Vision], "the list is not believed in files");
    file["catalog"][0]["abilities"] = json!(["tools", "flight"]);
    let problems = read(&file).unwrap_err();
    assert_eq!(problems[0].path, "catalog[0].abilities[1]");
    assert!(problems[0].message.contains("audio_in"));
}

#[test]
fn content_filters_are_a_class_of_their_own() {
    let mut file = base();
    file["defaults"] = json!({ "retry_on": ["content_filter", "server"] });
    let config = read(&file).unwrap();
    let codes: Vec<_> = config.retry.codes.split(',').collect();
    assert_eq!(codes.iter().filter(|c| **c == "596").count(), 1);
    file["defaults"] = json!({ "retry_on": ["server"] });
    assert!(!read(&file).unwrap().retry.codes.contains("596"));
}

#[test]
fn finds_all_problems_at_once() {
    let mut config = base();
    config["models"][0]["targets"] = json!(["nope/x", "openai"]);
    config["usage"] = json!({ "max_rows": 9999 });
    assert_eq!(read(&config).unwrap_err().len(), 3);
}

#[test]
fn retry_classes_become_envoy_words() {
    let mut config = base();
    config["defaults"] = json!({ "retry_on": ["server", "connect"] });
    let config = read(&config).unwrap();
    assert_eq!(config.retry.on, "retriable-status-codes,connect-failure");
    assert!(config.retry.codes.starts_with("597,500,501") && config.retry.codes.contains("529"));
}

#[test]
fn aws_credentials_come_from_the_usual_variables_or_named_ones() {
    let with = |keys: Option<serde_json::Value>, names: &'static [&'static str]| {
        let mut config = base();
        config["providers"] = json!({ "aws": { "kind": "bedrock", "region": "eu-west-1" } });
        config["models"] = json!([{ "name": "m", "targets": ["aws/x"] }]);
        if let Some(keys) = keys {
            config["providers"]["aws"]["keys"] = keys;
        }
        let env = move |name: &str| names.contains(&name).then(|| format!("secret-of-{name}"));
        load(config.to_string().as_bytes(), &env).map(|mut c| {
            assert!(!format!("{c:?}").contains("secret-of"), "Debug must not show keys");
            c.providers.remove(0).keys.remove(0)
        })
    };
    let pair = &["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"][..];
    let all = &["AWS_BEARER_TOKEN_BEDROCK", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"][..];
    let aws = |token: Option<&str>| {
        super::Secret::Aws(super::compiled::AwsKey {
            access_key_id: "secret-of-AWS_ACCESS_KEY_ID".into(),
            secret_access_key: "secret-of-AWS_SECRET_ACCESS_KEY".into(),
            session_token: token.map(str::to_owned),
        })
    };
    let token = Some("secret-of-AWS_SESSION_TOKEN");
    let bearer = super::Secret::Text("secret-of-AWS_BEARER_TOKEN_BEDROCK".into());
    assert!(with(None, all) == Ok(bearer));
    assert!(with(None, pair) == Ok(aws(token)));
    assert!(with(Some(json!([{ "aws": {} }])), all) == Ok(aws(None)));
    assert!(with(Some(json!([{ "aws": {} }])), pair) == Ok(aws(token)));
    // The usual token is not another pair's.
    let named = json!([{ "aws": { "access_key_id": "AWS_ACCESS_KEY_ID" } }]);
    assert!(with(Some(named), pair) == Ok(aws(None)));
    let problem = |keys, names| with(keys, names).err().unwrap().remove(0).message;
    let words = problem(None, &["AWS_ACCESS_KEY_ID"]);
    assert!(words.contains("AWS_BEARER_TOKEN_BEDROCK") && words.contains("AWS_ACCESS_KEY_ID"));
    let token = json!([{ "aws": { "session_token": "MINE" } }]);
    assert!(problem(Some(token), pair).contains("MINE is not set"));
}

#[test]
fn a_signature_needs_a_region_where_the_url_needs_none() {
    let mut config = base();
    let endpoint = json!({ "kind": "bedrock", "url": "https://vpce.example.com" });
    config["providers"] = json!({ "aws": endpoint });
    config["models"] = json!([{ "name": "m", "targets": ["aws/x"] }]);
    let with =
        |config: &serde_json::Value| load(config.to_string().as_bytes(), &|_| Some("key".into()));
    assert!(with(&config).is_ok(), "a bearer key signs nothing");
    config["providers"]["aws"]["keys"] = json!([{ "aws": {} }]);
    let problems = with(&config).unwrap_err();
    assert_eq!(problems[0].path, "providers.aws.region");
    config["providers"]["aws"]["region"] = json!("eu-west-1");
    assert!(with(&config).is_ok());
}
