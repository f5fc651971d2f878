//! A rate limit service: Limitador's engine (its crate) behind a small gRPC server, counting
//! in a real Redis. What it answers is what limitador-server answers; that one is no library.
//!
//! The crate's own storage for Redis does not compile without its storage on disk (0.14),
//! which is RocksDB: so the storage here is ours, a script of the same kind.

use super::gateway::local;
use super::redis::{Connection, Reply};
use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use limitador::RateLimiter;
use limitador::counter::Counter;
use limitador::limit::{Context, Limit};
use limitador::storage::{Authorization, CounterStorage, StorageErr};
use serde_json::Value;
use sluice::cli::yaml;
use sluice::wire::protobuf::{Field, for_each, push_bytes, push_number};
use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Gone when dropped.
pub struct Rls {
    pub addr: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    limiter: Mutex<RateLimiter>,
    failed: Arc<AtomicBool>,
    /// Tells what is left and when the window ends, as limitador-server does if asked to.
    headers: bool,
    delay_ms: AtomicU64,
    /// Requests, and hits that were granted.
    asked: AtomicU64,
    granted: AtomicU64,
}

/// Counters as Redis keys that expire with their windows.
struct InRedis {
    port: u16,
    connection: Mutex<Option<Connection>>,
    /// Redis did not answer; the trait's own error cannot be made outside its crate.
    failed: Arc<AtomicBool>,
}

/// All of a request's counters or none; each comes back with what it had and its life.
const SCRIPT: &str = "
local out, fits = {}, 1
for i, key in ipairs(KEYS) do
  local had = tonumber(redis.call('get', key) or '0')
  if had + tonumber(ARGV[1]) > tonumber(ARGV[2 * i]) then fits = 0 end
  out[2 * i] = had
end
for i, key in ipairs(KEYS) do
  if fits == 1 then
    if redis.call('incrby', key, ARGV[1]) == tonumber(ARGV[1]) then
      redis.call('expire', key, ARGV[2 * i + 1])
    end
  end
  out[2 * i + 1] = redis.call('pttl', key)
end
out[1] = fits
return out";

// === impl Rls ===

impl Rls {
    /// `limits`: what `sluice render limitador` prints.
    pub async fn start(limits: &str, redis: u16, headers: bool) -> Self {
        let failed = Arc::<AtomicBool>::default();
        let storage =
            InRedis { port: redis, connection: Mutex::default(), failed: Arc::clone(&failed) };
        let limiter = RateLimiter::new_with_storage(Box::new(storage));
        let listed: Value = yaml::parse(limits).expect("YAML");
        let listed: Vec<Limit> = serde_json::from_value(listed).expect("Limitador's limits");
        for limit in listed {
            limiter.add_limit(limit);
        }
        let shared = Arc::new(Shared {
            limiter: Mutex::new(limiter),
            failed,
            headers,
            delay_ms: AtomicU64::new(0),
            asked: AtomicU64::new(0),
            granted: AtomicU64::new(0),
        });
        let listener = TcpListener::bind(local(0)).await.expect("a port");
        let addr = listener.local_addr().expect("its address");
        let all = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            while let Ok((peer, _)) = listener.accept().await {
                let shared = Arc::clone(&all);
                let service = service_fn(move |request| serve(Arc::clone(&shared), request));
                tokio::spawn(
                    hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                        .serve_connection(TokioIo::new(peer), service),
                );
            }
        });
        Self { addr, shared, task }
    }

    pub fn asked(&self) -> u64 {
        self.shared.asked.load(SeqCst)
    }

    pub fn granted(&self) -> u64 {
        self.shared.granted.load(SeqCst)
    }

    /// Answers so late from now on.
    pub fn delay(&self, ms: u64) {
        self.shared.delay_ms.store(ms, SeqCst);
    }
}

impl Drop for Rls {
    fn drop(&mut self) {
        self.task.abort();
    }
}

type Frames = StreamBody<stream::Iter<std::vec::IntoIter<Result<Frame<Bytes>, Infallible>>>>;

