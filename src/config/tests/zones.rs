//! `time_zone`, and what a limit is remembered under.

use super::{base, read};
use serde_json::json;

fn with(limit: serde_json::Value) -> serde_json::Value {
    let mut file = base();
    file["limits"] = json!([limit]);
    file
}

fn month(zone: &str) -> serde_json::Value {
    with(json!({ "name": "budget", "dollars": 5, "every": "month", "time_zone": zone }))
}

fn problem(file: &serde_json::Value) -> String {
    let problems = read(file).unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems[0].to_string()
}

#[test]
fn time_zones_are_known_names_or_rules() {
    for zone in
        ["UTC", "Europe/Berlin", "Asia/Calcutta", "EST5EDT", "<-02>2<-01>,M3.5.0/-1,M10.5.0/0"]
    {
        assert!(read(&month(zone)).is_ok(), "{zone}");
    }
    let words = problem(&month("Europe/Berlni"));
    assert!(
        words.contains("limits[0].time_zone") && words.contains("did you mean Europe/Berlin?"),
        "{words}"
    );
    let words = problem(&month("the moon"));
    assert!(words.contains("IANA name such as Europe/Berlin"), "{words}");
    let words = problem(&with(
        json!({ "name": "rate", "requests": 5, "every": "minute", "time_zone": "UTC" }),
    ));
    assert!(words.contains("window: calendar"), "{words}");
}

#[test]
fn what_was_spent_is_kept_across_zones_and_moments() {
    let config = read(&month("UTC")).unwrap();
    let id = config.limits[0].id;
    let Some(crate::config::limits::Window::Calendar(calendar)) = &config.limits[0].window else {
        panic!("a month is a calendar's")
    };
    calendar.turn(1_700_000_000_000_000_000);
    assert_eq!(read(&month("UTC")).unwrap().limits[0].id, id, "whatever was asked before");
    assert_eq!(read(&month("Europe/Berlin")).unwrap().limits[0].id, id);
    let mut day = month("UTC");
    day["limits"][0]["every"] = json!("day");
    assert_ne!(read(&day).unwrap().limits[0].id, id);
    let mut rolling = month("UTC");
    rolling["limits"][0]["window"] = json!("rolling");
    rolling["limits"][0].as_object_mut().unwrap().remove("time_zone");
    assert_ne!(read(&rolling).unwrap().limits[0].id, id);
}
