//! Who might take a call, before anybody is judged.

use super::explain::Why;
use super::prefer::Preferences;
use super::strategy::{self, Asked};
use super::terms::Terms;
use super::{rules, unknown_model};
use crate::catalog::Known;
use crate::config::{Consumer, Provider, Target};
use crate::dialect::Facts;
use crate::error::Error;

#[derive(Clone, Copy)]
pub(super) struct Candidate<'a> {
    /// Place in `Config::targets`.
    pub(super) index: usize,
    pub(super) target: &'a Target,
    pub(super) provider: &'a Provider,
    /// The name a client asks for.
    pub(super) asked: &'a str,
    pub(super) known: Known,
    /// Tags without which it is not tried.
    pub(super) require: &'a [String],
}

/// Most that are looked at.
const MAX_CANDIDATES: usize = 32;

/// Those of the model, then those of each further model that the client names, each
/// under its own rule: whoever may not be sent a call by its model is not by another's.
/// And what the call sticks by, if it does.
pub(super) fn all<'a>(
    terms: Terms<'a>,
    facts: &'a Facts,
    call: Asked<'_>,
    (consumer, prefers): (&Consumer, Option<&'a Preferences>),
    pass: &dyn Fn(&Target, Why<'_>),
) -> Result<(Vec<Candidate<'a>>, Option<u64>), Error> {
    let (mut all, affinity) = of(terms, &facts.model, call);
    let Some(prefers) = prefers else { return Ok((all, affinity)) };
    let unwanted = |target: &Target, param: &str| pass(target, Why::Unwanted(param));
    let mut emptied = prefers.arrange(&mut all, &unwanted);
    for (n, name) in prefers.models.iter().enumerate() {
        if *name == facts.model || prefers.models.iter().take(n).any(|earlier| earlier == name) {
            continue;
        }
        let config = terms.config;
        let Some((_, model)) = config.model(name).filter(|_| consumer.may_use(name)) else {
            return Err(unknown_model(name).with_param("models"));
        };
        let facts = Facts { model: name.clone(), ..facts.clone() };
        let rule = rules::find(config, &facts).and_then(|rule| config.rules.get(rule));
        let call = Asked { facts: &facts, ..call };
        let (mut group, _) = of(Terms { config, model, rule }, name, call);
        emptied = emptied.or(prefers.arrange(&mut group, &unwanted));
        all.append(&mut group);
    }
    all.iter().skip(MAX_CANDIDATES).for_each(|c| pass(c.target, Why::Beyond));
    all.truncate(MAX_CANDIDATES);
    match emptied {
        Some(param) if all.is_empty() => {
            Err(Error::invalid(param.to_owned(), "no target of this model is left by it"))
        }
        _ => Ok((all, affinity)),
    }
}

/// In the order of the strategy, and what the call sticks by, if it does.
pub(super) fn of<'a>(
    terms: Terms<'a>,
    asked: &'a str,
    call: Asked<'_>,
) -> (Vec<Candidate<'a>>, Option<u64>) {
    let listed = terms.targets().filter_map(|(index, target)| {
        let provider = terms.config.providers.get(target.provider)?;
        let look_up = || provider.known(target.model.as_deref().unwrap_or(asked));
        let known = target.known.unwrap_or_else(look_up);
        Some(Candidate { index, target, provider, asked, known, require: terms.require() })
    });
    let mut all: Vec<_> = listed.collect();
    let affinity = strategy::sort(&mut all, terms, call);
    (all, affinity)
}

// === impl Candidate ===

impl<'a> Candidate<'a> {
    /// The provider's name of the model.
    pub(super) fn name(&self) -> &'a str {
        self.target.model.as_deref().unwrap_or(self.asked)
    }
}
