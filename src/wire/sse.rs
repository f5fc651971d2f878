//! Server-sent events from bytes that may be cut anywhere.
//!
//! `Decoder` finds whole events and keeps their raw bytes, so that an event can
//! be passed on untouched or left out. Line ends may be LF, CRLF or CR, also
//! mixed; a cut between CR and LF is no second line end. Zero-copy while a chunk
//! holds whole events; only an unfinished tail is kept, bounded by `max`.
//!
//! Must not: know what `data` means, treat `[DONE]` as special, decode UTF-8
//! (a cut may fall inside a character; whole events cannot).
//!
//! Spec: <https://html.spec.whatwg.org/multipage/server-sent-events.html>.
//! Softer than it in one point: an event not closed by an empty line before the
//! end of the body is still reported, because some servers forget the last one.

use std::borrow::Cow;

/// One event, or a comment, or a stray line end: whatever stood up to and
/// including an empty line.
#[derive(Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// Exactly the bytes on the wire. The raws of all events join to the stream.
    pub raw: &'a [u8],
    /// The `event:` field; empty where it was absent.
    pub name: &'a [u8],
    /// The `data:` lines joined by LF; `None` where there was none.
    pub data: Option<Cow<'a, [u8]>>,
}

/// An event grew past the bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong;

#[derive(Debug)]
pub struct Decoder {
    /// The unfinished tail.
    held: Vec<u8>,
    /// Offset in `held` of the line being read.
    line: usize,
    /// Offset in `held` up to which that line is known to have no end: a long line
    /// in many pieces is searched once.
    read: usize,
    /// The last event ended with CR at a cut: an LF that follows belongs to it.
    after_cr: bool,
    max: usize,
    /// An event grew past the bound: the rest of the stream has no meaning.
    over: bool,
}

// === impl Decoder ===

impl Decoder {
    /// `max`: most bytes of one unfinished event.
    pub fn new(max: usize) -> Self {
        Self { held: Vec::new(), line: 0, read: 0, after_cr: false, max, over: false }
    }

