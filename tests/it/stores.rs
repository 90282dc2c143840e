//! The conformance suite, one line a store.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, LazyLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use mcpq::store::{Store, StoreListener, conformance::Faulty, memory::MemoryStore, sqlite::SqliteStore};

#[cfg(unix)]
use crate::servers::{postgres as pg, redis as rd};
use crate::support::{builder, echo, eventually, job, submit};

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

#[cfg(unix)]
mcpq::store_conformance!(postgres, || async { pg::shared(&pg::new_schema()).open().await.unwrap() });
#[cfg(unix)]
mcpq::store_conformance!(postgres_shared, || async {
    let schema = pg::new_schema();
    let one: Arc<dyn Store> = Arc::new(pg::shared(&schema).open().await.unwrap());
    let other: Arc<dyn Store> = Arc::new(pg::shared(&schema).open().await.unwrap());
    Faulty::across([one, other])
});

// Through a pooler that gives a connection to each transaction.
#[cfg(unix)]
mcpq::store_conformance!(postgres_pooled, || async { pg::pooled(&pg::new_schema()).open().await.unwrap() });

#[cfg(unix)]
mcpq::store_conformance!(redis, || async { rd::shared(&rd::new_name()).open().await.unwrap() });
#[cfg(unix)]
mcpq::store_conformance!(redis_shared, || async {
    let name = rd::new_name();
    let one: Arc<dyn Store> = Arc::new(rd::shared(&name).open().await.unwrap());
    let other: Arc<dyn Store> = Arc::new(rd::shared(&name).open().await.unwrap());
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

/// Counts what it is told of without knowing what has changed.
#[derive(Default)]
struct Resyncs(AtomicUsize);

impl StoreListener for Resyncs {
    fn resync(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn what_another_handle_commits_is_told() {
    let file = file();
    let (one, other) = (SqliteStore::open(&file).await.unwrap(), SqliteStore::open(&file).await.unwrap());
    let told = Arc::new(Resyncs::default());
    let listener: Arc<dyn StoreListener> = told.clone();
    one.watch(Arc::downgrade(&listener));
    let queue = builder().job(echo()).submit_only().store(other).build().await.unwrap();
    for _ in 0..2 {
        let before = told.0.load(Ordering::SeqCst);
        submit(&queue, "echo").await;
        eventually("the other handle hears of it", || async { (told.0.load(Ordering::SeqCst) > before).then_some(()) })
            .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_whose_store_takes_its_time_never_runs_more_than_its_slots() {
    const SLOTS: usize = 8;
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (counts, highest) = (now.clone(), most.clone());
    let work = job("work", move |_| {
        let (now, most) = (counts.clone(), highest.clone());
        async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            now.fetch_sub(1, Ordering::SeqCst);
            Ok(serde_json::Value::Null)
        }
    });
    let store = SqliteStore::open(file()).await.unwrap();
    let queue = builder().job(work).workers(SLOTS).store(store).build().await.unwrap();
    let mut jobs = Vec::new();
    for _ in 0..400 {
        jobs.push(submit(&queue, "work").await);
    }
    let worker = queue.worker().start().unwrap();
    let mut running = 0;
    for job in jobs {
        job.wait().await.unwrap();
        running = running.max(queue.stats().await.unwrap().running);
    }
    worker.stop().await;
    assert!(most.load(Ordering::SeqCst) <= SLOTS, "{most:?} handlers ran at once");
    assert!(running <= SLOTS, "{running} leases were held at once");
}
