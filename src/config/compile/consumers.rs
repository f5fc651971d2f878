//! `consumers`: who may ask, by the digest of a key.

use super::{Problems, is_label};
use crate::config::compiled::{ANONYMOUS, Consumer, MAX_CONSUMERS, MAX_MODELS};
use crate::config::{glob, raw};
use hashbrown::HashMap;
use std::rc::Rc;

pub(super) fn compile(
    raw: &raw::Sluice,
    problems: &mut Problems,
) -> (Vec<Rc<Consumer>>, HashMap<[u8; 32], usize>) {
    let listed = raw.consumers.as_deref().unwrap_or_default();
    let mut by_key = HashMap::new();
    let mut compiled: Vec<Rc<Consumer>> = Vec::with_capacity(listed.len());
    if listed.len() > MAX_CONSUMERS {
        problems.add("consumers", format!("has more than {MAX_CONSUMERS} entries"));
        return (compiled, by_key);
    }
    for (i, c) in listed.iter().enumerate() {
        let path = format!("consumers[{i}]");
        if !is_label(&c.name) || c.name == ANONYMOUS {
            problems.add(
                format!("{path}.name"),
                "a consumer's name is 1 to 64 of a-z A-Z 0-9 . _ - and not `anonymous`",
            );
        }
        if compiled.iter().any(|other| other.name == c.name) {
            problems.add(format!("{path}.name"), format!("`{}` stands there twice", c.name));
        }
        if c.key_sha256.is_empty() {
            problems.add(format!("{path}.key_sha256"), "is empty; give at least one digest");
        }
        for (j, text) in c.key_sha256.iter().enumerate() {
            let path = format!("{path}.key_sha256[{j}]");
            match digest(text) {
                None => problems
                    .add(path, "must be 64 hexadecimal digits: printf %s \"$KEY\" | sha256sum"),
                Some(digest) => {
                    if by_key.insert(digest, i).is_some() {
                        problems
                            .add(path, "this key belongs to an earlier consumer; keys must differ");
                    }
                }
            }
        }
        if let Some(models) = &c.models {
            check_models(&format!("{path}.models"), models, raw, problems);
        }
        let models = c.models.clone().unwrap_or_default();
        if c.preferences == Some(true) && !raw.preferences.any() {
            let words = "only means something where preferences.header or preferences.body is on";
            problems.add(format!("{path}.preferences"), words);
        }
        let preferences = c.preferences.unwrap_or(true);
        compiled.push(Rc::new(Consumer { name: c.name.clone(), models, preferences }));
    }
    (compiled, by_key)
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
