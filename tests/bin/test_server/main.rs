//! A server with a few jobs, for tests of the command line and of real processes.

mod faults;
mod jobs;
mod settings;
mod shared_store;

use mcpq::{Queue, Server};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut builder = settings::apply(Queue::builder());
    if std::env::var_os("TEST_SHARED_STORE").is_some() {
        builder = builder.store(shared_store::with_jobs().await?);
    }
    Server::new("test-server", builder).version("1.2.3").instructions("A server for tests.").run().await?;
    Ok(())
}
