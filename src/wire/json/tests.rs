//! The scanner against serde_json, and each refusal with its offset.

use super::*;
use proptest::prelude::*;

fn problem(json: &[u8]) -> (usize, Problem) {
    let e = object(json).expect_err("must be refused");
    (e.offset, e.problem)
}

#[test]
fn finds_members_with_their_spans() {
    let json = br#" { "a" : [1, {"b":"}"}], "c\u0064":"x\"y", "e":-1.5e+3 } "#;
    let members = object(json).unwrap();
    let seen: Vec<_> = members
        .iter()
        .map(|m| (m.key.as_ref(), std::str::from_utf8(&json[m.value.clone()]).unwrap()))
        .collect();
    assert_eq!(seen, [("a", r#"[1, {"b":"}"}]"#), ("cd", r#""x\"y""#), ("e", "-1.5e+3")]);
    assert_eq!(&json[members[1].name.clone()], br#""c\u0064""#);
    assert_eq!(super::members(&json[1..]).unwrap()[1].name.start + 1, members[1].name.start);
}

#[test]
fn shows_the_strings_inside() {
    let json = br#"{"a":[{"b":"c\"","d":{"e":1}},"f"],"g":"h","i":{}}"#;
    let mut seen = Vec::new();
    object_seeing(json, |member, string| {
        seen.push(format!("{member}:{}", std::str::from_utf8(string).unwrap()));
    })
    .unwrap();
    let want = [r#"a:"b""#, r#"a:"c\"""#, r#"a:"d""#, r#"a:"e""#, r#"a:"f""#, r#"g:"h""#];
    assert_eq!(seen, want);
}

#[test]
fn says_what_is_wrong_and_where() {
    for (json, want) in [
        (&b""[..], (0, Problem::Empty)),
        (b" \n", (2, Problem::Empty)),
        (b"{", (1, Problem::EndsEarly)),
        (b"x", (0, Problem::NotAnObject)),
        (b"[]", (0, Problem::NotAnObject)),
        (br#"{"a":}"#, (5, Problem::ExpectedValue)),
        (br#"{"a":01}"#, (6, Problem::ExpectedCommaOrEnd)),
        (br#"{"a":1.}"#, (7, Problem::BadNumber)),
        (br#"{"a":1,}"#, (7, Problem::ExpectedKey)),
        (br#"{a:1}"#, (1, Problem::ExpectedKey)),
        (br#"{"a" 1}"#, (5, Problem::ExpectedColon)),
        (br#"{"a":[1}"#, (7, Problem::ExpectedCommaOrEnd)),
        (br#"{"a":"\x"}"#, (6, Problem::BadEscape)),
        (br#"{"a":"\ud800"}"#, (6, Problem::LoneSurrogate)),
        (br#"{"a":"\udc00"}"#, (6, Problem::LoneSurrogate)),
        (br#"{"a":"\ud800\u0041"}"#, (6, Problem::LoneSurrogate)),
        (b"{\"a\":\"x\0\"}", (7, Problem::ControlCharacter)),
        (br#"{"a":1,"\u0061":2}"#, (7, Problem::DuplicateKey)),
        (br#"{} x"#, (3, Problem::TrailingBytes)),
        (b"{\"a\":\"\xff\"}", (6, Problem::NotUtf8)),
        (br#"{"a":tru"#, (5, Problem::ExpectedValue)),
    ] {
        assert_eq!(problem(json), want, "{}", String::from_utf8_lossy(json));
    }
    assert!(object(br#"{"a":"\ud83d\ude00","b":1e999,"c":"\u0000"}"#).is_ok());
}

#[test]
fn bounds_depth_without_a_stack() {
    let nested = |n: usize| format!("{{\"a\":{}{}}}", "[".repeat(n), "]".repeat(n));
    assert!(object(nested(127).as_bytes()).is_ok());
    assert_eq!(problem(nested(128).as_bytes()).1, Problem::TooDeep);
    let hostile = format!("{{\"a\":{}", "[".repeat(10_000_000));
    assert_eq!(problem(hostile.as_bytes()).1, Problem::TooDeep);
    assert_eq!(problem(&vec![b'['; 10_000_000]), (0, Problem::NotAnObject));
}

#[test]
fn splices_keep_the_rest() {
    let out = splice(
        b"0123456789",
        &[
            Splice { range: 2..4, with: b"ab".to_vec() },
            Splice { range: 4..4, with: b"-".to_vec() },
            Splice { range: 9..10, with: Vec::new() },
        ],
    );
    assert_eq!(out, b"01ab-45678");
}

/// Any JSON tree, small.
fn tree() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|m| serde_json::Value::Object(m.into_iter().collect())),
        ]
    })
}

proptest! {
    /// Accepts what serde_json accepts (with our stricter rules aside).
    #[test]
    fn agrees_with_serde_on_valid(map in prop::collection::btree_map(any::<String>(), tree(), 0..6)) {
        let value = serde_json::Value::Object(map.into_iter().collect());
        let bytes = serde_json::to_vec_pretty(&value).unwrap();
        let members = object(&bytes).unwrap();
        for m in &members {
            let part: serde_json::Value = serde_json::from_slice(&bytes[m.value.clone()]).unwrap();
            prop_assert_eq!(&part, &value[m.key.as_ref()]);
        }
        prop_assert_eq!(members.len(), value.as_object().unwrap().len());
    }

    /// The walker finds what the scanner has passed, at any depth, and never
    /// panics on other bytes.
    #[test]
    fn walks_what_was_scanned(t in tree(), junk in prop::collection::vec(prop::sample::select(&b"{}[]\",:\\ a1"[..]), 0..20)) {
        let bytes = serde_json::to_vec_pretty(&serde_json::json!({ "k": t, "l": 1 })).unwrap();
        prop_assert_eq!(object(&bytes), members(&bytes).map_err(|problem| Invalid { offset: 0, problem }));
        let mut open = vec![&bytes[..]];
        while let Some(raw) = open.pop() {
            let value: serde_json::Value = serde_json::from_slice(raw).unwrap();
            match value {
                serde_json::Value::Array(all) => {
                    let found = items(raw).unwrap();
                    prop_assert_eq!(found.len(), all.len());
                    open.extend(found);
                }
                serde_json::Value::Object(all) => {
                    let found = members(raw).unwrap();
                    prop_assert_eq!(found.len(), all.len());
                    for m in found {
                        let part: serde_json::Value = serde_json::from_slice(&raw[m.value.clone()]).unwrap();
                        prop_assert_eq!(&part, &all[m.key.as_ref()]);
                        open.push(&raw[m.value]);
                    }
                }
                _ => prop_assert!(items(raw).is_none() && members(raw).is_err()),
            }
        }
        let _ = (items(&junk), members(&junk));
    }

    /// What one accepts after damage, the other does too, but for what we refuse on purpose.
    #[test]
    fn agrees_with_serde_on_damaged(t in tree(), at in any::<prop::sample::Index>(), byte in prop_oneof![any::<u8>(), prop::sample::select(&b"{}[]\",:\\u0e-.x"[..])]) {
        let mut bytes = serde_json::to_vec(&serde_json::json!({ "k": t })).unwrap();
        let i = at.index(bytes.len());
        bytes[i] = byte;
        let serde: Result<serde_json::Map<String, serde_json::Value>, _> = serde_json::from_slice(&bytes);
        match object(&bytes) {
            // serde refuses numbers beyond f64; we pass them on.
            Ok(_) => prop_assert!(serde.is_ok() || serde.unwrap_err().to_string().contains("number out of range")),
            Err(e) if e.problem == Problem::DuplicateKey => {}
            Err(_) => prop_assert!(serde.is_err()),
        }
    }
}
