//! Why a route must not hedge: `docs/hedging.md`. What is here is that a bootstrap which
//! does so all the same gives no key away.

use crate::support::client::{post, streamed};
use crate::support::gateway::{Gateway, Setup, config};
use std::path::Path;

/// The bootstrap, its route changed by `from` -> `to`.
fn route(bootstrap: &str, from: &str, to: &str) -> String {
    assert_eq!(bootstrap.matches(from).count(), 1, "{from}\n{bootstrap}");
    bootstrap.replace(from, to)
}

fn hedging(bootstrap: String, _: &Path) -> String {
    let policy = "hedge_policy: { hedge_on_per_try_timeout: true }";
    let indent = " ".repeat(18);
    route(&bootstrap, "retry_policy:\n", &format!("{policy}\n{indent}retry_policy:\n"))
}

fn without_refresh(bootstrap: String, _: &Path) -> String {
    route(&bootstrap, "refresh_cluster_on_retry: true", "refresh_cluster_on_retry: false")
}

#[tokio::test]
async fn a_route_that_stays_with_the_first_cluster_gives_no_key_away() {
    let edits: [fn(String, &Path) -> String; 2] = [hedging, without_refresh];
    for (n, edit) in edits.into_iter().enumerate() {
        let models = "- { name: late, targets: [\"openai/x!first-ms=3000\", anthropic/claude-haiku-4-5] }\n\
                      - { name: fails, targets: [\"openai/x!status=503\", anthropic/claude-haiku-4-5] }\n";
        let config = config(models) + "defaults: { first_token_timeout: 500ms }\n";
        let setup = Setup { config: Some(config), edit, ..Setup::default() };
        let mut gateway = Gateway::start(setup).await;
        for model in ["late", "fails"] {
            let reply = post(&gateway, &streamed(model)).await;
            assert_eq!(
                reply.error(),
                (500, "server_error".into(), "internal".into()),
                "{n} {model}"
            );
        }
        let paths: Vec<_> = gateway.mock.requests().iter().map(|r| r.path.clone()).collect();
        assert_eq!(paths, ["/v1/chat/completions"; 2], "{n}");
        assert_eq!(gateway.stat("wasmcustom.sluice.internal_errors;reason=route").await, 2, "{n}");
        assert!(gateway.log().contains("for cluster anthropic was brought to openai"), "{n}");
        assert!(gateway.is_alive(), "{}", gateway.log());
    }
}
