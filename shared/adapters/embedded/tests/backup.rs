//! Backup and restore: taken under a storm of writes, whole, in order; what is no backup is refused.

#![expect(clippy::unwrap_used, reason = "the helpers of tests are tests")]

mod common;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use common::{ask, message, name, options};
use pointsman_core::port::{Archive as _, Message, Object, Queue as _, QueueAdmin as _, Receiver as _};
use pointsman_embedded::{BackupError, OpenError, Store, backup, restore};
use tokio::task::{JoinHandle, spawn_blocking};

fn numbered(session: &str, number: usize) -> Message {
    Message {
        session: Some(session.into()),
        body: number.to_string().into(),
        dedup_id: format!("{session} {number}"),
        ..Message::default()
    }
}

/// Sends to sessions of `jobs` until told to stop; each counts what was acknowledged.
struct Storm {
    acknowledged: Vec<Arc<AtomicUsize>>,
    stop: Arc<AtomicBool>,
    senders: Vec<JoinHandle<()>>,
}

impl Storm {
    fn begin(store: &Store) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let acknowledged: Vec<Arc<AtomicUsize>> = (0..4).map(|_| Arc::default()).collect();
        let send = |(session, count): (usize, &Arc<AtomicUsize>)| {
            let (store, stop, count) = (store.clone(), stop.clone(), count.clone());
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let next = count.load(Ordering::Relaxed);
                    let message = numbered(&session.to_string(), next);
                    store.send(&name("jobs"), vec![message]).await.remove(0).unwrap();
                    count.store(next + 1, Ordering::Relaxed);
                }
            })
        };
        let senders = acknowledged.iter().enumerate().map(send).collect();
        Self { acknowledged, stop, senders }
    }

    fn counts(&self) -> Vec<usize> {
        self.acknowledged.iter().map(|count| count.load(Ordering::Relaxed)).collect()
    }

    async fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        for sender in self.senders {
            sender.await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_a_storm_of_writes_has_all_that_was_acknowledged_before_it_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("b.pointsman"));
    let store = Store::open(&data, options()).await.unwrap();
    let object = Object { body: "raw".into(), metadata: Default::default() };
    store.put_new("deliveries/1", object).await.unwrap();
    let storm = Storm::begin(&store);
    while storm.counts().iter().any(|count| *count < 50) {
        tokio::task::yield_now().await;
    }
    let before = storm.counts();
    let (from, to) = (data.clone(), file.clone());
    let made = spawn_blocking(move || backup(&from, &to, false, |_, _| ())).await.unwrap().unwrap();
    let after = storm.counts();
    while storm.counts().iter().zip(&after).any(|(now, then)| now == then) {
        tokio::task::yield_now().await;
    }
    storm.end().await;
    let newest = store.send(&name("jobs"), vec![numbered("x", 0)]).await.remove(0).unwrap();
    store.close().await;
    assert_eq!((made.bytes, made.contents.deliveries), (fs::metadata(&file).unwrap().len(), 1));

    let elsewhere = folder.path().join("elsewhere");
    let restored = restore(&file, &elsewhere, false).unwrap();
    assert_eq!((restored.contents, restored.before), (made.contents, None));
    let store = Store::open(&elsewhere, options()).await.unwrap();
    assert_eq!(&store.get("deliveries/1").await.unwrap().body[..], b"raw");
    let mut there = vec![0; 4];
    let mut messages = Vec::new();
    loop {
        let more = store.receive(&name("jobs"), ask(1000)).await.unwrap();
        if more.is_empty() {
            break;
        }
        messages.extend(more);
    }
    for message in &messages {
        let session: usize = message.session.as_ref().unwrap().as_str().parse().unwrap();
        let number: usize = std::str::from_utf8(&message.body).unwrap().parse().unwrap();
        assert_eq!(number, there[session], "session {session} in order");
        there[session] += 1;
    }
    assert_eq!(messages.len() as u64, made.contents.messages);
    assert!(there.iter().zip(&before).all(|(there, before)| there >= before), "{there:?} {before:?}");
    let again = store.send(&name("jobs"), vec![numbered("0", 0), numbered("y", 0)]).await;
    assert!(again[0].as_ref().unwrap().duplicate, "a dedup id in its window is known");
    let id = |id: &str| id.parse::<u64>().unwrap();
    assert!(id(&again[1].as_ref().unwrap().id.0) > id(&newest.id.0), "an id is never given out twice");
    store.close().await;
}

