//! A configuration that changes while it is in force. The clock is turned by hand: one look a second.

use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use jiff::Timestamp;
use pointsman_core::port::Clock;
use pointsman_env::{Loader, Update, Watcher};

/// Sleeps as often as it has seconds left, then for ever.
#[derive(Default)]
struct Seconds(AtomicU32);

#[async_trait]
impl Clock for Seconds {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    async fn sleep(&self, _: Duration) {
        let left = |left: u32| left.checked_sub(1);
        if self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left).is_err() {
            std::future::pending().await
        }
    }
}

struct Watched {
    folder: tempfile::TempDir,
    clock: Arc<Seconds>,
    watcher: Watcher,
}

impl Watched {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (loader, clock) =
            (Loader { config: Some(file(&folder)), ..Loader::default() }, Arc::new(Seconds::default()));
        fs::write(file(&folder), named("first")).expect("written");
        let loaded = loader.load().await.expect("the file is good");
        let watcher = Watcher::new(loader, &loaded, clock.clone());
        Self { folder, clock, watcher }
    }

    fn write(&self, text: &str) {
        fs::write(file(&self.folder), text).expect("written");
    }

    /// What is told within so many seconds, in short.
    async fn within(&mut self, seconds: u32) -> String {
        self.clock.0.store(seconds, Ordering::Relaxed);
        let update = tokio::select! {
            biased;
            update = self.watcher.next() => update,
            () = std::future::ready(()) => return "nothing".into(),
        };
        match update {
            Update::Changed { loaded, restart } => {
                format!("{} {restart:?}", loaded.config.subscriptions[0].name)
            }
            Update::Faulty(error) => error.to_string().replace(&self.folder.path().display().to_string(), ""),
        }
    }
}

fn file(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("p.yaml")
}

fn named(name: &str) -> String {
    format!(
        "sources: {{ github: {{ secrets: [\"literal:a\"] }} }}\nsubscriptions: [{{ name: {name}, events: [push] }}]\n"
    )
}

#[tokio::test]
async fn a_good_change_is_told_once_and_only_when_it_is_written_to_its_end() {
    let mut watched = Watched::new().await;
    assert_eq!(watched.within(5).await, "nothing");
    watched.write("");
    assert_eq!(watched.within(1).await, "nothing", "an editor has emptied the file and not written it yet");
    watched.write(&named("second"));
    assert_eq!(watched.within(1).await, "nothing");
    assert_eq!(watched.within(1).await, "second []");
    assert_eq!(watched.within(5).await, "nothing");
}

#[tokio::test]
async fn a_faulty_change_is_told_once_and_mending_it_is_told() {
    let mut watched = Watched::new().await;
    watched.write(&named("Second"));
    let told = watched.within(2).await;
    assert!(told.starts_with("/p.yaml:2:25: subscriptions[0].name: `Second` is no name"), "{told}");
    assert_eq!(watched.within(5).await, "nothing");
    watched.write(&named("first"));
    assert_eq!(watched.within(2).await, "first []");
}

#[tokio::test]
async fn a_secret_that_comes_later_mends_a_fault() {
    let mut watched = Watched::new().await;
    watched.write(&named("second").replace("literal:a", "file:later"));
    assert!(watched.within(2).await.contains("there is no file /later"));
    fs::write(watched.folder.path().join("later"), "secret").unwrap();
    assert_eq!(watched.within(1).await, "second []");
}

#[tokio::test]
async fn a_file_that_is_replaced_is_not_missed_and_one_that_has_gone_is_told_once() {
    let mut watched = Watched::new().await;
    fs::remove_file(file(&watched.folder)).unwrap();
    assert_eq!(watched.within(9).await, "nothing");
    fs::write(watched.folder.path().join("new"), named("second")).unwrap();
    fs::rename(watched.folder.path().join("new"), file(&watched.folder)).unwrap();
    assert_eq!(watched.within(2).await, "second []");
    fs::remove_file(file(&watched.folder)).unwrap();
    assert!(watched.within(10).await.starts_with("the configuration file /p.yaml cannot be read"));
    assert_eq!(watched.within(50).await, "nothing");
    watched.write(&named("third"));
    assert_eq!(watched.within(2).await, "third []");
}

#[tokio::test]
async fn what_needs_a_restart_is_said_until_it_is_as_at_the_start() {
    let mut watched = Watched::new().await;
    watched.write(&format!("listen: 127.0.0.1:1\ndata: other\n{}", named("second")));
    assert_eq!(watched.within(2).await, "second [\"listen\", \"data\"]");
    watched.write(&format!("listen: 127.0.0.1:1\n{}", named("third")));
    assert_eq!(watched.within(2).await, "third [\"listen\"]");
    watched.write(&named("fourth"));
    assert_eq!(watched.within(2).await, "fourth []");
    watched.write(&format!("backend: aws\n{}", named("fifth").replace("literal:a", "env:PATH")));
    assert_eq!(watched.within(2).await, "fifth [\"backend\"]");
}

#[tokio::test]
async fn without_a_file_there_is_nothing_to_watch() {
    let folder = tempfile::tempdir().unwrap();
    let loader = Loader { config: Some(file(&folder)), data: Some(folder.path().join("data")), listen: None };
    fs::write(file(&folder), "").unwrap();
    let mut loaded = loader.load().await.unwrap();
    loaded.origin = pointsman_env::Origin::BuiltIn;
    let clock = Arc::new(Seconds::default());
    clock.0.store(100, Ordering::Relaxed);
    let mut watcher = Watcher::new(loader, &loaded, clock);
    fs::write(file(&folder), named("second")).unwrap();
    let told = tokio::select! { biased; _ = watcher.next() => true, () = std::future::ready(()) => false };
    assert!(!told);
}
