//! Types that are not what they look like in JSON, and those of the standard library: the schema must say the same as serde
//! does.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap, HashSet},
    net::IpAddr,
    num::NonZeroU16,
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use mcpq::prelude::*;
use serde_json::json;

use crate::{
    agreement::{check, with},
    registered,
};

#[derive(Serialize, Deserialize, JsonSchema)]
struct Inner {
    depth: u8,
}

#[derive(Serialize, Deserialize, JsonSchema, PartialEq, Eq, Hash)]
#[serde(rename_all = "lowercase")]
enum Side {
    Left,
    Right,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
struct Transparent {
    inner: Inner,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Unit;

#[derive(Serialize, Deserialize, JsonSchema)]
struct Empty {}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Defaulted {
    a: u8,
    b: String,
}

impl Default for Defaulted {
    fn default() -> Self {
        Self { a: 3, b: "b".to_owned() }
    }
}

/// As a text, although it is a number.
mod as_text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(value: &u64, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&value.to_string())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct With {
    #[serde(with = "as_text")]
    #[schemars(with = "String")]
    id: u64,
}

/// Takes types of other forms.
#[mcp_job]
async fn forms(
    transparent: Transparent,
    unit: Unit,
    empty: Empty,
    #[arg(default)] defaulted: Defaulted,
    with: With,
    twice: Option<Option<u8>>,
    nothing: Option<()>,
    boxed: Option<Box<Inner>>,
    shared: Option<Arc<str>>,
    slice: Option<Box<[u8]>>,
    cow: Option<Cow<'static, str>>,
    set: Option<HashSet<u8>>,
    array: Option<[u8; 2]>,
    tuple: Option<(u8, (String, bool))>,
) -> Defaulted {
    let _ = (transparent, unit, empty, with, twice, nothing, boxed, shared, slice, cow, set, array, tuple);
    defaulted
}

#[tokio::test]
async fn types_of_other_forms() {
    let fine =
        json!({ "transparent": { "depth": 1 }, "unit": null, "empty": {}, "with": { "id": "18446744073709551615" } });
    let fits = [
        fine.clone(),
        with(&fine, json!({ "defaulted": {} })),
        with(&fine, json!({ "defaulted": { "a": 1 } })),
        with(&fine, json!({ "twice": null })),
        with(&fine, json!({ "twice": 1 })),
        with(&fine, json!({ "nothing": null })),
        with(&fine, json!({ "boxed": { "depth": 1 } })),
        with(&fine, json!({ "shared": "a" })),
        with(&fine, json!({ "slice": [1] })),
        with(&fine, json!({ "cow": "a" })),
        with(&fine, json!({ "array": [1, 2] })),
        with(&fine, json!({ "tuple": [1, ["a", true]] })),
    ];
    let does_not = [
        with(&fine, json!({ "transparent": { "inner": { "depth": 1 } } })),
        with(&fine, json!({ "unit": {} })),
        with(&fine, json!({ "empty": null })),
        with(&fine, json!({ "defaulted": null })),
        with(&fine, json!({ "with": { "id": 1 } })),
        with(&fine, json!({ "twice": "a" })),
        with(&fine, json!({ "nothing": 1 })),
        with(&fine, json!({ "boxed": {} })),
        with(&fine, json!({ "slice": [256] })),
        with(&fine, json!({ "array": [1] })),
        with(&fine, json!({ "tuple": [1, ["a"]] })),
    ];
    check(forms::JOB, &fits, &does_not).await;
}

/// Takes numbers at the ends of what there is.
#[mcp_job]
async fn numbers(
    large: u64,
    signed: i64,
    nonzero: Option<NonZeroU16>,
    small: Option<i8>,
    single: Option<f32>,
    letter: Option<char>,
) -> u64 {
    let _ = (signed, nonzero, small, single, letter);
    large
}

#[tokio::test]
async fn numbers_at_their_ends() {
    let fine = json!({ "large": 0, "signed": 0 });
    let fits = [
        fine.clone(),
        with(&fine, json!({ "large": 9_007_199_254_740_993_u64 })),
        with(&fine, json!({ "large": u64::MAX })),
        with(&fine, json!({ "signed": i64::MIN })),
        with(&fine, json!({ "signed": i64::MAX })),
        with(&fine, json!({ "nonzero": 1 })),
        with(&fine, json!({ "small": -128 })),
        with(&fine, json!({ "single": 0.1 })),
        with(&fine, json!({ "letter": "ß" })),
    ];
    let does_not = [
        with(&fine, json!({ "large": -1 })),
        with(&fine, json!({ "large": 1.5 })),
        with(&fine, json!({ "large": "1" })),
        with(&fine, json!({ "nonzero": 0 })),
        with(&fine, json!({ "nonzero": 65536 })),
        with(&fine, json!({ "small": -129 })),
        with(&fine, json!({ "small": 128 })),
        with(&fine, json!({ "letter": "" })),
        with(&fine, json!({ "letter": "ab" })),
    ];
    check(numbers::JOB, &fits, &does_not).await;
}

/// Takes maps by every kind of key.
#[mcp_job]
async fn maps(
    by_side: HashMap<Side, u8>,
    by_number: Option<BTreeMap<i16, u8>>,
    by_letter: Option<BTreeMap<char, u8>>,
    by_flag: Option<HashMap<bool, u8>>,
    by_id: Option<HashMap<uuid::Uuid, u8>>,
) -> HashMap<Side, u8> {
    let _ = (by_number, by_letter, by_flag, by_id);
    by_side
}

#[tokio::test]
async fn maps_by_every_kind_of_key() {
    let fine = json!({ "by_side": { "left": 1 } });
    let fits = [
        fine.clone(),
        with(&fine, json!({ "by_number": { "-1": 1, "2": 3 } })),
        with(&fine, json!({ "by_letter": { "a": 1 } })),
        with(&fine, json!({ "by_flag": { "true": 1 } })),
        with(&fine, json!({ "by_id": { "67e55044-10b1-426f-9247-bb680e5fe0c8": 1 } })),
    ];
    let does_not = [
        with(&fine, json!({ "by_side": { "up": 1 } })),
        with(&fine, json!({ "by_number": { "one": 1 } })),
        with(&fine, json!({ "by_flag": { "true": "1" } })),
    ];
    check(maps::JOB, &fits, &does_not).await;
    // What a key looks like is in the schema for numbers and enums alone; for the others serde says it.
    let job = &registered([maps::JOB]).await[0];
    for wrong in
        [json!({ "by_letter": { "ab": 1 } }), json!({ "by_flag": { "yes": 1 } }), json!({ "by_id": { "x": 1 } })]
    {
        assert!(job.prepare(with(&fine, wrong.clone()).as_object().unwrap().clone()).is_err(), "{wrong}");
    }
}

/// Takes what the standard library has.
#[mcp_job]
async fn library(wait: Duration, path: Option<PathBuf>, address: Option<IpAddr>) -> u64 {
    let _ = (path, address);
    wait.as_secs()
}

#[tokio::test]
async fn types_of_the_standard_library() {
    let fine = json!({ "wait": { "secs": 1, "nanos": 0 } });
    let fits = [fine.clone(), with(&fine, json!({ "path": "/srv/ä" })), with(&fine, json!({ "address": "::1" }))];
    let does_not = [
        with(&fine, json!({ "wait": 1 })),
        with(&fine, json!({ "wait": { "secs": 1 } })),
        with(&fine, json!({ "path": 1 })),
        with(&fine, json!({ "address": 1 })),
    ];
    check(library::JOB, &fits, &does_not).await;
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Tree<T> {
    value: T,
    #[serde(default = "Vec::<Tree<T>>::new")]
    below: Vec<Tree<T>>,
}

type Numbers = Tree<u8>;

mod namesake {
    use super::{Deserialize, JsonSchema, Serialize};

    #[derive(Serialize, Deserialize, JsonSchema)]
    pub(super) struct Inner {
        pub(super) name: String,
    }
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Odd {
    even: Option<Box<Even>>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Even {
    odd: Option<Box<Odd>>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Json {
    Text(String),
    List(Vec<Json>),
    Map(BTreeMap<String, Json>),
}

/// Takes types that contain themselves, and two of one name.
#[mcp_job]
async fn contained(
    numbers: Numbers,
    texts: Option<Tree<String>>,
    odd: Odd,
    json: Option<Json>,
    one: Inner,
    other: namesake::Inner,
) -> Numbers {
    let _ = (texts, odd, json, one.depth, other.name);
    numbers
}

#[tokio::test]
async fn types_that_contain_themselves() {
    let fine = json!({ "numbers": { "value": 1 }, "odd": {}, "one": { "depth": 1 }, "other": { "name": "a" } });
    let fits = [
        fine.clone(),
        with(&fine, json!({ "numbers": { "value": 1, "below": [{ "value": 2, "below": [] }] } })),
        with(&fine, json!({ "texts": { "value": "a", "below": [{ "value": "b" }] } })),
        with(&fine, json!({ "odd": { "even": { "odd": { "even": null } } } })),
        with(&fine, json!({ "json": [{ "a": ["b"] }] })),
    ];
    let does_not = [
        with(&fine, json!({ "numbers": { "value": 1, "below": [{ "value": "a" }] } })),
        with(&fine, json!({ "texts": { "value": "a", "below": [{ "value": 1 }] } })),
        with(&fine, json!({ "odd": { "even": { "odd": { "even": 1 } } } })),
        with(&fine, json!({ "json": [{ "a": [1] }] })),
        with(&fine, json!({ "one": { "name": "a" } })),
        with(&fine, json!({ "other": { "depth": 1 } })),
    ];
    check(contained::JOB, &fits, &does_not).await;
}

#[derive(Default, Serialize, Deserialize, JsonSchema)]
struct Ratio {
    part: f32,
}

/// Takes numbers of 32 bits, which are other numbers in 64.
#[mcp_job]
async fn ratios(
    #[arg(default = 0.1, example = 0.7_f32)] ratio: f32,
    #[arg(default = Ratio { part: 2.3 })] inside: Ratio,
    #[arg(default = 0.1)] double: f64,
) -> f32 {
    let _ = double;
    ratio * inside.part
}

#[tokio::test]
async fn a_float_is_shown_as_it_was_written() {
    let job = &registered([ratios::JOB]).await[0];
    let properties = &job.input_schema()["properties"];
    assert_eq!(properties["ratio"]["default"].to_string(), "0.1");
    assert_eq!(properties["ratio"]["examples"].to_string(), "[0.7]");
    assert_eq!(properties["inside"]["default"].to_string(), r#"{"part":2.3}"#);
    let submitted = mcpq::Job::into_args(ratios::new()).unwrap();
    assert_eq!(json!(submitted), json!({ "ratio": 0.1, "inside": { "part": 2.3 }, "double": 0.1 }));
}
