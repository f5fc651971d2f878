//! The themes: what is asked and answered in every dialect's own words.
//!
//! A row names the request and the answer (files under `tests/golden/themes`), the
//! features that it shows, and words that must come through: `sent` to the provider,
//! `said` to the client. A word with `|` in it is any of several.

use sluice::dialect::Dialect;
use sluice::dialect::features::Feature;

#[derive(Clone, Copy)]
pub struct Theme {
    pub name: &'static str,
    /// `requests/<client>/<request>.json`.
    pub request: &'static str,
    /// `answers/<upstream>/<answer>.*`.
    pub answer: &'static str,
    pub how: How,
    pub shows: &'static [Feature],
    pub sent: &'static [&'static str],
    pub said: &'static [&'static str],
    /// Requests that differ in nothing but this theme: what is sent must differ, too.
    pub unlike: &'static [&'static str],
    /// There are other ways to ask for the same: the pair must carry one of them.
    pub one_way: bool,
    /// What some provider has no word for, and no feature is about.
    pub may_drop: &'static str,
    pub after: After,
}

/// What comes before. `"@/a/b"` in the request is what stands at `/a/b` in the answer
/// that the client got to `SIGNING`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum After {
    Nothing,
    /// An answer of the same provider; of `SIGNER` where it signs none.
    Signing,
    /// An answer of `SIGNER`: the conversation goes on elsewhere.
    Another,
}

/// How the answer comes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum How {
    Whole,
    Streamed,
    /// Each is a case.
    Both,
}

pub const THEMES: &[Theme] = &[
    theme("text", "text").both().shows(&[Feature::Text]).sent(&[QUESTION]).said(&["Rayleigh"]),
    theme("system", "text").shows(&[Feature::System]).sent(&["You are terse."]),
    theme("turns", "text").sent(&["Small particles", "And at dusk?", "And on Mars?"]),
    theme("image-data", "text").shows(&[Feature::ImageData]).sent(&["iVBORw0KGgoAAAANSUhEUg"]),
    theme("image-url", "text").shows(&[Feature::ImageUrl]).sent(&["https://example.com/sky.png"]),
    theme("file-pdf", "text").shows(&[Feature::Files]).sent(&["JVBERi0xLjQKJSVFT0YK"]),
    theme("file-text", "text")
        .sent(&["Minutes of May: none.|TWludXRlcyBvZiBNYXk6IG5vbmUu"])
        .may_drop("file.filename"),
    theme("audio", "text").shows(&[Feature::Audio]).sent(&["UklGRiQAAABXQVZFZm10IA"]),
    theme("tool", "call")
        .both()
        .shows(&[Feature::Tools])
        .sent(&["get_weather", "A city's name"])
        .said(&["get_weather", "Paris"]),
    theme("tools", "calls")
        .both()
        .shows(&[Feature::Tools, Feature::ParallelCalls])
        .sent(&["get_weather", "get_time"])
        .said(&["Paris", "Rome"]),
    theme("tool-results", "text").shows(&[Feature::Tools, Feature::ParallelCalls]).sent(&[
        "I look it up.",
        "Paris",
        "Rome",
        "18 degrees",
        "23 degrees",
    ]),
    theme("choice-auto", "call").shows(&[Feature::ToolChoice]).unlike(&["choice-required"]),
    theme("choice-none", "text").shows(&[Feature::ToolChoice]).unlike(&["choice-required"]),
    theme("choice-required", "call")
        .shows(&[Feature::ToolChoice])
        .unlike(&["choice-auto", "choice-none"]),
    theme("choice-named", "call")
        .shows(&[Feature::ToolChoice])
        .unlike(&["choice-auto", "choice-none"]),
    theme("schema", "schema")
        .shows(&[Feature::StructuredOutput])
        .sent(&["celsius"])
        .said(&["celsius"]),
    theme("reason", "thought")
        .both()
        .shows(&[Feature::Reasoning])
        .said(&["Blue scatters", "Rayleigh"])
        .unlike(&["tool"]),
    theme("reason-call", "signed")
        .asks("reason")
        .both()
        .shows(&[Feature::Reasoning, Feature::Tools])
        .said(&["Blue scatters", "Paris"]),
    theme("signed", "text")
        .shows(&[Feature::SignedThoughts])
        .sent(&["c2lnbmVkIGJ5IGl0cyBtYWtlcg==", "Paris", "18 degrees"])
        .after_signing(),
    theme("switched", "text").asks("signed").sent(&["Paris", "18 degrees"]).after_another(),
    theme("cache-marks", "cached")
        .one_way_to(&[Feature::PromptCache])
        .sent(&["cache_control|cachePoint"])
        .said(&["1024"]),
    theme("cache-key", "cached")
        .one_way_to(&[Feature::PromptCache])
        .sent(&["prompt_cache_key"])
        .said(&["1024"]),
    theme("cache-stored", "cached")
        .one_way_to(&[Feature::PromptCache])
        .sent(&["cachedContents/tenant-7"])
        .said(&["1024"]),
    theme("cached", "cached").asks("text").both().said(&["1024"]),
    theme("stop", "stopped").both().shows(&[Feature::Stop]).sent(&["HALT"]),
    theme("choices", "choices").both().shows(&[Feature::Choices]).said(&["Heads", "Tails"]),
    theme("logprobs", "logprobs").both().shows(&[Feature::Logprobs]).said(&["-0.25"]),
    theme("unicode", "unicode").both().sent(ODD).said(ODD),
    theme("limit", "length").both().sent(&["333"]).said(&["Rayleigh"]),
    theme("filtered", "filtered").asks("text").both(),
    theme("empty", "empty").asks("text").both(),
    theme("bad-request", "bad-request").asks("text"),
    theme("no-key", "no-key").asks("text"),
    theme("no-model", "no-model").asks("text"),
    theme("busy", "busy").asks("text"),
    theme("broken", "broken").asks("text"),
    theme("overloaded", "overloaded").asks("text"),
    theme("bad-gateway", "bad-gateway").asks("text"),
    theme("not-json", "not-json").asks("text"),
    theme("error-first", "first").asks("text").streamed(),
    theme("error-midway", "midway").asks("text").streamed().said(&["Rayleigh"]),
    theme("cut", "cut").asks("text").streamed().said(&["Rayleigh"]),
];

