//! Putting, getting and deleting.

use std::collections::BTreeMap;

use bytes::Bytes;
use pointsman_core::port::{ErrorKind, Object};

use super::{Port, folder, object};
use crate::Subject;

pub(super) async fn what_was_put_is_got_unchanged(subject: Subject<Port>) {
    let key = folder() + "a";
    let metadata = BTreeMap::from([
        ("x-github-event".to_owned(), "push".to_owned()),
        ("content-type".to_owned(), "application/json".to_owned()),
    ]);
    let put = Object { body: Bytes::from_static(b"{\"a\": 1}\n"), metadata };
    subject.ports.put_new(&key, put.clone()).await.expect("a new key can be put");
    assert_eq!(subject.ports.get(&key).await.expect("it is there"), put);
}

pub(super) async fn bodies_of_every_kind_are_kept_byte_for_byte(subject: Subject<Port>) {
    let folder = folder();
    let mut random = fastrand::Rng::with_seed(7);
    let noise: Bytes = std::iter::repeat_with(|| random.u8(..)).take(1 << 20).collect();
    let kinds = [Bytes::new(), (0..=255u8).collect(), Bytes::from(vec![b' '; 100_000]), noise];
    for (index, body) in kinds.into_iter().enumerate() {
        let key = format!("{folder}{index}");
        let put = Object { body: body.clone(), metadata: BTreeMap::new() };
        subject.ports.put_new(&key, put).await.expect("a new key can be put");
        let got = subject.ports.get(&key).await.expect("it is there");
        assert!(got.body == body, "{} bytes came back as other {}", body.len(), got.body.len());
    }
}

pub(super) async fn metadata_of_any_text_is_kept(subject: Subject<Port>) {
    let key = folder() + "a";
    let pairs = [("empty", ""), ("wide", "żółw 東京"), ("quotes", "\"'\\%_"), ("x-github-hook-id", "7")];
    let metadata: BTreeMap<_, _> = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let put = Object { body: Bytes::new(), metadata };
    subject.ports.put_new(&key, put.clone()).await.expect("a new key can be put");
    assert_eq!(subject.ports.get(&key).await.expect("it is there"), put);
}

pub(super) async fn a_second_put_is_a_conflict_whatever_its_bytes(subject: Subject<Port>) {
    let key = folder() + "a";
    subject.ports.put_new(&key, object("first")).await.expect("a new key can be put");
    for second in ["first", "second", ""] {
        let error = subject.ports.put_new(&key, object(second)).await.expect_err("the key is taken");
        assert_eq!(error.kind, ErrorKind::Conflict, "{error}");
    }
    assert_eq!(subject.ports.get(&key).await.expect("it is there"), object("first"));
}

pub(super) async fn of_sixteen_puts_at_once_one_wins(subject: Subject<Port>) {
    let key = folder() + "a";
    let puts: Vec<_> = (0..16)
        .map(|number: usize| {
            let (port, key) = (subject.ports.clone(), key.clone());
            tokio::spawn(async move { (number, port.put_new(&key, object(&number.to_string())).await) })
        })
        .collect();
    let mut winners = Vec::new();
    for put in puts {
        match put.await.expect("putting does not panic") {
            (number, Ok(())) => winners.push(number),
            (_, Err(error)) => assert_eq!(error.kind, ErrorKind::Conflict, "{error}"),
        }
    }
    assert_eq!(winners.len(), 1, "{winners:?}");
    assert_eq!(subject.ports.get(&key).await.expect("it is there"), object(&winners[0].to_string()));
}

pub(super) async fn what_is_not_there_is_not_found_and_named(subject: Subject<Port>) {
    let key = folder() + "nothing";
    let error = subject.ports.get(&key).await.expect_err("nothing was put");
    assert_eq!(error.kind, ErrorKind::NotFound);
    assert!(error.to_string().contains(&key), "{error}");
}

pub(super) async fn deleting_removes_and_may_be_repeated(subject: Subject<Port>) {
    let folder = folder();
    for name in ["a", "ab"] {
        subject.ports.put_new(&format!("{folder}{name}"), object(name)).await.expect("a new key can be put");
    }
    for _ in 0..2 {
        subject.ports.delete(&format!("{folder}a")).await.expect("deleting may be repeated");
    }
    let gone = subject.ports.get(&format!("{folder}a")).await.expect_err("it was deleted");
    assert_eq!(gone.kind, ErrorKind::NotFound);
    assert_eq!(subject.ports.get(&format!("{folder}ab")).await.expect("it is there"), object("ab"));
    let listed = subject.ports.list(&folder, None, 10).await.expect("it can be listed");
    assert_eq!(listed.len(), 1);
}

pub(super) async fn a_deleted_key_can_be_put_again(subject: Subject<Port>) {
    let key = folder() + "a";
    subject.ports.put_new(&key, object("first")).await.expect("a new key can be put");
    subject.ports.delete(&key).await.expect("it can be deleted");
    subject.ports.put_new(&key, object("second")).await.expect("the key is free");
    assert_eq!(subject.ports.get(&key).await.expect("it is there"), object("second"));
}

pub(super) async fn objects_of_equal_bytes_do_not_lose_them_with_one_another(subject: Subject<Port>) {
    let folder = folder();
    let same = "the same bytes ".repeat(100);
    let keys = ["a", "b", "c"].map(|name| format!("{folder}{name}"));
    for key in &keys {
        subject.ports.put_new(key, object(&same)).await.expect("a new key can be put");
    }
    for key in &keys[..2] {
        subject.ports.delete(key).await.expect("it can be deleted");
    }
    assert_eq!(subject.ports.get(&keys[2]).await.expect("it is there"), object(&same));
}

pub(super) async fn keys_of_every_sign_are_different_keys(subject: Subject<Port>) {
    let folder = folder();
    // Escaped delivery ids hold `%`; nothing may be decoded, folded or trimmed on the way.
    let names = ["a%2F", "a%2f", "A%2F", "a_", "ab", "a.b", "a-b", "a~b", "%25", "%"];
    for name in names {
        subject.ports.put_new(&format!("{folder}{name}"), object(name)).await.expect("each is a new key");
    }
    for name in names {
        let got = subject.ports.get(&format!("{folder}{name}")).await.expect("it is there");
        assert_eq!(got, object(name));
    }
}

pub(super) async fn what_was_put_outlives_a_crash(mut subject: Subject<Port>) {
    let folder = folder();
    subject.ports.put_new(&format!("{folder}a"), object("a")).await.expect("a new key can be put");
    subject.ports.put_new(&format!("{folder}b"), object("b")).await.expect("a new key can be put");
    subject.ports.delete(&format!("{folder}b")).await.expect("it can be deleted");
    subject.crash().await;
    assert_eq!(subject.ports.get(&format!("{folder}a")).await.expect("it is there"), object("a"));
    let again = subject.ports.put_new(&format!("{folder}a"), object("other")).await;
    assert_eq!(again.expect_err("the key is taken").kind, ErrorKind::Conflict);
    assert_eq!(subject.ports.list(&folder, None, 10).await.expect("it can be listed").len(), 1);
}
