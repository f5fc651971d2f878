//! `catalog`: prices and sizes that the operator knows better.

use super::Problems;
use crate::catalog::{self, Abilities, Price};
use crate::config::compiled::{Entry, Provider, Unpriced};
use crate::config::{glob, raw};
use sha2::{Digest, Sha256};

/// Most entries: each look-up of a `*` target reads its provider's from the first.
const MAX_ENTRIES: usize = 4096;

pub(super) fn compile(raw: &raw::Sluice, providers: &mut [Provider], problems: &mut Problems) {
    if raw.catalog.len() > MAX_ENTRIES {
        problems.add("catalog", format!("has more than {MAX_ENTRIES} entries"));
        return;
    }
    for (i, entry) in raw.catalog.iter().enumerate() {
        let path = format!("catalog[{i}]");
        let Some((provider, pattern)) = entry.model.split_once('/').filter(|(_, m)| !m.is_empty())
        else {
            let words = format!("`{}` must be provider/model, such as vllm/*", entry.model);
            problems.add(format!("{path}.model"), words);
            continue;
        };
        let compiled = Entry {
            pattern: pattern.to_owned(),
            like: like(&path, entry, problems),
            price: price(&path, entry, problems),
            context: entry.context.map(|t| t.0),
            max_output: entry.max_output.map(|t| t.0),
            abilities: abilities(&path, entry, problems),
        };
        let Some(provider) = providers.iter_mut().find(|p| p.name == provider) else {
            // A provider that is written but wrong has been reported already.
            if !raw.providers.contains_key(provider) {
                let known: Vec<_> = raw.providers.keys().map(String::as_str).collect();
                let words =
                    format!("there is no provider `{provider}`; known: {}", known.join(", "));
                problems.add(format!("{path}.model"), words);
            }
            continue;
        };
        if let Some(earlier) = provider.catalog.iter().find(|e| glob::covers(&e.pattern, pattern)) {
            let words = format!(
                "`{pattern}` can never be reached: an entry `{}` stands above it",
                earlier.pattern
            );
            problems.add(format!("{path}.model"), words);
        }
        provider.catalog.push(compiled);
    }
    for provider in providers {
        provider.price_version = version(&provider.catalog);
    }
}

pub(super) fn unpriced(raw: raw::Unpriced, problems: &mut Problems) -> Unpriced {
    match raw {
        raw::Unpriced::Deny => Unpriced::Deny,
        raw::Unpriced::Flag => Unpriced::Flag,
        raw::Unpriced::Estimate { input, output } => {
            if input.0 == 0 && output.0 == 0 {
                problems.add(
                    "unpriced.estimate",
                    "is 0, as if what has no price were free; give a price, or say `flag`",
                );
            }
            let output = Some(output.0);
            Unpriced::Estimate(Price { input: input.0, output, ..Price::default() })
        }
    }
}

/// The list's version and, where there are entries that set prices, some digits of a hash
/// of these: the same file has the same one on every proxy.
fn version(entries: &[Entry]) -> String {
    let mut hash = Sha256::new();
    let mut any = false;
    for entry in entries {
        let price = entry.price.or(entry.like.and_then(|like| like.price));
        let Some(price) = price else { continue };
        any = true;
        hash.update(entry.pattern.as_bytes());
        for column in price.columns() {
            hash.update([0, u8::from(column.is_some())]);
            hash.update(column.unwrap_or_default().to_le_bytes());
        }
    }
    let digits: String = hash.finalize().iter().take(4).map(|b| format!("{b:02x}")).collect();
    if any { format!("{}+{digits}", catalog::VERSION) } else { catalog::VERSION.to_owned() }
}

fn like(path: &str, entry: &raw::Entry, problems: &mut Problems) -> Option<catalog::Known> {
    let name = entry.like.as_deref()?;
    let listed =
        name.split_once('/').filter(|(kind, model)| catalog::find(kind, "", model).is_some());
    if listed.is_none() {
        let words = format!("`{name}` is not in the catalog as kind/model; see `sluice models`");
        problems.add(format!("{path}.like"), words);
    }
    listed.map(|(kind, model)| catalog::known(kind, "", model))
}

fn abilities(path: &str, entry: &raw::Entry, problems: &mut Problems) -> Option<Abilities> {
    let mut all = Abilities::default();
    for (i, name) in entry.abilities.as_ref()?.iter().enumerate() {
        match Abilities::ASKED.iter().find(|a| a.as_str() == name) {
            Some(ability) => all = all.with(ability),
            None => {
                let known: Vec<_> = Abilities::ASKED.iter().map(|a| a.as_str()).collect();
                let words = format!("`{name}` must be one of {}", known.join(", "));
                problems.add(format!("{path}.abilities[{i}]"), words);
            }
        }
    }
    Some(all)
}

/// The entry's own price, if it gives any.
fn price(path: &str, entry: &raw::Entry, problems: &mut Problems) -> Option<Price> {
    let columns = [
        entry.input,
        entry.output,
        entry.cache_read,
        entry.cache_write,
        entry.cache_write_1h,
        entry.input_above_200k,
        entry.output_above_200k,
        entry.reasoning,
    ]
    .map(|price| price.map(|p| p.0));
    let price = Price::of(columns);
    if price.is_none() && columns.iter().any(Option::is_some) {
        problems.add(format!("{path}.input"), "is needed where any price is given");
    }
    let sizes = entry.context.is_some() || entry.max_output.is_some() || entry.abilities.is_some();
    if entry.like.is_none() && !sizes && columns.iter().all(Option::is_none) {
        problems.add(path, "says nothing; give prices, sizes, abilities, or a model it is `like`");
    }
    price
}
