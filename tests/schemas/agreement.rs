//! Arguments that fit and arguments that do not: the queue, and an implementation that is not the queue's own, must say
//! the same.

use mcpq::JobDescriptor;
use serde_json::{Value, json};

use crate::{independent::Independent, jobs, registered};

/// Holds both to the same answers: `fits` and `does_not` lists of arguments.
#[track_caller]
fn agree(job: &mcpq::JobType, fits: &[Value], does_not: &[Value]) {
    let independent = Independent::read(job.input_schema());
    let taken = |args: &Value| job.prepare(args.as_object().unwrap().clone());
    for args in fits {
        assert!(independent.accepts(args), "{}: the schema refuses {args}", job.name());
        if let Err(faults) = taken(args) {
            panic!("{}: the queue refuses {args}: {faults:?}", job.name());
        }
    }
    for args in does_not {
        assert!(!independent.accepts(args), "{}: the schema accepts {args}", job.name());
        assert!(taken(args).is_err(), "{}: the queue accepts {args}", job.name());
    }
}

pub(crate) async fn check(job: JobDescriptor, fits: &[Value], does_not: &[Value]) {
    agree(&registered([job]).await[0], fits, does_not);
}

/// `base` with other values in places.
pub(crate) fn with(base: &Value, changes: Value) -> Value {
    let mut args = base.clone();
    for (key, value) in changes.as_object().unwrap() {
        args[key] = value.clone();
    }
    args
}

fn without(base: &Value, key: &str) -> Value {
    let mut args = base.clone();
    args.as_object_mut().unwrap().remove(key).unwrap();
    args
}

#[tokio::test]
async fn on_no_arguments() {
    check(jobs::no_arguments::JOB, &[json!({})], &[json!({ "a": 1 })]).await;
}

#[tokio::test]
async fn on_simple_types() {
    let fine = json!({
        "text": "", "letter": "ä", "flag": true, "small": 255, "signed": -9, "real": 1, "unit": null, "pair": [1, "a"],
        "path": "/tmp",
    });
    let fits = [fine.clone(), with(&fine, json!({ "maybe": null, "real": 0.5, "small": 7.0 }))];
    let does_not = [
        without(&fine, "text"),
        with(&fine, json!({ "text": 1 })),
        with(&fine, json!({ "text": null })),
        with(&fine, json!({ "letter": "ab" })),
        with(&fine, json!({ "flag": "true" })),
        with(&fine, json!({ "small": 256 })),
        with(&fine, json!({ "small": -1 })),
        with(&fine, json!({ "small": 1.5 })),
        with(&fine, json!({ "maybe": "1" })),
        with(&fine, json!({ "maybe": 65536 })),
        with(&fine, json!({ "unit": 1 })),
        with(&fine, json!({ "pair": [1] })),
        with(&fine, json!({ "pair": [1, "a", 2] })),
        with(&fine, json!({ "other": 1 })),
    ];
    check(jobs::simple_types::JOB, &fits, &does_not).await;
}

#[tokio::test]
async fn on_limits() {
    let fine = json!({ "user": "ada" });
    let fits = [
        fine.clone(),
        with(&fine, json!({ "count": 12, "share": 0, "weights": [], "reply-to": 1 })),
        with(&fine, json!({ "share": 0.99, "weights": [1, 2, 3], "dry_run": true })),
    ];
    let does_not = [
        json!({}),
        json!({ "user": "" }),
        json!({ "user": "Ada" }),
        json!({ "user": "abcdefghijklmnopqrstu" }),
        with(&fine, json!({ "count": 0 })),
        with(&fine, json!({ "count": 13 })),
        with(&fine, json!({ "count": null })),
        with(&fine, json!({ "share": 1 })),
        with(&fine, json!({ "share": -0.1 })),
        with(&fine, json!({ "weights": [1, 2, 3, 4] })),
        with(&fine, json!({ "weights": [256] })),
        with(&fine, json!({ "reply_to": 1 })),
    ];
    check(jobs::limits::JOB, &fits, &does_not).await;
}

