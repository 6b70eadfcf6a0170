//! The store as a whole: what only this adapter promises, beside the conformance suite.

#![expect(clippy::unwrap_used, reason = "the helpers of tests are tests")]

mod common;

use std::time::Duration;

use bytes::Bytes;
use common::{ask, message, name, options};
use jiff::Timestamp;
use pointsman_core::{
    ledger::{Committed, Entry, Ledger as _},
    port::{
        Abandon, Archive, Ask, Control, ErrorKind, Expect, Message, Object, OnPoison, Queue as _,
        QueueAdmin as _, QueueSettings, Receiver as _, Records as _, dead_letter,
    },
};
use pointsman_embedded::{OpenError, Store};

#[tokio::test]
async fn what_was_sent_is_there_after_a_restart_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), options()).await.unwrap();
    let sent = store.send(&name("jobs"), ["1", "2", "3"].map(|body| message("a b", body)).to_vec()).await;
    assert!(sent.iter().all(Result::is_ok), "{sent:?}");
    let held = store.receive(&name("jobs"), ask(2)).await.unwrap();
    assert_eq!(held.iter().map(|held| &held.body[..]).collect::<Vec<_>>(), [b"1", b"2"]);
    assert!(store.receive(&name("jobs"), ask(2)).await.unwrap().is_empty());
    store.close().await;

    let store = Store::open(folder.path(), options()).await.unwrap();
    let void = store.complete(&name("jobs"), &[held[0].receipt.clone()]).await;
    assert_eq!(void[0].as_ref().unwrap_err().kind, ErrorKind::Conflict);
    let held = store.receive(&name("jobs"), ask(10)).await.unwrap();
    assert_eq!(held.iter().map(|held| &held.body[..]).collect::<Vec<_>>(), [b"1", b"2", b"3"]);
    assert_eq!(held[0].session.as_ref().unwrap().as_str(), "a%20b");
    let receipts: Vec<_> = held.iter().map(|held| held.receipt.clone()).collect();
    assert!(store.complete(&name("jobs"), &receipts).await.iter().all(Result::is_ok));
    assert_eq!(store.stats(&name("jobs")).await.unwrap().depth, 0);
    store.close().await;
}

#[tokio::test]
async fn a_waiting_receiver_gets_what_is_sent_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), options()).await.unwrap();
    let waiting = tokio::spawn({
        let store = store.clone();
        async move {
            let ask = Ask { wait: Duration::from_secs(30), ..ask(1) };
            store.receive(&name("jobs"), ask).await
        }
    });
    tokio::task::yield_now().await;
    store.send(&name("jobs"), vec![message("a", "1")]).await.remove(0).unwrap();
    assert_eq!(waiting.await.unwrap().unwrap().len(), 1);
}

#[tokio::test]
async fn a_message_that_fails_too_often_dies_and_its_session_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), options()).await.unwrap();
    store.send(&name("jobs"), vec![message("a", "poison"), message("a", "good")]).await;
    for attempt in 1..=5 {
        let held = store.receive(&name("jobs"), ask(1)).await.unwrap().remove(0);
        assert_eq!((&held.body[..], held.attempt), (&b"poison"[..], attempt));
        let how = Abandon::failed("it broke", Duration::ZERO);
        store.abandon(&name("jobs"), &held.receipt, how).await.unwrap();
    }
    assert_eq!(&store.receive(&name("jobs"), ask(1)).await.unwrap()[0].body[..], b"good");
    let dead = store.peek(&name("jobs.dead"), None, 10).await.unwrap().remove(0);
    assert_eq!(dead.attributes[dead_letter::REASON], "max_deliveries");
    assert_eq!(dead.attributes[dead_letter::ATTEMPTS], "5");
    assert_eq!(&dead.body[..], b"poison");
    assert_eq!(store.stats(&name("jobs")).await.unwrap().dead, 1);
}

fn entry(now: Timestamp, body: &Bytes) -> Entry {
    let to = |queue: &str| {
        let mut message = message("a", "");
        message.body.shared = body.clone();
        message.body.head = Bytes::from_static(b"{");
        message.dedup_id = format!("id {queue}");
        (name(queue), message)
    };
    Entry {
        archive_key: "deliveries/x".into(),
        object: Object { body: body.clone(), metadata: [("a".to_owned(), "b".to_owned())].into() },
        mark_key: "routed/x".into(),
        messages: vec![to("jobs"), to("other")],
        now,
        mark_expires: None,
    }
}

