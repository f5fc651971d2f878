//! What a text is made of: counts of `scan`, as tokens of each class of text.
//!
//! The weights are what a state's entering costs in tokens, fitted by least squares to
//! the vocabularies `o200k_base` and `cl100k_base` over `tests/corpora` (`tests/estimates.rs`
//! fits them anew and says by how much they differ). They are where a model's own factors
//! (`factors`) begin, one for each class: so a class is what tokenizers treat alike.
//! Words of languages whose letters have marks are told from English ones by how many
//! have, and Han in Japanese from Han in Chinese by the Kana beside it: each pair shares
//! its weights and is split by that measure. Must not: weigh anything below nothing.

use super::scan::{self, Counts, Seen, State};
use memchr::{memchr, memmem};

/// Kinds of text that a model's factors know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    Words,
    /// Where letters have marks.
    Marked,
    Numbers,
    Signs,
    Space,
    /// Base64, hashes.
    Blob,
    /// Greek, Cyrillic and their like.
    Alphabets,
    /// Hebrew, Arabic.
    Semitic,
    /// Devanagari, Thai and their like.
    Indic,
    Han,
    /// Beside Kana.
    Kanji,
    Kana,
    Hangul,
    /// Emoji, typography, mathematics.
    Symbols,
    /// What a provider puts around each message.
    Frame,
    /// Names and syntax of tools.
    Tools,
}

pub const CLASSES: usize = 16;

/// Tokens of each class, by `Class as usize`.
pub type Parts = [f32; CLASSES];

/// A text, piece by piece.
pub struct Text {
    counts: Counts,
    state: State,
}

/// How often each feature was seen.
pub type Features = [f32; FEATURES];

/// Distinct states that weigh alike.
pub const FEATURES: usize = 48;
/// Of letters, so many have marks where words are of another language than English.
const MARKS: f32 = 60.0;

/// Of a feature: its class, and tokens.
pub static WEIGHTS: [(Class, f32); FEATURES] = super::weights::WEIGHTS;

static FEATURE: [u8; scan::STATES] = features();

// === impl Text ===

impl Default for Text {
    fn default() -> Self {
        Self { counts: Counts::NONE, state: State::NEW }
    }
}

impl Text {
    /// A further piece, with its escapes as JSON has them.
    pub fn add(&mut self, mut piece: &[u8]) {
        self.state = State::NEW;
        if memchr(b'\\', piece).is_none() {
            self.state = self.counts.run(piece, self.state);
            return;
        }
        while let Some(at) = memmem::find(piece, b"\\u") {
            let (before, rest) = piece.split_at(at);
            self.state = self.counts.run(before, self.state);
            let code = rest.get(2..6).and_then(code).filter(|_| !self.state.is_escape());
            let length = match code {
                Some(code) => {
                    let mut utf8 = [0; 4];
                    let bytes = stand_in(code, &mut utf8);
                    self.state = self.counts.run(bytes, self.state);
                    6
                }
                // The end of an escaped backslash, or nothing that JSON knows.
                None => {
                    let (one, _) = rest.split_at(1);
                    self.state = self.counts.run(one, self.state);
                    1
                }
            };
            piece = rest.get(length..).unwrap_or_default();
        }
        self.state = self.counts.run(piece, self.state);
    }

    /// How often each feature was seen.
    pub fn features(&self) -> Features {
        let mut all = [0_u32; FEATURES];
        for (n, feature) in self.counts.sums().iter().zip(&FEATURE).filter(|(n, _)| **n > 0) {
            if let Some(sum) = all.get_mut(*feature as usize) {
                *sum = sum.saturating_add(*n);
            }
        }
        all.map(|n| n as f32)
    }

    /// Bytes in runs of spaces or signs, of which a token may have any number.
    pub fn in_runs(features: &Features) -> u64 {
        use feature as f;
        let runs = [f::SPACE_N, f::LINE_N, f::INDENT_N, f::PUNCT_N, f::SIGN_N];
        runs.iter().filter_map(|f| features.get(*f as usize)).map(|n| *n as u64).sum()
    }

    /// Tokens by class.
    pub fn parts(features: &Features) -> Parts {
        let mut parts = [0.0; CLASSES];
        for (count, (class, weight)) in features.iter().zip(WEIGHTS) {
            if let Some(part) = parts.get_mut(class as usize) {
                *part += count * weight;
            }
        }
        let of = |from: u8, to: u8| {
            features.get(from as usize..to as usize).unwrap_or_default().iter().sum::<f32>()
        };
        let marked = of(feature::MARKED, feature::MARKED + 1);
        let letters = of(feature::FIRST, feature::MARKED);
        share(&mut parts, (Class::Words, Class::Marked), marked * MARKS / letters.max(1.0));
        let kana = of(feature::HIRAGANA, feature::CJK_PUNCT);
        let han = of(feature::HAN_1, feature::HAN_N + 1);
        share(&mut parts, (Class::Han, Class::Kanji), 4.0 * kana / han.max(1.0));
        parts
    }
}

