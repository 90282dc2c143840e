//! Jobs whose arguments and results are of every kind.

use std::collections::{BTreeMap, HashMap};

use mcpq::JobDescriptor;
use mcpq::prelude::*;

/// Every job of this file.
pub(crate) fn all() -> Vec<JobDescriptor> {
    vec![
        no_arguments::JOB,
        simple_types::JOB,
        limits::JOB,
        choices::JOB,
        nested::JOB,
        recursive::JOB,
        collections::JOB,
        dates_and_ids::JOB,
        open_ended::JOB,
        numbered::JOB,
        by_side::JOB,
        anything_else::JOB,
        narrowed::JOB,
        doubled::JOB,
    ]
}

/// Takes nothing and gives nothing.
#[mcp_job]
pub(crate) async fn no_arguments() {}

/// Takes one of each simple type.
#[mcp_job]
pub(crate) async fn simple_types(
    text: String,
    letter: char,
    flag: bool,
    small: u8,
    signed: i64,
    real: f64,
    maybe: Option<u16>,
    unit: (),
    pair: (u8, String),
    path: std::path::PathBuf,
) -> (String, u8) {
    let _ = (letter, flag, signed, real, maybe, unit, pair, path);
    (text, small)
}

/// Takes arguments with limits, defaults and examples.
#[mcp_job]
pub(crate) async fn limits(
    /// Who it is for, as the
    /// directory has it.
    #[arg(length(1..=20), pattern = "^[a-z]+$", example = "ada", example = "bob")]
    user: String,
    /// How many.
    #[arg(default = 4, range(1..=12))]
    count: u32,
    /// From none to nearly all.
    #[arg(range(0.0..1.0))]
    share: Option<f64>,
    #[arg(default = "plain")] format: String,
    #[arg(default)] dry_run: bool,
    #[arg(default = vec![1, 2], length(..=3))] weights: Vec<u8>,
    #[arg(name = "reply-to")] reply_to: Option<u64>,
) -> u32 {
    let _ = (user, share, format, dry_run, weights, reply_to);
    count
}

/// How it is written.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Format {
    /// As plain text, which
    /// everyone can read.
    PlainText,
    /// As a table.
    Table,
}

/// Where it goes.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum Target {
    /// Into a file.
    File {
        /// Where the file is.
        path: String,
    },
    /// To a person.
    Mail(Address),
    /// Nowhere.
    Nowhere,
}

/// An address.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Address {
    /// The name before the `@`.
    local: String,
    /// The host behind it.
    #[serde(default = "localhost")]
    host: String,
}

fn localhost() -> String {
    "localhost".to_owned()
}

/// Either a number or a name.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Key {
    Number(u64),
    Name(String),
}

#[derive(Serialize, Deserialize, JsonSchema, PartialEq, Eq, Hash)]
pub(crate) enum Plain {
    North,
    South,
}

/// Takes one of several.
#[mcp_job]
pub(crate) async fn choices(
    /// What to write.
    #[arg(default = Format::Table)]
    format: Format,
    target: Target,
    key: Key,
    side: Option<Plain>,
) -> Format {
    let _ = (target, key, side);
    format
}

/// A report of one quarter.
///
/// It has these parts:
/// - the rows, of which there
///   may be none;
/// - who made it.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Report {
    /// The rows, in the order in which
    /// they were found.
    rows: Vec<Row>,
    /// Who made it.
    author: Option<Address>,
}

/// One row.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Row {
    /// Its label.
    #[schemars(length(min = 1))]
    label: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<f32>,
    #[serde(flatten)]
    more: BTreeMap<String, i32>,
}

/// Takes a type with types inside.
#[mcp_job]
pub(crate) async fn nested(
    /// What to go by.
    report: Report,
    #[arg(default)] copies: u8,
) -> Result<Report, JobError> {
    let _ = copies;
    Ok(report)
}

