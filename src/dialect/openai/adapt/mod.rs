//! A request in a provider's own variety of the dialect, a chat's or (by quirks of
//! their own) one of embeddings: what `Quirks` name is changed in place, all other
//! bytes stay.
//!
//! Only reached where the quirks concern the request (`Quirks::concern`); it opens
//! the body's members and, where a hint says so, its messages. What is taken away is
//! listed; what only has another name or word there is not.
//!
//! Must not: know which provider it is.

use super::request;
use crate::dialect::loss::Dropped;
use crate::dialect::quirks::Quirks;
use crate::dialect::{Body, Request, UpstreamRequest};
use crate::error::{Error, Kind};
use crate::wire::json::{self, Member, Splice};
use members::Change;

mod members;
mod messages;
#[cfg(test)]
mod tests;

pub(super) fn adapt(request: &Request<'_>) -> Result<UpstreamRequest, Error> {
    let (body, quirks) = (request.body, request.quirks);
    if let Some(name) = quirks.refused(request.facts) {
        return Err(Error::invalid(name, format!("this model's provider does not take {name}")));
    }
    let members = json::members(body)
        .map_err(|e| Error::new(Kind::Internal, format!("a checked body: {}", e.as_str())))?;
    let mut top = Top { request, members: &members, dropped: Dropped::default() };
    let mut splices = Vec::new();
    let changes: Vec<Change> =
        members.iter().map(|m| top.change(m, &mut splices)).collect::<Result<_, _>>()?;
    members::splices(&members, &changes, 0, &mut splices);
    splices.push(top.model());
    splices.sort_by_key(|s| (s.range.start, s.range.end));
    let dropped = top.dropped.into_names();
    Ok(UpstreamRequest { body: Body::Spliced(splices), dropped, ..Default::default() })
}

/// The top-level fields.
struct Top<'r, 'm> {
    request: &'r Request<'r>,
    members: &'m [Member<'m>],
    dropped: Dropped,
}

/// What the API does where a field is absent: leaving these out loses nothing.
const DEFAULTS: &[(&str, &[&str])] = &[
    ("encoding_format", &["\"float\""]),
    ("frequency_penalty", &["0", "0.0"]),
    ("logit_bias", &["{}"]),
    ("logprobs", &["false"]),
    ("metadata", &["{}"]),
    ("modalities", &["[\"text\"]"]),
    ("n", &["1"]),
    ("parallel_tool_calls", &["true"]),
    ("presence_penalty", &["0", "0.0"]),
    ("service_tier", &["\"auto\"", "\"default\""]),
    ("store", &["false"]),
    ("temperature", &["1", "1.0"]),
    ("tool_choice", &["\"auto\""]),
    ("top_logprobs", &["0"]),
    ("top_p", &["1", "1.0"]),
    ("verbosity", &["\"medium\""]),
];

// === impl Top ===

