//! Durations: seconds as a number, or a string such as "1m30s".

use std::time::Duration;

use crate::entry::Entry;
use crate::value::{given, mistake, number, string};

/// A century: what every clock and database can still add to the present.
const LONGEST: Duration = Duration::from_secs(36_525 * 24 * 60 * 60);
const SHORTEST: Duration = Duration::from_millis(1);
const UNITS: [(&str, f64); 5] = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3_600.0), ("d", 86_400.0)];

/// What people call a unit, and the unit of a text that means the same.
pub(crate) const WORDS: [(&str, &str); 17] = [
    ("ms", "ms"),
    ("millis", "ms"),
    ("milliseconds", "ms"),
    ("s", "s"),
    ("sec", "s"),
    ("secs", "s"),
    ("second", "s"),
    ("seconds", "s"),
    ("m", "m"),
    ("min", "m"),
    ("mins", "m"),
    ("minute", "m"),
    ("minutes", "m"),
    ("hour", "h"),
    ("hours", "h"),
    ("day", "d"),
    ("days", "d"),
];

/// A duration that is more than nothing. `absent` tells what leaving the option out means.
pub(crate) fn read(entry: &Entry, example: &str, absent: &str) -> syn::Result<Duration> {
    let key = &entry.key;
    let duration = at_least_zero(entry, example)?;
    if duration < SHORTEST {
        let rule = if duration.is_zero() { "must be more than 0" } else { "must be at least 1 millisecond" };
        return mistake(given(entry, example)?, format!("{key} {rule}\nhelp: leave `{}` out {absent}", key.word));
    }
    Ok(duration)
}

/// A duration, or the string "forever".
pub(crate) fn read_or_forever(entry: &Entry, example: &str, absent: &str) -> syn::Result<Duration> {
    match string(entry) {
        Ok(text) if text.value() == "forever" => Ok(Duration::MAX),
        Ok(text) if seconds(&text.value()).is_none() => {
            let (key, word) = (&entry.key, &entry.key.word);
            let rule = "must be a number of seconds, a duration such as \"2m\", or \"forever\"";
            mistake(text, format!("{key} {rule}\nhelp: write `{word} = {example}`"))
        }
        _ => read(entry, example, absent),
    }
}

/// A duration that may be nothing.
pub(crate) fn at_least_zero(entry: &Entry, example: &str) -> syn::Result<Duration> {
    let (key, value) = (&entry.key, given(entry, example)?);
    let seconds = match number(key, value)? {
        Some(number) => Some(number.as_f64()),
        None => string(entry).ok().and_then(|text| seconds(&text.value())),
    };
    let Some(seconds) = seconds else {
        let word = &key.word;
        let rule = "must be a number of seconds or a duration such as \"2m\"";
        return mistake(value, format!("{key} {rule}\nhelp: write `{word} = {example}`"));
    };
    if seconds < 0.0 {
        return mistake(value, format!("{key} cannot be negative"));
    }
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if duration <= LONGEST => Ok(duration),
        _ => mistake(value, format!("{key} is out of range\nnote: the longest duration is 100 years")),
    }
}

/// The seconds of a text such as "10m" or "1h30m".
pub(crate) fn seconds(text: &str) -> Option<f64> {
    let mut rest = text;
    let mut total = 0.0;
    loop {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (amount, behind) = rest.split_at(digits);
        let letters = behind.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(letters);
        let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit)?;
        total += amount.parse::<f64>().ok()? * factor;
        if behind.is_empty() {
            return Some(total);
        }
        rest = behind;
    }
}

/// A plain number of seconds, for options that are computed with.
pub(crate) fn as_seconds(entry: &Entry, example: &str) -> syn::Result<f64> {
    at_least_zero(entry, example).map(|duration| duration.as_secs_f64())
}
