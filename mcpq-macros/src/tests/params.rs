use super::{argument, build, job, message, param_message, with_params};
use crate::job::{Param, Presence};
use crate::limits::Limits;
use crate::value::Number::{Float, Int};

#[track_caller]
pub(super) fn is_injected(param: &str) -> bool {
    matches!(job("", &with_params(param)).params[..], [Param::Injected(_)])
}

#[test]
fn the_last_word_of_the_type_tells_what_is_injected() {
    assert!(is_injected("p: Progress"));
    assert!(is_injected("p: mcpq::Progress"));
    assert!(is_injected("c: CancelToken"));
    assert!(is_injected("c: JobContext"));
    assert!(is_injected("db: State<Warehouse>"));
    assert!(!is_injected("n: u32"));
    assert!(!is_injected("p: Option<Progress>"));
}

#[test]
fn a_mark_decides_otherwise() {
    assert!(is_injected("#[inject] t: Tenant"));
    assert!(!is_injected("#[arg] p: Progress"));
    assert!(!is_injected("#[arg] #[arg(name = \"q\")] i: Input"));
}

#[test]
fn presence_follows_from_type_and_default() {
    assert!(matches!(argument("n: u32").presence, Presence::Required));
    assert!(matches!(argument("n: Option<u32>").presence, Presence::Optional));
    assert!(matches!(argument("n: std::option::Option<u32>").presence, Presence::Optional));
    assert!(matches!(argument("n: Option").presence, Presence::Required));
    assert!(matches!(argument("#[arg(default)] n: u32").presence, Presence::TypeDefault(_)));
    assert!(matches!(argument("#[arg(default = A::<B, C>::d())] n: u32").presence, Presence::Default(_)));
    assert!(matches!(argument("#[arg(rest)] n: Map").presence, Presence::Rest));
}

#[test]
fn an_argument_may_be_renamed_and_mutable() {
    assert_eq!(argument("#[arg(name = \"user-name\")] user: String").key, "user-name");
    assert_eq!(argument("mut user: String").ident, "user");
}

#[track_caller]
fn limits(options: &str) -> Limits {
    argument(&format!("#[arg({options})] x: X")).limits
}

#[test]
fn every_form_of_range_is_read() {
    let none = Limits::default;
    assert_eq!(limits("range(1..=12)"), Limits { minimum: Some(Int(1)), maximum: Some(Int(12)), ..none() });
    assert_eq!(limits("range(1..10)"), Limits { minimum: Some(Int(1)), exclusive_maximum: Some(Int(10)), ..none() });
    assert_eq!(limits("range(1..)"), Limits { minimum: Some(Int(1)), ..none() });
    assert_eq!(limits("range(..=5)"), Limits { maximum: Some(Int(5)), ..none() });
    assert_eq!(limits("range(-5..=-1)"), Limits { minimum: Some(Int(-5)), maximum: Some(Int(-1)), ..none() });
    assert_eq!(limits("range(0.5..=1)"), Limits { minimum: Some(Float(0.5)), maximum: Some(Int(1)), ..none() });
    assert_eq!(limits("range = ..2.5"), Limits { exclusive_maximum: Some(Float(2.5)), ..none() });
}

#[test]
fn lengths_and_patterns_are_read() {
    let none = Limits::default;
    assert_eq!(limits("length(..=200)"), Limits { max_length: Some(200), ..none() });
    assert_eq!(limits("length(1..10)"), Limits { min_length: Some(1), max_length: Some(9), ..none() });
    assert_eq!(limits("pattern = \"^a+$\""), Limits { pattern: Some("^a+$".to_owned()), ..none() });
}

#[test]
fn examples_may_repeat() {
    assert_eq!(argument("#[arg(example = 1, example = 2)] #[arg(example = 3)] n: u8").examples.len(), 3);
}

