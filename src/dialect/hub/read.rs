//! Chat answers, read: for the client halves that write their own from them. Values
//! are raw JSON; what is absent or null is `None`.

use crate::dialect::{Usage, openai};
use crate::error::{Error, Kind};
use serde::Deserialize;
use serde_json::value::RawValue;

type Raw<'a> = Option<&'a RawValue>;

/// A whole completion.
#[derive(Debug, Deserialize)]
pub struct Completion<'a> {
    #[serde(borrow, default)]
    pub id: Raw<'a>,
    pub created: Option<u64>,
    #[serde(borrow, default)]
    pub model: Raw<'a>,
    #[serde(borrow, default)]
    pub service_tier: Raw<'a>,
    #[serde(borrow)]
    pub choices: Vec<Choice<'a>>,
}

#[derive(Debug, Deserialize)]
pub struct Choice<'a> {
    #[serde(default)]
    pub index: u64,
    #[serde(borrow)]
    pub message: Option<Message<'a>>,
    #[serde(borrow)]
    pub delta: Option<Message<'a>>,
    /// `stop`, `length`, `tool_calls`, `content_filter`, or a provider's own word.
    #[serde(borrow, default)]
    pub finish_reason: Raw<'a>,
    /// The provider's own word, where it says more.
    #[serde(borrow, default)]
    pub native_finish_reason: Raw<'a>,
    /// The stop sequence that was met.
    #[serde(borrow, default)]
    pub stop_reason: Raw<'a>,
    #[serde(borrow, default)]
    pub logprobs: Raw<'a>,
}

/// A message, or what a chunk adds to one. Strings are JSON strings.
#[derive(Debug, Deserialize, Default)]
pub struct Message<'a> {
    #[serde(borrow, default)]
    pub content: Raw<'a>,
    #[serde(borrow, default)]
    pub refusal: Raw<'a>,
    #[serde(borrow, default)]
    pub reasoning_content: Raw<'a>,
    #[serde(borrow)]
    pub thinking_blocks: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    pub tool_calls: Option<Vec<ToolCall<'a>>>,
    #[serde(borrow)]
    pub annotations: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    pub citations: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    pub images: Option<Vec<&'a RawValue>>,
    #[serde(borrow, default)]
    pub extra_content: Raw<'a>,
}

#[derive(Debug, Deserialize)]
pub struct ToolCall<'a> {
    /// Of a chunk; whole messages have none.
    pub index: Option<u64>,
    #[serde(borrow, default)]
    pub id: Raw<'a>,
    #[serde(borrow)]
    pub function: Option<Function<'a>>,
    #[serde(borrow, default)]
    pub extra_content: Raw<'a>,
}

#[derive(Debug, Deserialize, Default)]
pub struct Function<'a> {
    #[serde(borrow, default)]
    pub name: Raw<'a>,
    /// A JSON string that holds JSON; a piece of one in chunks.
    #[serde(borrow, default)]
    pub arguments: Raw<'a>,
}

/// One chunk of a stream.
#[derive(Debug, Deserialize, Default)]
pub struct Chunk<'a> {
    #[serde(borrow, default)]
    pub id: Raw<'a>,
    pub created: Option<u64>,
    #[serde(borrow, default)]
    pub model: Raw<'a>,
    #[serde(borrow, default)]
    pub service_tier: Raw<'a>,
    #[serde(borrow, default)]
    pub choices: Vec<Choice<'a>>,
    /// Of the chunk that tells it; some servers tell it with every chunk.
    #[serde(borrow, default)]
    pub usage: Raw<'a>,
    #[serde(borrow, default)]
    pub error: Raw<'a>,
}

// === impl Chunk ===

impl Chunk<'_> {
    /// What it tells of the usage so far.
    pub fn usage(&self) -> Option<Usage> {
        openai::usage::read(self.usage?.get().as_bytes())
    }
}

// === impl Completion ===

impl<'a> Completion<'a> {
    pub fn read(body: &'a [u8]) -> Result<Self, Error> {
        serde_json::from_slice(body).map_err(|_| {
            Error::new(Kind::BadAnswer, "the provider's answer is not a chat completion")
        })
    }
}
