//! The options of `#[mcp_job(..)]`: which there are, and what each may be.

use std::time::Duration;

use proc_macro2::{Ident, TokenStream};
use syn::{Expr, ExprPath, Path};

use crate::description::Description;
use crate::duration;
use crate::entry::{self, Entry, Given, Kind};
use crate::errors::Errors;
use crate::name;
use crate::rate::{self, Rate};
use crate::suggest::{list, nearest};
use crate::value::{boolean, given, integer_within, mistake, number_within, plain_number, string, text, ungrouped};

/// The options that are there, in the order of the documentation.
const KNOWN: [&str; 17] = [
    "name",
    "description",
    "timeout",
    "max_retries",
    "backoff_base",
    "backoff_max",
    "backoff_jitter",
    "retry_on_timeout",
    "queue",
    "priority",
    "concurrency",
    "rate_limit",
    "result_ttl",
    "failure_ttl",
    "unique",
    "args",
    "crate",
];

/// Options whose meaning is settled, but which this version does not carry out.
const LATER: [&str; 2] = ["schedule", "tool"];

/// What people write who mean one of the options.
const MEANT: [(&str, &str); 19] = [
    ("retries", "max_retries"),
    ("retry", "max_retries"),
    ("attempts", "max_retries"),
    ("max_attempts", "max_retries"),
    ("backoff", "backoff_base"),
    ("jitter", "backoff_jitter"),
    ("ttl", "result_ttl"),
    ("desc", "description"),
    ("doc", "description"),
    ("title", "name"),
    ("cron", "schedule"),
    ("struct_name", "args"),
    ("workers", "concurrency"),
    ("parallel", "concurrency"),
    ("parallelism", "concurrency"),
    ("max_concurrency", "concurrency"),
    ("max_running", "concurrency"),
    ("rate", "rate_limit"),
    ("throttle", "rate_limit"),
];

/// The options that are durations.
const DURATIONS: [&str; 5] = ["timeout", "backoff_base", "backoff_max", "result_ttl", "failure_ttl"];

const PRIORITIES: [&str; 4] = ["critical", "high", "normal", "low"];

const MOST_AT_ONCE: u32 = 1_000_000;

/// The options of one job. What was not set is `None`, and the runtime knows the default.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) name: Option<String>,
    pub(crate) description: Option<Description>,
    pub(crate) args: Option<Ident>,
    pub(crate) krate: Option<Path>,
    pub(crate) policy: Policy,
}

/// The options that end up in the job's descriptor.
#[derive(Default, Debug, PartialEq)]
pub(crate) struct Policy {
    pub(crate) timeout: Option<Duration>,
    pub(crate) max_retries: Option<u32>,
    pub(crate) backoff_base: Option<f64>,
    pub(crate) backoff_max: Option<f64>,
    pub(crate) backoff_jitter: Option<f64>,
    pub(crate) retry_on_timeout: Option<bool>,
    pub(crate) queue: Option<String>,
    pub(crate) priority: Option<&'static str>,
    pub(crate) concurrency: Option<u32>,
    pub(crate) rate_limit: Option<Rate>,
    pub(crate) result_ttl: Option<Duration>,
    pub(crate) failure_ttl: Option<Duration>,
    pub(crate) unique: Option<&'static str>,
}

impl Options {
    /// Reads the list of `#[mcp_job(..)]`. An option with a mistake counts as not set.
    pub(crate) fn read(tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut options = Self::default();
        let mut seen = Vec::new();
        for entry in entry::parse(Kind::Job, tokens) {
            if let Err(error) = entry.and_then(|entry| options.add(&entry, &mut seen)) {
                errors.push(error);
            }
        }
        options
    }

    fn add(&mut self, entry: &Entry, seen: &mut Vec<String>) -> syn::Result<()> {
        if seen.contains(&entry.key.word) {
            return mistake(&entry.key, format!("{} is set more than once", entry.key));
        }
        seen.push(entry.key.word.clone());
        self.set(entry)
    }

