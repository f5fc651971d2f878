//! One Envoy with Sluice in it and one mock behind it, gone when dropped.

use serde_json::Value;
use sluice::cli::mock::Server;
use sluice::cli::render::{self, EnvoyOptions, Release};
use sluice::cli::run;
use sluice::provider::{KINDS, Kind};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// The environment variable that names another Envoy than `.venv/bin/envoy`.
pub const ENVOY: &str = "SLUICE_ENVOY";

pub struct Gateway {
    pub port: u16,
    pub admin_port: u16,
    pub mock: Server,
    pub folder: PathBuf,
    /// From Envoy's start until it answered.
    pub ready_after: Duration,
    envoy: Child,
}

/// How a test wants its gateway.
pub struct Setup {
    /// sluice.yaml; `None`: the committed `envoy/sluice.yaml`.
    pub config: Option<String>,
    pub workers: u32,
    /// Providers that are somewhere else than at the mock.
    pub upstreams: Vec<(String, SocketAddr)>,
    /// Where the mock listens; port 0: anywhere.
    pub mock: SocketAddr,
    /// What `--with` adds: the files' texts.
    pub with: Vec<String>,
    /// More of Envoy's environment.
    pub env: Vec<(String, String)>,
    /// The listener speaks TLS: Envoy's console says when it is ready.
    pub over_tls: bool,
    /// Changes the rendered bootstrap before Envoy reads it.
    pub edit: fn(String, &Path) -> String,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            config: None,
            workers: 1,
            upstreams: Vec::new(),
            mock: local(0),
            with: Vec::new(),
            env: Vec::new(),
            over_tls: false,
            edit: |bootstrap, _| bootstrap,
        }
    }
}

/// The environment variable of a kind's key, and what it holds in tests.
pub fn key_of(kind: &Kind) -> (&'static str, String) {
    (kind.key_env, format!("sk-{}-of-the-gateway", kind.name))
}

/// AWS's documented examples, which the mock knows, and a secret that it does not.
const AWS_KEYS: [(&str, &str); 4] = [
    ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    ("AWS_SESSION_TOKEN", "SESSION-EXAMPLE"),
    ("AWS_WRONG_SECRET", "not-the-secret"),
];

pub fn local(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

/// A port nobody listens on now, and none that the system gives to connections: those would
/// take it before Envoy does.
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let step = NEXT.fetch_add(1, Relaxed).wrapping_add(std::process::id().wrapping_mul(997));
        let port = 12_000 + (step % 20_000) as u16;
        if TcpListener::bind(local(port)).is_ok() {
            return port;
        }
    }
}

/// A gateway over models of the mock, one line of YAML each.
pub async fn with_models(models: &str) -> Gateway {
    Gateway::start(Setup { config: Some(config(models)), ..Setup::default() }).await
}

/// sluice.yaml with one provider of each dialect and these models. Nobody rests: most
/// tests ask what becomes of a failure, again and again.
pub fn config(models: &str) -> String {
    format!("{}health: {{ enabled: false }}\n", healed(models))
}

/// The same where those that fail rest.
pub fn healed(models: &str) -> String {
    let providers = "openai: { kind: openai }, anthropic: { kind: anthropic }, \
                     gemini: { kind: gemini }, bedrock: { kind: bedrock, region: us-east-1 }, \
                     cohere: { kind: cohere }, mistral: { kind: mistral }";
    format!("providers: {{ {providers} }}\nmodels:\n{models}\n")
}

// === impl Gateway ===

