//! The headers of a message: names with typed values.

/// One header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    pub name: &'a str,
    pub value: Value<'a>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    Bool(bool),
    Byte(i8),
    Short(i16),
    Int(i32),
    Long(i64),
    Bytes(&'a [u8]),
    Text(&'a str),
    /// Milliseconds since 1970.
    Timestamp(i64),
    Uuid([u8; 16]),
}

/// What is left of a block of headers. `None` once it cannot be read: the last item.
pub(super) struct Headers<'a>(pub(super) &'a [u8]);

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*first)
}

fn take_slice<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (first, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(first)
}

/// Bytes behind a two-byte length.
fn take_long<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = u16::from_be_bytes(take(bytes)?);
    take_slice(bytes, usize::from(length))
}

fn push_long(out: &mut Vec<u8>, bytes: &[u8]) {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(bytes.get(..usize::from(length)).unwrap_or_default());
}

// === impl Header ===

impl<'a> Header<'a> {
    pub const fn text(name: &'a str, text: &'a str) -> Self {
        Self { name, value: Value::Text(text) }
    }

    fn read(bytes: &mut &'a [u8]) -> Option<Self> {
        let [length] = take(bytes)?;
        if length == 0 {
            return None;
        }
        let name = std::str::from_utf8(take_slice(bytes, usize::from(length))?).ok()?;
        let [type_] = take(bytes)?;
        let value = match type_ {
            0 => Value::Bool(true),
            1 => Value::Bool(false),
            2 => Value::Byte(i8::from_be_bytes(take(bytes)?)),
            3 => Value::Short(i16::from_be_bytes(take(bytes)?)),
            4 => Value::Int(i32::from_be_bytes(take(bytes)?)),
            5 => Value::Long(i64::from_be_bytes(take(bytes)?)),
            6 => Value::Bytes(take_long(bytes)?),
            7 => Value::Text(std::str::from_utf8(take_long(bytes)?).ok()?),
            8 => Value::Timestamp(i64::from_be_bytes(take(bytes)?)),
            9 => Value::Uuid(take(bytes)?),
            _ => return None,
        };
        Some(Self { name, value })
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let length = u8::try_from(self.name.len()).unwrap_or(u8::MAX);
        out.push(length);
        out.extend_from_slice(self.name.as_bytes().get(..usize::from(length)).unwrap_or_default());
        match self.value {
            Value::Bool(true) => out.push(0),
            Value::Bool(false) => out.push(1),
            Value::Byte(n) => out.extend_from_slice(&[2, n.to_be_bytes()[0]]),
            Value::Short(n) => {
                out.push(3);
                out.extend_from_slice(&n.to_be_bytes());
            }
            Value::Int(n) => {
                out.push(4);
                out.extend_from_slice(&n.to_be_bytes());
            }
            Value::Long(n) => {
                out.push(5);
                out.extend_from_slice(&n.to_be_bytes());
            }
            Value::Bytes(bytes) => {
                out.push(6);
                push_long(out, bytes);
            }
            Value::Text(text) => {
                out.push(7);
                push_long(out, text.as_bytes());
            }
            Value::Timestamp(n) => {
                out.push(8);
                out.extend_from_slice(&n.to_be_bytes());
            }
            Value::Uuid(id) => {
                out.push(9);
                out.extend_from_slice(&id);
            }
        }
    }
}

// === impl Headers ===

impl<'a> Iterator for Headers<'a> {
    type Item = Option<Header<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let header = Header::read(&mut self.0);
        if header.is_none() {
            self.0 = &[];
        }
        Some(header)
    }
}
