//! What a model said, as parts of a candidate.
//!
//! Blocks another provider signed wait for the next part that is no thought, where
//! Google's own models put their signatures; clients keep it longest there.

use super::signature;
use crate::dialect::hub::read::Message;
use crate::dialect::openai::chunk::inner;
use crate::dialect::openai::completion::Array;
use crate::wire::json;
use serde::Deserialize;
use serde_json::value::RawValue;

type Raw<'a> = Option<&'a RawValue>;

/// Parts, gathered. In a stream, those of one event.
#[derive(Debug, Default)]
pub(super) struct Parts {
    list: Array,
    /// Signed blocks that no part carries yet: JSON values with commas between.
    blocks: Vec<u8>,
    /// Google's own signature; a JSON string.
    google: Vec<u8>,
    /// There has been a call.
    called: bool,
}

/// `extra_content`, as far as it is read.
#[derive(Deserialize)]
struct Extra<'a> {
    #[serde(borrow)]
    google: Option<Google<'a>>,
}

#[derive(Deserialize)]
struct Google<'a> {
    #[serde(borrow)]
    thought_signature: Raw<'a>,
}

#[derive(Deserialize)]
struct Picture<'a> {
    #[serde(borrow)]
    image_url: Option<Url<'a>>,
}

#[derive(Deserialize)]
struct Url<'a> {
    #[serde(borrow)]
    url: Raw<'a>,
}

/// The bytes of a JSON string that is not empty.
pub(super) fn string(raw: Raw<'_>) -> Option<&[u8]> {
    raw.map(|r| r.get().as_bytes()).filter(|r| r.first() == Some(&b'"') && r.len() > 2)
}

/// The signature of an `extra_content`, a JSON string.
pub(super) fn google(extra: Raw<'_>) -> Option<Vec<u8>> {
    let extra: Extra<'_> = serde_json::from_str(extra?.get()).ok()?;
    string(extra.google?.thought_signature).map(<[u8]>::to_vec)
}

// === impl Parts ===

impl Parts {
    /// All of a message, or of a chunk's delta, but its calls.
    pub(super) fn message(&mut self, message: &Message<'_>, shows_thoughts: bool) {
        if let Some(thought) = string(message.reasoning_content)
            && shows_thoughts
        {
            let part = self.list.item();
            part.extend_from_slice(br#"{"text":"#);
            part.extend_from_slice(thought);
            part.extend_from_slice(br#","thought":true}"#);
        }
        for block in message.thinking_blocks.iter().flatten() {
            if !self.blocks.is_empty() {
                self.blocks.push(b',');
            }
            self.blocks.extend_from_slice(block.get().as_bytes());
        }
        if let Some(signature) = google(message.extra_content) {
            self.google = signature;
        }
        for text in [string(message.content), string(message.refusal)].into_iter().flatten() {
            self.signed(|part| {
                part.extend_from_slice(br#"{"text":"#);
                part.extend_from_slice(text);
            });
        }
        for image in message.images.iter().flatten() {
            self.image(image);
        }
    }

    /// `id` and `name` are JSON strings, `args` a JSON object.
    pub(super) fn call(&mut self, id: &[u8], name: &[u8], args: &str, google: Option<Vec<u8>>) {
        if let Some(signature) = google {
            self.google = signature;
        }
        // Google insists on a signature here, should the conversation go on there: where
        // there is none, a mark of ours says so.
        if !self.called && self.google.is_empty() && self.blocks.is_empty() {
            signature::wrap(b"", &mut self.google);
        }
        self.called = true;
        self.signed(|part| {
            part.extend_from_slice(br#"{"functionCall":{"#);
            if id.len() > 2 {
                part.extend_from_slice(br#""id":"#);
                part.extend_from_slice(id);
                part.push(b',');
            }
            part.extend_from_slice(br#""name":"#);
            part.extend_from_slice(name);
            part.extend_from_slice(br#","args":"#);
            part.extend_from_slice(args.as_bytes());
            part.push(b'}');
        });
    }

    /// Gives signatures that nobody carries a part of their own.
    pub(super) fn settle(&mut self) {
        if !self.blocks.is_empty() || !self.google.is_empty() {
            self.signed(|part| part.extend_from_slice(br#"{"text":"""#));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Takes the parts; signatures still wait. An answer that says nothing says so.
    pub(super) fn take(&mut self) -> Vec<u8> {
        let list = std::mem::take(&mut self.list);
        if list.is_empty() { br#"{"text":""}"#.to_vec() } else { list.items().to_vec() }
    }

    /// A part with what waits for one. `write` leaves it open.
    fn signed(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let Self { list, blocks, google, .. } = self;
        let part = list.item();
        write(part);
        if !blocks.is_empty() {
            part.extend_from_slice(br#","thoughtSignature":"#);
            signature::wrap(blocks, part);
            blocks.clear();
            google.clear();
        } else if !google.is_empty() {
            part.extend_from_slice(br#","thoughtSignature":"#);
            part.append(google);
        }
        part.push(b'}');
    }

    /// A picture in a `data:` URL; others cannot be told.
    fn image(&mut self, image: &RawValue) {
        let Ok(Picture { image_url: Some(Url { url }) }) = serde_json::from_str(image.get()) else {
            return;
        };
        let Some(url) = url.and_then(|u| json::text(u.get().as_bytes())) else { return };
        let Some((mime, data)) = url.strip_prefix("data:").and_then(|u| u.split_once(";base64,"))
        else {
            return;
        };
        let (mut head, mut bytes) = (Vec::new(), Vec::new());
        json::push_text(&mut head, mime);
        json::push_text(&mut bytes, data);
        self.signed(|part| {
            part.extend_from_slice(br#"{"inlineData":{"mimeType":"#);
            part.extend_from_slice(&head);
            part.extend_from_slice(br#","data":""#);
            part.extend_from_slice(inner(&bytes));
            part.extend_from_slice(b"\"}");
        });
    }
}
