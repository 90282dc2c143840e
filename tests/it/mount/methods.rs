//! Every method of rmcp's `ServerHandler` is forwarded. One that is forgotten would compile, and silently switch off a
//! feature of the user's server.

use std::{collections::BTreeSet, path::PathBuf, process::Command};

use serde_json::Value;

/// Where the sources of a package are that this build uses.
fn sources(package: &str) -> PathBuf {
    // For this platform alone: cargo has downloaded nothing for the others.
    let cargo = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline", "--filter-platform", &host()])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(cargo.status.success(), "{}", String::from_utf8_lossy(&cargo.stderr));
    let metadata: Value = serde_json::from_slice(&cargo.stdout).unwrap();
    let manifests: Vec<&str> = metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|known| known["name"] == package)
        .map(|known| known["manifest_path"].as_str().unwrap())
        .collect();
    assert_eq!(manifests.len(), 1, "one version of {package}");
    PathBuf::from(manifests[0]).parent().unwrap().join("src")
}

/// The platform of this build, as cargo calls it.
fn host() -> String {
    let rustc = Command::new("rustc").arg("-vV").output().unwrap();
    let said = String::from_utf8(rustc.stdout).unwrap();
    said.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc tells its host").to_owned()
}

/// The names that stand before an opening parenthesis, after one of `words`.
fn names(source: &str, words: &[&str]) -> BTreeSet<String> {
    let named = |line: &str| {
        let rest = words.iter().find_map(|word| line.trim_start().strip_prefix(word))?;
        let name = rest.split_once('(')?.0;
        name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_').then(|| name.to_owned())
    };
    source.lines().filter_map(named).collect()
}

#[test]
fn no_method_of_the_trait_is_missing() {
    let rmcp = std::fs::read_to_string(sources("rmcp").join("handler/server.rs")).unwrap();
    let (_, methods) = rmcp.split_once("macro_rules! server_handler_methods").expect("rmcp declares its methods there");
    let methods = methods.split("macro_rules!").next().unwrap();
    let theirs = names(methods, &["fn ", "async fn "]);
    assert!(theirs.len() >= 32, "rmcp's source is written otherwise now: {theirs:?}");

    let mounted = std::fs::read_to_string(sources("mcpq-runtime").join("mcp/mounted.rs")).unwrap();
    let (_, ours) = mounted.split_once("ServerHandler for Mounted<H> {").unwrap();
    let ours = names(ours, &["fn ", "async fn ", "noted ", "inner "]);
    assert_eq!(ours, theirs);
}
