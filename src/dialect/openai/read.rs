//! Reading a chat request's inside: values as bytes that know their path.
//!
//! For translations that rebuild the body. `Facts` has checked it whole, so
//! objects are opened one level at a time with `wire::json::members`: unknown
//! fields are seen (and listed), and values are copied as the client spelled
//! them. A path is a chain on the stack and becomes text only in an error:
//! `messages[3].content[1].image_url.url`.
//!
//! Rejected: serde structs per message kind. They hide unknown fields, and their
//! errors name a line and column instead of a path.

use crate::error::Error;
use crate::wire::json::{self, Member, Problem};
use std::borrow::Cow;
use std::fmt;

/// Where a value stands in the request.
#[derive(Debug, Clone, Copy)]
pub enum Path<'p> {
    Root,
    Key(&'p Path<'p>, &'p str),
    Index(&'p Path<'p>, usize),
}

/// A JSON value's bytes, and where they stand. `'a`: the body. `'p`: the path.
#[derive(Debug, Clone, Copy)]
pub struct Value<'a, 'p> {
    pub raw: &'a [u8],
    pub path: Path<'p>,
}

/// An opened object.
#[derive(Debug)]
pub struct Object<'a> {
    raw: &'a [u8],
    members: Vec<Member<'a>>,
}

// === impl Value ===

impl<'a, 'p> Value<'a, 'p> {
    pub fn root(body: &'a [u8]) -> Self {
        Self { raw: body, path: Path::Root }
    }

    /// 400 about this value.
    pub fn error(&self, message: impl Into<Cow<'static, str>>) -> Error {
        Error::invalid(self.path.to_string(), message)
    }

    pub fn object(&self) -> Result<Object<'a>, Error> {
        match json::members(self.raw) {
            Ok(members) => Ok(Object { raw: self.raw, members }),
            Err(Problem::NotAnObject) => Err(self.error("must be an object")),
            Err(problem) => Err(self.error(problem.as_str())),
        }
    }

    /// The value of a field; `None` where it is absent or null.
    pub fn field<'c>(&'c self, object: &Object<'a>, key: &'c str) -> Option<Value<'a, 'c>> {
        let raw = object.get(key)?;
        Some(Value { raw, path: Path::Key(&self.path, key) })
    }

    pub fn items(&self) -> Result<Vec<&'a [u8]>, Error> {
        json::items(self.raw).ok_or_else(|| self.error("must be an array"))
    }

    /// The item that `items` returned at `index`.
    pub fn item<'c>(&'c self, index: usize, raw: &'a [u8]) -> Value<'a, 'c> {
        Value { raw, path: Path::Index(&self.path, index) }
    }

    pub fn is_string(&self) -> bool {
        self.raw.first() == Some(&b'"')
    }

    pub fn is_array(&self) -> bool {
        self.raw.first() == Some(&b'[')
    }

    /// The bytes of a JSON string, quotes included.
    pub fn string(&self) -> Result<&'a [u8], Error> {
        if self.is_string() { Ok(self.raw) } else { Err(self.error("must be a string")) }
    }

    /// A JSON string's text; borrowed means that it has no escapes.
    pub fn text(&self) -> Result<Cow<'a, str>, Error> {
        json::text(self.raw).ok_or_else(|| self.error("must be a string"))
    }

    pub fn boolean(&self) -> Result<bool, Error> {
        match self.raw {
            b"true" => Ok(true),
            b"false" => Ok(false),
            _ => Err(self.error("must be true or false")),
        }
    }

    pub fn number(&self) -> Result<f64, Error> {
        match serde_json::from_slice::<f64>(self.raw) {
            Ok(number) if number.is_finite() => Ok(number),
            _ => Err(self.error("must be a number")),
        }
    }
}

// === impl Object ===

impl<'a> Object<'a> {
    /// A field's bytes; `None` where it is absent or null.
    pub fn get(&self, key: &str) -> Option<&'a [u8]> {
        let member = self.members.iter().find(|m| m.key == key)?;
        self.raw.get(member.value.clone()).filter(|raw| *raw != b"null")
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &'a [u8])> {
        let raw = self.raw;
        self.members
            .iter()
            .map(move |m| (m.key.as_ref(), raw.get(m.value.clone()).unwrap_or_default()))
    }

    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }
}

// === impl Path ===

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Root => Ok(()),
            Path::Key(Path::Root, key) => f.write_str(key),
            Path::Key(parent, key) => write!(f, "{parent}.{key}"),
            Path::Index(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_path() {
        let root = Value::root(br#"{"messages":[{"content":7,"x":null}]}"#);
        let object = root.object().unwrap();
        let messages = root.field(&object, "messages").unwrap();
        let items = messages.items().unwrap();
        let message = messages.item(0, items[0]);
        let object = message.object().unwrap();
        assert!(message.field(&object, "x").is_none());
        let e = message.field(&object, "content").unwrap().text().unwrap_err();
        assert_eq!(e.param.as_deref(), Some("messages[0].content"));
    }
}