#[test]
fn ranges_are_checked() {
    let range = "parameter option `range`";
    let help = "help: write `range(1..=12)`";
    let cases = [
        ("range", format!("{range} needs a range\n{help}")),
        ("range()", format!("{range} needs a range\n{help}")),
        ("range(5)", format!("{range} needs a range\n{help}")),
        ("range(2, 8)", format!("{range} needs a range\nhelp: write `range(2..=8)`")),
        ("range = [-1, 0.5]", format!("{range} needs a range\nhelp: write `range(-1..=0.5)`")),
        ("range(min = 2, max = 8)", format!("{range} needs a range\nhelp: write `range(2..=8)`")),
        ("range = \"2..8\"", format!("{range} needs a range\nhelp: write `range(2..8)`")),
        ("range(\"small\")", format!("{range} needs a range\n{help}")),
        ("range(1, 2, 3)", format!("{range} needs a range\n{help}")),
        ("range(1 ? 2)", format!("{range} needs a range\n{help}")),
        ("range(..)", format!("{range} needs at least one bound\n{help}")),
        ("range(5..=1)", format!("the range of {range} is empty\n{help}")),
        ("range(5..5)", format!("the range of {range} is empty\n{help}")),
        ("range(0.5..0.5)", format!("the range of {range} is empty\n{help}")),
        ("range(A..)", format!("the bounds of {range} must be number literals")),
        ("range(1u8..)", format!("{range} must not have the suffix `u8`\nhelp: write `1`")),
        ("length(-1..)", "parameter option `length` cannot be negative".to_owned()),
        ("length(..0)", "the range of parameter option `length` is empty".to_owned()),
        ("length(0.5..)", "the bounds of parameter option `length` must be whole numbers".to_owned()),
        (
            "pattern = \"\"",
            "parameter option `pattern` cannot be empty\nhelp: write something between the quotes, or leave `pattern` out"
                .to_owned(),
        ),
    ];
    for (options, expected) in cases {
        assert_eq!(param_message(&format!("#[arg({options})] x: X")), expected, "{options}");
    }
}

#[test]
fn parameter_options_are_checked() {
    let cases = [
        ("defualt = 1", "unknown parameter option `defualt`\nhelp: an option with a similar name exists: `default`"),
        ("min = 1", "unknown parameter option `min`\nhelp: use `range`: `range(1..)`"),
        ("desc = \"x\"", "unknown parameter option `desc`\nhelp: write a doc comment on the parameter"),
        ("default, default = 1", "parameter option `default` is set more than once"),
        (
            "rest, default",
            "parameter option `default` cannot be combined with `rest`\n\
             note: `rest` takes what no other parameter takes, which may be nothing",
        ),
        (
            "default, rest",
            "parameter option `rest` cannot be combined with `default`\n\
             note: `rest` takes what no other parameter takes, which may be nothing",
        ),
        (
            "default =",
            "parameter option `default` needs a value\nhelp: write `default` for the type's own, or `default = ...`",
        ),
        (
            "default(1)",
            "parameter option `default` takes no list\nhelp: write `default` for the type's own, or `default = ...`",
        ),
        ("rest =", "parameter option `rest` takes no value"),
        ("rest = 1", "parameter option `rest` takes no value"),
        ("name = \"\"", "an argument name cannot be empty\nhelp: leave `name` out to use the parameter's name"),
        ("ask = \"Your name?\"", "parameter option `ask` is not available in this version of mcpq\nhelp: remove it"),
        ("10", "expected a parameter option, such as `default = 10`"),
        (
            "\"x\"",
            "expected a parameter option, such as `default = 10`\n\
             help: for a description, write a doc comment on the parameter",
        ),
    ];
    for (options, expected) in cases {
        assert_eq!(param_message(&format!("#[arg({options})] x: X")), expected, "{options}");
    }
    assert_eq!(
        param_message("#[arg(name = \"a b\")] x: X"),
        "\"a b\" is not a valid argument name\n\
         note: an argument name is made of ASCII letters, digits, `_`, `-` and `.`\n\
         help: write `name = \"a_b\"`",
    );
}

#[test]
fn marks_are_checked() {
    assert_eq!(
        param_message("#[serde(default)] n: u64"),
        "unknown attribute `serde` on a job parameter\nhelp: parameter options are written `#[arg(...)]`",
    );
    let instead = [
        ("default", "write `#[arg(default)]`"),
        ("default(4)", "write `#[arg(default = 4)]`"),
        ("default = 4", "write `#[arg(default = 4)]`"),
        ("range(1..)", "write `#[arg(range(1..))]`"),
        ("pattern(\"a\")", "write `#[arg(pattern = \"a\")]`"),
        ("desc = \"x\"", "write a doc comment on the parameter"),
    ];
    for (attribute, help) in instead {
        let message = param_message(&format!("#[{attribute}] n: u64"));
        assert!(message.ends_with(&format!("on a job parameter\nhelp: {help}")), "{message}");
    }
    assert_eq!(
        param_message("#[cfg(unix)] n: u64"),
        "`cfg` is not supported on a job parameter\n\
         note: the argument schema would differ from build to build\n\
         help: put `#[cfg]` on the whole job instead",
    );
    assert_eq!(
        param_message("#[arg(default = 1)] p: Progress"),
        "`default` has no meaning for `Progress`\n\
         help: remove it, or add `#[arg]` if `Progress` is a type of your own",
    );
    let note = "note: callers give what is `#[arg]`, and mcpq gives what is `#[inject]`";
    let both = format!("a parameter cannot be both `#[arg]` and `#[inject]`\n{note}");
    assert_eq!(param_message("#[arg] #[inject] n: u64"), both);
    assert_eq!(param_message("#[inject(x)] n: u64"), "`#[inject]` takes no options\nhelp: write `#[inject]`");
    assert_eq!(
        param_message("#[arg = 1] n: u64"),
        "parameter options are written `#[arg(...)]`\nhelp: for a default, write `#[arg(default = ...)]`"
    );
}

