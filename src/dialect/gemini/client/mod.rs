//! Clients that speak Gemini, to models that do not: `generateContent` to chat and
//! back, for the hub.
//!
//! A field is taken in Google's spelling or in snake case, as its own API does
//! (`spell`); an error names it as the client wrote it. Upper-case OpenAPI schemas
//! become JSON schemas (`schema`). Calls without ids get ids of their place; results
//! without them answer the first open call of their name. Media of a result go with it,
//! or, where results are text, stand behind all results as the user's.
//!
//! What another provider signed travels in `thoughtSignature`, as Google's own
//! signatures do: on the part behind the thoughts. Clients decode that field as base64
//! and encode it anew, each in its own alphabet, so the blocks are wrapped in base64 of
//! our own (`signature`). Signatures of Google's go the chat's way,
//! `extra_content.google.thought_signature`.
//!
//! Thoughts are shown only where `includeThoughts` asks for them, as at Google. Calls
//! are never told in pieces; the last event of a stream has every finish reason and
//! the usage. A call whose arguments are no JSON object is a
//! `MALFORMED_FUNCTION_CALL`, also as at Google.
//!
//! Must not: guess at what only runs at Google (search, code, caches, stored files):
//! those are refused by name.
//!
//! Spec: <https://ai.google.dev/api/generate-content>, <https://ai.google.dev/api/caching>,
//! <https://ai.google.dev/gemini-api/docs/function-calling>,
//! <https://ai.google.dev/gemini-api/docs/thought-signatures>.

use crate::dialect::features::{Feature, Gap, Gaps};
use crate::dialect::hub::{ChatRequest, Completion, Inbound};
use crate::dialect::loss::Field;
use crate::dialect::{Dialect, Reply, Request, Usage};
use crate::error::Error;

mod config;
mod contents;
mod fields;
mod media;
mod parts;
mod request;
mod response;
mod results;
mod schema;
mod signature;
mod spell;
mod stream;
mod tools;

pub(super) use signature::{KEEPSAKE, is_keepsake};

/// The client half.
#[derive(Debug)]
pub struct Client;

// === impl Client ===

impl Inbound for Client {
    const CLIENT: Dialect = Dialect::Gemini;
    const GAPS: Gaps = &[(
        Feature::PromptCache,
        Gap::No("cachedContent is stored at Google; other caches need no word or have none"),
    )];
    const FIELDS: &'static [Field] = fields::FIELDS;
    type Writer = stream::Writer;

    fn request(request: &Request<'_>, upstream: Dialect) -> Result<ChatRequest, Error> {
        request::to_chat(request, upstream)
    }

    fn response(
        completion: &Completion<'_>,
        usage: &Usage,
        reply: &Reply,
    ) -> Result<Vec<u8>, Error> {
        Ok(response::write(completion, usage, reply))
    }
}
