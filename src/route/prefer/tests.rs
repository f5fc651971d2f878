//! What is read of header and body, and what is left of the body.

use super::body::{NO_EFFECT, take};
use super::*;
use serde_json::{Value, json};

fn header(text: &str) -> Result<Preferences, Error> {
    let mut all = Preferences::default();
    header::read(text, &mut all).map(|()| all)
}

fn body(value: &Value) -> Result<Preferences, Error> {
    take(value.to_string().as_bytes(), false).map(|taken| taken.unwrap().preferences)
}

fn provider(value: Value) -> Result<Preferences, Error> {
    body(&json!({ "model": "m", "provider": value }))
}

/// The filters without the members' names.
fn keeps(all: &Preferences) -> Vec<&Keep> {
    all.filters.iter().map(|f| &f.keep).collect()
}

#[test]
fn header_and_body_say_the_same() {
    let a = header(
        "models=b, c;order=vllm,openai/gpt-5 ; only=openai,vllm;ignore=x;sort=price; region=eu;\
         tags=fast,big; zdr=true; max-price=1.5/6; allow-fallbacks=false;",
    )
    .unwrap();
    let b = body(&json!({ "model": "a", "models": ["b", "c"], "route": "fallback", "provider": {
        "order": ["vllm", "openai/gpt-5"], "only": ["openai", "vllm"], "ignore": ["x"],
        "sort": { "by": "price", "partition": "model" }, "region": "eu", "tags": ["fast", "big"],
        "zdr": true, "max_price": { "prompt": 1.5, "completion": "6", "request": null },
        "allow_fallbacks": false } }));
    let b = b.unwrap();
    // The members of an object stand in no order of ours.
    let sorted = |p: &Preferences| {
        let mut all: Vec<_> = keeps(p).iter().map(|k| format!("{k:?}")).collect();
        all.extend(p.wants.iter().cloned());
        all.sort();
        all
    };
    assert_eq!(sorted(&a), sorted(&b));
    assert_eq!((&a.models, &a.order, a.sort), (&b.models, &b.order, b.sort));
    assert_eq!((a.wants.len(), a.filters.len()), (4, 7));
    assert_eq!(a.alone.as_deref(), Some("x-sluice-route.allow-fallbacks"));
    assert_eq!(b.alone.as_deref(), Some("provider.allow_fallbacks"));
    let price = Keep::MaxPrice { input: Some(1_500_000), output: Some(6_000_000) };
    assert!(keeps(&a).contains(&&price));
    assert_eq!(header("max-price=/2").unwrap().filters.len(), 1);
}

#[test]
fn what_filters_nothing_says_nothing() {
    let nothing = json!({ "order": null, "only": [], "zdr": false, "allow_fallbacks": true,
        "data_collection": "allow", "quantizations": [], "max_price": {}, "sort": null,
        "require_parameters": false, "enforce_distillable_text": false,
        NO_EFFECT[0]: 50, NO_EFFECT[1]: { "p90": 3 } });
    let all = provider(nothing).unwrap();
    assert!(keeps(&all).iter().all(|k| **k == Keep::NotNamed(Vec::new())));
    assert!(!all.strict && all.alone.is_none() && all.sort.is_none());
    assert_eq!(provider(json!({ "data_collection": "deny" })).unwrap().wants, ["zdr"]);
    assert!(provider(json!({ "require_parameters": true })).unwrap().strict);
    assert_eq!(header("").unwrap(), Preferences::default());
}

