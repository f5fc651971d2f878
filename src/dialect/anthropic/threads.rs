//! Message threads: conversations that Anthropic keeps between turns (`thread`), so that
//! a request holds only what is new. Where nobody keeps one the field is refused, in the
//! words that let a client go on with the whole conversation: Anthropic's own package
//! begins a thread for every run of tools, and half a conversation would reach the model.
//!
//! Spec: what the package sends and reads,
//! <https://github.com/anthropics/anthropic-sdk-python/blob/main/src/anthropic/lib/threads/_thread_state.py>.

use crate::dialect::loss::{Fate, Field};
use crate::error::Error;
use crate::wire::json;

/// The row of a loss list.
pub(super) const ROW: Field = Field { name: "thread", fate: Fate::Rejected, note: WORDS };

const WORDS: &str = "no conversation is kept for this model: send all of it, without thread";

/// `error.details.error_code`: the client may ask again without a thread.
const UNSUPPORTED: &str = "thread_unsupported_request";

/// Refuses a request that is part of a thread.
pub(super) fn refuse(body: &[u8]) -> Result<(), Error> {
    let members = json::members(body).unwrap_or_default();
    let thread = members.into_iter().find(|member| member.key == ROW.name);
    match thread.and_then(|member| body.get(member.value)) {
        None | Some(b"null") => Ok(()),
        Some(_) => Err(Error::invalid(ROW.name, WORDS).with_code(UNSUPPORTED)),
    }
}

/// Appends what an error object says beside its message, behind a comma.
pub(super) fn push_details(error: &Error, out: &mut Vec<u8>) {
    if error.code.as_deref() == Some(UNSUPPORTED) {
        out.extend_from_slice(br#","details":{"error_code":"thread_unsupported_request","#);
        out.extend_from_slice(br#""unsupported":["thread"]}"#);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::anthropic::error;

    #[test]
    fn says_that_the_client_may_go_on_without() {
        let e = refuse(br#"{"thread":{"type":"create"}}"#).unwrap_err();
        let body: serde_json::Value = serde_json::from_slice(&error::body(&e)).unwrap();
        assert_eq!(body["error"]["details"]["error_code"], UNSUPPORTED);
        assert_eq!(body["error"]["type"], "invalid_request_error");
        for none in ["{}", r#"{"thread":null}"#, "7"] {
            assert_eq!(refuse(none.as_bytes()), Ok(()), "{none}");
        }
    }
}
