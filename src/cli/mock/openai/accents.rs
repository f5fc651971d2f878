//! Those who speak OpenAI's language with an accent, known by their host: what they
//! refuse that OpenAI takes, in their own words where those are known.
//!
//! Written from the vendors' documentation and error messages, not from the
//! gateway's table: where the two differ, one of them is wrong.

use serde_json::{Map, Value};

use crate::cli::mock::vendor::Failure;

pub(in crate::cli::mock) struct Accent {
    host: &'static str,
    /// Top-level fields that are refused.
    fields: &'static [&'static str],
    /// Members of messages that are refused.
    members: &'static [&'static str],
    /// Roles there are.
    roles: &'static [&'static str],
    /// Whether a tool call's id is fine.
    id: fn(&str) -> bool,
    /// Answers of a conversation with tool calls must have reasoning.
    insists: bool,
    /// Usage comes in streams, asked for or not.
    pub(in crate::cli::mock) usage_unasked: bool,
    /// Fields of embeddings that are refused.
    embeddings: &'static [&'static str],
    /// What is said of those.
    words: fn(&str) -> String,
}

const OTHERS: &[&str] = &["reasoning_content", "thinking_blocks", "extra_content"];
const FOUR: &[&str] = &["system", "user", "assistant", "tool"];

const ACCENTS: &[Accent] = &[
    // <https://platform.openai.com/docs/api-reference/chat/create>
    Accent {
        host: "api.openai.com",
        embeddings: &["input_type", "output_dimension", "task"],
        members: OTHERS,
        id: |id| id.len() <= 40,
        words: |name| format!("Unknown parameter: '{name}'."),
        ..PLAIN
    },
    // <https://docs.mistral.ai/api/>, <https://github.com/langchain-ai/langchain/pull/24668>
    Accent {
        host: "api.mistral.ai",
        fields: &[
            "audio",
            "functions",
            "logit_bias",
            "logprobs",
            "max_completion_tokens",
            "seed",
            "store",
            "stream_options",
            "top_logprobs",
            "user",
            "verbosity",
        ],
        members: &[
            "annotations",
            "extra_content",
            "function_call",
            "reasoning",
            "reasoning_content",
            "refusal",
            "thinking_blocks",
        ],
        roles: FOUR,
        id: |id| id.len() == 9 && id.bytes().all(|b| b.is_ascii_alphanumeric()),
        usage_unasked: true,
        // <https://docs.mistral.ai/api/endpoint/embeddings>
        embeddings: &["dimensions", "user"],
        words: |name| format!("Extra inputs are not permitted: {name}"),
        ..PLAIN
    },
    // <https://console.groq.com/docs/openai>, <https://github.com/janhq/jan/issues/8136>
    Accent {
        host: "api.groq.com",
        fields: &["logprobs", "logit_bias", "top_logprobs"],
        members: &["name", "reasoning_content", "thinking_blocks", "extra_content"],
        words: |name| format!("property '{name}' is unsupported"),
        ..PLAIN
    },
    // <https://github.com/NousResearch/hermes-agent/issues/34716>
    Accent {
        host: "api.cerebras.ai",
        fields: &["frequency_penalty", "presence_penalty", "logit_bias"],
        members: OTHERS,
        words: |name| format!("property '{name}' is unsupported"),
        ..PLAIN
    },
    // <https://api-docs.deepseek.com/guides/thinking_mode>
    Accent { host: "api.deepseek.com", roles: FOUR, insists: true, ..PLAIN },
    // <https://github.com/charmbracelet/crush/issues/2696>
    Accent { host: "api.moonshot.ai", roles: FOUR, insists: true, ..PLAIN },
    // <https://github.com/haru/redmine_ai_helper/issues/242>
    Accent {
        host: "dashscope-intl.aliyuncs.com",
        roles: &["system", "assistant", "user", "tool", "function"],
        ..PLAIN
    },
    // <https://docs.perplexity.ai/guides/chat-completions-guide>
    Accent {
        host: "api.perplexity.ai",
        fields: &["tools", "stream_options"],
        usage_unasked: true,
        ..PLAIN
    },
    // <https://docs.fireworks.ai/api-reference/post-chatcompletions>
    Accent {
        host: "api.fireworks.ai",
        members: &["thinking_blocks", "extra_content", "reasoning"],
        words: |name| format!("Extra inputs are not permitted, field: '{name}'"),
        ..PLAIN
    },
];

