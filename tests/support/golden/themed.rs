//! One theme between one client and one provider: what comes out must be what the
//! file says, and what the table of gaps promises.
//!
//! Where the table names no gap, nothing may be refused or dropped and the theme's
//! words must come through; where it says no, the request is refused by name; where
//! it says that something is dropped, it is listed.

use crate::corpus;
use crate::exchange::{self, Asked, Came};
use crate::themes::{After, How, SIGNER, SIGNING, Theme};
use crate::{Wrong, expect};
use serde_json::Value;
use sluice::dialect::features::{Feature, Gap};
use sluice::dialect::{Translator, translator};

/// A row of the table, in one of its ways, for one pair.
pub struct Themed {
    pub pair: &'static Translator,
    pub theme: &'static Theme,
    pub streamed: bool,
}

// === impl Themed ===

impl Themed {
    /// Every case of a pair: what its client can say.
    pub fn all(pair: &'static Translator, themes: &'static [Theme]) -> Vec<Themed> {
        let said = themes.iter().filter(|t| corpus::request(pair.client, t.request).is_some());
        let cases = said.flat_map(|theme| {
            let ways: &[bool] = match theme.how {
                How::Whole => &[false],
                How::Streamed => &[true],
                How::Both => &[false, true],
            };
            ways.iter().map(move |&streamed| Themed { pair, theme, streamed })
        });
        cases.collect()
    }

    pub fn file(&self) -> String {
        let both = self.theme.how == How::Both && self.streamed;
        format!("{}{}.txt", self.theme.name, if both { "-streamed" } else { "" })
    }

    pub fn shows(&self, feature: Feature) -> bool {
        self.theme.shows.contains(&feature) || self.streamed && feature == Feature::Streaming
    }

    pub fn run(&self, wrong: &mut Wrong) {
        let came = self.call();
        let folder = corpus::root().join(crate::name(self.pair));
        expect(&folder.join(self.file()), text(&came).as_bytes(), wrong);
        let mut broken = came.differs.clone().into_iter().collect::<Vec<_>>();
        if !(self.theme.one_way && came.dropped().next().is_some()) {
            broken.extend(self.broken_promises(&came));
        }
        let file = format!("{}/{}", crate::name(self.pair), self.file());
        wrong.extend(broken.into_iter().map(|what| format!("{file}: {what}")));
    }

    /// Comes all of it through, or is it a gap that the table names?
    pub fn is_as_promised(&self) -> bool {
        self.broken_promises(&self.call()).is_empty()
    }

    fn call(&self) -> Came {
        exchanged(self.pair, &self.body(self.theme.request), self.theme.answer, self.streamed)
    }

    /// What the client sends.
    fn body(&self, request: &str) -> Vec<u8> {
        let client = self.pair.client;
        let mut body = corpus::request(client, request).expect("a request of the client's");
        if self.theme.after != After::Nothing {
            let filled = corpus::fill_in(serde_json::from_slice(&body).unwrap(), &self.before());
            body = serde_json::to_vec(&filled).unwrap();
        }
        if self.streamed { corpus::streamed(client, &body) } else { body }
    }

    /// The answer that the conversation goes on from.
    fn before(&self) -> Value {
        let signs = self.pair.gap(Feature::SignedThoughts).is_none();
        let pair = match self.theme.after {
            After::Signing if signs => self.pair,
            _ => translator(self.pair.client, SIGNER).unwrap_or(self.pair),
        };
        let (request, answer) = SIGNING;
        let body = corpus::request(pair.client, request).expect("a request of the client's");
        let came = exchanged(pair, &body, answer, false);
        came.answer.expect("an answer to go on from").values().remove(0)
    }

