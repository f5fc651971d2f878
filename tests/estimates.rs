//! How good the estimate of input tokens is, measured against real vocabularies.
//!
//! A provider is simulated that counts with `o200k_base` or `cl100k_base` and adds what
//! OpenAI's chat format adds to each message. Pieces of text of all kinds come in turn;
//! what they are judged by (every other paragraph) is never learned from. Promised: after
//! 200 calls at most `MEDIAN` percent off in the median and `P95` at the 95th percentile,
//! for each kind. The base weights are fitted to the same corpora: `fit` makes them anew
//! (`cargo test --test estimates -- --ignored --nocapture fit`).

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends by panicking; clippy.toml only knows functions marked as tests"
)]

use sluice::dialect::Maker;
use sluice::dialect::estimate::factors::Factors;
use sluice::dialect::estimate::measure::Measure;
use sluice::dialect::estimate::pictures::Sight;
use sluice::dialect::estimate::text::{FEATURES, Text, WEIGHTS, feature};
use std::fs;
use tiktoken_rs::CoreBPE;

const MEDIAN: f64 = 8.0;
const P95: f64 = 25.0;
const CALLS: usize = 200;
const JUDGED: usize = 300;
const SPACE: usize = feature::SPACE_1 as usize;

struct Dice(u64);

struct Kind {
    name: &'static str,
    /// Paragraphs to learn from, and to be judged by.
    halves: [Vec<String>; 2],
}

/// A call: its body, and what the provider reports.
struct Call {
    body: Vec<u8>,
    reported: u64,
}

#[test]
fn after_200_calls_estimates_are_close() {
    let mut bad = Vec::new();
    for (name, bpe) in vocabularies() {
        let mut dice = Dice(7);
        let kinds = kinds(&mut dice);
        println!("{name:12} {:>8} {:>18} {:>18}", "", "before", "after");
        println!("{:12} {:>8} {:>9}{:>9} {:>9}{:>9}", "", "", "median", "p95", "median", "p95");
        let mut factors = Factors::NONE;
        for n in 0..CALLS {
            let call = kinds[n % kinds.len()].call(0, &mut dice, &bpe);
            factors.learn(&measure(&call.body).parts, call.reported);
        }
        for kind in &kinds {
            let off = |factors: &Factors, call: &Call| {
                let guess = measure(&call.body).tokens(factors) as f64;
                (guess - call.reported as f64).abs() * 100.0 / call.reported as f64
            };
            let calls: Vec<_> = (0..JUDGED).map(|_| kind.call(1, &mut dice, &bpe)).collect();
            let errors = |factors: &Factors| {
                let mut all: Vec<_> = calls.iter().map(|call| off(factors, call)).collect();
                all.sort_by(f64::total_cmp);
                (all[JUDGED / 2], all[JUDGED * 95 / 100])
            };
            let (before, after) = (errors(&Factors::NONE), errors(&factors));
            println!(
                "{:12} {:>8} {:>8.1}%{:>8.1}% {:>8.1}%{:>8.1}%",
                "", kind.name, before.0, before.1, after.0, after.1
            );
            if after.0 > MEDIAN || after.1 > P95 {
                bad.push(format!("{name} {}: {after:?}", kind.name));
            }
        }
    }
    assert!(bad.is_empty(), "{bad:#?}");
}

/// What the weights in `dialect::estimate::weights` are made by: non-negative least squares
/// over pieces of all kinds, relative to their size, both vocabularies alike.
#[test]
#[ignore = "makes the table anew; slow"]
fn fit() {
    let fitted = fitted(200);
    for (i, weight) in fitted.iter().enumerate() {
        println!("    (Class::{:?}, {weight:.3}),", WEIGHTS[i].0);
    }
}