    fn set(&mut self, entry: &Entry) -> syn::Result<()> {
        const DEFAULT: &str = "to use the queue's default";
        const AT_ONCE: f64 = 0.0;
        let policy = &mut self.policy;
        match entry.key.word.as_str() {
            "name" => self.name = Some(job_name(entry)?),
            "description" => {
                // A wrong one is told once, and not that there is none as well.
                self.description = Some(Description::Text(String::new()));
                self.description = Some(description(entry)?);
            }
            "args" => self.args = Some(args(entry)?),
            "crate" => self.krate = Some(krate(entry)?),
            "timeout" => policy.timeout = Some(duration::read(entry, "120", DEFAULT)?),
            "max_retries" => policy.max_retries = Some(max_retries(entry)?),
            "backoff_base" => policy.backoff_base = Some(duration::as_seconds(entry, "2.0")?),
            "backoff_max" => policy.backoff_max = Some(duration::as_seconds(entry, "3600")?),
            "backoff_jitter" => policy.backoff_jitter = Some(number_within(entry, "0.1", AT_ONCE, 1.0)?),
            "retry_on_timeout" => policy.retry_on_timeout = Some(boolean(entry)?),
            "queue" => policy.queue = Some(queue(entry)?),
            "priority" => policy.priority = Some(priority(entry)?),
            "concurrency" => policy.concurrency = Some(concurrency(entry)?),
            "rate_limit" => policy.rate_limit = Some(rate::read(entry)?),
            "result_ttl" => policy.result_ttl = Some(duration::read_or_forever(entry, "\"1h\"", DEFAULT)?),
            "failure_ttl" => policy.failure_ttl = Some(duration::read_or_forever(entry, "\"24h\"", DEFAULT)?),
            "unique" => policy.unique = unique(entry)?,
            word if LATER.contains(&word) => {
                mistake(
                    &entry.key,
                    format!("{} is not available in this version of mcpq\nhelp: remove it", entry.key),
                )?;
            }
            word => mistake(&entry.key, format!("unknown option `{word}`\n{}", instead(entry)))?,
        }
        Ok(())
    }
}

/// What to write instead of an unknown option.
fn instead(entry: &Entry) -> String {
    let word = entry.key.word.as_str();
    if let Some(help) = with_unit(entry) {
        return help;
    }
    let all: Vec<&str> = KNOWN.iter().chain(&LATER).copied().collect();
    let meant = meant(word);
    match meant.or_else(|| nearest(word, &all)) {
        Some(later) if LATER.contains(&later) => {
            format!("note: `{later}` is not available in this version of mcpq either\nhelp: remove it")
        }
        Some(known) if meant.is_some() => format!("help: use `{known}`"),
        Some(known) => format!("help: an option with a similar name exists: `{known}`"),
        None => format!("note: the options are {}", list(&KNOWN)),
    }
}

/// The option that people mean by `word`.
fn meant(word: &str) -> Option<&'static str> {
    MEANT.iter().find(|(wrong, _)| *wrong == word).map(|(_, meant)| *meant)
}

/// For a name such as `timeout_ms`: the option, with the unit in its value.
fn with_unit(entry: &Entry) -> Option<String> {
    let (stem, ending) = entry.key.word.rsplit_once(['_', '-'])?;
    let (_, unit) = duration::WORDS.iter().find(|(written, _)| *written == ending)?;
    let stem = stem.replace('-', "_");
    let option = meant(&stem).unwrap_or(&stem);
    if !DURATIONS.contains(&option) {
        return None;
    }
    let amount = match &entry.given {
        Given::Value(value) => plain_number(value).map_or_else(|| "5".to_owned(), |number| number.to_string()),
        Given::Alone | Given::Parens(_) | Given::Other => "5".to_owned(),
    };
    Some(format!("help: write the unit with the value: `{option} = \"{amount}{unit}\"`"))
}

/// A text, or a macro call that gives one.
fn description(entry: &Entry) -> syn::Result<Description> {
    match given(entry, "\"...\"").map(ungrouped)? {
        call @ Expr::Macro(_) => Ok(Description::Parts(vec![call.clone()])),
        Expr::Lit(_) => Ok(Description::Text(text(entry)?.value())),
        other => {
            let rule = format!("{} must be a string literal or a macro that gives one", entry.key);
            let help = "help: write `description = \"...\"`, or `description = include_str!(\"...\")`";
            mistake(other, format!("{rule}\n{help}"))
        }
    }
}

