//! Embeddings and ranks over every kind of provider that has them, with the packages
//! that applications use.

use super::kinds::config;
use crate::support::client::Reply;
use crate::support::gateway::{Gateway, Setup};
use crate::support::python;
use serde_json::{Map, Value, json};
use sluice::dialect::features::Feature;
use sluice::dialect::{Dialect, Translator};
use sluice::provider::{KINDS, Kind};

type Target = (String, &'static Kind, &'static Translator);

/// One target for each surface of each kind that such a client can reach.
fn targets(client: Dialect) -> Vec<Target> {
    let all = KINDS.iter().flat_map(|kind| kind.surfaces.iter().map(move |s| (kind, s)));
    let reach = all.filter_map(|(kind, surface)| {
        let pair = sluice::dialect::translator(client, surface.dialect)?;
        Some((format!("{}-{}", kind.name, surface.dialect.as_str()), kind, pair))
    });
    reach.collect()
}

async fn gateway(targets: &[Target]) -> Gateway {
    Gateway::start(Setup { config: Some(config(targets)), ..Setup::default() }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn openai_embeddings_over_every_kind() {
    let targets = targets(Dialect::OpenAiEmbeddings);
    assert!(targets.len() >= 30, "{}", targets.len());
    let takes = targets.iter().map(|(name, kind, pair)| {
        let carries = |feature| pair.gap(feature).is_none();
        let takes = json!({
            "several": carries(Feature::ManyInputs),
            "tokens": carries(Feature::TokenInputs) && kind.quirks.embeddings.tokens,
            "dimensions": 256,
        });
        (name.clone(), takes)
    });
    let takes: Map<String, Value> = takes.collect();
    let mut gateway = gateway(&targets).await;
    let url = gateway.url("/v1");
    let said = python::run("tests/clients/embeddings.py", &[&url], &json!(takes)).await;
    let good = said.lines().filter(|l| l.starts_with("ok ")).count();
    assert_eq!(good, targets.len(), "{said}");
    // Everybody tells what went in: a header does for Cohere at Bedrock.
    for (name, ..) in &targets {
        assert_eq!(gateway.used(name, "estimated_calls").await, 0, "{name}");
        assert_eq!(gateway.used(name, "output_tokens").await, 0, "{name}");
    }
    gateway.assert_calm().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ranks_over_every_kind() {
    let targets = targets(Dialect::JinaRerank);
    assert!(targets.len() >= 6, "{}", targets.len());
    let names: Vec<_> = targets.iter().map(|(name, ..)| name).collect();
    let mut gateway = gateway(&targets).await;
    let url = gateway.url("");
    let said = python::run("tests/clients/rerank.py", &[&url], &json!(names)).await;
    let good = said.lines().filter(|l| l.starts_with("ok ")).count();
    assert_eq!(good, targets.len(), "{said}");
    // Cohere bills searches, which are no tokens.
    for (name, kind, _) in &targets {
        let estimated = gateway.used(name, "estimated_calls").await;
        assert_eq!(estimated > 0, kind.name == "cohere", "{name}");
    }
    gateway.assert_calm().await;
}

#[tokio::test]
async fn refusals_are_told_before_the_call() {
    let all = [targets(Dialect::OpenAiEmbeddings), targets(Dialect::JinaRerank)].concat();
    let gateway = gateway(&all).await;
    let post = |path: &str, body: Value| {
        let request = reqwest::Client::new().post(gateway.url(path)).json(&body);
        async { Reply::read(request.send().await.unwrap()).await }
    };
    let many = vec!["x"; 10_000];
    for (name, most) in [
        ("openai-openai-embeddings", "2048"),
        ("voyage-openai-embeddings", "1000"),
        ("gemini-gemini-embed", "100"),
        ("cohere-cohere-embed", "96"),
        ("vertex-vertex-embed", "250"),
        ("bedrock-bedrock-titan-embed", "one"),
        ("bedrock-bedrock-nova-embed", "one"),
        ("bedrock-bedrock-cohere-embed", "96"),
    ] {
        let reply = post("/v1/embeddings", json!({ "model": name, "input": many })).await;
        assert_eq!(reply.status, 400, "{name}: {}", reply.text());
        let error = &reply.json()["error"];
        assert_eq!(error["param"], "input", "{name}: {error}");
        assert!(error["message"].as_str().unwrap().contains(most), "{name}: {error}");
    }
    let body = json!({ "model": "voyage-voyage-rerank", "query": "q", "documents": many });
    let reply = post("/v1/rerank", body.clone()).await;
    assert_eq!(reply.status, 400, "{}", reply.text());
    let (detail, message) = (&reply.json()["detail"], &reply.json()["message"]);
    assert!(detail == message && detail.as_str().unwrap().contains("1000"), "{detail}");
    let reply = post("/v2/rerank", body).await;
    assert!(reply.status == 400 && reply.json().get("detail").is_none(), "{}", reply.text());
    assert!(gateway.mock.requests().is_empty());
}

#[tokio::test]
async fn a_call_goes_to_a_target_that_takes_it() {
    let config = json!({
        "providers": {
            "bedrock": { "kind": "bedrock", "region": "us-east-1" },
            "openai": { "kind": "openai" },
            "voyage": { "kind": "voyage" },
        },
        "models": [
            { "name": "one", "targets": ["bedrock/amazon.titan-embed-text-v2:0", "openai/m"] },
            { "name": "many", "targets": ["voyage/voyage-4", "openai/m"] },
        ],
    });
    let setup = Setup { config: Some(config.to_string()), ..Setup::default() };
    let gateway = Gateway::start(setup).await;
    for (model, input, host) in [
        ("one", json!("x"), "bedrock-runtime.us-east-1.amazonaws.com"),
        ("one", json!(["x", "y"]), "api.openai.com"),
        ("one", json!([1, 2]), "api.openai.com"),
        ("many", json!(vec!["x"; 1000]), "api.voyageai.com"),
        ("many", json!(vec!["x"; 1001]), "api.openai.com"),
        ("many", json!([[1], [2]]), "api.openai.com"),
    ] {
        let body = json!({ "model": model, "input": input });
        let request = reqwest::Client::new().post(gateway.url("/v1/embeddings")).json(&body);
        let reply = Reply::read(request.send().await.unwrap()).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let seen = gateway.mock.requests();
        assert_eq!(seen.last().unwrap().header("host"), Some(host), "{model}");
    }
}
