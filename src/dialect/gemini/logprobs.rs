//! `logprobsResult` to OpenAI's `logprobs`: the chosen token of each step, and the
//! likeliest of the step beside it.
//!
//! Spec: <https://ai.google.dev/api/generate-content#LogprobsResult>,
//! <https://platform.openai.com/docs/api-reference/chat/object>.

use serde::Deserialize;
use serde_json::value::RawValue;

/// The value of `logprobs`; `None` where it is not understood.
pub(super) fn to_openai(raw: &RawValue) -> Option<Vec<u8>> {
    let result: Result<'_> = serde_json::from_str(raw.get()).ok()?;
    let mut out = br#"{"content":["#.to_vec();
    for (step, chosen) in result.chosen_candidates?.iter().enumerate() {
        if step > 0 {
            out.push(b',');
        }
        out.push(b'{');
        chosen.push(&mut out);
        out.extend_from_slice(br#","top_logprobs":["#);
        let top = result.top_candidates.as_ref().and_then(|t| t.get(step));
        let top = top.and_then(|t| t.candidates.as_deref()).unwrap_or_default();
        for (i, candidate) in top.iter().enumerate() {
            if i > 0 {
                out.push(b',');
            }
            out.push(b'{');
            candidate.push(&mut out);
            out.push(b'}');
        }
        out.extend_from_slice(b"]}");
    }
    out.extend_from_slice(br#"],"refusal":null}"#);
    Some(out)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Result<'a> {
    #[serde(borrow)]
    chosen_candidates: Option<Vec<Candidate<'a>>>,
    #[serde(borrow)]
    top_candidates: Option<Vec<Top<'a>>>,
}

#[derive(Deserialize)]
struct Top<'a> {
    #[serde(borrow)]
    candidates: Option<Vec<Candidate<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Candidate<'a> {
    #[serde(borrow)]
    token: Option<&'a RawValue>,
    #[serde(borrow)]
    log_probability: Option<&'a RawValue>,
}

// === impl Candidate ===

impl Candidate<'_> {
    fn push(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(br#""token":"#);
        out.extend_from_slice(super::answer::string(self.token));
        out.extend_from_slice(br#","logprob":"#);
        // A certain token's 0 is left out, as proto's JSON does with zeros.
        let number = self.log_probability.map_or("0", RawValue::get);
        out.extend_from_slice(number.as_bytes());
        out.extend_from_slice(br#","bytes":null"#);
    }
}
