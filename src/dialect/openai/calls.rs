//! Tool calls and their ids, as they stand in a chat conversation.
//!
//! OpenAI's arguments are a string that holds JSON: decoded once and checked. Ids
//! are any text; providers' alphabets and lengths are narrower. An id that does
//! not fit is replaced by one made of it alone, so that calls and results still
//! match, without a table.

use super::read::Value;
use super::tools::Names;
use crate::dialect::loss::Dropped;
use crate::error::Error;
use crate::wire::json;
use std::borrow::Cow;

/// One call of an assistant's message.
#[derive(Debug)]
pub struct Call<'a> {
    /// As the client wrote it; not empty.
    pub id: Cow<'a, str>,
    /// The function's name, a JSON string.
    pub name: &'a [u8],
    /// A JSON object; `{}` where the client wrote none.
    pub input: Cow<'a, str>,
    pub cache: Option<&'a [u8]>,
    /// `extra_content`, for whom it concerns: who does not send it must list it.
    pub extra: Option<&'a [u8]>,
}

/// The name and arguments of a call.
#[derive(Debug)]
pub struct Function<'a> {
    pub name: &'a [u8],
    pub input: Cow<'a, str>,
}

impl<'a> Call<'a> {
    /// Reads one of `tool_calls`.
    pub fn read(call: &Value<'a, '_>, names: &Names, dropped: &mut Dropped) -> Result<Self, Error> {
        let object = call.object()?;
        // Chunks of a stream have an index, and some clients keep it.
        let known = ["id", "type", "function", "index", "cache_control", "extra_content"];
        dropped.unknown("messages.tool_calls.", &object, &known);
        if let Some(type_) = call.field(&object, "type")
            && type_.text()? != "function"
        {
            return Err(type_.error("only function calls are carried"));
        }
        let Some(id) = call.field(&object, "id") else {
            return Err(call.error("needs an id"));
        };
        let id = read_id(&id)?;
        let Some(inner) = call.field(&object, "function") else {
            return Err(call.error("needs a function"));
        };
        let Function { name, input } = Function::read(&inner, names)?;
        let cache = object.get("cache_control");
        Ok(Self { id, name, input, cache, extra: object.get("extra_content") })
    }
}

impl<'a> Function<'a> {
    /// Reads `{"name", "arguments"}`.
    pub fn read(function: &Value<'a, '_>, names: &Names) -> Result<Self, Error> {
        let object = function.object()?;
        let Some(name) = function.field(&object, "name") else {
            return Err(function.error("needs a name"));
        };
        names.check(&name)?;
        let Some(arguments) = function.field(&object, "arguments") else {
            return Ok(Self { name: name.raw, input: "{}".into() });
        };
        let text = arguments.text()?;
        let input = match &text {
            text if text.trim().is_empty() => "{}".into(),
            Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
            Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
        };
        match json::object(input.as_bytes()) {
            Ok(_) => Ok(Self { name: name.raw, input }),
            Err(e) => Err(arguments.error(format!("must hold a JSON object: {e}"))),
        }
    }
}

/// An id that is there.
pub fn read_id<'a>(value: &Value<'a, '_>) -> Result<Cow<'a, str>, Error> {
    let text = value.text()?;
    if text.is_empty() {
        return Err(value.error("must not be empty"));
    }
    Ok(text)
}

/// The same id where it fits, else one made of it alone: the same for the same id,
/// another for another. `max`: in bytes, at least 17.
pub fn fitted(id: &str, fits: impl Fn(char) -> bool, max: usize) -> Cow<'_, str> {
    if id.len() <= max && id.chars().all(&fits) {
        return Cow::Borrowed(id);
    }
    // Two ids that only differ in what was replaced or cut must stay two.
    let mark = fnv1a(id.as_bytes());
    let plain = id.chars().map(|c| if fits(c) { c } else { '_' });
    let plain: String = plain.filter(|c| c.is_ascii() && fits(*c)).collect();
    let gap = if fits('_') { "_" } else { "" };
    let room = max.saturating_sub(16 + gap.len());
    let head = plain.get(..plain.len().min(room)).unwrap_or_default();
    Cow::Owned(format!("{head}{gap}{mark:016x}"))
}

/// The same id where it is `length` letters and digits, else such a one made of it
/// alone. `length`: 9 is the shortest anybody asks for, and keeps 53 bits.
pub fn alphanumeric(id: &str, length: usize) -> Cow<'_, str> {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    if id.len() == length && id.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Cow::Borrowed(id);
    }
    let mut rest = fnv1a(id.as_bytes());
    let made = (0..length).filter_map(|_| {
        let digit = DIGITS.get((rest % 62) as usize).copied();
        rest /= 62;
        digit.map(char::from)
    });
    Cow::Owned(made.collect())
}

/// <http://www.isthe.com/chongo/tech/comp/fnv/>
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_fit_and_stay_apart() {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        assert_eq!(fitted("call_A-1", fits, 64), "call_A-1");
        let (a, b) = (fitted("fc.1:x", fits, 64), fitted("fc:1.x", fits, 64));
        assert_ne!(a, b);
        assert!(a.starts_with("fc_1_x_"));
        let (long, other) = ("x".repeat(100), format!("{}y", "x".repeat(99)));
        let (a, b) = (fitted(&long, fits, 40), fitted(&other, fits, 40));
        assert!(a.len() == 40 && a != b);
        assert_eq!(fitted("ü", fits, 17).len(), 17);
    }

    #[test]
    fn ids_of_an_exact_length() {
        assert_eq!(alphanumeric("aB3xK9mP2", 9), "aB3xK9mP2");
        let ids: Vec<_> =
            ["call_1", "call_2", "aB3xK9mP_", "ü", ""].map(|id| alphanumeric(id, 9)).into();
        for (i, id) in ids.iter().enumerate() {
            assert!(id.len() == 9 && id.bytes().all(|b| b.is_ascii_alphanumeric()), "{id}");
            assert!(!ids[..i].contains(id));
        }
    }
}
