//! The usage ledger on its three ways out of Envoy, as the files under `envoy/ledger/`
//! have them: one line a call, nothing else, and the same sums everywhere.

use crate::support::client::{Reply, chat, get, post, post_bytes, streamed};
use crate::support::collector::Collector;
use crate::support::gateway::{Gateway, Setup, eventually, free_port, local};
use serde_json::{Value, json};
use sluice::cli::yaml;
use std::collections::{BTreeMap, HashSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const TARGET: &str = "anthropic/claude-haiku-4-5-20251001";

fn models() -> String {
    let t = TARGET;
    format!(
        "- {{ name: m, targets: [\"{t}\"] }}\n\
         - {{ name: unpriced, targets: [openai/gpt-99] }}\n\
         - {{ name: falls, targets: [\"openai/x!status=503\", \"{t}\"] }}\n\
         - {{ name: fails, targets: [\"openai/x!status=503\", \"openai/y!status=429\"] }}\n\
         - {{ name: breaks, targets: [\"{t}!tokens=20;cut-after=5\"] }}\n\
         - {{ name: slow, targets: [\"{t}!tokens=400;token-ms=20\"] }}\n"
    )
}

/// sha256 of "alice-key", "bob-key" and "root-key".
fn config() -> String {
    let digest = |key: &str| {
        use std::fmt::Write as _;
        let bytes = <sha2::Sha256 as sha2::Digest>::digest(key.as_bytes());
        bytes.iter().fold(String::new(), |mut s, b| {
            let _ = write!(s, "{b:02x}");
            s
        })
    };
    format!(
        "{}organizations: [{{ name: acme }}]\n\
         teams: [{{ name: red, organization: acme }}, {{ name: blue }}]\n\
         consumers:\n\
         - {{ name: alice, team: red, tags: [batch, eu], key_sha256: [\"{}\"] }}\n\
         - {{ name: bob, team: blue, key_sha256: [\"{}\"] }}\n\
         allow_anonymous: true\n\
         admin: {{ key_sha256: [\"{}\"] }}\n",
        crate::support::gateway::config(&models()),
        digest("alice-key"),
        digest("bob-key"),
        digest("root-key"),
    )
}

/// The committed addition, its file in `folder` or its cluster moved here.
fn ledger(name: &str, folder: &Path, here: Option<SocketAddr>) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("envoy/ledger").join(name)).unwrap();
    let mut file: Value =
        yaml::parse(&text.replace("/var/log/sluice", folder.to_str().unwrap())).unwrap();
    for cluster in file.get_mut("clusters").and_then(Value::as_array_mut).into_iter().flatten() {
        let here = here.expect("somewhere to go");
        cluster["type"] = json!("STATIC");
        let at = &mut cluster["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"];
        at["address"]["socket_address"] =
            json!({ "address": here.ip().to_string(), "port_value": here.port() });
    }
    file.to_string()
}

/// A folder for a ledger, gone with this.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("sluice-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn lines(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.0.join("ledger.jsonl")).unwrap_or_default();
        text.lines()
            .map(|l| serde_json::from_str(l).unwrap_or_else(|e| panic!("{e}: {l}")))
            .collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn page(gateway: &Gateway, query: &str, key: Option<&str>) -> Reply {
    let mut request = reqwest::Client::new().get(gateway.url(&format!("/sluice/usage{query}")));
    if let Some(key) = key {
        request = request.bearer_auth(key);
    }
    Reply::read(request.send().await.unwrap()).await
}

const KINDS: [&str; 3] = ["input_tokens", "output_tokens", "cost_usd"];

/// Of lines or of rows; dollars in nanodollars.
fn sums<'a>(of: impl Iterator<Item = &'a Value>) -> [u64; 3] {
    of.fold([0; 3], |mut sums, value| {
        for (sum, kind) in sums.iter_mut().zip(KINDS) {
            *sum += match value[kind].as_f64() {
                Some(usd) if kind == "cost_usd" => (usd * 1e9).round() as u64,
                _ => value[kind].as_u64().unwrap_or(0),
            };
        }
        sums
    })
}

/// A thousand calls, some of which fall back, fail, break or are left by their client.
async fn thousand(gateway: &Arc<Gateway>) -> HashSet<String> {
    let mut ids = HashSet::new();
    for round in 0..20 {
        let calls: Vec<_> = (0..50)
            .map(|n| {
                let (gateway, n) = (Arc::clone(gateway), round * 50 + n);
                tokio::spawn(async move { one(&gateway, n).await })
            })
            .collect();
        for call in calls {
            assert!(ids.insert(call.await.unwrap()), "an id came twice");
        }
    }
    ids
}

