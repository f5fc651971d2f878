//! The messages of a chat request as a provider takes them: roles, names, ids of tool
//! calls, and what other providers left in an assistant's turns.

use super::members::{self, Change};
use crate::dialect::Request;
use crate::dialect::loss::Dropped;
use crate::dialect::openai::calls;
use crate::dialect::quirks::{FOREIGN, LEFTOVERS, Quirks, REASONING, ToolIds};
use crate::error::Error;
use crate::wire::json::{self, Member, Splice};
use std::borrow::Cow;

/// `base`: where `raw`, the list of messages, begins in the body. What is no message
/// as the dialect has them is left for the provider to refuse.
pub(super) fn adapt(
    raw: &[u8],
    base: usize,
    request: &Request<'_>,
    out: &mut Vec<Splice>,
    dropped: &mut Dropped,
) -> Result<(), Error> {
    let (quirks, hints) = (request.quirks, request.facts.hints);
    let opens = (!quirks.developer_role && hints.developer)
        || (!quirks.message_names && hints.names)
        || (!quirks.leftovers && hints.leftovers)
        || hints.foreign
        || hints.calls;
    if !opens {
        return Ok(());
    }
    for (index, item) in json::items(raw).unwrap_or_default().into_iter().enumerate() {
        let Ok(members) = open(item, &format!("messages[{index}]"))? else { continue };
        let start = base + json::offset(raw, item);
        let message = Message { raw: item, base: start, members, quirks, calls: hints.calls };
        message.adapt(out, dropped)?;
    }
    Ok(())
}

/// The members of an object; `Err` inside: it is none.
fn open<'a>(raw: &'a [u8], path: &str) -> Result<Result<Vec<Member<'a>>, ()>, Error> {
    match json::members(raw) {
        Ok(members) => Ok(Ok(members)),
        Err(json::Problem::NotAnObject) => Ok(Err(())),
        Err(problem) => Err(Error::invalid(path.to_owned(), problem.as_str())),
    }
}

/// One message.
struct Message<'a> {
    raw: &'a [u8],
    base: usize,
    members: Vec<Member<'a>>,
    quirks: &'static Quirks,
    /// The conversation has tool calls.
    calls: bool,
}

// === impl Message ===

