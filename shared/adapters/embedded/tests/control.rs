//! The house key: one process holds the store, the others speak to it.

#![expect(clippy::unwrap_used, reason = "the helpers of tests are tests")]

mod common;

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use common::{ask, message, name, options};
use pointsman_core::port::{Ask, ErrorKind, Expect, Object, Queue as _, Receiver as _, Selection};
use pointsman_embedded::{Attached, Ports, Store, attach};

async fn held() -> (tempfile::TempDir, Store, Ports) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), options()).await.unwrap();
    let attached = attach(folder.path(), options()).await.unwrap();
    assert!(matches!(attached, Attached::Remote(_)));
    (folder, store, attached.ports())
}

fn holder(folder: &tempfile::TempDir) -> serde_json::Value {
    serde_json::from_str(&std::fs::read_to_string(folder.path().join("lock")).unwrap()).unwrap()
}

#[tokio::test]
async fn every_port_of_a_held_store_answers_through_its_holder() {
    let (_folder, store, remote) = held().await;
    let queue = name("jobs");
    let sent = remote.queue.send(&queue, vec![message("a", "1"), message("a", "2")]).await;
    assert!(sent.iter().all(Result::is_ok), "{sent:?}");
    let got = remote.receiver.receive(&queue, ask(1)).await.unwrap().remove(0);
    assert_eq!((&got.body[..], got.attempt), (&b"1"[..], 1));
    remote.receiver.renew(&queue, &got.receipt, Duration::from_secs(60)).await.unwrap();
    assert_eq!(remote.admin.stats(&queue).await.unwrap().in_flight, 1);
    remote.receiver.dead_letter(&queue, &got.receipt, "odd", "it is odd").await.unwrap();
    let void = remote.receiver.complete(&queue, &[got.receipt]).await.remove(0).unwrap_err();
    assert_eq!(void.kind, ErrorKind::Conflict);
    assert_eq!(remote.admin.peek(&queue.dead_letters(), None, 5).await.unwrap().len(), 1);
    assert_eq!(remote.admin.purge(&queue, Selection::All).await.unwrap(), 1);
    assert_eq!(remote.admin.list().await.unwrap(), [name("jobs"), name("other")]);

    let object = Object { body: "raw".into(), metadata: [("a".to_owned(), "b".to_owned())].into() };
    remote.archive.put_new("k/1", object.clone()).await.unwrap();
    assert_eq!(remote.archive.put_new("k/1", object.clone()).await.unwrap_err().kind, ErrorKind::Conflict);
    assert_eq!(remote.archive.get("k/1").await.unwrap(), object);
    assert_eq!(remote.archive.list("k/", None, 9).await.unwrap()[0].size, 3);
    let version = remote.records.put_if("r", "v".into(), Expect::Absent, None).await.unwrap();
    assert_eq!(remote.records.get("r").await.unwrap().unwrap().version, version);
    remote.records.delete("r", Expect::Version(version)).await.unwrap();
    let unknown = remote.queue.send(&name("nope"), vec![message("a", "1")]).await.remove(0).unwrap_err();
    assert_eq!(unknown.kind, ErrorKind::NotFound);
    assert!(unknown.to_string().contains("jobs, other"), "{unknown}");
    store.close().await;
}

#[tokio::test]
async fn what_a_lost_client_was_given_comes_back_untouched() {
    let (folder, store, _remote) = held().await;
    let queue = name("jobs");
    store.send(&queue, vec![message("a", "1")]).await.remove(0).unwrap();
    // A client that takes a message and goes away without a word that it has it.
    let holder = holder(&folder);
    let port = u16::try_from(holder["port"].as_u64().unwrap()).unwrap();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let mut frame = |bytes: &[u8]| {
        stream.write_all(&u32::try_from(bytes.len()).unwrap().to_be_bytes()).unwrap();
        stream.write_all(bytes).unwrap();
    };
    frame(holder["token"].as_str().unwrap().as_bytes());
    // Request::Receive is the second of its kind.
    frame(&[&[1_u8][..], &postcard::to_stdvec(&(&queue, &ask(1))).unwrap()].concat());
    let took = tokio::task::spawn_blocking(move || {
        let mut answer = [0; 4];
        stream.read_exact(&mut answer).unwrap();
    });
    took.await.unwrap();
    let again = Ask { wait: Duration::from_secs(20), ..ask(1) };
    let again = store.receive(&queue, again).await.unwrap().remove(0);
    assert_eq!((&again.body[..], again.attempt), (&b"1"[..], 1));
    store.close().await;
}

#[tokio::test]
async fn who_does_not_know_the_token_gets_no_answer() {
    let (folder, store, _remote) = held().await;
    let port = u16::try_from(holder(&folder)["port"].as_u64().unwrap()).unwrap();
    let asked = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream
            .write_all(&[&64_u32.to_be_bytes()[..], &[b'0'; 64], &1_u32.to_be_bytes(), &[6]].concat())
            .unwrap();
        let mut answer = Vec::new();
        // Closed, or reset: no byte comes.
        let _ = stream.read_to_end(&mut answer);
        answer
    });
    assert!(asked.await.unwrap().is_empty());
    store.close().await;
}

#[tokio::test]
async fn a_store_that_nobody_holds_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    drop(Store::open(folder.path(), options()).await.unwrap());
    let attached = attach(folder.path(), options()).await.unwrap();
    assert!(matches!(attached, Attached::Own(_)));
    attached.close().await;
}

#[cfg(unix)]
#[tokio::test]
async fn only_its_owner_may_read_the_key_and_the_folder() {
    use std::os::unix::fs::PermissionsExt as _;
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("data");
    let store = Store::open(&folder, options()).await.unwrap();
    let mode = |path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(folder.clone()), mode(folder.join("lock"))), (0o700, 0o600));
    store.close().await;
}