/// The request's id.
async fn one(gateway: &Gateway, n: usize) -> String {
    let (body, status) = match n % 10 {
        0..=2 => (chat("m"), 200),
        3 => (chat("unpriced"), 200),
        4 | 5 => (streamed("m"), 200),
        6 => (chat("falls"), 200),
        7 => (chat("fails"), 429),
        8 => (streamed("breaks"), 200),
        _ => (streamed("slow"), 200),
    };
    let key = ["alice-key", "bob-key", "nobody's"][n % 3];
    let request = reqwest::Client::new().post(gateway.url("/v1/chat/completions"));
    let mut response = request.bearer_auth(key).json(&body).send().await.unwrap();
    assert_eq!(response.status().as_u16(), status, "{body}");
    let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    if n % 10 == 9 {
        // Something has come, so the provider has heard of it; then the client is gone.
        assert!(response.chunk().await.unwrap().is_some());
    } else {
        while let Ok(Some(_)) = response.chunk().await {}
    }
    // What is no call stands between.
    if n.is_multiple_of(50) {
        post(gateway, &chat("no-such-model")).await;
        get(gateway, "/v1/models").await;
        get(gateway, "/sluice/health").await;
        post_bytes(gateway, b"{".to_vec(), &[("x-sluice-pick", "0")]).await;
    }
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_calls_are_a_thousand_lines_on_every_way() {
    let folder = Folder::new("ledger");
    let (otlp, als) = (Collector::anywhere().await, Collector::anywhere().await);
    let gateway = Gateway::start(Setup {
        config: Some(config()),
        workers: 4,
        with: vec![
            ledger("file.yaml", &folder.0, None),
            ledger("otlp.yaml", &folder.0, Some(otlp.addr)),
            ledger("als.yaml", &folder.0, Some(als.addr)),
        ],
        ..Setup::default()
    })
    .await;
    let mut gateway = Arc::new(gateway);
    let ids = thousand(&gateway).await;
    // A request that Envoy itself refuses, with the header that marks calls.
    forged(&gateway).await;

    // The file is flushed every 10 seconds.
    let ways: [(&str, &dyn Fn() -> Vec<Value>); 3] =
        [("otlp", &|| otlp.records()), ("als", &|| als.records()), ("file", &|| folder.lines())];
    let rows = page(&gateway, "", Some("root-key")).await.json();
    let rows = rows["data"].as_array().unwrap();
    let mut seen = Vec::new();
    for (way, lines) in ways {
        let lines = {
            let enough = || Some(lines()).filter(|l| l.len() >= 1_000);
            let first = std::time::Instant::now();
            loop {
                match enough() {
                    Some(lines) => break lines,
                    None => tokio::time::sleep(std::time::Duration::from_millis(100)).await,
                }
                assert!(first.elapsed().as_secs() < 20, "{way}: {} lines", lines().len());
            }
        };
        assert_eq!(lines.len(), 1_000, "{way}");
        let own: HashSet<_> =
            lines.iter().map(|l| l["request_id"].as_str().unwrap().to_owned()).collect();
        assert!(own == ids, "{way}: other calls than were made");
        assert_eq!(sums(lines.iter()), sums(rows.iter()), "{way}: lines and rows");
        let charged = lines.iter().filter(|l| l["outcome"] != "busy").count();
        let calls: u64 = rows.iter().map(|r| r["calls"].as_u64().unwrap()).sum();
        assert_eq!((charged as u64, calls), (900, 900), "{way}");
        seen.push(lines);
    }
    // Providers were asked as often as lines say: a try for each attempt.
    let counts = reqwest::get(format!("http://{}/mock/counts", gateway.mock.addr())).await.unwrap();
    let counts: BTreeMap<String, u64> = counts.json().await.unwrap();
    let asked: u64 = counts.values().sum();
    let tries: u64 = seen[0].iter().map(|l| l["attempts"].as_u64().unwrap()).sum();
    assert_eq!((asked, tries), (1_200, 1_200));
    let mut outcomes = BTreeMap::<&str, u32>::new();
    for line in &seen[2] {
        *outcomes.entry(line["outcome"].as_str().unwrap()).or_default() += 1;
    }
    println!("outcomes {outcomes:?}, sums of {KINDS:?} {:?}", sums(seen[2].iter()));
    assert_eq!(outcomes["cancelled"], 100);
    assert_eq!(outcomes["broken_stream"], 100);
    lines_say_who_and_how(&seen[2]);
    reports_agree(&gateway, &seen[2]).await;
    Arc::get_mut(&mut gateway).unwrap().assert_calm().await;
}

async fn forged(gateway: &Gateway) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut peer = tokio::net::TcpStream::connect(local(gateway.port)).await.unwrap();
    // An escaped slash: path_with_escaped_slashes_action refuses it before any filter.
    let request = "GET /a%2Fb HTTP/1.1\r\nhost: x\r\nx-sluice-pick: 0\r\nconnection: close\r\n\r\n";
    peer.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    peer.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
}