impl Message<'_> {
    fn adapt(&self, out: &mut Vec<Splice>, dropped: &mut Dropped) -> Result<(), Error> {
        let role = self.get("role").and_then(json::text).unwrap_or_default();
        let is_answer = role == "assistant";
        let mut changes = Vec::with_capacity(self.members.len());
        for member in &self.members {
            let raw = self.value(member);
            let mut change = Change::default();
            match member.key.as_ref() {
                "role" if role == "developer" && !self.quirks.developer_role => {
                    change.value = Some(b"\"system\"".to_vec());
                }
                "name" if !self.quirks.message_names => {
                    change.gone = true;
                    if raw != b"null" {
                        dropped.add("messages.name");
                    }
                }
                "tool_call_id" => change.value = fitted(raw, self.quirks.tool_ids),
                "tool_calls" if is_answer => {
                    self.calls(raw, self.base + member.value.start, out, dropped)?;
                }
                name if is_answer && !self.quirks.leftovers && LEFTOVERS.contains(&name) => {
                    change.gone = true;
                    if !matches!(raw, b"null" | b"\"\"" | b"[]" | b"{}") {
                        dropped.add(format!("messages.{name}"));
                    }
                }
                name if is_answer && FOREIGN.contains(&name) => {
                    change = self.foreign(name, raw, dropped);
                }
                _ => {}
            }
            changes.push(change);
        }
        members::splices(&self.members, &changes, self.base, out);
        if is_answer {
            self.insist(&changes, out);
        }
        Ok(())
    }

    /// What another provider left in an assistant's turn.
    fn foreign(&self, name: &str, raw: &[u8], dropped: &mut Dropped) -> Change {
        let Quirks { echoes, reasoning, .. } = *self.quirks;
        let says_nothing = matches!(raw, b"null" | b"\"\"" | b"[]" | b"{}");
        let both_names = reasoning != REASONING && echoes.contains(&reasoning);
        if name == reasoning && both_names && raw == b"null" && self.get(REASONING).is_some() {
            // The text stands under the other name, which becomes this one.
            return Change { gone: true, ..Default::default() };
        }
        if name == REASONING && both_names {
            return match self.members.iter().find(|m| m.key == reasoning) {
                Some(m) if self.value(m) == b"null" && raw != b"null" => {
                    Change { name: Some(reasoning), ..Default::default() }
                }
                // The same text, under both names.
                Some(_) => Change { gone: true, ..Default::default() },
                None => Change { name: Some(reasoning), ..Default::default() },
            };
        }
        if echoes.contains(&name) {
            return Change::default();
        }
        if !says_nothing {
            dropped.add(format!("messages.{name}"));
        }
        Change { gone: true, ..Default::default() }
    }

    /// An answer without reasoning, where the API insists on it.
    fn insist(&self, changes: &[Change], out: &mut Vec<Splice>) {
        let Quirks { no_reasoning, reasoning, .. } = *self.quirks;
        if no_reasoning.is_empty() || !self.calls {
            return;
        }
        let mut pairs = self.members.iter().zip(changes).filter(|(_, change)| !change.gone);
        let found = pairs.find(|(m, change)| change.name.unwrap_or(&m.key) == reasoning);
        match found {
            Some((member, _)) if matches!(self.value(member), b"null" | b"\"\"") => {
                let range = self.base + member.value.start..self.base + member.value.end;
                out.push(Splice { range, with: no_reasoning.as_bytes().to_vec() });
            }
            Some(_) => {}
            None => {
                let Some(role) = self.members.iter().find(|m| m.key == "role") else { return };
                let at = self.base + role.value.end;
                let with = format!(",\"{reasoning}\":{no_reasoning}").into_bytes();
                out.push(Splice { range: at..at, with });
            }
        }
    }

    fn calls(
        &self,
        raw: &[u8],
        base: usize,
        out: &mut Vec<Splice>,
        dropped: &mut Dropped,
    ) -> Result<(), Error> {
        for item in json::items(raw).unwrap_or_default() {
            let Ok(members) = open(item, "messages.tool_calls")? else { continue };
            let mut changes = Vec::with_capacity(members.len());
            for member in &members {
                let value = item.get(member.value.clone()).unwrap_or_default();
                let mut change = Change::default();
                match member.key.as_ref() {
                    "id" => change.value = fitted(value, self.quirks.tool_ids),
                    "extra_content" if !self.quirks.echoes.contains(&"extra_content") => {
                        change.gone = true;
                        dropped.add("messages.tool_calls.extra_content");
                    }
                    _ => {}
                }
                changes.push(change);
            }
            members::splices(&members, &changes, base + json::offset(raw, item), out);
        }
        Ok(())
    }

    fn get(&self, name: &str) -> Option<&[u8]> {
        let member = self.members.iter().find(|m| m.key == name)?;
        Some(self.value(member)).filter(|raw| *raw != b"null")
    }

    fn value(&self, member: &Member<'_>) -> &[u8] {
        self.raw.get(member.value.clone()).unwrap_or_default()
    }
}

/// Another id, as JSON, where the API would refuse this one.
fn fitted(raw: &[u8], ids: ToolIds) -> Option<Vec<u8>> {
    let id = json::text(raw)?;
    let fit = match ids {
        ToolIds::Any => return None,
        ToolIds::Max(most) => calls::fitted(&id, |_| true, most),
        ToolIds::Alphanumeric(length) => calls::alphanumeric(&id, length),
    };
    match fit {
        Cow::Borrowed(_) => None,
        Cow::Owned(fit) => {
            let mut out = Vec::with_capacity(fit.len() + 2);
            json::push_text(&mut out, &fit);
            Some(out)
        }
    }
}
