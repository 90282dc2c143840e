//! A directory tree, as the file jobs walk it: in a fixed order, never following links, never held in memory.

use std::{
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
};

use ignore::{DirEntry, WalkBuilder};
use mcpq::prelude::*;

/// Which files of a tree count.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Selection {
    /// Every file.
    All,
    /// What belongs to a project: not what `.gitignore` and its like list, and never `.git`.
    Project {
        /// Whether files and directories whose names begin with a dot belong to it.
        hidden: bool,
    },
}

/// A directory that exists, and the files in it that count.
pub(crate) struct Tree {
    root: PathBuf,
    selection: Selection,
}

/// How much there is to do.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Extent {
    pub(crate) files: u64,
    pub(crate) bytes: u64,
}

impl Tree {
    pub(crate) fn open(path: &str, selection: Selection) -> Result<Self, JobError> {
        let root = fs::canonicalize(path).map_err(|error| unusable(path, &error))?;
        if !root.is_dir() {
            let parent = root.parent().unwrap_or(&root).display();
            return Err(JobError::fatal(format!(
                "`path` is `{path}`, which is not a directory; send the directory that holds it, `{parent}`"
            )));
        }
        Ok(Self { root, selection })
    }

    /// The absolute path.
    pub(crate) fn root(&self) -> String {
        self.root.display().to_string()
    }

    /// All that is no directory, sorted by the components of the path; errors are places that could not be read.
    pub(crate) fn entries(&self) -> impl Iterator<Item = Result<DirEntry, ignore::Error>> {
        let mut builder = WalkBuilder::new(&self.root);
        builder.standard_filters(false).follow_links(false).sort_by_file_name(OsStr::cmp);
        if let Selection::Project { hidden } = self.selection {
            builder.standard_filters(true).require_git(false).hidden(!hidden);
            builder.filter_entry(|entry| entry.file_name() != ".git");
        }
        let is_directory = |entry: &DirEntry| entry.file_type().is_some_and(|kind| kind.is_dir());
        builder.build().filter(move |entry| !entry.as_ref().is_ok_and(is_directory))
    }

    /// Walks the tree once to learn how much there is to do.
    pub(crate) fn measure(&self, progress: &Progress, cancel: &CancelToken) -> Result<Extent, JobError> {
        let mut extent = Extent::default();
        for entry in self.entries() {
            cancel.check()?;
            // What cannot be read is told by the walk that reads it.
            let Ok(entry) = entry else { continue };
            if !is_file(&entry) {
                continue;
            }
            extent.files += 1;
            extent.bytes += entry.metadata().map_or(0, |metadata| metadata.len());
            if extent.files.is_multiple_of(1_000) {
                progress.message(format!("found {} files so far", extent.files));
            }
        }
        Ok(extent)
    }

    /// The path below the root.
    pub(crate) fn relative<'a>(&self, path: &'a Path) -> &'a Path {
        path.strip_prefix(&self.root).unwrap_or(path)
    }

    /// The first component of the path below the root: what a person would call the place.
    pub(crate) fn place<'a>(&self, path: &'a Path) -> &'a OsStr {
        self.relative(path).iter().next().unwrap_or_default()
    }
}

/// Whether an entry has content of its own: links, sockets and the like have none.
pub(crate) fn is_file(entry: &DirEntry) -> bool {
    entry.file_type().is_some_and(|kind| kind.is_file())
}

/// Why a path is no use, and what to send instead.
fn unusable(path: &str, error: &io::Error) -> JobError {
    let here = std::env::current_dir().map(|here| here.display().to_string()).unwrap_or_default();
    let instead = match error.kind() {
        _ if path.starts_with('~') => "`~` is not expanded here; send an absolute path".to_owned(),
        io::ErrorKind::PermissionDenied => "send a directory that this server may read".to_owned(),
        _ => format!("send an existing directory, absolute or relative to the server's own, `{here}`"),
    };
    JobError::fatal(format!("`path` is `{path}`, which cannot be opened: {error}; {instead}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(tree: &Tree) -> Vec<String> {
        tree.entries().map(|entry| tree.relative(entry.unwrap().path()).display().to_string()).collect()
    }

    fn tree(root: &Path, selection: Selection) -> Tree {
        Tree::open(root.to_str().unwrap(), selection).unwrap()
    }

    #[test]
    fn files_come_sorted_and_by_what_counts() {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in
            [("b.rs", ""), ("a/z.rs", "12"), ("a.rs", "3"), (".hid/x", ""), (".git/y", ""), ("out/o", "")]
        {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        fs::write(root.path().join(".gitignore"), "out/\n").unwrap();

        let project = tree(root.path(), Selection::Project { hidden: false });
        assert_eq!(names(&project), ["a/z.rs", "a.rs", "b.rs"]);
        let hidden = tree(root.path(), Selection::Project { hidden: true });
        assert_eq!(names(&hidden), [".gitignore", ".hid/x", "a/z.rs", "a.rs", "b.rs"]);
        assert_eq!(names(&tree(root.path(), Selection::All)).len(), 7);

        let extent = project.measure(&Progress::new(), &CancelToken::new()).unwrap();
        assert_eq!(extent, Extent { files: 3, bytes: 3 });
        assert_eq!(project.place(&project.root.join("a/z.rs")), "a");
    }

    #[test]
    fn a_path_that_is_no_directory_is_final_and_says_what_to_send() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("file");
        fs::write(&file, "").unwrap();
        for (path, instead) in [
            (file.to_str().unwrap(), "the directory that holds it"),
            ("no/such/place", "an existing directory"),
            ("~/project", "an absolute path"),
        ] {
            let Err(error) = Tree::open(path, Selection::All) else { panic!("{path} was opened") };
            assert_eq!(error.kind(), mcpq::ErrorKind::Fatal);
            assert!(error.message().contains(instead), "{error}");
        }
    }
}