    /// After `TooLong` nothing is read or kept any more.
    pub fn feed(&mut self, chunk: &[u8], mut each: impl FnMut(Event<'_>)) -> Result<(), TooLong> {
        if self.over {
            return Err(TooLong);
        }
        let mut chunk = chunk;
        if self.after_cr && !chunk.is_empty() {
            self.after_cr = false;
            if let Some(rest) = chunk.strip_prefix(b"\n") {
                each(Event { raw: b"\n", name: b"", data: None });
                chunk = rest;
            }
        }
        if self.held.is_empty() {
            let used = self.events(chunk, &mut each);
            self.held.extend_from_slice(chunk.get(used..).unwrap_or_default());
        } else {
            let mut buffer = std::mem::take(&mut self.held);
            buffer.extend_from_slice(chunk);
            let used = self.events(&buffer, &mut each);
            buffer.drain(..used);
            self.held = buffer;
        }
        if self.held.len() > self.max {
            self.held = Vec::new();
            self.over = true;
            return Err(TooLong);
        }
        Ok(())
    }

    /// The body has ended: what is left, as a last event.
    pub fn finish(&mut self, mut each: impl FnMut(Event<'_>)) {
        let held = std::mem::take(&mut self.held);
        (self.line, self.read) = (0, 0);
        if !held.is_empty() {
            each(event(&held));
        }
    }

    /// Nothing is held back.
    pub fn is_idle(&self) -> bool {
        self.held.is_empty()
    }

    /// Reports the whole events of `buffer`, which begins with what was held;
    /// returns the bytes they took.
    fn events(&mut self, buffer: &[u8], each: &mut impl FnMut(Event<'_>)) -> usize {
        let mut start = 0;
        let (mut line, mut read) = (self.line, self.read);
        while let Some(rest) = buffer.get(read..) {
            let Some(length) = memchr::memchr2(b'\n', b'\r', rest) else {
                read = buffer.len();
                break;
            };
            let end = read + length;
            let is_empty = end == line;
            let next = match (buffer.get(end), buffer.get(end + 1)) {
                (Some(b'\r'), Some(b'\n')) => end + 2,
                // Not known yet whether an LF follows: an empty line ends the
                // event either way, any other must wait.
                (Some(b'\r'), None) if !is_empty => {
                    read = end;
                    break;
                }
                (Some(b'\r'), None) => {
                    self.after_cr = true;
                    end + 1
                }
                _ => end + 1,
            };
            if is_empty {
                each(event(buffer.get(start..next).unwrap_or_default()));
                start = next;
            }
            (line, read) = (next, next);
        }
        (self.line, self.read) = (line - start, read - start);
        start
    }
}

/// Reads the fields of one event's bytes.
fn event(raw: &[u8]) -> Event<'_> {
    let mut name: &[u8] = b"";
    let mut data: Option<Cow<'_, [u8]>> = None;
    let mut rest = raw.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(raw);
    while !rest.is_empty() {
        let end = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        let (line, tail) = rest.split_at(end);
        rest = tail.strip_prefix(b"\r\n").or_else(|| tail.get(1..)).unwrap_or_default();
        if let Some(value) = field(line, b"data") {
            match &mut data {
                None => data = Some(Cow::Borrowed(value)),
                Some(so_far) => {
                    let joined = so_far.to_mut();
                    joined.push(b'\n');
                    joined.extend_from_slice(value);
                }
            }
        } else if let Some(value) = field(line, b"event") {
            name = value;
        }
    }
    Event { raw, name, data }
}

fn field<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let rest = line.strip_prefix(name)?;
    if rest.is_empty() {
        return Some(rest);
    }
    let value = rest.strip_prefix(b":")?;
    Some(value.strip_prefix(b" ").unwrap_or(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Seen = (Vec<u8>, Vec<u8>, Option<Vec<u8>>);

    fn decode<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<Seen> {
        let mut decoder = Decoder::new(1 << 20);
        let mut seen = Vec::new();
        let mut each = |e: Event<'_>| {
            seen.push((e.raw.to_vec(), e.name.to_vec(), e.data.map(|d| d.into_owned())));
        };
        for chunk in chunks {
            decoder.feed(chunk, &mut each).unwrap();
        }
        decoder.finish(&mut each);
        seen
    }

    /// Events that carry something, without their raw bytes.
    fn meaning(seen: &[Seen]) -> Vec<(Vec<u8>, Vec<u8>)> {
        seen.iter().filter_map(|(_, n, d)| d.clone().map(|d| (n.clone(), d))).collect()
    }

    const STREAMS: &[&[u8]] = &[
        b"data: {\"a\":1}\n\ndata: [DONE]\n\n",
        b"event: x\r\ndata: one\r\n\r\n: ping\r\n\r\ndata:two\r\n\r\n",
        b"data: a\rdata: b\r\rdata: c\r\r",
        b"\xEF\xBB\xBFdata: \xF0\x9F\x98\x80\xC3\xBC\n\ndata\n\ndata: last",
        b"data: 1\r\n\n\r\r\ndata: 2\n\r\n\n: only a comment\n\nid: 7\nretry: 5\nfoo: x\n\n",
        b"data: a\r\n\r",
        b"\n\n\n",
        b"",
    ];

    #[test]
    fn reads_fields() {
        let seen = decode([STREAMS[1]]);
        assert_eq!(
            meaning(&seen),
            [(b"x".to_vec(), b"one".to_vec()), (b"".to_vec(), b"two".to_vec())]
        );
        assert_eq!(meaning(&decode([STREAMS[2]]))[0].1, b"a\nb");
        let odd = meaning(&decode([STREAMS[3]]));
        assert_eq!(odd[0].1, "😀ü".as_bytes());
        assert_eq!(odd[1].1, b"");
        assert_eq!(odd[2].1, b"last");
    }

    #[test]
    fn every_cut_means_the_same_and_loses_no_byte() {
        for stream in STREAMS {
            let whole = decode([*stream]);
            let bytes = decode(stream.chunks(1));
            assert_eq!(meaning(&whole), meaning(&bytes));
            for cut in 0..=stream.len() {
                let (a, b) = stream.split_at(cut);
                let parts = decode([a, b]);
                assert_eq!(meaning(&whole), meaning(&parts), "cut at {cut}");
                assert_eq!(
                    parts.iter().flat_map(|(raw, ..)| raw.clone()).collect::<Vec<_>>(),
                    *stream
                );
            }
        }
    }

    #[test]
    fn bounds_an_event() {
        let mut decoder = Decoder::new(10);
        assert_eq!(decoder.feed(b"data: 1234", |_| ()), Ok(()));
        assert_eq!(decoder.feed(b"5", |_| ()), Err(TooLong));
        // Nothing is kept of it, and nothing is read again.
        assert!(decoder.is_idle());
        assert_eq!(decoder.feed(b"data: 1\n\n", |_| panic!("an event")), Err(TooLong));
        assert!(decoder.is_idle());
        decoder.finish(|_| panic!("an event"));
    }

    #[test]
    fn a_long_line_in_many_pieces_is_read_once() {
        let mut decoder = Decoder::new(1 << 30);
        for _ in 0..100 {
            assert_eq!(decoder.feed(&[b'x'; 1000], |_| ()), Ok(()));
        }
        assert_eq!((decoder.line, decoder.read), (0, 100_000));
    }

    proptest! {
        #[test]
        fn any_bytes_any_cuts(
            bytes in prop::collection::vec(prop::sample::select(&b"data: ev\r\n\r\n:x"[..]), 0..80),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        ) {
            let mut at: Vec<usize> = cuts.iter().map(|i| i.index(bytes.len() + 1)).collect();
            at.extend([0, bytes.len()]);
            at.sort_unstable();
            let parts = decode(at.windows(2).map(|w| &bytes[w[0]..w[1]]));
            let whole = decode([&bytes[..]]);
            prop_assert_eq!(meaning(&parts), meaning(&whole));
            prop_assert_eq!(parts.iter().flat_map(|(raw, ..)| raw.clone()).collect::<Vec<_>>(), bytes);
        }
    }
}
