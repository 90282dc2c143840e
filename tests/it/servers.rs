//! Database servers for the tests: private ones, started from the programs that the system has, and gone with this process.

#[cfg(unix)]
pub(crate) mod postgres;
#[cfg(unix)]
pub(crate) mod programs;
#[cfg(unix)]
pub(crate) mod proxy;
#[cfg(unix)]
pub(crate) mod redis;
