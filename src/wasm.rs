//! The proxy-wasm glue: contexts in, `exchange` in the middle, `impl Host` out.
//!
//! The only file that names proxy_wasm. Must not: decide anything. Every host
//! call here goes through proxy_wasm's `hostcalls`, which panics on a status it
//! does not expect; the guards below keep to the calls and states Envoy answers.

use crate::config::{self, Config};
use crate::error::Kind;
use crate::exchange::attempt::Attempt;
use crate::exchange::call::Call;
use crate::exchange::{Step, Worker};
use crate::host::{Headers, Host, Method, MetricKind, Side};
use crate::store::{Store, Ticket, usage};
use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, BufferType, ContextType, LogLevel, MapType, MetricType, Status};
use std::cell::{Cell, OnceCell};
use std::rc::Rc;
use std::time::{Duration, UNIX_EPOCH};

/// A call makes some hundred small allocations: 4% of its CPU less than with the
/// standard library's allocator, for 5 KiB.
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|id| Box::new(Root { id, role: Role::Gateway, config: None, timed: false }));
}}

thread_local! {
    /// One per VM, shared by both roles and all their configurations.
    static WORKER: OnceCell<Rc<Worker>> = const { OnceCell::new() };
    /// The root context whose tick runs, or ran last.
    static TICKING: Cell<u32> = const { Cell::new(0) };
}

/// An all but impossible version: creates a key only where there is none (Envoy
/// takes 0 for "whatever the version is").
const CREATE: u32 = u32::MAX;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Gateway,
    /// The gateway again, where copies of calls come in.
    Shadow,
    Upstream,
}

struct Root {
    id: u32,
    role: Role,
    config: Option<Rc<Config>>,
    /// Envoy has a place for its timer.
    timed: bool,
}

struct Gateway(Call);

struct Upstream(Attempt);

struct Envoy;

fn worker() -> Rc<Worker> {
    WORKER.with(|w| Rc::clone(w.get_or_init(|| Rc::new(Worker::new(nonce())))))
}

/// Differs between VMs: the time in nanoseconds, mixed with where this VM's
/// thread keeps its data.
fn nonce() -> u64 {
    let here = WORKER.with(|w| std::ptr::from_ref(w) as u64);
    Envoy.now() ^ here.rotate_left(32)
}

// === impl Root ===

impl Context for Root {}

impl RootContext for Root {
    fn on_configure(&mut self, size: usize) -> bool {
        // Envoy 1.40 holds places in its table of timers while it runs a tick, and dies when
        // the table grows meanwhile: ours must stand there before.
        if !std::mem::replace(&mut self.timed, true) {
            Envoy.set_tick(0);
        }
        let root_id = Envoy.property(&["plugin_root_id"]).unwrap_or_default();
        match root_id.as_slice() {
            b"sluice.gateway" => self.role = Role::Gateway,
            b"sluice.shadow" => self.role = Role::Shadow,
            b"sluice.upstream" => {
                // All it needs comes with each call through the registry.
                self.role = Role::Upstream;
                return true;
            }
            other => {
                let other = String::from_utf8_lossy(other);
                log::error!("root_id `{other}` must be sluice.gateway or sluice.upstream");
                return false;
            }
        }
        let written = if size == 0 { None } else { self.get_plugin_configuration() };
        match config::load(written.as_deref().unwrap_or(b"{}"), &|name| std::env::var(name).ok()) {
            Ok(mut config) => {
                if let Err(problem) = worker().surroundings.adapt(&Envoy, &mut config) {
                    log::error!("configuration refused: {problem}");
                    return false;
                }
                usage::begin(&Envoy, Envoy.now());
                self.config = Some(Rc::new(config));
                true
            }
            Err(problems) => {
                for problem in problems {
                    log::error!("configuration refused: {problem}");
                }
                false
            }
        }
    }

    fn on_tick(&mut self) {
        TICKING.set(self.id);
        worker().tick(&Envoy);
    }

