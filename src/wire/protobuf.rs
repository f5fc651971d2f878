//! The protobuf wire format, as much of it as we speak: varints, 64-bit and 32-bit
//! numbers, and what has a length (text, bytes, messages).
//!
//! Reading is by field: whoever knows the message says what each number means and skips
//! what it does not know. A message within a message is read by another call, so how
//! deep it goes is the caller's choice; nothing is allocated. Groups, which proto3 has
//! not, are refused. Must not: know a message.
//!
//! Spec: <https://protobuf.dev/programming-guides/encoding/>.

/// The value of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field<'a> {
    Varint(u64),
    Fixed64([u8; 8]),
    Fixed32([u8; 4]),
    Bytes(&'a [u8]),
}

/// Calls `each` with the number and the value of every field; `None` where the bytes or
/// a field do not fit.
pub fn for_each<'a>(
    bytes: &'a [u8],
    mut each: impl FnMut(u64, Field<'a>) -> Option<()>,
) -> Option<()> {
    let mut rest = bytes;
    while !rest.is_empty() {
        let tag = varint(&mut rest)?;
        let field = match tag & 7 {
            0 => Field::Varint(varint(&mut rest)?),
            1 => {
                let (bits, tail) = rest.split_first_chunk()?;
                rest = tail;
                Field::Fixed64(*bits)
            }
            2 => {
                let length = usize::try_from(varint(&mut rest)?).ok()?;
                let (inner, tail) = rest.split_at_checked(length)?;
                rest = tail;
                Field::Bytes(inner)
            }
            5 => {
                let (bits, tail) = rest.split_first_chunk()?;
                rest = tail;
                Field::Fixed32(*bits)
            }
            _ => return None,
        };
        each(tag >> 3, field)?;
    }
    Some(())
}

/// Appends a number, but for 0, which is what a missing one means.
pub fn push_number(out: &mut Vec<u8>, field: u32, n: u64) {
    if n != 0 {
        push_varint(out, u64::from(field) << 3);
        push_varint(out, n);
    }
}

/// Appends text, bytes or a message.
pub fn push_bytes(out: &mut Vec<u8>, field: u32, bytes: &[u8]) {
    push_varint(out, u64::from(field) << 3 | 2);
    push_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn push_varint(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// At most ten bytes; bits beyond the 64th are dropped, as every reader does.
fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (byte, tail) = rest.split_first()?;
        *rest = tail;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(bytes: &[u8]) -> Option<Vec<(u64, Field<'_>)>> {
        let mut fields = Vec::new();
        for_each(bytes, |number, field| {
            fields.push((number, field));
            Some(())
        })?;
        Some(fields)
    }

    /// The examples of the spec's own page.
    #[test]
    fn the_specs_examples_are_read() {
        assert_eq!(all(b"\x08\x96\x01"), Some(vec![(1, Field::Varint(150))]));
        assert_eq!(all(b"\x12\x07testing"), Some(vec![(2, Field::Bytes(b"testing"))]));
        assert_eq!(all(b"\x1a\x03\x08\x96\x01"), Some(vec![(3, Field::Bytes(b"\x08\x96\x01"))]));
        assert_eq!(all(b""), Some(vec![]));
    }

    #[test]
    fn what_is_broken_is_refused() {
        for broken in [
            &b"\x08"[..],
            b"\x12\x07testin",
            b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
            b"\x09\x01",
            b"\x0d\x01\x02\x03",
            b"\x0b\x0c",
            b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
            b"\xff",
        ] {
            assert_eq!(all(broken), None, "{broken:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            fields in prop::collection::vec(
                (1u32..1 << 29, prop_oneof![
                    (1u64..).prop_map(Ok),
                    prop::collection::vec(any::<u8>(), 0..300).prop_map(Err),
                ]),
                0..20,
            )
        ) {
            let mut out = Vec::new();
            for (number, value) in &fields {
                match value {
                    Ok(n) => push_number(&mut out, *number, *n),
                    Err(bytes) => push_bytes(&mut out, *number, bytes),
                }
            }
            let read = all(&out).unwrap();
            prop_assert_eq!(read.len(), fields.len());
            for ((number, field), (expected, value)) in read.iter().zip(&fields) {
                prop_assert_eq!(*number, u64::from(*expected));
                prop_assert_eq!(*field, match value {
                    Ok(n) => Field::Varint(*n),
                    Err(bytes) => Field::Bytes(bytes),
                });
            }
        }

        #[test]
        fn any_bytes_end(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = all(&bytes);
        }
    }
}
