//! A client's own names for what went wrong behind the hub, where chat's stand.
//!
//! A row says what a path of chat is called by the client, where the two are one to
//! one; what has no row keeps chat's name. Positions are left out, as a client's turn
//! may be several messages and the other way round, and below `messages` so is what a
//! row does not name.

use crate::dialect::Dialect;
use crate::dialect::loss::Lost;
use crate::error::Error;

/// (chat's path without positions, the client's). The longest that fits counts.
pub type Names = &'static [(&'static str, &'static str)];

/// The error, at the client's own field.
pub(super) fn error(client: Dialect, mut error: Error) -> Error {
    if let Some(param) = &error.param
        && let Some(own) = own(client.names(), param)
    {
        error.param = Some(own.into());
    }
    error
}

/// Appends what the provider's half lost by the client's own names, each once. Behind
/// a name may stand a space and what happened.
pub(super) fn lost(client: Dialect, theirs: Vec<Lost>, list: &mut Vec<Lost>) {
    for lost in theirs {
        let (path, what) = lost.split_at(lost.find(' ').unwrap_or(lost.len()));
        let named = own(client.names(), path).map(|own| own + what);
        let lost = match named {
            Some(named) => lost.called(named),
            None => lost,
        };
        if !list.iter().any(|known| **known == *lost) {
            list.push(lost);
        }
    }
}

/// `None`: the client has no other name for it.
pub fn own(names: Names, path: &str) -> Option<String> {
    let plain = without_positions(path);
    let (chat, own, rest) = names
        .iter()
        .filter_map(|(chat, own)| Some((*chat, *own, below(&plain, chat)?)))
        .max_by_key(|(chat, ..)| chat.len())?;
    let rest = if chat.starts_with("messages") { "" } else { rest };
    Some(format!("{own}{rest}"))
}

/// What is left of a path at or below another: nothing, or `.` and more.
fn below<'p>(path: &'p str, other: &str) -> Option<&'p str> {
    path.strip_prefix(other).filter(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn without_positions(path: &str) -> String {
    let mut plain = String::with_capacity(path.len());
    for piece in path.split('[') {
        match piece.split_once(']') {
            Some((_, rest)) => plain.push_str(rest),
            None => plain.push_str(piece),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::loss::Dropped;

    #[test]
    fn each_client_hears_its_own_names() {
        use Dialect::{AnthropicMessages, Gemini, OpenAiChat, OpenAiCompletions, OpenAiResponses};
        for (client, chat, want) in [
            (Gemini, "n", "generationConfig.candidateCount"),
            (Gemini, "messages[0].content[1].image_url.url", "contents.parts"),
            (Gemini, "messages", "contents"),
            (Gemini, "tools[2].function.name", "tools.functionDeclarations.name"),
            (Gemini, "tool_choice.function", "toolConfig.functionCallingConfig"),
            (AnthropicMessages, "stop", "stop_sequences"),
            (AnthropicMessages, "max_completion_tokens", "max_tokens"),
            (AnthropicMessages, "max_tokens", "max_tokens"),
            (AnthropicMessages, "tools[0].function.parameters", "tools.input_schema"),
            (AnthropicMessages, "messages[7].content[1].type", "messages.content"),
            (
                AnthropicMessages,
                "response_format.json_schema.schema",
                "output_config.format.schema",
            ),
            (AnthropicMessages, "temperature", "temperature"),
            (OpenAiResponses, "messages[0].content", "input.content"),
            (OpenAiResponses, "response_format.json_schema.strict", "text.format.strict"),
            (OpenAiResponses, "reasoning_effort", "reasoning.effort"),
            (OpenAiResponses, "prompt_cache_key", "prompt_cache_key"),
            (OpenAiCompletions, "messages[0].content", "prompt"),
            (OpenAiCompletions, "n", "n"),
            (OpenAiChat, "messages[0].content", "messages[0].content"),
        ] {
            let told = error(client, Error::invalid(chat, "x")).param.unwrap();
            assert_eq!(told, want, "{client:?} {chat}");
        }
    }

    #[test]
    fn says_each_loss_once_and_keeps_what_happened() {
        let mut dropped = Dropped::default();
        dropped.hint("messages.cache_control (none here)");
        for name in ["stop (more than 5)", "messages.tool_calls.x", "messages.tool_calls.y", "z"] {
            dropped.add(name);
        }
        let mut list = vec!["z".into()];
        lost(Dialect::Gemini, dropped.into_names(), &mut list);
        let want = [
            "z",
            "contents (none here)",
            "generationConfig.stopSequences (more than 5)",
            "contents.parts.functionCall",
        ];
        assert_eq!(list, want);
        assert_eq!(list.iter().map(|lost| lost.is_hint).collect::<Vec<_>>()[..2], [false, true]);
    }
}
