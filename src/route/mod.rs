//! From a call to its plan: which targets, in which order, and what Envoy must
//! be told to run them.
//!
//! Values in, values out: no clock, no randomness, no IO. The plan is made once
//! per call; Envoy executes it (see `envoy/envoy.yaml`, refresh_cluster_on_retry).

use crate::catalog::Known;
use crate::config::compiled::MAX_TARGETS;
use crate::config::{Config, Model, Provider, Secret, Target};
use crate::dialect::Facts;
use crate::dialect::features;
use crate::dialect::{Request, Translator};
use crate::error::{Error, Kind};
use crate::provider::{Path, Surface};
use crate::store::health::Table;
use health::{Ids, Standing};
use strategy::Asked;

pub mod health;
pub mod strategy;

/// The ordered targets of a call, as indexes into the configuration.
pub struct Plan {
    pub model: usize,
    /// At least one.
    pub targets: Vec<Choice>,
    /// `x-envoy-upstream-rq-per-try-timeout-ms`: the longest of the targets' own
    /// deadlines. Shorter ones are kept by the upstream role.
    pub per_try_ms: u64,
    /// The first target has rested enough: this call may be its probe, if it can claim
    /// it.
    pub probe: Option<u64>,
}

/// What is known of the world when a call is planned.
#[derive(Clone, Copy)]
pub struct Moment<'a> {
    /// Unix nanoseconds.
    pub now: u64,
    /// Who must be left alone.
    pub table: &'a Table,
    /// Where this call begins in the ring of a provider's keys; asked for at most once
    /// a plan, and only where there are several.
    pub turn: &'a dyn Fn(&Provider) -> usize,
    /// The first value of a request header.
    pub header: &'a dyn Fn(&str) -> Option<Vec<u8>>,
    /// Differs from call to call.
    pub chance: u64,
}

/// One of the model's targets, and the surface of its provider that is spoken.
pub struct Choice {
    /// Index into the model's targets.
    pub target: usize,
    /// Index into the kind's surfaces.
    pub surface: usize,
    pub translator: &'static Translator,
    /// Index into the provider's keys; `None`: Envoy adds the credentials.
    pub key: Option<usize>,
    /// The target before it with another key: for the case that the key was to blame.
    pub spare: bool,
    /// What is known of the model a client named, for a target that takes any; looked
    /// up once a call.
    pub known: Option<Box<Known>>,
}

/// A target with all that belongs to it.
#[derive(Clone, Copy)]
pub struct Resolved<'a> {
    pub model: &'a Model,
    pub target: &'a Target,
    pub provider: &'a Provider,
    pub surface: &'static Surface,
    /// Of a whole answer, and of a streamed one.
    pub paths: &'a [Path; 2],
    pub translator: &'static Translator,
    pub known: Known,
    pub key: Option<&'a Secret>,
    /// Under which its failures are remembered.
    pub ids: Ids,
}

/// Plans a call. Targets that cannot carry it are left out; if none is left, the first
/// one's reason is the error. So are those that rest; if all do, the one whose rest
/// ends first is tried, or the call refused, as configured.
///
/// Top-level facts decide for every target. What stands deeper is only known by
/// translating, so that is tried here for a target that others stand behind: else
/// its refusal would end a call that the next target could serve. The last target
/// translates when its turn comes, so an OpenAI-first plan costs nothing here.
pub fn plan(
    config: &Config,
    facts: &Facts,
    body: &[u8],
    moment: Moment<'_>,
) -> Result<Plan, Error> {
    let client = facts.client;
    let Some((index, model)) = config.model(&facts.model) else {
        return Err(unknown_model(&facts.model));
    };
    let targets = Vec::with_capacity(model.targets.len());
    let mut plan = Plan { model: index, targets, per_try_ms: 0, probe: None };
    let mut refusal = None;
    let mut ring = Ring { config, moment, turn: None, used: Vec::new() };
    // Of those that rest, the one whose rest ends first, and when.
    let mut resting: Option<(u64, Choice)> = None;
    let known = |target: &Target| {
        let named =
            |provider: &Provider| provider.known(target.model.as_deref().unwrap_or(&facts.model));
        let provider = config.providers.get(target.provider);
        target.known.or_else(|| provider.map(named))
    };
    let asked = Asked { facts, body, header: moment.header, chance: moment.chance };
    let order = strategy::order(model, &known, asked);
    for (place, i) in order.iter().enumerate() {
        let Some(target) = model.targets.get(i) else { continue };
        let Some(provider) = config.providers.get(target.provider) else { continue };
        let Some(known) = known(target) else { continue };
        let kind = provider.kind;
        let name = target.model.as_deref().unwrap_or(&facts.model);
        let api = target.api.or_else(|| known.api());
        let Some((surface, row)) = kind.surface(client, name, api) else { continue };
        let mut carried = features::check(row.gaps, facts);
        let (traits, quirks) = (known.traits, kind.quirks);
        let deep = row.reads.is_none() || quirks.concern(facts);
        if deep && place + 1 < model.targets.len() && carried.is_ok() {
            let request = Request { body, facts, model: name, traits, quirks };
            carried = (row.request)(&request).and_then(|made| made.allow(config.strict)).map(drop);
        }
        match carried {
            Ok(()) => {
                let known = target.known.is_none().then(|| Box::new(known));
                let (key, standing) = ring.next(target, provider);
                let choice =
                    Choice { target: i, surface, translator: row, key, spare: false, known };
                match standing {
                    Standing::Cooling(until, _) => {
                        if resting.as_ref().is_none_or(|(first, _)| until < *first) {
                            resting = Some((until, choice));
                        }
                        continue;
                    }
                    Standing::Probe if plan.targets.is_empty() => plan.probe = Some(target.id),
                    Standing::Probe | Standing::Well => {}
                }
                plan.targets.push(choice);
            }
            Err(e) => refusal = refusal.or(Some(e)),
        }
    }
    match resting {
        Some((until, _)) if plan.targets.is_empty() && config.health.refuse => {
            return Err(resting_error(until.saturating_sub(moment.now)));
        }
        Some((_, choice)) if plan.targets.is_empty() => plan.targets.push(choice),
        _ => {}
    }
    if plan.targets.is_empty() {
        return Err(refusal.unwrap_or_else(|| {
            let words = "this model has no target that can take calls of this API";
            Error::invalid("model", words)
        }));
    }
    ring.add_spares(model, &mut plan.targets);
    let own = |choice: &Choice| model.targets.get(choice.target);
    let deadlines = plan.targets.iter().filter_map(own).map(|t| t.deadline_ms(facts.stream));
    plan.per_try_ms = deadlines.max().unwrap_or_default();
    Ok(plan)
}

