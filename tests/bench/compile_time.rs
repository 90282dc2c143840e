//! What a hundred jobs cost the compiler and the program, beside the same hundred functions as rmcp tools with derived
//! parameter structs. Only the crate itself is timed, with its dependencies built before; the samples of the two are
//! taken in turn, so that the machine's mood cancels out.
//!
//! `cargo bench -p mcpq-tests --bench compile_time`
#![allow(clippy::unwrap_used, reason = "a benchmark may fail")]
#![allow(clippy::print_stdout, reason = "the table is what it is for")]

#[path = "compile_time/crates.rs"]
mod crates;
#[path = "compile_time/sources.rs"]
mod sources;
#[path = "table.rs"]
#[allow(dead_code, reason = "shared with the other benchmarks")]
mod table;

use crates::Workspace;
use sources::Flavour;

/// Functions in the crates that are measured.
const JOBS: usize = 100;
/// Functions in the crates whose size is what a program has anyway.
const FEW: usize = 1;
/// Samples of each crate.
const SAMPLES: usize = 5;

fn main() {
    let workspace = Workspace::create(JOBS, FEW);
    workspace.build_dependencies();

    table::part("100 functions with 3 arguments each", ["mcpq", "rmcp", "ratio"]);
    for (name, arguments) in [("cargo check, s", &["check"][..]), ("cargo build --release, s", &["build", "--release"])]
    {
        let mut samples = [Vec::new(), Vec::new()];
        for _ in 0..SAMPLES {
            for (flavour, samples) in Flavour::BOTH.into_iter().zip(&mut samples) {
                samples.push(workspace.time(arguments, flavour, JOBS));
            }
        }
        let [ours, theirs] = samples.map(table::median);
        table::row(name, ours, theirs);
    }

    let per_job = |measure: fn(&str) -> usize| {
        Flavour::BOTH.map(|flavour| {
            let [many, few] = [JOBS, FEW].map(|jobs| measure(&workspace.expanded(flavour, jobs)) as f64);
            (many - few) / (JOBS - FEW) as f64
        })
    };
    let [ours, theirs] = per_job(tokens);
    table::row("tokens a function, expanded", ours, theirs);
    let [ours, theirs] = per_job(|source| source.lines().count());
    table::row("lines a function, expanded", ours, theirs);

    let size = |flavour, jobs| workspace.program_size(flavour, jobs) as f64;
    let [ours, theirs] = Flavour::BOTH.map(|flavour| (size(flavour, JOBS) - size(flavour, FEW)) / (JOBS - FEW) as f64);
    table::row("bytes of the program a function", ours, theirs);
    let [ours, theirs] = Flavour::BOTH.map(|flavour| size(flavour, JOBS));
    table::row("bytes of the program, with queue and worker in ours", ours, theirs);
}

/// Tokens of a source text; a group counts as its two ends and what is between.
fn tokens(source: &str) -> usize {
    fn count(stream: proc_macro2::TokenStream) -> usize {
        stream
            .into_iter()
            .map(|token| match token {
                proc_macro2::TokenTree::Group(group) => 2 + count(group.stream()),
                _ => 1,
            })
            .sum()
    }
    count(source.parse().unwrap())
}
