//! A gRPC server of a few lines that takes logs: OTLP's `LogsService/Export` and Envoy's
//! `AccessLogService/StreamAccessLogs`. It keeps the messages as they came and says yes.
//!
//! Framing: <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>.

use super::gateway::local;
use bytes::Bytes;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Gone when dropped.
pub struct Collector {
    pub addr: SocketAddr,
    seen: Messages,
    task: JoinHandle<()>,
}

/// Paths and messages.
type Messages = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// Where a record's text stands: field numbers, outermost first.
/// <https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/logs/v1/logs.proto>
const OTLP_BODY: &[u64] = &[1, 2, 2, 5, 1];
/// <https://www.envoyproxy.io/docs/envoy/latest/api-v3/data/accesslog/v3/accesslog.proto>
const ALS_STATE: &[u64] = &[2, 1, 1, 21];

// === impl Collector ===

impl Collector {
    pub async fn start(at: SocketAddr) -> Self {
        let listener = TcpListener::bind(at).await.expect("a port");
        let addr = listener.local_addr().expect("its address");
        let seen = Messages::default();
        let messages = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            let mut peers = tokio::task::JoinSet::new();
            while let Ok((peer, _)) = listener.accept().await {
                let messages = Arc::clone(&messages);
                let service =
                    hyper::service::service_fn(move |request| take(request, Arc::clone(&messages)));
                peers.spawn(async move {
                    let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                    let _ = server.serve_connection(TokioIo::new(peer), service).await;
                });
            }
        });
        Self { addr, seen, task }
    }

    pub async fn anywhere() -> Self {
        Self::start(local(0)).await
    }

    /// The calls that came, by whichever way.
    pub fn records(&self) -> Vec<Value> {
        let seen = self.seen.lock().expect("unpoisoned");
        seen.iter().flat_map(|(path, message)| records(path, message)).collect()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.task.abort();
    }
}

type Answer =
    StreamBody<futures_util::stream::Iter<std::vec::IntoIter<Result<Frame<Bytes>, Infallible>>>>;

async fn take(
    request: Request<Incoming>,
    messages: Messages,
) -> Result<Response<Answer>, Infallible> {
    let path = request.uri().path().to_owned();
    let mut body = request.into_body();
    let mut held = Vec::new();
    while let Some(Ok(frame)) = body.frame().await {
        let Ok(data) = frame.into_data() else { continue };
        held.extend_from_slice(&data);
        while let Some(length) = held.get(1..5) {
            let length = u32::from_be_bytes(length.try_into().expect("four bytes")) as usize;
            let Some(message) = held.get(5..5 + length) else { break };
            assert_eq!(held[0], 0, "a compressed message");
            messages.lock().expect("unpoisoned").push((path.clone(), message.to_vec()));
            held.drain(..5 + length);
        }
    }
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", "0".parse().expect("a value"));
    let frames = vec![Ok(Frame::data(Bytes::from_static(&[0; 5]))), Ok(Frame::trailers(trailers))];
    let mut answer = Response::new(StreamBody::new(futures_util::stream::iter(frames)));
    answer.headers_mut().insert("content-type", "application/grpc".parse().expect("a value"));
    Ok(answer)
}

fn records(path: &str, message: &[u8]) -> Vec<Value> {
    let texts: Vec<Vec<u8>> = match path {
        "/opentelemetry.proto.collector.logs.v1.LogsService/Export" => {
            at(message, OTLP_BODY).into_iter().map(<[u8]>::to_vec).collect()
        }
        "/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs" => {
            let entries = at(message, ALS_STATE);
            let ours = entries.into_iter().filter(|e| at(e, &[1]) == [b"wasm.sluice"]);
            // Any, then BytesValue.
            ours.flat_map(|e| at(e, &[2, 2, 1]))
                .map(|members| [b"{", members, b"}"].concat())
                .collect()
        }
        other => panic!("an unknown method: {other}"),
    };
    texts.iter().map(|t| serde_json::from_slice(t).expect("a JSON object")).collect()
}

/// All length-delimited fields of this path.
fn at<'a>(message: &'a [u8], path: &[u64]) -> Vec<&'a [u8]> {
    let Some((field, rest)) = path.split_first() else { return vec![message] };
    let own = fields(message).into_iter().filter(|(number, _)| number == field);
    own.flat_map(|(_, value)| at(value, rest)).collect()
}

/// <https://protobuf.dev/programming-guides/encoding/>
fn fields(mut message: &[u8]) -> Vec<(u64, &[u8])> {
    let mut found = Vec::new();
    while !message.is_empty() {
        let tag = varint(&mut message);
        let length = match tag & 7 {
            0 => {
                varint(&mut message);
                continue;
            }
            1 => 8,
            2 => usize::try_from(varint(&mut message)).expect("a length"),
            5 => 4,
            other => panic!("wire type {other}"),
        };
        let (value, rest) = message.split_at(length);
        if tag & 7 == 2 {
            found.push((tag >> 3, value));
        }
        message = rest;
    }
    found
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first().expect("a whole number");
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            break;
        }
    }
    value
}
