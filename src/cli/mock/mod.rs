//! `sluice mock`: honest little servers of the vendors' APIs, faults on demand.
//!
//! The demo, the end-to-end tests and the bench need providers that refuse what
//! the real ones refuse, answer in their exact shapes, and break in the ways the
//! real ones break. Honest means: a request that the vendor would reject is
//! rejected here, in the vendor's words where those are known.
//!
//! ```text
//!   http ── routes, reads, keeps the order of faults ── control: /mock/...
//!    │
//!    ├─ vendor ── ask: validate ──> answer ──> whole | events ── openai, anthropic, ...
//!    ├─ reply ── status and headers; script ── events + faults -> steps -> the body
//!    └─ record ── what was asked, how it ended
//! ```
//!
//! `POST .../chat/completions`, `.../embeddings`, `.../rerank`,
//! `.../moderations`, `.../images/...`, `.../audio/...`, `/v1/responses`,
//! `/v1/messages`, Gemini's `/models/M:VERB` behind any prefix, Cohere's `/v2/chat`,
//! `/v2/embed`, `/v2/rerank`, Bedrock's `/model/M/converse`, `/converse-stream` and
//! `/invoke`, everybody's token counters, `GET /v1/models`, over HTTP/1.1
//! and h2c. Faults ride in the model's name (`gpt-5-mini!status=429`) or are set for an
//! exact name by `PUT /mock/faults`; `faults` has the language.
//! Nothing here may use the gateway's own translation code: a mock that shares
//! the bug cannot find it.

mod answer;
mod anthropic;
mod azure;
mod bedrock;
mod cohere;
mod control;
mod count;
mod faults;
mod gemini;
mod http;
mod openai;
mod paths;
mod record;
mod reply;
mod responses;
mod schema;
mod script;
mod search;
#[cfg(test)]
mod tests;
mod vectors;
mod vendor;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;

pub use record::Recorded;

use faults::Faults;
use http::State;

/// For whoever has no key: as such, or as any part of AWS's.
pub const MADE_UP_KEY: &str = "sk-made-up-for-the-mock";

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8081")]
    listen: SocketAddr,
    /// Do not keep requests for `GET /mock/requests`: for benchmarks.
    #[arg(long)]
    quiet: bool,
}

/// A running server. Dropping it closes its port and its connections.
#[derive(Debug)]
pub struct Server {
    addr: SocketAddr,
    state: Arc<State>,
    task: JoinHandle<()>,
}

/// Runs `sluice mock`.
pub fn main(args: &Args) -> ExitCode {
    match serve(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell when stderr is closed too.
            let _ = writeln!(io::stderr(), "sluice mock: {}: {error}", args.listen);
            ExitCode::FAILURE
        }
    }
}

fn serve(args: &Args) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let server = Server::open(args.listen, !args.quiet).await?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut stdout = io::stdout();
        writeln!(stdout, "mock listening on http://{}", server.addr())?;
        stdout.flush()?;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        Ok(())
    })
}

// === impl Server ===

impl Server {
    /// Serves on the current runtime, keeping requests to look at.
    pub async fn start(addr: SocketAddr) -> io::Result<Server> {
        Server::open(addr, true).await
    }

    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Faults for requests of exactly this model, until cleared.
    pub fn set_faults(&self, model: &str, spec: &str) -> Result<(), String> {
        self.state.set_faults(model, Faults::parse(spec)?, None);
        Ok(())
    }

    /// Forgets faults, requests and counts.
    pub fn clear(&self) {
        self.state.clear_faults();
        self.state.log.clear();
    }

    /// The last requests, oldest first; a hundred at most.
    pub fn requests(&self) -> Vec<Recorded> {
        self.state.log.requests()
    }

    async fn open(addr: SocketAddr, keep: bool) -> io::Result<Server> {
        let listener = TcpListener::bind(addr).await?;
        let addr = listener.local_addr()?;
        let state = Arc::new(State::new(keep));
        let task = tokio::spawn(http::accept(listener, Arc::clone(&state)));
        Ok(Server { addr, state, task })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}
