//! What a client is told that a limit refuses: in the words of its dialect, by number.
//!
//! OpenAI's types are `requests` and `tokens` with the code `rate_limit_exceeded`, and
//! `insufficient_quota` where money is gone; the other dialects go by the status.
//! <https://platform.openai.com/docs/guides/error-codes>,
//! <https://platform.claude.com/docs/en/api/errors>. The official SDKs obey `retry-after-ms`,
//! `retry-after` and `x-should-retry`
//! (<https://github.com/openai/openai-python/blob/main/src/openai/_base_client.py>). Must
//! not: name a team's or an organization's other members.

use super::headers::Told;
use super::{Booked, Request, headers};
use crate::catalog::price;
use crate::config::Config;
use crate::config::limits::{Exceeded, Limit, Resource, Scope, Window};
use crate::error::{Error, Kind};

/// A call that does not run as it was asked.
pub(in crate::exchange) struct Refused {
    pub(in crate::exchange) error: Error,
    pub(in crate::exchange) headers: Told,
    /// Index into `Config::limits`.
    pub(in crate::exchange) limit: usize,
    /// The model that shall answer instead.
    pub(in crate::exchange) route_to: Option<String>,
    /// The limit counts for one provider only.
    pub(super) of_provider: bool,
    opens: Option<u64>,
}

// === impl Refused ===

impl Refused {
    /// By the one that holds out longest, of those that refuse, or else of those that
    /// send it elsewhere.
    pub(super) fn of(
        request: &Request<'_>,
        booked: &[Booked],
        passes: &dyn Fn(&Limit) -> bool,
    ) -> Self {
        let Request { config, now, .. } = *request;
        let may_route = request.routed.is_none();
        let blocks = booked.iter().filter_map(|b| Some((b, config.limits.get(b.limit)?)));
        let blocks = blocks.filter(|(b, limit)| !b.standing.fits && !passes(limit));
        let worst = blocks.max_by_key(|(b, limit)| {
            let routes = may_route && matches!(limit.exceeded, Exceeded::RouteTo(_));
            (!routes, b.standing.opens.unwrap_or(u64::MAX))
        });
        let Some((by, limit)) = worst else {
            // Nobody refuses: a bug, said as one.
            return Self {
                error: Error::new(Kind::Internal, "a limit refuses and does not say so"),
                headers: Told::default(),
                limit: usize::MAX,
                route_to: None,
                of_provider: false,
                opens: None,
            };
        };
        let opens = by.standing.opens;
        let mut told = Told::with_room();
        match opens.map(|at| at.saturating_sub(now)) {
            Some(wait) => {
                told.number("retry-after", seconds(wait));
                told.number("retry-after-ms", wait.div_ceil(1_000_000).max(1));
            }
            None => told.add("x-should-retry", "false"),
        }
        if config.expose.limits {
            headers::left(config, request.facts.client, (booked, false), now, &mut told);
        }
        let route_to = match &limit.exceeded {
            Exceeded::RouteTo(model) if may_route => Some(model.clone()),
            _ => None,
        };
        Self {
            error: error(config, limit, by, now),
            headers: told,
            limit: by.limit,
            route_to,
            of_provider: by.of_provider,
            opens,
        }
    }

    /// When it is worth trying again; never last.
    pub(super) fn opens(&self) -> u64 {
        self.opens.unwrap_or(u64::MAX)
    }
}

fn error(config: &Config, limit: &Limit, by: &Booked, now: u64) -> Error {
    let scopes = config.scopes.get(limit.scopes).map_or(&[][..], Vec::as_slice);
    let of: Vec<_> = scopes.iter().map(|scope| whose(*scope)).collect();
    let of = if of.is_empty() { "all calls".to_owned() } else { of.join(" and ") };
    let amount = shown(limit, limit.amount);
    let per = period(limit);
    let name = &limit.name;
    let need = shown(limit, by.need);
    if by.standing.down {
        let words = format!("the limit `{name}` of {of} cannot be checked now; try again");
        return Error::new(Kind::Unavailable, words);
    }
    let words = match by.standing.opens {
        Some(at) => {
            let used = shown(limit, limit.amount.saturating_sub(by.standing.left));
            let wait = seconds(at.saturating_sub(now));
            format!(
                "the limit `{name}` of {of} is reached: {amount}{per} allowed, {used} used or \
                 reserved, {need} needed; try again in {wait} s"
            )
        }
        None => format!(
            "this request alone needs {need}, more than the limit `{name}` of {of} ever allows \
             ({amount}{per}): make it smaller or lower its output limit"
        ),
    };
    let (type_, code) = match limit.resource {
        Resource::Requests | Resource::Concurrent => ("requests", "rate_limit_exceeded"),
        Resource::Tokens(_) => ("tokens", "rate_limit_exceeded"),
        Resource::Dollars => ("insufficient_quota", "insufficient_quota"),
    };
    Error::new(Kind::RateLimited, words).with_type(type_).with_code(code)
}

pub(super) fn whose(scope: Scope) -> &'static str {
    match scope {
        Scope::Organization => "your organization",
        Scope::Team => "your team",
        Scope::Consumer => "this consumer",
        Scope::Key => "this key",
        Scope::Model => "this model",
        Scope::Provider => "this provider",
    }
}

/// An amount with its unit.
fn shown(limit: &Limit, n: u64) -> String {
    match limit.resource {
        Resource::Requests => format!("{n} requests"),
        Resource::Concurrent => format!("{n} calls at a time"),
        Resource::Tokens(_) => format!("{} tokens", n.div_ceil(1000)),
        Resource::Dollars => format!("${}", price::usd(n)),
    }
}

pub(super) fn period(limit: &Limit) -> String {
    let of = |nanos: u64| match nanos / 1_000_000_000 {
        1 => " per second".to_owned(),
        60 => " per minute".to_owned(),
        3_600 => " per hour".to_owned(),
        86_400 => " per day".to_owned(),
        604_800 => " per week".to_owned(),
        2_592_000 => " per month".to_owned(),
        n => format!(" per {n} s"),
    };
    match &limit.window {
        None => String::new(),
        Some(Window::Bucket { period } | Window::Rolling { period }) => of(*period),
        Some(Window::Calendar(calendar)) => format!(" per {}", calendar.every.as_str()),
    }
}

/// At least one.
fn seconds(nanos: u64) -> u64 {
    nanos.div_ceil(1_000_000_000).max(1)
}
