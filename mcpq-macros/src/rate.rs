//! Rates: a text such as "100/m", so many starts in so much time.

use std::time::Duration;

use crate::duration::{WORDS, seconds};
use crate::entry::Entry;
use crate::value::{given, mistake, plain_number, string};

const MOST: u32 = 1_000_000;
/// Where it is longer, a limit is more likely a mistake: the runtime refuses it too.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);
const SHORTEST: Duration = Duration::from_millis(1);

/// So many starts in so much time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rate {
    pub(crate) count: u32,
    pub(crate) per: Duration,
}

pub(crate) fn read(entry: &Entry) -> syn::Result<Rate> {
    let value = given(entry, "\"100/m\"")?;
    let written = match string(entry) {
        Ok(text) => text.value(),
        Err(_) => plain_number(value).map(|number| number.to_string()).unwrap_or_default(),
    };
    let Some((count, per)) = parse(&written) else {
        let rule = "must be so many starts in so much time, such as \"100/m\" or \"5/10s\"";
        return mistake(value, format!("{} {rule}\nhelp: write `rate_limit = \"{}\"`", entry.key, meant(&written)));
    };
    if !(1..=u64::from(MOST)).contains(&count) {
        return mistake(value, format!("{} is out of range\nnote: it allows 1 to {MOST} starts", entry.key));
    }
    match Duration::try_from_secs_f64(per) {
        Ok(per) if (SHORTEST..=LONGEST).contains(&per) => Ok(Rate { count: count.try_into().unwrap_or(MOST), per }),
        _ => mistake(value, format!("{} is out of range\nnote: its period is 1 millisecond to 366 days", entry.key)),
    }
}

/// The starts, and the seconds in which there may be so many.
fn parse(text: &str) -> Option<(u64, f64)> {
    let (count, per) = text.split_once('/')?;
    let is_number = !count.is_empty() && count.chars().all(|c| c.is_ascii_digit());
    // One that is too long to read is too large.
    let count = is_number.then(|| count.parse().unwrap_or(u64::MAX))?;
    let alone = per.starts_with(|c: char| c.is_ascii_alphabetic());
    let per = if alone { seconds(&format!("1{per}")) } else { seconds(per) };
    per.map(|per| (count, per))
}

/// What was meant by a text such as "100 per minute", as far as it can be told.
fn meant(text: &str) -> String {
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (count, behind) = text.split_at(split);
    let behind = behind.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
    let word = behind.strip_prefix("per").unwrap_or(behind).trim();
    let unit = WORDS.iter().find(|(written, _)| *written == word || word.is_empty() && *written == "m");
    match unit {
        Some((_, unit)) if !count.is_empty() => format!("{count}/{unit}"),
        _ => "100/m".to_owned(),
    }
}
