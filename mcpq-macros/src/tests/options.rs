use std::time::Duration;

use quote::ToTokens;

use super::{FINE, build, job, option_message};
use crate::rate::Rate;

#[test]
fn options_that_are_left_out_are_not_set() {
    let job = job("", FINE);
    assert_eq!(job.name, "job");
    assert_eq!(job.args, "job");
    assert_eq!(job.krate.to_token_stream().to_string(), ":: mcpq");
    assert_eq!(job.policy, crate::options::Policy::default());
}

#[test]
fn every_option_is_read() {
    let job = job(
        "name = \"make-report\", args = \"Report\", crate = crate::queue, max_retries = 100, backoff_base = 0, \
         backoff_max = \"1h\", backoff_jitter = 0.5, retry_on_timeout = true, queue = \"slow.jobs\", priority = \"low\",",
        FINE,
    );
    assert_eq!(job.name, "make-report");
    assert_eq!(job.args, "Report");
    assert_eq!(job.krate.to_token_stream().to_string(), "crate :: queue");
    assert_eq!(job.policy.max_retries, Some(100));
    assert_eq!(job.policy.backoff_base, Some(0.0));
    assert_eq!(job.policy.backoff_max, Some(3600.0));
    assert_eq!(job.policy.backoff_jitter, Some(0.5));
    assert_eq!(job.policy.retry_on_timeout, Some(true));
    assert_eq!(job.policy.queue.as_deref(), Some("slow.jobs"));
    assert_eq!(job.policy.priority, Some("low"));
}

#[test]
fn jobs_are_unique_while_they_live_or_while_they_are_kept() {
    let unique = |options: &str| job(options, FINE).policy.unique;
    assert_eq!(unique("unique = true"), Some("Live"));
    assert_eq!(unique("unique = \"kept\""), Some("Kept"));
    assert_eq!(unique("unique = false"), None);
    let note = "note: `true` answers with an equal job that has not ended, \"kept\" with any that is kept";
    for wrong in ["\"always\"", "\"live\"", "3", "Kept", "-true"] {
        let expected = format!("option `unique` must be `true`, `false` or \"kept\"\n{note}");
        assert_eq!(option_message(&format!("unique = {wrong}")), expected);
    }
    assert_eq!(option_message("unique"), "option `unique` needs a value\nhelp: write `unique = true`");
    let similar = "help: an option with a similar name exists: `unique`";
    assert_eq!(option_message("uniqe = true"), format!("unknown option `uniqe`\n{similar}"));
}

#[test]
fn unknown_options_get_a_hint() {
    let similar = "help: an option with a similar name exists:";
    assert_eq!(option_message("timout = 120"), format!("unknown option `timout`\n{similar} `timeout`"));
    assert_eq!(option_message("max-retries = 2"), format!("unknown option `max-retries`\n{similar} `max_retries`"));
    assert_eq!(option_message("retries = 2"), "unknown option `retries`\nhelp: use `max_retries`");
    let message = option_message("colour = \"red\"");
    assert!(message.starts_with("unknown option `colour`\nnote: the options are `name`, `description`"), "{message}");
}

#[test]
fn the_unit_of_a_duration_belongs_to_its_value() {
    for (written, meant) in [
        ("timeout_ms = 5000", "timeout = \"5000ms\""),
        ("timeout_secs = 1.5", "timeout = \"1.5s\""),
        ("timeout-minutes = LIMIT", "timeout = \"5m\""),
        ("ttl_hours = 2", "result_ttl = \"2h\""),
        ("failure_ttl_days = 3", "failure_ttl = \"3d\""),
        ("backoff-base-ms = 100", "backoff_base = \"100ms\""),
        ("backoff_ms = 100", "backoff_base = \"100ms\""),
    ] {
        let message = option_message(written);
        let help = format!("\nhelp: write the unit with the value: `{meant}`");
        assert!(message.starts_with("unknown option `") && message.ends_with(&help), "{message}");
        job(meant, FINE);
    }
    let message = option_message("queue_ms = 3");
    assert!(message.starts_with("unknown option `queue_ms`\nnote: the options are"), "{message}");
}

