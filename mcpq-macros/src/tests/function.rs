use super::{build, job, message};

#[track_caller]
fn headlines(item: &str) -> Vec<String> {
    let (_, messages) = build("", item);
    messages.iter().filter_map(|message| message.lines().next()).map(str::to_owned).collect()
}

#[test]
fn only_functions_are_jobs() {
    for item in ["struct Job;", "pub(crate) enum E { A }", "#[x] impl Job { fn f() {} }", "const N: u32 = 1;"] {
        assert_eq!(message("", item), "`#[mcp_job]` can only be applied to a function", "{item}");
    }
}

#[test]
fn plain_functions_block() {
    assert!(job("", "/// D.\nfn job() {}").blocking);
    assert!(!job("", "/// D.\nasync fn job() {}").blocking);
}

#[test]
fn raw_identifiers_lose_their_prefix_for_agents() {
    let job = job("", "/// D.\nasync fn r#match(r#type: u32) {}");
    assert_eq!(job.name, "match");
    assert_eq!(job.args, "r#match");
    assert_eq!(job.arguments().next().expect("an argument").key, "type");
}

#[test]
fn names_from_the_function_are_checked() {
    let expected = "`größe` is not a valid tool name\n\
                    note: a tool name is made of ASCII letters, digits, `_` and `-`\n\
                    help: set one with `#[mcp_job(name = \"...\")]`";
    assert_eq!(message("", "/// D.\nasync fn größe() {}"), expected);
}

#[test]
fn no_struct_takes_the_place_of_a_primitive_type() {
    let rule = |name: &str| {
        format!(
            "the struct of arguments cannot have the name of the primitive type `{name}`\n\
             note: it would stand for `{name}` wherever this module says so\n\
             help: rename the function, or name the struct with `#[mcp_job(args = \"...\")]`"
        )
    };
    assert_eq!(message("", "/// D.\nasync fn u32(n: u32) {}"), rule("u32"));
    assert_eq!(message("", "/// D.\nasync fn r#u32(n: u8) {}"), rule("u32"));
    assert_eq!(message("args = \"str\"", "/// D.\nasync fn job() {}"), rule("str"));
    job("args = \"StrArgs\"", "/// D.\nasync fn str(text: String) {}");
    job("", "/// D.\nasync fn string(text: String) {}");
}

#[test]
fn what_a_job_cannot_be() {
    let cases = [
        ("/// D.\nasync fn job(&self) {}", "job `job` must not take `self`"),
        ("/// D.\nasync fn job<T: Send>() {}", "job `job` must not be generic"),
        ("/// D.\nasync fn job<const N: usize>() {}", "job `job` must not have const generics"),
        ("/// D.\nasync fn job<'a>() {}", "job `job` must not have lifetime parameters"),
        ("/// D.\nasync fn job() where u32: Copy {}", "job `job` must not have a `where` clause"),
        ("/// D.\nasync unsafe fn job() {}", "job `job` must not be `unsafe`"),
        ("/// D.\nasync extern \"C\" fn job() {}", "job `job` must not have an explicit ABI"),
        ("/// D.\nasync fn job(a: u8, args: ...) {}", "job `job` must not take `...`"),
        ("/// D.\nasync fn job();", "a job needs a body"),
        ("/// D.\n#[mcp_job]\nasync fn job() {}", "job `job` has `#[mcp_job]` twice"),
        ("/// D.\n#[tokio::main]\nasync fn job() {}", "`#[tokio::main]` cannot be combined with `#[mcp_job]`"),
        ("/// D.\n#[test]\nfn job() {}", "`#[test]` cannot be combined with `#[mcp_job]`"),
        ("/// D.\n#[tool(name = \"x\")]\nasync fn job() {}", "`#[tool]` cannot be combined with `#[mcp_job]`"),
        ("/// D.\n#[unsafe(no_mangle)]\nfn job() {}", "job `job` must not be exported as a symbol"),
        ("/// D.\n#[export_name = \"x\"]\nfn job() {}", "job `job` must not be exported as a symbol"),
        ("/// D.\nasync fn job() -> impl Send {}", "job `job` must use concrete types, not `impl Trait`"),
        ("/// D.\nfn job() -> impl Future<Output = u8> {}", "job `job` must use concrete types, not `impl Trait`"),
        (
            "/// D.\nfn job() -> Pin<Box<dyn Future<Output = u8> + Send>> {}",
            "job `job` must return its result, not a future of it",
        ),
        ("/// D.\nfn job() -> BoxFuture<'static, u8> {}", "job `job` must return its result, not a future of it"),
        ("/// D.\nasync fn job() -> Self {}", "job `job` must not use `Self`"),
        (
            "/// D.\nasync fn job() -> Cow<str> {}",
            "job `job` must own its data, so it cannot hold a `Cow` that borrows",
        ),
        ("/// D.\nasync fn job() -> ! {}", "job `job` must be able to end, so it cannot return `!`"),
    ];
    for (item, expected) in cases {
        let (job, _) = build("", item);
        assert_eq!(headlines(item), [expected], "{item}");
        assert!(!job.expect("a function").sound, "{item}");
    }
}

#[test]
fn what_rustc_refuses_by_itself_is_left_to_it() {
    let cases = [
        "/// D.\nconst async fn job() {}",
        "/// D.\nasync fn job() -> &str {}",
        "/// D.\nasync fn job() -> Cow<'_, str> {}",
        "/// D.\nasync fn job(a: Vec<_>) {}",
        "/// D.\nasync fn job(a: u8, a: u8) {}",
        "/// D.\nasync fn job(a: !) {}",
    ];
    for item in cases {
        let (job, messages) = build("", item);
        assert_eq!(messages, [""; 0], "{item}");
        assert!(!job.expect("a function").sound, "{item}");
    }
}

#[test]
fn a_where_clause_that_says_nothing_is_none() {
    assert!(job("", "/// D.\nasync fn job(a: u8) where {}").sound);
}

#[test]
fn static_data_may_be_returned_and_injected() {
    let item = "/// D.\nasync fn job(s: State<&'static str>) -> Result<&'static str, JobError> {}";
    assert!(job("", item).sound);
}

#[test]
fn every_mistake_is_reported_at_once() {
    let item = "async unsafe fn job<T>(a: &str, (b, c): (u8, u8), _: u8, #[cfg(unix)] d: u8) where T: X {}";
    assert_eq!(
        headlines(item),
        [
            "job `job` has no description",
            "job `job` must not be generic",
            "job `job` must not have a `where` clause",
            "job `job` must not be `unsafe`",
            "job `job` must own its data, so it cannot hold a reference",
            "a job parameter must be a plain name, not a pattern",
            "a job parameter needs a name",
            "`cfg` is not supported on a job parameter",
        ],
    );
}
