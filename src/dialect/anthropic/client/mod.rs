//! Clients that speak Messages, at providers that do not: their half of the hub.
//!
//! A request is read block by block and written as chat; what chat has no word for
//! travels under the names its rows read (`thinking_blocks`, `cache_control`,
//! `extra_content`). Answers are blocks in order: thoughts, text, calls. What a
//! provider wants back in the next turn and Messages has no field for stands in
//! `redacted_thinking` blocks, which clients return as they are (`keepsake`).
//!
//! Must not: carry what runs at Anthropic (server tools, containers, MCP); it is
//! refused by name. Gemini's signatures of text, which it does not insist on, stay away.
//!
//! Spec: <https://platform.claude.com/docs/en/api/messages/create>,
//! <https://platform.claude.com/docs/en/build-with-claude/streaming>,
//! <https://platform.claude.com/docs/en/build-with-claude/extended-thinking>,
//! <https://platform.claude.com/docs/en/agents-and-tools/tool-use/define-tools>.
//!
//! Quirks kept in mind: blocks of a stream follow each other, so a call ends where
//! the next begins; usage leaves the cache out of `input_tokens`; the last event but
//! one repeats usage, for providers that only know it then; a stop sequence that was
//! met is told by few providers, and else is `end_turn` (`stop`); a failed tool is told
//! in words where a provider has no word for it.

use crate::dialect::features::{Feature, Gap, Gaps};
use crate::dialect::hub::{self, ChatRequest, Completion, Inbound};
use crate::dialect::loss::Field;
use crate::dialect::{Dialect, Maker, Reply, Request, Usage};
use crate::error::Error;

mod answer;
mod citations;
mod content;
mod echo;
mod fields;
mod keepsake;
mod media;
mod messages;
mod request;
mod schema;
mod stop;
mod stream;
mod thinking;
mod tools;

pub(super) use citations::are_ours;
pub(super) use keepsake::{BEGINS as KEEPSAKE, is_keepsake};

/// The client half.
pub struct Messages;

/// What Messages has no word for.
pub const LACKS: Gaps = &[
    (Feature::Audio, Gap::No("Messages has no audio")),
    (Feature::Choices, Gap::No("Messages asks for one choice")),
    (Feature::Logprobs, Gap::No("Messages has no log probabilities")),
];

/// Where a cache takes no marks, but from gateways that pass them on to Claude.
const NO_MARKS: Gaps =
    &[(Feature::PromptCache, Gap::Drops("cache marks: prompts are cached unasked"))];

/// What the request's words depend on.
#[derive(Debug, Clone, Copy)]
struct Way {
    upstream: Dialect,
    maker: Maker,
}

// === impl Messages ===

impl Inbound for Messages {
    const CLIENT: Dialect = Dialect::AnthropicMessages;
    const GAPS_AT: &'static [(Dialect, Gaps)] =
        &[(Dialect::OpenAiChat, NO_MARKS), (Dialect::OpenAiResponses, NO_MARKS)];
    const EARLY_USAGE: bool = true;
    const FIELDS: &'static [Field] = fields::FIELDS;
    type Writer = stream::Writer;

    fn request(request: &Request<'_>, upstream: Dialect) -> Result<ChatRequest, Error> {
        let way = Way { upstream, maker: request.traits.maker };
        request::to_chat(request, way)
    }

    fn response(
        completion: &Completion<'_>,
        usage: &Usage,
        reply: &Reply,
    ) -> Result<Vec<u8>, Error> {
        answer::message(completion, usage, reply)
    }
}

// === impl Way ===

impl Way {
    /// Claude itself, which takes Messages' own words, through Converse as well.
    fn is_claude(self) -> bool {
        let takes = matches!(self.upstream, Dialect::BedrockConverse | Dialect::AnthropicMessages);
        takes && self.maker == Maker::Anthropic
    }

    /// `cache_control` means something there: also to gateways that speak chat.
    fn takes_cache(self) -> bool {
        match self.upstream {
            Dialect::BedrockConverse | Dialect::AnthropicMessages => true,
            Dialect::OpenAiChat => self.maker == Maker::Anthropic,
            _ => false,
        }
    }

    /// Results of tools are text alone.
    fn has_plain_results(self) -> bool {
        hub::has_plain_results(self.upstream)
    }

    /// A failed tool need not be told in words.
    fn tells_failures(self) -> bool {
        hub::tells_failures(self.upstream, self.maker)
    }

    fn is_openai(self) -> bool {
        matches!(self.upstream, Dialect::OpenAiChat | Dialect::OpenAiResponses)
    }
}
