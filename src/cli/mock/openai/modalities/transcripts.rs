//! Transcriptions and translations: the file's name and size, in every format.

use serde_json::{Value, json};

use super::{Fields, given, only, text, word};
use crate::cli::mock::answer::{Answer, Ask, Turn, words};
use crate::cli::mock::openai::fields::{field, missing, one_of};
use crate::cli::mock::vendor::{Event, Failure, Kind};

pub(super) fn ask(body: &Fields, translation: bool) -> Result<Ask<'_>, Failure> {
    only(body, if translation { TRANSLATION } else { KNOWN })?;
    let model = text(body, "model")?;
    let file = field(body, "file").ok_or_else(|| missing("file"))?;
    let (Some(name), Some(size)) = (file["filename"].as_str(), file["size"].as_u64()) else {
        return Err(Failure::bad("Invalid file format: 'file' must be a file.").param("file"));
    };
    if !name.rsplit_once('.').is_some_and(|(_, end)| ENDS.contains(&end)) {
        return Err(
            Failure::bad(format!("Invalid file format. Supported formats: {ENDS:?}")).param("file")
        );
    }
    if size == 0 {
        return Err(Failure::bad("Audio file is too short. Minimum audio length is 0.1 seconds."));
    }
    let by_seconds = is_whisper(model);
    if translation && !by_seconds {
        return Err(Failure::bad(format!("The model '{model}' does not support translations."))
            .param("model"));
    }
    let formats = if translation { &FORMATS[..5] } else { FORMATS };
    let format = word(body, "response_format", formats)?;
    let diarizes = model.contains("diarize");
    let compatible = match format {
        "json" | "text" => true,
        "diarized_json" => diarizes,
        _ => by_seconds,
    };
    if !compatible {
        return Err(Failure::bad(format!(
            "response_format '{format}' is not compatible with model '{model}'. Use 'json' or \
             'text' instead."
        ))
        .param("response_format")
        .code("unsupported_value"));
    }
    if let Some(value) = field(body, "temperature") {
        let number = value.as_str().and_then(|t| t.parse::<f64>().ok());
        if !number.is_some_and(|t| (0.0..=1.0).contains(&t)) {
            return Err(Failure::bad("Invalid 'temperature'.").param("temperature"));
        }
    }
    if body.contains_key("timestamp_granularities") && format != "verbose_json" {
        return Err(Failure::bad("timestamp_granularities need response_format verbose_json.")
            .param("timestamp_granularities"));
    }
    let stream = match field(body, "stream") {
        None => false,
        Some(Value::String(flag)) if flag == "true" || flag == "false" => flag == "true",
        Some(other) => return Err(one_of("stream", other, &["true", "false"])),
    };
    let turn = Turn::User(format!("{name} of {size} bytes"));
    // Whisper takes no notice of `stream`.
    let stream = stream && !by_seconds;
    Ok(Ask { model, stream, turn, input_bytes: size as usize / 100, ..Ask::default() })
}

pub(super) fn whole(ask: &Ask<'_>, answer: &Answer) -> String {
    let mut body = json!({ "text": answer.text });
    let seconds = json!({ "type": "duration", "seconds": 2 });
    if given(ask, "response_format") == "verbose_json" {
        body["task"] = json!("transcribe");
        body["language"] = json!("english");
        body["duration"] = json!(2.0);
        body["segments"] = json!([{ "id": 0, "seek": 0, "start": 0.0, "end": 2.0,
            "text": answer.text, "tokens": [50364], "temperature": 0.0, "avg_logprob": -0.2,
            "compression_ratio": 1.1, "no_speech_prob": 0.01 }]);
    }
    if let Some(usage) = answer.usage {
        body["usage"] = match is_whisper(ask.model) {
            true => seconds,
            false => tokens(usage.input, usage.output),
        };
    }
    body.to_string()
}

pub(super) fn file(ask: &Ask<'_>, answer: &Answer) -> Option<(&'static str, Vec<u8>)> {
    let text = &answer.text;
    let said = match given(ask, "response_format") {
        "text" => format!("{text}\n"),
        "srt" => format!("1\n00:00:00,000 --> 00:00:02,000\n{text}\n\n\n"),
        "vtt" => format!("WEBVTT\n\n00:00:00.000 --> 00:00:02.000\n{text}\n\n"),
        _ => return None,
    };
    Some(("text/plain; charset=utf-8", said.into_bytes()))
}

pub(super) fn events(answer: &Answer) -> Vec<Event> {
    let event = |kind, data: Value| Event::new(kind, "", data.to_string());
    let mut events: Vec<_> = words(&answer.text)
        .map(|word| event(Kind::Content, json!({ "type": "transcript.text.delta", "delta": word })))
        .collect();
    let mut done = json!({ "type": "transcript.text.done", "text": answer.text });
    if let Some(usage) = answer.usage {
        done["usage"] = tokens(usage.input, usage.output);
    }
    events.push(event(Kind::Done, done));
    events
}

fn tokens(input: usize, output: usize) -> Value {
    json!({ "type": "tokens", "input_tokens": input, "output_tokens": output,
        "total_tokens": input + output,
        "input_token_details": { "text_tokens": 0, "audio_tokens": input } })
}

fn is_whisper(model: &str) -> bool {
    model.starts_with("whisper")
}

const ENDS: &[&str] = &["flac", "m4a", "mp3", "mp4", "mpeg", "mpga", "oga", "ogg", "wav", "webm"];
const FORMATS: &[&str] = &["json", "text", "srt", "verbose_json", "vtt", "diarized_json"];
const TRANSLATION: &[&str] = &["file", "model", "prompt", "response_format", "temperature"];
const KNOWN: &[&str] = &[
    "chunking_strategy",
    "file",
    "include",
    "keywords",
    "known_speaker_names",
    "known_speaker_references",
    "language",
    "languages",
    "model",
    "prompt",
    "response_format",
    "stream",
    "temperature",
    "timestamp_granularities",
];
