//! `models.tsv`: one line per model, found by binary search in the text itself.
//!
//! Columns, tabs between them, empty ones at the end left out:
//! `provider model flags input output cache_read cache_write cache_write_1h
//! input_above_200k output_above_200k reasoning context max_output retires`. Prices
//! are USD per million tokens; empty is not listed, `0` is free. Flags: the mode in
//! upper case (`Mode`), then abilities in lower case (`Ability`). Lines are sorted by
//! provider and model without regard to case; the heading begins with `#`, which
//! sorts before any name.
//!
//! The text is data of the wasm module: nothing is built from it when a VM starts,
//! and a look-up reads a dozen lines of it. Rejected: a perfect hash or a packed
//! binary, which save 30 KiB and make a price change unreadable in review.
//!
//! `sluice models --import LIST.csv` writes it from a public list.

use super::price::{self, Price};
use std::cmp::Ordering;

/// What the catalog lists of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listing {
    /// Whose prices these are: a kind of provider, or a section of one (`names`).
    pub provider: &'static str,
    pub model: &'static str,
    pub mode: Mode,
    pub abilities: Abilities,
    /// `None`: unpriced.
    pub price: Option<Price>,
    /// Most tokens of input.
    pub context: Option<u32>,
    /// Most tokens of output.
    pub max_output: Option<u32>,
    /// The day of its retirement, YYYY-MM-DD; empty: none is announced.
    pub retires: &'static str,
}

/// The API a model is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Chat,
    Completion,
    Embedding,
    Rerank,
    /// OpenAI's Responses and nothing else.
    Responses,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ability {
    Tools,
    ParallelTools,
    Vision,
    Pdf,
    AudioIn,
    Schema,
    Reasoning,
    PromptCache,
    Prefill,
}

/// A set of abilities.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Abilities(u16);

/// The whole table.
pub const TEXT: &str = include_str!("models.tsv");

/// Which list this is: the day it was taken over, and the first digits of its SHA-256. It
/// stands in every record of a call that was priced by it; a test holds it to the text.
pub const VERSION: &str = "2026-11-21.f9d8bd94";

/// By a section's name and the parts of a model's name, which are read as one.
pub fn find(provider: &str, model: [&str; 3]) -> Option<Listing> {
    let wanted = || {
        let parts = provider.bytes().chain([b'\t']).chain(model.iter().flat_map(|p| p.bytes()));
        parts.map(|b| b.to_ascii_lowercase())
    };
    let (mut low, mut high) = (0, TEXT.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let start = TEXT.get(low..middle)?.rfind('\n').map_or(low, |at| low + at + 1);
        let line = TEXT.get(start..high)?.split('\n').next()?;
        match key(line).cmp(wanted()) {
            Ordering::Less => low = (start + line.len() + 1).min(high),
            Ordering::Greater => high = start,
            Ordering::Equal => return read(line),
        }
    }
    None
}

/// All of it, in order.
pub fn all() -> impl Iterator<Item = Listing> {
    TEXT.lines().filter_map(read)
}

/// What lines are sorted by.
fn key(line: &str) -> impl Iterator<Item = u8> {
    let end = line.match_indices('\t').nth(1).map_or(line.len(), |(at, _)| at);
    line.bytes().take(end).map(|b| b.to_ascii_lowercase())
}

/// `None` for the heading, and for what is no line of ours (a test finds none).
pub fn read(line: &'static str) -> Option<Listing> {
    if line.starts_with('#') {
        return None;
    }
    let mut columns = line.split('\t');
    let mut next = || columns.next().unwrap_or_default();
    let (provider, model, flags) = (next(), next(), next());
    let (mode, abilities) = flags.split_at_checked(1)?;
    let mode = *Mode::ALL.iter().find(|m| m.flag() == mode)?;
    let abilities = Abilities::read(abilities)?;
    let mut money = || match next() {
        "" => Some(None),
        text => price::parse(text).map(Some),
    };
    let prices = [money()?, money()?, money()?, money()?, money()?, money()?, money()?, money()?];
    let mut tokens = || match next() {
        "" => Some(None),
        text => text.parse().ok().map(Some),
    };
    let (context, max_output) = (tokens()?, tokens()?);
    let price = Price::of(prices);
    Some(Listing { provider, model, mode, abilities, price, context, max_output, retires: next() })
}

// === impl Listing ===

impl Listing {
    /// The price that a call's tokens are charged at. Lists give rerankers that are
    /// paid by the search, and Lyria, that is paid by the song, 0 a token, which is not
    /// that they are free.
    /// <https://cohere.com/pricing>, <https://ai.google.dev/gemini-api/docs/pricing>
    pub fn per_token(&self) -> Option<Price> {
        let by_piece = self.mode == Mode::Rerank || self.model.starts_with("lyria-");
        self.price.filter(|p| !by_piece || p.input > 0)
    }

    /// Many lines have no flag at all, of models that can do much: they say nothing.
    pub fn lacks(&self) -> Abilities {
        let says = matches!(self.mode, Mode::Chat | Mode::Responses)
            && self.abilities != Abilities::default();
        if says { Abilities::BELIEVED.without(self.abilities) } else { Abilities::default() }
    }
}

// === impl Price ===

