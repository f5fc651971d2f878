//! An Envoy of our own, its files and its mock: started together, gone together.
//!
//! The child is killed by its own id and the folder removed when `Sandbox` drops;
//! a panic in a release build aborts without dropping, so a panic hook does the
//! same. Several sandboxes run side by side: no hot restart, hence no shared
//! memory and no base id; ports are checked before Envoy (which would share a
//! busy one by SO_REUSEPORT) gets to see them.

use super::client::request;
use super::{Args, binary};
use crate::cli::mock::{MADE_UP_KEY, Server};
use crate::cli::render::{self, EnvoyOptions, Source};
use crate::config;
use hyper::Method;
use std::fs;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

pub(crate) struct Sandbox {
    pub(crate) port: u16,
    pub(crate) admin_port: u16,
    /// The names of sluice.yaml's models.
    pub(crate) models: Vec<String>,
    /// `None`: the providers are the real ones.
    pub(crate) mock: Option<Server>,
    /// The access log, with `Logs::Kept`.
    logs: Option<mpsc::UnboundedReceiver<String>>,
    envoy: Child,
    _folder: Folder,
}

/// What becomes of the access log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Logs {
    Shown,
    Kept,
}

/// A folder that goes when this does.
struct Folder(PathBuf);

/// What a panic must still take away.
static LEFT: Mutex<Vec<Left>> = Mutex::new(Vec::new());

struct Left {
    folder: PathBuf,
    pid: Option<u32>,
}

const START: Duration = Duration::from_secs(30);
const STOP: Duration = Duration::from_secs(3);

// === impl Sandbox ===

impl Sandbox {
    pub(crate) async fn start(args: &Args, logs: Logs) -> Result<Self, String> {
        let port = free("PORT", "--port", args.port)?;
        let admin_port = free("ADMIN_PORT", "--admin-port", args.admin_port)?;
        let (envoy, release) = binary::find(args.envoy.as_deref())?;
        let wasm = fs::canonicalize(&args.wasm)
            .map_err(|e| format!("{}: {e}; build it with `make wasm`", args.wasm.display()))?;
        let source = Source::read(&args.config).map_err(|e| e.to_string())?;
        let mock = match args.live {
            true => {
                check_keys(&args.config, &source)?;
                None
            }
            false => {
                let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
                Some(Server::start(any).await.map_err(|e| format!("the mock: {e}"))?)
            }
        };
        let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into();
        let options = EnvoyOptions {
            config: args.config.clone(),
            base: args.base.clone(),
            with: Vec::new(),
            wasm: Some(wasm),
            listen: Some(at(port)),
            admin: Some(at(admin_port)),
            upstreams: Vec::new(),
            mock: mock.as_ref().map(|m| m.addr().into()),
            for_envoy: Some(release),
        };
        let bootstrap = render::envoy(&options).map_err(|e| e.to_string())?;
        let folder = Folder::create().map_err(|e| format!("no temporary folder: {e}"))?;
        let file = folder.0.join("envoy.yaml");
        fs::write(&file, bootstrap).map_err(|e| format!("{}: {e}", file.display()))?;

        let mut command = Command::new(&envoy);
        command.arg("-c").arg(&file);
        command.args(["--disable-hot-restart", "--concurrency", "2", "--log-level", "warn"]);
        command.stdin(Stdio::null()).kill_on_drop(true);
        if !args.live {
            command.envs(source.env.iter().map(|name| (name, MADE_UP_KEY)));
        }
        if logs == Logs::Kept {
            command.stdout(Stdio::piped());
        }
        let mut envoy = command.spawn().map_err(|e| format!("{}: {e}", envoy.display()))?;
        folder.note_child(envoy.id());
        let logs = envoy.stdout.take().map(|stdout| {
            let (sender, receiver) = mpsc::unbounded_channel();
            tokio::spawn(async move {
                let mut lines = BufReader::new(stdout).lines();
                while let Ok(Some(line)) = lines.next_line().await {
                    // Read on even if nobody listens: a full pipe would stop Envoy.
                    let _ = sender.send(line);
                }
            });
            receiver
        });
        let models = source.config.models.iter().map(|m| m.name.clone()).collect();
        let mut sandbox = Self { port, admin_port, models, mock, logs, envoy, _folder: folder };
        sandbox.wait_until_ready().await?;
        Ok(sandbox)
    }