impl Gateway {
    pub async fn start(setup: Setup) -> Self {
        let mock = Server::start(setup.mock).await.expect("the mock starts");
        let folder = std::env::temp_dir().join(format!(
            "sluice-e2e-{}-{}",
            std::process::id(),
            mock.addr().port()
        ));
        std::fs::create_dir_all(&folder).expect("a folder");
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let file = folder.join("sluice.yaml");
        let committed = root.join("envoy/sluice.yaml");
        match &setup.config {
            Some(text) => std::fs::write(&file, text).expect("sluice.yaml is written"),
            None => drop(std::fs::copy(committed, &file).expect("envoy/sluice.yaml is read")),
        }
        let (port, admin_port) = (free_port(), free_port());
        let mut with = Vec::new();
        for (i, text) in setup.with.iter().enumerate() {
            with.push(folder.join(format!("with-{i}.yaml")));
            std::fs::write(&with[i], text).expect("an addition is written");
        }
        let options = EnvoyOptions {
            config: file,
            base: Some(root.join("envoy/envoy.yaml")),
            with,
            wasm: Some(wasm()),
            listen: Some(local(port).into()),
            admin: Some(local(admin_port).into()),
            upstreams: setup.upstreams.iter().map(|(p, a)| (p.clone(), (*a).into())).collect(),
            mock: Some(mock.addr().into()),
            for_envoy: Some(release()),
        };
        let bootstrap = render::envoy(&options).expect("the bootstrap renders");
        // On a starved machine the timer has run out by the time the connection that was
        // made at once is looked at.
        let bootstrap = bootstrap.replace("connect_timeout: 2s", "connect_timeout: 20s");
        let bootstrap = (setup.edit)(bootstrap, &folder);
        std::fs::write(folder.join("envoy.yaml"), bootstrap).expect("the bootstrap is written");
        let envoy = Command::new(envoy())
            .arg("-c")
            .arg(folder.join("envoy.yaml"))
            .args(["--disable-hot-restart", "--log-level", "warn", "--concurrency"])
            .arg(setup.workers.to_string())
            .envs(KINDS.iter().filter(|k| !k.key_env.is_empty()).map(key_of))
            .envs(AWS_KEYS)
            .envs(setup.env)
            .stdin(Stdio::null())
            .stdout(std::fs::File::create(folder.join("access.log")).expect("a log"))
            .stderr(std::fs::File::create(folder.join("envoy.log")).expect("a log"))
            .spawn()
            .expect("Envoy starts");
        let begun = Instant::now();
        let ready_after = Duration::ZERO;
        let mut gateway = Self { port, admin_port, mock, folder, ready_after, envoy };
        let ready = match setup.over_tls {
            true => format!("http://127.0.0.1:{admin_port}/ready"),
            false => gateway.url("/sluice/health"),
        };
        gateway.wait_until_ready(&ready).await;
        gateway.ready_after = begun.elapsed();
        gateway
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub fn pid(&self) -> u32 {
        self.envoy.id()
    }

    /// A page of Envoy's console.
    pub async fn admin(&self, path: &str) -> String {
        let url = format!("http://127.0.0.1:{}{path}", self.admin_port);
        reqwest::get(url).await.expect("the console answers").text().await.expect("text")
    }

    /// One counter or gauge of Envoy's; 0 where it does not exist.
    pub async fn stat(&self, name: &str) -> u64 {
        let page = self.admin("/stats").await;
        let line = page.lines().find(|l| l.strip_prefix(name).is_some_and(|r| r.starts_with(": ")));
        line.and_then(|l| l.rsplit(": ").next()?.parse().ok()).unwrap_or(0)
    }

    /// The rows of GET /sluice/usage.
    pub async fn usage(&self) -> Vec<Value> {
        let page = reqwest::get(self.url("/sluice/usage")).await.expect("usage answers");
        let page: Value = page.json().await.expect("JSON");
        page["data"].as_array().expect("rows").clone()
    }

    /// One number of the usage row of `model`, summed over providers.
    pub async fn used(&self, model: &str, field: &str) -> u64 {
        let rows = self.usage().await;
        rows.iter().filter(|r| r["model"] == model).map(|r| r[field].as_u64().unwrap_or(0)).sum()
    }

    /// What Envoy wrote to its log.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("envoy.log")).unwrap_or_default()
    }

    /// The access log's lines about calls, once there are `n` of them.
    pub async fn records(&self, n: usize) -> Vec<Value> {
        let file = self.folder.join("access.log");
        eventually("the access log", || {
            let text = std::fs::read_to_string(&file).unwrap_or_default();
            let lines: Vec<Value> =
                text.lines().map(|l| serde_json::from_str(l).expect("a JSON line")).collect();
            let calls: Vec<Value> =
                lines.into_iter().filter(|l| l["llm"]["model"].is_string()).collect();
            (calls.len() >= n).then_some(calls)
        })
        .await
    }

    pub fn is_alive(&mut self) -> bool {
        self.envoy.try_wait().expect("Envoy's state").is_none()
    }

    /// The VM never trapped and Envoy lives.
    pub async fn assert_calm(&mut self) {
        assert!(self.is_alive(), "Envoy is gone: {}", self.log());
        let page = self.admin("/stats?filter=vm_reload|wasm_runtime_error|internal_errors").await;
        for line in page.lines() {
            assert!(line.ends_with(": 0"), "{line}\n{}", self.log());
        }
        let log = self.log();
        assert!(!log.contains("panicked") && !log.contains("host call was refused"), "{log}");
    }

    async fn wait_until_ready(&mut self, page: &str) {
        let deadline = Instant::now() + Duration::from_secs(120);
        loop {
            if let Some(status) = self.envoy.try_wait().expect("Envoy's state") {
                panic!("Envoy did not start ({status}):\n{}", self.log());
            }
            let health = reqwest::get(page).await;
            if health.is_ok_and(|r| r.status() == 200) {
                return;
            }
            assert!(Instant::now() < deadline, "not ready:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.envoy.kill();
        let _ = self.envoy.wait();
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

/// Asks again and again, 10 seconds at most.
pub async fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn wasm() -> PathBuf {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/sluice.wasm");
    assert!(file.exists(), "{} is missing: run `make wasm`", file.display());
    file
}

/// Of the Envoy under test.
pub fn release() -> Release {
    run::binary::version(&envoy()).expect("Envoy says its version")
}

pub fn envoy() -> PathBuf {
    let file = match std::env::var_os(ENVOY) {
        Some(file) => PathBuf::from(file),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join(".venv/bin/envoy"),
    };
    assert!(file.exists(), "{} is missing: run `make envoy`, or set {ENVOY}", file.display());
    file
}
