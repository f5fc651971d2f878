//! Which limits count a call, and in which accounts.
//!
//! An account's id is a digest of its scopes and their values, so that limits of the same
//! scopes meet in one account, wherever they stand; fleet limits have accounts of their
//! own. No value can take the place of another: each begins with its scope and ends with a
//! byte that no text has.

use super::Booked;
use crate::config::limits::{Limit, Resource, Scope};
use crate::config::{Config, Provider, glob};
use crate::dialect::Usage;
use crate::policy::identity::Caller;
use crate::policy::limits::{self, Standing};
use smallvec::SmallVec;
use std::borrow::Cow;
use xxhash_rust::xxh3::xxh3_64;

/// Who asks for what.
pub(super) struct Asker<'a> {
    pub(super) config: &'a Config,
    pub(super) caller: &'a Caller,
    /// The configured model.
    pub(super) model: &'a str,
    /// The name that was asked for.
    pub(super) asked: &'a str,
    /// Tokens and nanodollars.
    pub(super) expected: (Usage, u64),
    /// It counts tokens: a request, and nothing else.
    pub(super) counting: bool,
}

/// Ends a value: not in UTF-8.
const END: u8 = 0xff;
/// Added to a scope in whose place another stands.
const INSTEAD: u8 = 0x80;

// === impl Asker ===

impl Asker<'_> {
    /// All that is asked at this provider, by account: first those that count for any
    /// provider, unless it is for `others` (those of the provider alone).
    pub(super) fn asks(&self, provider: &Provider, provider_only: bool) -> Vec<Booked> {
        let mut booked: Vec<Booked> = Vec::new();
        let (usage, cost) = &self.expected;
        for index in self.config.limits_at(&self.caller.consumer) {
            let Some(limit) = self.config.limits.get(index) else { continue };
            let scopes = self.config.scopes.get(limit.scopes).map_or(&[][..], Vec::as_slice);
            let of_provider = !limit.when.providers.is_empty() || scopes.contains(&Scope::Provider);
            if provider_only && !of_provider
                || self.counting && limit.resource != Resource::Requests
                || !self.counts(limit, provider)
            {
                continue;
            }
            let alike = |b: &&Booked| {
                self.config.limits.get(b.limit).is_some_and(|l| {
                    l.scopes == limit.scopes && l.fleet.is_none() && limit.fleet.is_none()
                })
            };
            let known = booked.iter().find(alike).map(|b| b.account);
            booked.push(Booked {
                account: known.unwrap_or_else(|| self.account(limit, scopes, &provider.name)),
                limit: index,
                need: limits::need(limit, usage, *cost),
                of_provider,
                standing: Standing::default(),
            });
        }
        // Those of a provider come last in any order: they may be given back alone.
        booked.sort_by_key(|b| (b.of_provider, b.account));
        booked
    }

    fn counts(&self, limit: &Limit, provider: &Provider) -> bool {
        let one = |patterns: &[String], name| patterns.iter().any(|p| glob::matches(p, name));
        let (models, providers) = (&limit.when.models, &limit.when.providers);
        (models.is_empty() || one(models, self.model) || one(models, self.asked))
            && (providers.is_empty() || one(providers, &provider.name))
    }

    /// What a rate limit service counts this call under. Whoever stands in another's place
    /// has a name that no other has: those have no slash.
    pub(super) fn entries<'b>(
        &'b self,
        limit: &'b Limit,
        provider: &'b str,
    ) -> Vec<(&'static str, Cow<'b, str>)> {
        let (team, _) = self.config.belongs(&self.caller.consumer);
        let name = self.caller.name();
        let scopes = self.config.scopes.get(limit.scopes).map_or(&[][..], Vec::as_slice);
        let mut entries = vec![("limit", Cow::from(&limit.name))];
        entries.extend(scopes.iter().map(|scope| {
            let value = match (self.own(*scope, provider), scope) {
                (Some(key), Scope::Key) => Cow::from(format!("{name}/{key}")),
                (Some(value), _) => Cow::from(value),
                (None, Scope::Organization) if team.is_some() => {
                    Cow::from(format!("team/{}", team.unwrap_or_default()))
                }
                (None, _) => Cow::from(format!("consumer/{name}")),
            };
            (scope.as_str(), value)
        }));
        entries
    }

    fn own<'b>(&'b self, scope: Scope, provider: &'b str) -> Option<&'b str> {
        let (team, organization) = self.config.belongs(&self.caller.consumer);
        match scope {
            Scope::Organization => organization,
            Scope::Team => team,
            Scope::Consumer => Some(self.caller.name()),
            Scope::Key => self.caller.key.as_deref(),
            Scope::Model => Some(self.model),
            Scope::Provider => Some(provider),
        }
    }

    /// `provider`: its name.
    pub(super) fn account(&self, limit: &Limit, scopes: &[Scope], provider: &str) -> u64 {
        let (team, _) = self.config.belongs(&self.caller.consumer);
        let name = self.caller.name();
        let mut text: SmallVec<[u8; 96]> = SmallVec::new();
        for scope in scopes {
            let own = self.own(*scope, provider);
            let tag = *scope as u8;
            match (own, scope) {
                (Some(key), Scope::Key) => {
                    // Two consumers may have a key of the same name.
                    text.push(tag);
                    text.extend_from_slice(name.as_bytes());
                    text.push(END);
                    text.extend_from_slice(key.as_bytes());
                }
                (Some(value), _) => {
                    text.push(tag);
                    text.extend_from_slice(value.as_bytes());
                }
                // A team without organization counts as a team, the rest under its name.
                (None, Scope::Organization) if team.is_some() => {
                    text.push(tag | INSTEAD);
                    text.push(Scope::Team as u8);
                    text.extend_from_slice(team.unwrap_or_default().as_bytes());
                }
                (None, _) => {
                    text.push(tag | INSTEAD);
                    text.push(Scope::Consumer as u8);
                    text.extend_from_slice(name.as_bytes());
                }
            }
            text.push(END);
        }
        if limit.fleet.is_some() {
            text.extend_from_slice(&limit.id.to_le_bytes());
        }
        xxh3_64(&text)
    }
}
