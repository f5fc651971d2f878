//! `consumers`, `teams`, `organizations`: who may ask, and to whom they belong. How they
//! are known is `identity`'s.

use super::identity::Known;
use super::limits::Limits;
use super::permits::Permitted;
use super::{Problems, is_label};
use crate::config::compiled::{
    ANONYMOUS, Consumer, MAX_CONSUMERS, MAX_TEAMS, Organization, SHADOW, Target, Team,
};
use crate::config::limits::Scope;
use crate::config::raw;
use hashbrown::HashMap;
use std::rc::Rc;

/// Who may ask.
pub(super) struct Who {
    pub(super) organizations: Vec<Organization>,
    pub(super) teams: Vec<Team>,
    pub(super) consumers: Vec<Rc<Consumer>>,
}

/// Most tags of a consumer.
const MAX_TAGS: usize = 16;

pub(super) fn compile(
    (raw, targets): (&raw::Sluice, &[Target]),
    (limits, known): (&mut Limits, &mut Known),
    problems: &mut Problems,
) -> Who {
    let mut permitted = Permitted::new(raw, targets);
    let listed = raw.consumers.as_deref().unwrap_or_default();
    let names = raw.organizations.iter().map(|o| o.name.as_str());
    let organizations = places("organizations", names, MAX_TEAMS, problems);
    let teams = places("teams", raw.teams.iter().map(|t| t.name.as_str()), MAX_TEAMS, problems);
    places("consumers", listed.iter().map(|c| c.name.as_str()), MAX_CONSUMERS, problems);
    let mut who = Who {
        organizations: Vec::with_capacity(raw.organizations.len()),
        teams: Vec::with_capacity(raw.teams.len()),
        consumers: Vec::with_capacity(listed.len()),
    };
    for (i, o) in raw.organizations.iter().enumerate() {
        if o.organization.is_some() {
            let words = "an organization belongs to nobody; leave it out";
            problems.add(format!("organizations[{i}].organization"), words);
        }
        let at = (&*format!("organizations[{i}]"), Scope::Organization);
        let limits = limits.own(raw, &o.limits, at, problems);
        permitted.organization(at.0, o.permits(), problems);
        who.organizations.push(Organization { name: o.name.clone(), limits });
    }
    for (i, t) in raw.teams.iter().enumerate() {
        let name = t.organization.as_deref();
        let path = || format!("teams[{i}].organization");
        let organization = place(&organizations, name, "organizations", path, problems);
        let at = (&*format!("teams[{i}]"), Scope::Team);
        let limits = limits.own(raw, &t.limits, at, problems);
        permitted.team(at.0, t.permits(), organization, problems);
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
        known.add(c, (i, &path), problems);
        if c.tags.len() > MAX_TAGS || !c.tags.iter().all(|tag| is_label(tag)) {
            let words = format!("must be at most {MAX_TAGS}, each 1 to 64 of a-z A-Z 0-9 . _ -");
            problems.add(format!("{path}.tags"), words);
        }
        let team = place(&teams, c.team.as_deref(), "teams", || format!("{path}.team"), problems);
        who.consumers.push(Rc::new(Consumer {
            name: c.name.clone(),
            team,
            tags: c.tags.clone(),
            permits: permitted.consumer(&path, c.permits(), team, problems),
            limits: limits.own(raw, &c.limits, (&path, Scope::Consumer), problems),
        }));
    }
    who
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
        if name == "other" {
            let words = "must not be `other`: what is beyond `usage.max_rows` is counted under it";
            problems.add(format!("{section}[{i}].name"), words);
        }
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
