//! OpenAI's answer, written from another provider's vectors.

use crate::dialect::openai::media::push_base64;
use crate::dialect::{ClientResponse, Reply, Usage};
use crate::error::{Error, Kind};
use crate::wire::json;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// A whole answer. `vectors`: arrays of numbers, or strings of base64; `size`: about as
/// many bytes as they have.
pub fn write<'a>(
    vectors: Vec<Cow<'a, [u8]>>,
    usage: Usage,
    reply: &Reply,
    size: usize,
) -> Result<ClientResponse, Error> {
    let (given, asked) = (vectors.len(), reply.inputs);
    if given != asked && asked > 0 {
        let words = format!("the provider gave {given} embeddings of {asked} texts");
        return Err(Error::new(Kind::BadAnswer, words));
    }
    let mut out = Vec::with_capacity(size + 256);
    out.extend_from_slice(br#"{"object":"list","data":["#);
    for (i, vector) in vectors.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        out.extend_from_slice(br#"{"object":"embedding","index":"#);
        json::push_number(&mut out, i as u64);
        out.extend_from_slice(br#","embedding":"#);
        out.extend_from_slice(vector);
        out.push(b'}');
    }
    out.extend_from_slice(br#"],"model":"#);
    json::push_text(&mut out, &reply.model);
    out.extend_from_slice(br#","usage":{"prompt_tokens":"#);
    json::push_number(&mut out, usage.input);
    out.extend_from_slice(br#","total_tokens":"#);
    json::push_number(&mut out, usage.input);
    out.extend_from_slice(b"}}");
    Ok(ClientResponse { body: Some(out), usage })
}

/// One vector as the client wants it: the provider's own digits, or base64 of them.
pub fn vector(numbers: Option<&RawValue>, base64: bool) -> Result<Cow<'_, [u8]>, Error> {
    let bad = || Error::new(Kind::BadAnswer, "an embedding of the provider is no list of numbers");
    let raw = numbers.map(RawValue::get).ok_or_else(bad)?;
    let inside = raw.strip_prefix('[').and_then(|r| r.strip_suffix(']')).ok_or_else(bad)?;
    if base64 {
        return packed(raw).map(Cow::Owned).ok_or_else(bad);
    }
    // It is JSON: what has none but these bytes holds numbers alone.
    let is_number = |b: u8| b.is_ascii_digit() || b.is_ascii_whitespace() || b"+-.eE,".contains(&b);
    if !inside.bytes().all(is_number) {
        return Err(bad());
    }
    Ok(Cow::Borrowed(raw.as_bytes()))
}

/// Numbers as a JSON string: base64 of little-endian floats.
pub(super) fn packed(numbers: &str) -> Option<Vec<u8>> {
    let values: Vec<f32> = serde_json::from_str(numbers).ok()?;
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    let mut out = b"\"".to_vec();
    push_base64(&bytes, &mut out);
    out.push(b'"');
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(raw: &str, base64: bool) -> Option<String> {
        let raw = RawValue::from_string(raw.to_owned()).unwrap();
        let made = vector(Some(&raw), base64).ok()?.into_owned();
        Some(String::from_utf8(made).unwrap())
    }

    #[test]
    fn numbers_keep_their_digits() {
        assert_eq!(of("[ 1.50, -2e-3 ]", false).as_deref(), Some("[ 1.50, -2e-3 ]"));
        assert_eq!(of("[0.5,-0.25,0.001]", true).as_deref(), Some("\"AAAAPwAAgL5vEoM6\""));
        for odd in ["7", "null", "\"AAA=\"", "[null]", "[\"1\"]", "[[1]]", "[true]", "{}"] {
            assert_eq!((of(odd, false), of(odd, true)), (None, None), "{odd}");
        }
        assert!(vector(None, true).is_err());
    }

    #[test]
    fn each_text_has_its_vector() {
        let vectors = || vec![Cow::Borrowed(&b"[1]"[..]); 2];
        let write = |inputs| {
            let reply = Reply { inputs, ..Default::default() };
            write(vectors(), Usage::default(), &reply, 0)
        };
        assert!(write(2).is_ok() && write(0).is_ok());
        assert_eq!(write(3).unwrap_err().kind, Kind::BadAnswer);
    }
}
