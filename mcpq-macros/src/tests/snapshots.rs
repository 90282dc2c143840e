//! Whole expansions, as a reviewer reads them: what a change of the generated code looks like shows in the diff of the
//! snapshots. `INSTA_UPDATE=always` writes them anew.

use super::expansion::expand;

#[track_caller]
fn expanded(options: &str, item: &str) -> String {
    prettyplease::unparse(&expand(options, item))
}

#[test]
fn the_smallest_job() {
    insta::assert_snapshot!(expanded("", "/// Answers.\nasync fn ping() {}"));
}

#[test]
fn a_typical_job() {
    let item = "
        /// Generate a quarterly analytics report.
        async fn generate_report(
            /// Department to report on.
            department: String,
            /// How many quarters to include.
            #[arg(default = 4, range(1..=12))] quarters: u32,
            note: Option<String>,
            db: State<Warehouse>,
            progress: Progress,
        ) -> Result<Report, JobError> { body }";
    insta::assert_snapshot!(expanded("timeout = 120, max_retries = 2", item));
}

#[test]
fn a_plain_function_with_every_kind_of_argument() {
    let item = "
        /// Takes everything.
        pub fn everything(
            #[arg(length(1..=20), pattern = \"^[a-z]+$\", example = \"ada\")] user: String,
            #[arg(default = \"pdf\")] format: String,
            #[arg(default)] r#type: Kind,
            #[arg(range(-1.5..2.5))] ratio: Option<f64>,
            #[arg(rest)] labels: BTreeMap<String, u32>,
            #[arg(name = \"user-agent\")] agent: Option<String>,
            #[inject] connection: Connection,
        ) -> usize { body }";
    insta::assert_snapshot!(expanded("", item));
}

#[test]
fn every_option() {
    let options = "name = \"every-option\", description = \"Has them all.\", timeout = \"1m30s\", max_retries = 2, \
        backoff_base = 0.5, backoff_max = \"10m\", backoff_jitter = 0.25, retry_on_timeout = true, queue = \"slow\", \
        priority = \"high\", result_ttl = \"forever\", failure_ttl = 3600, unique = \"kept\", args = \"EveryOption\", \
        crate = ::renamed";
    insta::assert_snapshot!(expanded(options, "async fn with_options(width: u32) {}"));
}

#[test]
fn a_job_that_is_not_always_there() {
    let item = "
        /// Is not for everyone.
        #[cfg(unix)]
        #[doc(hidden)]
        #[tracing::instrument(skip_all)]
        pub(crate) async fn present(width: u32) -> u32 { width }";
    insta::assert_snapshot!(expanded("", item));
}

#[test]
fn after_a_mistake_the_function_and_its_struct_remain() {
    let item = "/// Resizes.\nasync fn resize<T>(name: &str, #[arg(min = 1)] depth: u32) {}";
    insta::assert_snapshot!(expanded("timout = 120", item));
}