/// Gives the second class its share of the first.
fn share(parts: &mut Parts, (from, to): (Class, Class), share: f32) {
    let whole = parts.get(from as usize).copied().unwrap_or_default();
    let part = whole * share.min(1.0);
    if let Some(left) = parts.get_mut(from as usize) {
        *left = whole - part;
    }
    if let Some(right) = parts.get_mut(to as usize) {
        *right += part;
    }
}

fn code(hex: &[u8]) -> Option<u32> {
    hex.iter().try_fold(0, |n, digit| Some(n << 4 | (*digit as char).to_digit(16)?))
}

/// The bytes of a character. Half a pair of surrogates is half an emoji.
fn stand_in(code: u32, utf8: &mut [u8; 4]) -> &[u8] {
    match char::from_u32(code) {
        Some(char) => char.encode_utf8(utf8).as_bytes(),
        None => b"\xF0\x9F",
    }
}

/// Their numbers.
pub mod feature {
    pub const NOTHING: u8 = 0;
    /// Six: behind a space, behind anything else, inside; in lower and upper case.
    pub const FIRST: u8 = 1;
    /// The 2nd and 3rd, the 4th and 5th, the 6th, ... the 12th, and each one more.
    pub const LOWER: u8 = 7;
    pub const UPPER: u8 = 17;
    pub const MARKED: u8 = 18;
    /// Five, as in `scan`.
    pub const DIGIT: u8 = 19;
    pub const SPACE_1: u8 = 24;
    pub const SPACE_2: u8 = 25;
    pub const SPACE_N: u8 = 26;
    pub const LINE_1: u8 = 27;
    pub const LINE_N: u8 = 28;
    pub const INDENT_1: u8 = 29;
    pub const INDENT_N: u8 = 30;
    pub const PUNCT_1: u8 = 31;
    pub const PUNCT_N: u8 = 32;
    pub const SIGN_1: u8 = 33;
    pub const SIGN_2: u8 = 34;
    pub const SIGN_N: u8 = 35;
    pub const BLOB: u8 = 36;
    pub const BLOB_DIGIT: u8 = 37;
    pub const ALPHABET: u8 = 38;
    pub const SEMITIC: u8 = 39;
    pub const INDIC: u8 = 40;
    pub const HIRAGANA: u8 = 41;
    pub const KATAKANA: u8 = 42;
    pub const CJK_PUNCT: u8 = 43;
    pub const HAN_1: u8 = 44;
    pub const HAN_N: u8 = 45;
    pub const HANGUL: u8 = 46;
    pub const SYMBOL: u8 = 47;
}

#[allow(clippy::indexing_slicing, reason = "at compile time")]
const fn features() -> [u8; scan::STATES] {
    let mut all = [0; scan::STATES];
    let mut state = 0;
    while state < scan::STATES {
        all[state] = feature_of(state as u8);
        state += 1;
    }
    all
}

const fn feature_of(state: u8) -> u8 {
    use feature as f;
    match scan::seen(state) {
        Seen::First(kind) => f::FIRST + kind,
        Seen::Lower(2 | 3) => f::LOWER,
        Seen::Lower(4 | 5) => f::LOWER + 1,
        Seen::Lower(at) => f::LOWER + at - 4,
        Seen::Upper(_) => f::UPPER,
        Seen::Marked(_) => f::MARKED,
        Seen::Digit(kind) => f::DIGIT + kind,
        Seen::Nothing => f::NOTHING,
        Seen::Plain(state) => match state {
            scan::SPACE_1 => f::SPACE_1,
            scan::SPACE_2 => f::SPACE_2,
            scan::SPACE_N => f::SPACE_N,
            scan::LINE_1 => f::LINE_1,
            scan::LINE_N => f::LINE_N,
            scan::INDENT_1 | scan::TAB_1 => f::INDENT_1,
            scan::INDENT_N => f::INDENT_N,
            scan::PUNCT_1 => f::PUNCT_1,
            scan::PUNCT_N => f::PUNCT_N,
            scan::SIGN_1 => f::SIGN_1,
            scan::SIGN_2 => f::SIGN_2,
            scan::SIGN_N => f::SIGN_N,
            scan::BLOB => f::BLOB,
            scan::BLOB_DIGIT | scan::BLOB_JOIN => f::BLOB_DIGIT,
            scan::GREEK_1..=scan::CYRILLIC_N => f::ALPHABET,
            scan::SEMITIC_1 | scan::SEMITIC_N => f::SEMITIC,
            scan::INDIC_1 => f::INDIC,
            scan::SYMBOL_1 | scan::EMOJI_1 => f::SYMBOL,
            scan::KANA_0 | scan::HIRAGANA => f::HIRAGANA,
            scan::KATAKANA => f::KATAKANA,
            scan::CJK_PUNCT => f::CJK_PUNCT,
            scan::HAN_1 => f::HAN_1,
            scan::HAN_N => f::HAN_N,
            scan::HANGUL_1 | scan::HANGUL_N => f::HANGUL,
            _ => f::NOTHING,
        },
    }
}