/// A request and the answer to it: signed thoughts and a call.
pub const SIGNING: (&str, &str) = ("reason", "signed");
/// A provider whose thoughts are signed.
pub const SIGNER: Dialect = Dialect::AnthropicMessages;

const QUESTION: &str = "Why is the sky blue?";
const ODD: &[&str] =
    &["\u{1f980}", "line\u{2028}end", "nul\0end", "\"quoted\" \\ e\u{301} \u{4f60}"];

/// A request of the theme's own name.
const fn theme(name: &'static str, answer: &'static str) -> Theme {
    let how = How::Whole;
    Theme {
        name,
        request: name,
        answer,
        how,
        shows: &[],
        sent: &[],
        said: &[],
        unlike: &[],
        one_way: false,
        may_drop: "",
        after: After::Nothing,
    }
}

// === impl Theme ===

impl Theme {
    const fn asks(mut self, request: &'static str) -> Self {
        self.request = request;
        self
    }

    const fn both(mut self) -> Self {
        self.how = How::Both;
        self
    }

    const fn streamed(mut self) -> Self {
        self.how = How::Streamed;
        self
    }

    const fn shows(mut self, features: &'static [Feature]) -> Self {
        self.shows = features;
        self
    }

    const fn sent(mut self, words: &'static [&'static str]) -> Self {
        self.sent = words;
        self
    }

    const fn said(mut self, words: &'static [&'static str]) -> Self {
        self.said = words;
        self
    }

    const fn unlike(mut self, requests: &'static [&'static str]) -> Self {
        self.unlike = requests;
        self
    }

    const fn one_way_to(mut self, features: &'static [Feature]) -> Self {
        self.one_way = true;
        self.shows(features)
    }

    const fn may_drop(mut self, name: &'static str) -> Self {
        self.may_drop = name;
        self
    }

    const fn after_signing(mut self) -> Self {
        self.after = After::Signing;
        self
    }

    const fn after_another(mut self) -> Self {
        self.after = After::Another;
        self
    }
}