#[tokio::test]
async fn a_delivery_is_stored_and_sent_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), options()).await.unwrap();
    let body = Bytes::from("x".repeat(10_000));
    let now = Timestamp::now();
    let first = store.commit(entry(now, &body)).await.unwrap();
    assert_eq!(first, Committed::Stored { duplicate: false, sent: vec![name("jobs"), name("other")] });
    let again = store.commit(entry(now, &body)).await.unwrap();
    assert_eq!(again, Committed::Stored { duplicate: true, sent: vec![] });
    let other = store.commit(entry(now, &Bytes::from_static(b"y"))).await.unwrap();
    assert_eq!(other, Committed::OtherBytes { key: "deliveries/x".into() });
    let held = store.receive(&name("jobs"), ask(10)).await.unwrap();
    assert_eq!(held.len(), 1);
    assert_eq!(held[0].body.len(), 10_001);
    assert_eq!(Archive::get(&store, "deliveries/x").await.unwrap().body, body);
    let rows = |sql: &'static str| {
        let conn = rusqlite::Connection::open(folder.path().join("store.db")).unwrap();
        conn.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap()
    };
    assert_eq!(rows("SELECT count(*) FROM bodies"), 1);
    assert_eq!(rows("SELECT refs FROM body_refs"), 3);
    for queue in ["jobs", "other"].map(name) {
        let mut held = held.clone();
        if queue.as_str() == "other" {
            held = store.receive(&queue, ask(10)).await.unwrap();
        }
        store.complete(&queue, &[held[0].receipt.clone()]).await.remove(0).unwrap();
    }
    assert_eq!(rows("SELECT count(*) FROM bodies"), 1);
    Archive::delete(&store, "deliveries/x").await.unwrap();
    assert_eq!(rows("SELECT count(*) FROM bodies") + rows("SELECT count(*) FROM body_refs"), 0);
}

#[tokio::test]
async fn a_second_opener_is_refused_and_told_who_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), options()).await.unwrap();
    let error = Store::open(folder.path(), options()).await.err().unwrap();
    assert!(
        matches!(&error, OpenError::Held { holder: Some(holder), .. } if holder.pid == std::process::id())
    );
    assert!(error.to_string().contains("`a test`"), "{error}");
    store.close().await;
    Store::open(folder.path(), options()).await.unwrap().close().await;
}

fn hold() -> QueueSettings {
    QueueSettings { on_poison: OnPoison::Hold, ..QueueSettings::default() }
}

fn sql(folder: &tempfile::TempDir, sql: &str) {
    let conn = rusqlite::Connection::open(folder.path().join("store.db")).unwrap();
    conn.execute_batch(sql).unwrap();
}

#[tokio::test]
async fn a_transaction_that_fails_changes_nothing_and_the_next_one_works() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), options()).await.unwrap();
    let queue = name("jobs");
    store.send(&queue, vec![message("a", "1"), message("a", "2")]).await;
    let held = store.receive(&queue, ask(1)).await.unwrap().remove(0);
    sql(
        &folder,
        "CREATE TRIGGER full_held BEFORE INSERT ON held BEGIN SELECT RAISE(ROLLBACK, 'no room'); END;
         CREATE TRIGGER full_insert BEFORE INSERT ON messages WHEN NEW.head = CAST('boom' AS BLOB)
         BEGIN SELECT RAISE(ROLLBACK, 'no room'); END;
         CREATE TRIGGER full_delete BEFORE DELETE ON messages BEGIN SELECT RAISE(ROLLBACK, 'no room'); END;",
    );
    let with_id = |session, body| Message { dedup_id: format!("id of {body}"), ..message(session, body) };
    let batch = vec![with_id("a", "3"), with_id("new", "4"), with_id("b", "boom")];
    for sent in store.send(&queue, batch.clone()).await {
        assert_eq!(sent.unwrap_err().kind, ErrorKind::Unavailable);
    }
    let complete = store.complete(&queue, std::slice::from_ref(&held.receipt)).await.remove(0);
    assert_eq!(complete.unwrap_err().kind, ErrorKind::Unavailable);
    store.ensure_queues(&[(queue.clone(), hold())]).await.unwrap();
    let dead = store.dead_letter(&queue, &held.receipt, "odd", "it is odd").await;
    assert_eq!(dead.unwrap_err().kind, ErrorKind::Unavailable);
    let stats = store.stats(&queue).await.unwrap();
    assert_eq!((stats.depth, stats.in_flight, stats.held), (1, 1, 0));

    sql(&folder, "DROP TRIGGER full_held; DROP TRIGGER full_insert; DROP TRIGGER full_delete;");
    store.health().await.unwrap();
    assert!(store.send(&queue, batch).await.iter().all(|sent| !sent.as_ref().unwrap().duplicate));
    store.complete(&queue, &[held.receipt]).await.remove(0).unwrap();
    let bodies: Vec<_> =
        store.receive(&queue, ask(10)).await.unwrap().into_iter().map(|held| held.body).collect();
    assert_eq!(bodies, [&b"2"[..], b"3", b"4", b"boom"]);
    store.close().await;
}

