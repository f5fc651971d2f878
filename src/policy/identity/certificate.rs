//! Client certificates: the URI (a SPIFFE id) or the DNS name in one that the listener took.
//!
//! Envoy tells the first of each kind, and cannot tell whether it verified the certificate:
//! `connection.mtls` only says that there is one. So the listener must have `trusted_ca` and
//! no `trust_chain_verification: ACCEPT_UNTRUSTED`; `envoy/identity/mtls.yaml` has it so.
//! <https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/advanced/attributes#connection-attributes>,
//! <https://github.com/spiffe/spiffe/blob/main/standards/X509-SVID.md>

use super::Caller;
use crate::config::Config;

/// The first URI in the peer's certificate.
pub(super) const URI: &str = "uri_san_peer_certificate";
const DNS: &str = "dns_san_peer_certificate";

pub(super) fn caller(
    config: &Config,
    property: &dyn Fn(&[&str]) -> Option<Vec<u8>>,
) -> Option<Caller> {
    let identity = &config.identity;
    let kinds = [(URI, &identity.uris), (DNS, &identity.dns)];
    kinds.into_iter().filter(|(_, names)| names.any()).find_map(|(name, names)| {
        let said = String::from_utf8(property(&["connection", name])?).ok()?;
        Caller::at(config, names.find(&said).filter(|_| !said.is_empty())?)
    })
}
