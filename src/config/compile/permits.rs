//! What consumers may ask: each one's own words over its team's, over its organization's.
//!
//! Of what is allowed every level must allow it, of caps the smallest holds, required
//! tags add up, whoever is disabled takes those below along; else the most specific that
//! says something holds. Consumers that end with the same share one `Permits`.

use super::{Problems, rules, when};
use crate::config::compiled::{MAX_MODELS, Target};
use crate::config::permits::{Forced, Permits};
use crate::config::{glob, raw};
use crate::dialect::{Dialect, Form, Operation};
use crate::wire::json::{self, Member};
use hashbrown::HashSet;
use std::rc::Rc;

/// Those resolved so far.
pub(super) struct Permitted<'a> {
    raw: &'a raw::Sluice,
    targets: Vec<&'a Target>,
    nobody: Rc<Permits>,
    organizations: Vec<Rc<Permits>>,
    teams: Vec<Rc<Permits>>,
    all: HashSet<Rc<Permits>>,
}

/// Most forced members of a level, and most bytes of a value.
const MAX_FORCED: usize = 32;
const MAX_VALUE: usize = 4096;

/// Members that say what is asked, and how the gateway shall read it.
const NEVER: &[&str] = &[
    "model",
    "messages",
    "input",
    "prompt",
    "contents",
    "requests",
    "texts",
    "images",
    "inputs",
    "query",
    "documents",
    "stream",
    "stream_options",
    "stream_format",
];

/// Whoever needs nothing else.
pub(super) fn with_preferences(preferences: bool) -> Rc<Permits> {
    Rc::new(Permits { preferences, ..Permits::default() })
}

// === impl Permitted ===

impl<'a> Permitted<'a> {
    pub(super) fn new(raw: &'a raw::Sluice, targets: &'a [Target]) -> Self {
        Self {
            raw,
            targets: targets.iter().collect(),
            nobody: Rc::default(),
            organizations: Vec::with_capacity(raw.organizations.len()),
            teams: Vec::with_capacity(raw.teams.len()),
            all: HashSet::new(),
        }
    }

    /// Call in order.
    pub(super) fn organization(
        &mut self,
        path: &str,
        own: raw::Permits<'_>,
        problems: &mut Problems,
    ) {
        let above = Rc::clone(&self.nobody);
        let permits = self.under(path, own, &above, problems);
        self.organizations.push(permits);
    }

    /// Call in order, behind all organizations.
    pub(super) fn team(
        &mut self,
        path: &str,
        own: raw::Permits<'_>,
        organization: Option<usize>,
        problems: &mut Problems,
    ) {
        let above = organization.and_then(|at| self.organizations.get(at));
        let above = Rc::clone(above.unwrap_or(&self.nobody));
        let permits = self.under(path, own, &above, problems);
        self.teams.push(permits);
    }

    /// Behind all teams.
    pub(super) fn consumer(
        &mut self,
        path: &str,
        own: raw::Permits<'_>,
        team: Option<usize>,
        problems: &mut Problems,
    ) -> Rc<Permits> {
        let above = Rc::clone(team.and_then(|at| self.teams.get(at)).unwrap_or(&self.nobody));
        self.under(path, own, &above, problems)
    }

    fn under(
        &mut self,
        path: &str,
        own: raw::Permits<'_>,
        above: &Rc<Permits>,
        problems: &mut Problems,
    ) -> Rc<Permits> {
        let mut permits = Permits::clone(above);
        let raw::Permits {
            models,
            endpoints,
            max_output_tokens,
            force,
            require,
            explain,
            preferences,
            disabled,
        } = own;
        if let Some(models) = models {
            check_models(&format!("{path}.models"), models, self.raw, problems);
            permits.models.push(models.to_vec());
        }
        if let Some(bits) = when::endpoints(path, endpoints, problems) {
            permits.endpoints &= bits;
            if bits != 0 && permits.endpoints == 0 {
                let words = "leaves nothing: its team or organization allows other endpoints only";
                problems.add(format!("{path}.endpoints"), words);
            }
        }
        let max = max_output_tokens.map(|tokens| tokens.0);
        permits.max_output_tokens = max.into_iter().chain(permits.max_output_tokens).min();
        if let Some(force) = force {
            forced(&format!("{path}.force"), force, &mut permits.force, problems);
        }
        if !require.is_empty() {
            let new = require.iter().filter(|tag| !above.require.contains(tag));
            permits.require.extend(new.cloned());
            let whose = (&*permits.require, "these calls");
            rules::check_require(path, whose, &self.targets, problems);
        }
        if explain == Some(true) && !self.raw.expose.explain {
            problems
                .add(format!("{path}.explain"), "only means something where expose.explain is on");
        }
        if preferences == Some(true) && !self.raw.preferences.any() {
            let words = "only means something where preferences.header or preferences.body is on";
            problems.add(format!("{path}.preferences"), words);
        }
        permits.explain = explain.unwrap_or(permits.explain);
        permits.preferences = preferences.unwrap_or(permits.preferences);
        permits.disabled |= disabled;
        if permits == **above {
            return Rc::clone(above);
        }
        Rc::clone(self.all.get_or_insert_with(&permits, |permits| Rc::new(permits.clone())))
    }
}

