//! The report of who used what: whose rows, by which labels; and what no name may do.

use super::*;
use sluice::store::usage::{Counts, label};

const WHO: &str = r#", "organizations": [{ "name": "acme" }],
    "teams": [{ "name": "red", "organization": "acme" }, { "name": "blue" }],
    "consumers": [
        { "name": "alice", "team": "red", "tags": ["batch", "eu"], "key_sha256": ["DIGEST"] },
        { "name": "bob", "team": "blue", "tags": ["batch"], "key_sha256": ["BOB"] }]"#;
/// The digests of `CLIENT_KEY`, "bob-key" and "root-key".
fn who() -> String {
    WHO.replace("DIGEST", &sha(CLIENT_KEY)).replace("BOB", &sha("bob-key"))
}

fn admin() -> String {
    format!(r#", "admin": {{ "key_sha256": ["{}"] }}"#, sha("root-key"))
}

fn sha(key: &str) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(key.as_bytes()).iter().map(|b| format!("{b:02x}")).collect()
}

fn keyed(mut asked: Request, key: &str) -> Request {
    asked.headers.retain(|(name, _)| name != "authorization");
    asked.with("authorization", &format!("Bearer {key}"))
}

fn usage(envoy: &mut Envoy, query: &str, key: &str) -> (u16, Value) {
    let asked = keyed(page(&format!("/sluice/usage{query}")), key);
    let client = &envoy.ask(asked, vec![]).client;
    (client.status(), client.json())
}

#[test]
fn a_record_says_whose_the_call_was() {
    let mut envoy = with(OA, &who());
    let exchange = envoy.ask(chat("m"), vec![refusal(503), good("anthropic")]);
    let record = exchange.record().unwrap();
    assert_eq!((&record["team"], &record["organization"]), (&json!("red"), &json!("acme")));
    assert_eq!(record["tags"], json!(["batch", "eu"]));
    assert_eq!((&record["outcome"], &record["client"]), (&json!("ok"), &json!("openai-chat")));
    assert_eq!(record["tried"][0], json!({ "provider": "openai", "outcome": "provider_fault" }));
    let labels = &envoy.rows()[0].labels;
    assert_eq!(labels, "alice\0m\0anthropic\0claude-haiku-4-5\0red\0acme");
    let exchange = envoy.ask(keyed(chat("m"), "bob-key"), vec![good("openai")]);
    let record = exchange.record().unwrap();
    assert_eq!((&record["team"], record.get("organization")), (&json!("blue"), None));
    assert_eq!(record.get("tried"), None, "one attempt is no list");
    envoy.assert_calm();
}

#[test]
fn the_report_is_grouped_filtered_and_guarded() {
    let mut envoy = with(O, &(who() + &admin()));
    for key in [CLIENT_KEY, CLIENT_KEY, "bob-key"] {
        envoy.ask(keyed(chat("m"), key), vec![good("openai")]);
    }
    let calls = |page: &Value, by: &str| -> Vec<(Value, u64)> {
        let rows = page["data"].as_array().unwrap().iter();
        rows.map(|r| (r[by].clone(), r["calls"].as_u64().unwrap())).collect()
    };
    let (_, teams) = usage(&mut envoy, "?group_by=team", "root-key");
    assert_eq!(calls(&teams, "team"), [(json!("blue"), 1), (json!("red"), 2)]);
    assert_eq!(
        (&teams["total"]["calls"], &teams["total"]["input_tokens"]),
        (&json!(3), &json!(30))
    );
    let (_, tags) = usage(&mut envoy, "?group_by=tag", "root-key");
    assert_eq!(calls(&tags, "tag"), [(json!("batch"), 3), (json!("eu"), 2)]);
    assert_eq!(tags["total"]["calls"], 3, "a row of two tags is one in the total");
    let (_, eu) = usage(&mut envoy, "?tag=eu&group_by=model,organization", "root-key");
    assert_eq!(calls(&eu, "organization"), [(json!("acme"), 2)]);
    let (_, bobs) = usage(&mut envoy, "?consumer=bob", "root-key");
    assert_eq!(calls(&bobs, "consumer"), [(json!("bob"), 1)]);
    // A consumer sees its own, whatever it asks for.
    let (_, own) = usage(&mut envoy, "", "bob-key");
    assert_eq!(calls(&own, "consumer"), [(json!("bob"), 1)]);
    assert_eq!(usage(&mut envoy, "?consumer=alice", "bob-key").1["data"], json!([]));
    assert_eq!(usage(&mut envoy, "", "wrong").0, 401);
    let (status, refused) = usage(&mut envoy, "?group_by=city", "root-key");
    assert!(
        status == 400 && refused["error"]["message"].as_str().unwrap().contains("upstream_model")
    );
    // An admin key is nobody's: it makes no calls, and lists no models.
    for asked in [chat("m"), page("/v1/models")] {
        assert_eq!(envoy.ask(keyed(asked, "root-key"), vec![]).client.status(), 403);
    }
    envoy.assert_calm();
}

