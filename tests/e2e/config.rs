//! A bad configuration never serves; a running one survives it.

use crate::support::client::{chat, post};
use crate::support::gateway::{Gateway, Setup, config, envoy, eventually, local, with_models};
use serde_json::{Value, json};
use sluice::cli::render::{self, EnvoyOptions};
use std::path::Path;
use std::process::Command;

/// Moves the listeners into a file of their own that Envoy watches, as a control
/// plane would push them.
pub fn watched(bootstrap: String, folder: &Path) -> String {
    let mut all: Value = serde_saphyr::from_str(&bootstrap).expect("YAML");
    let listeners = all["static_resources"]["listeners"].take();
    all["static_resources"].as_object_mut().expect("an object").remove("listeners");
    push(folder, &listeners[0]);
    all["node"] = json!({ "id": "test", "cluster": "test" });
    all["dynamic_resources"] =
        json!({ "lds_config": { "path_config_source": { "path": folder.join("lds.json") } } });
    all.to_string()
}

pub fn push(folder: &Path, listener: &Value) {
    let mut listener = listener.clone();
    listener["@type"] = "type.googleapis.com/envoy.config.listener.v3.Listener".into();
    // Envoy watches for files moved into place.
    std::fs::write(folder.join("next.json"), json!({ "resources": [listener] }).to_string())
        .unwrap();
    std::fs::rename(folder.join("next.json"), folder.join("lds.json")).unwrap();
}

/// The listener of a gateway rendered from `text`.
pub fn listener(gateway: &Gateway, text: &str) -> Value {
    let file = gateway.folder.join("other.yaml");
    std::fs::write(&file, config("- { name: m, targets: [openai/gpt] }")).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let options = EnvoyOptions {
        config: file,
        base: Some(root.join("envoy/envoy.yaml")),
        with: Vec::new(),
        wasm: Some(root.join("target/sluice.wasm")),
        listen: Some(local(gateway.port).into()),
        admin: None,
        upstreams: Vec::new(),
        mock: Some(gateway.mock.addr().into()),
        for_envoy: None,
    };
    let all: Value = serde_saphyr::from_str(&render::envoy(&options).unwrap()).unwrap();
    // Rendering checks the configuration; what a control plane pushes was not.
    let wrong: Value = serde_saphyr::from_str(text).unwrap();
    let mut listener = all["static_resources"]["listeners"][0].clone();
    let filters = &mut listener["filter_chains"][0]["filters"][0]["typed_config"]["http_filters"];
    for filter in filters.as_array_mut().unwrap() {
        let config = &mut filter["typed_config"]["config"];
        if config["root_id"] == "sluice.gateway" {
            config["configuration"] =
                json!({ "@type": "type.googleapis.com/google.protobuf.Struct", "value": wrong });
        }
    }
    listener
}

#[tokio::test]
async fn a_push_is_refused_by_path_while_the_old_one_serves() {
    let setup = Setup {
        config: Some(config("- { name: m, targets: [openai/gpt] }")),
        workers: 2,
        edit: watched,
        ..Setup::default()
    };
    let mut gateway = Gateway::start(setup).await;
    assert_eq!(post(&gateway, &chat("m")).await.status, 200);

    push(&gateway.folder, &listener(&gateway, &config("- { name: m, targets: [opnai/gpt] }")));
    eventually("the refusal", || gateway.log().contains("configuration refused").then_some(()))
        .await;
    let log = gateway.log();
    assert!(
        log.contains(
            "models[0].targets[0]: there is no provider `opnai`; known: anthropic, bedrock, cohere, gemini, mistral, openai"
        ),
        "{log}"
    );
    assert!(gateway.stat("listener_manager.lds.update_rejected").await >= 1);
    assert_eq!(post(&gateway, &chat("m")).await.status, 200);

    // A good one takes over, and the counters go on.
    let good =
        config("- { name: new, targets: [openai/gpt] }\n- { name: m, targets: [openai/gpt] }");
    push(&gateway.folder, &listener(&gateway, &good));
    for _ in 0..200 {
        if post(&gateway, &chat("new")).await.status == 200 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(post(&gateway, &chat("new")).await.status, 200);
    assert_eq!(post(&gateway, &chat("m")).await.status, 200);
    assert_eq!(gateway.used("m", "calls").await, 3);
    gateway.assert_calm().await;
}

#[tokio::test]
async fn envoy_does_not_start_without_a_key() {
    let gateway = with_models("- { name: m, targets: [openai/gpt] }").await;
    let output = Command::new(envoy())
        .arg("-c")
        .arg(gateway.folder.join("envoy.yaml"))
        .args(["--disable-hot-restart", "--mode", "validate", "--log-level", "error"])
        .env_remove("OPENAI_API_KEY")
        .env("ANTHROPIC_API_KEY", "k")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success());
    assert!(
        said.contains("providers.openai.keys") && said.contains("OPENAI_API_KEY is not set"),
        "{said}"
    );
}
