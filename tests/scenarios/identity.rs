//! Who asks: the refusal in each client's own words, and what is not left in a request.

use super::*;

const KEYED: &str = r#", "passthrough_paths": ["/other/*"],
    "identity": { "header": { "name": "x-consumer", "peers": ["10.0.0.0/8"] } },
    "consumers": [{ "name": "a", "header": ["meshed"],
        "key_sha256": ["b80187c2d41a0bb9ac14a0a83cf6f98ef8bcc3ed0b0ba4a5ecf4a5a9e3d2f1ff"] }]"#;

#[test]
fn a_wrong_key_is_refused_in_the_clients_dialect() {
    let words = "no valid API key: send it as `authorization: Bearer KEY`";
    for (path, at, kind) in [
        (
            "/v1/chat/completions",
            "/error/message",
            json!({ "/error/type": "authentication_error" }),
        ),
        ("/v1/responses", "/error/message", json!({ "/error/code": "invalid_api_key" })),
        ("/v1/embeddings", "/error/message", json!({ "/error/code": "invalid_api_key" })),
        (
            "/v1/messages",
            "/error/message",
            json!({ "/type": "error", "/error/type": "authentication_error" }),
        ),
        (
            "/v1beta/models/m:generateContent",
            "/error/message",
            json!({ "/error/code": 401, "/error/status": "UNAUTHENTICATED" }),
        ),
        ("/model/m/converse", "/message", json!({})),
        ("/v2/chat", "/message", json!({})),
    ] {
        let mut envoy = with(O, KEYED);
        let exchange = envoy.ask(chat("m").with(":path", path), vec![]);
        let body = exchange.client.json();
        assert_eq!(exchange.client.status(), 401, "{path}: {body}");
        assert_eq!(body.pointer(at), Some(&json!(words)), "{path}: {body}");
        for (at, wanted) in kind.as_object().unwrap() {
            assert_eq!(body.pointer(at), Some(wanted), "{path}: {body}");
        }
        assert!(!body.to_string().contains(CLIENT_KEY) && exchange.received.is_empty());
        envoy.assert_calm();
    }
}

/// There is no peer that Envoy tells of: nobody may send the header, anywhere.
#[test]
fn a_header_that_only_some_may_send_goes_nowhere() {
    let mut envoy = with(O, KEYED);
    let mut asked = chat("m").with("x-consumer", "meshed");
    asked.headers.retain(|(name, _)| name != "authorization");
    let exchange = envoy.ask(asked, vec![]);
    assert_eq!(exchange.client.status(), 401);
    let asked = chat("m").with(":path", "/other/x").with("x-consumer", "meshed");
    let exchange = envoy.ask(asked, vec![answer(200, "text/plain", b"ok")]);
    assert_eq!(exchange.received[0].header("x-consumer"), "");
    envoy.assert_calm();
}
