//! What serde's attributes say of a type: the schema must say the same as serde does.

use std::collections::HashMap;

use mcpq::prelude::*;
use serde_json::{Value, json};

use crate::agreement::{check, with};

fn seven() -> u8 {
    7
}

#[allow(dead_code, reason = "what serde skips is not read")]
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Renamed {
    first_name: String,
    #[serde(rename = "Größe")]
    size: u8,
    r#type: u8,
    #[serde(default = "seven")]
    with_default: u8,
    #[serde(skip)]
    hidden: u8,
    #[serde(skip_serializing)]
    secret: u8,
    #[serde(skip_deserializing)]
    computed: u8,
}

/// Takes a type whose fields have other names.
#[mcp_job]
async fn renamed(value: Renamed) -> Renamed {
    value
}

#[tokio::test]
async fn names_and_what_is_skipped() {
    let fine = json!({ "value": { "firstName": "a", "Größe": 1, "type": 2, "secret": 3 } });
    let mut with = fine.clone();
    with["value"]["withDefault"] = json!(9);
    let changed = |key: &str, value: Value| {
        let mut args = fine.clone();
        args["value"][key] = value;
        args
    };
    let mut missing = fine.clone();
    missing["value"].as_object_mut().unwrap().remove("secret");
    check(
        renamed::JOB,
        &[fine.clone(), with],
        &[
            missing,
            changed("first_name", json!("a")),
            changed("hidden", json!(1)),
            changed("computed", json!(1)),
            changed("withDefault", json!(null)),
        ],
    )
    .await;
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Inner {
    depth: u8,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", content = "with", rename_all = "kebab-case")]
enum Adjacent {
    PlainOne,
    WithNumber(u8),
    WithFields { left: u8, right: Option<u8> },
}

#[allow(dead_code, reason = "what serde skips is not made")]
#[derive(Serialize, Deserialize, JsonSchema)]
enum External {
    Unit,
    New(Inner),
    Pair(u8, String),
    #[serde(rename_all = "UPPERCASE")]
    Fields {
        deep: u8,
    },
    #[serde(skip)]
    Never,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "mode", rename_all = "lowercase")]
enum Internal {
    Off,
    On(Inner),
    Both { left: u8 },
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Loose {
    Nothing,
    Number(i64),
    Words(Vec<String>),
    Deep { inner: Inner },
}

/// Takes every form of enum.
#[mcp_job]
async fn enums(adjacent: Adjacent, external: External, internal: Internal, loose: Loose) -> (Adjacent, External) {
    let _ = (internal, loose);
    (adjacent, external)
}

#[tokio::test]
async fn enums_of_every_form() {
    let fine =
        json!({ "adjacent": { "kind": "plain-one" }, "external": "Unit", "internal": { "mode": "off" }, "loose": 1 });
    let fits = [
        fine.clone(),
        with(&fine, json!({ "adjacent": { "kind": "with-number", "with": 3 } })),
        with(&fine, json!({ "adjacent": { "kind": "with-fields", "with": { "left": 1 } } })),
        with(&fine, json!({ "external": { "New": { "depth": 1 } } })),
        with(&fine, json!({ "external": { "Pair": [1, "a"] } })),
        with(&fine, json!({ "external": { "Fields": { "DEEP": 1 } } })),
        with(&fine, json!({ "internal": { "mode": "on", "depth": 1 } })),
        with(&fine, json!({ "internal": { "mode": "both", "left": 1 } })),
        with(&fine, json!({ "loose": null })),
        with(&fine, json!({ "loose": ["a"] })),
        with(&fine, json!({ "loose": { "inner": { "depth": 1 } } })),
    ];
    let does_not = [
        with(&fine, json!({ "adjacent": { "kind": "with-number" } })),
        with(&fine, json!({ "adjacent": { "kind": "with_number", "with": 3 } })),
        with(&fine, json!({ "adjacent": { "kind": "with-number", "with": "3" } })),
        with(&fine, json!({ "external": "New" })),
        with(&fine, json!({ "external": "Never" })),
        with(&fine, json!({ "external": { "Pair": [1] } })),
        with(&fine, json!({ "external": { "Fields": { "deep": 1 } } })),
        with(&fine, json!({ "external": { "New": { "depth": 1 }, "Pair": [1, "a"] } })),
        with(&fine, json!({ "internal": { "mode": "on" } })),
        with(&fine, json!({ "internal": { "mode": "Off" } })),
        with(&fine, json!({ "internal": { "depth": 1 } })),
        with(&fine, json!({ "loose": 1.5 })),
        with(&fine, json!({ "loose": { "inner": {} } })),
        with(&fine, json!({ "loose": [1] })),
    ];
    check(enums::JOB, &fits, &does_not).await;
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Flat {
    own: u8,
    #[serde(flatten)]
    inner: Inner,
    #[serde(flatten)]
    mode: Internal,
    #[serde(flatten)]
    maybe: Option<Other>,
    #[serde(flatten)]
    more: HashMap<String, String>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Other {
    other: u8,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct FlatOnly {
    own: u8,
    #[serde(flatten)]
    inner: Inner,
}

/// Takes types that are written into their place.
#[mcp_job]
async fn flat(flat: FlatOnly, mode: Flat) -> Flat {
    let _ = flat;
    mode
}

#[tokio::test]
async fn what_is_flattened() {
    let fine = json!({ "flat": { "own": 1, "depth": 2 }, "mode": { "own": 1, "depth": 2, "mode": "off" } });
    let fits = [fine.clone(), with(&fine, json!({ "flat": { "own": 1, "depth": 2, "else": 3 } }))];
    let does_not = [
        with(&fine, json!({ "flat": { "own": 1 } })),
        with(&fine, json!({ "flat": { "own": 1, "inner": { "depth": 2 } } })),
        with(&fine, json!({ "mode": { "own": 1, "depth": 2 } })),
        with(&fine, json!({ "mode": { "own": 1, "mode": "off" } })),
    ];
    check(flat::JOB, &fits, &does_not).await;
}
