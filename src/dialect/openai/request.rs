//! Identity requests: the client's bytes with the model name spliced. Where a
//! provider's quirks concern the request, `adapt` does it.

use crate::dialect::{Body, Facts, Quirks, Request, UpstreamRequest};
use crate::error::Error;
use crate::wire::json::{self, Splice};
use std::ops::Range;

/// Splices the model and, when streaming, asks for the usage chunk. A new
/// `stream_options` is put right behind the model: one splice, and whatever
/// follows it need not move in memory.
pub(super) fn identity(request: &Request<'_>) -> Result<UpstreamRequest, Error> {
    let (facts, quirks) = (request.facts, request.quirks);
    if quirks.concern(facts) {
        return super::adapt::adapt(request);
    }
    let mut model = Vec::with_capacity(request.model.len() + 48);
    json::push_text(&mut model, request.model);
    let mut splices = Vec::with_capacity(2);
    if facts.stream && !facts.include_usage && quirks.stream_options {
        match &facts.stream_options {
            None => model.extend_from_slice(ASK_MEMBER),
            Some(span) => splices.push(ask_inside(request.body, span.clone())),
        }
    }
    splices.push(Splice { range: facts.model_span.clone(), with: model });
    splices.sort_by_key(|s| s.range.start);
    Ok(UpstreamRequest { body: Body::Spliced(splices), ..Default::default() })
}

/// Up to the end of the last thing that may be spliced.
pub(super) fn identity_reads(facts: &Facts, quirks: &Quirks) -> usize {
    if quirks.concern(facts) {
        return facts.body_bytes;
    }
    let options = facts.stream_options.as_ref().map_or(0, |span| span.end);
    facts.model_span.end.max(options)
}

/// Sets `include_usage` in the client's own `stream_options`, keeping the rest.
pub(super) fn ask_inside(body: &[u8], span: Range<usize>) -> Splice {
    let raw = body.get(span.clone()).unwrap_or_default();
    if raw == b"null" {
        return Splice { range: span, with: ASK.to_vec() };
    }
    let members = json::object(raw).unwrap_or_default();
    match members.iter().find(|m| m.key == "include_usage") {
        Some(m) => Splice {
            range: span.start + m.value.start..span.start + m.value.end,
            with: b"true".to_vec(),
        },
        None => {
            let comma: &[u8] = if members.is_empty() { b"" } else { b"," };
            let with = [br#""include_usage":true"#, comma].concat();
            Splice { range: span.start + 1..span.start + 1, with }
        }
    }
}

const ASK: &[u8] = br#"{"include_usage":true}"#;
/// The same as a member, behind another one.
pub(super) const ASK_MEMBER: &[u8] = br#","stream_options":{"include_usage":true}"#;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::{Maker, ModelTraits, Thinking, quirks};

    fn spliced(body: &str) -> String {
        let facts = Facts::read(body.as_bytes()).unwrap();
        let traits = ModelTraits {
            max_output_tokens: 1,
            structured_output: true,
            sampling: true,
            system_turns: true,
            thinking: Thinking::None,
            reasons: false,
            maker: Maker::OpenAi,
        };
        let quirks = &quirks::NONE;
        let request = Request {
            body: body.as_bytes(),
            facts: &facts,
            model: "real",
            traits,
            quirks,
            betas: "",
        };
        match identity(&request).unwrap().body {
            Body::Spliced(s) => String::from_utf8(json::splice(body.as_bytes(), &s)).unwrap(),
            Body::Whole(_) => panic!("identity must splice"),
        }
    }

    #[test]
    fn touches_only_the_model() {
        assert_eq!(
            spliced(r#"{ "x": 1e400, "model" : "m", "messages":[{"a":  1.0}] }"#),
            r#"{ "x": 1e400, "model" : "real", "messages":[{"a":  1.0}] }"#
        );
    }

    #[test]
    fn asks_for_usage_when_streaming() {
        for (options, want) in [
            (
                "",
                r#"{"model":"real","stream_options":{"include_usage":true},"messages":[{}],"stream":true}"#,
            ),
            (
                r#","stream_options":null"#,
                r#"{"model":"real","messages":[{}],"stream":true,"stream_options":{"include_usage":true}}"#,
            ),
            (
                r#","stream_options":{}"#,
                r#"{"model":"real","messages":[{}],"stream":true,"stream_options":{"include_usage":true}}"#,
            ),
            (
                r#","stream_options":{"z":1}"#,
                r#"{"model":"real","messages":[{}],"stream":true,"stream_options":{"include_usage":true,"z":1}}"#,
            ),
            (
                r#","stream_options":{"include_usage":false}"#,
                r#"{"model":"real","messages":[{}],"stream":true,"stream_options":{"include_usage":true}}"#,
            ),
            (
                r#","stream_options":{"include_usage":true}"#,
                r#"{"model":"real","messages":[{}],"stream":true,"stream_options":{"include_usage":true}}"#,
            ),
        ] {
            let body = format!(r#"{{"model":"m","messages":[{{}}],"stream":true{options}}}"#);
            assert_eq!(spliced(&body), want);
        }
    }
}
