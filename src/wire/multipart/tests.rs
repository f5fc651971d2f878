use super::*;
use proptest::prelude::*;

const WANTED: &[&str] = &["model", "stream"];

type Read = Result<Vec<Field>, Invalid>;

fn scan<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Read {
    let mut scanner = Scanner::new(b"b1", WANTED);
    for chunk in chunks {
        scanner.feed(chunk)?;
    }
    scanner.finish()
}

/// Whole, and in pieces of every size: all the same.
fn read(body: &[u8]) -> Read {
    let whole = scan([body]);
    for size in 1..=body.len() {
        assert_eq!(scan(body.chunks(size)), whole, "in pieces of {size}");
    }
    for cut in 0..=body.len() {
        let (a, b) = body.split_at(cut);
        assert_eq!(scan([a, b]), whole, "cut at {cut}");
    }
    whole
}

fn part(disposition: &str, value: &str) -> String {
    format!("--b1\r\nContent-Disposition: {disposition}\r\n\r\n{value}\r\n")
}

fn field(name: &str, value: &str) -> String {
    part(&format!("form-data; name=\"{name}\""), value)
}

fn file(content: &str) -> String {
    part("form-data; name=\"file\"; filename=\"a.mp3\"\r\nContent-Type: audio/mpeg", content)
}

const END: &str = "--b1--\r\n";

fn problem(body: &str) -> (Problem, Option<&'static str>) {
    let invalid = read(body.as_bytes()).expect_err(body);
    (invalid.problem, invalid.field)
}

#[test]
fn finds_fields_and_their_spans() {
    let content = "\r\n--b\r\n\r--b1\r\r\n-\n--b1\r\n--c1";
    for body in [
        field("model", "whisper-1") + &file(content) + END,
        file(content) + &field("model", "whisper-1") + END,
        format!("a preamble\r\n{}{END}an epilogue\r\n{END}", field("model", "whisper-1")),
        format!("\r\n{}{}--b1--", file(""), field("model", "whisper-1")),
        part("FORM-DATA ; name=model", "whisper-1") + END,
        field("model", "whisper-1").replacen("--b1\r\n", "--b1 \t\r\n", 1) + "--b1-- \r\n",
        field("other", "model") + &field("model", "whisper-1") + &field("Model", "x") + END,
    ] {
        let fields = read(body.as_bytes()).unwrap_or_else(|e| panic!("{body}: {e}"));
        assert_eq!(fields.len(), 1, "{body}");
        assert_eq!((fields[0].name, &fields[0].value[..]), ("model", &b"whisper-1"[..]));
        assert_eq!(&body[fields[0].span.clone()], "whisper-1");
    }
}

#[test]
fn finds_several() {
    let body = field("stream", "true") + &file("x") + &field("model", "") + END;
    let fields = read(body.as_bytes()).unwrap();
    let found: Vec<_> = fields.iter().map(|f| (f.name, f.value.as_slice())).collect();
    assert_eq!(found, [("stream", &b"true"[..]), ("model", b"")]);
    assert!(read(file("x").as_bytes()).is_err());
    assert_eq!(read((file("x") + END).as_bytes()).unwrap(), []);
}

#[test]
fn knows_a_field_before_the_file_has_come() {
    let mut scanner = Scanner::new(b"b1", WANTED);
    scanner.feed(field("model", "m").as_bytes()).unwrap();
    assert!(scanner.field("model").is_none());
    scanner.feed(b"--b1\r").unwrap();
    assert_eq!(scanner.field("model").unwrap().value, b"m");
    scanner.feed(b"\n").unwrap();
    assert_eq!(scanner.at(), field("model", "m").len() + 6);
}

