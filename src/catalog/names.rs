//! The names one model goes by, and whose price list has it.
//!
//! Each provider decorates names in its own way: dates, regions, resource paths.
//! What is tried, in this order, ends with the first that is listed: the name as it
//! is (in the provider's region where the list knows that), then with one piece of
//! decoration after the other taken off. Must not: look into another provider's list
//! (a gateway's price is not the maker's), or take off what may be a version of its
//! own price, such as Mistral's `-2407` or xAI's `-0309`.
//!
//! - Dates: `gpt-5-2025-08-07`, `claude-haiku-4-5-20251001`, `claude-opus-4@20250514`,
//!   `@default`, `-latest`.
//! - Google: `models/..`, `publishers/google/models/..`, `projects/../models/..`,
//!   `google/..` of its OpenAI surface, and the stable versions `-001`, `-002`.
//!   <https://docs.cloud.google.com/vertex-ai/generative-ai/docs/learn/model-versions>
//! - Bedrock: inference profiles `us.`, `eu.`, `global.` and others, revisions `-v1:0`,
//!   windows `:200k`, ARNs of foundation models and of system-defined profiles. ARNs of
//!   application profiles, provisioned and imported models name no model.
//!   <https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html>
//! - OpenAI: fine-tuned `ft:gpt-4o-2024-08-06:org:name:id` by its base, which is listed
//!   as `ft:..` at its own price; never by the plain model's.

use super::table::{self, Listing};

/// The listing of what a kind of provider calls `model`. `region`: where it is
/// called; empty: not known.
pub fn find(kind: &str, region: &str, model: &str) -> Option<Listing> {
    let look = |place: &str, name: &str| {
        let slash = if place.is_empty() { "" } else { "/" };
        sections(kind).find_map(|section| table::find(section, [place, slash, name]))
    };
    let plain = |name: &str| look("", name).or_else(|| undated(name).and_then(|n| look("", n)));
    match source(kind).map_or(Naming::Plain, |s| s.naming) {
        Naming::Plain => plain(model),
        Naming::OpenAi => plain(fine_tuned(model)),
        Naming::Google => {
            let bare = bare(model);
            plain(model).or_else(|| plain(bare)).or_else(|| plain(unnumbered(bare)?))
        }
        Naming::Bedrock => bedrock(region, model, &look),
    }
}

/// The parts of the table where a kind's models stand.
pub fn sections(kind: &str) -> impl Iterator<Item = &str> {
    let source = source(kind);
    let named = source.map_or(&[][..], |s| s.sections).iter().copied();
    named.chain(source.is_none().then_some(kind))
}

/// A Bedrock id without what says where it runs: `anthropic.claude-opus-4-8`.
/// `None`: an ARN that names no model.
pub fn bedrock_id(model: &str) -> Option<(Option<&str>, &str)> {
    if !model.starts_with("arn:") {
        return Some((None, model));
    }
    let mut parts = model.splitn(6, ':');
    let region = parts.nth(3)?;
    let (type_, id) = parts.nth(1)?.split_once('/')?;
    matches!(type_, "foundation-model" | "inference-profile").then_some((Some(region), id))
}

/// Without the geography of an inference profile.
pub fn without_geography(id: &str) -> Option<&str> {
    let (first, rest) = id.split_once('.')?;
    GEOGRAPHIES.contains(&first).then_some(rest)
}

/// A Bedrock model's own id: of an inference profile, of an ARN; else the name as it is.
pub fn foundation_model(model: &str) -> &str {
    let id = bedrock_id(model).map_or(model, |(_, id)| id);
    without_geography(id).unwrap_or(id)
}

/// The last part of a resource's path.
pub fn bare(model: &str) -> &str {
    let model = model.rsplit_once("models/").map_or(model, |(_, name)| name);
    model.strip_prefix("google/").unwrap_or(model)
}

/// A kind whose models stand elsewhere than under its name alone, or go by other names
/// than dated ones.
struct Source {
    kind: &'static str,
    sections: &'static [&'static str],
    naming: Naming,
}

#[derive(Clone, Copy)]
enum Naming {
    Plain,
    OpenAi,
    Google,
    Bedrock,
}

