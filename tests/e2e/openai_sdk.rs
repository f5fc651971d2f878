//! The real `openai` Python package against Envoy, both providers behind it.

use crate::support::gateway::{Gateway, Setup, config};
use std::path::Path;
use std::process::Command;

#[tokio::test(flavor = "multi_thread")]
async fn the_official_package_is_content() {
    let text = config(
        "- { name: openai-model, targets: [openai/gpt-5-mini] }\n\
         - { name: anthropic-model, targets: [anthropic/claude-haiku-4-5] }\n\
         - { name: fallback-model, targets: [\"openai/x!error-first\", anthropic/claude-haiku-4-5] }\n\
         - { name: busy-model, targets: [\"openai/x!status=429;retry-after=1\"] }\n\
         - { name: broken-model, targets: [\"anthropic/claude-haiku-4-5!tokens=9;error-after=3\"] }",
    );
    let mut gateway = Gateway::start(Setup { config: Some(text), ..Setup::default() }).await;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python =
        std::env::var_os("SLUICE_PYTHON").map_or(root.join(".venv/bin/python"), Into::into);
    let output = Command::new(&python)
        .arg(root.join("tests/e2e/openai_sdk.py"))
        .arg(gateway.url("/v1"))
        .output()
        .unwrap_or_else(|e| panic!("{}: {e}; run `make venv`", python.display()));
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    gateway.assert_calm().await;
}