#[test]
fn refuses_what_two_readers_may_read_differently() {
    let model = field("model", "m");
    for (body, wanted) in [
        (String::new(), (Problem::NoParts, None)),
        ("no form at all".into(), (Problem::NoParts, None)),
        (END.into(), (Problem::NoParts, None)),
        (model.clone(), (Problem::NotClosed, None)),
        (format!("{model}--b1"), (Problem::NotClosed, None)),
        (format!("{model}--b1-"), (Problem::NotClosed, None)),
        (format!("{model}--b1\r\nContent-Dis"), (Problem::NotClosed, None)),
        (model.replace("\r\n", "\n") + "--b1--\n", (Problem::LineEnd, None)),
        (model.replacen("\"\r\n\r\n", "\"\n\n", 1) + END, (Problem::LineEnd, None)),
        (format!("{model}--b12\r\n{END}"), (Problem::BoundaryLine, None)),
        (file("a\r\n--b1x\r\nb") + END, (Problem::BoundaryLine, None)),
        (format!("{model}--b1{}\r\n{END}", " ".repeat(80)), (Problem::BoundaryLine, None)),
        (file("\r\n--b1\r\n\r\n") + END, (Problem::NoName, None)),
        ("--b1\r\n\r\nx\r\n--b1--\r\n".into(), (Problem::NoName, None)),
        ("--b1\r\nContent-Type: a/b\r\n\r\nx\r\n--b1--".into(), (Problem::NoName, None)),
        (part("form-data", "m") + END, (Problem::NoName, None)),
        (part("attachment; name=model", "m") + END, (Problem::NoName, None)),
        (
            "--b1\r\nContent-Disposition: form-data; name=model\r\n\r\n--b1--\r\n".into(),
            (Problem::NoBody, None),
        ),
        (format!("{model}{model}{END}"), (Problem::Twice, Some("model"))),
        (
            part("form-data; name=\"model\"; filename=\"m\"", "m") + END,
            (Problem::AFile, Some("model")),
        ),
        (
            part("form-data; name=model; filename*=utf-8''m", "m") + END,
            (Problem::AFile, Some("model")),
        ),
        (
            part("form-data; name=model\r\nContent-Transfer-Encoding: base64", "bQ==") + END,
            (Problem::Encoded, Some("model")),
        ),
        (part("form-data; name=\"mod\\el\"", "m") + END, (Problem::HiddenName, Some("model"))),
        (part("form-data; name=\"%6dodel\"", "m") + END, (Problem::HiddenName, Some("model"))),
        (part("form-data; name=\" model \"", "m") + END, (Problem::HiddenName, Some("model"))),
        (part("form-data; name*=utf-8''model", "m") + END, (Problem::BadHeaders, None)),
        (part("form-data; name=a; name=model", "m") + END, (Problem::BadHeaders, None)),
        (part("form-data; name=\"model", "m") + END, (Problem::BadHeaders, None)),
        (part("form-data; name=\"a\"b", "m") + END, (Problem::BadHeaders, None)),
        (part("form-data;\r\n name=model", "m") + END, (Problem::BadHeaders, None)),
        (part("form-data; name=a\r\nno colon", "m") + END, (Problem::BadHeaders, None)),
        (
            part("form-data; name=a\r\nContent-Disposition: x", "m") + END,
            (Problem::BadHeaders, None),
        ),
        (part("form-data; name=\"a\0\"", "m") + END, (Problem::BadHeaders, None)),
        (field("model", &"m".repeat(257)) + END, (Problem::LongValue, Some("model"))),
    ] {
        assert_eq!(problem(&body), wanted, "{body}");
    }
    let long = part(&format!("form-data; name=a; filename=\"{}\"", "x".repeat(5000)), "m") + END;
    assert_eq!(scan([long.as_bytes()]).unwrap_err().problem, Problem::LongHeaders);
    let many = field("a", "1").repeat(MAX_PARTS + 1) + END;
    assert_eq!(scan([many.as_bytes()]).unwrap_err().problem, Problem::ManyParts);
}

#[test]
fn a_long_file_is_not_kept() {
    let mut scanner = Scanner::new(b"b1", WANTED);
    scanner
        .feed((field("model", "m") + &file("")).strip_suffix("\r\n").unwrap().as_bytes())
        .unwrap();
    for _ in 0..1000 {
        scanner.feed(&[b'\r'; 1000]).unwrap();
    }
    scanner.feed(b"\r\n--b1--").unwrap();
    assert_eq!(scanner.finish().unwrap().len(), 1);
}

#[test]
fn reads_boundaries() {
    let long = "a".repeat(71);
    for (type_, wanted) in [
        ("multipart/form-data; boundary=abc", Ok("abc")),
        ("multipart/form-data;charset=utf-8; BOUNDARY=\"a b:c\"", Ok("a b:c")),
        ("multipart/form-data; boundary=\"a\\'b\" ;", Ok("a'b")),
        ("multipart/form-data", Err(Problem::NoBoundary)),
        ("multipart/form-data; x=1", Err(Problem::NoBoundary)),
        ("multipart/form-data; boundary=", Err(Problem::BadBoundary)),
        ("multipart/form-data; boundary=\"\"", Err(Problem::BadBoundary)),
        ("multipart/form-data; boundary=\"a ", Err(Problem::BadBoundary)),
        ("multipart/form-data; boundary=\"a \"", Err(Problem::BadBoundary)),
        ("multipart/form-data; boundary=a; boundary=b", Err(Problem::BadBoundary)),
        ("multipart/form-data; boundary=a@b", Err(Problem::BadBoundary)),
        ("multipart/form-data; boundary=ü", Err(Problem::BadBoundary)),
        (&format!("multipart/form-data; boundary={}", &long[1..]), Ok(&long[1..])),
        (&format!("multipart/form-data; boundary={long}"), Err(Problem::BadBoundary)),
    ] {
        let found = boundary(type_).map_err(|e| e.problem);
        assert_eq!(found, wanted.map(|b| b.as_bytes().to_vec()), "{type_}");
    }
}

proptest! {
    /// Any bytes made of a form's own pieces: no panic, and cuts do not matter.
    #[test]
    fn cuts_do_not_matter(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "--b1", "\r\n", "--", "\r", "\n", "-", "b1", " ", "x", "model", "name=",
            "Content-Disposition: form-data; name=\"model\"", "\r\n\r\n", "\r\n--b1\r\n", "\"",
        ]), 0..24),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let body = pieces.concat().into_bytes();
        let mut at: Vec<usize> = cuts.iter().map(|i| i.index(body.len() + 1)).collect();
        at.extend([0, body.len()]);
        at.sort_unstable();
        prop_assert_eq!(scan(at.windows(2).map(|w| &body[w[0]..w[1]])), scan([&body[..]]));
        if let Ok(fields) = scan([&body[..]]) {
            for field in fields {
                prop_assert_eq!(&body[field.span], &field.value[..]);
            }
        }
    }
}
