//! The members `models`, `provider` and `route` of a body, as OpenRouter's clients send
//! them: read, and taken out.
//!
//! Where they are on they are the gateway's, whoever the provider is, OpenRouter
//! included; where they are off they are the provider's, and nothing is touched. A body
//! that has none of them is only walked through. One without `model` is for the first of
//! its `models`, as at OpenRouter.
//!
//! Of `provider`: `order`, `only`, `ignore`, `allow_fallbacks`, `sort`, `zdr`,
//! `max_price.prompt` and `.completion`, `require_parameters` (a dialect must carry all
//! of the request), `quantizations` (tags, one of which a target must have), `region` and
//! `tags` (ours). `data_collection: deny` is as `zdr`: who retains nothing collects
//! nothing. Refused by name: prices by the request, image or audio, sorting across
//! models, `enforce_distillable_text`, members that nobody knows.
//! <https://openrouter.ai/docs/features/provider-routing>

use super::{Keep, MAX_MODELS, MAX_NAMES, Preferences, Wish, names, sort};
use crate::catalog::price;
use crate::error::Error;
use crate::wire::json::{self, Splice};
use std::borrow::Cow;

/// What was said, and the request without it.
pub struct Taken {
    pub preferences: Preferences,
    pub body: Vec<u8>,
}

/// Members of `provider` that are only hints, by OpenRouter's own words, and do nothing
/// here.
pub const NO_EFFECT: [&str; 2] = ["preferred_min_throughput", "preferred_max_latency"];

const OURS: [&str; 3] = ["models", "provider", "route"];

/// `None`: nothing is said. `addressed`: the path names the model.
pub fn take(body: &[u8], addressed: bool) -> Result<Option<Taken>, Error> {
    // What is not JSON is told by whoever reads it next.
    let Ok(members) = json::members(body) else { return Ok(None) };
    let is_ours = |n: usize| members.get(n).is_some_and(|m| OURS.contains(&&*m.key));
    if !(0..members.len()).any(is_ours) || json::object(body).is_err() {
        return Ok(None);
    }
    let mut preferences = Preferences::default();
    for member in &members {
        let raw = body.get(member.value.clone()).unwrap_or_default();
        match member.key.as_ref() {
            _ if raw == b"null" => {}
            "models" => preferences.add("models", Wish::Models(list("models", MAX_MODELS, raw)?)),
            "provider" => provider(raw, &mut preferences)?,
            "route" if raw != br#""fallback""# => {
                return Err(Error::invalid("route", "must be \"fallback\""));
            }
            _ => {}
        }
    }
    // The first of the models takes the place of the list where there is no model.
    let names_one = addressed || members.iter().any(|m| m.key == "model");
    let first = (!names_one && !preferences.models.is_empty())
        .then(|| preferences.models.remove(0))
        .and_then(|name| Some((members.iter().position(|m| m.key == "models")?, name)));
    let stays = |n: usize| first.as_ref().is_some_and(|(at, _)| *at == n);
    let spans: Vec<_> = members.iter().map(|m| m.name.start..m.value.end).collect();
    let cuts = json::left_out(&spans, |n| is_ours(n) && !stays(n));
    let mut splices: Vec<_> =
        cuts.into_iter().map(|range| Splice { range, with: Vec::new() }).collect();
    if let Some((at, name)) = &first
        && let Some(range) = spans.get(*at).cloned()
    {
        let mut with = b"\"model\":".to_vec();
        json::push_text(&mut with, name);
        let behind = splices.iter().filter(|s| s.range.start < range.start).count();
        splices.insert(behind, Splice { range, with });
    }
    Ok(Some(Taken { preferences, body: json::splice(body, &splices) }))
}

fn provider(raw: &[u8], into: &mut Preferences) -> Result<(), Error> {
    let members = json::members(raw).map_err(|problem| {
        let words = match problem {
            json::Problem::NotAnObject => "must be an object",
            json::Problem::DuplicateKey => "has a member that stands twice",
            _ => "has more than 256 members",
        };
        Error::invalid("provider", words)
    })?;
    for member in &members {
        let value = raw.get(member.value.clone()).unwrap_or_default();
        let shown: String = member.key.chars().take(64).collect();
        one(&member.key, &format!("provider.{shown}"), value, into)?;
    }
    Ok(())
}

