//! Where Envoy has brought an attempt: to its target's cluster or another's, over a
//! connection or into a queue.
//!
//! The route decides the first (`x-sluice-target-N`, read anew for each attempt because
//! of `refresh_cluster_on_retry`), and a route that decides otherwise would send one
//! provider the key of another. Envoy 1.40.0 does so, whatever that field says, while the
//! route's `hedge_policy` is on: see `docs/hedging.md`.
//! <https://www.envoyproxy.io/docs/envoy/v1.40.0/api-v3/config/route/v3/route_components.proto>
//!
//! Must not: be asked on the way of a call that goes well at once; each is a host call.

use super::registry::Entry;
use crate::host::Host;

/// Attempt `index` is in the cluster of another of its call's targets: its name. One that
/// the plan does not know, such as a composite cluster's, is the bootstrap's affair.
pub(super) fn misrouted(host: &dyn Host, entry: &Entry, index: usize) -> Option<String> {
    let cluster = |n| Some(entry.plan.resolve(&entry.config, n)?.provider.cluster.as_str());
    let wanted = cluster(index)?;
    let actual = host.property(&["xds", "cluster_name"])?;
    let is_here = |name: &str| name.as_bytes() == actual;
    if is_here(wanted) {
        return None;
    }
    (0..entry.plan.targets.len()).filter_map(cluster).find(|c| is_here(c)).map(str::to_owned)
}

/// The latest attempt of this call has, or had, a connection to send its request on.
pub(super) fn is_connected(host: &dyn Host) -> bool {
    host.property(&["upstream", "local_address"]).is_some_and(|address| !address.is_empty())
}
