//! Streams: `GenerateContentResponse` events to chat completion chunks.
//!
//! Each event is a whole answer with what is new: pieces of text, thoughts, calls
//! (always whole), and the newest counts. A candidate's `finishReason` ends it; the
//! stream itself has no farewell, so the reasons, the usage chunk and `[DONE]` are
//! written when the body ends: parts have been seen behind a reason, and a chat's
//! choice says nothing after its own. A piece of text is copied into its chunk as the
//! JSON string it came in.
//!
//! Spec: <https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent>.

use super::answer::{Answer, Candidate, Part, push_signature, string, text};
use super::finish::{self, Finish};
use super::logprobs;
use super::response::NO_ID;
use super::usage::{self, Tier};
use crate::dialect::openai;
use crate::dialect::openai::chunk::{self, Chunks, Header, inner};
use crate::dialect::{Feed, Progress, Reply, StreamTranslator};
use crate::error::{Error, Kind};
use crate::wire::json;
use crate::wire::sse::{Decoder, Event};
use std::borrow::Cow;

pub(super) struct ToOpenAiChat {
    decoder: Decoder,
    reader: Reader,
}

/// Everything but the framing.
struct Reader {
    reply: Reply,
    progress: Progress,
    /// From the first answer on.
    chunks: Option<Chunks>,
    /// The answer's own id.
    id: String,
    choices: Vec<Choice>,
}

/// One candidate so far.
#[derive(Clone, Copy)]
struct Choice {
    index: u64,
    calls: u64,
    finish: Option<Finish>,
}

/// Most candidates told apart; the API gives 8.
const MAX_CHOICES: usize = 64;

const ROLE: &[u8] = br#""role":"assistant","content":"""#;

// === impl ToOpenAiChat ===

impl ToOpenAiChat {
    pub(super) fn new(reply: &Reply) -> Self {
        Self {
            decoder: Decoder::new(openai::MAX_EVENT),
            reader: Reader {
                reply: reply.clone(),
                progress: Progress::default(),
                chunks: None,
                id: String::new(),
                choices: Vec::new(),
            },
        }
    }
}

impl StreamTranslator for ToOpenAiChat {
    fn feed(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Feed {
        let reader = &mut self.reader;
        let fed = self.decoder.feed(chunk, |event| reader.event(&event, out));
        if fed.is_err() && reader.progress.failed.is_none() {
            reader.fail(bad("one event of the provider's stream is too long"), out);
        }
        Feed::Changed
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        let reader = &mut self.reader;
        self.decoder.finish(|event| reader.event(&event, out));
        if reader.progress.failed.is_some() {
            return;
        }
        if !reader.choices.is_empty() && reader.choices.iter().all(|c| c.finish.is_some()) {
            reader.end(out);
        } else {
            let words = "the provider's stream ended before the answer was complete";
            reader.fail(Error::new(Kind::BrokenStream, words), out);
        }
    }

    fn progress(&self) -> &Progress {
        &self.reader.progress
    }
}

// === impl Reader ===

impl Reader {
    fn event(&mut self, event: &Event<'_>, out: &mut Vec<u8>) {
        if self.progress.failed.is_some() {
            return;
        }
        let raw = event.raw.trim_ascii();
        let data = match event.data.as_deref() {
            Some(data) => data.trim_ascii(),
            // An error that is not told as an event: a body of its own.
            None if matches!(raw.first(), Some(b'{' | b'[')) => {
                return self.fail(super::error::in_answer(raw), out);
            }
            None => {
                if raw.starts_with(b":") {
                    chunk::ping(out);
                }
                return;
            }
        };
        if data.is_empty() || data == b"[DONE]" {
            return;
        }
        match serde_json::from_slice::<Answer<'_>>(data) {
            Ok(answer) if answer.error.is_none() => self.answer(&answer, out),
            Ok(_) => self.fail(super::error::in_answer(data), out),
            Err(_) if data.starts_with(b"[") => self.fail(super::error::in_answer(data), out),
            Err(_) => self.fail(bad("an event of the provider's stream has another shape"), out),
        }
    }

    fn answer(&mut self, answer: &Answer<'_>, out: &mut Vec<u8>) {
        let usage = answer.usage_metadata;
        let usage = usage.and_then(|u| usage::update(&mut self.progress.usage, u.get()));
        let candidates = answer.candidates();
        let blocked = answer.blocked().filter(|_| candidates.is_empty());
        if blocked.is_none() && candidates.is_empty() {
            return self.count(usage);
        }
        self.open(answer, usage, out);
        if let Some(words) = blocked {
            let Some(choice) = self.choice(0, out) else { return };
            self.withhold(0, &words, out);
            self.close(choice, Finish::Withheld);
        }
        for (position, candidate) in candidates.iter().enumerate() {
            self.candidate(candidate, position as u64, out);
        }
        self.count(usage);
    }

