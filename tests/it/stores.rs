//! The conformance suite, one line a store.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, LazyLock},
    time::{Duration, SystemTime},
};

use mcpq::store::{Store, conformance::Faulty, memory::MemoryStore, sqlite::SqliteStore};

mcpq::store_conformance!(memory, || async { MemoryStore::new() });
mcpq::store_conformance!(
    #[tokio::test(start_paused = true)]
    paused,
    || async { MemoryStore::new() }
);
mcpq::store_conformance!(sqlite, || async { SqliteStore::open(file()).await.unwrap() });
mcpq::store_conformance!(sqlite_shared, || async {
    let file = file();
    let one: Arc<dyn Store> = Arc::new(SqliteStore::open(&file).await.unwrap());
    let other: Arc<dyn Store> = Arc::new(SqliteStore::open(&file).await.unwrap());
    Faulty::across([one, other])
});

/// A place for a new file, which outlives its store. What earlier runs have left is removed.
pub(crate) fn file() -> PathBuf {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("stores");
        std::fs::create_dir_all(&folder).unwrap();
        let old = SystemTime::now() - Duration::from_secs(600);
        for entry in std::fs::read_dir(&folder).unwrap().flatten() {
            let is_old = entry.metadata().and_then(|known| known.modified()).is_ok_and(|modified| modified < old);
            if is_old {
                // Another run may do the same.
                let _ = std::fs::remove_file(entry.path());
            }
        }
        folder
    });
    FOLDER.join(format!("{}.db", mcpq::JobId::new()))
}

/// A case that nobody lists is a case that nobody runs.
#[test]
fn every_case_is_listed() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mcpq-runtime/src/store");
    let list = std::fs::read_to_string(source.join("conformance.rs")).unwrap();
    let mut cases = 0;
    for entry in std::fs::read_dir(source.join("conformance")).unwrap().flatten() {
        let Ok(text) = std::fs::read_to_string(entry.path()) else { continue };
        for line in text.lines() {
            let Some((case, _)) = line.strip_prefix("pub async fn ").and_then(|rest| rest.split_once("(store: "))
            else {
                continue;
            };
            cases += 1;
            assert!(list.contains(&format!("    {case},\n")) || list.contains(&format!("    {case};\n")), "{case}");
        }
    }
    assert!(cases > 100, "{cases} cases were found");
}
