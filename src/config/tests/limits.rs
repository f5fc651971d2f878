//! Limits that cannot be meant, by path.

use super::*;

/// The problems of these limits; a consumer `ann` of the team `red`, tagged `free`, one
/// `bob` of none; `red` belongs to `acme`, `blue` does not.
fn problems(limits: serde_json::Value) -> Vec<String> {
    let mut file = base();
    file["organizations"] = json!([{ "name": "acme" }]);
    file["teams"] = json!([{ "name": "red", "organization": "acme" }, { "name": "blue" }]);
    file["consumers"] = json!([
        { "name": "ann", "team": "red", "tags": ["free"], "key_sha256": ["0".repeat(64)] },
        { "name": "bob", "key_sha256": ["1".repeat(64)] }]);
    file["limits"] = limits;
    read(&file).err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

fn one(more: serde_json::Value) -> Vec<String> {
    let mut limit = json!({ "name": "l", "requests": 1, "every": "day" });
    for (key, value) in more.as_object().unwrap() {
        limit[key] = value.clone();
    }
    problems(json!([limit]))
}

#[test]
fn conditions_that_nobody_meets() {
    for (when, wanted) in [
        (json!({ "consumers": ["ann", "z*"] }), "limits[0].when.consumers[1]: `z*` matches none"),
        (json!({ "teams": ["green"] }), "limits[0].when.teams[0]: `green` matches none of `teams`"),
        (json!({ "organizations": ["x"] }), "limits[0].when.organizations[0]: `x` matches none"),
        (json!({ "tags": ["paid"] }), "limits[0].when.tags[0]: no consumer has the tag `paid`"),
        (json!({ "models": ["slow"] }), "limits[0].when.models[0]: `slow` matches none"),
        (json!({ "providers": ["gemini"] }), "limits[0].when.providers[0]: `gemini` matches none"),
        (json!({ "consumers": ["bob"], "tags": ["free"] }), "limits[0].when: counts nobody"),
        (json!({ "teams": ["blue"] }), "limits[0].when: counts nobody"),
    ] {
        let found = one(json!({ "when": when }));
        assert!(found.len() == 1 && found[0].starts_with(wanted), "{wanted}: {found:?}");
    }
    for when in [
        json!({ "consumers": ["a*"], "teams": ["red"], "organizations": ["acme"], "tags": ["free"] }),
        json!({ "consumers": ["anonymous"] }),
        json!({ "models": ["gpt-5*"], "providers": ["open*"] }),
    ] {
        assert_eq!(one(json!({ "when": when })), [""; 0]);
    }
}

#[test]
fn scopes_that_nobody_has() {
    for per in ["organization", "team", "key"] {
        assert_eq!(one(json!({ "per": per })), [""; 0]);
        let mut file = base();
        file["limits"] = json!([{ "name": "l", "requests": 1, "every": "day", "per": per }]);
        let found = read(&file).err().unwrap();
        let found = found[0].to_string();
        assert!(found.starts_with(&format!("limits[0].per: nobody has a {per}")), "{found}");
    }
}

#[test]
fn models_that_lead_nowhere_new() {
    let to = |model: &str, from: &[&str]| {
        json!({ "name": if from == ["gpt-*"] && model == "gpt-5" { "b".into() } else { format!("to-{model}") }, "requests": 1, "every": "day",
            "when": { "models": from }, "on_exceeded": { "route_to": model } })
    };
    let at = "limits[0].on_exceeded.route_to: ";
    let starts = |found: Vec<String>, wanted: &str| {
        assert!(
            found.first().is_some_and(|f| f.starts_with(&format!("{at}{wanted}"))),
            "{found:?}"
        );
    };
    starts(problems(json!([to("slow", &[])])), "`slow` matches none of the models");
    starts(problems(json!([to("fast", &["fast"])])), "`fast` is all that this limit counts");
    let circle = json!([to("gpt-5", &["fast"]), to("fast", &["gpt-*"])]);
    starts(problems(circle), "leads in a circle: the limit `to-fast` leads back");
    assert_eq!(problems(json!([to("gpt-5", &["fast"]), to("gpt-5", &["gpt-*"])])), [""; 0]);
    assert_eq!(problems(json!([to("fast", &[])])), [""; 0]);
    let found = one(json!({ "shadow": true, "on_exceeded": "warn" }));
    assert!(found[0].starts_with("limits[0].on_exceeded: means nothing where"), "{found:?}");
}

#[test]
fn own_limits_count_who_they_stand_at() {
    let mut file = base();
    let limit = |more: &str| {
        let mut limit = json!({ "requests": 1, "every": "day" });
        if !more.is_empty() {
            limit["when"] = json!({ more: ["x"] });
        }
        limit
    };
    let own = json!([limit(""), limit("teams"), { "requests": 2, "every": "day" }]);
    file["consumers"] = json!([{ "name": "ann", "key_sha256": ["0".repeat(64)], "limits": own }]);
    let found: Vec<_> = read(&file).unwrap_err().iter().map(ToString::to_string).collect();
    let path = "consumers[0].limits";
    assert!(
        found[0].starts_with(&format!("{path}[1].when.teams: is given by where it")),
        "{found:?}"
    );
    let twice = format!("{path}[1]: counts what an earlier one counts: give one of them a name");
    assert!(found.contains(&twice), "{found:?}");
}
