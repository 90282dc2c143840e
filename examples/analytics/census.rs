//! Counts the code of a directory tree.

use std::{
    cmp::Reverse,
    collections::BTreeMap,
    ffi::OsString,
    fs::File,
    io::{self, Read},
    path::Path,
};

use mcpq::prelude::*;

use crate::{
    languages::language_of,
    lines::{Content, Lines, read_lines},
    tree::{Selection, Tree, is_file},
};

/// Files over this size are data or generated: their bytes count, their lines do not.
const MAX_COUNTED: u64 = 8 * 1024 * 1024;

/// How much is read at once.
const BUFFER: usize = 64 * 1024;

/// What a directory tree holds.
#[derive(Debug, Serialize, JsonSchema)]
struct CodeCensus {
    /// The directory that was counted, absolute.
    root: String,
    /// All text files together.
    total: Tally,
    /// The languages with the most lines, most first.
    languages: Vec<LanguageTally>,
    /// All languages that are not listed, together.
    other: Tally,
    /// Text files whose names tell no language.
    unrecognised: Tally,
    /// What does not count, or not in full.
    skipped: Skipped,
}

/// The files of one language.
#[derive(Debug, Serialize, JsonSchema)]
struct LanguageTally {
    language: String,
    #[serde(flatten)]
    tally: Tally,
}

/// What some files come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, JsonSchema)]
struct Tally {
    files: u64,
    /// All lines, blank ones too.
    lines: u64,
    /// Lines of nothing but white space.
    blank_lines: u64,
    bytes: u64,
}

/// What does not count, or not in full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, JsonSchema)]
struct Skipped {
    /// Files that are no text.
    binary: u64,
    /// Files and directories that could not be read.
    unreadable: u64,
    /// Text files over 8 MiB: counted with their bytes, but without lines.
    large: u64,
}

/// Count the files, lines and bytes of a source tree by programming language. Reads the files on the server's machine,
/// honours .gitignore, follows no links and changes nothing. Some 10,000 files take a few seconds.
#[mcp_job(timeout = "30m")]
fn code_census(
    /// The directory to count: absolute, or relative to the server's working directory.
    #[arg(length(1..=4096), example = "/home/ada/project")]
    path: String,
    /// Whether to count hidden files and directories too, those whose names begin with a dot; `.git` never counts.
    #[arg(default = false)]
    include_hidden: bool,
    /// How many languages to list; the others are summed up.
    #[arg(default = 20, range(1..=100))]
    max_languages: usize,
    progress: Progress,
    cancel: CancelToken,
) -> Result<CodeCensus, JobError> {
    let tree = Tree::open(&path, Selection::Project { hidden: include_hidden })?;
    let files = tree.measure(&progress, &cancel)?.files;
    let mut count = Count::default();
    let mut buffer = vec![0; BUFFER];
    let mut place = OsString::new();
    let mut done = 0u64;
    for entry in tree.entries() {
        cancel.check()?;
        let Ok(entry) = entry else {
            count.skipped.unreadable += 1;
            continue;
        };
        if !is_file(&entry) {
            continue;
        }
        if *tree.place(entry.path()) != place {
            place = tree.place(entry.path()).to_owned();
            progress.message(format!("counting {}", place.display()));
        }
        if count.add(entry.path(), &mut buffer).is_err() {
            count.skipped.unreadable += 1;
        }
        done += 1;
        progress.report(done, files);
    }
    progress.message(format!("counted {done} files"));
    Ok(count.finish(tree.root(), max_languages))
}

/// A census that is under way.
#[derive(Default)]
struct Count {
    languages: BTreeMap<&'static str, Tally>,
    unrecognised: Tally,
    skipped: Skipped,
}

impl Count {
    fn add(&mut self, path: &Path, buffer: &mut [u8]) -> io::Result<()> {
        let file = File::open(path)?;
        let bytes = file.metadata()?.len();
        let large = bytes > MAX_COUNTED;
        // Of a large file the start is read, which tells text from binary.
        let limit = if large { buffer.len() as u64 } else { MAX_COUNTED };
        let Content::Text(lines) = read_lines(file.take(limit), buffer)? else {
            self.skipped.binary += 1;
            return Ok(());
        };
        self.skipped.large += u64::from(large);
        let lines = if large { Lines::default() } else { lines };
        let tally = match language_of(path) {
            Some(language) => self.languages.entry(language).or_default(),
            None => &mut self.unrecognised,
        };
        tally.add(Tally { files: 1, lines: lines.all, blank_lines: lines.blank, bytes });
        Ok(())
    }

    fn finish(self, root: String, max_languages: usize) -> CodeCensus {
        let mut total = self.unrecognised;
        self.languages.values().for_each(|tally| total.add(*tally));
        let mut languages: Vec<_> = self
            .languages
            .into_iter()
            .map(|(language, tally)| LanguageTally { language: language.to_owned(), tally })
            .collect();
        languages.sort_by_key(|row| Reverse((row.tally.lines, row.tally.bytes)));
        let mut other = Tally::default();
        languages.drain(max_languages.min(languages.len())..).for_each(|row| other.add(row.tally));
        CodeCensus { root, total, languages, other, unrecognised: self.unrecognised, skipped: self.skipped }
    }
}

impl Tally {
    fn add(&mut self, more: Self) {
        self.files += more.files;
        self.lines += more.lines;
        self.blank_lines += more.blank_lines;
        self.bytes += more.bytes;
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn census(root: &Path, max_languages: usize) -> CodeCensus {
        let path = root.to_str().unwrap().to_owned();
        code_census(path, false, max_languages, Progress::new(), CancelToken::new()).unwrap()
    }

    #[test]
    fn languages_are_sorted_by_lines_and_sum_up() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("a.py"), "import os\n").unwrap();
        fs::write(root.path().join("b.rs"), "fn main() {\n\n}\n").unwrap();
        fs::write(root.path().join("c.odd"), "?\n").unwrap();
        fs::write(root.path().join("d.rs"), b"\0").unwrap();

        let all = census(root.path(), 20);
        let rows: Vec<_> = all.languages.iter().map(|row| (row.language.as_str(), row.tally)).collect();
        let python = Tally { files: 1, lines: 1, blank_lines: 0, bytes: 10 };
        let rust = Tally { files: 1, lines: 3, blank_lines: 1, bytes: 15 };
        assert_eq!(rows, [("Rust", rust), ("Python", python)]);
        assert_eq!(all.total, Tally { files: 3, lines: 5, blank_lines: 1, bytes: 27 });
        assert_eq!(all.skipped, Skipped { binary: 1, ..Skipped::default() });

        let one = census(root.path(), 1);
        assert_eq!((one.languages.len(), one.other, one.total), (1, python, all.total));
    }

    #[test]
    fn a_large_text_counts_its_bytes_alone() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("dump.sql"), "x\n".repeat(MAX_COUNTED as usize / 2 + 1)).unwrap();
        let census = census(root.path(), 20);
        assert_eq!(census.total, Tally { files: 1, lines: 0, blank_lines: 0, bytes: MAX_COUNTED + 2 });
        assert_eq!(census.skipped.large, 1);
    }

    #[test]
    fn a_cancelled_census_ends() {
        let cancel = CancelToken::new();
        cancel.cancel(mcpq::CancelReason::Requested);
        let error = code_census(".".to_owned(), false, 20, Progress::new(), cancel).unwrap_err();
        assert_eq!(error.kind(), mcpq::ErrorKind::Cancelled);
    }
}
