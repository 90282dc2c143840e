//! Tests of the steps without a compiler: tokens in, messages, model or items out.

mod description;
mod duration;
mod expansion;
mod function;
mod injected;
mod options;
mod params;
mod snapshots;
mod suggest;

use proc_macro2::TokenStream;

use crate::errors::Errors;
use crate::item::Function;
use crate::job::{Argument, Job};

/// A job that is right, for tests of its options.
const FINE: &str = "/// Does something.\nasync fn job() {}";

/// The model and the messages of `#[mcp_job(options)] item`.
fn build(options: &str, item: &str) -> (Option<Job>, Vec<String>) {
    let mut errors = Errors::new();
    let function = Function::parse(tokens(item), &mut errors);
    let job = function.map(|function| Job::build(tokens(options), &function, &mut errors));
    let messages = errors.finish().iter().map(ToString::to_string).collect();
    (job, messages)
}

/// The model of a job without mistakes.
#[track_caller]
fn job(options: &str, item: &str) -> Job {
    let (job, messages) = build(options, item);
    assert_eq!(messages, [""; 0]);
    job.expect("the item is a function")
}

/// The only message.
#[track_caller]
fn message(options: &str, item: &str) -> String {
    let (_, messages) = build(options, item);
    let [message] = &messages[..] else { panic!("expected one message: {messages:#?}") };
    message.clone()
}

/// The message about the options of a job that is right otherwise.
#[track_caller]
fn option_message(options: &str) -> String {
    message(options, FINE)
}

/// The message about one parameter of a job that is right otherwise.
#[track_caller]
fn param_message(param: &str) -> String {
    message("", &with_params(param))
}

/// The only argument of a job with this parameter.
#[track_caller]
fn argument(param: &str) -> Argument {
    let mut job = job("", &with_params(param));
    match job.params.pop() {
        Some(crate::job::Param::Argument(argument)) if job.params.is_empty() => *argument,
        _ => panic!("`{param}` is not one argument"),
    }
}

fn with_params(params: &str) -> String {
    format!("/// Does something.\nasync fn job({params}) {{}}")
}

fn tokens(source: &str) -> TokenStream {
    source.parse().expect("the source is made of tokens")
}
