//! `GET /sluice/limits`: what the caller may spend, and what is left of it.
//!
//! Of a limit that counts each model or provider apart the amount alone: there are as many
//! accounts as models. Must not: show what another caller has, or limits that only watch
//! (`shadow`).

use super::asks::Asker;
use super::headers::rfc3339;
use super::refusal::{period, whose};
use crate::config::Config;
use crate::config::limits::{Exceeded, Limit, Resource, Scope};
use crate::dialect::Usage;
use crate::host::Host;
use crate::policy::identity::Caller;
use crate::policy::limits::{self, Ask};
use crate::store::accounts;
use serde_json::{Value, json};

pub(in crate::exchange) fn page(host: &dyn Host, config: &Config, caller: &Caller) -> Vec<u8> {
    let now = host.now();
    let expected = (Usage::default(), 0);
    let asker = Asker { config, caller, model: "", asked: "", expected, counting: false };
    let limits = config.limits_at(&caller.consumer).filter_map(|at| config.limits.get(at));
    let rows = limits.filter(|limit| !limit.shadow).map(|limit| {
        let scopes = config.scopes.get(limit.scopes).map_or(&[][..], Vec::as_slice);
        let of: Vec<_> = scopes.iter().map(|scope| whose(*scope)).collect();
        let mut row = json!({
            "limit": limit.name,
            "of": if of.is_empty() { "all calls".to_owned() } else { of.join(" and ") },
            "counts": counts(limit),
            "amount": shown(limit, limit.amount),
            "every": period(limit).trim_start_matches(" per "),
            "on_exceeded": match &limit.exceeded {
                Exceeded::Refuse => json!("refuse"),
                Exceeded::Warn => json!("warn"),
                Exceeded::RouteTo(model) => json!({ "route_to": model }),
            },
        });
        for (name, only) in [("models", &limit.when.models), ("providers", &limit.when.providers)] {
            if !only.is_empty() {
                row[name] = json!(only);
            }
        }
        if !scopes.iter().any(|s| matches!(s, Scope::Model | Scope::Provider)) {
            let account = accounts::read(host, asker.account(limit, scopes, ""), now);
            let state = account.states.iter().find(|s| s.limit == limit.id);
            let standing = limits::stands(state, Ask { limit, need: 0 }, now);
            row["remaining"] = shown(limit, standing.left);
            if standing.resets > now {
                row["resets_at"] = json!(rfc3339(standing.resets));
            }
        }
        row
    });
    let rows: Vec<Value> = rows.collect();
    json!({ "object": "sluice.limits", "data": rows }).to_string().into_bytes()
}

fn counts(limit: &Limit) -> &'static str {
    match limit.resource {
        Resource::Requests => "requests",
        Resource::Tokens(_) => "tokens",
        Resource::Dollars => "dollars",
        Resource::Concurrent => "concurrent calls",
    }
}

/// In units that people know.
fn shown(limit: &Limit, n: u64) -> Value {
    match limit.resource {
        Resource::Requests | Resource::Concurrent => json!(n),
        Resource::Tokens(_) => json!(n / 1000),
        Resource::Dollars => json!(n as f64 / 1e9),
    }
}