/// `rest`: nanoseconds until the first target may be tried again.
fn resting_error(rest: u64) -> Error {
    let words = "all providers of this model rest after failures or rate limits; try again later";
    Error::new(Kind::Unavailable, words).with_retry_after(rest.div_ceil(1_000_000_000).max(1))
}

/// Whose turn it is among the keys of providers.
struct Ring<'a> {
    config: &'a Config,
    moment: Moment<'a>,
    turn: Option<usize>,
    /// Targets seen so far, by their provider.
    used: Vec<usize>,
}

/// For listings and for the error of a single look-up.
pub fn unknown_model(name: &str) -> Error {
    let shown: String = name.chars().take(64).collect();
    let more = if shown.len() < name.len() { ".." } else { "" };
    Error::new(
        Kind::ModelNotFound,
        format!("the model `{shown}{more}` does not exist here; GET /v1/models lists what does"),
    )
    .with_param("model")
}

/// The router takes attempt N to the cluster that header N names.
const TARGET_HEADERS: [&str; MAX_TARGETS] = [
    "x-sluice-target-1",
    "x-sluice-target-2",
    "x-sluice-target-3",
    "x-sluice-target-4",
    "x-sluice-target-5",
    "x-sluice-target-6",
    "x-sluice-target-7",
    "x-sluice-target-8",
];

// === impl Ring ===

impl Ring<'_> {
    /// The key for the next occurrence of a target's provider, and how they stand
    /// together. Each time a plan comes back to a provider it is another key's turn;
    /// keys that rest are passed over.
    fn next(&mut self, target: &Target, provider: &Provider) -> (Option<usize>, Standing) {
        let Moment { now, table, turn, .. } = self.moment;
        let before = self.used.iter().filter(|p| **p == target.provider).count();
        self.used.push(target.provider);
        let rules = &self.config.health;
        let standing =
            |key: u64| health::standing(table, rules, Ids { target: target.id, key }, now);
        let all = provider.key_ids.len();
        if all <= 1 || table.is_empty() {
            let key = match all {
                0 => None,
                1 => Some(0),
                n => Some((self.turn(provider, turn) + before) % n),
            };
            let id = key.and_then(|k| provider.key_ids.get(k)).copied().unwrap_or_default();
            return (key, standing(id));
        }
        let stand: Vec<_> = provider.key_ids.iter().map(|id| standing(*id)).collect();
        let fit = |s: &Standing| !matches!(s, Standing::Cooling(..));
        let well: Vec<usize> = (0..all).filter(|k| stand.get(*k).is_some_and(fit)).collect();
        let chosen = match well.len() {
            0 => (0..all).min_by_key(|k| match stand.get(*k) {
                Some(Standing::Cooling(until, _)) => *until,
                _ => u64::MAX,
            }),
            n => well.get((self.turn(provider, turn) + before) % n).copied(),
        };
        let standing = chosen.and_then(|k| stand.get(k)).copied().unwrap_or(Standing::Well);
        (chosen, standing)
    }

    /// Behind each target, the other keys of its provider that are well, as far as
    /// there is room: a refused or limited key is no reason to leave the provider.
    fn add_spares(&self, model: &Model, targets: &mut Vec<Choice>) {
        let mut room = MAX_TARGETS.saturating_sub(targets.len());
        let mut at = 0;
        while let (Some(choice), true) = (targets.get(at), room > 0) {
            at += 1;
            let Some(target) = model.targets.get(choice.target) else { continue };
            let Some(provider) = self.config.providers.get(target.provider) else { continue };
            let all = provider.key_ids.len();
            let Some(first) = choice.key.filter(|_| all > 1) else { continue };
            let ids = |key| Ids { target: target.id, key };
            let well = |k: &usize| {
                let id = provider.key_ids.get(*k).copied().unwrap_or_default();
                let Moment { now, table, .. } = self.moment;
                let stands = health::standing(table, &self.config.health, ids(id), now);
                !matches!(stands, Standing::Cooling(..))
            };
            let others = (1..all).map(|n| (first + n) % all).filter(well).take(room);
            let spares: Vec<_> = others.map(|k| choice.with_spare_key(k)).collect();
            room -= spares.len();
            let behind = at;
            at += spares.len();
            targets.splice(behind..behind, spares);
        }
    }

    fn turn(&mut self, provider: &Provider, turn: &dyn Fn(&Provider) -> usize) -> usize {
        *self.turn.get_or_insert_with(|| turn(provider))
    }
}

