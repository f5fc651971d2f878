//! AWS event streams as text, one message a line: `event-type {json}` for an event,
//! `!exception-type {json}` for an exception, `~` before either to spoil its last
//! checksum. Empty lines and lines that begin with `#` are for people.

use sluice::wire::eventstream::{Decoder, Header, encode};

/// The bytes that a provider sends for these lines.
pub fn to_bytes(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for line in text.lines().filter(|l| !l.is_empty() && !l.starts_with('#')) {
        let (spoiled, line) = match line.strip_prefix('~') {
            Some(line) => (true, line),
            None => (false, line),
        };
        let (name, payload) = line.split_once(' ').unwrap_or((line, ""));
        let (type_, name) = match name.strip_prefix('!') {
            Some(name) => ((":exception-type", "exception"), name),
            None => ((":event-type", "event"), name),
        };
        let headers = [
            Header::text(type_.0, name),
            Header::text(":content-type", "application/json"),
            Header::text(":message-type", type_.1),
        ];
        encode(&mut out, &headers, payload.as_bytes());
        if let Some(last) = out.last_mut().filter(|_| spoiled) {
            *last ^= 1;
        }
    }
    out
}

/// The lines for these bytes, which must be whole messages.
pub fn to_text(bytes: &[u8]) -> String {
    let mut out = String::new();
    let mut decoder = Decoder::new(16 << 20);
    let fed = decoder.feed(bytes, |message| {
        let (mark, name) = match message.text(":exception-type") {
            Some(name) => ("!", name),
            None => ("", message.text(":event-type").unwrap_or("?")),
        };
        let payload = String::from_utf8_lossy(message.payload);
        out.push_str(&format!("{mark}{name} {payload}\n"));
    });
    assert_eq!((fed, decoder.finish()), (Ok(()), Ok(())), "a client got a broken event stream");
    out
}
