//! Answers: `text_completion`, whole and in chunks.

use crate::dialect::hub::{self, Chunk, Completion};
use crate::dialect::openai::{chunk, error, usage};
use crate::dialect::{Progress, Reply, Usage};
use crate::error::Error;
use crate::wire::json;
use serde_json::value::RawValue;

type Raw<'a> = Option<&'a RawValue>;

pub(super) fn whole(completion: &Completion<'_>, usage: &Usage, reply: &Reply) -> Vec<u8> {
    let mut out = Vec::new();
    let created = completion.created.unwrap_or(reply.created);
    push_head(&mut out, completion.id, created, completion.model, &reply.model);
    for (i, choice) in completion.choices.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        let message = choice.message.as_ref();
        let text = message.and_then(|m| string(m.content).or(string(m.refusal)));
        let finish = string(choice.finish_reason).unwrap_or(b"null");
        push_choice(&mut out, choice.index, text.unwrap_or(b"\"\""), finish);
    }
    out.push(b']');
    if usage.input_reported || usage.output_reported {
        out.extend_from_slice(br#","usage":"#);
        usage::write(&mut out, usage);
    }
    out.push(b'}');
    out
}

fn push_head(out: &mut Vec<u8>, id: Raw<'_>, created: u64, model: Raw<'_>, ours: &str) {
    out.extend_from_slice(br#"{"id":"#);
    out.extend_from_slice(string(id).unwrap_or(br#""cmpl""#));
    out.extend_from_slice(br#","object":"text_completion","created":"#);
    json::push_number(out, created);
    out.extend_from_slice(br#","model":"#);
    match string(model) {
        Some(model) => out.extend_from_slice(model),
        None => json::push_text(out, ours),
    }
    out.extend_from_slice(br#","choices":["#);
}

fn push_choice(out: &mut Vec<u8>, index: u64, text: &[u8], finish: &[u8]) {
    out.extend_from_slice(br#"{"text":"#);
    out.extend_from_slice(text);
    out.extend_from_slice(br#","index":"#);
    json::push_number(out, index);
    out.extend_from_slice(br#","logprobs":null,"finish_reason":"#);
    out.extend_from_slice(finish);
    out.push(b'}');
}

/// The bytes of a JSON string that is not empty.
fn string(raw: Raw<'_>) -> Option<&[u8]> {
    raw.map(|r| r.get().as_bytes()).filter(|r| r.first() == Some(&b'"') && r.len() > 2)
}

/// The client's stream.
pub struct Writer {
    /// `data: {"id":…,"choices":[`, of the first chunk.
    head: Vec<u8>,
    model: String,
    created: u64,
    include_usage: bool,
    /// Choices and why they ended, a JSON string: told last, as a choice that has
    /// ended says no more.
    finished: Vec<(u64, Vec<u8>)>,
}

/// Most choices told apart; further ones end with the stream.
const MAX_CHOICES: usize = 128;

// === impl Writer ===

impl hub::Writer for Writer {
    fn new(reply: &Reply) -> Self {
        Self {
            head: Vec::new(),
            model: reply.model.clone(),
            created: reply.created,
            include_usage: reply.include_usage,
            finished: Vec::new(),
        }
    }

    fn chunk(&mut self, chunk: &Chunk<'_>, _: &Progress, out: &mut Vec<u8>) {
        if self.head.is_empty() {
            self.head.extend_from_slice(b"data: ");
            let created = chunk.created.unwrap_or(self.created);
            push_head(&mut self.head, chunk.id, created, chunk.model, &self.model);
        }
        for choice in &chunk.choices {
            let delta = choice.delta.as_ref();
            let text = delta.and_then(|d| string(d.content).or(string(d.refusal)));
            if let Some(text) = text {
                self.choice(choice.index, text, b"null", out);
            }
            if let Some(reason) = string(choice.finish_reason)
                && self.finished.len() < MAX_CHOICES
                && !self.finished.iter().any(|(index, _)| *index == choice.index)
            {
                self.finished.push((choice.index, reason.to_vec()));
            }
        }
    }

    fn ping(&mut self, out: &mut Vec<u8>) {
        chunk::ping(out);
    }

    fn finish(&mut self, progress: &Progress, out: &mut Vec<u8>) {
        if self.finished.is_empty() && !self.head.is_empty() {
            self.finished.push((0, br#""stop""#.to_vec()));
        }
        for (index, reason) in &self.finished {
            self.choice(*index, b"\"\"", reason, out);
        }
        if self.include_usage && !self.head.is_empty() {
            out.extend_from_slice(&self.head);
            out.extend_from_slice(br#"],"usage":"#);
            usage::write(out, &progress.usage);
            out.extend_from_slice(b"}\n\n");
        }
        chunk::done(out);
    }

    fn fail(&mut self, error: &Error, out: &mut Vec<u8>) {
        out.extend_from_slice(&error::event(error));
    }
}

impl Writer {
    fn choice(&self, index: u64, text: &[u8], finish: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(&self.head);
        push_choice(out, index, text, finish);
        let tail: &[u8] = if self.include_usage { b"],\"usage\":null}\n\n" } else { b"]}\n\n" };
        out.extend_from_slice(tail);
    }
}