    /// The counts are final once every candidate has ended.
    fn count(&mut self, usage: Option<Tier>) {
        let ended = !self.choices.is_empty() && self.choices.iter().all(|c| c.finish.is_some());
        self.progress.usage.output_reported |=
            usage.is_some() && ended && self.progress.usage.input_reported;
    }

    fn open(&mut self, answer: &Answer<'_>, usage: Option<Tier>, out: &mut Vec<u8>) {
        if self.chunks.is_some() {
            return;
        }
        let id = answer.response_id.and_then(text).unwrap_or(Cow::Borrowed(NO_ID));
        let model = answer.model_version.and_then(text);
        let header = Header {
            id: &id,
            created: self.reply.created,
            model: model.as_deref().unwrap_or(&self.reply.model),
            service_tier: usage.and_then(|Tier(tier)| tier),
        };
        let chunks = Chunks::new(header, self.reply.include_usage);
        if self.reply.early_usage && self.progress.usage.input_reported {
            chunks.usage(out, &self.progress.usage);
        }
        self.chunks = Some(chunks);
        self.id = id.into_owned();
        // Its role, before anything else; other choices' when they come.
        self.choice(0, out);
    }

    /// The place of a candidate in `choices`.
    fn choice(&mut self, index: u64, out: &mut Vec<u8>) -> Option<usize> {
        if let Some(at) = self.choices.iter().position(|c| c.index == index) {
            return Some(at);
        }
        if self.choices.len() == MAX_CHOICES {
            self.fail(bad("the provider's stream has too many candidates"), out);
            return None;
        }
        self.choices.push(Choice { index, calls: 0, finish: None });
        self.delta(index, out, |out| out.extend_from_slice(ROLE));
        Some(self.choices.len() - 1)
    }

