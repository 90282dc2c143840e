//! Did-you-mean, for names that agents get wrong.

/// The known name nearest to `name`, if one is within a third of its length.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // A very long name is no slip of the pen, and the distance costs the product of the lengths.
    if name.len() > 128 {
        return None;
    }
    let folded = name.to_ascii_lowercase().replace('-', "_");
    known
        .map(|candidate| (strsim::damerau_levenshtein(&folded, &candidate.to_ascii_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().max(3) / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Names for a message: in backticks, the first 30.
pub(crate) fn list<S: AsRef<str>>(names: &[S]) -> String {
    let shown: Vec<String> = names.iter().take(30).map(|name| format!("`{}`", name.as_ref())).collect();
    let more = names.len().saturating_sub(shown.len());
    match more {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// A text of somebody else's making, cut to a length that an answer can bear.
pub(crate) fn cut(text: &str) -> String {
    shorten(text, 300)
}

/// What a caller sent, short enough to quote in a message.
pub(crate) fn quote(text: &str) -> String {
    shorten(text, 80)
}

/// The first `most` characters.
pub(crate) fn shorten(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}..", &text[..end]),
        None => text.to_owned(),
    }
}
