//! A very small HTTP/1.1 client for this machine's own ports.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::{HeaderMap, Method, Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// An answer whose body is still coming.
pub(crate) struct Reply {
    response: Response<Incoming>,
}

/// Nothing here takes longer, a stream's next piece included.
const PATIENCE: Duration = Duration::from_secs(60);

/// Sends a request to 127.0.0.1.
pub(crate) async fn request(
    port: u16,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> Result<Reply, String> {
    request_as(None, port, method, path, body).await
}

/// The same with a key.
pub(crate) async fn request_as(
    key: Option<&str>,
    port: u16,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> Result<Reply, String> {
    let sent = send(key, port, method, path, body);
    timeout(PATIENCE, sent).await.map_err(|_| "no answer".to_owned())?
}

async fn send(
    key: Option<&str>,
    port: u16,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> Result<Reply, String> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await.map_err(|e| e.to_string())?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|e| e.to_string())?;
    // Its errors show in the response as well.
    tokio::spawn(connection);
    let text = body.map(Value::to_string).unwrap_or_default();
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, format!("127.0.0.1:{port}"))
        .header(header::CONTENT_TYPE, "application/json");
    if let Some(key) = key {
        request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
    }
    let request = request.body(Full::new(Bytes::from(text))).map_err(|e| e.to_string())?;
    let response = sender.send_request(request).await.map_err(|e| e.to_string())?;
    Ok(Reply { response })
}

// === impl Reply ===

impl Reply {
    pub(crate) fn status(&self) -> StatusCode {
        self.response.status()
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// The next piece of the body as it arrives; `None` at its end.
    pub(crate) async fn piece(&mut self) -> Result<Option<Bytes>, String> {
        loop {
            let frame = timeout(PATIENCE, self.response.body_mut().frame())
                .await
                .map_err(|_| "the body stalled".to_owned())?;
            match frame {
                None => return Ok(None),
                Some(Err(e)) => return Err(format!("the body broke: {e}")),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
            }
        }
    }

    /// The whole body.
    pub(crate) async fn text(&mut self) -> Result<String, String> {
        let mut all = Vec::new();
        while let Some(piece) = self.piece().await? {
            all.extend_from_slice(&piece);
        }
        Ok(String::from_utf8_lossy(&all).into_owned())
    }
}
