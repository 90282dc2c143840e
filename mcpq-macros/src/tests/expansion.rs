use quote::ToTokens;
use syn::{Fields, File, ImplItem, Item, ItemConst, ItemFn, ItemImpl, ItemStruct, Stmt};

use super::tokens;

/// The items, with those that an attribute brings along where it puts them.
#[track_caller]
pub(super) fn expand(options: &str, item: &str) -> File {
    let expanded = crate::attribute(tokens(options), tokens(item));
    let mut file: File = syn::parse2(expanded).expect("the expansion is made of items");
    let mut items = Vec::new();
    for mut item in file.items {
        let mut brought = None;
        if let Item::Struct(item) = &mut item {
            brought = item.attrs.extract_if(.., |attr| text(attr.path()).ends_with("::beside")).next();
        }
        items.push(item);
        items.extend(brought.iter().flat_map(|attr| attr.parse_args::<File>().expect("items are brought").items));
    }
    file.items = items;
    file
}

fn names(file: &File) -> Vec<&'static str> {
    file.items
        .iter()
        .map(|item| match item {
            Item::Fn(_) => "fn",
            Item::Struct(_) => "struct",
            Item::Const(_) => "const",
            Item::Macro(_) => "error",
            _ => "other",
        })
        .collect()
}

fn function(file: &File) -> &ItemFn {
    file.items.iter().find_map(|item| if let Item::Fn(item) = item { Some(item) } else { None }).expect("a function")
}

fn structure(file: &File) -> &ItemStruct {
    let found = file.items.iter().find_map(|item| if let Item::Struct(item) = item { Some(item) } else { None });
    found.expect("a struct")
}

fn registration(file: &File) -> &ItemConst {
    let found = file.items.iter().find_map(|item| if let Item::Const(item) = item { Some(item) } else { None });
    found.expect("a constant")
}

fn impls(file: &File) -> Vec<ItemImpl> {
    let syn::Expr::Block(block) = &*registration(file).expr else { panic!("not a block") };
    let items = block.block.stmts.iter().filter_map(|stmt| match stmt {
        Stmt::Item(Item::Impl(item)) => Some(item.clone()),
        _ => None,
    });
    items.collect()
}

fn text(tokens: &impl ToTokens) -> String {
    tokens.to_token_stream().to_string().replace(' ', "")
}

const REPORT: &str = "
/// Makes a report.
#[cfg(unix)]
#[tracing::instrument]
pub(crate) async fn report(
    /// Which one.
    department: String,
    #[arg(default = 4, range(1..=12))] #[allow(unused)] quarters: u32,
    note: Option<String>,
    db: State<Db>,
) -> Result<Report, JobError> { body }";

#[test]
fn a_job_is_its_function_a_struct_and_a_registration() {
    assert_eq!(names(&expand("", REPORT)), ["fn", "struct", "const"]);
}

#[test]
fn the_function_stays_as_it_was_but_for_its_parameters_marks() {
    let file = expand("", REPORT);
    let function = function(&file);
    assert_eq!(text(&function.vis), "pub(crate)");
    assert_eq!(
        text(&function.sig),
        "asyncfnreport(department:String,#[allow(unused)]quarters:u32,note:Option<String>,db:State<Db>,)\
         ->Result<Report,JobError>",
    );
    assert_eq!(text(&function.block), "{body}");
    assert!(function.attrs.iter().any(|attr| text(attr) == "#[tracing::instrument]"));
}

#[test]
fn the_struct_has_the_arguments_as_public_fields() {
    let file = expand("args = \"ReportArgs\"", REPORT);
    let structure = structure(&file);
    assert_eq!(structure.ident, "ReportArgs");
    assert_eq!(text(&structure.vis), "pub(crate)");
    assert!(structure.attrs.iter().any(|attr| text(attr) == "#[cfg(unix)]"));
    assert!(!structure.attrs.iter().any(|attr| text(attr).contains("tracing")));
    let Fields::Named(fields) = &structure.fields else { panic!("not named") };
    let fields: Vec<String> = fields
        .named
        .iter()
        .map(|field| format!("{} {}: {}", text(&field.vis), text(&field.ident), text(&field.ty)))
        .collect();
    assert_eq!(fields, ["pub department: String", "pub quarters: u32", "pub note: Option<String>"]);
}

#[test]
fn the_registration_comes_and_goes_with_the_struct() {
    let expanded = text(&crate::attribute(tokens(""), tokens(REPORT)));
    let attributes = "#[cfg(unix)]#[::mcpq::__private::beside{#[allow(";
    assert!(expanded.contains(attributes), "{expanded}");
}

#[test]
fn only_what_has_no_default_must_be_given() {
    let file = expand("", REPORT);
    let news: Vec<String> = impls(&file)
        .iter()
        .flat_map(|item| &item.items)
        .filter_map(|item| match item {
            ImplItem::Fn(function) if function.sig.ident == "new" => Some(text(&function.sig)),
            _ => None,
        })
        .collect();
    assert_eq!(news, ["fnnew(department:String)->Self"]);
    let without = expand("", "/// D.\nasync fn job(a: u8) {}");
    assert!(!text(&without).contains("fnnew"));
}