const SOURCES: &[Source] = &[
    Source { kind: "openai", sections: &["openai"], naming: Naming::OpenAi },
    Source { kind: "azure", sections: AZURE, naming: Naming::OpenAi },
    Source { kind: "azure-deployments", sections: AZURE, naming: Naming::OpenAi },
    Source { kind: "gemini", sections: &["gemini"], naming: Naming::Google },
    Source { kind: "vertex", sections: &["vertex"], naming: Naming::Google },
    Source { kind: "bedrock", sections: &["bedrock"], naming: Naming::Bedrock },
];

/// `azure_ai`: what Foundry serves beside OpenAI's models, on the same resource.
const AZURE: &[&str] = &["azure", "azure_ai"];

fn source(kind: &str) -> Option<&'static Source> {
    SOURCES.iter().find(|s| s.kind == kind)
}

const GEOGRAPHIES: &[&str] =
    &["us", "eu", "apac", "global", "jp", "au", "ca", "in", "sa", "us-gov"];

fn bedrock(
    region: &str,
    model: &str,
    look: &dyn Fn(&str, &str) -> Option<Listing>,
) -> Option<Listing> {
    let (at, id) = bedrock_id(model)?;
    let region = at.filter(|r| !r.is_empty()).unwrap_or(region);
    // "eu-west-2/meta.llama3-..": a region's own price goes before the general one.
    let local = |name: &str| look(region, name).or_else(|| look("", name));
    let versions = |name: &str, look: &dyn Fn(&str) -> Option<Listing>| {
        let window = without_window(name);
        let revision = without_revision(window.unwrap_or(name));
        let date = undated(revision.or(window).unwrap_or(name));
        look(name)
            .or_else(|| window.and_then(look))
            .or_else(|| revision.and_then(look))
            .or_else(|| date.and_then(look))
    };
    match without_geography(id) {
        // A profile's price goes by its geography, whichever region is asked.
        Some(base) => versions(id, &|n| look("", n)).or_else(|| versions(base, &|n| look("", n))),
        None => versions(id, &local),
    }
}

/// `..-v1:0:200k` without its window.
fn without_window(name: &str) -> Option<&str> {
    let (rest, last) = name.rsplit_once(':')?;
    (rest.contains(':') && last.ends_with('k')).then_some(rest)
}

/// `..-v1:0`, `..-v1` or `..:0` without the revision.
fn without_revision(name: &str) -> Option<&str> {
    let (rest, _) = name.rsplit_once(':').unwrap_or((name, ""));
    let revised = rest.rsplit_once("-v").filter(|(_, v)| is_digits(v)).map(|(rest, _)| rest);
    revised.or_else(|| (rest.len() < name.len()).then_some(rest))
}

/// Without a date, or a word that stands for the newest.
pub fn undated(name: &str) -> Option<&str> {
    if let Some((rest, version)) = name.rsplit_once('@') {
        let dated = version.len() == 8 && is_digits(version);
        return (dated || matches!(version, "default" | "latest")).then_some(rest);
    }
    if let Some(rest) = name.strip_suffix("-latest") {
        return Some(rest);
    }
    let (rest, last) = name.rsplit_once('-')?;
    if last.len() == 8 && last.starts_with("20") && is_digits(last) {
        return Some(rest);
    }
    // -2025-08-07
    let (rest, month) = rest.rsplit_once('-')?;
    let (rest, year) = rest.rsplit_once('-')?;
    let is_date = year.len() == 4
        && year.starts_with("20")
        && month.len() == 2
        && last.len() == 2
        && [year, month, last].into_iter().all(is_digits);
    is_date.then_some(rest)
}

/// Google's `-001`.
fn unnumbered(name: &str) -> Option<&str> {
    let (rest, number) = name.rsplit_once('-')?;
    (number.len() == 3 && number.starts_with('0') && is_digits(number)).then_some(rest)
}

/// `ft:BASE:org:name:id` as `ft:BASE`.
fn fine_tuned(name: &str) -> &str {
    let end = name.strip_prefix("ft:").and_then(|rest| rest.find(':')).map(|at| at + 3);
    end.and_then(|end| name.get(..end)).unwrap_or(name)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}
