//! The real `openai` package over every kind of provider, feature by feature.
//!
//! Which features: those the pair's table does not name as gaps, so that each yes of
//! `sluice matrix` is seen to work through Envoy. Kinds that speak the hub's own
//! dialect share one pair, whose cells are counted once; each of them still has to
//! answer the plain flows.

use crate::support::gateway::{Gateway, Setup};
use crate::support::python;
use serde_json::{Map, Value, json};
use sluice::dialect::features::Feature;
use sluice::dialect::{Dialect, Operation, Translator};
use sluice::provider::{KINDS, Kind};

/// Models the mocks think of as able; by the dialect that is spoken.
fn model(kind: &Kind, dialect: Dialect) -> &'static str {
    match (kind.name, dialect) {
        (_, Dialect::AnthropicVertex) => "claude-haiku-4-5@20251001",
        (_, Dialect::BedrockConverse | Dialect::AnthropicBedrock) => {
            "us.anthropic.claude-haiku-4-5-20251001-v1:0"
        }
        (_, Dialect::AnthropicMessages) => "claude-haiku-4-5",
        (_, Dialect::Gemini) => "gemini-3-flash-preview",
        (_, Dialect::CohereChat) => "command-a-reasoning-08-2025",
        (_, Dialect::TitanEmbed) => "amazon.titan-embed-text-v2:0",
        (_, Dialect::NovaEmbed) => "amazon.nova-2-multimodal-embeddings-v1:0",
        (_, Dialect::BedrockCohereEmbed) => "us.cohere.embed-v4:0",
        (_, Dialect::BedrockRerank) => "cohere.rerank-v3-5:0",
        (_, Dialect::VertexEmbed) => "text-embedding-005",
        // Reasons not, so that it takes `stop`.
        ("xai", _) => "grok-3",
        _ => "gpt-5-mini",
    }
}

/// What every kind must do, whatever its vendor calls itself.
const PLAIN: [Feature; 4] = [Feature::Text, Feature::Streaming, Feature::System, Feature::Stop];

/// One target for each chat surface of each kind: its name and its pair.
fn targets() -> Vec<(String, &'static Kind, &'static Translator)> {
    let mut all = Vec::new();
    for kind in KINDS {
        for surface in kind.surfaces {
            let pair = sluice::dialect::translator(Dialect::OpenAiChat, surface.dialect);
            if let Some(pair) = pair.filter(|_| surface.dialect.operation() == Operation::Chat) {
                all.push((format!("{}-{}", kind.name, surface.dialect.as_str()), kind, pair));
            }
        }
    }
    all
}

/// All kinds, and a model for each target.
pub(super) fn config(targets: &[(String, &'static Kind, &'static Translator)]) -> String {
    let mut providers = Map::new();
    for kind in KINDS {
        let mut provider = json!({ "kind": kind.name });
        if kind.url.is_empty() {
            provider["url"] = json!("https://models.example.com/v1");
        }
        for setting in kind.settings.iter().filter(|s| s.default.is_empty()) {
            provider[setting.name] = json!("test-1");
        }
        if kind.key_env.is_empty() {
            provider["keys"] = json!([{ "value": format!("sk-{}-of-the-gateway", kind.name) }]);
        }
        providers.insert(kind.name.to_owned(), provider);
    }
    let models: Vec<Value> = targets
        .iter()
        .map(|(name, kind, pair)| {
            let target = format!("{}/{}", kind.name, model(kind, pair.upstream));
            json!({ "name": name, "targets": [{ "target": target, "api": pair.upstream.as_str() }] })
        })
        .collect();
    json!({ "providers": providers, "models": models }).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_yes_of_the_matrix_works_through_envoy() {
    let targets = targets();
    let mut counted: Vec<Dialect> = Vec::new();
    let mut asked = Map::new();
    for (name, kind, pair) in &targets {
        let gap = |f: &Feature| pair.gaps.iter().any(|(g, _)| g == f);
        let takes_stop = !kind.quirks.drop.contains(&"stop");
        let plain = PLAIN.iter().filter(|f| !gap(f) && (**f != Feature::Stop || takes_stop));
        let mut features: Vec<&str> = plain.map(|f| f.as_str()).collect();
        if !counted.contains(&pair.upstream) && kind.name != "openai-compatible" {
            counted.push(pair.upstream);
            let yes = Feature::of(Operation::Chat)
                .iter()
                .filter(|f| !gap(f) && can_show(pair.upstream, **f));
            features = yes.map(|f| f.as_str()).collect();
        }
        asked.insert(name.clone(), json!(features));
    }
    let setup = Setup { config: Some(config(&targets)), ..Setup::default() };
    let mut gateway = Gateway::start(setup).await;
    let said = python::run("tests/e2e/flows.py", &[&gateway.url("/v1")], &json!(asked)).await;
    let wanted: usize = asked.values().map(|f| f.as_array().map_or(0, Vec::len)).sum();
    let good = said.lines().filter(|l| l.starts_with("ok ")).count();
    let bad: Vec<_> = said.lines().filter(|l| !l.starts_with("ok ")).collect();
    assert!(good == wanted && bad.is_empty(), "{good} of {wanted}:\n{}", bad.join("\n"));
    gateway.assert_calm().await;
}

/// The identity pair promises to pass whatever comes; OpenAI itself shows no
/// reasoning text and has no signatures or cache marks in chat.
fn can_show(upstream: Dialect, feature: Feature) -> bool {
    use Feature::{PromptCache, Reasoning, SignedThoughts};
    match upstream {
        Dialect::OpenAiChat => !matches!(feature, Reasoning | SignedThoughts | PromptCache),
        // A summary must be asked for by its own name; the cache needs no marks.
        Dialect::OpenAiResponses => !matches!(feature, Reasoning | PromptCache),
        _ => true,
    }
}
