//! README.md says what is so: its tables are the code's, the files it names exist,
//! the configuration table knows every field. `BLESS=1` writes the tables anew.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends by panicking; clippy.toml only knows functions marked as tests"
)]

use std::path::Path;

const README: &str = include_str!("../README.md");
const IDENTITY: &str = include_str!("../docs/identity.md");
const LIMITS: &str = include_str!("../docs/limits.md");
const PRICES: &str = include_str!("../docs/prices.md");
const ROUTING: &str = include_str!("../docs/routing.md");

#[test]
fn the_tables_are_what_the_commands_print() {
    hold("README.md", "matrix", &sluice::cli::matrix::overview());
    hold("docs/matrix.md", "", &sluice::cli::matrix::features());
    hold("docs/providers.md", "", &sluice::cli::providers::markdown());
    hold("docs/fields.md", "", &sluice::cli::matrix::fields());
}

/// `file` must hold `printed` between the marks of this name; without a name, alone.
fn hold(file: &str, mark: &str, printed: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let (mut before, mut after) = (String::new(), String::new());
    if !mark.is_empty() {
        let (begin, end) = (format!("<!-- {mark} -->\n"), format!("<!-- /{mark} -->"));
        let (head, rest) = text.split_once(&begin).expect("a begin mark");
        let (_, tail) = rest.split_once(&end).expect("an end mark");
        (before, after) = (format!("{head}{begin}"), format!("{end}{tail}"));
    }
    let wanted = format!("{before}{printed}{after}");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, wanted).unwrap();
    } else {
        assert!(text == wanted, "{file} is stale: BLESS=1 cargo test --test readme");
    }
}

#[test]
fn named_files_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let named: Vec<&str> = README
        .split('`')
        .flat_map(|s| s.split_whitespace())
        .filter(|w| ["envoy/", "tests/", "src/", "docs/"].iter().any(|d| w.starts_with(d)))
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
    for type_ in [
        "Provider",
        "Model",
        "Shadow",
        "Defaults",
        "Consumer",
        "Expose",
        "Health",
        "Retries",
        "Budget",
        "MinSpeed",
        "Usage",
        "LongTarget",
        "Entry",
        "Rule",
        "When",
        "Part",
        "Team",
        "ClientKey",
        "Jwt",
        "TrustedHeader",
        "Limit",
        "LimitWhen",
        "FleetLimit",
        "Weights",
        "Service",
        "Admin",
    ] {
        names.extend(fields(&schema["$defs"][type_]["properties"]));
    }
    assert!(names.len() > 20, "{names:?}");
    for name in names {
        assert!(
            README.contains(&name) || ROUTING.contains(&name),
            "neither README.md nor docs/routing.md describes `{name}`"
        );
    }
}

#[test]
fn rows_name_every_field_of_their_type() {
    let schema: serde_json::Value =
        serde_json::from_str(include_str!("../envoy/sluice.schema.json")).unwrap();
    for (path, type_) in [
        ("providers.NAME.", "Provider"),
        ("models[].targets[]", "LongTarget"),
        ("models[].shadow", "Shadow"),
        ("rules[]", "Rule"),
        ("consumers[]", "Consumer"),
        ("catalog[]", "Entry"),
        ("defaults.", "Defaults"),
        ("defaults.min_speed", "MinSpeed"),
        ("retries.budget", "Budget"),
        ("health.", "Health"),
        ("preferences.", "Preferences"),
        ("envoy.", "Envoy"),
        ("limits[]", "Limit"),
        ("limits[].when", "LimitWhen"),
        ("limits[].weights", "Weights"),
        ("limits[].fleet", "FleetLimit"),
        ("fleet.service", "Service"),
    ] {
        let is_its = |line: &&str| line.starts_with(&format!("| `{path}"));
        let rows: String = README.lines().filter(is_its).collect();
        for name in fields(&schema["$defs"][type_]["properties"]) {
            assert!(rows.contains(&name), "the rows of `{path}` do not name `{name}`");
        }
    }
}

/// Each piece beside the providers that stand first.
#[test]
fn the_cookbook_loads() {
    let (_, rest) = README.split_once("## Routing\n").expect("the section");
    let (section, _) = rest.split_once("\n## ").expect("the next one");
    let pieces: Vec<&str> = section
        .split("```yaml\n")
        .skip(1)
        .map(|piece| piece.split_once("```").expect("an end").0)
        .collect();
    let (providers, pieces) = pieces.split_first().expect("providers");
    assert_eq!(pieces.len(), 7);
    for piece in pieces {
        let yaml = sluice::cli::yaml::parse(&format!("{providers}{piece}")).expect("YAML");
        let loaded = sluice::config::load(yaml.to_string().as_bytes(), &|_| Some("key".into()));
        assert!(loaded.is_ok(), "{piece}{:?}", loaded.err());
    }
}

/// Each piece, alone or beside a provider and a model.
#[test]
fn the_pieces_of_the_docs_load() {
    let base = "providers: { openai: { kind: openai } }\n\
                models: [{ name: fast, targets: [openai/gpt-5-mini] }]\n";
    let (_, section) = README.split_once("## Who may ask, and spend\n").expect("the section");
    let (section, _) = section.split_once("\n## ").expect("the next one");
    let mut loaded = 0;
    for (file, text) in
        [("README.md", section), ("identity", IDENTITY), ("limits", LIMITS), ("prices", PRICES)]
    {
        for piece in text.split("```yaml\n").skip(1) {
            let piece = piece.split_once("```").expect("an end").0;
            let before = if piece.contains("providers:") { "" } else { base };
            // What only means something beside others.
            let before = if piece.contains("per: team") && !piece.contains("teams:") {
                format!("{before}teams: [{{ name: office }}]\n")
            } else {
                before.to_owned()
            };
            let yaml = sluice::cli::yaml::parse(&format!("{before}{piece}")).expect("YAML");
            let taken = sluice::config::load(yaml.to_string().as_bytes(), &|_| Some("key".into()));
            assert!(taken.is_ok(), "{file}: {piece}{:?}", taken.err());
            loaded += 1;
        }
    }
    assert!(loaded > 9, "{loaded}");
}

fn fields(properties: &serde_json::Value) -> Vec<String> {
    properties.as_object().map(|p| p.keys().cloned().collect()).unwrap_or_default()
}
