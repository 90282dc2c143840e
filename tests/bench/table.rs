//! How figures are shown.

use std::time::Duration;

/// Begins a part of the table.
pub(crate) fn part(title: &str, columns: [&str; 3]) {
    let [ours, reference, ratio] = columns;
    println!("\n{title:<52} {ours:>14} {reference:>14} {ratio:>8}");
    println!("{}", "-".repeat(91));
}

/// A figure of ours beside the reference.
pub(crate) fn row(name: &str, ours: f64, reference: f64) {
    println!("{name:<52} {:>14} {:>14} {:>8.2}", number(ours), number(reference), ours / reference);
}

/// A figure that has nothing beside it.
pub(crate) fn single(name: &str, ours: f64) {
    println!("{name:<52} {:>14}", number(ours));
}

/// The middle one.
pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// How many a second.
pub(crate) fn rate(count: usize, elapsed: Duration) -> f64 {
    count as f64 / elapsed.as_secs_f64()
}

fn number(figure: f64) -> String {
    if figure < 1000.0 {
        return format!("{figure:.1}");
    }
    let digits = format!("{figure:.0}");
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap()).collect();
    groups.join(",")
}
