//! `HOST:PORT` on the command line.

use serde_json::{Value, json};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// A name or an address (IPv6 in brackets), and a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Without brackets.
    pub host: String,
    pub port: u16,
}

// === impl Address ===

impl Address {
    /// As Envoy writes it.
    pub fn socket_address(&self) -> Value {
        json!({ "socket_address": { "address": self.host, "port_value": self.port } })
    }

    pub fn is_ip(&self) -> bool {
        self.host.parse::<IpAddr>().is_ok()
    }
}

impl FromStr for Address {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (host, port) = text.rsplit_once(':').ok_or("must be HOST:PORT")?;
        let port = port.parse().map_err(|_| "must be HOST:PORT, the port 1 to 65535")?;
        let host = match host.strip_prefix('[') {
            Some(host) => host.strip_suffix(']').ok_or("has '[' without ']'")?,
            None if host.contains(':') => return Err("an IPv6 address needs brackets: [::1]:8080"),
            None => host,
        };
        if host.is_empty() {
            return Err("must be HOST:PORT; 0.0.0.0:PORT for every address of this machine");
        }
        Ok(Self { host: host.to_owned(), port })
    }
}

impl From<SocketAddr> for Address {
    fn from(addr: SocketAddr) -> Self {
        Self { host: addr.ip().to_string(), port: addr.port() }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_addresses() {
        for text in ["127.0.0.1:8080", "mock:8081", "[::1]:80"] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
        for bad in ["", "8080", ":8080", "::1:80", "a:b", "a:70000", "[::1:80"] {
            assert!(bad.parse::<Address>().is_err(), "{bad}");
        }
    }
}
