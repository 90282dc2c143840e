//! What is found when a queue is built: limits, defaults, examples and names that cannot be meant.

use std::collections::HashMap;

use mcpq::JobDefinition;
use mcpq::prelude::*;
use serde_json::{Map, Value, json};

use crate::builder;

/// A type that is not spelled as what it is, so that the attribute cannot know.
type Small = u8;
type Text = String;
type Several = Vec<u8>;

#[derive(Serialize, Deserialize, JsonSchema)]
struct Limited(#[schemars(range(min = 1, max = 100))] u32);

#[derive(Serialize, Deserialize, JsonSchema)]
struct Name(#[schemars(length(min = 2, max = 8))] String);

#[derive(Default, Serialize, Deserialize, JsonSchema)]
struct Wants {
    first: u8,
}

#[derive(Default, Serialize, Deserialize, JsonSchema)]
struct Ignores {
    first: Option<u8>,
}

macro_rules! jobs {
    ($($name:ident($($arg:tt)*);)*) => {
        $(
            #[doc = "Is never built."]
            #[mcp_job]
            async fn $name($($arg)*) {}
        )*
    };
}

jobs! {
    below_the_type(#[arg(range(-5..=30))] _a: Small);
    above_the_type(#[arg(range(..=300))] _a: Option<Small>);
    past_the_type(#[arg(range(0..257))] _a: Small);
    above_the_newtype(#[arg(range(2..=200))] _a: Limited);
    shorter_than_the_newtype(#[arg(length(1..))] _a: Name);
    longer_than_the_array(#[arg(length(..=4))] _a: [u8; 3]);
    range_of_a_text(#[arg(range(1..))] _a: Text);
    length_of_a_number(#[arg(length(1..))] _a: Small);
    pattern_of_a_number(#[arg(pattern = "a")] _a: Small);
    pattern_that_is_none(_b: u8, #[arg(pattern = "(")] _a: String);
    pattern_that_looks_ahead(#[arg(pattern = "a(?=b)")] _a: String);
    default_out_of_range(#[arg(default = Small::MAX, range(..=9))] _a: Small);
    default_that_is_no_number(#[arg(default = f64::NAN)] _a: f64);
    default_that_cannot_be_written(#[arg(default = HashMap::from([((1, 2), 3)]))] _a: HashMap<(u8, u8), u8>);
    example_out_of_range(#[arg(range(..=9), example = 10)] _a: Small);
    example_of_another_type(#[arg(example = "ten")] _a: u8);
    rest_that_is_a_list(#[arg(rest)] _a: Several);
    rest_that_is_a_text(#[arg(rest)] _a: Text);
    rest_with_fields(#[arg(rest)] _a: Wants);
    rest_that_loses_fields(#[arg(rest)] _a: Ignores);
}

#[tokio::test]
async fn what_a_type_cannot_be_is_told_with_its_argument() {
    let told = [
        (
            below_the_type::JOB,
            "`range` of argument `_a` allows -5, but its type does not (`minimum` is 0); narrow it, or leave that end open",
        ),
        (
            above_the_type::JOB,
            "`range` of argument `_a` allows 300, but its type does not (`maximum` is 255); narrow it, or leave that end open",
        ),
        (
            past_the_type::JOB,
            "`range` of argument `_a` allows 256, but its type does not (`maximum` is 255); narrow it, or leave that end open",
        ),
        (
            above_the_newtype::JOB,
            "`range` of argument `_a` allows 200, but its type does not (`maximum` is 100); narrow it, or leave that end open",
        ),
        (
            shorter_than_the_newtype::JOB,
            "`length` of argument `_a` allows 1, but its type does not (`minLength` is 2); narrow it, or leave that end open",
        ),
        (
            longer_than_the_array::JOB,
            "`length` of argument `_a` allows 4, but its type does not (`maxItems` is 3); narrow it, or leave that end open",
        ),
        (range_of_a_text::JOB, "`range` needs a number, and `_a` is none"),
        (length_of_a_number::JOB, "`length` needs a text, a list or a map, and `_a` is none"),
        (pattern_of_a_number::JOB, "`pattern` needs a text, and `_a` is none"),
        (
            pattern_that_is_none::JOB,
            "the pattern of argument `_a` is no regular expression that can be used: `(`; look-around and back-references are not available, so that every text is checked in linear time",
        ),
        (
            pattern_that_looks_ahead::JOB,
            "the pattern of argument `_a` is no regular expression that can be used: `a(?=b)`; look-around and back-references are not available, so that every text is checked in linear time",
        ),
        (
            default_out_of_range::JOB,
            "the default of argument `_a` does not fit its own schema: 255 is greater than the maximum of 9",
        ),
        (
            default_that_is_no_number::JOB,
            "the default of argument `_a` does not fit its own schema: null is not of type \"number\" (a float that is no number becomes null)",
        ),
        (
            default_that_cannot_be_written::JOB,
            "the default of argument `_a` cannot be written as JSON: key must be a string",
        ),
        (
            example_out_of_range::JOB,
            "the example of argument `_a` does not fit its own schema: 10 is greater than the maximum of 9",
        ),
        (
            example_of_another_type::JOB,
            "the example of argument `_a` does not fit its own schema: \"ten\" is not of type \"integer\"",
        ),
        (
            rest_that_is_a_list::JOB,
            "`rest` needs a map, and the type of `_a` is none; give it the type `serde_json::Map<String, Value>` or `HashMap<String, T>`",
        ),
        (
            rest_that_is_a_text::JOB,
            "`rest` needs a map, and the type of `_a` is none; give it the type `serde_json::Map<String, Value>` or `HashMap<String, T>`",
        ),
        (
            rest_with_fields::JOB,
            "`rest` needs a map, and the type of `_a` has fields that must be there; give it the type `serde_json::Map<String, Value>` or `HashMap<String, T>`",
        ),
        (
            rest_that_loses_fields::JOB,
            "`rest` needs a map, and the type of `_a` has fields of its own and ignores all others; give it the type `serde_json::Map<String, Value>` or `HashMap<String, T>`",
        ),
    ];
    let mut reasons = Vec::new();
    for (job, reason) in told {
        let error = builder([job]).build().await.unwrap_err().to_string();
        let (place, told) = error.split_once("): ").unwrap();
        assert!(place.starts_with(&format!("job `{}` (", job.name())) && place.contains("refusals.rs:"), "{error}");
        reasons.push((job.name(), told.to_owned(), reason));
    }
    let wrong: Vec<_> = reasons.iter().filter(|(_, told, wanted)| told != wanted).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn two_names_that_a_model_takes_for_one() {
    let job = |name: &str| JobDefinition::from_fn(name, "", json!({}), |_| async { Ok(Value::Null) });
    for (one, other) in [("a-b", "a_b"), ("report", "Report")] {
        let error = builder([]).job(job(one)).job(job(other)).build().await.unwrap_err().to_string();
        for name in [one, other] {
            assert!(error.contains(&format!("`{name}` (")), "{error}");
        }
    }
    builder([]).job(job("a-b")).job(job("ab")).build().await.unwrap();
}

#[tokio::test]
async fn a_schema_that_is_long_is_named_and_not_quoted() {
    let suggestion = async |names: usize| {
        let properties: Map<String, Value> =
            (0..names).map(|n| (format!("a{n}"), json!({ "type": "integer" }))).collect();
        let schema = json!({ "properties": properties, "required": ["a0"], "additionalProperties": false });
        let job = JobDefinition::from_fn("many", "Takes many.", schema, |_| async { Ok(Value::Null) });
        let client = mcpq::TestClient::without_worker(builder([]).job(job).build().await.unwrap());
        let answer = client.submit("many", json!({})).await;
        assert_eq!(answer["error"]["code"], "INVALID_JOB_ARGUMENTS");
        answer["error"]["suggestion"].as_str().unwrap().to_owned()
    };
    let short = suggestion(2).await;
    assert!(short.starts_with("Pass `args` matching this schema: {") && short.contains("a1"), "{short}");
    assert_eq!(suggestion(2000).await, "Pass `args` matching the schema in the resource `job-type:many`.");
}
