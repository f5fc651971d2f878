//! Identity answers: the provider's bytes, read for usage.

use super::reasoning::Name;
use crate::dialect::{ClientResponse, Reply, Usage, cost};
use crate::error::{Error, Kind};
use crate::wire::json;
use serde::Deserialize;
use serde_json::value::RawValue;

pub(super) fn identity(body: &[u8], reply: &Reply) -> Result<ClientResponse, Error> {
    let Ok(answer) = serde_json::from_slice::<Answer<'_>>(body) else {
        return Err(Error::new(Kind::BadAnswer, "the provider's answer is not a chat completion"));
    };
    if answer.choices.is_none_or(|c| !has_items(c)) {
        return Err(match answer.error {
            Some(_) => super::error::in_stream(body),
            None => Error::new(Kind::BadAnswer, "the provider's answer has no choices"),
        });
    }
    let usage = answer.usage.and_then(|u| super::usage::read(u.get().as_bytes()));
    let usage = Usage { tier: cost::tier(answer.service_tier), ..usage.unwrap_or_default() };
    let renamed = Name::of(reply.quirks)
        .filter(|name| name.is_in(body))
        .map(|name| name.splices(body))
        .filter(|splices| !splices.is_empty())
        .map(|splices| json::splice(body, &splices));
    Ok(ClientResponse { body: renamed, usage })
}

/// The same of the older completions, whose choices have a text.
pub(super) fn older(body: &[u8], reply: &Reply) -> Result<ClientResponse, Error> {
    let answer = identity(body, reply)?;
    match serde_json::from_slice::<Older<'_>>(body) {
        Ok(older) if older.choices.iter().all(|c| c.text.is_some()) => Ok(answer),
        _ => Err(Error::new(Kind::BadAnswer, "the provider's answer is not a text completion")),
    }
}

#[derive(Deserialize)]
struct Older<'a> {
    #[serde(borrow)]
    choices: Vec<Text<'a>>,
}

#[derive(Deserialize)]
struct Text<'a> {
    #[serde(borrow)]
    text: Option<&'a RawValue>,
}

/// An array with something in it: an answer without choices is none.
fn has_items(choices: &RawValue) -> bool {
    let inside = choices.get().strip_prefix('[').map(str::trim_start);
    inside.is_some_and(|inside| inside != "]")
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    choices: Option<&'a RawValue>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    #[serde(borrow)]
    service_tier: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}
