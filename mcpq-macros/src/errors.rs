//! The collector of mistakes.

use std::fmt::Display;

use quote::ToTokens;

/// Every mistake of one function. It must be emptied by [`Errors::finish`], so that none gets lost on the way.
pub(crate) struct Errors {
    list: Vec<syn::Error>,
    finished: bool,
}

impl Errors {
    pub(crate) fn new() -> Self {
        Self { list: Vec::new(), finished: false }
    }

    /// Adds a mistake that the user mends by editing `tokens`.
    pub(crate) fn at(&mut self, tokens: impl ToTokens, message: impl Display) {
        self.list.push(syn::Error::new_spanned(tokens, message));
    }

    /// Adds what `syn` had to say.
    pub(crate) fn push(&mut self, error: syn::Error) {
        self.list.push(error);
    }

    /// How many mistakes there are so far.
    pub(crate) fn count(&self) -> usize {
        self.list.len()
    }

    pub(crate) fn finish(mut self) -> Vec<syn::Error> {
        self.finished = true;
        std::mem::take(&mut self.list)
    }
}

impl Drop for Errors {
    fn drop(&mut self) {
        let lost = !self.finished && !std::thread::panicking();
        assert!(!lost, "the collected mistakes were never reported");
    }
}