#[test]
fn types_are_owned_and_concrete() {
    let owned = "job `job` must own its data, so it cannot hold a reference";
    assert_eq!(param_message("s: &str"), format!("{owned}\nhelp: use `String`"));
    assert_eq!(param_message("s: Vec<&[u8]>"), format!("{owned}\nhelp: use `Vec<u8>`"));
    assert_eq!(param_message("s: &'static Foo"), format!("{owned}\nhelp: use `Foo`"));
    assert_eq!(param_message("s: &[str]"), format!("{owned}\nhelp: use `Vec<String>`"));
    assert_eq!(param_message("s: &dyn Any"), format!("{owned}\nhelp: take the value itself instead"));
    assert_eq!(param_message("s: State<&str>"), format!("{owned}\nhelp: use `String`"));
    assert_eq!(
        param_message("s: Cow<'_, str>"),
        "job `job` must own its data, so it cannot use the lifetime `'_`\nhelp: use `'static` or another type",
    );
    let borrows = "job `job` must own its data, so it cannot hold a `Cow` that borrows";
    let choice = "help: use `String` or `Cow<'static, str>`";
    assert_eq!(param_message("s: Cow<str>"), format!("{borrows}\n{choice}"));
    assert_eq!(param_message("s: Vec<std::borrow::Cow<str>>"), format!("{borrows}\n{choice}"));
    assert_eq!(param_message("s: Cow<[u8]>"), format!("{borrows}\nhelp: use `Vec<u8>` or `Cow<'static, [u8]>`"));
    argument("s: Cow<'static, str>");
    argument("s: pasture::Cow<Milk, Calf>");
    argument("s: pasture::Cow<>");
    assert_eq!(
        param_message("s: impl Send"),
        "job `job` must use concrete types, not `impl Trait`\nhelp: name one type, such as `String` or `Vec<u8>`"
    );
    assert_eq!(param_message("s: Vec<Self>"), "job `job` must not use `Self`\nhelp: name the type");
}

#[test]
fn names_and_single_types_are_taken_once() {
    assert_eq!(
        param_message("a: Progress, b: Progress"),
        "job `job` takes `Progress` twice\nnote: the first one is `a`"
    );
    assert_eq!(
        param_message("#[arg(name = \"b\")] a: u8, b: u8"),
        "two arguments are named `b`\nnote: the first one is `a`, renamed",
    );
    assert_eq!(
        param_message("#[arg(rest)] a: Map, #[arg(rest)] b: Map"),
        "job `job` takes the rest twice\nnote: the first one is `a`",
    );
    let (_, messages) = build("", &with_params("a: State<A>, b: State<B>"));
    assert_eq!(messages, [""; 0]);
}

#[test]
fn an_argument_name_that_is_not_ascii_needs_another() {
    let expected = "`größe` is not a valid argument name\n\
                    note: an argument name is made of ASCII letters, digits, `_`, `-` and `.`\n\
                    help: set one with `#[arg(name = \"...\")]`";
    assert_eq!(message("", &with_params("größe: u32")), expected);
}

#[test]
fn options_that_cannot_mean_anything_for_the_type_are_refused() {
    let cases = [
        (
            "#[arg(range(1..))] name: String",
            "parameter option `range` needs a number\nhelp: for its length, write `length(..)`",
        ),
        (
            "#[arg(range(1..))] list: Option<Vec<u8>>",
            "parameter option `range` needs a number\nhelp: for its length, write `length(..)`",
        ),
        (
            "#[arg(length(1..))] n: u8",
            "parameter option `length` needs a text, a list or a map\nhelp: for its bounds, write `range(..)`",
        ),
        (
            "#[arg(pattern = \"a\")] n: Option<f64>",
            "parameter option `pattern` needs a text\nhelp: for its bounds, write `range(..)`",
        ),
        ("#[arg(pattern = \"a\")] flag: bool", "parameter option `pattern` needs a text\nhelp: remove it"),
        (
            "#[arg(default = \"pdf\")] format: Option<String>",
            "the default of an `Option` cannot be a plain value\n\
             help: make the type `String`, without `Option`: an argument with a default may be left out",
        ),
        (
            "#[arg(default = -3)] n: Option<i8>",
            "the default of an `Option` cannot be a plain value\n\
             help: make the type `i8`, without `Option`: an argument with a default may be left out",
        ),
    ];
    for (param, expected) in cases {
        assert_eq!(param_message(param), expected, "{param}");
    }
    for fine in [
        "#[arg(range(1..))] n: Option<my::Number>",
        "#[arg(length(1..), pattern = \"a\")] name: Option<Name>",
        "#[arg(length(1..))] map: std::collections::HashMap<String, u8>",
        "#[arg(default = Some(3))] n: Option<u8>",
    ] {
        argument(fine);
    }
}

