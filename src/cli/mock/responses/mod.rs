//! OpenAI's Responses as the mock speaks them; keys and error bodies are `openai`'s.
//!
//! <https://developers.openai.com/api/reference/resources/responses>

mod input;
mod request;
mod response;

use serde_json::{Value, json};

use super::openai;
use super::vendor::{Event, Failure, Kind};

pub(super) use request::ask;
pub(super) use response::{events, whole};

/// What the API says when it breaks down in a stream: nested, whatever is documented.
pub(super) fn failure_event(code: Option<&str>) -> Event {
    let mut failure = Failure::new(500, openai::BROKEN);
    failure.code = code.map(str::to_owned);
    let body: Value = serde_json::from_str(&openai::failure(&failure)).unwrap_or_default();
    let data = json!({ "type": "error", "sequence_number": 0, "error": body["error"] });
    Event::new(Kind::Frame, "error", data.to_string())
}