impl<'r> Top<'r, '_> {
    /// What becomes of a field; the splices inside of it go to `inside`.
    fn change(&mut self, member: &Member<'_>, inside: &mut Vec<Splice>) -> Result<Change, Error> {
        let quirks = self.request.quirks;
        let (name, raw) = (member.key.as_ref(), self.raw(member));
        match name {
            "model" => return Ok(Change::default()),
            "messages" => {
                let base = member.value.start;
                messages::adapt(raw, base, self.request, inside, &mut self.dropped)?;
                return Ok(Change::default());
            }
            "stream_options" => return Ok(self.stream_options(member, inside)),
            _ => {}
        }
        // What is refused and still here says nothing.
        if self.is_dropped(name)
            || quirks.refuse.contains(&name)
            || (raw == b"null" && self.is_renamed(name))
        {
            self.list(name, raw);
            return Ok(GONE);
        }
        if let Some((_, value)) =
            quirks.drop_value.iter().find(|(n, v)| *n == name && v.as_bytes() == raw)
        {
            if !is_default(name, raw) {
                self.dropped.add(format!("{name} ({})", value.trim_matches('"')));
            }
            return Ok(GONE);
        }
        let mut change = Change::default();
        let mut here = name;
        if let Some((_, theirs)) = quirks.rename.iter().find(|(ours, _)| *ours == name) {
            if self.says(theirs) {
                self.list(name, raw);
                return Ok(GONE);
            }
            change.name = Some(theirs);
            here = theirs;
        }
        if let Some((_, _, word)) =
            quirks.replace.iter().find(|(n, v, _)| *n == here && v.as_bytes() == raw)
        {
            change.value = Some(word.as_bytes().to_vec());
        }
        if let Some((_, least, most)) = quirks.clamp.iter().find(|(n, ..)| *n == here)
            && let Ok(number) = serde_json::from_slice::<f64>(raw)
            && !(*least..=*most).contains(&number)
        {
            let bound = number.clamp(*least, *most);
            self.dropped.add(format!("{name} (taken as {bound})"));
            change.value = Some(bound.to_string().into_bytes());
        }
        if raw == b"null"
            && let Some((_, value)) = quirks.require.iter().find(|(n, _)| *n == here)
        {
            change.value = Some(value.as_bytes().to_vec());
        }
        Ok(change)
    }

    fn is_dropped(&self, name: &str) -> bool {
        let Request { quirks, traits, .. } = self.request;
        quirks.drop.contains(&name) || (traits.reasons && quirks.reasoning_drop.contains(&name))
    }

    /// It is one of two names of a field.
    fn is_renamed(&self, name: &str) -> bool {
        self.request.quirks.rename.iter().any(|(ours, theirs)| *ours == name || *theirs == name)
    }

    /// Lists a field that is left out, unless it says what goes without saying.
    fn list(&mut self, name: &str, raw: &[u8]) {
        if !matches!(raw, b"null" | b"[]" | b"{}") && !is_default(name, raw) {
            self.dropped.client_name("", name);
        }
    }

    /// Asks for usage in a stream, or takes out what the API does not understand.
    fn stream_options(&mut self, member: &Member<'_>, inside: &mut Vec<Splice>) -> Change {
        let facts = self.request.facts;
        if self.request.quirks.stream_options {
            if facts.stream && !facts.include_usage {
                inside.push(request::ask_inside(self.request.body, member.value.clone()));
            }
            return Change::default();
        }
        let options = json::members(self.raw(member)).unwrap_or_default();
        for option in options.iter().filter(|o| o.key != "include_usage") {
            self.dropped.client_name("stream_options.", &option.key);
        }
        GONE
    }

    /// The model's name, and behind it what must be there and is not.
    fn model(&self) -> Splice {
        let Request { facts, quirks, model, .. } = self.request;
        let mut with = Vec::with_capacity(model.len() + 64);
        json::push_text(&mut with, model);
        let asks = facts.stream && facts.stream_options.is_none() && quirks.stream_options;
        if asks {
            with.extend_from_slice(request::ASK_MEMBER);
        }
        for (name, value) in quirks.require {
            if !self.members.iter().any(|m| self.name_here(quirks, &m.key) == *name) {
                with.extend_from_slice(format!(",\"{name}\":{value}").as_bytes());
            }
        }
        Splice { range: facts.model_span.clone(), with }
    }

    fn name_here<'n>(&self, quirks: &Quirks, name: &'n str) -> &'n str {
        quirks.rename.iter().find(|(ours, _)| *ours == name).map_or(name, |(_, theirs)| theirs)
    }

    fn says(&self, name: &str) -> bool {
        self.members.iter().any(|m| m.key == name && self.raw(m) != b"null")
    }

    fn raw(&self, member: &Member<'_>) -> &'r [u8] {
        self.request.body.get(member.value.clone()).unwrap_or_default()
    }
}

fn is_default(name: &str, raw: &[u8]) -> bool {
    let defaults = DEFAULTS.iter().find(|(n, _)| *n == name).map_or(&[][..], |(_, v)| v);
    defaults.iter().any(|value| value.as_bytes() == raw)
}

const GONE: Change = Change { gone: true, name: None, value: None };