async fn serve(
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<Frames>, Infallible> {
    assert_eq!(
        request.uri().path(),
        "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit"
    );
    let body = request.into_body().collect().await.map(|b| b.to_bytes()).unwrap_or_default();
    shared.asked.fetch_add(1, SeqCst);
    tokio::time::sleep(Duration::from_millis(shared.delay_ms.load(SeqCst))).await;
    let answer = body.get(5..).and_then(|message| shared.answer(message));
    let mut trailers = HeaderMap::new();
    let status = if answer.is_some() { "0" } else { "14" };
    trailers.insert("grpc-status", status.parse().expect("a number"));
    let mut frames = Vec::new();
    if let Some(message) = answer {
        let mut framed = vec![0];
        framed.extend(u32::try_from(message.len()).expect("short").to_be_bytes());
        framed.extend(message);
        frames.push(Ok(Frame::data(Bytes::from(framed))));
    }
    frames.push(Ok(Frame::trailers(trailers)));
    let response = Response::builder().header("content-type", "application/grpc");
    Ok(response.body(StreamBody::new(stream::iter(frames))).expect("a response"))
}

// === impl Shared ===

impl Shared {
    /// `None`: unavailable, as limitador-server says of a storage that fails.
    fn answer(&self, message: &[u8]) -> Option<Vec<u8>> {
        let (domain, descriptors, hits) = read(message).expect("a RateLimitRequest");
        let mut context = Context::default();
        context.list_binding("descriptors".to_owned(), descriptors);
        let limiter = self.limiter.lock().expect("unpoisoned");
        self.failed.store(false, SeqCst);
        let namespace = domain.as_str().into();
        let checked = limiter.check_rate_limited_and_update(&namespace, &context, hits);
        let mut checked = checked.expect("conditions that can be evaluated");
        if self.failed.load(SeqCst) {
            return None;
        }
        if !checked.limited {
            self.granted.fetch_add(hits, SeqCst);
        }
        let mut out = Vec::new();
        push_number(&mut out, 1, if checked.limited { 2 } else { 1 });
        if self.headers {
            for (key, value) in checked.response_header() {
                let mut header = Vec::new();
                push_bytes(&mut header, 1, key.as_bytes());
                push_bytes(&mut header, 2, value.as_bytes());
                push_bytes(&mut out, 3, &header);
            }
        }
        Some(out)
    }
}

type Asked = (String, Vec<HashMap<String, String>>, u64);

/// A `RateLimitRequest`.
fn read(message: &[u8]) -> Option<Asked> {
    let text = |bytes: &[u8]| Some(std::str::from_utf8(bytes).ok()?.to_owned());
    let (mut domain, mut descriptors, mut hits) = (String::new(), Vec::new(), 1);
    for_each(message, |number, field| {
        match (number, field) {
            (1, Field::Bytes(bytes)) => domain = text(bytes)?,
            (2, Field::Bytes(bytes)) => {
                let mut entries = HashMap::new();
                for_each(bytes, |_, field| {
                    let Field::Bytes(bytes) = field else { return None };
                    let (mut key, mut value) = (None, None);
                    for_each(bytes, |number, field| {
                        let Field::Bytes(bytes) = field else { return None };
                        *(if number == 1 { &mut key } else { &mut value }) = text(bytes);
                        Some(())
                    })?;
                    entries.insert(key?, value?);
                    Some(())
                })?;
                descriptors.push(entries);
            }
            (3, Field::Varint(n)) => hits = n,
            _ => return None,
        }
        Some(())
    })?;
    Some((domain, descriptors, hits))
}

// === impl InRedis ===

impl InRedis {
    fn ask(&self, words: &[&str]) -> Option<Reply> {
        let mut connection = self.connection.lock().expect("unpoisoned");
        if connection.is_none() {
            *connection = Connection::open(self.port).ok();
        }
        let reply = connection.as_mut().and_then(|c| c.call(words).ok());
        if reply.is_none() {
            *connection = None;
        }
        reply
    }

    fn run(&self, counters: &mut [Counter], delta: u64) -> Option<Authorization> {
        let keys: Vec<_> = counters
            .iter()
            .map(|c| format!("{}/{:?}", c.limit().name().unwrap_or_default(), c.set_variables()))
            .collect();
        let mut words = vec!["EVAL".to_owned(), SCRIPT.to_owned(), keys.len().to_string()];
        words.extend(keys);
        words.push(delta.to_string());
        for counter in counters.iter() {
            words.push(counter.max_value().to_string());
            words.push(counter.window().as_secs().to_string());
        }
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let Reply::List(out) = self.ask(&words)? else { return None };
        for (counter, told) in counters.iter_mut().zip(out[1..].chunks(2)) {
            let [Reply::Number(had), Reply::Number(life)] = told else { return None };
            let had = u64::try_from(*had).ok()?;
            counter.set_remaining(counter.max_value().saturating_sub(had));
            if let Ok(life) = u64::try_from(*life) {
                counter.set_expires_in(Duration::from_millis(life));
            }
        }
        let fits = out.first() == Some(&Reply::Number(1));
        Some(if fits { Authorization::Ok } else { Authorization::Limited(None) })
    }
}

impl CounterStorage for InRedis {
    fn check_and_update(
        &self,
        counters: &mut Vec<Counter>,
        delta: u64,
    ) -> Result<Authorization, StorageErr> {
        Ok(self.run(counters, delta).unwrap_or_else(|| {
            self.failed.store(true, SeqCst);
            Authorization::Limited(None)
        }))
    }

    fn add_counter(&self, _: &Limit) -> Result<(), StorageErr> {
        Ok(())
    }

    // What the server above never asks for.

    fn is_within_limits(&self, _: &Counter, _: u64) -> Result<bool, StorageErr> {
        panic!("not asked for")
    }

    fn update_counter(&self, _: &Counter, _: u64) -> Result<(), StorageErr> {
        panic!("not asked for")
    }

    fn check(&self, _: &mut Vec<Counter>, _: u64) -> Result<Authorization, StorageErr> {
        panic!("not asked for")
    }

    fn get_counters(&self, _: &HashSet<Arc<Limit>>) -> Result<HashSet<Counter>, StorageErr> {
        panic!("not asked for")
    }

    fn delete_counters(&self, _: &HashSet<Arc<Limit>>) -> Result<(), StorageErr> {
        panic!("not asked for")
    }

    fn clear(&self) -> Result<(), StorageErr> {
        panic!("not asked for")
    }
}
