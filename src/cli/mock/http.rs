//! Sockets, routes, and the order in which things go wrong.
//!
//! The order is the model of a real provider: the connection fails first, then
//! the key is looked at, then load and outages refuse, then the request is
//! validated, and only then there is an answer that may break.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request, Uri};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::answer::{Answer, Ask};
use super::azure;
use super::control;
use super::faults::Faults;
use super::openai::accents;
use super::openai::modalities::form;
use super::paths::{self, Address};
use super::record::{Entry, Log, Watch, lock};
use super::reply::{self, Reply};
use super::vendor::{Failure, Vendor};

/// What all connections share.
#[derive(Debug)]
pub(super) struct State {
    pub(super) log: Log,
    planned: Mutex<HashMap<String, Planned>>,
    /// `planned.len()`, so that requests need no lock when there are none.
    plans: AtomicUsize,
}

#[derive(Debug)]
struct Planned {
    faults: Faults,
    /// How many requests are left; all, where none.
    times: Option<u64>,
}

/// Serves until dropped; the connections go with it.
pub(super) async fn accept(listener: TcpListener, state: Arc<State>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, Arc::clone(&state)));
                }
                // Out of files, most likely: let some close.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

async fn connection(stream: TcpStream, state: Arc<State>) {
    // Without it small events wait for the peer's ACK.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let state = Arc::clone(&state);
        async move { route(&state, request).await }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new());
    builder.http2().timer(TokioTimer::new());
    // Peers that go away are the daily bread here.
    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
}

async fn route(state: &State, request: Request<Incoming>) -> io::Result<Reply> {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, MAX_BODY).collect().await;
    let body = body.map_err(io::Error::other)?.to_bytes();
    if parts.uri.path().starts_with("/mock/") {
        return Ok(control::handle(state, &parts.method, parts.uri.path(), &body));
    }
    let address = paths::address(&parts.uri, host(&parts.headers, &parts.uri));
    let parsed = match address.as_ref().map(|a| a.vendor) {
        Some(Vendor::Modality(modality)) if modality.is_form() => {
            let type_ = parts.headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok());
            form::read(type_.unwrap_or_default(), &body)
        }
        _ => serde_json::from_slice(&body).ok(),
    };
    let addressed = address.as_ref().and_then(|a| a.model.as_deref());
    let named = || parsed.as_ref().and_then(|v: &Value| v.get("model")).and_then(Value::as_str);
    let model = addressed.or_else(named);
    let (entry, watch) = state.log.add(Entry {
        method: parts.method,
        uri: parts.uri,
        headers: parts.headers,
        model: model.unwrap_or_default().to_owned(),
        body,
        end: AtomicU8::default(),
    });
    let path = entry.uri.path();
    if path == "/v1/models" && entry.method == Method::GET {
        return Ok(control::models(&entry, watch));
    }
    let Some(address) = address else {
        if azure::owns(path) {
            return Ok(reply::refusal(Vendor::Azure, &azure::not_found(), watch));
        }
        let message = format!("Invalid URL ({} {path})", entry.method);
        return Ok(reply::refusal(Vendor::OpenAi, &Failure::new(404, message), watch));
    };
    let vendor = address.vendor;
    if entry.method != Method::POST {
        let message = format!("Not allowed to {} on {path}.", entry.method);
        return Ok(reply::refusal(vendor, &Failure::new(405, message), watch));
    }
    answer(state, &address, &entry, parsed.as_ref(), watch).await
}

