//! Python scripts that drive real clients.

use serde_json::Value;
use std::path::Path;
use std::process::Stdio;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// Runs a script of the repository with `arguments`, `input` on its stdin; what it
/// printed. Fails where it fails.
pub async fn run(script: &str, arguments: &[&str], input: &Value) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python =
        std::env::var_os("SLUICE_PYTHON").map_or(root.join(".venv/bin/python"), Into::into);
    let mut child = Command::new(&python)
        // No __pycache__ in the tree.
        .arg("-B")
        .arg(root.join(script))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|e| panic!("{}: {e}; run `make venv`", python.display()));
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(input.to_string().as_bytes()).await.expect("the script reads");
    drop(stdin);
    let output = child.wait_with_output().await.expect("the script ends");
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}: {said}");
    said.into_owned()
}