    fn broken_promises(&self, came: &Came) -> Vec<String> {
        let mut broken = Vec::new();
        let refused = came.outcome.get("refused");
        let free = |name: &str| name == self.theme.may_drop || self.theme.after == After::Another;
        let dropped: Vec<_> = came.dropped().filter(|name| !free(name)).collect();
        let gaps: Vec<Gap> = self.theme.shows.iter().filter_map(|f| self.pair.gap(*f)).collect();
        if gaps.iter().any(|gap| matches!(gap, Gap::No(_))) {
            if refused.is_none_or(|e| e["error"]["param"].is_null()) {
                broken.push("the table says no, but it is not refused by name".into());
            }
            return broken;
        }
        if let Some(refused) = refused {
            return vec![format!("refused: {refused}")];
        }
        match (gaps.is_empty(), dropped.is_empty()) {
            (true, false) => broken.push(format!("no gap, but it drops {dropped:?}")),
            (false, true) => broken.push("the table says it drops, but nothing is listed".into()),
            _ => {}
        }
        let Some(answer) = &came.answer else {
            return vec![format!("{} does not answer so", self.pair.upstream.as_str())];
        };
        if gaps.is_empty() {
            let upstream = came.upstream.as_deref().unwrap_or_default();
            let sent = words(&[serde_json::from_slice(upstream).unwrap()]);
            broken.extend(missing(self.theme.sent, &sent, "the provider does not get"));
            let said = words(&answer.values());
            broken.extend(missing(self.theme.said, &said, "the client does not get"));
            broken.extend(self.likeness(upstream));
        }
        let whole = !self.streamed || came.outcome["complete"] == true;
        if !whole && !self.theme.shows.is_empty() {
            broken.push("the stream is not complete".into());
        }
        broken
    }

    /// Another request that is sent the same way.
    fn likeness(&self, upstream: &[u8]) -> Option<String> {
        let unlike = self.theme.unlike.iter();
        let mut others = unlike.filter(|r| corpus::request(self.pair.client, r).is_some());
        let settings = corpus::settings(self.pair.client, self.pair.upstream, self.streamed);
        let same = others.find(|request| {
            let other = exchange::run(self.pair, &settings, &Asked::Json(self.body(request)), None);
            other.upstream.as_deref() == Some(upstream)
        });
        same.map(|request| format!("sent as {request} is"))
    }
}

fn exchanged(pair: &Translator, body: &[u8], answer: &str, streamed: bool) -> Came {
    let settings = corpus::settings(pair.client, pair.upstream, streamed);
    let sent = corpus::answer(pair.upstream, answer, streamed);
    exchange::run(pair, &settings, &Asked::Json(body.to_vec()), sent.as_ref())
}

fn missing(wanted: &[&str], there: &str, how: &str) -> Vec<String> {
    let lacks = |word: &&&str| !word.split('|').any(|one| there.contains(one));
    wanted.iter().filter(lacks).map(|word| format!("{how} {word:?}")).collect()
}

/// Everything that stands in some JSON, decoded.
fn words(values: &[Value]) -> String {
    fn gather(value: &Value, out: &mut String) {
        match value {
            Value::String(text) => *out += text,
            Value::Array(items) => items.iter().for_each(|item| gather(item, out)),
            Value::Object(members) => members.iter().for_each(|(name, value)| {
                *out += name;
                *out += "\n";
                gather(value, out);
            }),
            other => *out += &other.to_string(),
        }
        *out += "\n";
    }
    let mut out = String::new();
    values.iter().for_each(|value| gather(value, &mut out));
    out
}

/// As the file has it.
fn text(came: &Came) -> String {
    let mut out = String::new();
    let mut section = |title: &str, body: &[u8]| {
        out += &format!("=== {title}\n{}\n", std::str::from_utf8(body).unwrap().trim_end());
    };
    if let Some(upstream) = &came.upstream {
        section("upstream request", upstream);
    }
    if let Some(answer) = &came.answer {
        section(&format!("answer.{}", answer.extension()), answer.bytes());
    }
    section("outcome", &serde_json::to_vec_pretty(&came.outcome).unwrap());
    out
}
