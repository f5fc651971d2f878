//! Peers whose word is taken: networks, and names in certificates.

use crate::config::glob;
use std::net::{IpAddr, SocketAddr};

#[derive(Debug, Default)]
pub struct Peers {
    pub networks: Vec<Network>,
    /// Patterns of URIs in certificates.
    pub uris: Vec<String>,
}

/// Addresses that begin alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    first: IpAddr,
    bits: u32,
}

// === impl Peers ===

impl Peers {
    /// `text`: an address, with or without a port.
    pub fn has_address(&self, text: &str) -> bool {
        let address = text.parse::<IpAddr>().or_else(|_| text.parse().map(|a: SocketAddr| a.ip()));
        address.is_ok_and(|address| self.networks.iter().any(|n| n.has(address)))
    }

    pub fn has_uri(&self, uri: &str) -> bool {
        self.uris.iter().any(|pattern| glob::matches(pattern, uri))
    }
}

// === impl Network ===

impl Network {
    /// `10.0.0.0/8`, or one address.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u32>().ok()?)),
            None => (text, None),
        };
        let first: IpAddr = address.parse().ok()?;
        let most = if first.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        (bits <= most).then_some(Self { first, bits })
    }

    pub fn has(self, address: IpAddr) -> bool {
        let alike = |a: u128, b: u128, width: u32| {
            // A shift by the whole width would be none.
            self.bits == 0 || (a ^ b) >> (width - self.bits) == 0
        };
        match (self.first, address.to_canonical()) {
            (IpAddr::V4(a), IpAddr::V4(b)) => alike(a.to_bits().into(), b.to_bits().into(), 32),
            (IpAddr::V6(a), IpAddr::V6(b)) => alike(a.to_bits(), b.to_bits(), 128),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks() {
        for (network, address, has) in [
            ("10.0.0.0/8", "10.255.1.2", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.0/8", "::ffff:10.1.1.1", true),
            ("10.0.0.0/8", "::a00:1", false),
            ("0.0.0.0/0", "255.1.2.3", true),
            ("0.0.0.0/0", "::1", false),
            ("::/0", "fe80::1", true),
            ("127.0.0.1", "127.0.0.1", true),
            ("127.0.0.1", "127.0.0.2", false),
            ("fd00::/7", "fc01::1", true),
            ("fd00::/8", "fe01::1", false),
        ] {
            let network = Network::parse(network).unwrap();
            assert_eq!(network.has(address.parse().unwrap()), has, "{network:?} {address}");
        }
        for bad in ["", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/", "10.0.0.0/-1", "::/129", "host"] {
            assert_eq!(Network::parse(bad), None, "{bad}");
        }
        let networks = Network::parse("10.0.0.0/8").into_iter().collect();
        let peers = Peers { networks, uris: vec!["spiffe://prod/ns/edge/*".into()] };
        for (address, has) in [
            ("10.1.2.3", true),
            ("10.1.2.3:4711", true),
            ("[::ffff:10.1.2.3]:4711", true),
            ("10.1.2.3, 10.1.2.4", false),
            ("/run/socket", false),
            ("", false),
        ] {
            assert_eq!(peers.has_address(address), has, "{address}");
        }
        assert!(peers.has_uri("spiffe://prod/ns/edge/sa/a") && !peers.has_uri("spiffe://prod/x"));
    }
}