#[test]
fn no_hint_leads_to_an_option_that_is_not_there() {
    for (written, meant) in [("cron = \"* * * * *\"", "schedule"), ("shedule = 3", "schedule"), ("tol = true", "tool")]
    {
        let word = written.split(' ').next().unwrap_or_default();
        let note = format!("note: `{meant}` is not available in this version of mcpq either\nhelp: remove it");
        assert_eq!(option_message(written), format!("unknown option `{word}`\n{note}"));
    }
}

#[test]
fn settled_options_of_later_versions_are_refused_by_name() {
    for option in ["schedule = \"* * * * *\"", "tool"] {
        let word = option.split(' ').next().unwrap_or_default();
        let expected = format!("option `{word}` is not available in this version of mcpq\nhelp: remove it");
        assert_eq!(option_message(option), expected);
    }
}

#[test]
fn the_syntax_is_key_and_value() {
    let needs = "option `timeout` needs a value\nhelp: write `timeout = 120`";
    for written in ["timeout", "timeout: 120", "timeout(120)", "timeout ="] {
        assert_eq!(option_message(written), needs, "{written}");
    }
    assert_eq!(option_message("timeout = 1, timeout = 2"), "option `timeout` is set more than once");
    let positional = "expected an option, such as `timeout = 120`";
    assert_eq!(option_message("120"), positional);
    assert_eq!(option_message("\"name\""), format!("{positional}\nhelp: for the job's name, write `name = \"...\"`"));
    assert_eq!(option_message("timeout = 1 max_retries = 2"), "expected `,`");
}

#[test]
fn the_next_option_is_read_after_a_mistake() {
    let (_, messages) = build("timout = 1, \"x\", max_retries = -1, retry_on_timeout = 3, timeout = 4", FINE);
    let headlines: Vec<_> = messages.iter().filter_map(|message| message.lines().next()).collect();
    assert_eq!(
        headlines,
        [
            "unknown option `timout`",
            "expected an option, such as `timeout = 120`",
            "option `max_retries` cannot be negative",
            "option `retry_on_timeout` must be `true` or `false`",
        ],
    );
}

#[test]
fn values_are_checked() {
    let cases = [
        ("timeout = 120u64", "option `timeout` must not have the suffix `u64`\nhelp: write `120`"),
        ("max_retries = 5_000_000_000", "option `max_retries` is out of range\nnote: the range is 0 to 100"),
        ("max_retries = 2.5", "option `max_retries` must be a whole number\nhelp: write `max_retries = 3`"),
        (
            "concurrency = 0",
            "option `concurrency` is out of range\nnote: the range is 1 to 1000000\nhelp: leave `concurrency` out for no limit",
        ),
        ("concurrency = \"2\"", "option `concurrency` must be a whole number\nhelp: write `concurrency = 4`"),
        ("rate = \"100/m\"", "unknown option `rate`\nhelp: use `rate_limit`"),
        ("max_concurrency = 2", "unknown option `max_concurrency`\nhelp: use `concurrency`"),
        ("backoff_jitter = 2", "option `backoff_jitter` is out of range\nnote: the range is 0 to 1"),
        ("backoff_jitter = \"a\"", "option `backoff_jitter` must be a number\nhelp: write `backoff_jitter = 0.1`"),
        ("name = job", "option `name` must be a string literal\nhelp: write `name = \"job\"`"),
        ("name = job()", "option `name` must be a string literal\nhelp: write `name = \"...\"`"),
        ("priority = Priority::High", "option `priority` must be a string literal\nhelp: write `priority = \"high\"`"),
        ("priority = hihg", "option `priority` must be a string literal\nhelp: write `priority = \"high\"`"),
        ("priority = MINE", "option `priority` must be a string literal\nhelp: write `priority = \"...\"`"),
        (
            "description = ABOUT",
            "option `description` must be a string literal or a macro that gives one\n\
             help: write `description = \"...\"`, or `description = include_str!(\"...\")`",
        ),
        (
            "queue = \"\"",
            "option `queue` cannot be empty\nhelp: write something between the quotes, or leave `queue` out",
        ),
        (
            "queue = \"a,b\"",
            "\"a,b\" is not a valid queue name\nnote: a queue name is made of ASCII letters, digits, `_`, `-` and `.`",
        ),
        (
            "description = \" \"",
            "option `description` cannot be empty\nhelp: write something between the quotes, or leave `description` out",
        ),
        ("priority = \"hihg\"", "unknown priority \"hihg\"\nhelp: write `priority = \"high\"`"),
        (
            "priority = \"asap\"",
            "unknown priority \"asap\"\nnote: the priorities are `critical`, `high`, `normal` and `low`",
        ),
        ("crate = super::x", "option `crate` must be an absolute path\nhelp: start it with `::` or `crate::`"),
        ("crate = \"mcpq\"", "option `crate` must be an absolute path\nhelp: start it with `::` or `crate::`"),
        ("args = \"my args\"", "option `args` must be the name of a struct\nhelp: write `args = \"ResizeArgs\"`"),
    ];
    for (options, expected) in cases {
        assert_eq!(option_message(options), expected, "{options}");
    }
}