/// A store with one message, and a backup of it.
async fn backed_up(folder: &Path) -> (PathBuf, PathBuf) {
    let (data, file) = (folder.join("data"), folder.join("backup"));
    let store = Store::open(&data, options()).await.unwrap();
    store.send(&name("jobs"), vec![message("s", "1")]).await.remove(0).unwrap();
    store.close().await;
    backup(&data, &file, false, |_, _| ()).unwrap();
    (data, file)
}

async fn depth(data: &Path) -> u64 {
    let store = Store::open(data, options()).await.unwrap();
    let depth = store.stats(&name("jobs")).await.unwrap().depth;
    store.close().await;
    depth
}

#[tokio::test]
async fn nothing_is_replaced_that_was_not_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = backed_up(folder.path()).await;
    let exists = backup(&data, &file, false, |_, _| ()).unwrap_err();
    assert!(matches!(exists, BackupError::Exists { .. }), "{exists}");
    backup(&data, &file, true, |_, _| ()).unwrap();
    let full = restore(&file, &data, false).unwrap_err();
    assert!(full.to_string().contains("is not empty (0 deliveries, 1 messages, 0 dead letters, "), "{full}");

    let store = Store::open(&data, options()).await.unwrap();
    store.send(&name("jobs"), vec![numbered("s", 2)]).await.remove(0).unwrap();
    let held = restore(&file, &data, true).unwrap_err();
    assert!(matches!(held, BackupError::Store(OpenError::Held { .. })), "{held}");
    store.close().await;
    assert_eq!(depth(&data).await, 2);

    let restored = restore(&file, &data, true).unwrap();
    assert_eq!(restored.before, Some(data.join("store.db.before-restore")));
    assert_eq!(depth(&data).await, 1);
    let second = restore(&file, &data, true).unwrap();
    assert_eq!(second.before, Some(data.join("store.db.before-restore.2")));
    // The one that was put aside is whole.
    let aside = folder.path().join("aside");
    fs::create_dir(&aside).unwrap();
    fs::copy(data.join("store.db.before-restore"), aside.join("store.db")).unwrap();
    assert_eq!(depth(&aside).await, 2);
    let left: Vec<_> = fs::read_dir(&data).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains("restoring")), "{left:?}");
}

#[tokio::test]
async fn what_is_no_whole_backup_is_refused_and_the_old_store_unharmed() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = backed_up(folder.path()).await;
    let bytes = fs::read(&file).unwrap();
    let other = folder.path().join("other");
    let refuse = |bytes: &[u8], why: &str| {
        fs::write(&other, bytes).unwrap();
        let error = restore(&other, &data, true).unwrap_err().to_string();
        assert!(error.contains(why) && error.starts_with(other.to_str().unwrap()), "{error}");
    };
    refuse(b"hello", "is no backup of Pointsman");
    refuse(&vec![b'x'; 5000], "is no backup of Pointsman");
    refuse(&bytes[..bytes.len() / 2], "is damaged or cut short");
    let mut newer = bytes.clone();
    newer[60..64].copy_from_slice(&99_u32.to_be_bytes());
    refuse(&newer, "has schema 99, and this program knows schemas up to 2");
    let foreign = folder.path().join("foreign");
    let conn = rusqlite::Connection::open(&foreign).unwrap();
    conn.execute_batch("CREATE TABLE t (a); PRAGMA user_version = 1").unwrap();
    drop(conn);
    refuse(&fs::read(&foreign).unwrap(), "is no backup of Pointsman");
    let missing = restore(&folder.path().join("nothing"), &data, true).unwrap_err();
    assert!(missing.to_string().contains("nothing cannot be used"), "{missing}");
    assert_eq!(depth(&data).await, 1);
}

#[cfg(unix)]
#[tokio::test]
async fn only_its_owner_may_read_a_backup() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = backed_up(folder.path()).await;
    restore(&file, &data, true).unwrap();
    for path in [file, data.join("store.db")] {
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
    }
    let nothing =
        backup(&folder.path().join("none"), &folder.path().join("x"), false, |_, _| ()).unwrap_err();
    assert!(nothing.to_string().contains("there is no store in"), "{nothing}");
    assert!(!folder.path().join("x").exists());
}