#[test]
fn mistakes_are_named() {
    let many: Vec<_> = (0..65).map(|n| format!("p{n}")).collect();
    let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
    let deep: Value = serde_json::from_str(&deep).unwrap();
    for (value, param) in [
        (json!([]), "provider"),
        (json!("openai"), "provider"),
        (json!({ "oder": ["a"] }), "provider.oder"),
        (json!({ "order": 3 }), "provider.order"),
        (json!({ "order": [3] }), "provider.order"),
        (json!({ "order": [""] }), "provider.order"),
        (json!({ "order": ["a\n"] }), "provider.order"),
        (json!({ "order": many }), "provider.order"),
        (json!({ "only": deep }), "provider.only"),
        (json!({ "zdr": "true" }), "provider.zdr"),
        (json!({ "allow_fallbacks": 0 }), "provider.allow_fallbacks"),
        (json!({ "sort": "latency" }), "provider.sort"),
        (json!({ "sort": { "by": "throughput" } }), "provider.sort.by"),
        (json!({ "sort": { "by": "price", "partition": "none" } }), "provider.sort.partition"),
        (json!({ "max_price": 3 }), "provider.max_price"),
        (json!({ "max_price": { "request": 1 } }), "provider.max_price.request"),
        (json!({ "max_price": { "prompt": -1 } }), "provider.max_price.prompt"),
        (json!({ "max_price": { "prompt": 1e-9 } }), "provider.max_price.prompt"),
        (json!({ "data_collection": "maybe" }), "provider.data_collection"),
        (json!({ "enforce_distillable_text": true }), "provider.enforce_distillable_text"),
    ] {
        let error = provider(value.clone()).unwrap_err();
        assert_eq!((error.param.as_deref(), error.status()), (Some(param), 400), "{value}");
    }
    let entries: Vec<_> = (0..10_000).map(|n| format!("m{n}")).collect();
    for (value, param) in [
        (json!({ "model": "m", "models": entries }), "models"),
        (json!({ "model": "m", "models": "m" }), "models"),
        (json!({ "model": "m", "models": { "a": 1 } }), "models"),
        (json!({ "model": "m", "models": [null] }), "models"),
        (json!({ "model": "m", "route": "random" }), "route"),
        (json!({ "model": "m", "route": 1 }), "route"),
    ] {
        assert_eq!(body(&value).unwrap_err().param.as_deref(), Some(param), "{param}");
    }
    let twice = br#"{"model":"m","provider":{"only":["a"],"only":["b"]}}"#;
    assert!(take(twice, false).is_err());
    for text in [
        "only",
        "colour=red",
        "models=",
        "only=a,,b",
        "sort=latency",
        "sort=size",
        "zdr=yes",
        "max-price=free",
        "max-price=1/2/3",
        "max-price=",
        "allow-fallbacks=",
    ] {
        let param = header(text).unwrap_err().param.unwrap_or_default().into_owned();
        assert!(param.starts_with("x-sluice-route"), "{text}: {param}");
    }
    assert!(header(&format!("only={}", "a".repeat(257))).is_err());
    assert!(header("models=a,b,c,d,e,f,g,h,i").is_err());
}

#[test]
fn the_rest_of_the_body_stays_byte_by_byte() {
    let left = |text: &str, addressed| {
        let taken = take(text.as_bytes(), addressed).unwrap();
        taken.map(|t| String::from_utf8(t.body).unwrap())
    };
    let text = r#" { "provider": {"zdr":true} , "model":"a",  "x": 1.50e0,"models":["b"],"y":"é\u00e9" ,"route":null } "#;
    let kept = r#" { "model":"a",  "x": 1.50e0,"y":"é\u00e9" } "#;
    assert_eq!(left(text, false).as_deref(), Some(kept));
    assert_eq!(left(kept, false), None);
    assert_eq!(left(r#"{"models":["a"]}"#, true).as_deref(), Some("{}"));
    assert_eq!(
        left(r#"{"mod\u0065ls":["a"],"model":"b"}"#, true).as_deref(),
        Some(r#"{"model":"b"}"#)
    );
    // Without a model, the first of the models is it.
    let text = r#"{"a":1,"models":["x\"y","z"],"provider":null,"b":2}"#;
    assert_eq!(left(text, false).as_deref(), Some(r#"{"a":1,"model":"x\"y","b":2}"#));
    let taken = take(text.as_bytes(), false).unwrap().unwrap();
    assert_eq!(taken.preferences.models, ["z"]);
    assert_eq!(left(r#"{"models":[],"a":1}"#, false).as_deref(), Some(r#"{"a":1}"#));
    // Not JSON: for others to say.
    for text in
        ["", "[]", "{", r#"{"models":["a"]"#, r#"{"models":[}"#, r#"{"models":1,"models":2}"#]
    {
        assert_eq!(left(text, false), None, "{text}");
    }
}

#[test]
fn regions_hold_their_parts() {
    for (tag, region, is) in [
        ("eu-west-1", "eu", true),
        ("EU-West-1", "eu", true),
        ("europe-west4", "eu", true),
        ("europe", "eu", true),
        ("eu", "EU", true),
        ("eu-west-1", "eu-west-1", true),
        ("eu-west-10", "eu-west-1", false),
        ("eur", "eu", false),
        ("us-east-1", "eu", false),
        ("european", "eu", false),
        ("eu", "eu-west-1", false),
        ("é", "eu", false),
    ] {
        assert_eq!(is_in(tag, region), is, "{tag} {region}");
    }
}
