//! What the compiler says about a misused `#[mcp_job]`. A changed text is blessed with `TRYBUILD=overwrite`; its diff
//! is what a reviewer reads. Every file in `ui` is one mistake, named after it.

/// Texts of the attribute's own.
#[test]
fn macro_texts() {
    trybuild::TestCases::new().compile_fail("ui/macro/*.rs");
}

/// Errors about types, where rustc speaks and the attribute only arranges what it speaks about.
#[test]
fn type_texts() {
    trybuild::TestCases::new().compile_fail("ui/types/*.rs");
}
