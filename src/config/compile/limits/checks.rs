//! What a limit says that cannot be meant: conditions that nobody meets, scopes that
//! nobody has, models that lead nowhere new.

use super::Problems;
use crate::config::compiled::ANONYMOUS;
use crate::config::glob;
use crate::config::limits::Scope;
use crate::config::raw::{self, OnExceeded};
use hashbrown::HashSet;

/// Of an entry of `limits`.
pub(super) fn common(raw: &raw::Sluice, limit: &raw::Limit, path: &str, problems: &mut Problems) {
    let consumers = || raw.consumers.iter().flatten();
    let who = consumers().map(|c| c.name.as_str()).chain([ANONYMOUS]);
    let when = &limit.when;
    let before = problems.0.len();
    let at = |field: &str| format!("{path}.when.{field}");
    each(&at("consumers"), &when.consumers, "consumers", who, problems);
    each(&at("teams"), &when.teams, "teams", raw.teams.iter().map(|t| &*t.name), problems);
    let organizations = raw.organizations.iter().map(|o| &*o.name);
    each(&at("organizations"), &when.organizations, "organizations", organizations, problems);
    let tagged = |tag: &String| consumers().any(|c| c.tags.contains(tag));
    for (i, tag) in when.tags.iter().enumerate().filter(|(_, tag)| !tagged(tag)) {
        problems.add(format!("{path}.when.tags[{i}]"), format!("no consumer has the tag `{tag}`"));
    }
    // What each of them meets, nobody may meet together.
    let asks = !(when.consumers.is_empty()
        && when.teams.is_empty()
        && when.organizations.is_empty()
        && when.tags.is_empty());
    if asks && problems.0.len() == before && !somebody(raw, when) {
        let words = "counts nobody: no consumer meets all of it";
        problems.add(format!("{path}.when"), words);
    }
    for (scope, is_empty, word, section) in [
        (Scope::Organization, raw.organizations.is_empty(), "organization", "organizations"),
        (Scope::Team, raw.teams.is_empty(), "team", "teams"),
        (Scope::Key, consumers().next().is_none(), "key", "consumers"),
    ] {
        if limit.per.contains(&scope) && is_empty {
            let words = format!("nobody has a {word}: `{section}` is empty");
            problems.add(format!("{path}.per"), words);
        }
    }
}

/// Of one that stands at a consumer, a team or an organization.
pub(super) fn own(limit: &raw::Limit, path: &str, problems: &mut Problems) {
    let when = &limit.when;
    for (field, patterns) in [
        ("consumers", &when.consumers),
        ("teams", &when.teams),
        ("organizations", &when.organizations),
        ("tags", &when.tags),
    ] {
        if !patterns.is_empty() {
            let words = "is given by where it stands; put the limit into `limits` instead";
            problems.add(format!("{path}.when.{field}"), words);
        }
    }
}

/// Of any.
pub(super) fn any(raw: &raw::Sluice, limit: &raw::Limit, path: &str, problems: &mut Problems) {
    let when = &limit.when;
    for (i, pattern) in when.models.iter().enumerate() {
        if !raw.models.iter().any(|m| glob::may_meet(pattern, &m.name)) {
            let words = format!("`{pattern}` matches none of the models");
            problems.add(format!("{path}.when.models[{i}]"), words);
        }
    }
    let providers = raw.providers.keys().map(String::as_str);
    each(&format!("{path}.when.providers"), &when.providers, "providers", providers, problems);
    if limit.shadow && limit.on_exceeded != OnExceeded::Refuse {
        let words = "means nothing where `shadow` lets all calls pass; leave one of them out";
        problems.add(format!("{path}.on_exceeded"), words);
    }
    let OnExceeded::RouteTo(model) = &limit.on_exceeded else { return };
    let path = format!("{path}.on_exceeded.route_to");
    if !when.models.is_empty() && when.models.iter().all(|pattern| pattern == model) {
        problems
            .add(path, format!("`{model}` is all that this limit counts: it would hold nothing"));
        return;
    }
    let back = raw.limits.iter().find(|other| {
        let OnExceeded::RouteTo(back) = &other.on_exceeded else { return false };
        let names = |limit: &raw::Limit, model: &str| {
            limit.when.models.iter().any(|pattern| glob::matches(pattern, model))
        };
        back != model && names(other, model) && names(limit, back)
    });
    if let Some(other) = back {
        let name = other.name.as_deref().unwrap_or_default();
        problems.add(path, format!("leads in a circle: the limit `{name}` leads back"));
    }
}

/// Patterns that match none of `names`.
fn each<'a>(
    path: &str,
    patterns: &[String],
    section: &str,
    names: impl Iterator<Item = &'a str> + Clone,
    problems: &mut Problems,
) {
    for (i, pattern) in patterns.iter().enumerate() {
        if !names.clone().any(|name| glob::matches(pattern, name)) {
            problems
                .add(format!("{path}[{i}]"), format!("`{pattern}` matches none of `{section}`"));
        }
    }
}

fn somebody(raw: &raw::Sluice, when: &raw::LimitWhen) -> bool {
    let fits = |patterns: &[String], name: Option<&str>| {
        patterns.is_empty()
            || name.is_some_and(|name| patterns.iter().any(|p| glob::matches(p, name)))
    };
    // Found once: there may be many consumers, and many teams.
    let within = raw.teams.iter().filter(|t| fits(&when.organizations, t.organization.as_deref()));
    let within: HashSet<&str> = within.map(|t| t.name.as_str()).collect();
    let meets = |name: &str, team: Option<&str>, tags: &[String]| {
        (when.tags.is_empty() || when.tags.iter().any(|tag| tags.contains(tag)))
            && fits(&when.consumers, Some(name))
            && fits(&when.teams, team)
            && (when.organizations.is_empty() || team.is_some_and(|t| within.contains(t)))
    };
    meets(ANONYMOUS, None, &[])
        || raw.consumers.iter().flatten().any(|c| meets(&c.name, c.team.as_deref(), &c.tags))
}
