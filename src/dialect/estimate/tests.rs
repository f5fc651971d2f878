use super::factors::{FACTORS, Factors};
use super::measure::Measure;
use super::pictures::Sight;
use super::text::{CLASSES, Class};
use super::{least_of_request, of_request};
use proptest::prelude::*;

fn tokens(body: &str) -> u64 {
    of_request(body.as_bytes(), Sight::Pixels)
}

fn said(text: &str) -> String {
    let text = serde_json::to_string(text).unwrap();
    format!(r#"{{"messages":[{{"role":"user","content":{text}}}]}}"#)
}

fn part(text: &str, class: Class) -> f32 {
    Measure::of(said(text).as_bytes(), &|| Sight::Pixels).parts[class as usize]
}

#[test]
fn only_what_models_read_counts() {
    let plain = tokens(&said("four and twenty blackbirds"));
    assert!((10..14).contains(&plain), "{plain}");
    let long = "x".repeat(5_000);
    let more = said("four and twenty blackbirds").replacen(
        '{',
        &format!(
            r#"{{"model":"{long}","user":"{long}","metadata":{{"a":"{long}"}},"max_tokens":100,"#
        ),
        1,
    );
    assert_eq!(tokens(&more), plain);
    let tool = r#""tools":[{"type":"function","function":{"name":"weather","parameters":{"type":"object","properties":{"city":{"type":"string"}}}}}],"#;
    let with_tools = said("four and twenty blackbirds").replacen('{', &format!("{{{tool}"), 1);
    assert!(tokens(&with_tools) > plain + 40, "{}", tokens(&with_tools));
    assert_eq!(tokens(r#"{"input":[[1,2,3],[4,5]],"dimensions":7}"#), 5 + 3);
    assert_eq!(
        tokens(
            r#"{"messages":[{"role":"assistant","content":[{"type":"thinking","signature":"AAAABBBBCCCC"}]}]}"#
        ),
        7
    );
}

#[test]
fn classes_are_told_apart() {
    assert!(part("Ein Bär fährt über die Brücke", Class::Marked) > 6.0);
    assert!(part("A bear drives over the bridge", Class::Words) > 5.0);
    assert_eq!(part("A bear drives over the bridge", Class::Marked), 0.0);
    assert!(part("傍晚的时候老街上的灯", Class::Han) > 5.0);
    assert!(part("朝の六時、まだ暗い港に", Class::Kanji) > 1.0);
    assert!(part("朝の六時、まだ暗い港に", Class::Kana) > 2.0);
    let hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    assert!(part(hash, Class::Blob) > 20.0, "{}", part(hash, Class::Blob));
    assert_eq!(part("getElementByIdOrName(anotherVeryLongIdentifier)", Class::Blob), 0.0);
    assert!(part("Привет, мир", Class::Alphabets) > 2.0);
}

#[test]
fn escapes_count_as_what_they_stand_for() {
    for text in ["中文和日本語のテキスト", "Über größere Maße", "Привет, мир", "😀 smile"]
    {
        let escaped: String = text
            .encode_utf16()
            .map(|unit| {
                if unit < 128 { String::from(unit as u8 as char) } else { format!("\\u{unit:04x}") }
            })
            .collect();
        let body = format!(r#"{{"messages":[{{"role":"user","content":"{escaped}"}}]}}"#);
        let (one, two) = (tokens(&said(text)), tokens(&body));
        assert!(one.abs_diff(two) <= 1, "{text}: {one} {two}");
    }
    // Not an escape: a backslash, and a name.
    let path = r#"{"messages":[{"role":"user","content":"C:\\\\users\\\\u4e2d"}]}"#;
    assert_eq!(Measure::of(path.as_bytes(), &|| Sight::Pixels).parts[Class::Han as usize], 0.0);
}

#[test]
fn pictures_are_not_their_bytes() {
    let data = "A".repeat(4000);
    for block in [
        format!(
            r#"{{"type":"image","source":{{"type":"base64","media_type":"image/png","data":"{data}"}}}}"#
        ),
        format!(r#"{{"inlineData":{{"mimeType":"image/png","data":"{data}"}}}}"#),
        format!(r#"{{"image":{{"format":"png","source":{{"bytes":"{data}"}}}}}}"#),
        format!(r#"{{"type":"input_image","image_url":"data:image/png;base64,{data}"}}"#),
        format!(r#"{{"type":"image_url","image_url":{{"url":"data:image/png;base64,{data}"}}}}"#),
        r#"{"type":"image_url","image_url":{"url":"https://pictures.example/1.png"}}"#.to_owned(),
    ] {
        let tokens = tokens(&format!(r#"{{"messages":[{{"role":"user","content":[{block}]}}]}}"#));
        assert!((1600..1620).contains(&tokens), "{tokens}: {block}");
    }
}

#[test]
fn sizes_and_detail_count() {
    // The head of a PNG of 1024 x 1024.
    let png = format!("iVBORw0KGgoAAAANSUhEUgAABAAAAAQACAYAAAB/{}", "A".repeat(400));
    let url = format!(r#""url":"data:image/png;base64,{png}""#);
    let openai = Sight::Tiles512(85, 170);
    for (block, want) in [
        (format!(r#"{{"type":"image_url","image_url":{{{url}}}}}"#), 765),
        (format!(r#"{{"type":"image_url","image_url":{{{url},"detail":"low"}}}}"#), 85),
        (format!(r#"{{"type":"image_url","image_url":{{"detail":"low",{url}}}}}"#), 85),
        (format!(r#"{{"type":"image_url","image_url":{{"detail":"high",{url}}}}}"#), 765),
        (
            format!(
                r#"{{"type":"image","source":{{"type":"base64","media_type":"image/png","data":"{png}"}}}}"#
            ),
            765,
        ),
    ] {
        let body = format!(r#"{{"messages":[{{"role":"user","content":[{block}]}}]}}"#);
        let measure = Measure::of(body.as_bytes(), &|| openai);
        assert_eq!((measure.other, measure.mixed), (want, true), "{block}");
    }
}

#[test]
fn files_are_their_bytes_or_pages() {
    let data = "A".repeat(4000);
    for (block, want) in [
        (format!(r#"{{"document":{{"source":{{"bytes":"{data}"}}}}}}"#), 750),
        (format!(r#"{{"source":{{"media_type":"text/csv","data":"{data}"}}}}"#), 750),
        (
            format!(r#"{{"file":{{"file_data":"data:application/pdf;base64,JVBERi0x{data}"}}}}"#),
            2_000,
        ),
    ] {
        let body = format!(r#"{{"messages":[{{"role":"user","content":[{block}]}}]}}"#);
        let measure = Measure::of(body.as_bytes(), &|| Sight::Pixels);
        assert_eq!((measure.other, measure.mixed), (want, true), "{block}");
    }
}

#[test]
fn the_least_is_not_more() {
    for text in
        ["a".repeat(4_000), " ".repeat(4_000), "-=".repeat(2_000), "well, well. ".repeat(300)]
    {
        let body = said(&text);
        assert!(least_of_request(body.as_bytes()) <= tokens(&body).max(500), "{text:.9}");
    }
    assert!(least_of_request(said(&" ".repeat(100_000)).as_bytes()) < 200);
}

#[test]
fn lies_are_bounded() {
    let mut parts = [0.0; CLASSES];
    (parts[Class::Words as usize], parts[Class::Frame as usize]) = (1_000.0, 11.0);
    let mut factors = Factors::NONE;
    for _ in 0..100 {
        assert!(factors.learn(&parts, 1_200));
    }
    let guess = |factors: &Factors| factors.apply(&parts);
    assert!((1_150.0..1_250.0).contains(&guess(&factors)), "{}", guess(&factors));
    for lie in [0, 1, 50, 100_000, 1_000_000_000, u64::MAX] {
        assert!(!factors.learn(&parts, lie), "{lie}");
    }
    // One that may be true moves it a little; a thousand, within bounds.
    let before = guess(&factors);
    assert!(factors.learn(&parts, 5_000));
    assert!(guess(&factors) < before * 1.1, "{before} {}", guess(&factors));
    for _ in 0..1_000 {
        factors.learn(&parts, guess(&factors) as u64 * 5);
    }
    assert!(factors.values.iter().all(|f| (FACTORS.0..=FACTORS.1).contains(f)));
    // And it comes back.
    for _ in 0..300 {
        factors.learn(&parts, 1_200);
    }
    assert!((1_100.0..1_300.0).contains(&guess(&factors)), "{}", guess(&factors));
}

proptest! {
    #[test]
    fn any_bytes_have_some_number(
        bytes in prop::collection::vec(any::<u8>(), 0..2_000),
        words in prop::collection::vec(
            prop::sample::select(vec![
                "{", "}", "[", "]", "\"", ":", ",", "\\", "\\u", "\\ud83d", "\\u4e2d", "messages",
                "tools", "data", "data:image/png;base64,", "detail", "low", "/9j/", "7", "é",
            ]),
            0..200,
        ),
    ) {
        for body in [bytes, words.concat().into_bytes()] {
            for sight in [Sight::Pixels, Sight::Tiles512(85, 170), Sight::Patches28(1_568, 1_568)] {
                let measure = Measure::of(&body, &|| sight);
                prop_assert!(measure.parts.iter().all(|p| p.is_finite() && *p >= 0.0));
                // Nothing is made of nothing.
                let most = 30.0 + 10.0 * body.len() as f32;
                prop_assert!(measure.parts.iter().sum::<f32>() <= most);
            }
        }
    }

    #[test]
    fn more_text_is_not_fewer_tokens(text in "[a-zA-Z0-9 .,äß中の\n(){}=+-]{0,1500}", more in "[ -~äß中の]{0,200}") {
        let longer = format!("{text}{more}");
        prop_assert!(tokens(&said(&text)) <= tokens(&said(&longer)));
    }
}
