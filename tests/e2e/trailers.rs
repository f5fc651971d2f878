//! Trailers behind an HTTP/2 request: Envoy hands them to both roles, and the body
//! then has no last byte that says so.

#![allow(
    clippy::unwrap_used,
    reason = "a test ends by panicking; clippy.toml only knows functions marked as tests"
)]

use crate::support::client::chat;
use crate::support::gateway::{Gateway, with_models};
use futures_util::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Bytes, Frame};
use hyper::{HeaderMap, Request, client::conn::http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::convert::Infallible;
use std::time::Duration;

#[tokio::test]
async fn trailers_end_a_request_and_nothing_of_the_clients_goes_out() {
    let mut gateway = with_models(
        "- { name: m, targets: [\"openai/x!status=429\", openai/gpt] }\n\
         - { name: c, targets: [\"openai/x!status=429\", anthropic/claude-haiku-4-5] }",
    )
    .await;
    for model in ["m", "c"] {
        let (status, text) = post_with_trailers(&gateway, model).await;
        assert_eq!(status, 200, "{text}");
        assert!(text.contains("You said: hello there"), "{text}");
    }
    let requests = gateway.mock.requests();
    assert_eq!(requests.len(), 4);
    assert!(!format!("{requests:?}").contains("of-the-client"));
    gateway.assert_calm().await;
}

async fn post_with_trailers(gateway: &Gateway, model: &str) -> (u16, String) {
    let socket = tokio::net::TcpStream::connect(("127.0.0.1", gateway.port)).await.unwrap();
    let (mut sender, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(socket)).await.unwrap();
    tokio::spawn(connection);
    let mut trailers = HeaderMap::new();
    trailers.insert("x-checksum", "1".parse().unwrap());
    let body = StreamBody::new(stream::iter([
        Ok::<_, Infallible>(Frame::data(Bytes::from(chat(model).to_string()))),
        Ok(Frame::trailers(trailers)),
    ]));
    let request = Request::post(gateway.url("/v1/chat/completions"))
        .header("content-type", "application/json")
        .header("authorization", "Bearer secret-of-the-client")
        .body(body)
        .unwrap();
    let sent = tokio::time::timeout(Duration::from_secs(10), sender.send_request(request));
    let reply = sent.await.unwrap().unwrap();
    let status = reply.status().as_u16();
    let body = reply.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8_lossy(&body).into_owned())
}
