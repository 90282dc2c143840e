//! The stated Rust version: what is locked must compile with it. (Lints hold our own code to it.)

use std::process::Command;

use serde_json::Value;

/// Major, minor, patch.
fn version(text: &str) -> [u64; 3] {
    let mut parts = text.split('.').map(|part| part.parse().unwrap());
    std::array::from_fn(|_| parts.next().unwrap_or(0))
}

/// What the feature `postgres` needs, since sqlx does.
const POSTGRES: [u64; 3] = [1, 94, 0];

#[test]
fn what_the_feature_postgres_needs_is_said() {
    let readme = include_str!("../../README.md");
    assert!(readme.contains(&format!("needs Rust {}.{}", POSTGRES[0], POSTGRES[1])));
}

#[test]
fn every_locked_dependency_supports_the_stated_rust_version() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--all-features"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let ours = packages.iter().find(|package| package["name"] == "mcpq").unwrap();
    let stated = version(ours["rust_version"].as_str().unwrap());
    let newer: Vec<String> = packages
        .iter()
        .filter(|package| {
            let needed = package["rust_version"].as_str().map_or([0; 3], version);
            // The feature `postgres` is off unless asked for.
            let is_sqlx = package["name"].as_str().is_some_and(|name| name.starts_with("sqlx"));
            needed > if is_sqlx { POSTGRES } else { stated }
        })
        .map(|package| format!("{} {} needs {}", package["name"], package["version"], package["rust_version"]))
        .collect();
    assert!(newer.is_empty(), "{newer:#?}");
}
