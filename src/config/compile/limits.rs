//! `limits`, and those that stand at consumers, teams and organizations.

use super::{Problems, fleet, is_label};
use crate::config::calendar::{Calendar, zone::Zone};
use crate::config::limits::{
    Every, Exceeded, Limit, MAX_LIMITS, MAX_OWN, Resource, Scope, Weights, When, Window,
};
use crate::config::raw::{self, OnExceeded, WindowKind};
use std::ops::Range;
use xxhash_rust::xxh3::xxh3_64;

mod checks;

/// All limits, as they are found.
#[derive(Default)]
pub(super) struct Limits {
    pub(super) all: Vec<Limit>,
    pub(super) scopes: Vec<Vec<Scope>>,
}

/// Most of anything that is limited: tokens in thousandths still fit.
const MAX_AMOUNT: f64 = 1e15;
/// Nanodollars per dollar.
const NANO: f64 = 1e9;

// === impl Limits ===

impl Limits {
    /// `limits`.
    pub(super) fn common(&mut self, raw: &raw::Sluice, problems: &mut Problems) {
        if raw.limits.len() > MAX_LIMITS {
            problems.add("limits", format!("has more than {MAX_LIMITS} entries"));
        }
        for (i, limit) in raw.limits.iter().enumerate() {
            let path = format!("limits[{i}]");
            match limit.name.as_deref() {
                Some(name) if is_label(name) => {}
                _ => problems.add(format!("{path}.name"), "a name is 1 to 64 of a-z A-Z 0-9 . _ -"),
            }
            let named = limit.name.is_some();
            if named && raw.limits.iter().take(i).any(|other| other.name == limit.name) {
                problems.add(format!("{path}.name"), "stands there twice");
            }
            checks::common(raw, limit, &path, problems);
            self.add(raw, limit, (&path, None), problems);
        }
    }

    /// Those of a consumer, a team or an organization.
    pub(super) fn own(
        &mut self,
        raw: &raw::Sluice,
        limits: &[raw::Limit],
        (path, scope): (&str, Scope),
        problems: &mut Problems,
    ) -> Range<usize> {
        let from = self.all.len();
        if limits.len() > MAX_OWN {
            problems.add(format!("{path}.limits"), format!("has more than {MAX_OWN} entries"));
        }
        for (i, limit) in limits.iter().enumerate() {
            let path = format!("{path}.limits[{i}]");
            if !limit.per.is_empty() {
                problems.add(format!("{path}.per"), "is given by where it stands; leave it out");
            }
            if limit.name.as_ref().is_some_and(|name| !is_label(name)) {
                problems.add(format!("{path}.name"), "a name is 1 to 64 of a-z A-Z 0-9 . _ -");
            }
            checks::own(limit, &path, problems);
            self.add(raw, limit, (&path, Some(scope)), problems);
            let mut ids = self.all.iter().skip(from).map(|l| l.id).rev();
            if ids.next().is_some_and(|id| ids.any(|other| other == id)) {
                problems.add(path, "counts what an earlier one counts: give one of them a name");
            }
        }
        from..self.all.len()
    }

    fn add(
        &mut self,
        raw: &raw::Sluice,
        limit: &raw::Limit,
        (path, own): (&str, Option<Scope>),
        problems: &mut Problems,
    ) {
        checks::any(raw, limit, path, problems);
        let Some((resource, amount, what)) = amount(limit, path, problems) else { return };
        let window = window(limit, (path, resource), problems);
        let name = limit.name.clone().unwrap_or_else(|| match limit.every {
            Some(every) => format!("{what}-per-{}", every.as_str()),
            None => what.to_owned(),
        });
        let mut scopes: Vec<_> = own.into_iter().chain(limit.per.iter().copied()).collect();
        scopes.sort_unstable();
        scopes.dedup();
        let known = self.scopes.iter().position(|s| *s == scopes);
        let at = known.unwrap_or_else(|| {
            self.scopes.push(scopes);
            self.scopes.len() - 1
        });
        let exceeded = match &limit.on_exceeded {
            OnExceeded::Refuse => Exceeded::Refuse,
            OnExceeded::Warn => Exceeded::Warn,
            OnExceeded::RouteTo(model) => {
                let known = |m: &raw::Model| crate::config::glob::matches(&m.name, model);
                if !raw.models.iter().any(known) {
                    let words = format!("`{model}` matches none of the models");
                    problems.add(format!("{path}.on_exceeded.route_to"), words);
                }
                Exceeded::RouteTo(model.clone())
            }
        };
        let of = (path, resource, amount);
        if limit.fleet.is_some() && self.all.iter().any(|l| l.fleet.is_some() && l.name == name) {
            let words = "is the name of another limit with fleet, and the service knows them by it: \
                         give this one a name of its own";
            problems.add(format!("{path}.name"), format!("`{name}` {words}"));
        }
        let fleet = fleet::shared(raw, limit, of, |n| units(resource, n), problems);
        let when = &limit.when;
        let shared = fleet.is_some();
        let key = window.as_ref().map(Window::key);
        let id = format!("{name}\0{what}\0{key:?}\0{own:?}\0{shared}");
        self.all.push(Limit {
            id: xxh3_64(id.as_bytes()),
            name,
            resource,
            amount,
            window,
            scopes: at,
            when: When {
                consumers: when.consumers.clone(),
                teams: when.teams.clone(),
                organizations: when.organizations.clone(),
                tags: when.tags.clone(),
                models: when.models.clone(),
                providers: when.providers.clone(),
            },
            exceeded,
            shadow: limit.shadow,
            fleet,
        });
    }
}

