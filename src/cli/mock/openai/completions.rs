//! OpenAI's older completions.
//!
//! <https://platform.openai.com/docs/api-reference/completions>

use std::fmt::Write;

use serde_json::Value;

use crate::cli::mock::answer::{Answer, Ask, Finish, Turn, words};
use crate::cli::mock::vendor::{Event, Failure, Kind, quote};

use super::fields::{boolean, field, integer, wrong_type};
use super::request::{include_usage, stops};
use super::response::{CREATED, usage_json};

pub(in crate::cli::mock) fn ask(body: &Value) -> Result<Ask<'_>, Failure> {
    let body = body
        .as_object()
        .ok_or_else(|| Failure::bad("We could not parse the JSON body of your request."))?;
    let model = match field(body, "model") {
        None => return Err(Failure::bad("you must provide a model parameter")),
        Some(Value::String(model)) => model,
        Some(other) => return Err(wrong_type("model", "a string", other)),
    };
    let prompt = match field(body, "prompt") {
        None => "<|endoftext|>".to_owned(),
        Some(Value::String(prompt)) => prompt.clone(),
        Some(Value::Array(items)) if !items.is_empty() => Value::from(items.clone()).to_string(),
        Some(other) => return Err(wrong_type("prompt", "a string or an array", other)),
    };
    if body.contains_key("messages") {
        return Err(Failure::bad("Unrecognized request argument supplied: messages"));
    }
    let stream = boolean(body, "stream")?.unwrap_or(false);
    Ok(Ask {
        model,
        stream,
        include_usage: include_usage(body, stream)?,
        choices: integer(body, "n", 1, 128)?.unwrap_or(1) as usize,
        max_tokens: Some(integer(body, "max_tokens", 0, u64::MAX)?.unwrap_or(16)),
        stops: stops(body)?,
        input_bytes: prompt.len(),
        turn: Turn::User(prompt),
        ..Ask::default()
    })
}

pub(in crate::cli::mock) fn whole(ask: &Ask<'_>, answer: &Answer) -> String {
    let mut out = head(ask, answer);
    for choice in 0..ask.choices.max(1) {
        let comma = if choice == 0 { "" } else { "," };
        // Writing to a String does not fail.
        let _ = write!(out, "{comma}{}", item(choice, &answer.text, &finish(answer)));
    }
    out.push(']');
    if let Some(usage) = &answer.usage {
        let _ = write!(out, r#","usage":{}"#, usage_json(usage));
    }
    out.push('}');
    out
}

pub(in crate::cli::mock) fn events(ask: &Ask<'_>, answer: &Answer) -> Vec<Event> {
    let head = head(ask, answer);
    let tail = if ask.include_usage { r#"],"usage":null}"# } else { "]}" };
    let event = |kind, choice, text: &str, finish: &str| {
        Event::new(kind, "", format!("{head}{}{tail}", item(choice, text, finish)))
    };
    let choices = || 0..ask.choices.max(1);
    let mut events = Vec::new();
    for word in words(&answer.text) {
        events.extend(choices().map(|choice| event(Kind::Content, choice, word, "null")));
    }
    events.extend(choices().map(|choice| event(Kind::Frame, choice, "", &finish(answer))));
    if let Some(usage) = answer.usage.as_ref().filter(|_| ask.include_usage) {
        let data = format!(r#"{head}],"usage":{}}}"#, usage_json(usage));
        events.push(Event::new(Kind::Frame, "", data));
    }
    events.push(Event::new(Kind::Done, "", "[DONE]".to_owned()));
    events
}

fn head(ask: &Ask<'_>, answer: &Answer) -> String {
    format!(
        r#"{{"id":"cmpl-{}","object":"text_completion","created":{CREATED},"model":{},"choices":["#,
        answer.id,
        quote(ask.model)
    )
}

/// `finish`: a JSON value.
fn item(choice: usize, text: &str, finish: &str) -> String {
    let text = quote(text);
    format!(r#"{{"text":{text},"index":{choice},"logprobs":null,"finish_reason":{finish}}}"#)
}

fn finish(answer: &Answer) -> String {
    let word = if answer.finish == Finish::Length { "length" } else { "stop" };
    quote(word)
}
