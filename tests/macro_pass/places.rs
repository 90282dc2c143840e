//! Where a job may stand, and what may stand beside the attribute.

use mcpq::prelude::*;

use crate::registered;

#[tokio::test]
async fn a_job_may_stand_in_a_function() {
    #[derive(Debug, Serialize, Deserialize, JsonSchema)]
    struct Local(u8);

    /// Uses a type of this function.
    #[mcp_job]
    async fn local(value: Local, #[arg(default = Local(2))] other: Local) -> Local {
        Local(value.0 + other.0)
    }

    assert_eq!(registered(local::JOB).await.name(), "local");
    assert_eq!(local(Local(1), Local(2)).await.0, 3);
    let _ = local::new(Local(1));
}

mod raw {
    use mcpq::prelude::*;

    /// Has raw names.
    #[mcp_job]
    pub(super) async fn r#match(r#type: u32, #[arg(default = 2)] r#fn: u32) -> u32 {
        r#type + r#fn
    }
}

#[tokio::test]
async fn raw_names_lose_their_prefix() {
    let job = registered(raw::r#match::JOB).await;
    assert_eq!(job.name(), "match");
    assert!(job.input_schema()["properties"]["type"].is_object());
    assert_eq!(raw::r#match::new(1).r#fn, 2);
    assert_eq!(raw::r#match(1, 2).await, 3);
}

/// A module as a library has it.
#[allow(unreachable_pub)]
mod public {
    use mcpq::prelude::*;

    /// Can be called and submitted from everywhere.
    ///
    /// # Errors
    /// Never.
    #[mcp_job]
    pub async fn open(width: u32, #[arg(default)] height: u32) -> Result<u32, JobError> {
        Ok(width * height)
    }
}

#[tokio::test]
async fn a_public_job_has_public_arguments() {
    use public::open;
    assert_eq!(open { width: 2, ..open::new(3) }.width, 2);
    assert_eq!(open(2, 3).await.unwrap(), 6);
}

#[allow(unreachable_pub)]
mod namesakes {
    pub mod report {
        /// Has the name of its module.
        #[mcpq::mcp_job(args = "ReportArgs")]
        pub async fn report(rows: u32) -> u32 {
            rows
        }
    }
    // With a struct of the job's own name, this would name two things at once.
    pub use report::{ReportArgs, report};
}

#[tokio::test]
async fn a_job_may_have_the_name_of_a_module_that_it_is_exported_beside() {
    assert_eq!(namesakes::report(2).await, 2);
    assert_eq!(namesakes::ReportArgs { rows: 2 }.rows, 2);
    assert_eq!(namesakes::report::ReportArgs::JOB.name(), "report");
}

/// Is not there in tests.
#[mcp_job]
#[cfg(not(test))]
async fn absent(missing: NoSuchType) -> NoSuchType {}

/// Is there in tests.
#[mcp_job]
#[cfg(test)]
#[doc(hidden)]
fn present() -> u8 {
    1
}

#[test]
fn cfg_decides_over_all_of_a_job() {
    assert!(mcpq::Registry::linked().all(|job| job.name() != "absent"));
    assert!(mcpq::Registry::linked().any(|job| job.name() == "present"));
    assert_eq!(present(), 1);
}

/// Is instrumented below.
#[mcp_job]
#[tracing::instrument(skip_all)]
async fn instrumented_below(width: u32, progress: Progress) -> u32 {
    let _ = progress;
    width
}

/// Is instrumented above.
#[tracing::instrument]
#[mcp_job]
async fn instrumented_above(#[arg(default = 1)] width: u32) -> u32 {
    width
}

#[tokio::test]
async fn attributes_of_others_are_welcome() {
    assert_eq!(registered(instrumented_below::JOB).await.name(), "instrumented_below");
    assert_eq!(instrumented_above(instrumented_above::new().width).await, 1);
}

/// Should not be used any more.
#[mcp_job]
#[deprecated = "use `present`"]
async fn old() {}

#[tokio::test]
async fn a_deprecated_job_warns_only_its_callers() {
    assert_eq!(registered(old::JOB).await.name(), "old");
}

macro_rules! resize_jobs {
    ($($name:ident: $type:ty = $default:expr;)*) => {
        $(
            /// Is made by a macro.
            #[mcp_job(max_retries = 1)]
            async fn $name(#[arg(default = $default)] width: $type) -> $type {
                width
            }
        )*
    };
}

resize_jobs! {
    resize_small: u8 = 1;
    resize_to: String = "a4";
    resize_large: Option<u64> = Some(2);
}

macro_rules! bounded_job {
    ($name:ident: $type:ty, $range:expr, $least:expr, $krate:path) => {
        /// Is made by a macro, with its limits.
        #[mcp_job(crate = $krate)]
        async fn $name(#[arg(range($range))] width: $type, #[arg(range($least..))] height: $type) -> $type {
            width * height
        }
    };
}

bounded_job!(resize_within: u8, 1..=12, 2, ::mcpq);

macro_rules! of_fragments {
    ($(#[$meta:meta])* $vis:vis fn $name:ident($arg:ident: $type:ty = $default:expr, $state:ty) -> $return:ty $body:block
        $job:literal $doc:expr, $timeout:expr) => {
        $(#[$meta])*
        #[doc = $doc]
        #[mcp_job(name = $job, timeout = $timeout)]
        $vis fn $name(
            #[arg(name = $job, default = $default, example = $default)]
            #[doc = $doc]
            $arg: $type,
            _state: $state,
        ) -> $return $body
    };
}

of_fragments! {
    /// Is put together.
    #[allow(unreachable_pub)]
    pub fn put_together(width: u32 = 3, State<u8>) -> Option<u32> { width.checked_mul(2) }
    "put-together" concat!("Of \"parts\" ", "{and} \\ signs."), "2m"
}

macro_rules! of_an_item {
    ($item:item) => {
        #[mcp_job]
        $item
    };
}

of_an_item! {
    /// Is an item of a macro.
    async fn an_item(#[arg(default)] mut width: u8) -> u8 {
        width += 1;
        width
    }
}

#[tokio::test]
async fn a_macro_may_give_every_part() {
    let queue = Queue::builder().without_linked_jobs().state(1_u8).job(put_together::JOB).job(an_item::JOB);
    let queue = queue.submit_only().build().await.unwrap();
    let job = queue.registry().get("put-together").unwrap();
    assert_eq!(job.description(), "Is put together.\nOf \"parts\" {and} \\ signs.");
    let argument = &job.input_schema()["properties"]["put-together"];
    assert_eq!(argument["description"], "Of \"parts\" {and} \\ signs.");
    assert_eq!((&argument["default"], &argument["examples"][0]), (&3.into(), &3.into()));
    assert_eq!(put_together(2, State::new(1)).unwrap(), 4);
    assert_eq!(an_item(an_item::new().width).await, 1);
}

/// Is there by way of another attribute.
#[cfg_attr(test, mcp_job(max_retries = 1))]
async fn by_cfg_attr(width: u8) -> u8 {
    width
}

#[tokio::test]
async fn the_attribute_may_come_by_another_one() {
    assert_eq!(by_cfg_attr::JOB.options().max_retries, 1);
    assert_eq!(by_cfg_attr(2).await, 2);
}

#[tokio::test]
async fn a_macro_may_give_the_limits() {
    let job = registered(resize_within::JOB).await;
    let properties = &job.input_schema()["properties"];
    assert_eq!((&properties["width"]["minimum"], &properties["width"]["maximum"]), (&1.into(), &12.into()));
    assert_eq!(properties["height"]["minimum"], 2);
    assert_eq!(resize_within(2, 3).await, 6);
}

#[tokio::test]
async fn macros_may_write_jobs() {
    assert_eq!(resize_small::new().width, 1);
    assert_eq!(resize_to::new().width, "a4");
    assert_eq!(resize_large::new().width, Some(2));
    assert_eq!(registered(resize_large::JOB).await.name(), "resize_large");
}
