//! The attribute `#[mcp_job]` of the crate `mcpq`, an implementation detail of it: use and documentation are there.
//!
//! Tokens pass through three steps, and every mistake on the way is collected, so that one compile shows them all:
//!
//! 1. *parse*: `item` and `entry` take the function and the attribute lists apart, without judging them;
//! 2. *model*: `options`, `param`, `check` and `types` hold the rules and yield a `job::Job`, plain data;
//! 3. *expand*: `expand` writes the generated items from a `job::Job` alone, which cannot be wrong any more.

mod check;
mod description;
mod duration;
mod entry;
mod errors;
mod expand;
mod item;
mod job;
mod limits;
mod name;
mod options;
mod param;
mod rate;
mod suggest;
mod types;
mod value;

#[cfg(test)]
#[allow(clippy::expect_used, reason = "a broken expectation fails the test")]
mod tests;

use proc_macro2::TokenStream;

use crate::errors::Errors;
use crate::item::Function;
use crate::job::Job;

// Documented where users meet it, on the re-export in `mcpq`; a comment here would show up there too.
#[allow(missing_docs)]
#[proc_macro_attribute]
pub fn mcp_job(options: proc_macro::TokenStream, item: proc_macro::TokenStream) -> proc_macro::TokenStream {
    attribute(options.into(), item.into()).into()
}

/// Puts items beside another one: the registration of a job beside the struct of its arguments.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn beside(items: proc_macro::TokenStream, item: proc_macro::TokenStream) -> proc_macro::TokenStream {
    item.into_iter().chain(items).collect()
}

fn attribute(options: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::new();
    let Some(function) = Function::parse(item.clone(), &mut errors) else {
        return expand::only_errors(&item, errors.finish());
    };
    let job = Job::build(options, &function, &mut errors);
    expand::expand(&function, &job, errors.finish())
}
