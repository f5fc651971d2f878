//! What a provider's response headers say: whether its answer can be read, and
//! who may see them.

use crate::dialect::{Dialect, Shape};
use crate::error::{Error, Kind};
use crate::host::{Headers, text, value};

/// How a success comes, in the provider's dialect; an error where it cannot be read.
/// `streamed`: it was asked for so.
pub(super) fn shape(
    status: u16,
    headers: &Headers,
    dialect: Dialect,
    streamed: bool,
    end: bool,
) -> Result<Shape, Error> {
    let bad = |message: String| Err(Error::new(Kind::BadAnswer, message));
    if status != 200 || end {
        return bad(format!("the provider answered HTTP {status} without an answer"));
    }
    let encoding = text(headers, "content-encoding").unwrap_or("identity");
    if !encoding.eq_ignore_ascii_case("identity") {
        return bad("the provider compressed its answer though nobody asked".into());
    }
    let type_ = value(headers, "content-type").unwrap_or_default().to_ascii_lowercase();
    dialect
        .shape(streamed, &String::from_utf8_lossy(&type_))
        .or_else(|wanted| bad(format!("the provider's answer is not {wanted}")))
}

/// What a provider's own Envoy would tell ours: not to retry, not to ask this host
/// again. Those are decided here.
pub(super) fn is_for_envoy(name: &str) -> bool {
    matches!(name, "x-envoy-ratelimited" | "x-envoy-immediate-health-check-fail")
}

/// Response headers of a provider that clients may see. Hop-by-hop ones and
/// `server` are Envoy's to replace; the account's identity is the operator's;
/// cookies and orders to browsers would act on our own host.
pub(super) fn is_for_clients(name: &str) -> bool {
    !matches!(
        name,
        "alt-svc"
            | "anthropic-organization-id"
            | "clear-site-data"
            | "nel"
            | "openai-organization"
            | "openai-project"
            | "refresh"
            | "report-to"
            | "set-cookie"
            | "strict-transport-security"
    ) && !name.starts_with("access-control-")
        && !name.starts_with("x-sluice-")
        && !name.starts_with("x-envoy-")
}

/// How a provider calls its answer when its support is asked: what it bills by.
pub(super) fn request_id(headers: &Headers) -> Option<&str> {
    let is_id = |name: &str| {
        matches!(name, "x-request-id" | "request-id" | "x-amzn-requestid" | "apim-request-id")
    };
    let (_, id) = headers.iter().find(|(name, _)| is_id(name))?;
    std::str::from_utf8(id).ok().filter(|id| (1..=MAX_ID).contains(&id.len()))
}

/// Longest id that is kept, in bytes.
const MAX_ID: usize = 128;