#[tokio::test]
async fn a_store_of_a_newer_schema_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    Store::open(folder.path(), options()).await.unwrap().close().await;
    sql(&folder, "PRAGMA user_version = 99");
    let error = Store::open(folder.path(), options()).await.err().unwrap();
    assert!(matches!(error, OpenError::Newer { found: 99, known: 2, .. }), "{error}");
    assert!(error.to_string().contains("use the newer program"), "{error}");
    sql(&folder, "PRAGMA user_version = 2");
    Store::open(folder.path(), options()).await.unwrap().close().await;
}

/// What version 2 of the schema added, taken away again.
const TO_VERSION_1: &str = "DROP TABLE held; ALTER TABLE queues DROP COLUMN on_poison;
    ALTER TABLE queues DROP COLUMN paused; PRAGMA user_version = 1";

#[tokio::test]
async fn a_store_of_version_1_is_migrated_with_all_that_is_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), options()).await.unwrap();
    store.send(&name("jobs"), vec![message("a", "1"), message("a", "2")]).await;
    store.close().await;
    sql(&folder, TO_VERSION_1);
    let hold = QueueSettings { max_deliveries: 1, ..hold() };
    let store = Store::open(folder.path(), options().with_queues([(name("jobs"), hold)])).await.unwrap();
    let stats = store.stats(&name("jobs")).await.unwrap();
    assert_eq!((stats.depth, stats.held, stats.paused), (2, 0, false));
    let poison = store.receive(&name("jobs"), ask(1)).await.unwrap().remove(0);
    store.abandon(&name("jobs"), &poison.receipt, Abandon::failed("no", Duration::ZERO)).await.unwrap();
    assert!(store.receive(&name("jobs"), ask(1)).await.unwrap().is_empty());
    store.control(&name("jobs"), Control::Bury(poison.id)).await.unwrap();
    assert_eq!(&store.receive(&name("jobs"), ask(1)).await.unwrap()[0].body[..], b"2");
    store.close().await;
}

#[tokio::test]
async fn a_session_that_is_held_stays_held_when_the_queue_holds_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), options().with_queues([(name("jobs"), hold())])).await.unwrap();
    store.send(&name("jobs"), vec![message("a", "1"), message("a", "2")]).await;
    let poison = store.receive(&name("jobs"), ask(1)).await.unwrap().remove(0);
    store.dead_letter(&name("jobs"), &poison.receipt, "odd", "it is odd").await.unwrap();
    store.ensure_queues(&[(name("jobs"), QueueSettings::default())]).await.unwrap();
    assert_eq!(store.stats(&name("jobs")).await.unwrap().held, 1);
    assert!(store.receive(&name("jobs"), ask(1)).await.unwrap().is_empty());
    store.control(&name("jobs"), Control::Release(poison.id)).await.unwrap();
    let again = store.receive(&name("jobs"), ask(1)).await.unwrap().remove(0);
    store.dead_letter(&name("jobs"), &again.receipt, "odd", "it is odd").await.unwrap();
    assert_eq!(&store.receive(&name("jobs"), ask(1)).await.unwrap()[0].body[..], b"2");
    store.close().await;
}

#[tokio::test]
async fn an_empty_database_is_migrated_from_version_0() {
    let folder = tempfile::tempdir().unwrap();
    sql(&folder, "PRAGMA user_version = 0; VACUUM");
    Store::open(folder.path(), options()).await.unwrap().close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn once_a_write_finds_expired_records_all_of_them_leave_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), options()).await.unwrap();
    let soon = Timestamp::now().checked_add(Duration::from_millis(50)).unwrap();
    let put = async |key: String, expires| {
        store.put_if(&key, Bytes::from_static(b"x"), Expect::Anything, expires).await.unwrap();
    };
    futures::future::join_all((0..1_000).map(|n| put(format!("mark/{n}"), Some(soon)))).await;
    let reader = rusqlite::Connection::open(folder.path().join("store.db")).unwrap();
    let left = || reader.query_row("SELECT count(*) FROM records", [], |row| row.get::<_, i64>(0)).unwrap();
    let until = async |most: i64, write: bool| {
        while left() > most {
            if write {
                put("stays".into(), None).await;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let minute = Duration::from_secs(60);
    tokio::time::timeout(minute, until(999, true)).await.expect("some go with a write");
    tokio::time::timeout(minute, until(1, false)).await.expect("the others go without one");
    store.close().await;
}
