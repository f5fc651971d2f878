//! `sluice run`: a gateway on this machine, for as long as you look at it.
//!
//! Renders the bootstrap, starts Envoy on it and, unless `--live`, a mock that
//! stands for every provider. Nothing is left behind: see `sandbox`.
//! Must not: send a real key to the mock, or a made-up one to a provider.

pub mod binary;
mod client;
mod sandbox;

pub(super) use client::{Reply, request, request_as};
pub(super) use sandbox::{Logs, Sandbox};

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// The gateway's configuration.
    #[arg(long, default_value = "envoy/sluice.yaml", value_name = "FILE")]
    pub config: PathBuf,
    /// The bootstrap to fill in [default: the built-in envoy/envoy.yaml].
    #[arg(long, value_name = "FILE")]
    pub base: Option<PathBuf>,
    /// The filter.
    #[arg(long, default_value = "target/sluice.wasm", value_name = "FILE")]
    pub wasm: PathBuf,
    /// Envoy >= 1.37 [default, if >= 1.39: `envoy` on the PATH, else .venv/bin/envoy].
    #[arg(long, value_name = "FILE")]
    pub envoy: Option<PathBuf>,
    /// Where clients connect, on this machine only; 0 takes a free port.
    #[arg(long, default_value_t = 8080)]
    pub port: u16,
    /// Envoy's own console; 0 takes a free port.
    #[arg(long, default_value_t = 9901)]
    pub admin_port: u16,
    /// Call the real providers, with the keys of the environment.
    #[arg(long)]
    pub live: bool,
}

pub fn main(args: &Args) -> ExitCode {
    match runtime().and_then(|runtime| runtime.block_on(run(args))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => complain("run", &message),
    }
}

pub(super) fn runtime() -> Result<tokio::runtime::Runtime, String> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.enable_all().build().map_err(|e| format!("no runtime: {e}"))
}

pub(super) fn complain(command: &str, message: &str) -> ExitCode {
    // Nobody is left to tell when stderr is closed too.
    let _ = writeln!(io::stderr(), "sluice {command}: {message}");
    ExitCode::FAILURE
}

/// Ends on Ctrl-C and SIGTERM.
pub(super) async fn interrupted() -> Result<(), String> {
    let listen = |kind| signal(kind).map_err(|e| format!("cannot listen for signals: {e}"));
    let (mut interrupt, mut terminate) =
        (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

async fn run(args: &Args) -> Result<(), String> {
    tokio::select! {
        stopped = interrupted() => stopped,
        ran = serve(args) => ran,
    }
}

async fn serve(args: &Args) -> Result<(), String> {
    let mut sandbox = Sandbox::start(args, Logs::Shown).await?;
    // Nobody reads it when the pipe is closed, and that is no reason to stop.
    let _ = io::stdout().write_all(welcome(&sandbox).as_bytes());
    sandbox.ended().await
}

fn welcome(sandbox: &Sandbox) -> String {
    let url = format!("http://127.0.0.1:{}", sandbox.port);
    let mut out = format!(
        "\nSluice listens on {url}  (Envoy's console: http://127.0.0.1:{})\n",
        sandbox.admin_port
    );
    match &sandbox.mock {
        Some(mock) => {
            out += &format!(
                "Every provider is `sluice mock` at http://{}: no key is needed, nothing is spent.\n",
                mock.addr()
            )
        }
        None => out += "The providers are the real ones: calls cost money.\n",
    }
    let models: Vec<_> = sandbox.models.iter().map(String::as_str).collect();
    out += &format!("Models: {}\n\n", models.join(", "));
    let model = models.iter().find(|m| !m.contains('*')).unwrap_or(&"gpt-5-mini");
    let body = |stream| {
        format!(
            "'{{\"model\":\"{model}\",\"messages\":[{{\"role\":\"user\",\"content\":\"Hello\"}}]{stream}}}'"
        )
    };
    let chat = format!("{url}/v1/chat/completions -H 'content-type: application/json'");
    out += &format!("  curl -i {chat} -d {}\n", body(""));
    out += &format!("  curl -N {chat} -d {}\n", body(",\"stream\":true"));
    out += &format!("  curl {url}/v1/models\n  curl {url}/sluice/usage\n\nCtrl-C ends it.\n\n");
    out
}