/// The committed weights are those of a fit.
#[test]
fn weights_are_fitted() {
    let fitted = fitted(60);
    let mut dice = Dice(3);
    for kind in &kinds(&mut dice) {
        let (mut ours, mut theirs) = (0.0, 0.0);
        for _ in 0..40 {
            let features = features(&kind.piece(1, &mut dice));
            let sum = |weights: &dyn Fn(usize) -> f64| -> f64 {
                features.iter().enumerate().map(|(i, n)| n * weights(i)).sum()
            };
            ours += sum(&|i| f64::from(WEIGHTS[i].1));
            theirs += sum(&|i| fitted[i]);
        }
        let ratio = ours / theirs;
        assert!((0.93..1.07).contains(&ratio), "{}: {ratio}", kind.name);
    }
}

fn vocabularies() -> [(&'static str, CoreBPE); 2] {
    [
        ("o200k_base", tiktoken_rs::o200k_base().unwrap()),
        ("cl100k_base", tiktoken_rs::cl100k_base().unwrap()),
    ]
}

fn measure(body: &[u8]) -> Measure {
    Measure::of(body, &|| Sight::of(Maker::Other, ""))
}

fn features(piece: &str) -> Vec<f64> {
    let json = serde_json::to_string(piece).unwrap();
    let mut text = Text::default();
    text.add(&json.as_bytes()[1..json.len() - 1]);
    text.features().iter().map(|n| f64::from(*n)).collect()
}

fn fitted(pieces: usize) -> Vec<f64> {
    let mut dice = Dice(11);
    let bpes = vocabularies();
    let mut rows = Vec::new();
    let mut kinds = kinds(&mut dice);
    kinds.push(Kind::of("others", paragraphs("tests/corpora/others.txt")));
    for kind in &kinds {
        for _ in 0..pieces {
            let (length, half) = (dice.between(100, 3_000), 0);
            let piece = kind.piece_of(half, length, &mut dice);
            let tokens: usize = bpes.iter().map(|(_, b)| b.encode_ordinary(&piece).len()).sum();
            let tokens = tokens as f64 / bpes.len() as f64;
            let row: Vec<_> = features(&piece).iter().map(|n| n / tokens).collect();
            rows.push(row);
        }
    }
    // Minimises |A w - 1|^2 + ridge |w - w0|^2, w >= 0, one weight after the other.
    let mut w: Vec<f64> = WEIGHTS.iter().map(|(_, w)| f64::from(*w)).collect();
    let start = w.clone();
    let ridge = rows.len() as f64 * 1e-7;
    let mut rest: Vec<f64> =
        rows.iter().map(|row| 1.0 - row.iter().zip(&w).map(|(a, w)| a * w).sum::<f64>()).collect();
    for _ in 0..400 {
        // A single space is part of the word behind it.
        for i in (0..FEATURES).filter(|i| *i != SPACE) {
            let square: f64 = rows.iter().map(|row| row[i] * row[i]).sum::<f64>() + ridge;
            let slope: f64 = rows.iter().zip(&rest).map(|(row, r)| row[i] * r).sum::<f64>()
                - ridge * (w[i] - start[i]);
            let next = (w[i] + slope / square).max(0.0);
            let step = next - w[i];
            if step != 0.0 {
                rest.iter_mut().zip(&rows).for_each(|(r, row)| *r -= step * row[i]);
                w[i] = next;
            }
        }
    }
    w
}

fn kinds(dice: &mut Dice) -> Vec<Kind> {
    let files = |paths: &[&str]| -> Vec<String> {
        paths.iter().flat_map(|path| paragraphs(path)).collect()
    };
    let code = |paths: &[&str]| -> Vec<String> {
        let texts = paths.iter().map(|path| fs::read_to_string(path).unwrap());
        texts.flat_map(|text| chunks(&text, 25)).collect()
    };
    let encoded = |dice: &mut Dice| -> Vec<String> {
        (0..20)
            .map(|n| match n % 10 {
                // Hashes.
                0 | 1 => (0..10).map(|_| format!("{:016x}", dice.next())).collect(),
                _ => base64(&(0..1_000).map(|_| (dice.next() >> 40) as u8).collect::<Vec<_>>()),
            })
            .collect()
    };
    vec![
        Kind::of("English", files(&["tests/corpora/english.txt", "README.md", "docs/routing.md"])),
        Kind::of("German", files(&["tests/corpora/german.txt"])),
        Kind::of("Chinese", files(&["tests/corpora/chinese.txt"])),
        Kind::of("Japanese", files(&["tests/corpora/japanese.txt"])),
        Kind::of(
            "Rust",
            code(&["src/route/decide.rs", "src/exchange/settle.rs", "src/wire/json/scan.rs"]),
        ),
        Kind::of(
            "Python",
            code(&["tests/clients/messages.py", "tests/clients/gemini.py", "tests/e2e/relay.py"]),
        ),
        Kind::of("JSON", code(&["tests/responses_hops/answers.json", "envoy/sluice.schema.json"])),
        Kind::of("base64", encoded(dice)),
    ]
}

fn paragraphs(path: &str) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    text.split("\n\n").map(|p| format!("{p}\n\n")).collect()
}

