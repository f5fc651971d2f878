//! Limits that proxies share: what a rate limit service cannot do, by path.

use super::*;
use crate::config::limits::{Service, WhenDown};

fn with(limit: serde_json::Value, service: Option<serde_json::Value>) -> serde_json::Value {
    let mut file = base();
    let mut whole = json!({ "name": "l", "requests": 100, "every": "minute",
        "fleet": { "lease": 10 } });
    for (key, value) in limit.as_object().unwrap() {
        match value.is_null() {
            true => drop(whole.as_object_mut().unwrap().remove(key)),
            false => whole[key] = value.clone(),
        }
    }
    file["limits"] = json!([whole]);
    if let Some(service) = service {
        file["fleet"] = json!({ "service": service });
    }
    file
}

#[test]
fn a_service_and_its_defaults() {
    let config = read(&with(json!({}), Some(json!({ "cluster": "rls" })))).unwrap();
    let service = Service { cluster: "rls".into(), domain: "sluice".into(), timeout_ms: 200 };
    assert_eq!(config.fleet, Some(service));
    let fleet = config.limits[0].fleet.unwrap();
    assert_eq!((fleet.lease, fleet.when_down), (10, WhenDown::LocalOnly));
    let dollars = json!({ "requests": null, "dollars": 2, "fleet": { "lease": 0.5 } });
    let config = read(&with(dollars, Some(json!({ "cluster": "rls" })))).unwrap();
    assert_eq!(config.limits[0].fleet.unwrap().lease, 500_000_000);
}

#[test]
fn what_a_service_cannot_do() {
    for (limit, wanted) in [
        (json!({ "every": "week" }), "limits[0].every: must be second, minute, hour or day"),
        (json!({ "every": "month" }), "limits[0].every: must be second, minute, hour or day"),
        (json!({ "window": "bucket" }), "limits[0].window: is the service's"),
        (json!({ "window": "rolling" }), "limits[0].window: is the service's"),
        (json!({ "time_zone": "Europe/Berlin" }), "limits[0].time_zone: is UTC"),
        (
            json!({ "requests": null, "every": null, "concurrent": 5 }),
            "limits[0].fleet: cannot count concurrent calls",
        ),
        (
            json!({ "requests": null, "tokens": 5e9, "fleet": { "lease": 1 } }),
            "limits[0].fleet: counts to at most 4294967295",
        ),
        (json!({ "fleet": { "lease": 0 } }), "limits[0].fleet.lease: must be above 0"),
        (json!({ "fleet": { "lease": 101 } }), "limits[0].fleet.lease: must be above 0"),
        (json!({ "fleet": { "lease": 1.5 } }), "limits[0].fleet.lease: must be above 0"),
    ] {
        let found = read(&with(limit, Some(json!({ "cluster": "rls" })))).err().unwrap();
        let found: Vec<_> = found.iter().map(ToString::to_string).collect();
        assert!(found.iter().any(|p| p.starts_with(wanted)), "{wanted}: {found:?}");
    }
}

#[test]
fn a_service_that_is_missing_or_wrong() {
    for (service, wanted) in [
        (None, "limits[0].fleet: needs a service: set fleet.service.cluster"),
        (Some(json!({ "cluster": "a b" })), "fleet.service.cluster: must be 1 to 64"),
        (Some(json!({ "cluster": "a", "domain": "" })), "fleet.service.domain: must be 1 to 64"),
        (Some(json!({ "cluster": "a", "timeout": "11s" })), "fleet.service.timeout: must be 1ms"),
    ] {
        let found = read(&with(json!({}), service)).err().unwrap();
        let found: Vec<_> = found.iter().map(ToString::to_string).collect();
        assert!(found.iter().any(|p| p.starts_with(wanted)), "{wanted}: {found:?}");
    }
}

#[test]
fn the_service_knows_limits_by_their_names() {
    let mut file = with(json!({}), Some(json!({ "cluster": "rls" })));
    let own = json!({ "requests": 5, "every": "minute", "name": "l", "fleet": { "lease": 1 } });
    file["consumers"] = consumer(json!(["*"]));
    file["consumers"][0]["limits"] = json!([own]);
    let found = read(&file).err().unwrap();
    assert_eq!(found[0].path, "consumers[0].limits[0].name", "{found:?}");
}
