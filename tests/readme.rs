//! README.md says what is so: the matrix is the code's, the files it names exist,
//! the configuration table knows every field.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends by panicking; clippy.toml only knows functions marked as tests"
)]

use std::path::Path;

const README: &str = include_str!("../README.md");

#[test]
fn the_matrix_is_what_the_command_prints() {
    let after = README.split_once("<!-- matrix -->\n").expect("a begin mark").1;
    let held = after.split_once("<!-- /matrix -->").expect("an end mark").0;
    assert_eq!(
        held,
        sluice::cli::matrix::markdown(),
        "run `sluice matrix` and put its output there"
    );
}

#[test]
fn named_files_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let named: Vec<&str> = README
        .split('`')
        .flat_map(|s| s.split_whitespace())
        .filter(|w| ["envoy/", "tests/", "src/"].iter().any(|d| w.starts_with(d)))
        .collect();
    assert!(named.len() > 5, "{named:?}");
    for name in named {
        assert!(root.join(name).exists(), "README.md names {name}");
    }
}

#[test]
fn every_field_of_the_configuration_is_described() {
    let schema: serde_json::Value =
        serde_json::from_str(include_str!("../envoy/sluice.schema.json")).unwrap();
    let mut names: Vec<String> = fields(&schema["properties"]);
    for type_ in ["Provider", "Model", "Defaults", "Consumer", "Expose", "Usage", "LongTarget"] {
        names.extend(fields(&schema["$defs"][type_]["properties"]));
    }
    assert!(names.len() > 20, "{names:?}");
    for name in names {
        assert!(README.contains(&name), "README.md does not describe `{name}`");
    }
}

fn fields(properties: &serde_json::Value) -> Vec<String> {
    properties.as_object().map(|p| p.keys().cloned().collect()).unwrap_or_default()
}