#[test]
fn the_rest_is_a_map() {
    let instead = "help: use `serde_json::Map<String, Value>` or `HashMap<String, T>`";
    for (ty, shown) in [
        ("Vec<String>", "Vec<String>"),
        ("HashSet<String>", "HashSet<String>"),
        ("String", "String"),
        ("u32", "u32"),
        ("f64", "f64"),
        ("bool", "bool"),
        ("Option<HashMap<String, u8>>", "Option<HashMap<String, u8>>"),
        ("(String, u8)", "(String, u8)"),
        ("[u8; 4]", "[u8; 4]"),
        ("std::vec::Vec<Box<dyn Shape>>", "std::vec::Vec<Box<dyn Shape>>"),
    ] {
        let expected = format!("parameter option `rest` needs a map, and `{shown}` is none\n{instead}");
        assert_eq!(param_message(&format!("#[arg(rest)] more: {ty}")), expected);
    }
    for fine in ["Map<String, Value>", "HashMap<String, u8>", "std::collections::BTreeMap<String, u8>", "Extra"] {
        argument(&format!("#[arg(rest)] more: {fine}"));
    }
}

#[test]
fn a_range_is_within_its_type() {
    for (options, ty, holds) in [
        ("range(-5..=300)", "u8", "`u8` holds 0 to 255"),
        ("range(..=256)", "Option<u8>", "`u8` holds 0 to 255"),
        ("range(300..)", "u8", "`u8` holds 0 to 255"),
        ("range(..257)", "u8", "`u8` holds 0 to 255"),
        ("range(..=-129)", "i8", "`i8` holds -128 to 127"),
        ("range(-1..)", "u16", "`u16` holds 0 to 65535"),
        ("range(-40_000..)", "i16", "`i16` holds -32768 to 32767"),
        ("range(..=5_000_000_000)", "u32", "`u32` holds 0 to 4294967295"),
        ("range(..=5_000_000_000)", "i32", "`i32` holds -2147483648 to 2147483647"),
        ("range(-1..=1)", "u64", "`u64` holds 0 to 18446744073709551615"),
        ("range(-0.5..)", "usize", "`usize` holds 0 to 18446744073709551615"),
    ] {
        let rule = "the range of parameter option `range` goes beyond its type";
        let expected = format!("{rule}\nnote: {holds}\nhelp: stay within that, or take a wider type");
        assert_eq!(param_message(&format!("#[arg({options})] n: {ty}")), expected, "{options} of {ty}");
    }
    for (options, ty) in [
        ("range(0..=255)", "u8"),
        ("range(..256)", "u8"),
        ("range(-128..=127)", "i8"),
        ("range(-5..=300)", "i32"),
        ("range(-5..=300)", "f32"),
        ("range(-5..=300)", "Weight"),
        ("range(-5..=300)", "Weight<u8>"),
        ("range(-9_223_372_036_854_775_808..)", "i64"),
        ("range(..=18_446_744_073_709_551_615)", "u64"),
    ] {
        argument(&format!("#[arg({options})] n: {ty}"));
    }
}

#[test]
fn a_written_default_is_within_the_written_range() {
    let rule = "the default is outside of the argument's range\nnote:";
    for (options, note) in [
        ("default = 13, range(1..=12)", "the largest value is 12"),
        ("range(1..=12), default = 0u8", "the smallest value is 1"),
        ("default = 12, range(1..12)", "every value is less than 12"),
        ("default = -0.5, range(0.0..)", "the smallest value is 0"),
    ] {
        assert_eq!(param_message(&format!("#[arg({options})] x: X")), format!("{rule} {note}"), "{options}");
    }
    for fine in
        ["default = 12, range(1..=12)", "default = LIMIT, range(1..=12)", "default = 1.5, range(..2)", "default = 9"]
    {
        argument(&format!("#[arg({fine})] x: X"));
    }
}
