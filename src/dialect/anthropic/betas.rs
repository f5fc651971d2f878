//! Beta features on Bedrock: what the client's header `anthropic-beta` says, as the list
//! in the body that stands for it there. A flag that Bedrock does not know fails the whole
//! request ("invalid beta flag"), so only those that AWS documents are passed on.
//!
//! Spec: <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages-request-response.html>;
//! the list as others have it from there: <https://github.com/BerriAI/litellm/pull/19877>.
//! What a model makes of each differs: <https://github.com/anthropics/claude-code/issues/49370>.

use crate::dialect::Request;
use crate::dialect::loss::Dropped;
use crate::dialect::openai::completion::Array;
use crate::wire::json;

const KNOWN: &[&str] = &[
    "computer-use-2024-10-22",
    "computer-use-2025-01-24",
    "context-1m-2025-08-07",
    "context-management-2025-06-27",
    "dev-full-thinking-2025-05-14",
    "effort-2025-11-24",
    "interleaved-thinking-2025-05-14",
    "output-128k-2025-02-19",
    "token-efficient-tools-2025-02-19",
    "tool-examples-2025-10-29",
    "tool-search-tool-2025-10-19",
];

/// Longest flag that is repeated to the client.
const MAX_FLAG: usize = 64;

/// Appends `,"anthropic_beta":[…]` where there is something to say. `given`: the body
/// has a list of its own, which counts instead.
pub(super) fn push(request: &Request<'_>, given: bool, out: &mut Vec<u8>, dropped: &mut Dropped) {
    let mut list = Array::default();
    let flags = request.betas.split(',').map(str::trim).filter(|flag| !flag.is_empty());
    for flag in flags {
        let harmless = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
        if given {
            dropped.hint("anthropic-beta (anthropic_beta is given)");
        } else if let Some(known) = KNOWN.iter().find(|known| **known == flag) {
            json::push_text(list.item(), known);
        } else if flag.len() <= MAX_FLAG && flag.bytes().all(harmless) {
            dropped.hint(format!("anthropic-beta.{flag}"));
        } else {
            dropped.hint("anthropic-beta (a flag with an unusual name)");
        }
    }
    list.push_member(out, "anthropic_beta");
}
