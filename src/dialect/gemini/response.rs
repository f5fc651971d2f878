//! Whole answers: candidates to the choices of a chat completion.
//!
//! Text is joined without decoding; a call's arguments become a string as Gemini
//! spelled them. An answer without candidates is a refusal where the prompt was
//! blocked (see `finish`), else no answer at all. Safety ratings, citations and
//! grounding have no place in a chat answer and are left out.
//!
//! Spec: <https://ai.google.dev/api/generate-content#generatecontentresponse>.

use super::answer::{Answer, Candidate, push_signature, string, text};
use super::finish::{self, Finish};
use super::logprobs;
use super::usage::{self, Tier};
use crate::dialect::openai::chunk::Header;
use crate::dialect::openai::completion::{Choice, Message, completion_of};
use crate::dialect::{ClientResponse, Reply, Usage};
use crate::error::{Error, Kind};
use std::borrow::Cow;

pub(super) fn to_openai_chat(body: &[u8], reply: &Reply) -> Result<ClientResponse, Error> {
    let Ok(answer) = serde_json::from_slice::<Answer<'_>>(body) else {
        return Err(super::error::of_odd_answer(body));
    };
    if answer.error.is_some() {
        return Err(super::error::in_answer(body));
    }
    let id = answer.response_id.and_then(text).unwrap_or(Cow::Borrowed(NO_ID));
    let mut ends = Vec::new();
    for (index, candidate) in answer.candidates().iter().enumerate() {
        ends.push(End::read(candidate, &id, index as u64)?);
    }
    if ends.is_empty() {
        let Some(words) = answer.blocked() else {
            return Err(Error::new(Kind::BadAnswer, "the provider's answer has no candidates"));
        };
        let mut end = End { word: Finish::Withheld.word(false), ..End::default() };
        end.message.refusal.add_plain(&words);
        ends.push(end);
    }
    if ends.iter().all(|end| end.broken.is_some())
        && let Some(error) = ends.iter_mut().find_map(|end| end.broken.take())
    {
        return Err(error);
    }
    let mut usage = Usage::default();
    let Tier(tier) =
        answer.usage_metadata.and_then(|u| usage::update(&mut usage, u.get())).unwrap_or_default();
    usage.output_reported = usage.input_reported;
    let model = answer.model_version.and_then(text);
    let header = Header {
        id: &id,
        created: reply.created,
        model: model.as_deref().unwrap_or(&reply.model),
        service_tier: tier,
    };
    let choices: Vec<Choice<'_>> = ends.iter().map(End::choice).collect();
    let body = completion_of(header, &choices, &usage);
    Ok(ClientResponse { body: Some(body), usage })
}

/// For an answer without one.
pub(super) const NO_ID: &str = "gemini";

/// One candidate, read.
#[derive(Default)]
struct End {
    message: Message,
    word: &'static str,
    logprobs: Option<Vec<u8>>,
    broken: Option<Error>,
}

// === impl End ===

impl End {
    fn read(candidate: &Candidate<'_>, id: &str, index: u64) -> Result<Self, Error> {
        let mut end = End::default();
        let message = &mut end.message;
        let mut calls = 0;
        for part in candidate.parts() {
            let signature = part.signature();
            if let Some(call) = &part.function_call {
                let item = message.tool_calls.item();
                item.push(b'{');
                if !call.push(item, id, index, calls, signature) {
                    return Err(Error::new(Kind::BadAnswer, "a function call without a name"));
                }
                item.push(b'}');
                calls += 1;
                continue;
            }
            if let Some(blob) = &part.inline_data {
                blob.push(message.images.item());
            }
            let field = if part.thought == Some(true) {
                &mut message.reasoning
            } else {
                &mut message.content
            };
            field.add(string(part.text));
            if let Some(signature) = signature {
                message.extra_content.clear();
                push_signature(&mut message.extra_content, signature);
            }
        }
        let reason = candidate.finish().unwrap_or_default();
        let words = candidate.finish_message.and_then(text);
        let finish = Finish::read(&reason);
        match finish {
            Finish::Withheld => {
                message.refusal.add_plain(&finish::refusal(&reason, words.as_deref()));
            }
            Finish::Broken => end.broken = Some(finish::broken(&reason, words.as_deref())),
            Finish::Stop | Finish::Length => {}
        }
        end.word = finish.word(calls > 0);
        end.logprobs = candidate.logprobs_result.and_then(logprobs::to_openai);
        Ok(end)
    }

    fn choice(&self) -> Choice<'_> {
        let Self { message, word, logprobs, .. } = self;
        Choice { message, finish: word, logprobs: logprobs.as_deref() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_answer_is_an_error() {
        for (body, kind) in [
            ("<html>busy</html>", Kind::BadAnswer),
            ("{}", Kind::BadAnswer),
            ("[]", Kind::BadAnswer),
            (r#"{"candidates":[]}"#, Kind::BadAnswer),
            (r#"{"candidates":[],"promptFeedback":{}}"#, Kind::BadAnswer),
            (r#"{"choices":[{"message":{"content":"x"}}]}"#, Kind::BadAnswer),
            (
                r#"{"candidates":[{"content":{"parts":[{"functionCall":{"args":{}}}]}}]}"#,
                Kind::BadAnswer,
            ),
            (
                r#"{"candidates":[{"content":{},"finishReason":"MALFORMED_FUNCTION_CALL"}]}"#,
                Kind::BadAnswer,
            ),
            (
                r#"{"error":{"code":503,"message":"full","status":"UNAVAILABLE"}}"#,
                Kind::ProviderFault,
            ),
        ] {
            let e = to_openai_chat(body.as_bytes(), &Reply::default()).unwrap_err();
            assert_eq!(e.kind, kind, "{body}");
        }
    }
}
