use super::*;
use proptest::prelude::*;

/// AWS's own vectors: <https://github.com/awslabs/aws-c-event-stream/tree/main/tests>,
/// also in aws-sdk-js-v3 (`TestVectors.fixture.ts`).
const EMPTY: &str = "000000100000000005c248eb7d98c8ff";
const INT32_HEADER: &str = "0000002b0000000e348bec7b086576656e742d696404\
    0000a00c7b27666f6f273a27626172277dd3890285";
const NO_HEADERS: &str = "0000001d00000000fd528c5a7b27666f6f273a27626172277dc3653936";
const TEXT_HEADER: &str = "0000003d0000002007fd83960c636f6e74656e742d747970650700106170706c69\
    636174696f6e2f6a736f6e7b27666f6f273a27626172277d8d9c08b1";
const BROKEN: &[(&str, Broken)] = &[
    // A letter of a header's name changed.
    (
        "0000003d0000002007fd83960c636f6e74656e742b747970650700106170706c69636174696f6e2f6a736f6e\
         7b27666f6f273a27626172277d8d9c08b1",
        Broken::MessageChecksum,
    ),
    // The headers' length changed.
    (
        "0000003d0000012007fd83960c636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e\
         7b27666f6f273a27626172277d8d9c08b1",
        Broken::PreludeChecksum,
    ),
    // The total length changed.
    ("0100001d00000000fd528c5a7b27666f6f273a27626172277dc3653936", Broken::PreludeChecksum),
    // The payload changed.
    ("0000001d00000000fd528c5a7b27666f6f273a27626172278dc3653936", Broken::MessageChecksum),
];

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    let digit = |b: u8| (b as char).to_digit(16).unwrap() as u8;
    digits.chunks(2).map(|two| digit(two[0]) << 4 | digit(two[1])).collect()
}

fn encoded(headers: &[Header<'_>], payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    encode(&mut out, headers, payload);
    out
}

/// A message whose sums are right, whatever its lengths and headers say.
fn forged(total: u32, headers_length: u32, rest: &[u8]) -> Vec<u8> {
    let mut out = [total.to_be_bytes(), headers_length.to_be_bytes()].concat();
    out.extend_from_slice(&crc32(&out).to_be_bytes());
    out.extend_from_slice(rest);
    out.extend_from_slice(&crc32(&out).to_be_bytes());
    out
}

type Seen = (Vec<u8>, Vec<u8>, Vec<u8>);

fn decode<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Seen>, Result<(), Broken>) {
    let mut decoder = Decoder::new(1 << 20);
    let mut seen = Vec::new();
    for chunk in chunks {
        let fed = decoder.feed(chunk, |m| {
            seen.push((m.raw.to_vec(), m.headers.to_vec(), m.payload.to_vec()));
        });
        if fed.is_err() {
            assert_eq!(decoder.finish(), fed);
            return (seen, fed);
        }
    }
    let end = decoder.finish();
    (seen, end)
}

fn every_type() -> Vec<Header<'static>> {
    let values = [
        Value::Bool(true),
        Value::Bool(false),
        Value::Byte(-5),
        Value::Short(-300),
        Value::Int(70_000),
        Value::Long(i64::MIN),
        Value::Bytes(&[0, 255]),
        Value::Text("ü"),
        Value::Timestamp(1_700_000_000_000),
        Value::Uuid([7; 16]),
    ];
    values.map(|value| Header { name: ":a-name", value }).to_vec()
}

#[test]
fn reads_and_writes_the_published_vectors() {
    let text = Header::text("content-type", "application/json");
    let int = Header { name: "event-id", value: Value::Int(0xA00C) };
    for (vector, headers, payload) in [
        (EMPTY, vec![], &b""[..]),
        (INT32_HEADER, vec![int], b"{'foo':'bar'}"),
        (NO_HEADERS, vec![], b"{'foo':'bar'}"),
        (TEXT_HEADER, vec![text], b"{'foo':'bar'}"),
    ] {
        let raw = hex(vector);
        assert_eq!(encoded(&headers, payload), raw);
        let mut count = 0;
        let mut decoder = Decoder::new(1024);
        let fed = decoder.feed(&raw, |m| {
            count += 1;
            assert_eq!(m.headers().collect::<Vec<_>>(), headers);
            assert_eq!((m.raw, m.payload), (&raw[..], payload));
        });
        assert_eq!((fed, decoder.finish(), count), (Ok(()), Ok(()), 1));
    }
    for (vector, broken) in BROKEN {
        let raw = hex(vector);
        assert_eq!(decode([&raw[..]]), (vec![], Err(*broken)));
        assert_eq!(decode(raw.chunks(1)), (vec![], Err(*broken)));
    }
}