    fn create_http_context(&self, context: u32) -> Option<Box<dyn HttpContext>> {
        match (self.role, &self.config) {
            (Role::Upstream, _) => Some(Box::new(Upstream(Attempt::new(worker(), context)))),
            (Role::Gateway, Some(config)) => {
                Some(Box::new(Gateway(Call::new(worker(), Rc::clone(config), context))))
            }
            (Role::Shadow, Some(config)) => {
                Some(Box::new(Gateway(Call::new(worker(), Rc::clone(config), context).in_shadow())))
            }
            (Role::Gateway | Role::Shadow, None) => Some(Box::new(Unconfigured)),
        }
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

/// Fails closed: without a configuration nothing may pass.
struct Unconfigured;

impl Context for Unconfigured {}

impl HttpContext for Unconfigured {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        let error = crate::error::Error::new(Kind::Internal, "the gateway has no configuration");
        let body = crate::dialect::Dialect::OpenAiChat.error_body(&error);
        Envoy.reply(500, &[("content-type", "application/json")], &body);
        Action::Pause
    }
}

// === impl Gateway ===

impl Context for Gateway {
    fn on_grpc_call_response(&mut self, token: u32, status: u32, size: usize) {
        let answer = (status == 0).then(|| {
            let bytes = hostcalls::get_buffer(BufferType::GrpcReceiveBuffer, 0, size);
            bytes.ok().flatten().unwrap_or_default()
        });
        self.0.grpc_answer(&Envoy, token, answer.as_deref());
    }
}

impl HttpContext for Gateway {
    fn on_http_request_headers(&mut self, _: usize, end: bool) -> Action {
        action(self.0.request_headers(&Envoy, end))
    }

    fn on_http_request_body(&mut self, size: usize, end: bool) -> Action {
        action(self.0.request_body(&Envoy, size, end))
    }

    fn on_http_request_trailers(&mut self, _: usize) -> Action {
        action(self.0.request_trailers(&Envoy))
    }

    fn on_http_response_headers(&mut self, _: usize, _: bool) -> Action {
        action(self.0.response_headers(&Envoy))
    }

    fn on_http_response_body(&mut self, _: usize, _: bool) -> Action {
        action(self.0.response_body(&Envoy))
    }

    fn on_log(&mut self) {
        self.0.log(&Envoy);
    }
}

// === impl Upstream ===

impl Context for Upstream {
    fn on_done(&mut self) -> bool {
        self.0.done(&Envoy);
        true
    }
}

impl HttpContext for Upstream {
    fn on_http_request_headers(&mut self, _: usize, end: bool) -> Action {
        action(self.0.request_headers(&Envoy, end))
    }

    fn on_http_request_body(&mut self, size: usize, end: bool) -> Action {
        action(self.0.request_body(&Envoy, size, end))
    }

    fn on_http_request_trailers(&mut self, _: usize) -> Action {
        action(self.0.request_trailers(&Envoy))
    }

    fn on_http_response_headers(&mut self, _: usize, end: bool) -> Action {
        action(self.0.response_headers(&Envoy, end))
    }

    fn on_http_response_body(&mut self, size: usize, end: bool) -> Action {
        action(self.0.response_body(&Envoy, size, end))
    }

    fn on_http_response_trailers(&mut self, _: usize) -> Action {
        action(self.0.response_trailers(&Envoy))
    }
}

fn action(step: Step) -> Action {
    match step {
        Step::Continue => Action::Continue,
        Step::Pause => Action::Pause,
    }
}

// === impl Envoy ===

impl Store for Envoy {
    fn get(&self, key: &str) -> (Option<Vec<u8>>, Ticket) {
        match hostcalls::get_shared_data(key) {
            Ok((value, version)) => (value, Ticket(version)),
            Err(_) => (None, Ticket(None)),
        }
    }

    fn cas(&self, key: &str, value: &[u8], ticket: Ticket) -> bool {
        hostcalls::set_shared_data(key, Some(value), Some(ticket.0.unwrap_or(CREATE))).is_ok()
    }

    fn set(&self, key: &str, value: &[u8]) {
        warn(hostcalls::set_shared_data(key, Some(value), None));
    }
}

impl Host for Envoy {
    fn headers(&self, side: Side) -> Headers {
        hostcalls::get_map_bytes(map(side)).unwrap_or_default()
    }

    fn header(&self, side: Side, name: &str) -> Option<Vec<u8>> {
        hostcalls::get_map_value_bytes(map(side), name).ok().flatten()
    }

    fn set_headers(&self, side: Side, headers: &[(&str, &[u8])]) {
        warn(hostcalls::set_map_bytes(map(side), headers.to_vec()));
    }

    fn edit_headers(&self, side: Side, remove: &[&str], add: &[(&str, &str)]) {
        for name in remove {
            warn(hostcalls::remove_map_value(map(side), name));
        }
        for (name, value) in add {
            warn(hostcalls::add_map_value(map(side), name, value));
        }
    }

    fn set_header(&self, side: Side, name: &str, value: &str) {
        warn(hostcalls::set_map_value(map(side), name, Some(value)));
    }

