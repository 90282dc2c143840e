//! Opens the file: what must hold before a job is trusted to it.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use super::{
    busy::retrying,
    clock::Clock,
    error::{store_error, unsuitable},
    schema,
};
use crate::store::StoreError;

/// What a commit waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Synchronous {
    /// The disk: what was acknowledged survives a loss of power.
    #[default]
    Full,
    /// The operating system: what was acknowledged survives the death of every process, but the last commits before a
    /// loss of power may be gone. The file stays whole. Many times faster.
    Normal,
}

/// How a file is opened.
#[derive(Clone, Debug)]
pub(super) struct Options {
    pub(super) path: PathBuf,
    pub(super) synchronous: Synchronous,
    pub(super) max_bytes: Option<u64>,
    /// How long a call waits for a lock that another process holds.
    pub(super) busy_timeout: Duration,
}

/// What a connection is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    Write,
    Read,
}

/// Checks the place, brings the file to this version and reads its clock.
pub(super) fn prepare(options: &Options) -> Result<(Connection, Clock), StoreError> {
    let path = &options.path;
    if path.as_os_str().is_empty() || path == Path::new(":memory:") {
        return Err(unsuitable("there is no path to a file; for a store in memory use `memory:`"));
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(folder).map_err(|error| place_error(path, error))?;
    // Of a file that is there, its own disk counts: a link may lead anywhere.
    if let Some(kind) = network::kind_of(path).or_else(|| network::kind_of(folder)) {
        return Err(unsuitable(format!(
            "{} lies on a network disk ({kind}), where locks cannot be trusted; use a local disk, or a database server \
             for several machines",
            path.display()
        )));
    }
    if network::may_be(folder) {
        tracing::warn!(
            path = %path.display(),
            "the store lies on a disk that a program serves (FUSE); if that is a network disk, give it a local place"
        );
    }
    create_private(path).map_err(|error| place_error(path, error))?;
    let connection = connect(options, Use::Write)?;
    schema::check(&connection)?;
    let mode: String = retrying(options.busy_timeout, || {
        connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))
    })
    .map_err(store_error)?;
    if mode != "wal" {
        return Err(unsuitable(format!("the disk of {} does not allow a write-ahead log", path.display())));
    }
    schema::migrate(&connection, options.busy_timeout)?;
    let known = schema::remembered(&connection).map_err(store_error)?;
    Ok((connection, Clock::new(known.offset)))
}

pub(super) fn connect(options: &Options, purpose: Use) -> Result<Connection, StoreError> {
    // A reader must be able to write too: it may be the first to find the log of a process that died.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let set_up = || -> rusqlite::Result<Connection> {
        let connection = Connection::open_with_flags(&options.path, flags)?;
        connection.busy_timeout(options.busy_timeout)?;
        // Else statements would be planned anew for every value that is bound to them.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        connection.set_prepared_statement_cache_capacity(64);
        connection.pragma_update(None, "temp_store", "memory")?;
        match purpose {
            Use::Write => {
                // Where a disk keeps what it was told to write to itself, it is told to let go of it: macOS.
                connection.pragma_update(None, "fullfsync", true)?;
                connection.pragma_update(None, "checkpoint_fullfsync", true)?;
                connection.pragma_update(None, "cache_size", -32 * 1024)?;
                connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
                connection.pragma_update(None, "wal_autocheckpoint", 4000)?;
                if let Some(bytes) = options.max_bytes {
                    let size: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
                    let pages = i64::try_from(bytes).unwrap_or(i64::MAX) / size;
                    connection.pragma_update_and_check(None, "max_page_count", pages.max(64), |_| Ok(()))?;
                }
            }
            Use::Read => {
                connection.pragma_update(None, "cache_size", -8 * 1024)?;
                connection.pragma_update(None, "query_only", true)?;
            }
        }
        Ok(connection)
    };
    set_up().map_err(store_error)
}

/// The file holds what agents send, so it is its owner's alone. Its log inherits that.
///
/// One that is there is not opened: to close it again would give up all locks that this process has on it, and others
/// would take the log away from a store that is open already.
fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => match std::fs::metadata(path)?.is_dir() {
            true => Err(ErrorKind::IsADirectory.into()),
            false => Ok(()),
        },
        created => created.map(drop),
    }
}

fn place_error(path: &Path, error: std::io::Error) -> StoreError {
    StoreError::Unsuitable {
        message: format!("{} cannot be opened: {error}", path.display()),
        source: Some(Box::new(error)),
    }
}

/// Disks that other machines share.
mod network {
    use std::path::Path;

    #[cfg(target_os = "linux")]
    pub(super) fn kind_of(place: &Path) -> Option<&'static str> {
        let found = rustix::fs::statfs(place).ok()?;
        name(found.f_type as u64 & 0xFFFF_FFFF)
    }

    #[cfg(not(target_os = "linux"))]
    pub(super) fn kind_of(_: &Path) -> Option<&'static str> {
        None
    }

    /// Whether a program serves this disk, from wherever.
    pub(super) fn may_be(place: &Path) -> bool {
        #[cfg(target_os = "linux")]
        return rustix::fs::statfs(place).is_ok_and(|found| found.f_type as u64 & 0xFFFF_FFFF == 0x6573_5546);
        #[cfg(not(target_os = "linux"))]
        return {
            let _ = place;
            false
        };
    }

    /// By the number under which Linux knows it.
    #[cfg(any(target_os = "linux", test))]
    pub(super) fn name(number: u64) -> Option<&'static str> {
        Some(match number {
            0x6969 => "NFS",
            0x517B => "SMB",
            0xFE53_4D42 => "SMB2",
            0xFF53_4D42 => "CIFS",
            0x0102_1997 => "9P",
            0x00C3_6400 => "Ceph",
            0x5346_414F | 0x6B41_4653 => "AFS",
            0x7375_7245 => "Coda",
            0x564C => "NCP",
            0x0BD0_0BD0 => "Lustre",
            0x4750_4653 => "GPFS",
            0x7461_636F => "OCFS2",
            0x0116_1970 => "GFS2",
            _ => return None,
        })
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn network_disks_are_told_from_local_ones() {
            for number in [0x6969, 0xFE53_4D42, 0x0102_1997] {
                assert!(name(number).is_some());
            }
            // ext4, tmpfs, btrfs, xfs, overlayfs
            for number in [0xEF53, 0x0102_1994, 0x9123_683E, 0x5846_5342, 0x794C_7630] {
                assert_eq!(name(number), None);
            }
            assert_eq!(kind_of(&std::env::temp_dir()), None);
        }
    }
}
