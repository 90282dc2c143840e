//! What is injected, by the name of its type.

use super::params::is_injected;
use super::{argument, param_message};

#[test]
fn state_has_a_size() {
    let help = |shown: &str| {
        format!(
            "`State` cannot hold `{shown}`, whose size is not known\n\
             help: take `State<Arc<{shown}>>`, and give the builder such an `Arc` with `.state(..)`"
        )
    };
    assert_eq!(param_message("s: State<dyn Repo>"), help("dyn Repo"));
    assert_eq!(param_message("s: mcpq::State<dyn Repo + Send>"), help("dyn Repo + Send"));
    assert_eq!(param_message("s: State<str>"), help("str"));
    assert_eq!(param_message("s: State<[u8]>"), help("[u8]"));
    assert!(is_injected("s: State<Arc<dyn Repo>>"));
}

#[test]
fn what_other_frameworks_inject_is_told_in_our_words() {
    let pattern = "a job parameter must be a plain name, not a pattern";
    let state = |help: &str| format!("{pattern}\nhelp: write `{help}`; it dereferences to what is inside");
    assert_eq!(param_message("State(db): State<Pool<Db>>"), state("db: State<Pool<Db>>"));
    assert_eq!(param_message("mcpq::State(mut db): mcpq::State<Db>"), state("db: mcpq::State<Db>"));
    let other = format!("{pattern}\nhelp: take the value by name and destructure it in the body");
    assert_eq!(param_message("State((a, b)): State<(A, B)>"), other);
    assert_eq!(param_message("Path(id): Path<u32>"), other);
    assert_eq!(
        param_message("cancel: tokio_util::sync::CancellationToken"),
        "`CancellationToken` is not what mcpq stops a job with\n\
         help: take `mcpq::CancelToken`; if the type is your own, mark the parameter with `#[arg]`",
    );
    argument("#[arg] cancel: CancellationToken");
    assert!(is_injected("#[inject] cancel: CancellationToken"));
}

#[test]
fn injected_types_of_later_versions_are_refused_by_name() {
    assert_eq!(
        param_message("s: Steps"),
        "`Steps` is not available in this version of mcpq\n\
         help: if `Steps` is a type of your own, mark the parameter with `#[arg]`",
    );
}
