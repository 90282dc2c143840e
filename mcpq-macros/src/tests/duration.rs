use std::time::Duration;

use super::{FINE, job, option_message};

#[track_caller]
fn timeout(value: &str) -> Duration {
    job(&format!("timeout = {value}"), FINE).policy.timeout.expect("a timeout")
}

#[test]
fn numbers_are_seconds() {
    assert_eq!(timeout("120"), Duration::from_secs(120));
    assert_eq!(timeout("0.25"), Duration::from_millis(250));
    assert_eq!(timeout("1_000"), Duration::from_secs(1000));
}

#[test]
fn texts_have_units() {
    assert_eq!(timeout("\"500ms\""), Duration::from_millis(500));
    assert_eq!(timeout("\"10m\""), Duration::from_secs(600));
    assert_eq!(timeout("\"1m30s\""), Duration::from_secs(90));
    assert_eq!(timeout("\"1d2h3m4s5ms\""), Duration::from_millis(93_784_005));
    assert_eq!(timeout("\"1.5h\""), Duration::from_secs(5400));
}

#[test]
fn other_texts_are_refused() {
    for value in ["\"2 minuts\"", "\"\"", "\"10\"", "\"m\"", "\"1m30\"", "\"1.2.3s\"", "\"forever\"", "true", "TEN"] {
        assert_eq!(
            option_message(&format!("timeout = {value}")),
            "option `timeout` must be a number of seconds or a duration such as \"2m\"\nhelp: write `timeout = 120`",
            "{value}",
        );
    }
}

#[test]
fn a_timeout_is_more_than_nothing() {
    let help = "help: leave `timeout` out to use the queue's default";
    assert_eq!(option_message("timeout = 0"), format!("option `timeout` must be more than 0\n{help}"));
    assert_eq!(option_message("timeout = \"0s\""), format!("option `timeout` must be more than 0\n{help}"));
    let message = option_message("timeout = 0.0001");
    assert_eq!(message, format!("option `timeout` must be at least 1 millisecond\n{help}"));
}

#[test]
fn a_timeout_has_bounds() {
    assert_eq!(option_message("timeout = -5"), "option `timeout` cannot be negative");
    assert_eq!(option_message("timeout = -0.5"), "option `timeout` cannot be negative");
    for value in ["10_000_000_000", "1e300", "\"99999d\""] {
        assert_eq!(
            option_message(&format!("timeout = {value}")),
            "option `timeout` is out of range\nnote: the longest duration is 100 years",
        );
    }
    assert_eq!(option_message("timeout = 1e999"), "option `timeout` is out of range");
}

#[test]
fn keeping_may_be_for_ever() {
    let policy = job("result_ttl = \"forever\", failure_ttl = \"7d\"", FINE).policy;
    assert_eq!(policy.result_ttl, Some(Duration::MAX));
    assert_eq!(policy.failure_ttl, Some(Duration::from_secs(7 * 24 * 60 * 60)));
}
