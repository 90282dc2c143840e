//! Texts as the database takes them: it has none with a zero in it.

use std::{borrow::Cow, sync::Arc};

/// Stands before what cannot be written: U+E000 belongs to nobody.
const MARK: char = '\u{e000}';

/// A name or a key, so that different ones stay different.
pub(super) fn name(text: &str) -> Cow<'_, str> {
    if text.contains(['\0', MARK]) {
        Cow::Owned(text.replace(MARK, "\u{e000}e").replace('\0', "\u{e000}0"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The name or key that was written so.
pub(super) fn named(text: &str) -> Arc<str> {
    if text.contains(MARK) {
        text.replace("\u{e000}0", "\0").replace("\u{e000}e", "\u{e000}").into()
    } else {
        text.into()
    }
}

/// What somebody said, for people to read.
pub(super) fn said(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_whatever_is_in_them() {
        for text in ["", "plain", "a\0b", "\u{e000}", "\u{e000}0", "\u{e000}\0e\u{e000}e0"] {
            let written = name(text);
            assert!(!written.contains('\0'));
            assert_eq!(&*named(&written), text);
        }
    }
}
