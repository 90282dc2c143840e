use super::{argument, job, message};

#[track_caller]
fn description(comment: &str) -> String {
    job("", &format!("{comment}\nasync fn job() {{}}")).description
}

#[test]
fn the_lines_of_a_paragraph_become_one() {
    let comment = "/// Makes a report\n/// of everything.\n///\n/// It takes\n/// a while.";
    assert_eq!(description(comment), "Makes a report of everything.\n\nIt takes a while.");
}

#[test]
fn lists_headings_tables_and_code_keep_their_lines() {
    let comment = "\
/// # Formats
/// It knows:
/// - pdf, which
///   is slow
/// - csv
///
/// 1. one
/// 2. two
///
/// | a | b |
/// | - | - |
///
/// ```
/// a
///   b
/// ```
/// and text";
    let expected = "\
# Formats
It knows:
- pdf, which is slow
- csv

1. one
2. two

| a | b |
| - | - |

```
a
  b
```
and text";
    assert_eq!(description(comment), expected);
}

#[test]
fn block_comments_lose_their_stars() {
    assert_eq!(description("/** One line. */"), "One line.");
    assert_eq!(description("/**\n * First\n * paragraph.\n *\n * Second.\n */"), "First paragraph.\n\nSecond.");
}

#[test]
fn the_option_wins_over_the_comment() {
    let job = job("description = \"Short.\"", "/// Long.\nasync fn job() {}");
    assert_eq!(job.description, "Short.");
}

#[test]
fn arguments_have_comments_too() {
    assert_eq!(argument("/// How\n/// many.\nn: u32").doc, "How many.");
}

#[test]
fn a_job_without_a_description_is_refused() {
    let expected = "job `job` has no description\n\
                    note: an agent chooses a job by its description\n\
                    help: add a doc comment above `job`, or set `description = \"...\"`";
    assert_eq!(message("", "async fn job() {}"), expected);
    assert_eq!(message("", "/// \n async fn job() {}"), expected);
}