const PLAIN: Accent = Accent {
    host: "",
    fields: &[],
    members: &[],
    roles: &[],
    id: |_| true,
    insists: false,
    usage_unasked: false,
    embeddings: &[],
    words: |name| format!("{name} is not supported"),
};

/// Of a request to this host and path.
pub(in crate::cli::mock) fn of(host: &str, path: &str) -> &'static Accent {
    const DATABRICKS: &Accent =
        &Accent { members: OTHERS, fields: &["stream_options"], usage_unasked: true, ..PLAIN };
    if path.starts_with("/serving-endpoints/") {
        return DATABRICKS;
    }
    ACCENTS.iter().find(|a| a.host == host).unwrap_or(&PLAIN)
}

// === impl Accent ===

impl Accent {
    pub(in crate::cli::mock) fn check_embeddings(&self, body: &Value) -> Result<(), Failure> {
        match self.embeddings.iter().find(|name| body.get(**name).is_some()) {
            Some(name) => Err(Failure::new(422, (self.words)(name)).param(*name)),
            None => Ok(()),
        }
    }

    pub(in crate::cli::mock) fn check(&self, body: &Value) -> Result<(), Failure> {
        let Value::Object(body) = body else { return Ok(()) };
        let refuse = |name: &str| Err(Failure::bad((self.words)(name)).param(name));
        if let Some(name) = self.fields.iter().find(|name| body.contains_key(**name)) {
            return refuse(name);
        }
        let messages = body.get("messages").and_then(Value::as_array);
        let messages: Vec<_> =
            messages.into_iter().flatten().filter_map(Value::as_object).collect();
        let has_calls = messages.iter().any(|m| m.contains_key("tool_calls"));
        for (at, message) in messages.iter().enumerate() {
            let path = |name: &str| format!("messages[{at}].{name}");
            if let Some(name) = self.members.iter().find(|name| message.contains_key(**name)) {
                return refuse(&path(name));
            }
            let role = message.get("role").and_then(Value::as_str).unwrap_or_default();
            if !self.roles.is_empty() && !self.roles.contains(&role) {
                return Err(Failure::bad(format!("unknown variant `{role}`")).param(path("role")));
            }
            if let Some(id) = ids(message).find(|id| !(self.id)(id)) {
                return Err(
                    Failure::bad(format!("Tool call id was {id}")).param(path("tool_calls"))
                );
            }
            let thought = message.get("reasoning_content").and_then(Value::as_str);
            if self.insists && has_calls && role == "assistant" && thought.is_none_or(str::is_empty)
            {
                let words =
                    "The `reasoning_content` in the thinking mode must be passed back to the API.";
                return Err(Failure::bad(words));
            }
        }
        Ok(())
    }
}

fn ids(message: &Map<String, Value>) -> impl Iterator<Item = &str> {
    let calls = message.get("tool_calls").and_then(Value::as_array).into_iter().flatten();
    let own = calls.filter_map(|call| call.get("id"));
    own.chain(message.get("tool_call_id")).filter_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_refuses_its_own() {
        let turn = json!({"messages": [{"role": "assistant", "tool_calls": [{"id": "call_1"}]}]});
        for (host, body, fine) in [
            ("api.mistral.ai", turn.clone(), false),
            ("api.deepseek.com", turn.clone(), false),
            ("api.openai.com", turn, true),
            ("api.openai.com", json!({"messages": [{"extra_content": {}}]}), false),
            ("api.groq.com", json!({"messages": [{"name": "n"}]}), false),
            ("127.0.0.1:1", json!({"messages": [{"name": "n"}], "logprobs": true}), true),
            ("api.moonshot.ai", json!({"messages": [{"role": "developer"}]}), false),
        ] {
            assert_eq!(
                of(host, "/v1/chat/completions").check(&body).is_ok(),
                fine,
                "{host} {body}"
            );
        }
        assert!(of("x", "/serving-endpoints/chat/completions").usage_unasked);
    }
}
