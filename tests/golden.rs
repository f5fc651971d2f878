//! What every pair of dialects makes of calls, to the byte. `BLESS=1 cargo test --test
//! golden` writes anew what must come out: read the diff.
//!
//! **Cases by hand**, one folder each under `tests/golden/<client>-<upstream>/`, for what
//! a pair alone has:
//!
//! - `request.json`: what the client sends; `request.bin`, a form with the boundary `b`;
//! - `case.json`, optional: `model`, `traits`, `kind` of provider (its quirks), what a
//!   header told of the input (`told_input`), and `status` of a refusal;
//! - `upstream-response.json`, `.sse`, `.events` (AWS event streams as text, see
//!   `support/events.rs`) or `.bin` (a file): what the provider answers;
//! - `upstream-request.json` or `.bin`, `response` as the provider's, `outcome.json`: what
//!   must come out.
//!
//! **Themes**, for what every pair has: `support/golden/themes.rs` lists them. A client
//! dialect says each in `tests/golden/themes/requests/<client>/`, a provider dialect
//! answers in `.../answers/<upstream>/` (refusals have their status in the name,
//! `model.json` says what the model is), and every pair of the two is a case, with all
//! that must come out in `.../<client>-<upstream>/<theme>.txt`. A new dialect writes its
//! requests or its answers and has its cases.
//!
//! Themes are held to the table of gaps, feature by feature: see `support/golden/themed.rs`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends by panicking; clippy.toml only knows functions marked as tests"
)]

use case::Case;
use sluice::dialect::features::Feature;
use sluice::dialect::{Dialect, Operation, TRANSLATORS, Translator};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use themed::Themed;
use themes::THEMES;

#[path = "support/golden/case.rs"]
mod case;
#[path = "support/golden/corpus.rs"]
mod corpus;
#[path = "support/events.rs"]
mod events;
#[path = "support/golden/exchange.rs"]
mod exchange;
#[path = "support/golden/settings.rs"]
mod settings;
#[path = "support/golden/themed.rs"]
mod themed;
#[path = "support/golden/themes.rs"]
mod themes;

/// What did not come out as it must.
pub type Wrong = Vec<String>;

/// Golden cases of each pair of a client and a provider that converse.
const LEAST: usize = 25;

#[test]
fn by_hand() {
    let mut cases = Vec::new();
    for folder in folders(&root()).into_iter().filter(|f| !f.ends_with("themes")) {
        let pair = TRANSLATORS.iter().find(|t| folder.ends_with(name(t)));
        let pair = pair.unwrap_or_else(|| panic!("{} is no pair", folder.display()));
        cases.extend(folders(&folder).into_iter().map(|folder| Case { pair, folder }));
    }
    on_all_cores(&cases, Case::run);
}

#[test]
fn by_theme() {
    let cases: Vec<_> = conversations().flat_map(|pair| Themed::all(pair, THEMES)).collect();
    on_all_cores(&cases, Themed::run);
}

