//! wrk: the load, and what it saw.

use super::cases::Case;
use std::path::Path;
use std::process::Command;

/// One load and its cost.
#[derive(Debug)]
pub struct Sample {
    pub requests: u64,
    pub seconds: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    /// Of the whole Envoy process.
    pub cpu_ns: u64,
}

/// Fewer tell nothing.
const MIN_REQUESTS: u64 = 100;

/// Is there a wrk?
pub fn check() -> Result<(), String> {
    // Without arguments it prints its usage and fails: enough.
    match Command::new("wrk").output() {
        Ok(_) => Ok(()),
        Err(e) => Err(format!("wrk does not start ({e}): apt-get install wrk")),
    }
}

/// Posts a case's body over and over. `cpu_ns` is the caller's to fill in.
pub fn run(url: &str, case: &Case, seconds: u32, folder: &Path) -> Result<Sample, String> {
    let (body_file, script) = (folder.join("body.json"), folder.join("load.lua"));
    std::fs::write(&body_file, &case.body).map_err(|e| format!("{}: {e}", body_file.display()))?;
    std::fs::write(&script, lua(&body_file, case.way.key()))
        .map_err(|e| format!("{}: {e}", script.display()))?;
    let output = Command::new("wrk")
        .args(["--threads", "1", "--timeout", "10s"])
        .args([
            "--connections",
            &case.connections.to_string(),
            "--duration",
            &format!("{seconds}s"),
        ])
        .arg("--script")
        .arg(&script)
        .arg(url)
        .output()
        .map_err(|e| format!("wrk: {e}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find_map(|l| l.strip_prefix("bench "));
    let figures: Option<Vec<f64>> =
        line.map(|l| l.split(' ').map_while(|n| n.parse().ok()).collect());
    match figures.as_deref() {
        Some([requests, micros, refused, broken, p50, p99]) => {
            if *refused > 0.0 || *broken > 0.0 {
                return Err(format!("{refused} answers were not 2xx, {broken} calls broke"));
            }
            let requests = *requests as u64;
            if requests <= MIN_REQUESTS {
                return Err(format!("only {requests} requests in {seconds} s"));
            }
            let (p50_ms, p99_ms) = (p50 / 1e3, p99 / 1e3);
            Ok(Sample { requests, seconds: micros / 1e6, p50_ms, p99_ms, cpu_ns: 0 })
        }
        _ => Err(format!("wrk said: {text}{}", String::from_utf8_lossy(&output.stderr))),
    }
}

fn lua(body: &Path, key: Option<&str>) -> String {
    let key = key.map(|key| format!("wrk.headers[\"authorization\"] = \"Bearer {key}\"\n"));
    format!(
        r#"local file = assert(io.open({:?}, "rb"))
wrk.method = "POST"
wrk.body = file:read("*a")
wrk.headers["content-type"] = "application/json"
{}function done(summary, latency)
  local e = summary.errors
  io.write(string.format("bench %d %d %d %d %d %d\n", summary.requests, summary.duration,
    e.status, e.connect + e.read + e.write + e.timeout,
    latency:percentile(50), latency:percentile(99)))
end
"#,
        body.display().to_string(),
        key.unwrap_or_default()
    )
}

// === impl Sample ===

impl Sample {
    pub fn cpu_us(&self) -> f64 {
        self.cpu_ns as f64 / 1e3 / self.requests as f64
    }

    pub fn per_second(&self) -> f64 {
        self.requests as f64 / self.seconds
    }

    /// The share of one CPU that Envoy took.
    pub fn busy(&self) -> f64 {
        self.cpu_ns as f64 / 1e9 / self.seconds
    }
}
