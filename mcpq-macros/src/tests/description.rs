use quote::ToTokens;

use super::{argument, job, message};
use crate::description::Description::{self, Parts, Text};

#[track_caller]
fn description(comment: &str) -> String {
    known(job("", &format!("{comment}\nasync fn job() {{}}")).description)
}

#[track_caller]
fn known(description: Description) -> String {
    match description {
        Text(text) => text,
        Parts(parts) => panic!("not known before the compiler expands {} parts", parts.len()),
    }
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
    assert_eq!(known(job.description), "Short.");
}

#[test]
fn arguments_have_comments_too() {
    assert_eq!(known(argument("/// How\n/// many.\nn: u32").doc), "How many.");
}

#[test]
fn a_job_without_a_description_is_refused() {
    let expected = "job `job` has no description\n\
                    note: an agent chooses a job by its description\n\
                    help: add a doc comment above `job`, or set `description = \"...\"`";
    assert_eq!(message("", "async fn job() {}"), expected);
    assert_eq!(message("", "/// \n async fn job() {}"), expected);
}

#[test]
fn what_a_macro_gives_stands_between_the_comments() {
    let item = "/// One\n/// line.\n#[doc = include_str!(\"job.md\")]\n/// End.\nasync fn job() {}";
    let Parts(parts) = job("", item).description else { panic!("a part is not known") };
    let parts: Vec<String> = parts.iter().map(|part| part.to_token_stream().to_string()).collect();
    assert_eq!(parts, ["\"One line.\"", "include_str ! (\"job.md\")", "\"End.\""]);
}
