//! `admin`, and what may be wrong with it.

use super::{base, consumer, read};
use serde_json::{Value, json};

fn problem(admin: &Value) -> String {
    let mut file = base();
    file["consumers"] = consumer(json!(["fast"]));
    file["admin"] = admin.clone();
    read(&file).map_or_else(|p| p[0].to_string(), |_| String::new())
}

#[test]
fn admin_keys_are_digests_of_nobody_elses() {
    let key = "1".repeat(64);
    assert_eq!(problem(&json!({ "key_sha256": [key] })), "");
    for (admin, said) in [
        (json!({ "key_sha256": [] }), "admin.key_sha256: must hold 1 to 16"),
        (json!({ "key_sha256": vec![&key; 17] }), "admin.key_sha256: must hold 1 to 16"),
        (json!({ "key_sha256": ["root"] }), "admin.key_sha256[0]: must be 64 hexadecimal digits"),
        (json!({ "key_sha256": [key, key] }), "admin.key_sha256[1]: stands there twice"),
        (json!({ "key_sha256": ["0".repeat(64)] }), "admin.key_sha256[0]: this key belongs to a"),
        (json!({}), "admin: missing field `key_sha256`"),
        (json!({ "key": key }), "admin.key: unknown field"),
    ] {
        let problem = problem(&admin);
        assert!(problem.starts_with(said), "{problem} is not {said}");
    }
}
