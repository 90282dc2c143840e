//! Hashes a directory tree.

use std::{
    ffi::OsString,
    fs::File,
    io::{self, Read},
    path::Path,
};

use mcpq::prelude::*;

use crate::{
    digest::{Algorithm, Hasher},
    tree::{Extent, Selection, Tree, is_file},
};

/// How much is read at once; between two reads the job can be cancelled.
const BUFFER: usize = 256 * 1024;

/// Most bytes of paths in a result, whatever `max_entries` says.
const MAX_PATHS: usize = 256 * 1024;

/// Most unreadable places that are named.
const MAX_NAMED: usize = 10;

/// The digests of a directory tree.
#[derive(Debug, Serialize, JsonSchema)]
struct TreeChecksum {
    /// The directory that was hashed, absolute.
    root: String,
    algorithm: Algorithm,
    /// The digest of the whole tree: of the lines "digest, two spaces, path, zero byte" of all its files, sorted by the
    /// components of their paths, as `sha256sum -z` writes them. Two trees with the same digest hold the same files.
    digest: String,
    /// Files that were hashed.
    files: u64,
    /// Their bytes.
    bytes: u64,
    /// The first files, in order.
    entries: Vec<Entry>,
    /// Whether `entries` leaves files out.
    truncated: bool,
    /// Links, sockets and the like, which were left out.
    special: u64,
    /// Files and directories that could not be read. Unless it is 0, `digest` covers a part only.
    unreadable: u64,
    /// Some of them, and why.
    unreadable_examples: Vec<String>,
}

/// The digest of one file.
#[derive(Debug, Serialize, JsonSchema)]
struct Entry {
    /// Relative to the root.
    path: String,
    bytes: u64,
    digest: String,
}

/// Hash every file of a directory tree, and the tree as a whole: to find out whether two trees are the same, or what has
/// changed. Reads the files on the server's machine, follows no links and changes nothing. A gigabyte takes a few seconds.
#[mcp_job(timeout = "2h")]
fn checksum_tree(
    /// The directory to hash: absolute, or relative to the server's working directory.
    #[arg(length(1..=4096), example = "/home/ada/photos")]
    path: String,
    /// The hash function. md5 is there for old lists and is no protection against tampering.
    #[arg(default = Algorithm::Sha256)]
    algorithm: Algorithm,
    /// Whether to leave out hidden files and what .gitignore lists, as for a source tree; otherwise every file counts.
    #[arg(default = false)]
    skip_ignored: bool,
    /// How many files to list with their digests. The digest of the tree covers all files in any case.
    #[arg(default = 100, range(0..=1000))]
    max_entries: usize,
    progress: Progress,
    cancel: CancelToken,
) -> Result<TreeChecksum, JobError> {
    let selection = if skip_ignored { Selection::Project { hidden: false } } else { Selection::All };
    let tree = Tree::open(&path, selection)?;
    let all = tree.measure(&progress, &cancel)?;
    let mut sums = Sums::new(tree.root(), algorithm, max_entries);
    let mut meter = Meter { done: 0, all, progress, cancel };
    let mut place = OsString::new();
    for entry in tree.entries() {
        meter.cancel.check()?;
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                sums.unreadable(&error.to_string());
                continue;
            }
        };
        if !is_file(&entry) {
            sums.result.special += 1;
            continue;
        }
        if *tree.place(entry.path()) != place {
            place = tree.place(entry.path()).to_owned();
            meter.progress.message(format!("hashing {}", place.display()));
        }
        match hash(entry.path(), algorithm, &mut sums.buffer, &mut meter)? {
            Ok((bytes, digest)) => sums.add(tree.relative(entry.path()), bytes, digest),
            Err(error) => sums.unreadable(&format!("{}: {error}", entry.path().display())),
        }
    }
    Ok(sums.finish())
}

/// Where the job stands, and whether it should go on.
struct Meter {
    done: u64,
    all: Extent,
    progress: Progress,
    cancel: CancelToken,
}

impl Meter {
    fn advance(&mut self, bytes: usize) -> Result<(), JobError> {
        self.cancel.check()?;
        self.done += bytes as u64;
        self.progress.report(self.done, self.all.bytes);
        Ok(())
    }
}

