use super::*;

#[test]
fn reads_the_limits_of_gemini() {
    let read = |body: &str| {
        let addressed = Addressed { model: "m".into(), stream: false };
        let facts = Facts::of(Dialect::Gemini, body.as_bytes(), Some(addressed)).unwrap();
        (facts.max_tokens, facts.n)
    };
    let both = r#"{"generationConfig":{"maxOutputTokens":9,"candidateCount":2},"contents":[]}"#;
    assert_eq!(read(both), (Some(9), 2));
    assert_eq!(
        read(r#"{"contents":[],"generation_config":{"max_output_tokens":7}}"#),
        (Some(7), 1)
    );
    assert_eq!(read(r#"{"generationConfig":7,"contents":[]}"#), (None, 1));
    let addressed = Some(Addressed { model: "m".into(), stream: false });
    let converse = br#"{"inferenceConfig":{"maxTokens":9},"messages":[]}"#;
    let facts = Facts::of(Dialect::BedrockConverse, converse, addressed).unwrap();
    assert_eq!(facts.max_tokens, Some(9));
}

#[test]
fn reads_what_it_needs() {
    let body = br#"{"messages":[{}],"n":2,"model":"a\/b","stream":true,"stream_options":{"include_usage":true},"max_tokens":7,"x":1}"#;
    let facts = Facts::read(body).unwrap();
    assert_eq!(facts.model, "a/b");
    assert_eq!(&body[facts.model_span.clone()], br#""a\/b""#);
    assert!(facts.stream && facts.include_usage);
    assert_eq!((facts.n, facts.max_tokens), (2, Some(7)));
}

#[test]
fn embeddings_never_stream() {
    let body = br#"{"model":"m","input":"x","stream":true}"#;
    assert!(!Facts::of(Dialect::OpenAiEmbeddings, body, None).unwrap().stream);
    let body = br#"{"model":"m","images":["x"]}"#;
    assert!(Facts::of(Dialect::CohereEmbed, body, None).is_ok());
}

#[test]
fn counts_what_is_to_be_embedded_or_ranked() {
    for (input, inputs, tokens) in [
        (r#""x""#, 1, false),
        (r#"["x", "y"]"#, 2, false),
        ("[ 1,2,3]", 1, true),
        ("[[1,2],[3]]", 2, true),
        ("[]", 0, false),
        ("{}", 1, false),
    ] {
        let body = format!(r#"{{"model":"m","input":{input}}}"#);
        let facts = Facts::of(Dialect::OpenAiEmbeddings, body.as_bytes(), None).unwrap();
        assert_eq!((facts.inputs, facts.token_inputs), (inputs, tokens), "{input}");
    }
    let body = br#"{"model":"m","query":"q","documents":["a",{"text":"b"}]}"#;
    assert_eq!(Facts::of(Dialect::JinaRerank, body, None).unwrap().inputs, 2);
}

#[test]
fn text_alone_is_no_other_modality() {
    for (modalities, other) in [
        ("null", false),
        (r#"["text"]"#, false),
        (r#"[ "text" ]"#, false),
        (r#"["text","audio"]"#, true),
        (r#""text""#, true),
    ] {
        let body = format!(r#"{{"model":"m","messages":[{{}}],"modalities":{modalities}}}"#);
        assert_eq!(Facts::read(body.as_bytes()).unwrap().other_modalities, other, "{body}");
    }
}

#[test]
fn refuses_by_field() {
    for (body, param) in [
        (r#"{"messages":[{}]}"#, Some("model")),
        (r#"{"model":"m"}"#, Some("messages")),
        (r#"{"model":1,"messages":[{}]}"#, Some("model")),
        (r#"{"model":"","messages":[{}]}"#, Some("model")),
        (r#"{"model":"a\r\nx-evil: 1","messages":[{}]}"#, Some("model")),
        (r#"{"model":"m","messages":{}}"#, Some("messages")),
        (r#"{"model":"m","messages":[]}"#, Some("messages")),
        (r#"{"model":"m","messages":["x"]}"#, Some("messages[0]")),
        (r#"{"model":"m","messages":[{}],"stream":"yes"}"#, Some("stream")),
        (r#"{"model":"m","messages":[{}],"n":1.5}"#, Some("n")),
        (r#"{"model":"m","messages":[{}],"stream_options":[]}"#, Some("stream_options")),
        (r#"{"model":"m","model":"x","messages":[{}]}"#, None),
    ] {
        let e = Facts::read(body.as_bytes()).expect_err(body);
        assert_eq!((e.kind, e.param.as_deref()), (Kind::InvalidRequest, param), "{body}");
    }
    for (client, body, param) in [
        (Dialect::CohereChat, r#"{"model":"m"}"#, "messages"),
        (Dialect::CohereChat, r#"{"model":"m","messages":[]}"#, "messages"),
        (Dialect::OpenAiEmbeddings, r#"{"model":"m"}"#, "input"),
        (Dialect::CohereEmbed, r#"{"model":"m"}"#, "texts"),
        (Dialect::CohereRerank, r#"{"model":"m","documents":[]}"#, "query"),
        (Dialect::CohereRerank, r#"{"query":"m","documents":[]}"#, "model"),
    ] {
        let e = Facts::of(client, body.as_bytes(), None).expect_err(body);
        assert_eq!(e.param.as_deref(), Some(param), "{body}");
    }
    let long = format!(r#"{{"model":"{}","messages":[{{}}]}}"#, "m".repeat(10_000));
    assert_eq!(Facts::read(long.as_bytes()).unwrap_err().param.as_deref(), Some("model"));
}
