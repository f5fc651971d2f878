//! OpenAI's APIs beside text: moderations, images, speech, transcriptions and
//! translations. Identity: the request is the client's own with the model's name
//! replaced, the answer the provider's own, read along for its tokens.
//!
//! Edits, transcriptions and translations come as forms (`wire::multipart`), where the
//! name is a part's value and may stand behind a file of any size. Answers may be JSON,
//! events, or bytes that only a player understands (`shape` says which): those pass
//! untouched, and begin with the first of them.
//!
//! A moderation may name no model: OpenAI then takes `omni-moderation-latest`, and so is
//! it looked up here; the name is put in. Images had such a default, DALL-E 2, until that
//! was retired: "specify a model explicitly". Variations of images went with it.
//!
//! Tokens are reported by newer models alone (`usage`), by events in their last one;
//! minutes and characters, by which others charge, are no tokens and not counted.
//!
//! Must not: look into a file, or take an audio's bytes for text.
//!
//! Spec: <https://developers.openai.com/api/reference/resources/moderations>,
//! <https://developers.openai.com/api/reference/resources/images>,
//! <https://developers.openai.com/api/reference/resources/audio>,
//! retired: <https://developers.openai.com/api/docs/deprecations>.

use super::error;
use crate::dialect::features::{Feature, Gap, Gaps};
use crate::dialect::identity::{self, Unstreamed};
use crate::dialect::{
    Body, ClientResponse, Dialect, Facts, Quirks, Reply, Request, StreamTranslator, Translator,
    UpstreamRequest,
};
use crate::error::{Error, Kind};
use crate::wire::json::Splice;
use crate::wire::multipart::WINDOW;
use serde::Deserialize;
use serde_json::value::RawValue;

mod stream;
mod usage;

pub const MODERATIONS: Translator = Translator {
    response: |body, _| whole(body, |answer| answer.results.is_some()),
    stream: |_| Box::new(Unstreamed::default()),
    ..json(Dialect::OpenAiModerations)
};

pub const IMAGES: Translator = Translator {
    response: |body, _| whole(body, |answer| answer.data.is_some()),
    ..json(Dialect::OpenAiImages)
};

pub const IMAGE_EDITS: Translator = Translator {
    response: |body, _| whole(body, |answer| answer.data.is_some()),
    ..form(Dialect::OpenAiImageEdits)
};

pub const SPEECH: Translator = json(Dialect::OpenAiSpeech);

pub const TRANSCRIPTIONS: Translator = form(Dialect::OpenAiTranscriptions);

pub const TRANSLATIONS: Translator = form(Dialect::OpenAiTranslations);

/// What a translation of audio has no word for.
pub const TRANSLATIONS_LACK: Gaps =
    &[(Feature::Streaming, Gap::No("a translation always comes whole"))];

/// The model of a moderation that names none.
pub const MODERATION: &str = "omni-moderation-latest";

const fn json(dialect: Dialect) -> Translator {
    Translator {
        client: dialect,
        upstream: dialect,
        gaps: &[],
        client_gaps: &[],
        request: identity::request,
        reads: Some(identity::reads),
        response: |body, _| whole(body, |answer| answer.text.is_some()),
        error: error::from_upstream,
        stream: open,
        fields: &[],
    }
}

const fn form(dialect: Dialect) -> Translator {
    Translator { request: form_request, reads: Some(form_reads), ..json(dialect) }
}

/// The model's part gets the target's name; one that has it stays as it is.
fn form_request(request: &Request<'_>) -> Result<UpstreamRequest, Error> {
    let mut splices = Vec::new();
    if request.model != request.facts.model {
        let with = request.model.as_bytes().to_vec();
        splices.push(Splice { range: request.facts.model_span.clone(), with });
    }
    Ok(UpstreamRequest { body: Body::Spliced(splices), ..Default::default() })
}

/// Up to the end of the name, unless it stands behind a file: then it is replaced where
/// the body is.
fn form_reads(facts: &Facts, _: &Quirks) -> usize {
    Some(facts.model_span.end).filter(|end| *end <= WINDOW).unwrap_or(0)
}

fn open(reply: &Reply) -> Box<dyn StreamTranslator> {
    if reply.opaque {
        Box::new(stream::Opaque::default())
    } else {
        Box::new(stream::Events::default())
    }
}

/// A whole JSON answer. `is_one`: it has what it must have.
fn whole(body: &[u8], is_one: fn(&Answer<'_>) -> bool) -> Result<ClientResponse, Error> {
    let Ok(answer) = serde_json::from_slice::<Answer<'_>>(body) else {
        return Err(Error::new(
            Kind::BadAnswer,
            "the provider's answer is not JSON as it should be",
        ));
    };
    if is_one(&answer) {
        let usage = answer.usage.and_then(|u| usage::read(u.get().as_bytes())).unwrap_or_default();
        return Ok(ClientResponse { body: None, usage });
    }
    Err(match answer.error {
        Some(_) => error::in_stream(body),
        None => Error::new(Kind::BadAnswer, "the provider's answer has nothing of what was asked"),
    })
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    results: Option<&'a RawValue>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Usage;

    #[test]
    fn reads_what_was_reported() {
        let answer =
            |row: &Translator, body: &str| (row.response)(body.as_bytes(), &Reply::default());
        let tokens = r#"{"text":"hi","usage":{"type":"tokens","input_tokens":14,"input_token_details":{"text_tokens":0,"audio_tokens":14},"output_tokens":5,"total_tokens":19}}"#;
        let read = answer(&TRANSCRIPTIONS, tokens).unwrap();
        assert_eq!((read.body, read.usage.input, read.usage.output), (None, 14, 5));
        assert!(read.usage.input_reported && read.usage.output_reported);
        let seconds = r#"{"text":"hi","usage":{"type":"duration","seconds":9.5}}"#;
        assert_eq!(answer(&TRANSCRIPTIONS, seconds).unwrap().usage, Usage::default());
        let image = r#"{"created":1,"data":[{"b64_json":"AA=="}],"usage":{"input_tokens":8,"output_tokens":272,"total_tokens":280}}"#;
        assert_eq!(answer(&IMAGES, image).unwrap().usage.output, 272);
        let voxtral = r#"{"text":"hi","usage":{"prompt_audio_seconds":203,"prompt_tokens":4,"completion_tokens":635,"total_tokens":3264}}"#;
        assert_eq!(answer(&TRANSCRIPTIONS, voxtral).unwrap().usage.output, 635);
        for (row, body, kind) in [
            (&MODERATIONS, r#"{"data":[]}"#, Kind::BadAnswer),
            (&IMAGES, "<html>", Kind::BadAnswer),
            (&TRANSCRIPTIONS, "{}", Kind::BadAnswer),
            (
                &IMAGE_EDITS,
                r#"{"error":{"message":"x","type":"server_error"}}"#,
                Kind::ProviderFault,
            ),
        ] {
            assert_eq!(answer(row, body).unwrap_err().kind, kind, "{body}");
        }
    }
}
