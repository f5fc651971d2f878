//! What a pair of dialects can carry, feature by feature: the table of
//! `sluice matrix`, and what planning asks before it tries a target.
//!
//! A pair names only what it does not carry; all else is a promise, and a test
//! counts the golden cases behind each. Must not: know a model (one model of a
//! dialect may see no images: that is the catalog's knowledge, not the pair's).

use super::{Facts, Operation, Translator};
use crate::error::Error;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feature {
    Text,
    Streaming,
    System,
    ImageData,
    ImageUrl,
    Files,
    Audio,
    Tools,
    ToolChoice,
    ParallelCalls,
    StructuredOutput,
    Reasoning,
    /// Thoughts of earlier turns, signed by their provider, go back to it.
    SignedThoughts,
    PromptCache,
    Stop,
    Choices,
    Logprobs,
    /// Several texts to embed in one call.
    ManyInputs,
    /// Arrays of tokens instead of texts.
    TokenInputs,
    Dimensions,
    /// Vectors as base64 of little-endian floats.
    Base64,
    /// What a text is for: to be found, to find, to be classified.
    Purpose,
    /// How many of the ranked documents to give.
    TopN,
    /// The documents with their ranks.
    DocumentsBack,
}

/// What a pair does not carry whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gap {
    /// The request is refused by name.
    No(&'static str),
    /// It is left out, and `x-sluice-dropped` says so.
    Drops(&'static str),
}

/// The gaps of a pair; what is not named is carried.
pub type Gaps = &'static [(Feature, Gap)];

/// Can the pair carry what the call's top-level facts ask for?
pub fn check(gaps: Gaps, facts: &Facts) -> Result<(), Error> {
    let asked = [
        (facts.n > 1, Feature::Choices, "n"),
        (facts.logprobs, Feature::Logprobs, "logprobs"),
        (facts.other_modalities, Feature::Audio, "modalities"),
        (facts.token_inputs, Feature::TokenInputs, "input"),
        (facts.inputs > 1, Feature::ManyInputs, "input"),
    ];
    for (asked, feature, param) in asked {
        let gap = gaps.iter().find(|(f, _)| *f == feature).map(|(_, gap)| *gap);
        if let (true, Some(Gap::No(why))) = (asked, gap) {
            return Err(Error::invalid(param, why));
        }
    }
    Ok(())
}

const CHAT: &[Feature] = &[
    Feature::Text,
    Feature::Streaming,
    Feature::System,
    Feature::ImageData,
    Feature::ImageUrl,
    Feature::Files,
    Feature::Audio,
    Feature::Tools,
    Feature::ToolChoice,
    Feature::ParallelCalls,
    Feature::StructuredOutput,
    Feature::Reasoning,
    Feature::SignedThoughts,
    Feature::PromptCache,
    Feature::Stop,
    Feature::Choices,
    Feature::Logprobs,
];

const EMBED: &[Feature] = &[
    Feature::Text,
    Feature::ManyInputs,
    Feature::TokenInputs,
    Feature::Dimensions,
    Feature::Base64,
    Feature::Purpose,
];

const RERANK: &[Feature] = &[Feature::Text, Feature::TopN, Feature::DocumentsBack];

/// What may be in a request that is counted.
const COUNT: &[Feature] = &[
    Feature::Text,
    Feature::System,
    Feature::ImageData,
    Feature::ImageUrl,
    Feature::Files,
    Feature::Tools,
    Feature::ToolChoice,
    Feature::StructuredOutput,
    Feature::Reasoning,
    Feature::SignedThoughts,
];
const MODERATE: &[Feature] = &[Feature::Text, Feature::ManyInputs, Feature::ImageUrl];

const DRAW: &[Feature] = &[Feature::Text, Feature::Streaming];

const SPEAK: &[Feature] = &[Feature::Text, Feature::Streaming];

const TRANSCRIBE: &[Feature] = &[Feature::Audio, Feature::Streaming];

// === impl Translator ===

impl Translator {
    /// Why this pair makes no promise of a feature; `None`: it is carried.
    pub fn gap(&self, feature: Feature) -> Option<Gap> {
        let all = self.client.lacks().iter().chain(self.client_gaps).chain(self.gaps);
        all.filter(|(f, _)| *f == feature).map(|(_, gap)| *gap).next()
    }
}

// === impl Feature ===

impl Feature {
    /// Those that calls of this operation may use.
    pub const fn of(operation: Operation) -> &'static [Feature] {
        match operation {
            Operation::Chat => CHAT,
            Operation::Embed => EMBED,
            Operation::Rerank => RERANK,
            Operation::CountTokens => COUNT,
            Operation::Moderate => MODERATE,
            Operation::Draw => DRAW,
            Operation::Speak => SPEAK,
            Operation::Transcribe => TRANSCRIBE,
        }
    }

    /// For people and for tests; never changes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Feature::Text => "text",
            Feature::Streaming => "streaming",
            Feature::System => "system",
            Feature::ImageData => "image data",
            Feature::ImageUrl => "image URLs",
            Feature::Files => "files",
            Feature::Audio => "audio",
            Feature::Tools => "tools",
            Feature::ToolChoice => "tool choice",
            Feature::ParallelCalls => "parallel calls",
            Feature::StructuredOutput => "structured output",
            Feature::Reasoning => "reasoning",
            Feature::SignedThoughts => "signed thoughts",
            Feature::PromptCache => "prompt cache",
            Feature::Stop => "stop sequences",
            Feature::Choices => "several choices",
            Feature::Logprobs => "log probabilities",
            Feature::ManyInputs => "several inputs",
            Feature::TokenInputs => "token arrays",
            Feature::Dimensions => "dimensions",
            Feature::Base64 => "base64",
            Feature::Purpose => "purpose",
            Feature::TopN => "top n",
            Feature::DocumentsBack => "documents back",
        }
    }
}