    /// Waits for Envoy to end by itself, which it should not.
    pub(crate) async fn ended(&mut self) -> Result<(), String> {
        let status = self.envoy.wait().await.map_err(|e| format!("lost sight of Envoy: {e}"))?;
        Err(format!("Envoy ended by itself: {status}"))
    }

    /// Ends Envoy in order, so that its access log is complete, and returns that.
    pub(crate) async fn stop(mut self) -> Vec<String> {
        let asked = request(self.admin_port, Method::POST, "/quitquitquit", None).await;
        if asked.is_err() || timeout(STOP, self.envoy.wait()).await.is_err() {
            // It has ended already, or it ends now.
            let _ = self.envoy.kill().await;
        }
        let mut lines = Vec::new();
        if let Some(mut logs) = self.logs.take() {
            while let Ok(Some(line)) = timeout(STOP, logs.recv()).await {
                lines.push(line);
            }
        }
        lines
    }

    async fn wait_until_ready(&mut self) -> Result<(), String> {
        let deadline = Instant::now() + START;
        let mut last = "nothing listens".to_owned();
        while Instant::now() < deadline {
            if let Ok(Some(status)) = self.envoy.try_wait() {
                return Err(format!("Envoy did not start ({status}); it says why above"));
            }
            match request(self.port, Method::GET, "/sluice/health", None).await {
                Ok(reply) if reply.status().is_success() => return Ok(()),
                Ok(reply) => last = format!("GET /sluice/health answers {}", reply.status()),
                Err(e) => last = e,
            }
            sleep(Duration::from_millis(50)).await;
        }
        Err(format!("Envoy runs, but the gateway is not ready after {START:?}: {last}"))
    }
}

/// The port itself, or a free one for 0.
fn free(variable: &str, option: &str, port: u16) -> Result<u16, String> {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).and_then(|l| l.local_addr()) {
        Ok(addr) => Ok(addr.port()),
        Err(e) if e.kind() == io::ErrorKind::AddrInUse => Err(format!(
            "port {port} is in use; choose another with {option} ({variable}=... for make)"
        )),
        Err(e) => Err(format!("port {port}: {e}")),
    }
}

/// With the real providers the keys must be there: Envoy would only log it.
fn check_keys(file: &Path, source: &Source) -> Result<(), String> {
    let env = |name: &str| std::env::var(name).ok();
    match config::load(source.json.to_string().as_bytes(), &env) {
        Ok(_) => Ok(()),
        Err(problems) => Err(render::Error::Config { file: file.to_owned(), problems }.to_string()),
    }
}

// === impl Folder ===

impl Folder {
    fn create() -> io::Result<Self> {
        clean_after_panics();
        for n in 0..100 {
            let path = std::env::temp_dir().join(format!("sluice-{}-{n}", std::process::id()));
            match fs::DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => {
                    left().push(Left { folder: path.clone(), pid: None });
                    return Ok(Self(path));
                }
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(e),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    fn note_child(&self, pid: Option<u32>) {
        left().iter_mut().filter(|l| l.folder == self.0).for_each(|l| l.pid = pid);
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        left().retain(|l| l.folder != self.0);
        if let Err(e) = fs::remove_dir_all(&self.0) {
            let _ = writeln!(io::stderr(), "{} stays behind: {e}", self.0.display());
        }
    }
}

fn left() -> std::sync::MutexGuard<'static, Vec<Left>> {
    LEFT.lock().unwrap_or_else(PoisonError::into_inner)
}

fn clean_after_panics() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            before(info);
            let lefts = LEFT.try_lock().map(|mut l| std::mem::take(&mut *l)).unwrap_or_default();
            for Left { folder, pid } in lefts {
                if let Some(pid) = pid {
                    let _ =
                        std::process::Command::new("kill").arg("-9").arg(pid.to_string()).status();
                }
                let _ = fs::remove_dir_all(folder);
            }
        }));
    });
}
