//! AWS event streams (`application/vnd.amazon.eventstream`) from bytes that may
//! be cut anywhere, and back.
//!
//! A message on the wire, all numbers big-endian:
//!
//! ```text
//! total length u32 │ headers length u32 │ CRC-32 of these 8 bytes
//! headers: name length u8, name, type u8, value; any number of them
//! payload
//! CRC-32 of every byte before it
//! ```
//!
//! Both sums are checked before anything of a message is believed: the first as
//! soon as its 12 bytes are there, so that an absurd length is refused before it
//! is waited for, the second before the message is reported. Zero-copy while a
//! chunk holds whole messages; only an unfinished tail is kept, bounded by `max`.
//!
//! Must not: know what a header or a payload means.
//!
//! Spec: <https://smithy.io/2.0/aws/amazon-eventstream.html>. Softer than it in
//! one point: a header name that stands twice is not refused, the first one counts.

mod crc;
mod header;
#[cfg(test)]
mod tests;

pub use crc::crc32;
pub use header::{Header, Value};

use header::Headers;
use std::fmt;

/// One whole message, both sums right, every header readable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message<'a> {
    /// Exactly the bytes on the wire. The raws of all messages join to the stream.
    pub raw: &'a [u8],
    headers: &'a [u8],
    pub payload: &'a [u8],
}

/// Why a stream is not one of messages, or no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// The sum over the two lengths is wrong.
    PreludeChecksum,
    /// The lengths contradict each other, or pass a bound.
    Lengths,
    /// The sum over the message is wrong.
    MessageChecksum,
    /// The headers cannot be read.
    Headers,
    /// The bytes ended inside a message.
    EndsEarly,
}

#[derive(Debug)]
pub struct Decoder {
    /// The unfinished tail.
    held: Vec<u8>,
    max: usize,
    /// The rest of the stream has no meaning.
    broken: Option<Broken>,
}

/// Most bytes of all headers of one message, by the specification.
pub const MAX_HEADERS: usize = 128 * 1024;

/// Appends one message. Header names longer than 255 bytes and values longer
/// than 65,535 have no encoding and are cut.
pub fn encode(out: &mut Vec<u8>, headers: &[Header<'_>], payload: &[u8]) {
    let mut block = Vec::new();
    for header in headers {
        header.write(&mut block);
    }
    let start = out.len();
    let total = OVERHEAD.saturating_add(block.len()).saturating_add(payload.len());
    out.extend_from_slice(&length(total));
    out.extend_from_slice(&length(block.len()));
    let prelude = crc32(out.get(start..).unwrap_or_default());
    out.extend_from_slice(&prelude.to_be_bytes());
    out.extend_from_slice(&block);
    out.extend_from_slice(payload);
    let message = crc32(out.get(start..).unwrap_or_default());
    out.extend_from_slice(&message.to_be_bytes());
}

/// Two lengths and their sum.
const PRELUDE: usize = 12;
/// The prelude and the last sum.
const OVERHEAD: usize = PRELUDE + 4;

fn length(bytes: usize) -> [u8; 4] {
    u32::try_from(bytes).unwrap_or(u32::MAX).to_be_bytes()
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..)?.first_chunk::<4>()?;
    Some(u32::from_be_bytes(*four))
}

/// The length of the message `bytes` begins with and of its headers; `None`
/// where the prelude is not whole yet.
fn lengths(bytes: &[u8], max: usize) -> Result<Option<(usize, usize)>, Broken> {
    let (Some(total), Some(headers), Some(sum)) =
        (u32_at(bytes, 0), u32_at(bytes, 4), u32_at(bytes, 8))
    else {
        return Ok(None);
    };
    if crc32(bytes.get(..8).unwrap_or_default()) != sum {
        return Err(Broken::PreludeChecksum);
    }
    let (total, headers) = (total as usize, headers as usize);
    if total > max || headers > MAX_HEADERS || total < OVERHEAD + headers {
        return Err(Broken::Lengths);
    }
    Ok(Some((total, headers)))
}

/// Reads the one message that `raw` is.
fn message(raw: &[u8], headers_length: usize) -> Result<Message<'_>, Broken> {
    let end = raw.len().saturating_sub(4);
    let summed = raw.get(..end).unwrap_or_default();
    if Some(crc32(summed)) != u32_at(raw, end) {
        return Err(Broken::MessageChecksum);
    }
    let rest = summed.get(PRELUDE..).unwrap_or_default();
    let (headers, payload) = rest.split_at_checked(headers_length).ok_or(Broken::Lengths)?;
    if Headers(headers).any(|h| h.is_none()) {
        return Err(Broken::Headers);
    }
    Ok(Message { raw, headers, payload })
}

// === impl Message ===

impl<'a> Message<'a> {
    pub fn headers(&self) -> impl Iterator<Item = Header<'a>> {
        Headers(self.headers).flatten()
    }

    /// The text of a header; `None` where it is absent or no string.
    pub fn text(&self, name: &str) -> Option<&'a str> {
        match self.headers().find(|h| h.name == name)?.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

// === impl Decoder ===

impl Decoder {
    /// `max`: most bytes of one message.
    pub fn new(max: usize) -> Self {
        Self { held: Vec::new(), max, broken: None }
    }

    /// Reports the messages that are whole. After an error nothing is read or
    /// kept any more.
    pub fn feed(&mut self, chunk: &[u8], mut each: impl FnMut(Message<'_>)) -> Result<(), Broken> {
        if let Some(broken) = self.broken {
            return Err(broken);
        }
        let read = if self.held.is_empty() {
            let read = self.messages(chunk, &mut each);
            if let Ok(used) = read {
                self.held.extend_from_slice(chunk.get(used..).unwrap_or_default());
            }
            read
        } else {
            let mut buffer = std::mem::take(&mut self.held);
            buffer.extend_from_slice(chunk);
            let read = self.messages(&buffer, &mut each);
            if let Ok(used) = read {
                buffer.drain(..used);
                self.held = buffer;
            }
            read
        };
        match read {
            Ok(_) => Ok(()),
            Err(broken) => {
                self.broken = Some(broken);
                Err(broken)
            }
        }
    }

    /// The body has ended: nothing may be left.
    pub fn finish(&mut self) -> Result<(), Broken> {
        if !self.held.is_empty() {
            self.held = Vec::new();
            self.broken = Some(Broken::EndsEarly);
        }
        self.broken.map_or(Ok(()), Err)
    }

    /// Nothing is held back.
    pub fn is_idle(&self) -> bool {
        self.held.is_empty()
    }

    /// Reports the whole messages of `buffer`; returns the bytes they took.
    fn messages(&self, buffer: &[u8], each: &mut impl FnMut(Message<'_>)) -> Result<usize, Broken> {
        let mut start = 0;
        while let Some(rest) = buffer.get(start..)
            && let Some((total, headers)) = lengths(rest, self.max)?
            && let Some(raw) = rest.get(..total)
        {
            each(message(raw, headers)?);
            start += total;
        }
        Ok(start)
    }
}

// === impl Broken ===

impl Broken {
    pub const fn as_str(self) -> &'static str {
        match self {
            Broken::PreludeChecksum => "the checksum of a message's lengths is wrong",
            Broken::Lengths => "a message's lengths are not possible",
            Broken::MessageChecksum => "the checksum of a message is wrong",
            Broken::Headers => "a message's headers cannot be read",
            Broken::EndsEarly => "the stream ends inside a message",
        }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
