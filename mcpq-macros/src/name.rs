//! Names that agents see.

/// Hosts refuse the whole tool list for one name outside of this.
const LONGEST: usize = 64;

/// What is wrong with `name` as the name of a job. `shown` is how the message calls it.
pub(crate) fn job(name: &str, shown: &str) -> Result<(), String> {
    check(name, shown, "tool name", "", "`_` and `-`")
}

/// What is wrong with `name` as the name of an argument.
pub(crate) fn argument(name: &str, shown: &str) -> Result<(), String> {
    check(name, shown, "argument name", ".", "`_`, `-` and `.`")
}

/// What is wrong with `name` as the name of a queue.
pub(crate) fn queue(name: &str, shown: &str) -> Result<(), String> {
    check(name, shown, "queue name", ".", "`_`, `-` and `.`")
}

/// The end of a message that tells a similar name of allowed characters, where there is one.
pub(crate) fn instead(name: &str) -> String {
    let similar: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect();
    let readable = name.is_ascii() && name.len() <= LONGEST && similar != name && similar.trim_matches('_') == similar;
    if readable { format!("\nhelp: write `name = \"{similar}\"`") } else { String::new() }
}

fn check(name: &str, shown: &str, kind: &str, extra: &str, signs: &str) -> Result<(), String> {
    let article = if kind.starts_with('a') { "an" } else { "a" };
    let length = name.chars().count();
    if name.is_empty() {
        Err(format!("{article} {kind} cannot be empty"))
    } else if !name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c) || extra.contains(c)) {
        let note = format!("{article} {kind} is made of ASCII letters, digits, {signs}");
        Err(format!("{shown} is not a valid {kind}\nnote: {note}"))
    } else if length > LONGEST {
        Err(format!("this {kind} has {length} characters; the limit is {LONGEST}"))
    } else {
        Ok(())
    }
}