    fn candidate(&mut self, candidate: &Candidate<'_>, position: u64, out: &mut Vec<u8>) {
        let index = candidate.index.unwrap_or(position);
        let Some(at) = self.choice(index, out) else { return };
        for part in candidate.parts() {
            self.part(part, at, out);
        }
        if let Some(logprobs) = candidate.logprobs_result.and_then(logprobs::to_openai)
            && let Some(chunks) = &self.chunks
        {
            let beside = [&br#","logprobs":"#[..], &logprobs].concat();
            chunks.choice(out, index, |_| (), &beside, None);
        }
        let Some(reason) = candidate.finish() else { return };
        let finish = Finish::read(&reason);
        let words = candidate.finish_message.and_then(text);
        match finish {
            Finish::Withheld => {
                self.withhold(index, &finish::refusal(&reason, words.as_deref()), out);
            }
            Finish::Broken if self.choices.len() == 1 => {
                return self.fail(finish::broken(&reason, words.as_deref()), out);
            }
            _ => {}
        }
        self.close(at, finish);
    }

    fn part(&mut self, part: &Part<'_>, at: usize, out: &mut Vec<u8>) {
        if self.progress.failed.is_some() {
            return;
        }
        let Some(choice) = self.choices.get_mut(at) else { return };
        let Choice { index, calls, .. } = *choice;
        let signature = part.signature();
        if let Some(call) = &part.function_call {
            choice.calls += 1;
            let mut written = br#""tool_calls":[{"index":"#.to_vec();
            json::push_number(&mut written, calls);
            written.push(b',');
            if !call.push(&mut written, &self.id, index, calls, signature) {
                return self.fail(bad("a function call without a name"), out);
            }
            written.extend_from_slice(b"}]");
            self.generated(call.arguments().len() as u64);
            return self.delta(index, out, |out| out.extend_from_slice(&written));
        }
        if let Some(blob) = &part.inline_data {
            self.generated(blob.size());
            self.delta(index, out, |out| {
                out.extend_from_slice(br#""images":["#);
                blob.push(out);
                out.push(b']');
            });
        }
        let piece = string(part.text);
        if !inner(piece).is_empty() {
            let thought = part.thought == Some(true);
            let field: &[u8] = if thought { br#""reasoning_content":"# } else { br#""content":"# };
            self.generated(inner(piece).len() as u64);
            self.delta(index, out, |out| {
                out.extend_from_slice(field);
                out.extend_from_slice(piece);
            });
        }
        if let Some(signature) = signature {
            self.delta(index, out, |out| {
                out.extend_from_slice(br#""extra_content":"#);
                push_signature(out, signature);
            });
        }
    }

    fn generated(&mut self, bytes: u64) {
        self.progress.started = true;
        self.progress.output_bytes += bytes;
    }

    fn withhold(&mut self, index: u64, words: &str, out: &mut Vec<u8>) {
        self.delta(index, out, |out| {
            out.extend_from_slice(br#""refusal":"#);
            json::push_text(out, words);
        });
    }

    fn close(&mut self, at: usize, finish: Finish) {
        self.progress.started = true;
        if let Some(choice) = self.choices.get_mut(at) {
            choice.finish.get_or_insert(finish);
        }
    }

    fn delta(&self, index: u64, out: &mut Vec<u8>, members: impl FnOnce(&mut Vec<u8>)) {
        if let Some(chunks) = &self.chunks {
            chunks.choice(out, index, members, b"", None);
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        self.progress.complete = true;
        self.progress.usage.output_reported |= self.progress.usage.input_reported;
        if let Some(chunks) = &self.chunks {
            for Choice { index, calls, finish } in &self.choices {
                let word = finish.map(|finish| finish.word(*calls > 0));
                chunks.choice(out, *index, |_| (), b"", word);
            }
            chunks.usage(out, &self.progress.usage);
        }
        chunk::done(out);
    }

    fn fail(&mut self, error: Error, out: &mut Vec<u8>) {
        if self.progress.failed.is_none() && !self.progress.complete {
            out.extend_from_slice(&openai::error::event(&error));
            self.progress.failed = Some(error);
        }
    }
}

fn bad(words: &'static str) -> Error {
    Error::new(Kind::BadAnswer, words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream() -> ToOpenAiChat {
        ToOpenAiChat::new(&Reply { model: "m".into(), ..Default::default() })
    }

    fn feed(stream: &mut ToOpenAiChat, data: &str) -> String {
        let mut out = Vec::new();
        stream.feed(format!("data: {data}\r\n\r\n").as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn each_kind_of_content_starts() {
        for (candidate, starts) in [
            (r#"{"content":{"parts":[{"text":"x"}]}}"#, true),
            (r#"{"content":{"parts":[{"text":"x","thought":true}]}}"#, true),
            (r#"{"content":{"parts":[{"functionCall":{"name":"f"}}]}}"#, true),
            (
                r#"{"content":{"parts":[{"inlineData":{"mimeType":"image/png","data":"AA"}}]}}"#,
                true,
            ),
            (r#"{"finishReason":"SAFETY"}"#, true),
            (r#"{"content":{"parts":[{"text":""}]}}"#, false),
            (r#"{"content":{}}"#, false),
            (r#"{"finishReason":"MALFORMED_FUNCTION_CALL"}"#, false),
        ] {
            let mut s = stream();
            feed(&mut s, &format!(r#"{{"candidates":[{candidate}]}}"#));
            assert_eq!(s.progress().started, starts, "{candidate}");
        }
    }

    #[test]
    fn counts_are_final_with_the_last_candidate() {
        let mut s = stream();
        feed(
            &mut s,
            r#"{"candidates":[{"content":{"parts":[{"text":"a"}]}}],"usageMetadata":{"promptTokenCount":3}}"#,
        );
        assert!(s.progress().usage.input_reported && !s.progress().usage.output_reported);
        feed(
            &mut s,
            r#"{"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":1}}"#,
        );
        assert!(s.progress().usage.output_reported && !s.progress().complete);
        let mut out = Vec::new();
        s.finish(&mut out);
        assert!(s.progress().complete && out.ends_with(b"data: [DONE]\n\n"));
    }

    #[test]
    fn an_error_that_is_no_event_is_read() {
        let mut s = stream();
        let mut out = Vec::new();
        s.feed(
            b"[{\n  \"error\": {\n    \"code\": 429,\n    \"message\": \"quota\"\n  }\n}\n]\n",
            &mut out,
        );
        s.finish(&mut out);
        assert_eq!(s.progress().failed.as_ref().map(|e| e.kind), Some(Kind::Busy));
        assert_eq!(String::from_utf8(out).unwrap().matches("error").count(), 2);
    }

    #[test]
    fn bounds_what_it_keeps() {
        let mut s = stream();
        for i in 0..=MAX_CHOICES {
            feed(&mut s, &format!(r#"{{"candidates":[{{"index":{i},"content":{{}}}}]}}"#));
        }
        assert_eq!(s.progress().failed.as_ref().map(|e| e.kind), Some(Kind::BadAnswer));
    }
}
