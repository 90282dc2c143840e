//! Surroundings in which every name that generated code could rely on means something else.

/// Names of the standard library and of mcpq's own dependencies, taken by other things.
#[allow(dead_code, non_upper_case_globals, unused_imports, unused_macros)]
mod shadowed {
    use ::mcpq::{JobError, mcp_job};

    pub(super) struct Result;
    pub(super) struct Option;
    pub(super) struct Vec;
    pub(super) struct Box;
    pub(super) struct Duration;
    pub(super) struct Job;
    pub(super) struct Select;
    pub(super) trait Default {}
    pub(super) trait From {}
    pub(super) trait Send {}
    pub(super) trait Serialize {}
    mod core {}
    mod std {}
    mod mcpq {}
    mod serde {}
    mod inventory {}

    pub(super) const Some: u8 = 0;
    pub(super) const Ok: u8 = 0;
    pub(super) const JOB: u8 = 0;
    pub(super) const call: u8 = 0;
    pub(super) const builder: u8 = 0;
    pub(super) const options: u8 = 0;
    pub(super) const writer: u8 = 0;
    pub(super) const value: u8 = 0;

    macro_rules! file {
        () => {
            compile_error!("not this one")
        };
    }
    macro_rules! line {
        () => {
            compile_error!("not this one")
        };
    }
    pub(super) use {file, line};

    /// Takes arguments whose names mean something else here.
    #[mcp_job(timeout = 5, result_ttl = 5)]
    pub(super) async fn build(
        #[arg(default = 3)] call_: u32,
        #[arg(default)] text: ::std::string::String,
        #[arg(example = 4)] count: ::std::option::Option<u32>,
    ) -> ::std::result::Result<u32, JobError> {
        let _ = (text, count);
        ::std::result::Result::Ok(call_)
    }
}

/// No prelude at all.
mod bare {
    #![no_implicit_prelude]

    /// Adds one.
    #[::mcpq::mcp_job]
    pub(super) fn increment(
        #[arg(default = 1, range(1..))] by: u64,
        #[arg(default = "x")] text: ::std::string::String,
        note: ::std::option::Option<u64>,
    ) -> u64 {
        let _ = (text, note);
        by
    }
}

/// Parameters whose names generated code uses or could use.
mod parameters {
    use mcpq::prelude::*;

    /// Takes awkward names.
    #[mcp_job]
    pub(super) async fn job(job: u8, new: u8, build: u8, args: u8, __call: u8, __param0: u8, __writer: u8) -> u8 {
        job + new + build + args + __call + __param0 + __writer
    }
}

#[tokio::test]
async fn shadowed_names_do_not_matter() {
    assert_eq!(shadowed::build::new().call_, 3);
    assert_eq!(crate::registered(shadowed::build::JOB).await.name(), "build");
    let result = shadowed::build(1, String::new(), None).await;
    assert_eq!(result.unwrap(), 1);
}

#[tokio::test]
async fn no_prelude_is_needed() {
    assert_eq!(bare::increment::new().by, 1);
    assert_eq!(crate::registered(bare::increment::JOB).await.name(), "increment");
    assert_eq!(bare::increment(2, String::new(), None), 2);
}

#[tokio::test]
async fn parameters_may_have_any_name() {
    let job = parameters::job { job: 1, new: 1, build: 1, args: 1, __call: 1, __param0: 1, __writer: 1 };
    let args = mcpq::Job::into_args(job).unwrap();
    assert_eq!(args.len(), 7);
    assert_eq!(parameters::job(1, 1, 1, 1, 1, 1, 1).await, 7);
}