#[test]
fn every_header_type_and_every_cut() {
    let headers = every_type();
    let mut stream = encoded(&headers, b"{}");
    encode(&mut stream, &[Header::text(":event-type", "x")], b"");
    encode(&mut stream, &[], &[b'p'; 300]);
    let whole = decode([&stream[..]]);
    assert_eq!((whole.0.len(), whole.1), (3, Ok(())));
    let mut decoder = Decoder::new(4096);
    let mut first = Vec::new();
    let fed = decoder.feed(&stream, |m| {
        assert_ne!(m.text(":event-type"), Some("y"));
        first.extend(m.headers().map(|h| format!("{h:?}")));
    });
    assert_eq!(fed, Ok(()));
    let told: Vec<_> = headers.iter().map(|h| format!("{h:?}")).collect();
    assert_eq!(first[..told.len()], told);
    assert_eq!(decode(stream.chunks(1)), whole);
    for cut in 0..=stream.len() {
        let (a, b) = stream.split_at(cut);
        assert_eq!(decode([a, b]), whole, "cut at {cut}");
        let (seen, end) = decode([a]);
        let used: usize = seen.iter().map(|(raw, ..)| raw.len()).sum();
        assert_eq!(end, if used == cut { Ok(()) } else { Err(Broken::EndsEarly) });
    }
}

#[test]
fn refuses_absurd_lengths_before_waiting_for_them() {
    let absurd = [
        (u32::MAX, 0),
        ((1 << 20) + 1, 0),
        (15, 0),
        (0, 0),
        (32, 17),
        (300_000, 131_073),
        (32, u32::MAX),
    ];
    for (total, headers) in absurd {
        let raw = forged(total, headers, b"");
        let (seen, end) = decode([&raw[..12]]);
        assert_eq!((seen.len(), end), (0, Err(Broken::Lengths)), "{total} {headers}");
    }
}

#[test]
fn refuses_headers_it_cannot_read() {
    for headers in [
        &b"\x00\x07\x00\x00"[..],
        b"\x01a",
        b"\x01a\x0a",
        b"\x01a\x07\x00\x05abcd",
        b"\x01a\x07\x00\x01\xff",
        b"\x01\xff\x00",
        b"\x05a\x00",
        b"\x01a\x05\x00\x00",
        b"\x01a\x09\x00",
    ] {
        let total = 16 + headers.len() as u32;
        let raw = forged(total, headers.len() as u32, headers);
        assert_eq!(decode([&raw[..]]), (vec![], Err(Broken::Headers)), "{headers:?}");
    }
}

#[test]
fn keeps_what_came_before_the_break_and_nothing_after() {
    let mut stream = encoded(&[], b"first");
    let good = stream.len();
    encode(&mut stream, &[], b"second");
    stream[good + 14] ^= 1;
    encode(&mut stream, &[], b"third");
    for size in [1, 7, stream.len()] {
        let (seen, end) = decode(stream.chunks(size));
        assert_eq!((seen.len(), end), (1, Err(Broken::MessageChecksum)));
    }
    let mut decoder = Decoder::new(1 << 20);
    assert!(decoder.feed(&stream, |_| ()).is_err());
    assert!(decoder.is_idle());
    assert!(decoder.feed(&stream, |_| panic!("a message")).is_err());
    assert!(decoder.is_idle());
}

proptest! {
    #[test]
    fn no_bytes_do_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode([&bytes[..]]);
        let rest: Vec<u8> = bytes.iter().copied().take(64).collect();
        let raw = forged(16 + rest.len() as u32, rest.len() as u32, &rest);
        let _ = decode([&raw[..]]);
    }

    #[test]
    fn a_flipped_bit_is_seen(
        payload in prop::collection::vec(any::<u8>(), 0..64),
        at in any::<prop::sample::Index>(),
        bit in 0_u8..8,
    ) {
        let mut raw = encoded(&[Header::text(":event-type", "x")], &payload);
        let at = at.index(raw.len());
        raw[at] ^= 1 << bit;
        let (seen, end) = decode([&raw[..]]);
        prop_assert!(seen.is_empty() && end.is_err());
    }
}
