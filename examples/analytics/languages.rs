//! Tells the language of a file by its name.

use std::path::Path;

/// A language, its extensions and the names of files without a telling one.
struct Language(&'static str, &'static [&'static str], &'static [&'static str]);

const LANGUAGES: &[Language] = &[
    Language("Assembly", &["asm", "s"], &[]),
    Language("Batch", &["bat", "cmd"], &[]),
    Language("C", &["c", "h"], &[]),
    Language("C#", &["cs"], &[]),
    Language("C++", &["cc", "cpp", "cxx", "hh", "hpp", "hxx"], &[]),
    Language("Clojure", &["clj", "cljc", "cljs"], &[]),
    Language("CMake", &["cmake"], &["CMakeLists.txt"]),
    Language("CSS", &["css", "less", "sass", "scss"], &[]),
    Language("CSV", &["csv", "tsv"], &[]),
    Language("Dart", &["dart"], &[]),
    Language("Dockerfile", &["dockerfile"], &["Containerfile", "Dockerfile"]),
    Language("Elixir", &["ex", "exs"], &[]),
    Language("Erlang", &["erl", "hrl"], &[]),
    Language("F#", &["fs", "fsi", "fsx"], &[]),
    Language("Fortran", &["f", "f90", "f95"], &[]),
    Language("Go", &["go"], &[]),
    Language("GraphQL", &["gql", "graphql"], &[]),
    Language("Groovy", &["gradle", "groovy"], &["Jenkinsfile"]),
    Language("Haskell", &["hs"], &[]),
    Language("HCL", &["hcl", "tf"], &[]),
    Language("HTML", &["htm", "html"], &[]),
    Language("Java", &["java"], &[]),
    Language("JavaScript", &["cjs", "js", "jsx", "mjs"], &[]),
    Language("JSON", &["json", "jsonc", "jsonl"], &[]),
    Language("Julia", &["jl"], &[]),
    Language("Kotlin", &["kt", "kts"], &[]),
    Language("Lua", &["lua"], &[]),
    Language("Makefile", &["mk"], &["GNUmakefile", "Makefile", "makefile"]),
    Language("Markdown", &["markdown", "md"], &[]),
    Language("Nix", &["nix"], &[]),
    Language("OCaml", &["ml", "mli"], &[]),
    Language("Perl", &["pl", "pm"], &[]),
    Language("PHP", &["php"], &[]),
    Language("PowerShell", &["ps1", "psm1"], &[]),
    Language("Protocol Buffers", &["proto"], &[]),
    Language("Python", &["py", "pyi"], &[]),
    Language("R", &["r"], &[]),
    Language("reStructuredText", &["rst"], &[]),
    Language("Ruby", &["gemspec", "rake", "rb"], &["Gemfile", "Rakefile"]),
    Language("Rust", &["rs"], &[]),
    Language("Scala", &["sbt", "scala"], &[]),
    Language("Shell", &["bash", "fish", "sh", "zsh"], &[".bashrc", ".profile", ".zshrc"]),
    Language("SQL", &["sql"], &[]),
    Language("Svelte", &["svelte"], &[]),
    Language("Swift", &["swift"], &[]),
    Language("Text", &["txt"], &["LICENSE", "LICENSE-APACHE", "LICENSE-MIT", "README"]),
    Language("TOML", &["toml"], &["Cargo.lock"]),
    Language("TypeScript", &["cts", "mts", "ts", "tsx"], &[]),
    Language("Vue", &["vue"], &[]),
    Language("XML", &["svg", "xml", "xsd", "xsl"], &[]),
    Language("YAML", &["yaml", "yml"], &[]),
    Language("Zig", &["zig"], &[]),
];

/// The language of the file at `path`, if its name tells one. A full name wins over an extension.
pub(crate) fn language_of(path: &Path) -> Option<&'static str> {
    let name = path.file_name()?.to_str()?;
    let by_name = LANGUAGES.iter().find(|language| language.2.contains(&name));
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let by_extension =
        || LANGUAGES.iter().find(|language| language.1.iter().any(|e| e.eq_ignore_ascii_case(extension)));
    by_name.or_else(by_extension).map(|language| language.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_the_language() {
        let language = |path: &str| language_of(Path::new(path));
        assert_eq!(language("src/main.rs"), Some("Rust"));
        assert_eq!(language("OLD/PROG.CPP"), Some("C++"));
        assert_eq!(language("docker/Dockerfile"), Some("Dockerfile"));
        assert_eq!(language("CMakeLists.txt"), Some("CMake"));
        assert_eq!(language("notes.unknown"), None);
        assert_eq!(language("rs"), None);
    }

    #[test]
    fn no_extension_belongs_to_two_languages() {
        let mut extensions: Vec<_> = LANGUAGES.iter().flat_map(|language| language.1).collect();
        let all = extensions.len();
        extensions.sort();
        extensions.dedup();
        assert_eq!(extensions.len(), all);
    }
}
