//! Copies of calls for another model, by Envoy's mirror policy.
//!
//! ```text
//!   client ── listener, sluice.gateway ── router ──────────────── provider
//!              marks a share of a model's    └─ mirror ─ cluster sluice-shadow
//!              calls by two headers                        └─ internal listener, sluice.shadow
//!                                                               └─ router ── the other's provider
//! ```
//!
//! The mirrored request is the one that left this chain: the client's own body, before
//! any attempt rewrites it. It comes back to a listener of the same Envoy that no client
//! can reach, where this same role runs as `sluice.shadow`: it takes the model from a
//! header instead of the body, asks for no key, counts under a consumer of its own, and
//! tells nobody's health: a trial must not take a provider from real calls. Envoy throws
//! its answer away. `sluice render` writes all of it where a model has a shadow.
//!
//! <https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route_components.proto#config-route-v3-routeaction-requestmirrorpolicy>

use super::Call;
use crate::config::compiled::{SHADOW_CLUSTER, SHADOW_HEADER, Shadow};
use crate::dialect::Facts;
use crate::error::{Error, Kind};
use crate::exchange::registry::Entry;
use crate::host::{Headers, Host, Side, text, value};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The model that answers the copy.
const MODEL: &str = "x-sluice-shadow-model";
/// The label of the endpoint in metrics: real calls are looked at without these.
const ENDPOINT: &str = "shadow";

// === impl Call ===

impl Call {
    /// The same role where copies come in.
    pub fn in_shadow(mut self) -> Self {
        self.shadow = Some(String::new());
        self.endpoint = ENDPOINT;
        self
    }

    /// Of a copy: who is to answer it.
    pub(super) fn take_shadow(&mut self, reserved: &Headers) {
        if let Some(model) = &mut self.shadow {
            *model = text(reserved, MODEL).unwrap_or_default().to_owned();
        }
    }

    /// A copy is for the other model, whatever its body names.
    pub(super) fn recast(&self, mut facts: Facts) -> Result<Facts, Error> {
        match self.shadow.as_deref() {
            None => Ok(facts),
            Some("") => Err(Error::new(Kind::Internal, "a copy without its model")),
            Some(model) => {
                facts.model = model.to_owned();
                Ok(facts)
            }
        }
    }

    /// Has this call copied where it is one of those.
    pub(super) fn cast_shadow(&self, host: &dyn Host, entry: &Entry) {
        let Some(model) = self.config.models.get(entry.plan.model) else { return };
        let Some(shadow) = model.shadow.as_ref().filter(|_| self.shadow.is_none()) else { return };
        // A body that still comes in would have to be held for the copy; and a copy is
        // nobody's, so that no tag would keep it where its consumer's calls must stay.
        if entry.flows || !entry.caller.consumer.permits.require.is_empty() {
            return;
        }
        let chance = self.worker.registry.chance().to_le_bytes();
        let by = model.by.as_ref().and_then(|name| value(&entry.headers, name));
        if !is_picked(shadow, by.unwrap_or(&chance)) {
            return;
        }
        let orders = [(SHADOW_HEADER, SHADOW_CLUSTER), (MODEL, shadow.model.as_str())];
        host.edit_headers(Side::Request, &[], &orders);
    }
}

/// The same key, the same answer.
fn is_picked(shadow: &Shadow, key: &[u8]) -> bool {
    xxh3_64_with_seed(key, SEED) <= shadow.up_to
}

/// Another than the strategies': a share of each of their targets' calls.
const SEED: u64 = 0x7368_6164_6f77;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_converge() {
        for percent in [0.1, 1.0, 5.0, 50.0, 99.0, 100.0] {
            let up_to = (percent / 100.0 * u64::MAX as f64) as u64;
            let shadow = Shadow { model: "trial".into(), up_to };
            let picked = (0..100_000_u64).filter(|n| is_picked(&shadow, &n.to_le_bytes())).count();
            let (wanted, picked) = (percent * 1000.0, picked as f64);
            let deviation = (wanted * (1.0 - percent / 100.0)).sqrt();
            assert!((picked - wanted).abs() <= 5.0 * deviation, "{percent} %: {picked}");
        }
    }
}
