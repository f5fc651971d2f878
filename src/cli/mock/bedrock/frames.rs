//! `application/vnd.amazon.eventstream`, written.
//!
//! <https://smithy.io/2.0/aws/amazon-eventstream.html>

use flate2::Crc;

/// One message: `name` is an event's, or behind `!` an exception's. `spoiled`: its
/// last checksum is wrong.
pub(in crate::cli::mock) fn frame(name: &str, payload: &str, spoiled: bool) -> Vec<u8> {
    let (type_, kind, name) = match name.strip_prefix('!') {
        Some(name) => (":exception-type", "exception", name),
        None => (":event-type", "event", name),
    };
    let mut headers = Vec::new();
    header(&mut headers, type_, name);
    header(&mut headers, ":content-type", "application/json");
    header(&mut headers, ":message-type", kind);
    let mut out = Vec::new();
    number(&mut out, 16 + headers.len() + payload.len());
    number(&mut out, headers.len());
    sum(&mut out);
    out.extend_from_slice(&headers);
    out.extend_from_slice(payload.as_bytes());
    sum(&mut out);
    if spoiled && let Some(last) = out.last_mut() {
        *last ^= 1;
    }
    out
}

/// A header with a string: type 7.
fn header(out: &mut Vec<u8>, name: &str, value: &str) {
    out.push(name.len() as u8);
    out.extend_from_slice(name.as_bytes());
    out.push(7);
    out.extend_from_slice(&(value.len() as u16).to_be_bytes());
    out.extend_from_slice(value.as_bytes());
}

fn number(out: &mut Vec<u8>, number: usize) {
    out.extend_from_slice(&(number as u32).to_be_bytes());
}

/// Of all bytes so far.
fn sum(out: &mut Vec<u8>) {
    let mut crc = Crc::new();
    crc.update(out);
    out.extend_from_slice(&crc.sum().to_be_bytes());
}
