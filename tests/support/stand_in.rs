//! A server of a few lines that stands in for a cloud's token endpoint.

use super::gateway::local;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Answers every request the same; gone when dropped.
pub struct StandIn {
    pub addr: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl StandIn {
    pub async fn start(status: u16, body: &str) -> Self {
        let listener = TcpListener::bind(local(0)).await.expect("a port");
        let addr = listener.local_addr().expect("its address");
        let seen = Arc::<Mutex<Vec<String>>>::default();
        let answer = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        let requests = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            while let Ok((mut peer, _)) = listener.accept().await {
                let request = read(&mut peer).await;
                requests.lock().expect("unpoisoned").push(request);
                let _ = peer.write_all(answer.as_bytes()).await;
            }
        });
        Self { addr, seen, task }
    }

    /// Heads and bodies as they came.
    pub fn requests(&self) -> Vec<String> {
        self.seen.lock().expect("unpoisoned").clone()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn read(peer: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.split("content-length: ").nth(1).and_then(|l| l.lines().next());
            if body.len() >= length.map_or(0, |l| l.parse().expect("a length")) {
                return String::from_utf8_lossy(&bytes).into_owned();
            }
        }
        if peer.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return String::from_utf8_lossy(&bytes).into_owned();
        }
    }
}
