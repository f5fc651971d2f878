//! The decision: who may take a call, in which order.

use super::able::Needs;
use super::candidates::{self, Candidate};
use super::count::Uncounted;
use super::explain::Why;
use super::health::Standing;
use super::keys::Ring;
use super::prefer::Preferences;
use super::strategy::Asked;
use super::terms::Terms;
use super::{AnyModel, Choice, Moment, Plan, errand, fixed, priced, rules};
use crate::config::compiled::MAX_TARGETS;
use crate::config::raw::{RetryClass, Strategy};
use crate::config::{Config, Consumer, Target};
use crate::dialect::{Facts, Operation, Request, estimate, features};
use crate::error::{Error, Kind};

/// What is to be done for a call.
pub enum Planned {
    Run(Plan),
    /// So many tokens by estimate: no vendor counts for this model.
    Estimate(u64),
}

/// Plans a call. Targets that cannot carry it are left out; if none is left, the first
/// one's reason is the error. So are those that rest; if all do, the one whose rest
/// ends first is tried, or the call refused, as configured.
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
    (facts, body): (&Facts, &[u8]),
    moment: Moment<'_>,
) -> Result<Planned, Error> {
    let client = facts.client;
    let allowed = config.model(&facts.model).filter(|_| consumer.may_use(&facts.model));
    let Some((index, model)) = allowed else {
        return Err(unknown_model(&facts.model));
    };
    let Moment { header, prefers, .. } = moment;
    let wants = prefers.map_or(&[][..], |p| &p.wants);
    let asked = rules::Call { facts, body, consumer: &consumer.name, header, wants };
    let rule = rules::find(&config.index, &asked);
    let sort = prefers.and_then(|p| p.sort);
    let terms = Terms { config, model, rule: rule.and_then(|r| config.rules.get(r)), sort };
    let strict = config.strict || prefers.is_some_and(|p| p.strict);
    if let Some(notes) = moment.notes {
        notes.under(terms);
    }
    let mut plan = Plan { model: index, rule, sort, strict, ..Plan::default() };
    let (mut refusal, mut uncounted) = (None, None);
    // Of those that rest, the least bad, and how bad; of those whose windows are too
    // small, the one with the largest, and how large.
    let mut resting: Option<((bool, u64), Choice)> = None;
    let mut small: Option<(u32, Choice)> = None;
    // The first of those that cannot do what is asked.
    let mut unable: Option<Choice> = None;
    let mut paced = false;
    let mut window = Window { facts, body, least: None };
    let pass = |target: &Target, why: Why<'_>| {
        if let Some(notes) = moment.notes {
            notes.pass(config, target, why, &moment);
        }
    };
    let call = Asked { facts, body, moment: &moment };
    let (candidates, affinity) = candidates::all(terms, facts, call, (consumer, prefers), &pass)?;
    let mut needs = Needs { facts, body, choice: candidates.len() > 1, asked: None };
    let mut ring = Ring::new(config, moment, affinity);
    for (place, candidate) in candidates.iter().enumerate() {
        let Candidate { index, target, provider, known, .. } = *candidate;
        let kind = provider.kind;
        let name = candidate.name();
        let api = target.api.or_else(|| known.api());
        let maker = known.traits.maker;
        if plan.targets.len() == MAX_TARGETS {
            pass(target, Why::Full);
            continue;
        }
        if let Some(tag) = candidate.require.iter().find(|tag| !target.tags.contains(tag)) {
            pass(target, Why::Lacks(tag));
            continue;
        }
        let Some((surface, row)) = kind.surface(client, name, maker, api) else {
            if plan.targets.is_empty() && uncounted.is_none() {
                uncounted = Uncounted::find(client, kind, target, name, known);
            }
            pass(target, Why::NoSuchApi);
            continue;
        };
        if uncounted.as_ref().is_some_and(|first| !first.is_like(&known)) {
            continue;
        }
        if priced::is_denied(config, &known, client.operation()) {
            pass(target, Why::Unpriced);
            refusal = refusal.or_else(|| Some(priced::denied()));
            continue;
        }
        let mut carried = features::check(row.gaps, facts);
        let (traits, quirks) = (known.traits, kind.quirks);
        let deep = row.reads.is_none() || quirks.concern(facts);
        if deep && place + 1 < candidates.len() && carried.is_ok() {
            let request = Request { body, facts, model: name, traits, quirks, betas: "" };
            carried = (row.request)(&request).and_then(|made| made.allow(strict)).map(drop);
        }
        if let Err(e) = carried {
            pass(target, Why::Cannot(&e));
            refusal = refusal.or(Some(e));
            continue;
        }
        let context = known.context.filter(|context| window.overflows(*context));
        let any = AnyModel { name: candidate.asked.to_owned(), known };
        let any = target.model.is_none().then(|| Box::new(any));
        let (key, standing) = ring.next(target, provider);
        let choice = Choice { target: index, surface, translator: row, key, spare: false, any };
        if let Some(ability) = needs.lacks(&known) {
            pass(target, Why::Unable(ability.as_str()));
            unable.get_or_insert(choice);
            continue;
        }
        if let Some(context) = context {
            pass(target, Why::Overflows(context));
            if small.as_ref().is_none_or(|(largest, _)| context > *largest) {
                small = Some((context, choice));
            }
            continue;
        }
        match standing {
            Standing::Cooling(until, reason) => {
                pass(target, Why::Rests(until, reason));
                let bad = standing.badness();
                if resting.as_ref().is_none_or(|(least, _)| bad < *least) {
                    resting = Some((bad, choice));
                }
                continue;
            }
            Standing::Probe if plan.targets.is_empty() => plan.probe = Some(target.id),
            Standing::Due if plan.targets.is_empty() => plan.due = true,
            // Whoever comes first must take its turn.
            Standing::Due => paced = true,
            Standing::Probe | Standing::Well => {}
        }
        plan.targets.push(choice);
    }
    match resting {
        Some(((true, until), _)) if plan.targets.is_empty() && config.health.refuse => {
            return Err(resting_error(until.saturating_sub(moment.now)));
        }
        Some((_, choice)) if plan.targets.is_empty() => plan.targets.push(choice),
        _ => {}
    }
    // The provider knows better than an estimate.
    match small {
        Some((_, choice)) if plan.targets.is_empty() => plan.targets.push(choice),
        _ => {}
    }
    match unable {
        Some(choice) if plan.targets.is_empty() => plan.targets.push(choice),
        _ => {}
    }
    if plan.targets.is_empty() {
        let words = "this model has no target that can take calls of this API";
        return match uncounted {
            Some(first) => first.estimate(config, facts, body).map(Planned::Estimate),
            None => Err(refusal.unwrap_or_else(|| Error::invalid("model", words))),
        };
    }
    let free = !prefers.is_some_and(Preferences::fixes_order) && !paced;
    if terms.strategy() == Strategy::Fastest && free {
        let known = (moment.learned.speeds(), moment.table);
        errand::explore(&mut plan, config, known, moment.now);
    }
    ring.add_spares(&mut plan.targets);
    fixed::cut(config, &mut plan, &moment);
    let own = |choice: &Choice| config.targets.get(choice.target);
    let most = config.retry_limits.attempts.min(plan.targets.len());
    let beyond = plan.targets.split_off(most);
    beyond.iter().filter_map(own).for_each(|target| pass(target, Why::Beyond(most)));
    let deadlines = plan.targets.iter().filter_map(own);
    let deadlines = deadlines.map(|target| terms.deadline_ms(target, facts.stream));
    // A stream is held until its speed is known.
    let hides = terms.retry().classes.contains(&RetryClass::Stream);
    let judged = terms.min_speed().filter(|_| facts.stream && plan.targets.len() > 1 && hides);
    let own = deadlines.max().unwrap_or_default();
    let longer = own + judged.map_or(0, |speed| speed.within_ms);
    // Envoy does not keep one that is as long as the total.
    plan.per_try_ms = longer.min(terms.total_ms().saturating_sub(1)).max(own);
    Ok(Planned::Run(plan))
}

/// What the request surely fills of a model's window.
struct Window<'a> {
    facts: &'a Facts,
    body: &'a [u8],
    /// Tokens; measured once a call, and only if need be.
    least: Option<u64>,
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

/// `rest`: nanoseconds until the first target may be tried again.
fn resting_error(rest: u64) -> Error {
    let words = "all providers of this model rest after failures or rate limits; try again later";
    Error::new(Kind::Unavailable, words).with_retry_after(rest.div_ceil(1_000_000_000).max(1))
}

// === impl Window ===

impl Window<'_> {
    /// More tokens than `context`, whatever a tokenizer makes of it. A token has a byte
    /// at least, so that short requests cost nothing.
    fn overflows(&mut self, context: u32) -> bool {
        let is_text = self.facts.client.operation() == Operation::Chat;
        if !is_text || self.facts.body_bytes as u64 <= u64::from(context) {
            return false;
        }
        let body = self.body;
        *self.least.get_or_insert_with(|| estimate::least_of_request(body)) > u64::from(context)
    }
}