fn lines_say_who_and_how(lines: &[Value]) {
    let of = |model: &str, consumer: &str| {
        let found = lines.iter().find(|l| l["model"] == model && l["consumer"] == consumer);
        found.unwrap_or_else(|| panic!("no {model} of {consumer}"))
    };
    let line = of("falls", "alice");
    for (name, value) in [
        ("team", json!("red")),
        ("organization", json!("acme")),
        ("tags", json!(["batch", "eu"])),
        ("endpoint", json!("chat_completions")),
        ("client", json!("openai-chat")),
        ("outcome", json!("ok")),
        ("error", Value::Null),
        ("attempts", json!(2)),
        ("estimated", json!(false)),
        ("upstream_request_id", json!("req_mock")),
        (
            "tried",
            json!([{ "provider": "openai", "outcome": "provider_fault" },
                         { "provider": "anthropic", "outcome": "ok" }]),
        ),
    ] {
        assert_eq!(line[name], value, "{name} in {line}");
    }
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let started = line["started_ms"].as_u64().unwrap();
    assert!(now.as_millis() as u64 - started < 600_000, "{line}");
    assert_eq!(of("m", "bob")["organization"], Value::Null, "{}", of("m", "bob"));
    assert_eq!(of("m", "anonymous").get("team"), None);
    assert_eq!(of("unpriced", "bob")["unpriced"], true);
    let text = serde_json::to_string(lines).unwrap();
    for secret in ["alice-key", "hello there", "of-the-gateway"] {
        assert!(!text.contains(secret), "{secret} in the ledger");
    }
}

async fn reports_agree(gateway: &Gateway, lines: &[Value]) {
    for (group, member) in [("team", "team"), ("consumer", "consumer"), ("model", "model")] {
        let reply = page(gateway, &format!("?group_by={group}"), Some("root-key")).await.json();
        for row in reply["data"].as_array().unwrap() {
            let own = lines.iter().filter(|l| l[member] == row[member]);
            assert_eq!(sums(own), sums([row].into_iter()), "{row}");
        }
        assert_eq!(sums([&reply["total"]].into_iter()), sums(lines.iter()));
    }
    let own = page(gateway, "?group_by=consumer,team", Some("alice-key")).await.json();
    let own = own["data"].as_array().unwrap();
    assert_eq!(
        (own.len(), &own[0]["consumer"], &own[0]["team"]),
        (1, &json!("alice"), &json!("red"))
    );
    assert_eq!(page(gateway, "", None).await.error().0, 401);
    assert_eq!(page(gateway, "?group_by=city", Some("root-key")).await.error().0, 400);
    let csv = page(gateway, "?group_by=team&format=csv", Some("root-key")).await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    assert!(csv.text().starts_with("team,calls,estimated_calls,unpriced_calls,cost_usd,"));
    assert_eq!(csv.text().lines().count(), 4, "{}", csv.text());
    let refused = reqwest::Client::new()
        .post(gateway.url("/v1/chat/completions"))
        .bearer_auth("root-key")
        .json(&chat("m"));
    let refused = Reply::read(refused.send().await.unwrap()).await;
    assert_eq!(refused.error().0, 403, "an admin key is no consumer's");
}

/// What the files say of a collector that is away: calls go on, lines are lost; one of
/// the two ways says how many.
#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_was_away_has_missed_calls() {
    let folder = Folder::new("ledger-away");
    let (otlp_at, als_at) = (local(free_port()), local(free_port()));
    let gateway = Gateway::start(Setup {
        config: Some(config()),
        with: vec![
            ledger("otlp.yaml", &folder.0, Some(otlp_at)),
            ledger("als.yaml", &folder.0, Some(als_at)),
        ],
        ..Setup::default()
    });
    let mut gateway = gateway.await;
    for _ in 0..3 {
        assert_eq!(post(&gateway, &chat("m")).await.status, 200, "no call waits for a ledger");
    }
    tokio::time::sleep(std::time::Duration::from_millis(2_500)).await;
    let (otlp, als) = (Collector::start(otlp_at).await, Collector::start(als_at).await);
    // Connections are made anew with the next line.
    let enough = || otlp.records().len().min(als.records().len()) > 0;
    for _ in 0..100 {
        assert_eq!(post(&gateway, &chat("falls")).await.status, 200);
        if enough() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    eventually("both", || enough().then_some(())).await;
    let early = |lines: Vec<Value>| lines.iter().filter(|l| l["model"] == "m").count();
    println!("{}", gateway.admin("/stats?filter=access_log").await);
    println!("kept: otlp {}, als {} of 3", early(otlp.records()), early(als.records()));
    assert_eq!(early(otlp.records()), 0);
    let dropped = gateway.stat("access_logs.open_telemetry_access_log.ledger.logs_dropped").await;
    assert!(dropped >= 3, "{dropped}");
    assert_eq!(early(als.records()), 0);
    gateway.assert_calm().await;
}