    fn body_at(&self, side: Side, start: usize, max: usize) -> Vec<u8> {
        // Envoy adds start and length in 32 bits.
        let (start, max) = (start.min(1 << 30), max.min(1 << 30));
        hostcalls::get_buffer(buffer(side), start, max).ok().flatten().unwrap_or_default()
    }

    fn replace_body(&self, side: Side, length: usize, with: &[u8]) {
        warn(hostcalls::set_buffer(buffer(side), 0, length, with));
    }

    fn append_body(&self, side: Side, bytes: &[u8]) {
        // A start behind the end appends.
        warn(hostcalls::set_buffer(buffer(side), 1 << 31, 0, bytes));
    }

    fn reply(&self, status: u16, headers: &[(&str, &str)], body: &[u8]) {
        warn(hostcalls::send_http_response(u32::from(status), headers.to_vec(), Some(body)));
    }

    fn property(&self, path: &[&str]) -> Option<Vec<u8>> {
        hostcalls::get_property(path.to_vec()).ok().flatten()
    }

    fn set_property(&self, name: &str, value: &[u8]) {
        warn(hostcalls::set_property(vec![name], Some(value)));
    }

    fn now(&self) -> u64 {
        let now = hostcalls::get_current_time().unwrap_or(UNIX_EPOCH);
        let since = now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    }

    fn metric(&self, kind: MetricKind, name: &str) -> u32 {
        let kind = match kind {
            MetricKind::Counter => MetricType::Counter,
            MetricKind::Histogram => MetricType::Histogram,
        };
        hostcalls::define_metric(kind, name).unwrap_or(u32::MAX)
    }

    fn count(&self, metric: u32, n: u64) {
        warn(hostcalls::increment_metric(metric, i64::try_from(n).unwrap_or(i64::MAX)));
    }

    fn record(&self, metric: u32, value: u64) {
        warn(hostcalls::record_metric(metric, value));
    }

    fn set_tick(&self, millis: u32) {
        warn(hostcalls::set_tick_period(Duration::from_millis(u64::from(millis))));
    }

    fn fail_held(&self, context: u32, status: u16) {
        within(context, || {
            self.set_header(Side::Response, ":status", &status.to_string());
            warn(hostcalls::resume_http_response());
        });
    }

    fn wake(&self, context: u32) {
        within(context, || warn(hostcalls::resume_http_response()));
    }

    fn cut(&self, context: u32) {
        within(context, || warn(hostcalls::reset_http_response()));
    }

    fn reply_in(&self, context: u32, status: u16, headers: &[(&str, &str)], body: &[u8]) {
        within(context, || self.reply(status, headers, body));
    }

    fn grpc_call(&self, to: Method<'_>, message: &[u8]) -> Option<u32> {
        let timeout = Duration::from_millis(u64::from(to.timeout_ms));
        let (service, method) = (to.service, to.method);
        let target = grpc_service(to.cluster)?;
        hostcalls::dispatch_grpc_call(&target, service, method, vec![], Some(message), timeout).ok()
    }

    fn resume_request(&self) {
        warn(hostcalls::resume_http_request());
    }
}

/// `GrpcService { envoy_grpc { cluster_name } }`. Envoy takes a bare name too, but reads it
/// as a message first, which names such as `edges` and `api-limit` happen to be.
fn grpc_service(cluster: &str) -> Option<String> {
    let (inner, outer) = (u8::try_from(cluster.len()).ok()?, cluster.len() + 2);
    let outer = u8::try_from(outer).ok().filter(|n| *n < 0x80)?;
    Some(format!("\n{}\n{}{cluster}", char::from(outer), char::from(inner)))
}

/// From a tick, in another context that still exists; then back to the one that ticks.
fn within(context: u32, act: impl FnOnce()) {
    if hostcalls::set_effective_context(context).is_ok() {
        act();
        warn(hostcalls::set_effective_context(TICKING.get()));
    }
}

/// A refused host call leaves the exchange as it was; the reader of the log must know.
fn warn(result: Result<(), Status>) {
    if let Err(status) = result {
        log::warn!("a host call was refused: {status:?}");
    }
}

fn map(side: Side) -> MapType {
    match side {
        Side::Request => MapType::HttpRequestHeaders,
        Side::Response => MapType::HttpResponseHeaders,
    }
}

fn buffer(side: Side) -> BufferType {
    match side {
        Side::Request => BufferType::HttpRequestBody,
        Side::Response => BufferType::HttpResponseBody,
    }
}