/// A promise is a feature without a gap: `by_theme` holds every case to it, this counts
/// them. And what a client's dialect lacks it does not say.
#[test]
fn every_feature_of_every_pair_has_a_case() {
    let mut missing = Vec::new();
    for pair in conversations() {
        let (name, cases) = (name(pair), Themed::all(pair, THEMES));
        for feature in Feature::of(Operation::Chat) {
            let lacked = pair.client.lacks().iter().any(|(f, _)| f == feature);
            let shows = cases.iter().filter(|case| case.shows(*feature));
            let shown = shows.filter(|c| !c.theme.one_way || c.is_as_promised()).count();
            if lacked != (shown == 0) {
                missing.push(format!("{name}: {shown} for {}", feature.as_str()));
            }
        }
        let by_hand = root().join(&name);
        let count = cases.len() + if by_hand.exists() { folders(&by_hand).len() } else { 0 };
        if count < LEAST {
            missing.push(format!("{name}: {count} cases, {LEAST} are asked for"));
        }
        // What no theme writes any more proves nothing.
        for file in fs::read_dir(corpus::root().join(&name)).unwrap() {
            let file = file.unwrap().file_name();
            if !cases.iter().any(|case| file == *case.file()) {
                missing.push(format!("{name}: {} is of no theme", file.display()));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

/// The same of embeddings and ranks, whose cases are by hand.
#[test]
fn every_feature_of_numbers_has_a_case() {
    let mut missing = Vec::new();
    let of_numbers =
        |t: &&Translator| matches!(t.client.operation(), Operation::Embed | Operation::Rerank);
    let pairs = TRANSLATORS.iter().filter(of_numbers);
    for pair in pairs.filter(|t| !t.fields.is_empty()) {
        let (name, features) = (name(pair), Feature::of(pair.client.operation()));
        let cases = folders(&root().join(&name)).into_iter();
        let cases: Vec<_> = cases.map(|folder| Case { pair, folder }).collect();
        if cases.len() < LEAST {
            missing.push(format!("{name}: {} cases, {LEAST} are asked for", cases.len()));
        }
        for feature in features.iter().filter(|f| pair.gap(**f).is_none()) {
            if !cases.iter().any(|case| case.shows(*feature)) {
                missing.push(format!("{name}: no case for {}", feature.as_str()));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

/// The same of the counters, by what is in a request to count.
#[test]
fn every_promise_of_a_counter_has_a_case() {
    let mut missing = Vec::new();
    for pair in TRANSLATORS.iter().filter(|t| t.client == Dialect::AnthropicCount) {
        let name = name(pair);
        let cases: Vec<String> =
            folders(&root().join(&name)).iter().filter_map(|c| held(c)).collect();
        if cases.len() < LEAST {
            missing.push(format!("{name}: {} cases, {LEAST} are asked for", cases.len()));
        }
        for (feature, word) in [
            (Feature::Text, r#""messages""#),
            (Feature::System, r#""system""#),
            (Feature::ImageData, "image/png"),
            (Feature::ImageUrl, r#""url":"#),
            (Feature::Files, "application/pdf"),
            (Feature::Tools, r#""input_schema""#),
            (Feature::ToolChoice, r#""tool_choice""#),
            (Feature::StructuredOutput, "json_schema"),
            (Feature::Reasoning, r#""budget_tokens""#),
            (Feature::SignedThoughts, r#""signature""#),
        ] {
            if pair.gap(feature).is_none() && !cases.iter().any(|c| c.contains(word)) {
                missing.push(format!("{name}: no case for {}", feature.as_str()));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

/// The request of a case that was not refused.
fn held(folder: &Path) -> Option<String> {
    let text = |file| fs::read_to_string(folder.join(file)).ok();
    text("outcome.json").filter(|o| !o.contains(r#""refused""#)).and(text("request.json"))
}

/// `tests/golden`'s name for a pair.
pub fn name(pair: &Translator) -> String {
    format!("{}-{}", pair.client.as_str(), pair.upstream.as_str())
}

/// Holds what came to the file, or writes it.
pub fn expect(path: &Path, got: &[u8], wrong: &mut Wrong) {
    if std::env::var_os("BLESS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, got).unwrap();
    } else if fs::read(path).ok().as_deref() != Some(got) {
        wrong.push(format!("{}: got\n{}", path.display(), String::from_utf8_lossy(got)));
    }
}

fn conversations() -> impl Iterator<Item = &'static Translator> {
    TRANSLATORS.iter().filter(|t| t.client.operation() == Operation::Chat)
}

/// Every stream is cut at every byte: worth all the cores there are.
fn on_all_cores<T: Sync>(cases: &[T], run: impl Fn(&T, &mut Wrong) + Sync) {
    assert!(!cases.is_empty());
    let next = AtomicUsize::new(0);
    let work = || {
        let mut wrong = Vec::new();
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            run(case, &mut wrong);
        }
        wrong
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let wrong: Wrong = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|w| w.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn folders(path: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> =
        fs::read_dir(path).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_dir()).collect();
    all.sort();
    all
}