/// In the limit's own unit.
fn units(resource: Resource, n: f64) -> u64 {
    let scale = match resource {
        Resource::Requests | Resource::Concurrent => 1.0,
        Resource::Tokens(_) => 1e3,
        Resource::Dollars => NANO,
    };
    (n * scale).round() as u64
}

/// What is limited, to how much, and its name.
fn amount(
    limit: &raw::Limit,
    path: &str,
    problems: &mut Problems,
) -> Option<(Resource, u64, &'static str)> {
    let none = Weights { input: 0, cached_input: 0, cache_write: 0, output: 0, reasoning: 0 };
    let input = Weights { output: 0, reasoning: 0, ..Weights::ALL };
    let output = Weights { output: 1000, reasoning: 1000, ..none };
    let tokens = limit.weights.map_or(Weights::ALL, |w| weights(w, path, problems));
    let all = [
        (limit.requests, Resource::Requests, "requests"),
        (limit.tokens, Resource::Tokens(tokens), "tokens"),
        (limit.input_tokens, Resource::Tokens(input), "input-tokens"),
        (limit.output_tokens, Resource::Tokens(output), "output-tokens"),
        (limit.dollars, Resource::Dollars, "dollars"),
        (limit.concurrent, Resource::Concurrent, "concurrent"),
    ];
    let mut given = all.into_iter().filter_map(|(n, resource, what)| Some((n?, resource, what)));
    let (Some((n, resource, what)), None) = (given.next(), given.next()) else {
        let words =
            "must have one of requests, tokens, input_tokens, output_tokens, dollars, concurrent";
        problems.add(path, words);
        return None;
    };
    let whole = matches!(resource, Resource::Requests | Resource::Concurrent);
    let max = if resource == Resource::Dollars { 1e9 } else { MAX_AMOUNT };
    if !(n > 0.0 && n <= max) || whole && n.fract() != 0.0 {
        let words = format!("must be above 0 and at most {max:e}, whole where it counts calls");
        problems.add(format!("{path}.{}", what.replace('-', "_")), words);
        return None;
    }
    if limit.weights.is_some() && limit.tokens.is_none() {
        problems.add(format!("{path}.weights"), "only mean something beside tokens");
    }
    Some((resource, units(resource, n), what))
}

fn weights(w: raw::Weights, path: &str, problems: &mut Problems) -> Weights {
    let mut thousandths = |n: f64| {
        if !(0.0..=1000.0).contains(&n) {
            problems.add(format!("{path}.weights"), "each must be 0 to 1000");
        }
        (n * 1e3).round() as u32
    };
    Weights {
        input: thousandths(w.input),
        cached_input: thousandths(w.cached_input.unwrap_or(w.input)),
        cache_write: thousandths(w.cache_write.unwrap_or(w.input)),
        output: thousandths(w.output),
        reasoning: thousandths(w.reasoning.unwrap_or(w.output)),
    }
}

fn window(
    limit: &raw::Limit,
    (path, resource): (&str, Resource),
    problems: &mut Problems,
) -> Option<Window> {
    let every = match (limit.every, resource) {
        (None, Resource::Concurrent) => return None,
        (Some(_), Resource::Concurrent) => {
            problems.add(format!("{path}.every"), "means nothing for concurrent calls");
            return None;
        }
        (None, _) => {
            let words = "is missing: second, minute, hour, day, week or month";
            problems.add(format!("{path}.every"), words);
            return None;
        }
        (Some(every), _) => every,
    };
    let kind = limit.window.unwrap_or(match every {
        // A service counts from one turn of the clock to the next.
        _ if limit.fleet.is_some() => WindowKind::Calendar,
        Every::Second | Every::Minute | Every::Hour => WindowKind::Bucket,
        Every::Day | Every::Week | Every::Month => WindowKind::Calendar,
    });
    if limit.time_zone.is_some() && kind != WindowKind::Calendar {
        problems.add(format!("{path}.time_zone"), "only means something for window: calendar");
    }
    Some(match kind {
        WindowKind::Bucket => Window::Bucket { period: every.nanos() },
        WindowKind::Rolling => Window::Rolling { period: every.nanos() },
        WindowKind::Calendar => Window::Calendar(Calendar::new(every, zone(limit, path, problems))),
    })
}

fn zone(limit: &raw::Limit, path: &str, problems: &mut Problems) -> Zone {
    let Some(name) = &limit.time_zone else { return Zone::UTC };
    Zone::find(name).unwrap_or_else(|nearest| {
        let words = match nearest {
            Some(known) => format!("`{name}` is no time zone we know; did you mean {known}?"),
            None => format!(
                "`{name}` is no time zone we know: an IANA name such as Europe/Berlin, or a \
                 POSIX TZ string such as CET-1CEST,M3.5.0,M10.5.0/3"
            ),
        };
        problems.add(format!("{path}.time_zone"), words);
        Zone::UTC
    })
}
