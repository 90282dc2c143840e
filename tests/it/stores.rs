//! The conformance suite, one line a store.

use mcpq::store::memory::MemoryStore;

mcpq::store_conformance!(memory, || async { MemoryStore::new() });
mcpq::store_conformance!(
    #[tokio::test(start_paused = true)]
    paused,
    || async { MemoryStore::new() }
);
