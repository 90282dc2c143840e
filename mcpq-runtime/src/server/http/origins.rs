//! From which pages a browser may call.

use std::fmt;

use http::{HeaderMap, Uri, header::ORIGIN};

use super::hosts::{Host, LOOPBACK};

/// The allowed origins.
#[derive(Clone, Debug)]
pub(super) struct Origins(Vec<Rule>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Rule {
    /// What browsers send for pages without an origin.
    Null,
    Exact(Origin),
    AnyPort {
        scheme: String,
        name: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Origin {
    scheme: String,
    name: String,
    port: u16,
}

impl Default for Origins {
    fn default() -> Self {
        let rules = ["http", "https"]
            .into_iter()
            .flat_map(|scheme| LOOPBACK.map(|name| Rule::AnyPort { scheme: scheme.to_owned(), name: name.to_owned() }));
        Self(rules.collect())
    }
}

impl Origins {
    pub(super) fn allow(&mut self, origin: &str) {
        match Rule::parse(origin) {
            Some(rule) => self.0.push(rule),
            None => tracing::warn!(origin, "the allowed origin will never match; write it as https://app.example.com"),
        }
    }

    /// As rmcp's configuration takes them.
    pub(super) fn list(&self) -> Vec<String> {
        self.0.iter().map(Rule::to_string).collect()
    }

    /// Why a request may not pass.
    pub(super) fn refuse(&self, headers: &HeaderMap) -> Option<String> {
        let origin = headers.get(ORIGIN)?;
        let origin = String::from_utf8_lossy(origin.as_bytes());
        let allowed = match Origin::parse(&origin) {
            Some(origin) => self.0.iter().any(|rule| rule.matches(&origin)),
            None => origin == "null" && self.0.contains(&Rule::Null),
        };
        (!allowed).then(|| format!("the Origin `{origin}` is not allowed; name it in the setting `allow_origin`"))
    }
}

impl Rule {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text == "null" {
            return Some(Self::Null);
        }
        match text.strip_suffix(":*") {
            Some(base) => {
                let (scheme, host) = split(base)?;
                Some(Self::AnyPort { scheme, name: host.name })
            }
            None => Origin::parse(text).map(Self::Exact),
        }
    }

    fn matches(&self, origin: &Origin) -> bool {
        match self {
            Self::Null => false,
            Self::Exact(allowed) => allowed == origin,
            Self::AnyPort { scheme, name } => *scheme == origin.scheme && *name == origin.name,
        }
    }
}

impl Origin {
    fn parse(text: &str) -> Option<Self> {
        let (scheme, host) = split(text)?;
        let port = match (host.port, scheme.as_str()) {
            (Some(port), _) => port,
            (None, "http") => 80,
            (None, "https") => 443,
            (None, _) => return None,
        };
        Some(Self { scheme, name: host.name, port })
    }
}

fn split(text: &str) -> Option<(String, Host)> {
    let uri: Uri = text.parse().ok()?;
    let scheme = uri.scheme_str()?.to_ascii_lowercase();
    Some((scheme, Host::from(uri.authority()?)))
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = |name: &String, port| Host { name: name.clone(), port };
        match self {
            Self::Null => f.write_str("null"),
            Self::Exact(Origin { scheme, name, port }) => {
                write!(f, "{scheme}://{}", host(name, Some(*port)))
            }
            Self::AnyPort { scheme, name } => write!(f, "{scheme}://{}:*", host(name, None)),
        }
    }
}