#[test]
fn the_descriptor_says_what_was_set_and_no_more() {
    let options = "timeout = \"1m30s\", max_retries = 2, priority = \"high\", failure_ttl = \"forever\"";
    let expanded = text(&registration(&expand(options, REPORT)));
    for expected in [
        "JobDescriptor::new(\"report\",\"Makesareport.\",",
        "__options.timeout=__mcpq::Some(__mcpq::Duration::new(90u64,0u32))",
        "__options.max_retries=2u32",
        "__options.priority=__mcpq::Priority::High",
        "Duration::MAX",
        ".arg::<String>(\"department\",\"Whichone.\")",
        ".minimum(1i128).maximum(12i128)",
        ".arg::<Option<String>>(\"note\",\"\")",
        ".inject::<State<Db>>()",
        "__mcpq::inventory::submit!{report::JOB}",
    ] {
        assert!(expanded.contains(expected), "{expected} is not in\n{expanded}");
    }
    assert!(!expanded.contains("__options.queue"));
}

#[test]
fn a_plain_function_runs_on_the_blocking_pool() {
    let expanded = text(&expand("", "/// D.\nfn job(a: u8) -> u8 { a }"));
    assert!(expanded.contains(".run_blocking("));
    assert!(expanded.contains("move||job("));
}

#[test]
fn the_rest_is_read_last_and_passed_in_its_place() {
    let expanded = text(&expand("", "/// D.\nasync fn job(#[arg(rest)] more: Map, a: u8) {}"));
    let read = |part: &str| expanded.find(part).expect(part);
    assert!(read("let__param1=__call.arg::<u8>(\"a\")?;") < read("let__param0=__call.rest::<Map>()?;"));
    assert!(expanded.contains("job(__param0,__param1)"));
}

#[test]
fn a_default_is_written_out_once() {
    let expanded = text(&expand("", "/// D.\nasync fn job(#[arg(default = compute())] a: u8) {}"));
    assert_eq!(expanded.matches("compute()").count(), 1);
}

#[test]
fn nothing_but_the_private_module_is_named() {
    let file = expand("crate = ::renamed", REPORT);
    let expanded = text(&registration(&file));
    assert_eq!(expanded.matches("::renamed::__private::{selfas__mcpq,").count(), 1);
    assert!(!expanded.replace("__mcpq", "").contains("mcpq"));
    for path in ["Some(", "None", "Ok(", "Duration::", "file!", "line!"] {
        let bare = expanded.match_indices(path).filter(|(at, _)| !expanded[..*at].ends_with("::")).count();
        assert_eq!(bare, 0, "{path}");
    }
}

#[test]
fn a_wrong_option_leaves_the_job_in_place() {
    assert_eq!(names(&expand("timout = 1", REPORT)), ["error", "fn", "struct", "const"]);
}

#[test]
fn a_wrong_signature_leaves_function_and_struct() {
    let item = "/// D.\n#[test]\nasync fn job(a: &str, #[serde(x)] b: u8) {}";
    let file = expand("", item);
    assert_eq!(names(&file), ["error", "error", "error", "fn", "struct"]);
    assert_eq!(text(&function(&file).sig), "asyncfnjob(a:&str,b:u8)");
    assert!(!function(&file).attrs.iter().any(|attr| text(attr) == "#[test]"));
    assert_eq!(structure(&file).fields.len(), 1);
}

#[test]
fn a_refused_lifetime_is_not_left_for_the_compiler_to_complain_of() {
    let refused = expand("", "/// D.\nasync fn job(a: Cow<'x, str>, b: for<'y> fn(&'y u8)) {}");
    assert_eq!(text(&function(&refused).sig), "asyncfnjob(a:Cow<'static,str>,b:for<'y>fn(&'staticu8))");
    let hidden = expand("", "/// D.\nasync fn job(a: Vec<Cow<str>>) -> Cow<str> {}");
    assert_eq!(text(&function(&hidden).sig), "asyncfnjob(a:Vec<Cow<'static,str>>)->Cow<'static,str>");
    let declared = expand("", "/// D.\nasync fn job<'x>(a: Cow<'x, str>) {}");
    assert_eq!(text(&function(&declared).sig), "asyncfnjob<'x>(a:Cow<'x,str>)");
}

#[test]
fn other_items_stay_as_they_are() {
    assert_eq!(names(&expand("", "struct Job;")), ["error", "struct"]);
}

#[test]
fn code_in_a_parameters_comment_is_no_test() {
    let file = expand("", "/// D.\nasync fn job(\n/// Such as:\n/// ```\n/// {}\n/// ```\na: u8, b: u8) {}");
    let docs: Vec<String> = structure(&file).fields.iter().flat_map(|field| field.attrs.iter().map(text)).collect();
    let [a, b] = &docs[..] else { panic!("one attribute for each field: {docs:#?}") };
    assert_eq!(a, r#"#[cfg_attr(not(doctest),doc="Suchas:\n```\n{}\n```")]"#);
    assert_eq!(b, r#"#[cfg_attr(not(doctest),doc="Argument`b`.")]"#);
    // Agents read it as it was written.
    assert!(text(&registration(&file)).contains(r#".arg::<u8>("a","Suchas:\n```\n{}\n```")"#));
}

#[test]
fn a_description_may_come_from_a_macro() {
    let item = "/// First.\n#[doc = include_str!(\"job.md\")]\nasync fn job(#[doc = include_str!(\"a.md\")] a: u8) {}";
    let file = expand("", item);
    let expanded = text(&registration(&file));
    let joined = r#"__mcpq::core::concat!("First.","\n",include_str!("job.md"),"\n",),"#;
    assert!(expanded.contains(joined), "{expanded}");
    assert!(expanded.contains(r#".arg::<u8>("a",__mcpq::core::concat!(include_str!("a.md"),"\n",))"#), "{expanded}");
    let option = expand("description = include_str!(\"job.md\")", "async fn job() {}");
    assert!(text(&registration(&option)).contains(r#"concat!(include_str!("job.md"),"\n",)"#));
}
