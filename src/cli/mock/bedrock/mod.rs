//! Amazon Bedrock's Converse as the mock speaks it.
//!
//! `request` reads what stands beside the conversation, `messages` and `blocks` the
//! conversation, `response` writes, `signature` checks who calls and `frames` is the
//! wire of streams. This file has error bodies.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html>
//! Field lists are those of botocore's `bedrock-runtime/2023-09-30/service-2.json`.

mod blocks;
mod fields;
pub(super) mod frames;
mod messages;
mod request;
mod response;
mod signature;
pub(super) mod vectors;

use super::vendor::{Event, Failure, Kind, quote};

pub(super) use request::ask;
pub(super) use response::{events, whole};
pub(super) use signature::authorize;

pub(super) fn failure(failure: &Failure) -> String {
    format!(r#"{{"message":{}}}"#, quote(&failure.message))
}

/// What `x-amzn-errortype` says of a failure.
pub(super) fn error_type(failure: &Failure) -> &str {
    failure.code.as_deref().unwrap_or(match failure.status {
        401 | 403 => "AccessDeniedException",
        404 => "ResourceNotFoundException",
        408 => "ModelTimeoutException",
        424 => "ModelErrorException",
        429 => "ThrottlingException",
        503 => "ServiceUnavailableException",
        500.. => "InternalServerException",
        _ => "ValidationException",
    })
}

/// An exception within a stream.
pub(super) fn failure_event(code: Option<&str>) -> Event {
    let name = EXCEPTIONS.iter().find(|name| Some(&name[1..]) == code);
    let data = r#"{"message":"Bedrock is unable to process your request."}"#.to_owned();
    Event::framed(Kind::Frame, name.copied().unwrap_or("!serviceUnavailableException"), data)
}

/// `!` tells an exception from an event.
const EXCEPTIONS: &[&str] = &[
    "!internalServerException",
    "!modelStreamErrorException",
    "!serviceUnavailableException",
    "!throttlingException",
    "!validationException",
];
