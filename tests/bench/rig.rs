//! One Envoy with two listeners, and a mock in a process of its own.

use super::cases::{self, Case};
use super::load::{self, Sample};
use super::process;
use super::support::gateway::{self, Gateway, Setup};
use serde_json::{Value, json};
use sluice::cli::yaml;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

pub struct Rig {
    gateway: Gateway,
    plain_port: u16,
    /// Where the numbers come from, for the report.
    pub machine: String,
    _mock: Mock,
}

/// `sluice mock --quiet`, so that its CPU time is not Envoy's nor ours.
struct Mock(Child);

/// The listener without Sluice.
const PLAIN: &str = "plain";

// === impl Rig ===

impl Rig {
    pub async fn start() -> Self {
        let cpus = process::cpus();
        let place = place(&cpus);
        let (mock, addr) = Mock::start();
        let providers = ["openai", "anthropic", "gemini", "bedrock"];
        let upstreams = providers.map(|provider| (provider.to_owned(), addr));
        let gateway = Gateway::start(Setup {
            config: Some(gateway::healed(&cases::models()) + &cases::consumers()),
            upstreams: upstreams.into(),
            edit: add_plain_listener,
            ..Setup::default()
        })
        .await;
        let pinned = place.is_some_and(|(envoy, _)| process::pin(gateway.pid(), envoy));
        let whereabouts = match (pinned, cpus.as_slice()) {
            (true, [first, ..]) => format!("Envoy alone on CPU {first} of {}", cpus.len()),
            _ => format!("not pinned, {} CPU", cpus.len()),
        };
        let version = gateway.admin("/server_info").await;
        let version = serde_json::from_str::<Value>(&version).unwrap_or_default();
        let version = version["version"].as_str().and_then(|v| v.split('/').nth(1)).unwrap_or("?");
        let machine = format!("Envoy {version}, one worker; {whereabouts}");
        let plain_port = port_of(&gateway.admin("/listeners?format=json").await, PLAIN);
        Self { gateway, plain_port, machine, _mock: mock }
    }

    /// One call, looked at: a load only counts statuses.
    pub async fn probe(&self, case: &Case) -> Result<(), String> {
        let request = reqwest::Client::new().post(self.url(case));
        let mut request =
            request.header("content-type", "application/json").body(case.body.clone());
        if let Some(key) = case.way.key() {
            request = request.bearer_auth(key);
        }
        let fail = |e: &dyn std::fmt::Display| format!("{}: {e}", case.name);
        let response = request.send().await.map_err(|e| fail(&e))?;
        let status = response.status();
        let text = response.text().await.map_err(|e| fail(&e))?;
        let good = case.way.answer(case.streamed).iter().all(|words| text.contains(words));
        if status == 200 && good { Ok(()) } else { Err(fail(&format!("{status}: {text}"))) }
    }

    pub fn load(&self, case: &Case, seconds: u32) -> Result<Sample, String> {
        let before = process::cpu_ns(self.gateway.pid());
        let folder = &self.gateway.folder;
        let sample = load::run(&self.url(case), case, seconds, folder);
        let mut sample = sample.map_err(|e| format!("{}: {e}", case.name))?;
        // Envoy has connections to close, and a running thread's time is not yet counted.
        std::thread::sleep(Duration::from_millis(50));
        sample.cpu_ns = process::cpu_ns(self.gateway.pid()) - before;
        Ok(sample)
    }

    /// MiB.
    pub fn rss(&self) -> f64 {
        process::rss_mib(self.gateway.pid())
    }

    /// MiB that Envoy's allocator has given out: all but V8's own.
    pub async fn allocated(&self) -> Result<f64, String> {
        let page: Value = serde_json::from_str(&self.gateway.admin("/memory").await)
            .map_err(|e| format!("/memory: {e}"))?;
        let bytes = page["allocated"].as_str().and_then(|b| b.parse::<f64>().ok());
        bytes.map(|b| b / f64::from(1 << 20)).ok_or_else(|| format!("/memory: {page}"))
    }