// === impl Plan ===

impl Plan {
    /// The target of attempt `attempt`, counted from 0.
    pub fn resolve<'a>(&self, config: &'a Config, attempt: usize) -> Option<Resolved<'a>> {
        let model = config.models.get(self.model)?;
        let choice = self.targets.get(attempt)?;
        let target = model.targets.get(choice.target)?;
        let provider = config.providers.get(target.provider)?;
        let surface = provider.kind.surfaces.get(choice.surface)?;
        let paths = provider.paths.get(choice.surface)?;
        let translator = choice.translator;
        let known = target.known.or_else(|| choice.known.as_deref().copied())?;
        let key = choice.key.and_then(|k| provider.keys.get(k));
        let id = choice.key.and_then(|k| provider.key_ids.get(k)).copied().unwrap_or_default();
        let ids = Ids { target: target.id, key: id };
        Some(Resolved { model, target, provider, surface, paths, translator, known, key, ids })
    }

    /// Puts the spare keys behind attempt `attempt`, whose key was not to blame, behind
    /// everybody else. (Not out: the router counts its retries by the plan as it was.)
    /// Has anything changed?
    pub fn defer_spares(&mut self, attempt: usize) -> bool {
        let behind = self.targets.get_mut(attempt + 1..).unwrap_or_default();
        let spares = behind.iter().take_while(|choice| choice.spare).count();
        if spares == 0 || spares == behind.len() {
            return false;
        }
        behind.rotate_left(spares);
        behind.iter_mut().rev().take(spares).for_each(|choice| choice.spare = false);
        true
    }

    /// The prompt was too long for attempt `attempt`: puts the targets whose windows are
    /// known to be larger before all others. Is there one?
    pub fn prefer_larger(&mut self, config: &Config, attempt: usize) -> bool {
        let window = |n| self.resolve(config, n).and_then(|at| at.known.context);
        let Some(this) = window(attempt) else { return false };
        let larger: Vec<bool> = (attempt + 1..self.targets.len())
            .map(|n| window(n).is_some_and(|theirs| theirs > this))
            .collect();
        let mut behind = self.targets.split_off((attempt + 1).min(self.targets.len()));
        let mut larger = larger.into_iter();
        let fits: Vec<_> = behind.extract_if(.., |_| larger.next() == Some(true)).collect();
        let any = !fits.is_empty();
        self.targets.extend(fits);
        self.targets.extend(behind);
        any
    }

    /// The headers from which the router picks clusters, beginning with attempt
    /// `from`; none where nothing is left to pick. `x-sluice-pick` is always 0: the
    /// first untried entry of the route is taken.
    pub fn orders<'a>(&self, config: &'a Config, from: usize) -> Vec<(&'static str, &'a str)> {
        let mut orders = Vec::with_capacity(self.targets.len() + 1);
        for (attempt, name) in TARGET_HEADERS.iter().enumerate().skip(from) {
            let Some(at) = self.resolve(config, attempt) else { break };
            orders.push((*name, at.provider.cluster.as_str()));
        }
        if !orders.is_empty() {
            orders.push(("x-sluice-pick", "0"));
        }
        orders
    }
}

// === impl Choice ===

impl Choice {
    fn with_spare_key(&self, key: usize) -> Self {
        let Self { target, surface, translator, ref known, .. } = *self;
        Self { target, surface, translator, key: Some(key), spare: true, known: known.clone() }
    }
}

// === impl Resolved ===

impl<'a> Resolved<'a> {
    /// The provider's name of the model.
    pub fn name(&self, facts: &'a Facts) -> &'a str {
        self.target.model.as_deref().unwrap_or(&facts.model)
    }
}

// === impl Target ===

impl Target {
    /// Milliseconds until the first token of a stream, or until the whole answer.
    pub fn deadline_ms(&self, stream: bool) -> u64 {
        if stream { self.first_token_ms } else { self.timeout_ms }
    }
}