impl Price {
    /// In the order of the columns. Without the price of input there is none.
    pub fn of(columns: [Option<u64>; 8]) -> Option<Self> {
        let [
            input,
            output,
            cache_read,
            cache_write,
            cache_write_1h,
            input_above_200k,
            output_above_200k,
            reasoning,
        ] = columns;
        Some(Self {
            input: input?,
            output,
            cache_read,
            cache_write,
            cache_write_1h,
            input_above_200k,
            output_above_200k,
            reasoning,
        })
    }

    pub fn columns(&self) -> [Option<u64>; 8] {
        [
            Some(self.input),
            self.output,
            self.cache_read,
            self.cache_write,
            self.cache_write_1h,
            self.input_above_200k,
            self.output_above_200k,
            self.reasoning,
        ]
    }
}

// === impl Mode ===

impl Mode {
    pub const ALL: [Mode; 5] =
        [Mode::Chat, Mode::Completion, Mode::Embedding, Mode::Rerank, Mode::Responses];

    pub const fn flag(self) -> &'static str {
        match self {
            Mode::Chat => "C",
            Mode::Completion => "T",
            Mode::Embedding => "E",
            Mode::Rerank => "K",
            Mode::Responses => "R",
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Mode::Chat => "chat",
            Mode::Completion => "completion",
            Mode::Embedding => "embedding",
            Mode::Rerank => "rerank",
            Mode::Responses => "responses",
        }
    }
}

// === impl Ability ===

impl Ability {
    pub const ALL: [Ability; 9] = [
        Ability::Tools,
        Ability::ParallelTools,
        Ability::Vision,
        Ability::Pdf,
        Ability::AudioIn,
        Ability::Schema,
        Ability::Reasoning,
        Ability::PromptCache,
        Ability::Prefill,
    ];

    pub const fn flag(self) -> char {
        match self {
            Ability::Tools => 't',
            Ability::ParallelTools => 'p',
            Ability::Vision => 'v',
            Ability::Pdf => 'd',
            Ability::AudioIn => 'a',
            Ability::Schema => 's',
            Ability::Reasoning => 'r',
            Ability::PromptCache => 'c',
            Ability::Prefill => 'f',
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Ability::Tools => "tools",
            Ability::ParallelTools => "parallel_tools",
            Ability::Vision => "vision",
            Ability::Pdf => "pdf",
            Ability::AudioIn => "audio_in",
            Ability::Schema => "schema",
            Ability::Reasoning => "reasoning",
            Ability::PromptCache => "prompt_cache",
            Ability::Prefill => "prefill",
        }
    }
}

// === impl Abilities ===

impl Abilities {
    /// What a call may ask for.
    pub const ASKED: Abilities =
        Abilities::BELIEVED.with(Ability::Pdf).with(Ability::AudioIn).with(Ability::Schema);
    /// Of these, what the list is complete in.
    const BELIEVED: Abilities = Abilities(0).with(Ability::Tools).with(Ability::Vision);

    pub const fn has(self, ability: Ability) -> bool {
        self.0 & (1 << ability as u16) != 0
    }

    pub const fn with(self, ability: Ability) -> Self {
        Self(self.0 | (1 << ability as u16))
    }

    pub const fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    pub fn first_of(self, others: Self) -> Option<Ability> {
        Self(self.0 & others.0).iter().next()
    }

    pub fn iter(self) -> impl Iterator<Item = Ability> {
        Ability::ALL.into_iter().filter(move |a| self.has(*a))
    }

    fn read(flags: &str) -> Option<Self> {
        flags.chars().try_fold(Self::default(), |set, flag| {
            Ability::ALL.into_iter().find(|a| a.flag() == flag).map(|a| set.with(a))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};

    #[test]
    fn the_version_is_of_this_text() {
        let digest = Sha256::digest(TEXT);
        let hex: String = digest.iter().take(4).map(|b| format!("{b:02x}")).collect();
        let (day, of) = VERSION.split_once('.').unwrap();
        assert_eq!(of, hex, "models.tsv has changed: give VERSION the day and these digits");
        assert_eq!(day.len(), 10);
    }

    #[test]
    fn every_line_is_read_and_found() {
        let lines: Vec<_> = TEXT.lines().collect();
        assert!(lines.first().is_some_and(|l| l.starts_with('#')));
        let rows: Vec<_> = lines.iter().skip(1).map(|l| read(l).expect(l)).collect();
        assert_eq!(rows.len(), all().count());
        for pair in lines.windows(2) {
            assert!(key(pair[0]).lt(key(pair[1])), "{:?} is out of order", pair[1]);
        }
        for row in rows {
            assert_eq!(find(row.provider, ["", "", row.model]), Some(row));
            assert_eq!(find(row.provider, [&row.model.to_ascii_uppercase(), "", ""]), Some(row));
            let (a, b) = row.model.split_at(row.model.len() / 2);
            assert_eq!(find(row.provider, ["", a, b]), Some(row));
            assert_eq!(find(row.provider, [row.model, "", "?"]), None);
            assert_eq!(find(row.provider, [row.model, "\t", ""]), None);
        }
        for (provider, model) in
            [("", ""), ("#", ""), ("# provider", "model"), ("zzz", "z"), ("openai", "")]
        {
            assert_eq!(find(provider, [model, "", ""]), None, "{provider}");
        }
    }
}
