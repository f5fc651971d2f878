//! `consumers`, `teams`, `organizations`: who may ask, by the digest of a key, and to whom
//! they belong.

use super::limits::Limits;
use super::{Problems, is_label};
use crate::config::compiled::{
    ANONYMOUS, Consumer, MAX_CONSUMERS, MAX_MODELS, MAX_TEAMS, Organization, SHADOW, Team,
};
use crate::config::limits::Scope;
use crate::config::{glob, raw};
use hashbrown::HashMap;
use std::rc::Rc;

/// Who may ask.
pub(super) struct Who {
    pub(super) organizations: Vec<Organization>,
    pub(super) teams: Vec<Team>,
    pub(super) consumers: Vec<Rc<Consumer>>,
    /// Into `consumers`, by the digest of a key.
    pub(super) by_key: HashMap<[u8; 32], usize>,
}

/// Most tags of a consumer.
const MAX_TAGS: usize = 16;

pub(super) fn compile(raw: &raw::Sluice, limits: &mut Limits, problems: &mut Problems) -> Who {
    let listed = raw.consumers.as_deref().unwrap_or_default();
    let names = raw.organizations.iter().map(|o| o.name.as_str());
    let organizations = places("organizations", names, MAX_TEAMS, problems);
    let teams = places("teams", raw.teams.iter().map(|t| t.name.as_str()), MAX_TEAMS, problems);
    places("consumers", listed.iter().map(|c| c.name.as_str()), MAX_CONSUMERS, problems);
    let mut who = Who {
        organizations: Vec::with_capacity(raw.organizations.len()),
        teams: Vec::with_capacity(raw.teams.len()),
        consumers: Vec::with_capacity(listed.len()),
        by_key: HashMap::with_capacity(listed.len()),
    };
    for (i, o) in raw.organizations.iter().enumerate() {
        let at = (&*format!("organizations[{i}]"), Scope::Organization);
        let limits = limits.own(raw, &o.limits, at, problems);
        who.organizations.push(Organization { name: o.name.clone(), limits });
    }
    for (i, t) in raw.teams.iter().enumerate() {
        let name = t.organization.as_deref();
        let path = || format!("teams[{i}].organization");
        let organization = place(&organizations, name, "organizations", path, problems);
        let at = (&*format!("teams[{i}]"), Scope::Team);
        let limits = limits.own(raw, &t.limits, at, problems);
        who.teams.push(Team { name: t.name.clone(), limits, organization });
    }
    for (i, c) in listed.iter().enumerate() {
        let path = format!("consumers[{i}]");
        if c.name == ANONYMOUS || c.name == SHADOW {
            problems.add(
                format!("{path}.name"),
                format!("must not be `{}`: that name is taken", c.name),
            );
        }
        keys(c, (i, &path), &mut who.by_key, problems);
        if c.tags.len() > MAX_TAGS || !c.tags.iter().all(|tag| is_label(tag)) {
            let words = format!("must be at most {MAX_TAGS}, each 1 to 64 of a-z A-Z 0-9 . _ -");
            problems.add(format!("{path}.tags"), words);
        }
        if let Some(models) = &c.models {
            check_models(&format!("{path}.models"), models, raw, problems);
        }
        if c.preferences == Some(true) && !raw.preferences.any() {
            let words = "only means something where preferences.header or preferences.body is on";
            problems.add(format!("{path}.preferences"), words);
        }
        let team = place(&teams, c.team.as_deref(), "teams", || format!("{path}.team"), problems);
        who.consumers.push(Rc::new(Consumer {
            name: c.name.clone(),
            team,
            tags: c.tags.clone(),
            models: c.models.clone().unwrap_or_default(),
            preferences: c.preferences.unwrap_or(true),
            limits: limits.own(raw, &c.limits, (&path, Scope::Consumer), problems),
        }));
    }
    who
}

fn keys(
    consumer: &raw::Consumer,
    (i, path): (usize, &str),
    by_key: &mut HashMap<[u8; 32], usize>,
    problems: &mut Problems,
) {
    if consumer.key_sha256.is_empty() {
        problems.add(format!("{path}.key_sha256"), "is empty; give at least one digest");
    }
    for (j, text) in consumer.key_sha256.iter().enumerate() {
        let path = || format!("{path}.key_sha256[{j}]");
        match digest(text) {
            None => problems
                .add(path(), "must be 64 hexadecimal digits: printf %s \"$KEY\" | sha256sum"),
            Some(digest) => {
                if by_key.insert(digest, i).is_some() {
                    let words = "this key belongs to an earlier consumer; keys must differ";
                    problems.add(path(), words);
                }
            }
        }
    }
}

/// Where each name stands in its section.
fn places<'a>(
    section: &str,
    names: impl ExactSizeIterator<Item = &'a str>,
    max: usize,
    problems: &mut Problems,
) -> HashMap<&'a str, usize> {
    let mut places = HashMap::with_capacity(names.len());
    if names.len() > max {
        problems.add(section, format!("has more than {max} entries"));
    }
    for (i, name) in names.enumerate() {
        if !is_label(name) {
            let words = "a name is 1 to 64 of a-z A-Z 0-9 . _ -";
            problems.add(format!("{section}[{i}].name"), words);
        }
        if places.insert(name, i).is_some() {
            problems.add(format!("{section}[{i}].name"), format!("`{name}` stands there twice"));
        }
    }
    places
}

fn place(
    places: &HashMap<&str, usize>,
    name: Option<&str>,
    section: &str,
    path: impl Fn() -> String,
    problems: &mut Problems,
) -> Option<usize> {
    let name = name?;
    let place = places.get(name).copied();
    if place.is_none() {
        problems.add(path(), format!("`{name}` is none of `{section}`"));
    }
    place
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

fn digest(hex: &str) -> Option<[u8; 32]> {
    let bytes = hex.as_bytes();
    if bytes.len() != 64 {
        return None;
    }
    let mut out = [0u8; 32];
    for (byte, pair) in out.iter_mut().zip(bytes.chunks(2)) {
        let mut value = 0;
        for c in pair {
            value = value * 16 + char::from(*c).to_digit(16)?;
        }
        *byte = u8::try_from(value).ok()?;
    }
    Some(out)
}