/// Hashes one file. The outer error ends the job, the inner one leaves the file out.
fn hash(
    path: &Path,
    algorithm: Algorithm,
    buffer: &mut [u8],
    meter: &mut Meter,
) -> Result<io::Result<(u64, String)>, JobError> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) => return Ok(Err(error)),
    };
    let mut hasher = Hasher::new(algorithm);
    let mut bytes = 0;
    loop {
        match file.read(buffer) {
            Ok(0) => return Ok(Ok((bytes, hasher.finish()))),
            Ok(length) => {
                hasher.update(&buffer[..length]);
                bytes += length as u64;
                meter.advance(length)?;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Ok(Err(error)),
        }
    }
}

/// A checksum that is under way.
struct Sums {
    buffer: Vec<u8>,
    combined: Hasher,
    max_entries: usize,
    paths: usize,
    result: TreeChecksum,
}

impl Sums {
    fn new(root: String, algorithm: Algorithm, max_entries: usize) -> Self {
        Self {
            buffer: vec![0; BUFFER],
            combined: Hasher::new(algorithm),
            max_entries,
            paths: 0,
            result: TreeChecksum {
                root,
                algorithm,
                digest: String::new(),
                files: 0,
                bytes: 0,
                entries: Vec::new(),
                truncated: false,
                special: 0,
                unreadable: 0,
                unreadable_examples: Vec::new(),
            },
        }
    }

    fn add(&mut self, path: &Path, bytes: u64, digest: String) {
        self.combined.update(digest.as_bytes());
        self.combined.update(b"  ");
        for (index, part) in path.iter().enumerate() {
            if index > 0 {
                self.combined.update(b"/");
            }
            self.combined.update(part.as_encoded_bytes());
        }
        self.combined.update(b"\0");
        self.result.files += 1;
        self.result.bytes += bytes;
        let path = path.display().to_string();
        self.paths += path.len();
        self.result.truncated |= self.result.entries.len() >= self.max_entries || self.paths > MAX_PATHS;
        if !self.result.truncated {
            self.result.entries.push(Entry { path, bytes, digest });
        }
    }

    fn unreadable(&mut self, reason: &str) {
        self.result.unreadable += 1;
        if self.result.unreadable_examples.len() < MAX_NAMED {
            self.result.unreadable_examples.push(reason.to_owned());
        }
    }

    fn finish(self) -> TreeChecksum {
        TreeChecksum { digest: self.combined.finish(), ..self.result }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn checksum(root: &Path, max_entries: usize, progress: &Progress) -> TreeChecksum {
        let path = root.to_str().unwrap().to_owned();
        checksum_tree(path, Algorithm::Sha256, false, max_entries, progress.clone(), CancelToken::new()).unwrap()
    }

    #[test]
    fn the_digest_covers_names_and_contents_of_all_files() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("a")).unwrap();
        fs::write(root.path().join("a/x"), "abc").unwrap();
        fs::write(root.path().join("a.txt"), "").unwrap();

        let progress = Progress::new();
        let both = checksum(root.path(), 100, &progress);
        let paths: Vec<_> = both.entries.iter().map(|entry| entry.path.as_str()).collect();
        assert_eq!(paths, ["a/x", "a.txt"]);
        assert_eq!(both.entries[0].digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        // What `sha256sum -z a/x a.txt | sha256sum` gives.
        assert_eq!(both.digest, "71abda40e54597b747c0df58ef81e9007f8f23d137fdcda7314133e8c463e3a7");
        assert_eq!((both.files, both.bytes, both.truncated, progress.fraction()), (2, 3, false, 1.0));

        let none = checksum(root.path(), 0, &Progress::new());
        assert_eq!((none.digest, none.entries.len(), none.truncated), (both.digest.clone(), 0, true));

        fs::rename(root.path().join("a.txt"), root.path().join("b.txt")).unwrap();
        assert_ne!(checksum(root.path(), 100, &Progress::new()).digest, both.digest);
    }

    #[test]
    fn a_cancel_ends_it_within_a_file() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("file");
        fs::write(&file, vec![1; 3 * BUFFER]).unwrap();
        let cancel = CancelToken::new();
        let all = Extent { files: 1, bytes: 3 * BUFFER as u64 };
        let mut meter = Meter { done: 0, all, progress: Progress::new(), cancel: cancel.clone() };
        cancel.cancel(mcpq::CancelReason::Requested);
        let error = hash(&file, Algorithm::Blake3, &mut [0; BUFFER], &mut meter).unwrap_err();
        assert_eq!((error.kind(), meter.done), (mcpq::ErrorKind::Cancelled, 0));
    }
}
