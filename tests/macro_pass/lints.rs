//! Jobs on which lints would have something to say if what the attribute makes were written by hand.

use mcpq::prelude::*;

use crate::registered;

/// Has a private type in a public signature, more flags than one should, and fields that look alike.
#[allow(unreachable_pub, private_interfaces)]
mod crowded {
    use super::{Deserialize, JsonSchema, Serialize};

    #[derive(Debug, Serialize, Deserialize, JsonSchema)]
    pub(super) struct Inner(pub(super) bool);

    /// Takes what is `pub` here and no further.
    #[mcpq::mcp_job]
    pub async fn crowded(
        crowded_a: bool,
        crowded_b: bool,
        crowded_c: bool,
        crowded_d: bool,
        crowded_inner: Inner,
    ) -> bool {
        crowded_a && crowded_b && crowded_c && crowded_d && crowded_inner.0
    }
}

/// Has a name of another style, and so has what it takes.
#[allow(non_snake_case)]
#[mcp_job]
async fn Resize_Image(#[allow(non_snake_case)] maxWidth: u32, mut height: u32) -> u32 {
    height += maxWidth;
    height
}

/// Is nothing but a number, and could be copied.
#[mcp_job]
async fn small(_number: u8) {}

/// What its own derives may use.
#[allow(deprecated)]
mod old {
    use super::{Deserialize, JsonSchema, Serialize};

    /// Is old.
    #[deprecated = "for the test"]
    #[derive(Debug, Serialize, Deserialize, JsonSchema)]
    pub(super) struct Old(pub(super) u8);
}

/// Takes and gives what is deprecated.
#[allow(deprecated)]
#[mcp_job]
async fn take_old(old: old::Old, #[arg(default = old::Old(1))] other: old::Old) -> old::Old {
    old::Old(old.0 + other.0)
}

/// Is [described](nowhere) with *marks* that `Rustdoc<T>` complains of in <b>comments.
#[allow(rustdoc::broken_intra_doc_links, rustdoc::invalid_html_tags)]
#[mcp_job]
async fn marked(
    /// One [of](nowhere) <these>.
    mark: String,
) -> String {
    mark
}

/// Is never used in any way.
#[mcp_job]
fn unused_plain(#[arg(default = 3)] _number: u32, #[arg(default)] _text: String) {}

#[tokio::test]
async fn lints_say_nothing_of_what_the_attribute_makes() {
    #![allow(deprecated)]
    let inner = crowded::Inner(true);
    assert!(crowded::crowded(true, true, true, true, inner).await);
    assert_eq!(Resize_Image(1, 2).await, 3);
    assert_eq!(take_old(old::Old(1), old::Old(2)).await.0, 3);
    for job in [crowded::crowded::JOB, Resize_Image::JOB, small::JOB, take_old::JOB, marked::JOB] {
        assert_eq!(registered(job).await.name(), job.name());
    }
    small(1).await;
    assert_eq!(marked(String::new()).await, "");
}
