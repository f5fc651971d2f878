use super::*;

fn stream() -> ToOpenAiChat {
    ToOpenAiChat::new(&Reply { model: "m".into(), ..Default::default() })
}

fn feed(stream: &mut ToOpenAiChat, data: &str) -> String {
    let mut out = Vec::new();
    stream.feed(format!("data: {data}\r\n\r\n").as_bytes(), &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn each_kind_of_content_starts() {
    for (candidate, starts) in [
        (r#"{"content":{"parts":[{"text":"x"}]}}"#, true),
        (r#"{"content":{"parts":[{"text":"x","thought":true}]}}"#, true),
        (r#"{"content":{"parts":[{"functionCall":{"name":"f"}}]}}"#, true),
        (r#"{"content":{"parts":[{"inlineData":{"mimeType":"image/png","data":"AA"}}]}}"#, true),
        (r#"{"finishReason":"SAFETY"}"#, true),
        (r#"{"content":{"parts":[{"text":""}]}}"#, false),
        (r#"{"content":{}}"#, false),
        (r#"{"finishReason":"MALFORMED_FUNCTION_CALL"}"#, false),
    ] {
        let mut s = stream();
        feed(&mut s, &format!(r#"{{"candidates":[{candidate}]}}"#));
        assert_eq!(s.progress().started, starts, "{candidate}");
    }
}

#[test]
fn counts_are_final_with_the_last_candidate() {
    let mut s = stream();
    feed(
        &mut s,
        r#"{"candidates":[{"content":{"parts":[{"text":"a"}]}}],"usageMetadata":{"promptTokenCount":3}}"#,
    );
    assert!(s.progress().usage.input_reported && !s.progress().usage.output_reported);
    feed(
        &mut s,
        r#"{"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":1}}"#,
    );
    assert!(s.progress().usage.output_reported && !s.progress().complete);
    let mut out = Vec::new();
    s.finish(&mut out);
    assert!(s.progress().complete && out.ends_with(b"data: [DONE]\n\n"));
}

#[test]
fn an_error_that_is_no_event_is_read() {
    let mut s = stream();
    let mut out = Vec::new();
    s.feed(
        b"[{\n  \"error\": {\n    \"code\": 429,\n    \"message\": \"quota\"\n  }\n}\n]\n",
        &mut out,
    );
    s.finish(&mut out);
    assert_eq!(s.progress().failed.as_ref().map(|e| e.kind), Some(Kind::Busy));
    assert_eq!(String::from_utf8(out).unwrap().matches("error").count(), 2);
}

#[test]
fn bounds_what_it_keeps() {
    let mut s = stream();
    for i in 0..=MAX_CHOICES {
        feed(&mut s, &format!(r#"{{"candidates":[{{"index":{i},"content":{{}}}}]}}"#));
    }
    assert_eq!(s.progress().failed.as_ref().map(|e| e.kind), Some(Kind::BadAnswer));
}
