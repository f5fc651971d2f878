//! What bodies look like by their content types: how a dialect's requests come, and how
//! an answer to one may.
//!
//! Most answers are JSON, or events where a stream was asked for. Others are what the
//! provider makes of it: an API may stream though nobody asked, ignore that somebody
//! asked (OpenAI's Whisper), or answer with a file.

use super::Dialect;

/// How a dialect's requests come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Json,
    /// `multipart/form-data`
    Multipart,
}

/// How an answer comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// JSON, to be read whole.
    Whole,
    /// In the dialect's own framing.
    Events,
    /// Bytes that mean nothing here.
    Opaque,
}

/// Answers that may come.
enum Answers {
    /// As the request asks: JSON, or a stream.
    Asked,
    /// JSON or a stream, whatever was asked.
    Told,
    /// A stream, or audio.
    Audio,
    /// JSON, a stream, or plain text of any kind (subtitles).
    Text,
}

// === impl Dialect ===

impl Dialect {
    pub const fn form(self) -> Form {
        match self {
            Dialect::OpenAiImageEdits
            | Dialect::OpenAiTranscriptions
            | Dialect::OpenAiTranslations => Form::Multipart,
            _ => Form::Json,
        }
    }

    /// The shape of a success with this content type, in lower case. `streamed`: it was
    /// asked for as a stream. Else what it should have been.
    pub fn shape(self, streamed: bool, content_type: &str) -> Result<Shape, &'static str> {
        let events = content_type.starts_with(self.stream_type());
        let json = content_type.starts_with("application/json");
        let html = content_type.starts_with("text/html");
        match self.answers() {
            Answers::Asked if streamed && events => Ok(Shape::Events),
            Answers::Asked if streamed => Err("an event stream"),
            Answers::Told | Answers::Audio | Answers::Text if events => Ok(Shape::Events),
            Answers::Asked | Answers::Told | Answers::Text if json => Ok(Shape::Whole),
            Answers::Asked | Answers::Told => Err("JSON"),
            Answers::Audio
                if content_type.starts_with("audio/")
                    || content_type.starts_with("application/octet-stream") =>
            {
                Ok(Shape::Opaque)
            }
            Answers::Audio => Err("audio"),
            Answers::Text if content_type.starts_with("text/") && !html => Ok(Shape::Opaque),
            // SubRip has a type of its own.
            Answers::Text if content_type.starts_with("application/x-subrip") => Ok(Shape::Opaque),
            Answers::Text => Err("JSON or text"),
        }
    }

    const fn answers(self) -> Answers {
        match self {
            Dialect::OpenAiImages | Dialect::OpenAiImageEdits => Answers::Told,
            Dialect::OpenAiSpeech => Answers::Audio,
            Dialect::OpenAiTranscriptions | Dialect::OpenAiTranslations => Answers::Text,
            _ => Answers::Asked,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_known_by_its_type() {
        const SSE: &str = "text/event-stream; charset=utf-8";
        for (dialect, streamed, type_, shape) in [
            (Dialect::OpenAiChat, true, SSE, Ok(Shape::Events)),
            (Dialect::OpenAiChat, true, "application/json", Err("an event stream")),
            (Dialect::OpenAiChat, false, "application/json; x=y", Ok(Shape::Whole)),
            (Dialect::OpenAiChat, false, SSE, Err("JSON")),
            (Dialect::OpenAiImages, false, SSE, Ok(Shape::Events)),
            (Dialect::OpenAiImages, true, "application/json", Ok(Shape::Whole)),
            (Dialect::OpenAiImages, false, "image/png", Err("JSON")),
            (Dialect::OpenAiSpeech, false, "audio/mpeg", Ok(Shape::Opaque)),
            (Dialect::OpenAiSpeech, true, SSE, Ok(Shape::Events)),
            (Dialect::OpenAiSpeech, false, "application/json", Err("audio")),
            (Dialect::OpenAiSpeech, false, "", Err("audio")),
            (Dialect::OpenAiTranscriptions, true, "application/json", Ok(Shape::Whole)),
            (Dialect::OpenAiTranscriptions, false, "text/vtt", Ok(Shape::Opaque)),
            (Dialect::OpenAiTranscriptions, false, "text/html", Err("JSON or text")),
        ] {
            assert_eq!(dialect.shape(streamed, type_), shape, "{} {type_}", dialect.as_str());
        }
    }
}
