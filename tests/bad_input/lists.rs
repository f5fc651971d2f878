//! Lists of texts and documents, too long or odd, and the vectors and ranks of them.

use super::answers::ANSWERS;
use super::*;

/// Pairs of embeddings and of ranks, and by which field they get their texts.
fn lists() -> impl Iterator<Item = (&'static Translator, &'static str)> {
    TRANSLATORS.iter().filter_map(|pair| match pair.client {
        Dialect::OpenAiEmbeddings => Some((pair, "input")),
        Dialect::JinaRerank | Dialect::CohereRerank => Some((pair, "documents")),
        _ => None,
    })
}

#[test]
fn ten_thousand_texts_are_sent_or_refused_by_name_at_once() {
    let started = std::time::Instant::now();
    for (pair, field) in lists() {
        for text in [json!("x"), json!([1, 2]), json!({ "text": "x" }), json!(null)] {
            let body = json!({ "model": "m", "query": "q", field: vec![text; 10_000] });
            let where_ = format!("{} {}", pair.client.as_str(), pair.upstream.as_str());
            match translate(pair, &body) {
                // The provider may say what it thinks of it.
                Ok(_) => assert!(pair.fields.is_empty() || field == "documents", "{where_}"),
                Err(e) => {
                    assert_eq!(e.kind.fault(), Fault::Client, "{where_}: {e}");
                    assert!(e.param.as_deref().unwrap().starts_with(field), "{where_}: {e}");
                }
            }
        }
    }
    // Some hundred translations; each is milliseconds even without optimization.
    assert!(started.elapsed().as_secs() < 30, "{:?}", started.elapsed());
}

/// Documents are kept for the answer only as far as the bound goes.
#[test]
fn long_documents_do_not_come_back() {
    let long = "x".repeat(2 << 20);
    let rows = TRANSLATORS.iter().filter(|t| t.client == Dialect::JinaRerank);
    for pair in rows.filter(|t| !t.fields.is_empty()) {
        for asks in [true, false] {
            let body = json!({ "model": "m", "query": "q", "documents": [long], "return_documents": asks });
            let raw = body.to_string().into_bytes();
            let facts = Facts::of(pair.client, &raw, None).unwrap();
            let quirks = &quirks::NONE;
            let request = Request {
                body: &raw,
                facts: &facts,
                model: "real",
                traits: TRAITS,
                quirks,
                betas: "",
            };
            let made = (pair.request)(&request).unwrap();
            assert!(made.echo.is_empty() && made.dropped.is_empty() != asks, "{:?}", made.dropped);
        }
    }
}

#[test]
fn an_answer_of_another_kind_holds_no_vectors_and_no_ranks() {
    let ranks = [
        r#"{"results":[{"index":0,"relevance_score":1}]}"#,
        r#"{"data":[{"index":0,"relevance_score":1}]}"#,
    ];
    for (pair, field) in lists() {
        let reply = Reply { inputs: 1, ..Reply::default() };
        for (_, answer) in ANSWERS {
            let read = (pair.response)(answer.as_bytes(), &reply);
            let e = read.expect_err(&format!("{} {answer}", pair.upstream.as_str()));
            assert_ne!(e.kind.fault(), Fault::Client, "{}: {e}", pair.upstream.as_str());
        }
        let good = ranks.iter().filter(|a| (pair.response)(a.as_bytes(), &reply).is_ok()).count();
        // OpenAI's own answer is not opened.
        let most = usize::from(field == "documents" || pair.fields.is_empty());
        assert_eq!(good, most, "{} {}", pair.client.as_str(), pair.upstream.as_str());
    }
}
