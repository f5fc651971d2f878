//! From a call to its plan: which targets, in which order, and what Envoy must
//! be told to run them.
//!
//! Values in, values out: no clock, no randomness, no host; what costs a read comes in as
//! something to ask (`Moment::turn`, `header`, `learned`). The plan is made once per call
//! (`decide`): its rule (`rules`) and what then holds (`terms`); who might (`candidates`,
//! `prefer`) in the order of `strategy`; who cannot (`able`, windows, tags); who rests
//! (`health`, `quotas`); whose speed is to be found out (`errand`); spare keys (`keys`);
//! what this Envoy's route can do (`fixed`). Envoy executes it (see `envoy/envoy.yaml`,
//! refresh_cluster_on_retry), and what an attempt learns may change the order of what is
//! left of it. Must not: claim or write anything (`exchange` does).

use crate::catalog::Known;
use crate::config::compiled::{MAX_TARGETS, Quota};
use crate::config::raw::Strategy;
use crate::config::{Config, Provider, Secret, Target};
use crate::dialect::Translator;
use crate::provider::{Path, Surface};
use crate::store::health::Table;
use errand::Errand;
use explain::Notes;
use health::Ids;
use learned::Learned;
use prefer::Preferences;
use terms::Terms;

mod able;
mod candidates;
mod count;
mod decide;
pub mod errand;
pub mod explain;
mod fixed;
pub mod health;
mod keys;
pub mod learned;
pub mod quotas;
pub mod prefer;
mod rules;
pub mod speed;
pub mod state;
pub mod strategy;
pub mod terms;

pub use decide::{Planned, plan, unknown_model};

/// The ordered targets of a call, as indexes into the configuration.
#[derive(Default)]
pub struct Plan {
    pub model: usize,
    /// The rule it falls under.
    pub rule: Option<usize>,
    /// At least one.
    pub targets: Vec<Choice>,
    /// `x-envoy-upstream-rq-per-try-timeout-ms`: the longest of the targets' own
    /// deadlines. Shorter ones are kept by the upstream role.
    pub per_try_ms: u64,
    /// The one cluster all attempts go to, where the router cannot be told each one's: the
    /// order is fixed then.
    pub via: Option<String>,
    /// The first target has rested enough: this call may be its probe, if it can claim
    /// it.
    pub probe: Option<u64>,
    /// The first target stands there for its speed to be found out, if this call can
    /// claim that.
    pub errand: Option<Errand>,
    /// The first target's key is paced, and its turn has come: this call may take it, if
    /// no other did.
    pub due: bool,
    /// What the client wants instead of the strategy.
    pub sort: Option<Strategy>,
    /// The client wants all of its request carried, or none.
    pub strict: bool,
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
    /// How fast and how busy targets are.
    pub learned: &'a dyn Learned,
    /// Where the decision tells what it passes over, if anybody asks.
    pub notes: Option<&'a Notes>,
    /// What the client says of who serves it.
    pub prefers: Option<&'a Preferences>,
}

/// One of the model's targets, and the surface of its provider that is spoken.
pub struct Choice {
    /// Index into the configuration's targets.
    pub target: usize,
    /// Index into the kind's surfaces.
    pub surface: usize,
    pub translator: &'static Translator,
    /// Index into the provider's keys; `None`: Envoy adds the credentials.
    pub key: Option<usize>,
    /// The target before it with another key: for the case that the key was to blame.
    pub spare: bool,
    /// For a target that takes any model.
    pub any: Option<Box<AnyModel>>,
}

/// The model a client named; looked up once a call.
#[derive(Clone)]
pub struct AnyModel {
    pub name: String,
    pub known: Known,
}

/// A target with all that belongs to it.
#[derive(Clone, Copy)]
pub struct Resolved<'a> {
    pub terms: Terms<'a>,
    pub target: &'a Target,
    pub provider: &'a Provider,
    pub surface: &'static Surface,
    /// Of a whole answer, and of a streamed one.
    pub paths: &'a [Path; 2],
    pub translator: &'static Translator,
    pub known: Known,
    pub key: Option<&'a Secret>,
    /// Of the key.
    pub quota: Quota,
    /// Under which its failures are remembered.
    pub ids: Ids,
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

