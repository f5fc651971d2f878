//! From what was asked to what is said, in no vendor's words.
//!
//! Each vendor reads its request into an `Ask` and writes its response from an
//! `Answer`; this file alone decides what the model "thinks". The same ask has
//! the same answer, ids included: no clock, no randomness, no counter. So a
//! test knows the answer from its request, and `wrong-dialect` is one line.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::Value;

use super::faults::Faults;
use super::schema;
use super::vectors::Vectors;

/// A valid request, as far as the answer depends on it.
#[derive(Debug, Default)]
pub(super) struct Ask<'a> {
    pub(super) model: &'a str,
    pub(super) stream: bool,
    /// OpenAI's `stream_options.include_usage`.
    pub(super) include_usage: bool,
    /// OpenAI's `n`.
    pub(super) choices: usize,
    pub(super) turn: Turn,
    /// Of all texts together.
    pub(super) input_bytes: usize,
    pub(super) tools: Vec<Tool<'a>>,
    pub(super) choice: Choice<'a>,
    pub(super) one_call_at_most: bool,
    pub(super) format: Format<'a>,
    pub(super) stops: Vec<&'a str>,
    pub(super) max_tokens: Option<u64>,
    /// Log probabilities of the answer's tokens.
    pub(super) logprobs: bool,
    /// OpenAI's hidden reasoning: only its count shows.
    pub(super) reasoning: bool,
    /// It comes sealed, to be sent back: Responses' `reasoning.encrypted_content`.
    pub(super) sealed: bool,
    /// Anthropic's visible thinking block, Responses' summary of it.
    pub(super) thinking: bool,
    /// Anthropic's prompt cache was asked for.
    pub(super) cached: bool,
    /// What embeddings and ranks are asked of.
    pub(super) vectors: Vectors,
    /// A count is asked for, and nothing else: this one.
    pub(super) counted: Option<usize>,
    /// The request's own fields, for what is answered neither in words nor in numbers.
    pub(super) fields: Option<&'a serde_json::Map<String, Value>>,
    /// Vectors are asked for, and nothing else.
    pub(super) embed: Option<Embed<'a>>,
}

/// Texts to be embedded.
#[derive(Debug)]
pub(super) struct Embed<'a> {
    pub(super) texts: Vec<&'a str>,
    pub(super) dimensions: usize,
}

/// What the model must react to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    User(String),
    Tool(String),
    /// The last message is the assistant's own, to be continued.
    Assistant(String),
}

#[derive(Debug)]
pub(super) struct Tool<'a> {
    pub(super) name: &'a str,
    pub(super) schema: &'a Value,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Choice<'a> {
    #[default]
    Auto,
    None,
    Any,
    Named(&'a str),
}

#[derive(Debug, Default)]
pub(super) enum Format<'a> {
    #[default]
    Text,
    Object,
    Schema(&'a Value),
    /// A schema that came as a string.
    Parsed(Value),
}

/// What the model says.
#[derive(Debug)]
pub(super) struct Answer {
    /// 16 hex digits to make ids from.
    pub(super) id: String,
    pub(super) text: String,
    pub(super) calls: Vec<Call>,
    pub(super) finish: Finish,
    pub(super) usage: Option<Usage>,
    pub(super) thinking: bool,
}

#[derive(Debug)]
pub(super) struct Call {
    pub(super) name: String,
    /// JSON text.
    pub(super) arguments: String,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Finish {
    Stop,
    /// One of the client's stop sequences.
    Sequence(String),
    Length,
    Calls,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Usage {
    pub(super) input: usize,
    pub(super) output: usize,
    pub(super) reasoning: usize,
    pub(super) cache_creation: usize,
    pub(super) cache_read: usize,
}

// === impl Turn ===

impl Default for Turn {
    fn default() -> Turn {
        Turn::User(String::new())
    }
}

// === impl Embed ===

impl Embed<'_> {
    /// The same text has the same vector, of numbers that every float type holds.
    pub(super) fn vector(&self, text: &str) -> Vec<f32> {
        let number = |n: usize| {
            let mut hasher = DefaultHasher::new();
            (n, text).hash(&mut hasher);
            (hasher.finish() % 256) as f32 / 256.0 - 0.5
        };
        (0..self.dimensions).map(number).collect()
    }
}

// === impl Answer ===

impl Answer {
    pub(super) fn new(ask: &Ask<'_>, faults: &Faults) -> Answer {
        let calls =
            if faults.text.is_some() || faults.tokens.is_some() { Vec::new() } else { calls(ask) };
        let (text, finish) = if calls.is_empty() {
            limit(say(ask, faults), ask)
        } else {
            (String::new(), Finish::Calls)
        };
        let mut answer =
            Answer { id: id(ask), text, calls, finish, usage: None, thinking: ask.thinking };
        if !faults.no_usage {
            answer.usage = Some(answer.count(ask));
        }
        answer
    }

    /// Content chunks: words, or pieces of arguments.
    pub(super) fn chunks(&self) -> usize {
        let pieces = self.calls.iter().map(|c| pieces(&c.arguments).count());
        words(&self.text).count() + pieces.sum::<usize>()
    }

    fn count(&self, ask: &Ask<'_>) -> Usage {
        let reasoning = if ask.reasoning { 7 } else { 0 };
        let cached = usize::from(ask.cached);
        Usage {
            input: ask.input_bytes.div_ceil(4),
            // Reasoning is billed as output: OpenAI counts it in.
            output: self.chunks() * ask.choices.max(1) + reasoning,
            reasoning,
            cache_creation: 10 * cached,
            cache_read: 5 * cached,
        }
    }
}

/// Words with the space before them, so that together they are the text.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let start = rest.find(|c: char| !c.is_whitespace())?;
        let length = rest[start..].find(char::is_whitespace);
        let mut end = length.map_or(rest.len(), |length| start + length);
        if rest[end..].trim().is_empty() {
            end = rest.len();
        }
        let (word, tail) = rest.split_at(end);
        rest = tail;
        Some(word)
    })
}

