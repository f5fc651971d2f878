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
use sluice::dialect::{Operation, TRANSLATORS, Translator};
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

/// Golden cases of each pair of a client and a provider.
const LEAST: usize = 25;

#[test]
fn by_hand() {
    let mut cases = Vec::new();
    for folder in folders(&root()).into_iter().filter(|f| !f.ends_with("themes")) {
        let pair = TRANSLATORS.iter().find(|t| folder.ends_with(name(t)));
        let pair = pair.unwrap_or_else(|| panic!("{} is no pair", folder.display()));
        cases.extend(by_hand_of(pair));
    }
    on_all_cores(&cases, Case::run);
}

#[test]
fn by_theme() {
    let cases: Vec<_> = conversations().flat_map(|pair| Themed::all(pair, THEMES)).collect();
    on_all_cores(&cases, Themed::run);
}

/// A promise is a feature without a gap: `by_theme` holds conversations to it, this counts
/// the cases of every pair. And what a client's dialect lacks it does not say.
#[test]
fn every_promise_of_every_pair_has_a_case() {
    let mut missing = Vec::new();
    for pair in TRANSLATORS {
        let name = name(pair);
        let by_hand = by_hand_of(pair);
        let converses = pair.client.operation() == Operation::Chat;
        let themed = if converses { Themed::all(pair, THEMES) } else { Vec::new() };
        let count = by_hand.len() + themed.len();
        if count < LEAST {
            missing.push(format!("{name}: {count} cases, {LEAST} are asked for"));
        }
        for feature in Feature::of(pair.client.operation()) {
            let lacked = pair.client.lacks().iter().any(|(f, _)| f == feature);
            let wrong = if converses {
                let shows = themed.iter().filter(|case| case.shows(*feature));
                let shown = shows.filter(|c| !c.theme.one_way || c.is_as_promised()).count();
                lacked != (shown == 0)
            } else {
                pair.gap(*feature).is_none() && !by_hand.iter().any(|case| case.shows(*feature))
            };
            if wrong {
                let word = if lacked { "a case for what it lacks" } else { "no case" };
                missing.push(format!("{name}: {word}: {}", feature.as_str()));
            }
        }
        if converses {
            missing.extend(of_no_theme(&name, &themed));
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

/// What no theme writes any more proves nothing.
fn of_no_theme(name: &str, themed: &[Themed]) -> Wrong {
    let files = fs::read_dir(corpus::root().join(name)).unwrap().map(|f| f.unwrap().file_name());
    let stale = files.filter(|file| !themed.iter().any(|case| *file == *case.file()));
    stale.map(|file| format!("{name}: {} is of no theme", file.display())).collect()
}

fn by_hand_of(pair: &'static Translator) -> Vec<Case> {
    let folder = root().join(name(pair));
    let all = if folder.exists() { folders(&folder) } else { Vec::new() };
    all.into_iter().map(|folder| Case { pair, folder }).collect()
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
