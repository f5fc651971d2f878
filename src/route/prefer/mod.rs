//! What a client says of who serves its call: `header` and `body` read it, here it is
//! kept and acts on candidates.
//!
//! A preference only takes away from what the configuration offers a client, or puts it
//! in another order; further models are the client's as its first one is, each under its
//! own rule. A provider that was excluded is never tried, not even where nobody is left:
//! that is a 400 which names the preference. Where header and body both speak, all
//! filters hold, and the header's order and models come first. The members are
//! OpenRouter's, the values this configuration's names:
//! <https://openrouter.ai/docs/features/provider-routing>,
//! <https://openrouter.ai/docs/features/model-routing>.
//!
//! Must not: drop a member in silence. What cannot be honoured is refused by its name;
//! `body::NO_EFFECT` is the list of hints that do nothing here.

use super::candidates::Candidate;
use super::strategy;
use crate::catalog::Price;
use crate::config::raw::Strategy;
use crate::config::{Config, Consumer, Target};
use crate::error::Error;
use crate::host::Headers;
use std::borrow::Cow;

pub mod body;
mod header;
#[cfg(test)]
mod tests;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preferences {
    /// Models to fall back to, behind the one that the call names.
    pub models: Vec<String>,
    /// Tags and regions that are asked for, for the conditions of rules.
    pub wants: Vec<String>,
    /// Instead of the strategy.
    pub sort: Option<Strategy>,
    /// Refuse what a target's dialect cannot carry.
    pub strict: bool,
    filters: Vec<Filter>,
    /// Names of those to come first.
    order: Vec<String>,
    /// Nobody else; the member that says so.
    alone: Option<String>,
}

/// All of them must keep a target.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Filter {
    /// The member that says so.
    param: String,
    keep: Keep,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Keep {
    Named(Vec<String>),
    NotNamed(Vec<String>),
    Tagged(String),
    AnyTag(Vec<String>),
    /// In any of these.
    Region(Vec<String>),
    /// Picodollars per token.
    MaxPrice {
        input: Option<u64>,
        output: Option<u64>,
    },
}

/// One thing a client says.
enum Wish {
    Models(Vec<String>),
    Order(Vec<String>),
    Keep(Keep),
    Sort(Strategy),
    Zdr,
    Alone,
    Strict,
}

/// The request header, which no provider sees.
const HEADER: &str = "x-sluice-route";
/// Most models a call may fall back to: no plan is longer.
const MAX_MODELS: usize = 8;
/// Most names in any other list.
const MAX_NAMES: usize = 64;
/// Longest name, in bytes.
const MAX_NAME: usize = 256;
/// The tag of targets that retain nothing.
const ZDR: &str = "zdr";

/// All that the header says.
pub fn header(headers: &Headers) -> Option<String> {
    let values = headers.iter().filter(|(name, _)| name == HEADER);
    let values: Vec<_> = values.map(|(_, v)| String::from_utf8_lossy(v)).collect();
    (!values.is_empty()).then(|| values.join(";"))
}

/// May this consumer say anything in the body?
pub fn reads_body(config: &Config, consumer: &Consumer) -> bool {
    config.preferences.body && consumer.permits.preferences
}

/// Of one call, from the values of its header, and what its body said. `None`: nothing
/// is preferred, or the consumer may not.
pub fn of(
    config: &Config,
    consumer: &Consumer,
    header: Option<&str>,
    body: Option<&Preferences>,
) -> Result<Option<Preferences>, Error> {
    let header = header.filter(|_| config.preferences.header && consumer.permits.preferences);
    let Some(header) = header else { return Ok(body.cloned()) };
    let mut all = Preferences::default();
    header::read(header, &mut all)?;
    if let Some(body) = body.cloned() {
        all.models.extend(body.models);
        all.wants.extend(body.wants);
        all.sort = all.sort.or(body.sort);
        all.strict |= body.strict;
        all.filters.extend(body.filters);
        all.order.extend(body.order);
        all.alone = all.alone.or(body.alone);
    }
    Ok(Some(all))
}

// === impl Preferences ===

impl Preferences {
    /// The client has said whose turn it is: nobody may go first for what can be learned.
    pub(super) fn fixes_order(&self) -> bool {
        !self.order.is_empty() || !self.models.is_empty()
    }

    /// `param`: the member that says so, as a path.
    fn add(&mut self, param: &str, wish: Wish) {
        let mut filter = |keep| self.filters.push(Filter { param: param.to_owned(), keep });
        match wish {
            Wish::Models(names) => self.models.extend(names),
            Wish::Order(names) => self.order.extend(names),
            Wish::Sort(strategy) => self.sort = self.sort.or(Some(strategy)),
            Wish::Alone => self.alone = Some(param.to_owned()),
            Wish::Strict => self.strict = true,
            Wish::Zdr => {
                filter(Keep::Tagged(ZDR.to_owned()));
                self.wants.push(ZDR.to_owned());
            }
            Wish::Keep(keep) => {
                match &keep {
                    Keep::Tagged(tag) => self.wants.push(tag.clone()),
                    Keep::Region(any) => self.wants.extend(any.iter().cloned()),
                    _ => {}
                }
                filter(keep);
            }
        }
    }