/// Arguments as they drip out: a few characters at a time.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let end = rest.char_indices().nth(PIECE).map_or(rest.len(), |(i, _)| i);
        let (piece, tail) = rest.split_at(end);
        rest = tail;
        (!piece.is_empty()).then_some(piece)
    })
}

fn calls(ask: &Ask<'_>) -> Vec<Call> {
    let text = match &ask.turn {
        Turn::User(text) => text.to_lowercase(),
        Turn::Tool(_) | Turn::Assistant(_) => String::new(),
    };
    let tool = match ask.choice {
        Choice::None => None,
        Choice::Auto if !text.contains("weather") => None,
        Choice::Auto | Choice::Any => ask.tools.first(),
        Choice::Named(name) => ask.tools.iter().find(|t| t.name == name),
    };
    let Some(tool) = tool else {
        return Vec::new();
    };
    let count = if text.contains("both") && !ask.one_call_at_most { 2 } else { 1 };
    (0..count)
        .map(|_| Call {
            name: tool.name.to_owned(),
            arguments: schema::sample(tool.schema).to_string(),
        })
        .collect()
}

fn say(ask: &Ask<'_>, faults: &Faults) -> String {
    if let Some(text) = &faults.text {
        return text.clone();
    }
    if let Some(tokens) = faults.tokens {
        let words: Vec<_> = (0..tokens).map(|n| format!("w{n}")).collect();
        return words.join(" ");
    }
    match (&ask.format, &ask.turn) {
        (Format::Object, _) => r#"{"ok":true}"#.to_owned(),
        (Format::Schema(schema), _) => schema::sample(schema).to_string(),
        (Format::Parsed(schema), _) => schema::sample(schema).to_string(),
        (Format::Text, Turn::Tool(text)) => format!("Tool said: {text}"),
        (Format::Text, Turn::User(text) | Turn::Assistant(text)) => {
            let end = text.char_indices().nth(ECHO).map_or(text.len(), |(i, _)| i);
            format!("You said: {}", &text[..end])
        }
    }
}

/// The first stop sequence, then the token limit, whichever leaves less.
fn limit(mut text: String, ask: &Ask<'_>) -> (String, Finish) {
    let mut finish = Finish::Stop;
    let hits = ask.stops.iter().filter(|s| !s.is_empty());
    let hits = hits.filter_map(|stop| Some((text.find(stop)?, *stop)));
    if let Some((at, stop)) = hits.min_by_key(|(at, _)| *at) {
        text.truncate(at);
        finish = Finish::Sequence(stop.to_owned());
    }
    if let Some(max) = ask.max_tokens {
        let max = usize::try_from(max).unwrap_or(usize::MAX);
        if words(&text).nth(max).is_some() {
            let end = words(&text).take(max).map(str::len).sum();
            text.truncate(end);
            finish = Finish::Length;
        }
    }
    (text, finish)
}

fn id(ask: &Ask<'_>) -> String {
    let mut hasher = DefaultHasher::new();
    // Without the faults, so that they change nothing but what they say.
    ask.model.split('!').next().hash(&mut hasher);
    ask.input_bytes.hash(&mut hasher);
    match &ask.turn {
        Turn::User(text) | Turn::Tool(text) | Turn::Assistant(text) => text.hash(&mut hasher),
    }
    format!("{:016x}", hasher.finish())
}

/// Characters of the user's text that come back.
const ECHO: usize = 200;
/// Characters of one argument delta.
const PIECE: usize = 8;
