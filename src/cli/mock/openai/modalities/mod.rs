//! OpenAI's APIs beside text: what they refuse, and files that are what they say.
//!
//! A form is read into an object first (`form`), so that one set of checks serves all.
//! Pictures and audio are made of the request alone: a test knows them.
//!
//! <https://developers.openai.com/api/reference/resources/images>,
//! <https://developers.openai.com/api/reference/resources/audio>,
//! <https://developers.openai.com/api/reference/resources/moderations>

use serde_json::{Map, Value};

use crate::cli::mock::answer::{Answer, Ask};
use crate::cli::mock::vendor::{Event, Failure};

use super::fields::{field, missing, wrong_type};

pub(in crate::cli::mock) mod form;
mod images;
mod moderations;
mod speech;
mod transcripts;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli::mock) enum Modality {
    Moderations,
    Images,
    ImageEdits,
    Speech,
    Transcriptions,
    Translations,
}

// === impl Modality ===

impl Modality {
    /// By the path, whatever base it has.
    pub(in crate::cli::mock) fn of(path: &str) -> Option<Modality> {
        let all = [
            ("/moderations", Modality::Moderations),
            ("/images/generations", Modality::Images),
            ("/images/edits", Modality::ImageEdits),
            ("/audio/speech", Modality::Speech),
            ("/audio/transcriptions", Modality::Transcriptions),
            ("/audio/translations", Modality::Translations),
        ];
        all.iter().find(|(end, _)| path.ends_with(end)).map(|(_, modality)| *modality)
    }

    pub(in crate::cli::mock) fn is_form(self) -> bool {
        matches!(self, Modality::ImageEdits | Modality::Transcriptions | Modality::Translations)
    }

    pub(in crate::cli::mock) fn ask(self, body: &Value) -> Result<Ask<'_>, Failure> {
        let body = body
            .as_object()
            .ok_or_else(|| Failure::bad("We could not parse the JSON body of your request."))?;
        let ask = match self {
            Modality::Moderations => moderations::ask(body),
            Modality::Images => images::ask(body, false),
            Modality::ImageEdits => images::ask(body, true),
            Modality::Speech => speech::ask(body),
            Modality::Transcriptions => transcripts::ask(body, false),
            Modality::Translations => transcripts::ask(body, true),
        }?;
        Ok(Ask { fields: Some(body), ..ask })
    }

    pub(in crate::cli::mock) fn whole(self, ask: &Ask<'_>, answer: &Answer) -> String {
        match self {
            Modality::Moderations => moderations::whole(ask, answer),
            Modality::Images | Modality::ImageEdits => images::whole(ask, answer),
            // Always a file.
            Modality::Speech => String::new(),
            Modality::Transcriptions | Modality::Translations => transcripts::whole(ask, answer),
        }
    }

    /// An answer that is not JSON: its content type and its bytes.
    pub(in crate::cli::mock) fn file(
        self,
        ask: &Ask<'_>,
        answer: &Answer,
    ) -> Option<(&'static str, Vec<u8>)> {
        match self {
            Modality::Speech => Some(speech::file(ask)),
            Modality::Transcriptions | Modality::Translations => transcripts::file(ask, answer),
            _ => None,
        }
    }

    pub(in crate::cli::mock) fn events(self, ask: &Ask<'_>, answer: &Answer) -> Vec<Event> {
        match self {
            Modality::Images => images::events(ask, answer, "image_generation"),
            Modality::ImageEdits => images::events(ask, answer, "image_edit"),
            Modality::Speech => speech::events(ask, answer),
            Modality::Transcriptions => transcripts::events(answer),
            Modality::Moderations | Modality::Translations => Vec::new(),
        }
    }
}

type Fields = Map<String, Value>;

/// A string that must be there and not be empty.
fn text<'a>(body: &'a Fields, name: &str) -> Result<&'a str, Failure> {
    match field(body, name) {
        None => Err(missing(name)),
        Some(Value::String(text)) if text.is_empty() => {
            Err(Failure::bad(format!("Invalid '{name}': empty string.")).param(name))
        }
        Some(Value::String(text)) => Ok(text),
        Some(other) => Err(wrong_type(name, "a string", other)),
    }
}

/// The value of one of these words; absent: the first.
fn word<'a>(body: &'a Fields, name: &str, words: &[&'a str]) -> Result<&'a str, Failure> {
    match field(body, name) {
        None => Ok(words.first().copied().unwrap_or_default()),
        Some(Value::String(word)) if words.contains(&word.as_str()) => Ok(word),
        Some(other) => Err(super::fields::one_of(name, other, words)),
    }
}

/// OpenAI refuses what it does not know.
fn only(body: &Fields, known: &[&str]) -> Result<(), Failure> {
    match body.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(Failure::bad(format!("Unknown parameter: '{name}'."))
            .param(name.clone())
            .code("unknown_parameter")),
        None => Ok(()),
    }
}

/// A field of a valid request.
fn given<'a>(ask: &Ask<'a>, name: &str) -> &'a str {
    ask.fields.and_then(|f| f.get(name)).and_then(Value::as_str).unwrap_or_default()
}