// === impl Plan ===

impl Plan {
    /// The target of attempt `attempt`, counted from 0.
    pub fn resolve<'a>(&self, config: &'a Config, attempt: usize) -> Option<Resolved<'a>> {
        let terms = self.terms(config)?;
        let choice = self.targets.get(attempt)?;
        let target = config.targets.get(choice.target)?;
        let provider = config.providers.get(target.provider)?;
        let surface = provider.kind.surfaces.get(choice.surface)?;
        let paths = provider.paths.get(choice.surface)?;
        let translator = choice.translator;
        let known = target.known.or_else(|| choice.any.as_ref().map(|any| any.known))?;
        let key = choice.key.and_then(|k| provider.keys.get(k));
        let id = choice.key.and_then(|k| provider.key_ids.get(k)).copied().unwrap_or_default();
        let ids = Ids { target: target.id, key: id };
        let share = choice.key.and_then(|k| provider.shares.get(k));
        let quota = share.map(|share| share.quota).unwrap_or_default();
        Some(Resolved {
            terms,
            target,
            provider,
            surface,
            paths,
            translator,
            known,
            key,
            quota,
            ids,
        })
    }

    /// What holds for its call.
    pub fn terms<'a>(&self, config: &'a Config) -> Option<Terms<'a>> {
        let model = config.models.get(self.model)?;
        let rule = self.rule.and_then(|rule| config.rules.get(rule));
        Some(Terms { config, model, rule, sort: self.sort })
    }

    /// The provider's name of the model of attempt `attempt`.
    pub fn model_name<'a>(&'a self, config: &'a Config, attempt: usize) -> Option<&'a str> {
        let choice = self.targets.get(attempt)?;
        let named = config.targets.get(choice.target)?.model.as_deref();
        named.or_else(|| choice.any.as_ref().map(|any| any.name.as_str()))
    }

    /// Takes all targets of a provider out, before the plan is run: it has no room. Not
    /// the last ones, and not where the router cannot be told. Was that done?
    pub fn leave_out(&mut self, config: &Config, provider: usize) -> bool {
        let is_theirs = |choice: &Choice| {
            config.targets.get(choice.target).is_some_and(|t| t.provider == provider)
        };
        if self.via.is_some() || self.targets.iter().all(is_theirs) {
            return false;
        }
        if self.targets.first().is_some_and(is_theirs) {
            // What the first had to itself.
            (self.probe, self.errand, self.due) = (None, None, false);
        }
        self.targets.retain(|choice| !is_theirs(choice));
        true
    }

    /// Puts the spare keys behind attempt `attempt`, whose key was not to blame, behind
    /// everybody else. (Not out: the router counts its retries by the plan as it was.)
    /// Has anything changed?
    pub fn defer_spares(&mut self, attempt: usize) -> bool {
        let behind = self.targets.get_mut(attempt + 1..).unwrap_or_default();
        let spares = behind.iter().take_while(|choice| choice.spare).count();
        if self.via.is_some() || spares == 0 || spares == behind.len() {
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
        if self.via.is_some() {
            // What comes next comes next.
            return larger.first() == Some(&true);
        }
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
    pub fn orders<'a>(&'a self, config: &'a Config, from: usize) -> Vec<(&'static str, &'a str)> {
        if let Some(via) = &self.via {
            // Envoy asks once, before the first attempt.
            return if from == 0 {
                vec![(TARGET_HEADERS[0], via), ("x-sluice-pick", "0")]
            } else {
                Vec::new()
            };
        }
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
        let Self { target, surface, translator, ref any, .. } = *self;
        Self { target, surface, translator, key: Some(key), spare: true, any: any.clone() }
    }
}