#[tokio::test]
async fn on_choices() {
    let fine = json!({ "target": { "kind": "nowhere" }, "key": 1 });
    let fits = [
        fine.clone(),
        with(&fine, json!({ "key": "name", "side": "North", "format": "plain_text" })),
        with(&fine, json!({ "side": null, "target": { "kind": "file", "path": "a" } })),
        with(&fine, json!({ "target": { "kind": "mail", "local": "ada" } })),
    ];
    let does_not = [
        without(&fine, "target"),
        with(&fine, json!({ "key": -1 })),
        with(&fine, json!({ "key": null })),
        with(&fine, json!({ "format": "PlainText" })),
        with(&fine, json!({ "side": "north" })),
        with(&fine, json!({ "target": { "kind": "file" } })),
        with(&fine, json!({ "target": { "kind": "elsewhere" } })),
        with(&fine, json!({ "target": { "path": "a" } })),
        with(&fine, json!({ "target": "nowhere" })),
    ];
    check(jobs::choices::JOB, &fits, &does_not).await;
}

#[tokio::test]
async fn on_nested_types() {
    let report = |row: Value| json!({ "report": { "rows": [row], "author": null } });
    let author = |author: Value| json!({ "report": { "rows": [], "author": author } });
    let fits = [
        report(json!({ "label": "a" })),
        report(json!({ "label": "a", "value": 0.5, "left": 1, "right": -2 })),
        author(json!({ "local": "ada", "host": "example.org" })),
        json!({ "report": { "rows": [] }, "copies": 2 }),
    ];
    let does_not = [
        json!({ "report": {} }),
        json!({ "report": { "rows": {} } }),
        report(json!({})),
        report(json!({ "label": "a", "value": "1" })),
        report(json!({ "label": "a", "left": "1" })),
        author(json!({ "host": "example.org" })),
        author(json!({ "local": "ada", "port": 25 })),
    ];
    check(jobs::nested::JOB, &fits, &does_not).await;
}

#[tokio::test]
async fn on_recursive_types() {
    let folder = |inner: Value| json!({ "folder": { "name": "a", "inside": [{ "name": "b", "inside": [inner] }] } });
    let leaf = json!({ "name": "c" });
    let fits = [folder(leaf.clone()), with(&folder(leaf.clone()), json!({ "other": { "name": "d" } }))];
    let does_not = [
        folder(json!({ "name": 1 })),
        folder(json!({})),
        with(&folder(leaf.clone()), json!({ "other": { "name": "d", "inside": [{}] } })),
        json!({ "folder": null }),
    ];
    check(jobs::recursive::JOB, &fits, &does_not).await;
}

#[tokio::test]
async fn on_lists_and_maps() {
    let fine = json!({
        "list": [1], "set": ["a", "b"], "triple": [1, 2, 3], "by_name": { "x": [{ "label": "a" }] },
        "by_number": { "1": true }, "anything": { "at": ["all", null] },
    });
    let fits = [fine.clone(), with(&fine, json!({ "set": [], "by_name": {}, "by_number": {}, "anything": null }))];
    let does_not = [
        with(&fine, json!({ "list": [] })),
        with(&fine, json!({ "list": [-1] })),
        with(&fine, json!({ "triple": [1, 2] })),
        with(&fine, json!({ "triple": [1, 2, 3, 4] })),
        with(&fine, json!({ "by_name": { "x": [{}] } })),
        with(&fine, json!({ "by_number": { "one": true } })),
        with(&fine, json!({ "by_number": { "1": 1 } })),
        without(&fine, "anything"),
    ];
    check(jobs::collections::JOB, &fits, &does_not).await;
}

#[tokio::test]
async fn on_dates_and_ids() {
    let fine = json!({ "from": "2026-01-31T12:00:00Z", "id": "67e55044-10b1-426f-9247-bb680e5fe0c8" });
    let fits = [fine.clone(), with(&fine, json!({ "day": "2026-01-31", "time": "12:00:00" }))];
    let does_not = [with(&fine, json!({ "from": 5 })), with(&fine, json!({ "id": 5 })), without(&fine, "id")];
    check(jobs::dates_and_ids::JOB, &fits, &does_not).await;
    // A format says what a text looks like, which most implementations do not hold it to; the queue does, by serde.
    let job = &registered([jobs::dates_and_ids::JOB]).await[0];
    for wrong in [json!({ "from": "tomorrow" }), json!({ "id": "x" }), json!({ "day": "2026-02-30" })] {
        assert!(job.prepare(with(&fine, wrong).as_object().unwrap().clone()).is_err());
    }
}