/// One call to a vendor.
async fn answer(
    state: &State,
    address: &Address,
    entry: &Entry,
    body: Option<&Value>,
    watch: Watch,
) -> io::Result<Reply> {
    let vendor = address.vendor;
    let faults = match state.faults(&entry.model) {
        Ok(faults) => faults,
        Err(message) => return Ok(reply::refusal(vendor, &Failure::bad(message), watch)),
    };
    if faults.before.refuse {
        watch.cut();
        return Err(io::ErrorKind::ConnectionAborted.into());
    }
    if faults.before.stall {
        std::future::pending::<()>().await;
    }
    pause(faults.before.delay).await;
    let speaker = if faults.wrong_dialect { vendor.other() } else { vendor };
    let ask = match vendor.authorize(entry) {
        Err(failure) => Err(failure),
        Ok(()) if faults.instead.is_set() => return Ok(reply::instead(speaker, &faults, watch)),
        Ok(()) => {
            body.ok_or_else(|| unreadable(vendor)).and_then(|body| accented(address, entry, body))
        }
    };
    let ask = ask.and_then(|ask| match (&faults.filter, vendor) {
        (Some(word), Vendor::Azure | Vendor::AzureResponses) => {
            azure::filter(&ask, word).map(|()| ask)
        }
        _ => Ok(ask),
    });
    match ask {
        Err(failure) => Ok(reply::refusal(vendor, &failure, watch)),
        Ok(ask) => {
            let answer = Answer::new(&ask, &faults);
            if !ask.stream {
                // A real provider's headers come when the answer is ready.
                let tokens = u32::try_from(answer.chunks()).unwrap_or(u32::MAX);
                let rest = faults.pace.token.saturating_mul(tokens.saturating_sub(1));
                pause(faults.pace.first.saturating_add(rest)).await;
            }
            Ok(reply::answer(speaker, &ask, &answer, &faults, watch))
        }
    }
}

/// What is asked for, if this host takes it.
fn accented<'a>(address: &'a Address, entry: &Entry, body: &'a Value) -> Result<Ask<'a>, Failure> {
    let mut ask = address.vendor.ask(body, address);
    let host = host(&entry.headers, &entry.uri);
    let size = entry.body.len();
    if host == "api.openai.com" && matches!(address.vendor, Vendor::Modality(m) if m.is_form()) {
        if size > MAX_FORM {
            let words =
                format!("Maximum content size limit ({MAX_FORM}) exceeded ({size} bytes read)");
            return Err(Failure::new(413, words));
        }
        return ask;
    }
    if !matches!(address.vendor, Vendor::OpenAi | Vendor::OpenAiEmbeddings) {
        return ask;
    }
    let accent = accents::of(host, entry.uri.path());
    if address.vendor == Vendor::OpenAiEmbeddings {
        return accent.check_embeddings(body).and(ask);
    }
    accent.check(body)?;
    if let Ok(ask) = &mut ask {
        ask.include_usage |= accent.usage_unasked;
    }
    ask
}

/// Who is asked.
fn host<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> &'a str {
    let own = headers.get(hyper::header::HOST).and_then(|h| h.to_str().ok());
    own.or(uri.host()).unwrap_or_default()
}

async fn pause(time: Duration) {
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}

fn unreadable(vendor: Vendor) -> Failure {
    match vendor {
        Vendor::Modality(modality) if modality.is_form() => {
            Failure::bad("Could not parse multipart form")
        }
        _ => Failure::bad("We could not parse the JSON body of your request."),
    }
}

// === impl State ===

impl State {
    pub(super) fn new(keep: bool) -> State {
        State { log: Log::new(keep), planned: Mutex::default(), plans: AtomicUsize::new(0) }
    }

    pub(super) fn set_faults(&self, model: &str, faults: Faults, times: Option<u64>) {
        let mut planned = lock(&self.planned);
        planned.insert(model.to_owned(), Planned { faults, times });
        self.plans.store(planned.len(), Ordering::Release);
    }

    pub(super) fn clear_faults(&self) {
        lock(&self.planned).clear();
        self.plans.store(0, Ordering::Release);
    }

    /// The planned faults of a model, else those in its name.
    fn faults(&self, model: &str) -> Result<Faults, String> {
        if self.plans.load(Ordering::Acquire) > 0 {
            let mut planned = lock(&self.planned);
            if let Some(plan) = planned.get_mut(model) {
                let faults = plan.faults.clone();
                plan.times = plan.times.map(|n| n.saturating_sub(1));
                if plan.times == Some(0) {
                    planned.remove(model);
                    self.plans.store(planned.len(), Ordering::Release);
                }
                return Ok(faults);
            }
        }
        Faults::in_model(model)
    }
}

/// Bytes of a request.
const MAX_BODY: usize = 160 << 20;
/// Of a form, at OpenAI itself.
const MAX_FORM: usize = 25 << 20;
