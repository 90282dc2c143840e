//! Database servers for the tests: private ones, started from the programs that the system has, and gone with this process.

#[cfg(unix)]
pub(crate) mod postgres;