#[tokio::test]
async fn on_arguments_that_nobody_declared() {
    let fits = [json!({ "name": "a" }), json!({ "name": "a", "blue": 1, "red": 2 })];
    let does_not = [json!({ "blue": 1 }), json!({ "name": "a", "blue": -1 }), json!({ "name": "a", "blue": "1" })];
    check(jobs::open_ended::JOB, &fits, &does_not).await;
}

#[tokio::test]
async fn on_arguments_whose_names_are_numbers() {
    let fits = [json!({ "name": "a" }), json!({ "name": "a", "1": true, "20": false })];
    let does_not = [json!({ "name": "a", "one": true }), json!({ "name": "a", "1": 1 }), json!({ "1": true })];
    check(jobs::numbered::JOB, &fits, &does_not).await;
}

#[tokio::test]
async fn on_arguments_whose_names_are_of_an_enum() {
    let fits = [json!({}), json!({ "North": 1 }), json!({ "North": 1, "South": 255.0 })];
    let does_not = [json!({ "West": 1 }), json!({ "North": 256 })];
    check(jobs::by_side::JOB, &fits, &does_not).await;
}

#[tokio::test]
async fn on_any_arguments() {
    let fits = [json!({ "name": "a" }), json!({ "name": "a", "b": [{ "c": null }] })];
    check(jobs::anything_else::JOB, &fits, &[json!({ "b": 1 })]).await;
}

#[tokio::test]
async fn on_types_with_limits_of_their_own() {
    let fine = json!({ "code": "AB", "small": 10 });
    let fits = [fine.clone(), with(&fine, json!({ "code": "ABCD", "small": 255, "part": 99 }))];
    let does_not = [
        with(&fine, json!({ "code": "A" })),
        with(&fine, json!({ "code": "BA" })),
        with(&fine, json!({ "code": "Ab" })),
        with(&fine, json!({ "code": "ABCDE" })),
        with(&fine, json!({ "small": 9 })),
        with(&fine, json!({ "small": 256 })),
        with(&fine, json!({ "part": 100 })),
        with(&fine, json!({ "part": -1 })),
    ];
    check(jobs::narrowed::JOB, &fits, &does_not).await;
}

#[tokio::test]
async fn on_types_that_are_written_apart() {
    let fine = json!({ "codes": ["AB", "CD"], "levels": { "left": { "right": { "left": null } } } });
    let does_not = [
        with(&fine, json!({ "codes": ["AB"] })),
        with(&fine, json!({ "codes": ["AB", "c"] })),
        with(&fine, json!({ "levels": { "left": { "right": { "left": 1 } } } })),
    ];
    check(jobs::doubled::JOB, &[fine], &does_not).await;
}

/// A result as agents get it, held against the schema that they were given for it.
async fn fits_its_schema(job: JobDescriptor, result: impl serde::Serialize) {
    let job = &registered([job]).await[0];
    let (schema, result) = (job.output_schema().unwrap(), json!(result));
    assert!(Independent::read(schema).accepts(&result), "{}: {result} does not fit {schema:#}", job.name());
}

#[tokio::test]
async fn results_fit_the_schemas_that_are_published_for_them() {
    use jobs::{choices, collections, dates_and_ids, nested, no_arguments, recursive};

    no_arguments().await;
    fits_its_schema(no_arguments::JOB, ()).await;
    let report = json!({ "rows": [{ "label": "a", "left": 1 }, { "label": "b", "value": 0.5 }], "author": null });
    let report = nested(serde_json::from_value(report).unwrap(), 1).await;
    fits_its_schema(nested::JOB, report.unwrap_or_else(|error| panic!("{error:?}"))).await;
    let folder = json!({ "name": "a", "inside": [{ "name": "b", "inside": [] }] });
    fits_its_schema(recursive::JOB, recursive(serde_json::from_value(folder).unwrap(), None).await).await;
    let chosen = choices(jobs::Format::PlainText, jobs::Target::Nowhere, jobs::Key::Number(1), None).await;
    fits_its_schema(choices::JOB, chosen).await;
    let maps = (Default::default(), Default::default());
    let counted = collections(vec![1, 2], Default::default(), [1, 2, 3], maps.0, maps.1, json!(null)).await;
    fits_its_schema(collections::JOB, counted).await;
    let dated = dates_and_ids(chrono::Utc::now(), None, None, uuid::Uuid::from_u128(7)).await;
    fits_its_schema(dates_and_ids::JOB, dated).await;
}
