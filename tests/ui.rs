//! What the compiler says about a misused `#[mcp_job]`. A changed text is blessed with `TRYBUILD=overwrite`; its diff
//! is what a reviewer reads. Every file in `ui` is one mistake, named after it.

use std::process::Command;

/// The compiler whose wording the texts hold.
const BLESSED: &str = "rustc 1.95.";

/// Texts of the attribute's own: the same from every compiler.
#[test]
fn macro_texts() {
    trybuild::TestCases::new().compile_fail("ui/macro/*.rs");
}

/// Errors about types, where rustc speaks and the attribute only arranges what it speaks about. Its words differ from
/// release to release, so another compiler than the blessed one is not held to them.
#[test]
fn type_texts() {
    let rustc = Command::new("rustc").arg("--version").output().unwrap_or_else(|error| panic!("no rustc: {error}"));
    let version = String::from_utf8_lossy(&rustc.stdout).into_owned();
    if version.starts_with(BLESSED) {
        trybuild::TestCases::new().compile_fail("ui/types/*.rs");
    } else {
        println!("not compared: the texts are those of {BLESSED}x, and this is {version}");
    }
}
