//! Whole answers: a completion to a `GenerateContentResponse`.
//!
//! Spec: <https://ai.google.dev/api/generate-content#generatecontentresponse>.

use super::parts::{self, Parts, string};
use super::request::SHOWS_THOUGHTS;
use crate::dialect::hub::Completion;
use crate::dialect::hub::read::Choice;
use crate::dialect::{Reply, Usage};
use crate::wire::json;
use serde::Deserialize;
use serde_json::value::RawValue;

/// Why a candidate ended, and the words for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Finish {
    Stop,
    Length,
    /// Withheld or refused.
    Safety,
    Malformed,
}

pub(super) fn write(completion: &Completion<'_>, usage: &Usage, reply: &Reply) -> Vec<u8> {
    let mut out = br#"{"candidates":["#.to_vec();
    for (i, choice) in completion.choices.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        let (mut parts, finish) = read(choice, reply.echo == SHOWS_THOUGHTS);
        push_candidate(&mut out, choice.index, &parts.take(), Some(finish), choice.logprobs);
    }
    out.push(b']');
    if usage.input_reported || usage.output_reported {
        push_usage(&mut out, usage);
    }
    push_names(&mut out, completion.model, completion.id, &reply.model);
    out.push(b'}');
    out
}

fn read(choice: &Choice<'_>, shows_thoughts: bool) -> (Parts, Finish) {
    let mut parts = Parts::default();
    let word = choice.finish_reason.and_then(|f| json::text(f.get().as_bytes()));
    let Some(message) = &choice.message else {
        return (parts, Finish::read(word.as_deref(), false, false));
    };
    parts.message(message, shows_thoughts);
    let mut broken = false;
    for call in message.tool_calls.iter().flatten() {
        let Some(function) = &call.function else { continue };
        let args = function.arguments.and_then(|a| json::text(a.get().as_bytes()));
        match (string(function.name), arguments(args.as_deref().unwrap_or_default())) {
            (Some(name), Some(args)) => {
                let id = string(call.id).unwrap_or_default();
                parts.call(id, name, args, parts::google(call.extra_content));
            }
            _ => broken = true,
        }
    }
    parts.settle();
    let refused = string(message.refusal).is_some();
    (parts, Finish::read(word.as_deref(), refused, broken))
}

/// A call's arguments where they are an object; what is not said is an empty one.
pub(super) fn arguments(text: &str) -> Option<&str> {
    match text.trim() {
        "" => Some("{}"),
        text => json::object(text.as_bytes()).is_ok().then_some(text),
    }
}

/// Appends a candidate. `parts` are without the brackets around them.
pub(super) fn push_candidate(
    out: &mut Vec<u8>,
    index: u64,
    parts: &[u8],
    finish: Option<Finish>,
    logprobs: Option<&RawValue>,
) {
    out.extend_from_slice(br#"{"content":{"parts":["#);
    out.extend_from_slice(parts);
    out.extend_from_slice(br#"],"role":"model"}"#);
    if let Some(finish) = finish {
        out.extend_from_slice(br#","finishReason":"#);
        json::push_text(out, finish.word());
        if finish == Finish::Malformed {
            out.extend_from_slice(
                br#","finishMessage":"The model's function call has no JSON object of arguments.""#,
            );
        }
    }
    out.extend_from_slice(br#","index":"#);
    json::push_number(out, index);
    if let Some(result) = logprobs.and_then(logprobs_result) {
        out.extend_from_slice(br#","logprobsResult":"#);
        out.extend_from_slice(&result);
    }
    out.push(b'}');
}

/// Appends `usageMetadata`: thoughts stand beside the candidates here.
pub(super) fn push_usage(out: &mut Vec<u8>, usage: &Usage) {
    let mut field = |name: &str, number: u64| {
        out.extend_from_slice(name.as_bytes());
        json::push_number(out, number);
    };
    let reasoning = usage.reasoning.min(usage.output);
    field(r#","usageMetadata":{"promptTokenCount":"#, usage.input);
    field(r#","candidatesTokenCount":"#, usage.output - reasoning);
    if reasoning > 0 {
        field(r#","thoughtsTokenCount":"#, reasoning);
    }
    if usage.cached_input > 0 {
        field(r#","cachedContentTokenCount":"#, usage.cached_input);
    }
    field(r#","totalTokenCount":"#, usage.input.saturating_add(usage.output));
    out.push(b'}');
}

/// Appends `modelVersion` and `responseId`.
pub(super) fn push_names(
    out: &mut Vec<u8>,
    model: Option<&RawValue>,
    id: Option<&RawValue>,
    ours: &str,
) {
    out.extend_from_slice(br#","modelVersion":"#);
    match string(model) {
        Some(model) => out.extend_from_slice(model),
        None => json::push_text(out, ours),
    }
    if let Some(id) = string(id) {
        out.extend_from_slice(br#","responseId":"#);
        out.extend_from_slice(id);
    }
}

#[derive(Deserialize)]
struct Logprobs<'a> {
    #[serde(borrow)]
    content: Option<Vec<Step<'a>>>,
}

#[derive(Deserialize)]
struct Step<'a> {
    #[serde(borrow)]
    token: &'a RawValue,
    #[serde(borrow)]
    logprob: &'a RawValue,
    #[serde(borrow)]
    top_logprobs: Option<Vec<Step<'a>>>,
}

/// OpenAI's log probabilities as a `LogprobsResult`.
fn logprobs_result(raw: &RawValue) -> Option<Vec<u8>> {
    let read: Logprobs<'_> = serde_json::from_str(raw.get()).ok()?;
    let steps = read.content?;
    let mut out = br#"{"chosenCandidates":["#.to_vec();
    Step::push_all(&steps, &mut out);
    out.extend_from_slice(br#"],"topCandidates":["#);
    for (i, step) in steps.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        out.extend_from_slice(br#"{"candidates":["#);
        Step::push_all(step.top_logprobs.as_deref().unwrap_or_default(), &mut out);
        out.extend_from_slice(b"]}");
    }
    out.extend_from_slice(b"]}");
    Some(out)
}

// === impl Step ===

impl Step<'_> {
    fn push_all(steps: &[Self], out: &mut Vec<u8>) {
        for (i, step) in steps.iter().enumerate() {
            if i > 0 {
                out.push(b',');
            }
            out.extend_from_slice(br#"{"token":"#);
            out.extend_from_slice(step.token.get().as_bytes());
            out.extend_from_slice(br#","logProbability":"#);
            out.extend_from_slice(step.logprob.get().as_bytes());
            out.push(b'}');
        }
    }
}

// === impl Finish ===

impl Finish {
    /// `word`: the chat's. A call cut short by the limit is the limit's.
    pub(super) fn read(word: Option<&str>, refused: bool, broken: bool) -> Self {
        match word {
            Some("length") => Finish::Length,
            Some("content_filter") => Finish::Safety,
            _ if refused => Finish::Safety,
            _ if broken => Finish::Malformed,
            _ => Finish::Stop,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Finish::Stop => "STOP",
            Finish::Length => "MAX_TOKENS",
            Finish::Safety => "SAFETY",
            Finish::Malformed => "MALFORMED_FUNCTION_CALL",
        }
    }
}
