//! Durations as people type them.

use std::time::Duration;

/// Reads seconds, or a number with a unit.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let seconds = match unit {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => return Err(wrong()),
    };
    let number: f64 = number.parse().map_err(|_| wrong())?;
    Duration::try_from_secs_f64(number * seconds).map_err(|_| wrong())
}

fn wrong() -> String {
    "it must be seconds (90, 0.5) or a number with a unit (500ms, 30s, 10m, 2h, 1d)".to_owned()
}

/// A duration in words as short as `5 s`, for people to read.
pub(super) fn short(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    match seconds {
        ..1.0 => format!("{} ms", duration.as_millis()),
        ..10.0 => format!("{} s", (seconds * 10.0).round() / 10.0),
        ..120.0 => format!("{seconds:.0} s"),
        ..7200.0 => format!("{:.0} min", seconds / 60.0),
        ..172_800.0 => format!("{:.0} h", seconds / 3600.0),
        _ => format!("{:.0} days", seconds / 86_400.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_units_are_read() {
        let millis = |text| parse(text).unwrap().as_millis();
        assert_eq!(
            ["90", "0.5", "500ms", "30s", "10m", "2h", "1d"].map(millis),
            [90_000, 500, 500, 30_000, 600_000, 7_200_000, 86_400_000]
        );
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in ["", "s", "-1", "ten", "5 m", "5w", "nan", "inf", "1e400"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_are_shown_with_one_unit() {
        let shown = [0.25, 2.04, 9.96, 61.0, 600.0, 10_000.0, 400_000.0].map(|s| short(Duration::from_secs_f64(s)));
        assert_eq!(shown, ["250 ms", "2 s", "10 s", "61 s", "10 min", "3 h", "5 days"]);
    }
}