    /// Nothing trapped, and no call ended but well or by the load's own end.
    pub async fn assert_calm(&mut self) -> Result<(), String> {
        self.gateway.assert_calm().await;
        let page = self.gateway.admin("/stats?usedonly&filter=sluice.requests").await;
        let bad = |l: &&str| !l.contains("outcome=ok") && !l.contains("outcome=cancelled");
        let bad: Vec<_> = page.lines().filter(bad).collect();
        if bad.is_empty() { Ok(()) } else { Err(bad.join("\n")) }
    }

    fn url(&self, case: &Case) -> String {
        let port = if case.way.is_plain() { self.plain_port } else { self.gateway.port };
        format!("http://127.0.0.1:{port}{}", case.way.path())
    }
}

/// CPUs for Envoy and for the rest; moves ourselves, and so all we start, to the rest.
fn place(cpus: &[u32]) -> Option<(&[u32], &[u32])> {
    let (envoy, rest) = cpus.split_at_checked(1)?;
    (!rest.is_empty() && process::pin(std::process::id(), rest)).then_some((envoy, rest))
}

/// Keeps the committed bootstrap but for its logs' place, and adds the baseline: the
/// same connection manager and upstream cluster, the router, and nothing else.
fn add_plain_listener(bootstrap: String, _: &Path) -> String {
    let bootstrap = bootstrap.replace("/dev/stdout", "/dev/null");
    let mut bootstrap = yaml::parse(&bootstrap).expect("what was rendered is YAML");
    let cluster = bootstrap["static_resources"]["clusters"][0]["name"].clone();
    let listeners = bootstrap["static_resources"]["listeners"].as_array_mut().expect("listeners");
    let mut plain = listeners[0].clone();
    plain["name"] = PLAIN.into();
    plain["address"]["socket_address"]["port_value"] = 0.into();
    let manager = &mut plain["filter_chains"][0]["filters"][0]["typed_config"];
    manager["stat_prefix"] = PLAIN.into();
    manager.as_object_mut().expect("a connection manager").remove("access_log");
    manager["route_config"] = json!({ "name": PLAIN, "virtual_hosts": [{
        "name": PLAIN,
        "domains": ["*"],
        "request_headers_to_add": [
            { "header": { "key": "authorization", "value": "Bearer sk-openai-of-the-bench" } }
        ],
        "routes": [{ "match": { "prefix": "/" }, "route": { "timeout": "0s", "cluster": cluster } }],
    }] });
    let mut router =
        manager["http_filters"].as_array().and_then(|f| f.last()).expect("a router").clone();
    let options = router["typed_config"].as_object_mut().expect("the router's options");
    options.remove("upstream_http_filters");
    manager["http_filters"] = json!([router]);
    listeners.push(plain);
    yaml::print(&bootstrap).expect("YAML")
}

fn port_of(listeners: &str, name: &str) -> u16 {
    let page: Value = serde_json::from_str(listeners).expect("Envoy's listeners");
    let statuses = page["listener_statuses"].as_array().expect("a list");
    let port = statuses.iter().find(|l| l["name"] == name).and_then(|l| {
        l.pointer("/local_address/socket_address/port_value")?.as_u64()?.try_into().ok()
    });
    port.expect("the listener's port")
}

// === impl Mock ===

impl Mock {
    fn start() -> (Self, SocketAddr) {
        let child = Command::new(env!("CARGO_BIN_EXE_sluice"))
            .args(["mock", "--quiet", "--listen", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn();
        let mut mock = Self(child.expect("the mock starts"));
        let mut line = String::new();
        let stdout = mock.0.stdout.take().expect("its stdout");
        BufReader::new(stdout).read_line(&mut line).expect("its first line");
        let addr = line.trim().rsplit("http://").next().and_then(|a| a.parse().ok());
        (mock, addr.unwrap_or_else(|| panic!("the mock said {line:?}")))
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
