//! Which rule a call falls under: the first whose conditions all fit.
//!
//! By `config::index`: the first rule that is left says what is asked next, until none
//! is left or the first one has nothing more to ask. Each question is answered at most
//! once a call; the body is read for its metadata, and as a whole for what a chat has
//! and how much it is to think, only where that decides. Without rules it costs nothing.

use crate::config::index::{About, Answer, Index};
use crate::dialect::asks::Asks;
use crate::dialect::estimate::pictures::Sight;
use crate::dialect::openai::effort::Effort;
use crate::dialect::{Dialect, Facts, Operation, count, estimate};
use crate::wire::json;
use std::borrow::Cow;
use std::cell::OnceCell;

/// What rules may ask of a call.
pub struct Call<'a> {
    pub facts: &'a Facts,
    pub body: &'a [u8],
    /// The consumer's name.
    pub consumer: &'a str,
    /// The first value of a request header.
    pub header: &'a dyn Fn(&str) -> Option<Vec<u8>>,
    /// Regions and tags that the client wants.
    pub wants: &'a [String],
}

/// Its place in the configuration.
pub fn find(index: &Index, call: &Call<'_>) -> Option<usize> {
    let reading = Reading { call, asks: OnceCell::new(), metadata: OnceCell::new() };
    let (mut left, mut answered) = (index.all, 0);
    loop {
        let first = left.first()?;
        let open = index.asked.get(first)? & !answered;
        if open == 0 {
            return Some(first);
        }
        let question = open.trailing_zeros();
        answered |= 1 << question;
        let question = index.questions.get(question as usize)?;
        reading.answer(&question.about, |answer| question.narrow(&mut left, &answer));
    }
}

/// A call, and what has been read of its body.
struct Reading<'a> {
    call: &'a Call<'a>,
    asks: OnceCell<Asks>,
    /// An object, or nothing.
    metadata: OnceCell<&'a [u8]>,
}

// === impl Reading ===

impl Reading<'_> {
    fn answer(&self, about: &About, hear: impl FnOnce(Answer<'_>)) {
        let facts = self.call.facts;
        match about {
            About::Stream => hear(Answer::Bits(1 << u64::from(facts.stream))),
            About::Endpoint => hear(Answer::Bits(facts.client.bit())),
            About::MaxOutput => hear(match facts.client.operation() {
                Operation::Chat => Answer::Tokens(facts.max_tokens),
                _ => Answer::Nothing,
            }),
            About::InputTokens => hear(match is_text(facts.client) {
                true => Answer::Tokens(Some(self.input())),
                false => Answer::Nothing,
            }),
            About::Consumer => hear(Answer::Text(self.call.consumer)),
            About::Model => hear(Answer::Text(&facts.model)),
            About::Wants => hear(Answer::Words(self.call.wants)),
            About::Header(name) => match (self.call.header)(name) {
                Some(value) => hear(Answer::Text(&String::from_utf8_lossy(&value))),
                None => hear(Answer::Nothing),
            },
            About::Metadata(name) => match self.metadata(name) {
                Some(value) => hear(Answer::Text(&value)),
                None => hear(Answer::Nothing),
            },
            About::Effort => {
                let word = self.asks().effort.as_deref().map(str::to_ascii_lowercase);
                let effort = word.and_then(|word| Effort::named(&word));
                hear(effort.map_or(Answer::Nothing, |effort| Answer::Bits(1 << effort as u64)));
            }
            About::Has => hear(Answer::Bits(self.asks().bits())),
        }
    }

    fn input(&self) -> u64 {
        match self.call.body {
            // It flows on.
            [] => estimate::of_bytes(self.call.facts.body_bytes as u64),
            body => {
                let call = count::inner(self.call.facts.client, body);
                estimate::of_request(call, Sight::Pixels)
            }
        }
    }

    fn asks(&self) -> &Asks {
        self.asks.get_or_init(|| Asks::of(self.call.facts, self.call.body))
    }

    /// A text's characters; numbers and booleans as they are written; nothing else fits.
    fn metadata(&self, name: &str) -> Option<Cow<'_, str>> {
        let Call { facts, body, .. } = *self.call;
        let all = self.metadata.get_or_init(|| {
            let within = match count::chat(facts.client).unwrap_or(facts.client) {
                Dialect::BedrockConverse => "requestMetadata",
                _ => "metadata",
            };
            json::member(count::inner(facts.client, body), within).unwrap_or_default()
        });
        let raw = json::member(all, name)?;
        match raw.first()? {
            b'"' => json::text(raw),
            b'{' | b'[' | b'n' => None,
            _ => std::str::from_utf8(raw).ok().map(Cow::Borrowed),
        }
    }
}

/// Whether bytes tell how many tokens go in. Those of a file do not.
fn is_text(client: Dialect) -> bool {
    client.operation().texts().0 || count::chat(client).is_some()
}

#[cfg(test)]
mod tests;