fn job_name(entry: &Entry) -> syn::Result<String> {
    let literal = string(entry)?;
    let name = literal.value();
    match name::job(&name, &format!("\"{name}\"")) {
        Ok(()) => Ok(name),
        Err(message) if name.is_empty() => {
            mistake(literal, format!("{message}\nhelp: leave `name` out to use the function's name"))
        }
        Err(message) => mistake(literal, format!("{message}{}", name::instead(&name))),
    }
}

fn queue(entry: &Entry) -> syn::Result<String> {
    let literal = text(entry)?;
    let name = literal.value();
    match name::queue(&name, &format!("\"{name}\"")) {
        Ok(()) => Ok(name),
        Err(message) => mistake(literal, message),
    }
}

fn max_retries(entry: &Entry) -> syn::Result<u32> {
    let retries = integer_within(entry, "3", 0, 100)?;
    Ok(u32::try_from(retries).unwrap_or(100))
}

fn concurrency(entry: &Entry) -> syn::Result<u32> {
    let most = integer_within(entry, "4", 1, MOST_AT_ONCE.into())?;
    Ok(u32::try_from(most).unwrap_or(MOST_AT_ONCE))
}

fn priority(entry: &Entry) -> syn::Result<&'static str> {
    // As people write it who look for an enum.
    if let Expr::Path(ExprPath { path, .. }) = ungrouped(given(entry, "\"high\"")?)
        && let Some(known) = path.segments.last().and_then(|last| nearest(&last.ident.to_string(), &PRIORITIES))
    {
        let rule = format!("{} must be a string literal", entry.key);
        return mistake(path, format!("{rule}\nhelp: write `priority = \"{known}\"`"));
    }
    let literal = string(entry)?;
    let word = literal.value();
    match PRIORITIES.iter().find(|known| **known == word) {
        Some(known) => Ok(known),
        None => {
            let help = match nearest(&word, &PRIORITIES) {
                Some(known) => format!("help: write `priority = \"{known}\"`"),
                None => format!("note: the priorities are {}", list(&PRIORITIES)),
            };
            mistake(literal, format!("unknown priority \"{word}\"\n{help}"))
        }
    }
}

/// The variant of `mcpq::store::Unique`.
fn unique(entry: &Entry) -> syn::Result<Option<&'static str>> {
    let value = given(entry, "true")?;
    match (boolean(entry), string(entry)) {
        (Ok(false), _) => Ok(None),
        (Ok(true), _) => Ok(Some("Live")),
        (_, Ok(text)) if text.value() == "kept" => Ok(Some("Kept")),
        _ => {
            let note = "note: `true` answers with an equal job that has not ended, \"kept\" with any that is kept";
            mistake(value, format!("{} must be `true`, `false` or \"kept\"\n{note}", entry.key))
        }
    }
}

fn args(entry: &Entry) -> syn::Result<Ident> {
    let literal = text(entry)?;
    match literal.parse::<Ident>() {
        Ok(ident) => Ok(ident),
        Err(_) => mistake(
            &literal,
            format!("{} must be the name of a struct\nhelp: write `args = \"ResizeArgs\"`", entry.key),
        ),
    }
}

/// A path that means the same wherever the job stands.
fn krate(entry: &Entry) -> syn::Result<Path> {
    const EXAMPLE: &str = "::mcpq";
    let value = given(entry, EXAMPLE)?;
    let path = match ungrouped(value) {
        Expr::Path(path) if path.attrs.is_empty() && path.qself.is_none() => Some(path.path.clone()),
        _ => string(entry).ok().and_then(|text| text.parse_with(Path::parse_mod_style).ok()),
    };
    match path {
        Some(path) if is_absolute(&path) => Ok(path),
        _ => mistake(value, format!("{} must be an absolute path\nhelp: start it with `::` or `crate::`", entry.key)),
    }
}

fn is_absolute(path: &Path) -> bool {
    path.leading_colon.is_some()
        || path.segments.first().is_some_and(|first| first.ident == "crate" || first.ident == "$crate")
}