fn check_models(path: &str, patterns: &[String], raw: &raw::Sluice, problems: &mut Problems) {
    if patterns.is_empty() || patterns.len() > MAX_MODELS {
        let words = format!("must list 1 to {MAX_MODELS} names; leave it out to allow all");
        problems.add(path.to_owned(), words);
    }
    for (i, pattern) in patterns.iter().enumerate() {
        if !raw.models.iter().any(|m| glob::may_meet(pattern, &m.name)) {
            problems.add(format!("{path}[{i}]"), format!("`{pattern}` matches none of the models"));
        }
    }
}

/// Over what is forced `above`.
fn forced(path: &str, force: &str, above: &mut Vec<Forced>, problems: &mut Problems) {
    let object = |path: &str, raw: &str, problems: &mut Problems| {
        let members = json::members(raw.as_bytes()).map(|all| {
            let value =
                |m: Member<'_>| Some((m.key.into_owned(), raw.get(m.value.clone())?.to_owned()));
            all.into_iter().filter_map(value).collect::<Vec<_>>()
        });
        members.unwrap_or_else(|_| {
            problems.add(path, "must be a map: of APIs, and of fields within each");
            Vec::new()
        })
    };
    let mut count = 0;
    for (label, fields) in object(path, force, problems) {
        let path = format!("{path}.{label}");
        let fields = object(&path, &fields, problems);
        let Some(clients) = clients(&path, &label, problems) else { continue };
        count += fields.len();
        for (name, value) in fields {
            if let Some(fault) = fault(&name, clients, &value) {
                problems.add(format!("{path}.{name}"), fault);
                continue;
            }
            above.retain(|other| other.clients != clients || other.name != name);
            above.push(Forced { clients, name, value: value.into_bytes() });
        }
    }
    if count > MAX_FORCED {
        problems.add(path, format!("has more than {MAX_FORCED} fields"));
    }
}

/// The dialects of one API: those of several have fields of their own.
fn clients(path: &str, label: &str, problems: &mut Problems) -> Option<u64> {
    let fits = |d: &Dialect| d.form() == Form::Json && d.operation() != Operation::CountTokens;
    let own = |d: &Dialect| d.label() == label;
    let clients = Dialect::all().filter(own).filter(fits).fold(0, |bits, d| bits | d.bit());
    if clients != 0 {
        return Some(clients);
    }
    let words = if Dialect::all().any(|d| d.label() == label && d.form() == Form::Multipart) {
        "its requests are forms, which pass as they are: nothing can be forced there".to_owned()
    } else {
        let mut known: Vec<_> = Dialect::all().filter(fits).map(Dialect::label).collect();
        known.sort_unstable();
        known.dedup();
        let known = known.join(", ");
        format!("must be one API, as fields differ from API to API; one of: {known}")
    };
    problems.add(path, words);
    None
}

fn fault(name: &str, clients: u64, value: &str) -> Option<String> {
    let is_limit = |d: Dialect| d.output_limit().is_some_and(|limit| limit.is_at(name));
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    if NEVER.contains(&name) {
        return Some("cannot be forced: it says what is asked, or how it is answered".to_owned());
    }
    if Dialect::all().any(|d| clients & d.bit() != 0 && is_limit(d)) {
        return Some("cannot be forced: use max_output_tokens".to_owned());
    }
    if !(1..=64).contains(&name.len()) || !name.bytes().all(plain) {
        return Some("a field must be 1 to 64 of a-z A-Z 0-9 . _ -".to_owned());
    }
    (value.len() > MAX_VALUE).then(|| format!("must be at most {MAX_VALUE} bytes of JSON"))
}
