//! The word of a gateway in front of this one: a header that only configured peers may send.
//!
//! The peer is the one at the other end of the connection. Envoy's `source.address` is not:
//! it follows x-forwarded-for where the listener does, and that is the client's to write. So
//! the address is read from filter state, where Envoy's `set_filter_state` puts
//! `%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%` (`envoy/identity/header.yaml`); where
//! nothing did, no address is trusted. A certificate's URI is the connection's by itself.
//! <https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/set_filter_state>

use super::{Caller, certificate};
use crate::config::Config;
use crate::config::identity::Header;
use crate::host::Headers;

/// The filter state that holds the peer's address.
const PEER: &str = "sluice.peer";

/// May this request's peer send the header?
pub fn is_trusted(header: &Header, property: &dyn Fn(&[&str]) -> Option<Vec<u8>>) -> bool {
    let text = |path: &[&str]| property(path).and_then(|bytes| String::from_utf8(bytes).ok());
    let peers = &header.peers;
    let by_address =
        || text(&["filter_state", PEER]).is_some_and(|address| peers.has_address(&address));
    let by_uri = || text(&["connection", certificate::URI]).is_some_and(|uri| peers.has_uri(&uri));
    !peers.networks.is_empty() && by_address() || !peers.uris.is_empty() && by_uri()
}

/// Whom the header names; several headers name nobody.
pub(super) fn caller(config: &Config, headers: &Headers) -> Option<Caller> {
    let header = config.identity.header.as_ref()?;
    let mut said = headers.iter().filter(|(name, _)| *name == header.name);
    let (Some((_, value)), None) = (said.next(), said.next()) else { return None };
    let value = std::str::from_utf8(value).ok()?.trim();
    Caller::at(config, header.values.find(value).filter(|_| !value.is_empty())?)
}
