//! What the client calls chat's fields.

use crate::dialect::hub::names::Names;

pub const NAMES: Names = &[
    ("messages", "messages"),
    ("messages.content", "messages.content"),
    ("messages.reasoning_content", "messages.content.thinking"),
    ("messages.thinking_blocks", "messages.content.thinking"),
    ("messages.extra_content", "messages.content.redacted_thinking"),
    ("messages.cache_control", "messages.content.cache_control"),
    ("messages.content.cache_control", "messages.content.cache_control"),
    ("messages.tool_calls", "messages.content.tool_use"),
    ("messages.tool_calls.cache_control", "messages.content.cache_control"),
    ("messages.tool_calls.extra_content", "messages.content.redacted_thinking"),
    ("messages.tool_call_id", "messages.content.tool_use_id"),
    ("messages.is_error", "messages.content.is_error"),
    ("tools", "tools"),
    ("tools.function", "tools"),
    ("tools.function.parameters", "tools.input_schema"),
    ("tool_choice.function", "tool_choice"),
    ("parallel_tool_calls", "tool_choice.disable_parallel_tool_use"),
    ("max_completion_tokens", "max_tokens"),
    ("stop", "stop_sequences"),
    ("response_format", "output_config.format"),
    ("response_format.json_schema", "output_config.format"),
    ("reasoning_effort", "output_config.effort"),
    ("google.thinking_config", "thinking"),
    ("user", "metadata.user_id"),
];