#[test]
fn a_rate_is_a_count_and_a_period() {
    for (written, count, seconds) in [
        ("100/m", 100, 60.0),
        ("1/s", 1, 1.0),
        ("5/10s", 5, 10.0),
        ("2/1h30m", 2, 5_400.0),
        ("1/500ms", 1, 0.5),
        ("9/d", 9, 86_400.0),
    ] {
        let read = job(&format!("rate_limit = \"{written}\""), FINE).policy.rate_limit;
        assert_eq!(read, Some(Rate { count, per: Duration::from_secs_f64(seconds) }), "{written}");
    }
    let rule = "option `rate_limit` must be so many starts in so much time, such as \"100/m\" or \"5/10s\"";
    for (written, meant) in [
        ("100", "100/m"),
        ("\"100\"", "100/m"),
        ("\"100 per minute\"", "100/m"),
        ("\"5/hour\"", "5/h"),
        ("\"30 / sec\"", "30/s"),
        ("\"7/\"", "7/m"),
        ("\"fast\"", "100/m"),
        ("\"-5/s\"", "100/m"),
        ("\"1.5/s\"", "100/m"),
        ("LIMIT", "100/m"),
    ] {
        let help = format!("help: write `rate_limit = \"{meant}\"`");
        assert_eq!(option_message(&format!("rate_limit = {written}")), format!("{rule}\n{help}"));
    }
    let range = "option `rate_limit` is out of range\nnote: ";
    for written in ["0/s", "1000001/s", "99999999999999999999999/s"] {
        let message = option_message(&format!("rate_limit = \"{written}\""));
        assert_eq!(message, format!("{range}it allows 1 to 1000000 starts"));
    }
    for written in ["1/0s", "1/367d", "1/0.1ms"] {
        let message = option_message(&format!("rate_limit = \"{written}\""));
        assert_eq!(message, format!("{range}its period is 1 millisecond to 366 days"));
    }
}

#[test]
fn names_are_what_hosts_accept() {
    let note = "note: a tool name is made of ASCII letters, digits, `_` and `-`";
    let similar = |name: &str| format!("\nhelp: write `name = \"{name}\"`");
    for (name, help) in [
        ("resize images", similar("resize_images")),
        ("images.resize", similar("images_resize")),
        ("größe", String::new()),
        (" resize", String::new()),
    ] {
        let message = option_message(&format!("name = \"{name}\""));
        assert_eq!(message, format!("\"{name}\" is not a valid tool name\n{note}{help}"));
    }
    let help = "help: leave `name` out to use the function's name";
    assert_eq!(option_message("name = \"\""), format!("a tool name cannot be empty\n{help}"));
    let long = "x".repeat(65);
    let message = option_message(&format!("name = \"{long}\""));
    assert_eq!(message, "this tool name has 65 characters; the limit is 64");
}

#[test]
fn an_absolute_path_may_be_a_text() {
    let job = job("crate = \"::renamed\"", FINE);
    assert_eq!(job.krate.to_token_stream().to_string(), ":: renamed");
}
