//! Provider URLs: `http(s)://host[:port][/base]`, nothing more.
//!
//! Rejected: the `url` crate, whose IDNA tables would be a third of the wasm; a
//! provider's address needs none of what it adds.

/// A provider's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    pub tls: bool,
    /// Host name or address; IPv6 without brackets.
    pub host: String,
    pub port: u16,
    /// `host`, with the port where it is not the scheme's own.
    pub authority: String,
    /// Starts with `/` or is empty; no trailing slash.
    pub base: String,
}

impl Url {
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let (tls, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (_, Some(rest)) => (false, rest),
            _ => return Err("must begin with https:// or http://"),
        };
        let (authority, base) = match rest.find('/') {
            Some(slash) => rest.split_at(slash),
            None => (rest, ""),
        };
        if text.bytes().any(|b| !b.is_ascii_graphic() || matches!(b, b'?' | b'#' | b'"' | b'\\')) {
            return Err("must be plain ASCII without spaces, quotes, '?' or '#'");
        }
        if authority.contains('@') {
            return Err("must not carry credentials; put the key under `keys`");
        }
        let (host, port) = match authority.strip_prefix('[') {
            Some(rest) => {
                let (host, after) = rest.split_once(']').ok_or("has '[' without ']'")?;
                (host, after.strip_prefix(':').or((after.is_empty()).then_some("")))
            }
            None => match authority.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (authority, Some("")),
            },
        };
        let own = if tls { 443 } else { 80 };
        let port = match port {
            Some("") if !authority.ends_with(':') => own,
            Some(port) => port.parse().ok().filter(|p| *p > 0).ok_or("has a bad port")?,
            None => return Err("has a bad port"),
        };
        if host.is_empty() {
            return Err("has no host");
        }
        let shown = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        let authority = if port == own { shown } else { format!("{shown}:{port}") };
        Ok(Self {
            tls,
            host: host.to_owned(),
            port,
            authority,
            base: base.trim_end_matches('/').to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_urls() {
        let url = Url::parse("https://api.openai.com/v1/").unwrap();
        assert_eq!(
            (url.tls, url.port, url.authority.as_str(), url.base.as_str()),
            (true, 443, "api.openai.com", "/v1")
        );
        let url = Url::parse("http://[::1]:8000").unwrap();
        assert_eq!(
            (url.host.as_str(), url.port, url.authority.as_str()),
            ("::1", 8000, "[::1]:8000")
        );
        for bad in [
            "",
            "ftp://x",
            "https://",
            "https://:1",
            "http://u:p@h/",
            "http://h:0",
            "http://h:",
            "http://h:99999",
            "http://h/?q",
            "http://h h",
            "http://[::1",
            "http://[::1]x",
        ] {
            assert!(Url::parse(bad).is_err(), "{bad}");
        }
    }
}