    /// Takes away from one model's candidates, which stand in the order of the strategy,
    /// and puts the rest in the client's order. What took the last one away: its name.
    pub(super) fn arrange<'a>(
        &'a self,
        group: &mut Vec<Candidate<'_>>,
        pass: &dyn Fn(&Target, &str),
    ) -> Option<&'a str> {
        let mut last = None;
        group.retain(|c| {
            let against = self.filters.iter().find(|f| !f.keep.keeps(c)).map(|f| f.param.as_str());
            let listed = self.order.is_empty() || self.place(c) < self.order.len();
            let against = against.or(self.alone.as_deref().filter(|_| !listed));
            if let Some(param) = against {
                pass(c.target, param);
                last = Some(param);
            }
            against.is_none()
        });
        if !self.order.is_empty() {
            strategy::sort_by(group, |c| self.place(c) as f64);
        }
        if let Some(param) = self.alone.as_deref().filter(|_| self.order.is_empty()) {
            group.iter().skip(1).for_each(|c| pass(c.target, param));
            group.truncate(1);
        }
        last
    }

    /// Its place in the client's order; behind all of it where it has none.
    fn place(&self, c: &Candidate<'_>) -> usize {
        self.order.iter().position(|name| is_named(c, name)).unwrap_or(self.order.len())
    }
}

// === impl Keep ===

impl Keep {
    fn keeps(&self, c: &Candidate<'_>) -> bool {
        let tags = &c.target.tags;
        let has = |wanted: &String| tags.iter().any(|tag| tag.eq_ignore_ascii_case(wanted));
        match self {
            Keep::Named(names) => names.iter().any(|name| is_named(c, name)),
            Keep::NotNamed(names) => !names.iter().any(|name| is_named(c, name)),
            Keep::Tagged(tag) => has(tag),
            Keep::AnyTag(any) => any.iter().any(has),
            Keep::Region(any) => any.iter().any(|r| tags.iter().any(|tag| is_in(tag, r))),
            Keep::MaxPrice { input, output } => {
                c.known.price.is_some_and(|price| is_within(&price, *input, *output))
            }
        }
    }
}

/// By its provider's name, or `provider/model` as configured or as asked for. Case
/// decides nothing: OpenRouter's clients write names in either.
fn is_named(c: &Candidate<'_>, name: &str) -> bool {
    let own = &c.provider.name;
    let Some((provider, model)) = name.split_once('/') else {
        return own.eq_ignore_ascii_case(name);
    };
    own.eq_ignore_ascii_case(provider)
        && (c.target.label.eq_ignore_ascii_case(model) || c.name().eq_ignore_ascii_case(model))
}

/// Is a tag the region, or a part of it? `eu` is eu-west-1, and Google's europe-west4.
fn is_in(tag: &str, region: &str) -> bool {
    let begins = |prefix: &str| {
        let head = tag.get(..prefix.len());
        let rest = tag.as_bytes().get(prefix.len());
        head.is_some_and(|h| h.eq_ignore_ascii_case(prefix)) && matches!(rest, None | Some(b'-'))
    };
    begins(region) || region.eq_ignore_ascii_case("eu") && begins("europe")
}

/// By the list's base prices. What has no price for output has none, as embeddings.
fn is_within(price: &Price, input: Option<u64>, output: Option<u64>) -> bool {
    input.is_none_or(|max| price.input <= max)
        && output.is_none_or(|max| price.output.is_none_or(|own| own <= max))
}

/// The one place that knows the words of `sort`.
fn sort(param: &str, word: &str) -> Result<Wish, Error> {
    match word {
        "price" => Ok(Wish::Sort(Strategy::Cheapest)),
        "latency" | "throughput" => Ok(Wish::Sort(Strategy::Fastest)),
        _ => Err(Error::invalid(param.to_owned(), "must be price, latency or throughput")),
    }
}

/// A list of names, within bounds.
fn names<'a>(
    param: &str,
    max: usize,
    all: Vec<Option<Cow<'a, str>>>,
) -> Result<Vec<String>, Error> {
    let wrong = |words: String| Err(Error::invalid(param.to_owned(), words));
    if all.len() > max {
        return wrong(format!("has more than {max} names"));
    }
    let mut names = Vec::with_capacity(all.len());
    for name in all {
        match name {
            Some(n) if !n.is_empty() && n.len() <= MAX_NAME && !n.chars().any(char::is_control) => {
                names.push(n.into_owned());
            }
            _ => return wrong(format!("must list names of 1 to {MAX_NAME} bytes")),
        }
    }
    Ok(names)
}