/// A member of `provider`.
fn one(key: &str, param: &str, raw: &[u8], into: &mut Preferences) -> Result<(), Error> {
    let invalid = |words: &'static str| Error::invalid(param.to_owned(), words);
    if raw == b"null" {
        return Ok(());
    }
    let list = || list(param, MAX_NAMES, raw);
    let flag = || match raw {
        b"true" => Ok(true),
        b"false" => Ok(false),
        _ => Err(invalid("must be true or false")),
    };
    let wish = match key {
        "order" => Wish::Order(list()?),
        "only" => some(Keep::Named, list()?),
        "ignore" => Wish::Keep(Keep::NotNamed(list()?)),
        "quantizations" => some(Keep::AnyTag, list()?),
        "region" => some(Keep::Region, list()?),
        "tags" => {
            list()?.into_iter().for_each(|tag| into.add(param, Wish::Keep(Keep::Tagged(tag))));
            return Ok(());
        }
        "allow_fallbacks" if !flag()? => Wish::Alone,
        "zdr" if flag()? => Wish::Zdr,
        "require_parameters" if flag()? => Wish::Strict,
        "enforce_distillable_text" if flag()? => {
            return Err(invalid("this gateway does not know which models allow that"));
        }
        "allow_fallbacks" | "zdr" | "require_parameters" | "enforce_distillable_text" => {
            return Ok(());
        }
        "data_collection" => match raw {
            br#""allow""# => return Ok(()),
            br#""deny""# => Wish::Zdr,
            _ => return Err(invalid("must be allow or deny")),
        },
        "sort" => sorting(param, raw)?,
        "max_price" => max_price(param, raw)?,
        _ if NO_EFFECT.contains(&key) => return Ok(()),
        _ => return Err(invalid("is no preference that this gateway knows")),
    };
    into.add(param, wish);
    Ok(())
}

/// An empty list filters nothing.
fn some(keep: fn(Vec<String>) -> Keep, list: Vec<String>) -> Wish {
    Wish::Keep(if list.is_empty() { Keep::NotNamed(list) } else { keep(list) })
}

/// `price`, or `{ by: price, partition: model }`.
fn sorting(param: &str, raw: &[u8]) -> Result<Wish, Error> {
    let word = |raw| json::text(raw).unwrap_or_default();
    let Ok(members) = json::members(raw) else { return sort(param, &word(raw)) };
    let mut by = Cow::Borrowed("");
    for member in &members {
        let value = raw.get(member.value.clone()).unwrap_or_default();
        match member.key.as_ref() {
            "by" => by = word(value),
            "partition" if matches!(value, br#""model""# | b"null") => {}
            "partition" => {
                let words = "this gateway sorts the targets of one model after the other: model";
                return Err(Error::invalid(format!("{param}.partition"), words));
            }
            _ => return Err(Error::invalid(param.to_owned(), "has by and partition alone")),
        }
    }
    sort(&format!("{param}.by"), &by)
}

/// USD per million tokens, as numbers or as texts.
fn max_price(param: &str, raw: &[u8]) -> Result<Wish, Error> {
    let Ok(members) = json::members(raw) else {
        return Err(Error::invalid(param.to_owned(), "must be an object"));
    };
    let (mut input, mut output) = (None, None);
    for member in &members {
        let value = raw.get(member.value.clone()).unwrap_or_default();
        let shown: String = member.key.chars().take(64).collect();
        let param = || format!("{param}.{shown}");
        let slot = match member.key.as_ref() {
            _ if value == b"null" => continue,
            "prompt" => &mut input,
            "completion" => &mut output,
            _ => {
                let words = "this gateway knows prices of prompt and completion alone";
                return Err(Error::invalid(param(), words));
            }
        };
        let text = json::text(value).or(std::str::from_utf8(value).ok().map(Cow::Borrowed));
        let Some(price) = text.and_then(|text| price::parse(&text)) else {
            let words = "must be USD per million tokens, such as 1.5, with at most 6 decimals";
            return Err(Error::invalid(param(), words));
        };
        *slot = Some(price);
    }
    Ok(Wish::Keep(match (input, output) {
        (None, None) => Keep::NotNamed(Vec::new()),
        _ => Keep::MaxPrice { input, output },
    }))
}

/// A list of names, or one.
fn list(param: &str, max: usize, raw: &[u8]) -> Result<Vec<String>, Error> {
    if let Some(one) = json::text(raw).filter(|_| param != "models") {
        return names(param, max, vec![Some(one)]);
    }
    match json::count(raw) {
        Some(count) if count > max => {
            Err(Error::invalid(param.to_owned(), format!("has more than {max} names")))
        }
        Some(_) => {
            let items = json::items(raw).unwrap_or_default();
            names(param, max, items.into_iter().map(json::text).collect())
        }
        None => Err(Error::invalid(param.to_owned(), "must be a list of names")),
    }
}