#[test]
fn without_consumers_an_admin_key_closes_the_report() {
    let mut envoy = with(O, "");
    envoy.ask(chat("m"), vec![good("openai")]);
    assert_eq!(usage(&mut envoy, "", "whatever").1["data"][0]["calls"], 1, "open to newcomers");
    let mut envoy = with(O, &admin());
    envoy.ask(chat("m"), vec![good("openai")]);
    assert_eq!(usage(&mut envoy, "", "whatever").0, 401);
    assert_eq!(usage(&mut envoy, "", "root-key").1["data"][0]["calls"], 1);
    // Who has no key is still served, and seen in the record; the admin's is refused.
    assert_eq!(envoy.ask(keyed(chat("m"), "root-key"), vec![]).client.status(), 403);
    let health = |envoy: &mut Envoy, key: &str| {
        envoy.ask(keyed(page("/sluice/health"), key), vec![]).client.json()
    };
    assert!(health(&mut envoy, "root-key")["routing"].is_object());
    assert!(health(&mut envoy, "whatever").get("routing").is_none());
}

#[test]
fn rows_of_an_older_filter_have_no_team() {
    let mut envoy = with(O, &(who() + &admin()));
    let old = Counts { calls: 5, ..Counts::default() };
    envoy.count("alice\0m\0openai\0gpt", &old);
    envoy.ask(chat("m"), vec![good("openai")]);
    let (_, page) = usage(&mut envoy, "?group_by=consumer,team", "root-key");
    let rows: Vec<_> =
        page["data"].as_array().unwrap().iter().map(|r| (&r["team"], &r["calls"])).collect();
    assert_eq!(rows, [(&Value::Null, &json!(5)), (&json!("red"), &json!(1))]);
}

#[test]
fn no_name_is_another_row() {
    let mut envoy = with(O, &admin());
    let one = Counts { calls: 1, ..Counts::default() };
    for name in ["a\0m\0openai\0gpt\0red", "a/b\n\",", "=1+1", "@cf\r\nx"] {
        envoy.count(&[&*label(name), "m", "openai", "gpt"].join("\0"), &one);
    }
    let (_, page) = usage(&mut envoy, "?group_by=consumer,team", "root-key");
    let rows = page["data"].as_array().unwrap();
    assert_eq!(rows.len(), 4, "{page}");
    assert!(rows.iter().all(|row| row["team"].is_null()), "{page}");
    let asked = keyed(super::page("/sluice/usage?format=csv"), "root-key");
    let csv = envoy.ask(asked, vec![]).client.text();
    for cell in ["\r\n'=1+1,m,", "\r\n\"a/b\n\"\",\",m,", "\r\n\"'@cf\r\nx\",m,"] {
        assert!(csv.contains(cell), "{cell:?} in {csv:?}");
    }
}

#[test]
fn a_full_row_stays_full() {
    let mut envoy = with(O, "");
    let full = Counts { calls: u64::MAX, cost: u64::MAX, ..Counts::default() };
    envoy.count("anonymous\0m\0openai\0gpt", &full);
    envoy.count("anonymous\0n\0openai\0gpt", &full);
    envoy.ask(chat("m"), vec![good("openai")]);
    let (_, page) = usage(&mut envoy, "?group_by=provider", "");
    let row = &page["data"][0];
    assert_eq!((row["calls"].as_u64(), &page["total"]["calls"]), (Some(u64::MAX), &row["calls"]));
    assert!(envoy.exchanges.last().unwrap().client.text().contains(":18446744073.709551615,"));
}
