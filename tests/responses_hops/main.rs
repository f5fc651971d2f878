//! Responses clients in front of every other provider: what both ends can say arrives,
//! what the provider cannot say is refused or listed by name. A row is a request, and
//! for each provider what becomes of it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends by panicking; clippy.toml only knows functions marked as tests"
)]

use serde_json::{Value, json};
use sluice::dialect::{
    Body, Dialect, Facts, Maker, ModelTraits, Reply, Request, Thinking, UpstreamRequest, features,
    quirks, translator,
};
use sluice::error::{Error, Fault};

mod answers;
mod controls;
mod conversation;
mod refusals;

const CHAT: Dialect = Dialect::OpenAiChat;
const MESSAGES: Dialect = Dialect::AnthropicMessages;
const GEMINI: Dialect = Dialect::Gemini;
const CONVERSE: Dialect = Dialect::BedrockConverse;
const COHERE: Dialect = Dialect::CohereChat;
const ALL: [Dialect; 5] = [CHAT, MESSAGES, GEMINI, CONVERSE, COHERE];

enum Want {
    /// This stands there, as a JSON pointer has it.
    Has(&'static str, Value),
    Drops(&'static str),
    Refuses(&'static str),
}
use Want::{Drops, Has, Refuses};

fn response(upstream: Dialect, answer: &Value, reply: &Reply) -> Value {
    let row = translator(Dialect::OpenAiResponses, upstream).unwrap();
    let raw = serde_json::to_vec(answer).unwrap();
    let made = (row.response)(&raw, reply).unwrap_or_else(|e| panic!("{}: {e}", upstream.as_str()));
    serde_json::from_slice(&made.body.unwrap()).unwrap()
}

fn expect(body: &Value, wanted: &[(Dialect, Vec<Want>)]) {
    for (upstream, wants) in wanted {
        let at = format!("{}: {body}", upstream.as_str());
        let made = send(body, *upstream);
        for want in wants {
            match (want, &made) {
                (Refuses(param), Err(e)) => {
                    assert_eq!(
                        (e.kind.fault(), e.param.as_deref()),
                        (Fault::Client, Some(*param)),
                        "{at}: {e}"
                    );
                }
                (Has(pointer, value), Ok((sent, _))) => {
                    let found = sent.pointer(pointer).unwrap_or(&Value::Null);
                    assert_eq!(found, value, "{pointer} of {at}: {sent}");
                }
                (Drops(name), Ok((_, made))) => {
                    let listed = made.dropped.iter().any(|d| d.split(' ').next() == Some(name));
                    assert!(listed, "{name} of {at}: {:?}", made.dropped);
                }
                (_, Err(e)) => panic!("{at}: {e}"),
                (_, Ok((sent, _))) => panic!("{at}: taken: {sent}"),
            }
        }
    }
}

fn refused(body: &Value, param: &str, words: &str) {
    for upstream in ALL {
        let e = send(body, upstream).expect_err(&format!("{}: {body}", upstream.as_str()));
        assert_eq!((e.status(), e.param.as_deref()), (400, Some(param)), "{e}");
        assert!(e.message.contains(words), "{words}: {e}");
    }
}

fn send(body: &Value, upstream: Dialect) -> Result<(Value, UpstreamRequest), Error> {
    let mut body = body.clone();
    body["model"] = json!("m");
    let raw = serde_json::to_vec(&body).unwrap();
    let row = translator(Dialect::OpenAiResponses, upstream).unwrap();
    let facts = Facts::of(row.client, &raw, None)?;
    features::check(row.gaps, &facts)?;
    let traits = ModelTraits {
        max_output_tokens: 8192,
        structured_output: true,
        sampling: true,
        system_turns: false,
        thinking: Thinking::Budget,
        reasons: true,
        maker: Maker::Anthropic,
    };
    let quirks = &quirks::NONE;
    let made =
        (row.request)(&Request { body: &raw, facts: &facts, model: "real", traits, quirks })?;
    let Body::Whole(sent) = &made.body else { panic!("a rebuilt body must be whole") };
    Ok((serde_json::from_slice(sent).unwrap(), made))
}

/// What a provider gave to be given back, as an answer of ours sealed it.
fn sealed() -> String {
    let block = json!({ "type": "thinking", "thinking": "hm", "signature": "s1" });
    let answer = json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "m",
        "content": [block, { "type": "text", "text": "x" }],
        "stop_reason": "end_turn", "usage": { "input_tokens": 1, "output_tokens": 1 },
    });
    let seen = response(MESSAGES, &answer, &Reply::default());
    seen["output"][0]["encrypted_content"].as_str().unwrap().to_owned()
}
