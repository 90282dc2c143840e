//! Which `Host` a request may name.

use std::fmt;

use http::{HeaderMap, Uri, header::HOST, uri::Authority};

/// The allowed hosts.
#[derive(Clone, Debug)]
pub(super) struct Hosts {
    any: bool,
    allowed: Vec<Host>,
}

/// A name or address, without the brackets of an IPv6 address, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Host {
    pub(super) name: String,
    pub(super) port: Option<u16>,
}

/// Names that cannot be pointed elsewhere.
pub(super) const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

impl Default for Hosts {
    fn default() -> Self {
        Self { any: false, allowed: LOOPBACK.into_iter().map(Host::parse).collect() }
    }
}

impl Hosts {
    pub(super) fn allow(&mut self, host: &str) {
        self.allowed.push(Host::parse(host));
    }

    pub(super) fn allow_any(&mut self) {
        self.any = true;
    }

    /// Whether only this machine's own names are allowed.
    pub(super) fn is_local(&self) -> bool {
        !self.any && self.allowed.iter().all(|host| LOOPBACK.contains(&host.name.as_str()))
    }

    /// As rmcp's configuration takes them, where none stands for all.
    pub(super) fn list(&self) -> Vec<String> {
        if self.any { Vec::new() } else { self.allowed.iter().map(Host::to_string).collect() }
    }

    /// Why a request may not pass.
    pub(super) fn refuse(&self, uri: &Uri, headers: &HeaderMap) -> Option<String> {
        if self.any {
            return None;
        }
        let Some(host) = named(uri, headers) else {
            return Some("the request must name one valid `Host`".to_owned());
        };
        let allowed = self
            .allowed
            .iter()
            .any(|allowed| allowed.name == host.name && (allowed.port.is_none() || allowed.port == host.port));
        (!allowed).then(|| format!("the Host `{host}` is not allowed; name it in the setting `allow_host`"))
    }
}

/// The host that a request names: in its header, or over HTTP/2 in its target.
fn named(uri: &Uri, headers: &HeaderMap) -> Option<Host> {
    let mut values = headers.get_all(HOST).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => {
            let authority: Authority = value.to_str().ok()?.parse().ok()?;
            (!authority.as_str().contains('@')).then(|| Host::from(&authority))
        }
        (None, _) => uri.authority().map(Host::from),
        (Some(_), Some(_)) => None,
    }
}

impl Host {
    fn parse(text: &str) -> Self {
        let text = text.trim();
        match text.parse::<Authority>() {
            Ok(authority) => Self::from(&authority),
            // An IPv6 address without brackets.
            Err(_) => Self { name: text.to_ascii_lowercase(), port: None },
        }
    }
}

impl From<&Authority> for Host {
    fn from(authority: &Authority) -> Self {
        let name = authority.host().trim_matches(['[', ']']).to_ascii_lowercase();
        Self { name, port: authority.port_u16() }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.contains(':') {
            write!(f, "[{}]", self.name)?;
        } else {
            f.write_str(&self.name)?;
        }
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}
