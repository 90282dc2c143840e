//! A server with a few jobs, for tests of the command line and of real processes.

mod faults;
mod jobs;
mod settings;
mod shared_store;

#[cfg(unix)]
use std::path::Path;

use mcpq::{Queue, Server};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    #[cfg(unix)]
    if let Some(file) = std::env::var_os("TEST_IS_ALONE_ON") {
        std::process::exit(is_alone_on(file.as_ref())?.into());
    }
    let mut builder = settings::apply(Queue::builder());
    if std::env::var_os("TEST_SHARED_STORE").is_some() {
        builder = builder.store(shared_store::with_jobs().await?);
    }
    Server::new("test-server", builder).version("1.2.3").instructions("A server for tests.").run().await?;
    Ok(())
}

/// Whether no other process has a database open: what SQLite asks before it takes a log away that others may be writing.
#[cfg(unix)]
fn is_alone_on(file: &Path) -> std::io::Result<bool> {
    use rustix::{
        fs::{FlockOperation, fcntl_lock},
        io::Errno,
    };

    let file = std::fs::File::options().read(true).write(true).open(file)?;
    match fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(Errno::AGAIN | Errno::ACCESS) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
