//! Speech: a tone for every byte of the text, in many chunks.

use serde_json::{Value, json};

use super::{Fields, given, only, text, word};
use crate::cli::mock::answer::{Answer, Ask, Turn};
use crate::cli::mock::openai::fields::{missing, number, one_of};
use crate::cli::mock::vectors::encode;
use crate::cli::mock::vendor::{Event, Failure, Kind};

pub(super) fn ask(body: &Fields) -> Result<Ask<'_>, Failure> {
    only(
        body,
        &["input", "instructions", "model", "response_format", "speed", "stream_format", "voice"],
    )?;
    let model = text(body, "model")?;
    let input = text(body, "input")?;
    if input.chars().count() > 4096 {
        return Err(Failure::bad(
            "Invalid 'input': string too long. Expected a string with maximum length 4096.",
        )
        .param("input")
        .code("string_above_max_length"));
    }
    match body.get("voice") {
        None => return Err(missing("voice")),
        Some(Value::String(voice)) if VOICES.contains(&voice.as_str()) => {}
        Some(Value::Object(voice)) if voice.get("id").is_some_and(Value::is_string) => {}
        Some(other) => return Err(one_of("voice", other, VOICES)),
    }
    word(body, "response_format", FORMATS)?;
    number(body, "speed", 0.25, 4.0)?;
    let stream = word(body, "stream_format", &["audio", "sse"])? == "sse";
    if stream && model.starts_with("tts-1") {
        return Err(Failure::bad("stream_format 'sse' is not supported by this model.")
            .param("stream_format"));
    }
    let turn = Turn::User(input.to_owned());
    Ok(Ask { model, stream, turn, input_bytes: input.len(), ..Ask::default() })
}

pub(super) fn file(ask: &Ask<'_>) -> (&'static str, Vec<u8>) {
    let audio = audio(given(ask, "input"));
    match given(ask, "response_format") {
        "wav" => ("audio/wav", wav(&audio)),
        "pcm" => ("audio/pcm", audio),
        "opus" => ("audio/opus", [b"OggS".to_vec(), audio].concat()),
        "aac" => ("audio/aac", [b"\xff\xf1".to_vec(), audio].concat()),
        "flac" => ("audio/flac", [b"fLaC".to_vec(), audio].concat()),
        _ => ("audio/mpeg", [b"ID3\x04\0\0\0\0\0\0".to_vec(), audio].concat()),
    }
}

pub(super) fn events(ask: &Ask<'_>, answer: &Answer) -> Vec<Event> {
    let (_, file) = file(ask);
    let event = |kind, data: Value| Event::new(kind, "", data.to_string());
    let mut events: Vec<_> = file
        .chunks(4096)
        .map(|piece| {
            let audio = encode(piece);
            event(Kind::Content, json!({ "type": "speech.audio.delta", "audio": audio }))
        })
        .collect();
    let mut done = json!({ "type": "speech.audio.done" });
    if let Some(usage) = answer.usage {
        let output = file.len() / 1000;
        done["usage"] = json!({ "input_tokens": usage.input, "output_tokens": output,
            "total_tokens": usage.input + output });
    }
    events.push(event(Kind::Done, done));
    events
}

/// 16 bits, one channel, 24,000 samples a second: at least two seconds.
fn audio(text: &str) -> Vec<u8> {
    let length = (text.len() * 480).max(48_000);
    let tone = text.bytes().cycle().take(length);
    tone.enumerate().flat_map(|(i, byte)| [(i % 251) as u8, byte]).collect()
}

/// <http://soundfile.sapp.org/doc/WaveFormat/>
fn wav(audio: &[u8]) -> Vec<u8> {
    let word = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes();
    let mut out = Vec::with_capacity(audio.len() + 44);
    out.extend_from_slice(b"RIFF");
    out.extend_from_slice(&word(audio.len() + 36));
    out.extend_from_slice(b"WAVEfmt ");
    out.extend_from_slice(&word(16));
    out.extend_from_slice(&[1, 0, 1, 0]);
    out.extend_from_slice(&word(24_000));
    out.extend_from_slice(&word(48_000));
    out.extend_from_slice(&[2, 0, 16, 0]);
    out.extend_from_slice(b"data");
    out.extend_from_slice(&word(audio.len()));
    out.extend_from_slice(audio);
    out
}

const VOICES: &[&str] = &[
    "alloy", "ash", "ballad", "coral", "echo", "fable", "onyx", "nova", "sage", "shimmer", "verse",
    "marin", "cedar",
];
const FORMATS: &[&str] = &["mp3", "opus", "aac", "flac", "wav", "pcm"];
