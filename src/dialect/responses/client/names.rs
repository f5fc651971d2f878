//! What the client calls chat's fields.

use crate::dialect::hub::names::Names;

pub const NAMES: Names = &[
    ("messages", "input"),
    ("messages.content", "input.content"),
    ("messages.reasoning_content", "input.reasoning"),
    ("messages.thinking_blocks", "input.reasoning"),
    ("messages.extra_content", "input.reasoning"),
    ("messages.tool_calls", "input.function_call"),
    ("messages.tool_calls.extra_content", "input.reasoning"),
    ("messages.tool_call_id", "input.call_id"),
    ("tools", "tools"),
    ("tools.function", "tools"),
    ("tool_choice.function", "tool_choice"),
    ("tool_choice.allowed_tools", "tool_choice"),
    ("max_completion_tokens", "max_output_tokens"),
    ("max_tokens", "max_output_tokens"),
    ("response_format", "text.format"),
    ("response_format.json_schema", "text.format"),
    ("verbosity", "text.verbosity"),
    ("reasoning_effort", "reasoning.effort"),
    ("logprobs", "include"),
];