/// A tree of folders.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Folder {
    /// What it
    /// is called.
    name: String,
    #[serde(default)]
    inside: Vec<Folder>,
}

/// Takes a type that contains itself.
#[mcp_job]
pub(crate) async fn recursive(
    /// Where to begin.
    folder: Folder,
    other: Option<Box<Folder>>,
) -> Folder {
    let _ = other;
    folder
}

/// Takes lists and maps.
#[mcp_job]
pub(crate) async fn collections(
    #[arg(length(1..))] list: Vec<u32>,
    set: std::collections::BTreeSet<String>,
    triple: [i32; 3],
    by_name: BTreeMap<String, Vec<Row>>,
    by_number: HashMap<u32, bool>,
    anything: serde_json::Value,
) -> BTreeMap<String, u32> {
    let _ = (set, triple, by_name, by_number, anything);
    list.into_iter().map(|number| (number.to_string(), number)).collect()
}

/// Takes what the features `chrono` and `uuid` are for.
#[mcp_job]
pub(crate) async fn dates_and_ids(
    /// When it begins.
    from: chrono::DateTime<chrono::Utc>,
    day: Option<chrono::NaiveDate>,
    time: Option<chrono::NaiveTime>,
    id: uuid::Uuid,
) -> (chrono::DateTime<chrono::Utc>, uuid::Uuid) {
    let _ = (day, time);
    (from, id)
}

/// Takes whatever comes.
#[mcp_job]
pub(crate) async fn open_ended(
    name: String,
    /// Counted labels.
    #[arg(rest)]
    labels: BTreeMap<String, u32>,
) -> usize {
    name.len() + labels.len()
}

/// Takes whatever has a number for a name.
#[mcp_job]
pub(crate) async fn numbered(
    name: String,
    /// Which of them are set.
    #[arg(rest)]
    set: HashMap<u32, bool>,
) -> usize {
    name.len() + set.len()
}

/// Takes whatever has the name of a side.
#[mcp_job]
pub(crate) async fn by_side(#[arg(rest)] steps: HashMap<Plain, u8>) -> usize {
    steps.len()
}

/// Takes whatever there is.
#[mcp_job]
pub(crate) async fn anything_else(
    name: String,
    /// What else there is.
    #[arg(rest)]
    more: serde_json::Map<String, serde_json::Value>,
) -> usize {
    name.len() + more.len()
}

/// A code of two to eight letters.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Code(#[schemars(length(min = 2, max = 8), regex(pattern = "^[A-Z]+$"))] String);

/// Takes types that have limits of their own.
#[mcp_job]
pub(crate) async fn narrowed(
    /// One that begins with an A.
    #[arg(pattern = "^A", length(..=4))]
    code: Code,
    #[arg(range(10..))] small: u8,
    #[arg(range(0..100))] part: Option<u8>,
) -> usize {
    let _ = (small, part);
    code.0.len()
}

macro_rules! doubled {
    ($($outer:ident of $inner:ident)*) => {
        $(
            /// Two of the next.
            #[derive(Serialize, Deserialize, JsonSchema)]
            pub(crate) struct $outer {
                left: Option<Box<$inner>>,
                right: Option<Box<$inner>>,
            }
        )*
    };
}

doubled! {
    Level40 of Level39 Level39 of Level38 Level38 of Level37 Level37 of Level36 Level36 of Level35 Level35 of Level34
    Level34 of Level33 Level33 of Level32 Level32 of Level31 Level31 of Level30 Level30 of Level29 Level29 of Level28
    Level28 of Level27 Level27 of Level26 Level26 of Level25 Level25 of Level24 Level24 of Level23 Level23 of Level22
    Level22 of Level21 Level21 of Level20 Level20 of u8
}

/// Takes a type that would be without end if each type within were written where it is used.
#[mcp_job]
pub(crate) async fn doubled(#[arg(length(2..))] codes: Vec<Code>, levels: Level40) -> Level40 {
    let _ = codes;
    levels
}
