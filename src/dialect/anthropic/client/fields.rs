//! What becomes of each field of a Messages request on its way to chat: the half's
//! loss list.

use crate::dialect::anthropic::threads;
use crate::dialect::loss::Fate::{Dropped, Mapped, Rejected};
use crate::dialect::loss::{Fate, Field};

/// Every top-level field of Messages, and those of chat that show the wrong path.
pub(super) const FIELDS: &[Field] = &[
    field("model", Mapped, "the provider's name of the model"),
    field("messages", Mapped, "messages; blocks of tools that run at Anthropic are refused"),
    field("system", Mapped, "the first message"),
    field("max_tokens", Mapped, "max_completion_tokens"),
    field("temperature", Mapped, "temperature; dropped where the model takes none"),
    field("top_p", Mapped, "top_p; dropped where the model takes none"),
    field("top_k", Mapped, "top_k; dropped at OpenAI"),
    field("stop_sequences", Mapped, "stop; at most 4 at OpenAI"),
    field("stream", Mapped, "stream"),
    field("tools", Mapped, "tools; Anthropic's own are refused by name"),
    field("tool_choice", Mapped, "tool_choice and parallel_tool_calls"),
    field("thinking", Mapped, "as it is, or a budget, for whom takes it; else reasoning_effort"),
    field("output_config", Mapped, "reasoning_effort and response_format"),
    field("output_format", Mapped, "response_format"),
    field("metadata", Mapped, "user, at most 64 characters"),
    field("service_tier", Mapped, "auto: auto; standard_only: default"),
    field("anthropic_version", Mapped, "the provider has none"),
    field("cache_control", Dropped(&[]), "mark blocks or tools"),
    field("context_management", Dropped(&[]), "nothing edits the context"),
    field("inference_geo", Dropped(&[]), "no such control"),
    field("speed", Dropped(&[r#""standard""#]), "no such control"),
    field("betas", Dropped(&[]), "no such control"),
    field("anthropic_beta", Dropped(&[]), "no such control"),
    field("container", Rejected, "containers run at Anthropic: this provider has none"),
    field("mcp_servers", Rejected, "MCP servers are called by Anthropic: this provider calls none"),
    threads::ROW,
    field("max_completion_tokens", Rejected, CHAT),
    field("stop", Rejected, CHAT),
    field("response_format", Rejected, CHAT),
    field("reasoning_effort", Rejected, CHAT),
    field("stream_options", Rejected, CHAT),
    field("parallel_tool_calls", Rejected, CHAT),
    field("frequency_penalty", Rejected, CHAT),
    field("presence_penalty", Rejected, CHAT),
    field("logit_bias", Rejected, CHAT),
    field("logprobs", Rejected, CHAT),
    field("top_logprobs", Rejected, CHAT),
    field("n", Rejected, CHAT),
    field("user", Rejected, CHAT),
    field("functions", Rejected, CHAT),
    field("function_call", Rejected, CHAT),
    field("input", Rejected, "this path takes Anthropic Messages: send Responses to /v1/responses"),
    field(
        "contents",
        Rejected,
        "this path takes Anthropic Messages: send Gemini's to /v1beta/models/{model}:generateContent",
    ),
];

/// For what only chat has.
pub(super) const CHAT: &str =
    "is no part of Anthropic Messages, which this path takes: send chat to /v1/chat/completions";

const fn field(name: &'static str, fate: Fate, note: &'static str) -> Field {
    Field { name, fate, note }
}
