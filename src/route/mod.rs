//! From a call to its plan: which targets, in which order, and what Envoy must
//! be told to run them.
//!
//! Values in, values out: no clock, no randomness, no IO. The plan is made once
//! per call; Envoy executes it (see `envoy/envoy.yaml`, refresh_cluster_on_retry).

use crate::catalog::Known;
use crate::config::compiled::MAX_TARGETS;
use crate::config::{Config, Consumer, Model, Provider, Target};
use crate::dialect::Facts;
use crate::dialect::features;
use crate::dialect::{Request, Translator};
use crate::error::{Error, Kind};
use crate::provider::{Path, Surface};
use count::Uncounted;

mod count;

/// What is to be done for a call.
pub enum Planned {
    Run(Plan),
    /// So many tokens by estimate: no vendor counts for this model.
    Estimate(u64),
}

/// The ordered targets of a call, as indexes into the configuration.
pub struct Plan {
    pub model: usize,
    /// At least one.
    pub targets: Vec<Choice>,
    /// `x-envoy-upstream-rq-per-try-timeout-ms`: the longest of the targets' own
    /// deadlines. Shorter ones are kept by the upstream role.
    pub per_try_ms: u64,
}

/// One of the model's targets, and the surface of its provider that is spoken.
pub struct Choice {
    /// Index into the model's targets.
    pub target: usize,
    /// Index into the kind's surfaces.
    pub surface: usize,
    pub translator: &'static Translator,
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
}

/// Plans a call. Targets that cannot carry it are
/// left out; if none is left, the first one's reason is the error.
///
/// Top-level facts decide for every target. What stands deeper is only known by
/// translating, so that is tried here for a target that others stand behind: else
/// its refusal would end a call that the next target could serve. The last target
/// translates when its turn comes, so an OpenAI-first plan costs nothing here.
///
/// What `consumer` may not use does not exist for it.
pub fn plan(
    config: &Config,
    consumer: &Consumer,
    facts: &Facts,
    body: &[u8],
) -> Result<Planned, Error> {
    let client = facts.client;
    let Some((index, model)) =
        config.model(&facts.model).filter(|_| consumer.may_use(&facts.model))
    else {
        return Err(unknown_model(&facts.model));
    };
    let mut plan =
        Plan { model: index, targets: Vec::with_capacity(model.targets.len()), per_try_ms: 0 };
    let (mut refusal, mut uncounted) = (None, None);
    for (i, target) in model.targets.iter().enumerate() {
        let Some(provider) = config.providers.get(target.provider) else { continue };
        let kind = provider.kind;
        let name = target.model.as_deref().unwrap_or(&facts.model);
        let known = target.known.unwrap_or_else(|| provider.known(name));
        let api = target.api.or_else(|| known.api());
        let maker = known.traits.maker;
        let Some((surface, row)) = kind.surface(client, name, maker, api) else {
            if plan.targets.is_empty() && uncounted.is_none() {
                uncounted = Uncounted::find(client, kind, target, name, known);
            }
            continue;
        };
        if uncounted.as_ref().is_some_and(|first| !first.is_like(&known)) {
            continue;
        }
        let mut carried = features::check(row.gaps, facts);
        let (traits, quirks) = (known.traits, kind.quirks);
        let deep = row.reads.is_none() || quirks.concern(facts);
        if deep && i + 1 < model.targets.len() && carried.is_ok() {
            let request = Request { body, facts, model: name, traits, quirks, betas: "" };
            carried = (row.request)(&request).and_then(|made| made.allow(config.strict)).map(drop);
        }
        match carried {
            Ok(()) => {
                plan.per_try_ms = plan.per_try_ms.max(target.deadline_ms(facts.stream));
                let known = target.known.is_none().then(|| Box::new(known));
                plan.targets.push(Choice { target: i, surface, translator: row, known });
            }
            Err(e) => refusal = refusal.or(Some(e)),
        }
    }
    if let (true, Some(first)) = (plan.targets.is_empty(), uncounted) {
        return first.estimate(config, facts, body).map(Planned::Estimate);
    }
    if plan.targets.is_empty() {
        return Err(refusal.unwrap_or_else(|| {
            let words = "this model has no target that can take calls of this API";
            Error::invalid("model", words)
        }));
    }
    Ok(Planned::Run(plan))
}

/// For listings and for the error of a single look-up.
pub fn unknown_model(name: &str) -> Error {
    let shown: String = name.chars().take(64).collect();
    let more = if shown.len() < name.len() { ".." } else { "" };
    Error::new(
        Kind::ModelNotFound,
        format!(
            "the model `{shown}{more}` does not exist here, or not for this key; GET /v1/models \
             lists what does"
        ),
    )
    .with_param("model")
}

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
        let model = config.models.get(self.model)?;
        let choice = self.targets.get(attempt)?;
        let target = model.targets.get(choice.target)?;
        let provider = config.providers.get(target.provider)?;
        let surface = provider.kind.surfaces.get(choice.surface)?;
        let paths = provider.paths.get(choice.surface)?;
        let translator = choice.translator;
        let known = target.known.or_else(|| choice.known.as_deref().copied())?;
        Some(Resolved { model, target, provider, surface, paths, translator, known })
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