fn chunks(text: &str, lines: usize) -> Vec<String> {
    let lines: Vec<_> =
        text.lines().collect::<Vec<_>>().chunks(lines).map(|c| c.join("\n")).collect();
    lines.into_iter().map(|c| c + "\n").collect()
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits = |three: &[u8]| three.iter().fold(0_u32, |n, b| n << 8 | u32::from(*b));
    let quads = bytes.chunks_exact(3).flat_map(|three| {
        [18, 12, 6, 0].map(|shift| ALPHABET[(bits(three) >> shift & 63) as usize] as char)
    });
    quads.collect()
}

// === impl Kind ===

impl Kind {
    fn of(name: &'static str, paragraphs: Vec<String>) -> Self {
        let half = |n: usize| paragraphs.iter().skip(n).step_by(2).cloned().collect();
        Self { name, halves: [half(0), half(1)] }
    }

    /// 200 bytes to 20 KiB, short ones as often as long ones.
    fn piece(&self, half: usize, dice: &mut Dice) -> String {
        let length = 200.0 * 102.4_f64.powf(dice.next() as f64 / u64::MAX as f64);
        self.piece_of(half, length as usize, dice)
    }

    fn piece_of(&self, half: usize, length: usize, dice: &mut Dice) -> String {
        let paragraphs = &self.halves[half];
        let mut out = String::new();
        while out.len() < length {
            let paragraph = &paragraphs[dice.between(0, paragraphs.len())];
            let from = if out.is_empty() { dice.between(0, paragraph.len()) } else { 0 };
            out.extend(paragraph.char_indices().filter(|(i, _)| *i >= from).map(|(_, c)| c));
        }
        let end = (0..=length).rev().find(|i| out.is_char_boundary(*i)).unwrap();
        out.truncate(end);
        out
    }

    fn call(&self, half: usize, dice: &mut Dice, bpe: &CoreBPE) -> Call {
        let piece = self.piece(half, dice);
        let messages = serde_json::json!([
            { "role": "system", "content": "You are helpful." },
            { "role": "user", "content": piece },
        ]);
        let body = serde_json::json!({ "model": "m", "messages": messages, "max_tokens": 100 });
        let tokens =
            bpe.encode_ordinary(&piece).len() + bpe.encode_ordinary("You are helpful.").len();
        Call { body: body.to_string().into_bytes(), reported: tokens as u64 + 2 * 4 + 3 }
    }
}

// === impl Dice ===

impl Dice {
    /// <https://prng.di.unimi.it/splitmix64.c>
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let a = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let b = (a ^ a >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        b ^ b >> 31
    }

    fn between(&mut self, from: usize, to: usize) -> usize {
        from + (self.next() % (to - from).max(1) as u64) as usize
    }
}
