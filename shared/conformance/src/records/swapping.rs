//! Writes and removals that take something for granted.

use bytes::Bytes;
use pointsman_core::port::{ErrorKind, Expect, Version};

use super::{Port, assert_conflict, folder, get, put, try_put};
use crate::Subject;

pub(super) async fn what_was_put_is_got_unchanged(subject: Subject<Port>) {
    let folder = folder();
    let values = [Bytes::new(), (0..=255u8).collect(), Bytes::from_static("żółw".as_bytes())];
    for (index, value) in values.into_iter().enumerate() {
        let key = format!("{folder}{index}");
        let version =
            subject.ports.put_if(&key, value.clone(), Expect::Absent, None).await.expect("it is new");
        let record = get(&subject, &key).await.expect("it is there");
        assert_eq!((record.key, record.value, record.version), (key, value, version));
    }
}

pub(super) async fn what_is_not_there_is_none(subject: Subject<Port>) {
    assert_eq!(get(&subject, &(folder() + "nothing")).await, None);
}

pub(super) async fn absent_wins_only_once(subject: Subject<Port>) {
    let key = folder() + "a";
    put(&subject, &key, "first", Expect::Absent).await;
    assert_conflict(try_put(&subject, &key, "second", Expect::Absent).await);
    assert_eq!(get(&subject, &key).await.expect("it is there").value, "first");
}

pub(super) async fn a_version_wins_only_while_it_is_the_last(subject: Subject<Port>) {
    let key = folder() + "a";
    let first = put(&subject, &key, "first", Expect::Absent).await;
    let second = put(&subject, &key, "second", Expect::Version(first.clone())).await;
    assert_conflict(try_put(&subject, &key, "third", Expect::Version(first)).await);
    let record = get(&subject, &key).await.expect("it is there");
    assert_eq!((record.value, record.version), (Bytes::from("second"), second));
}

pub(super) async fn a_version_of_nothing_is_a_conflict(subject: Subject<Port>) {
    let (key, other) = (folder() + "a", folder() + "b");
    let version = put(&subject, &other, "other", Expect::Absent).await;
    for version in [version, Version("nonsense".into()), Version(String::new())] {
        assert_conflict(try_put(&subject, &key, "a", Expect::Version(version)).await);
    }
    assert_eq!(get(&subject, &key).await, None);
}

pub(super) async fn anything_always_wins(subject: Subject<Port>) {
    let key = folder() + "a";
    for value in ["first", "second"] {
        put(&subject, &key, value, Expect::Anything).await;
        assert_eq!(get(&subject, &key).await.expect("it is there").value, value);
    }
}

pub(super) async fn every_write_makes_another_version(subject: Subject<Port>) {
    let key = folder() + "a";
    let first = put(&subject, &key, "same", Expect::Absent).await;
    let second = put(&subject, &key, "same", Expect::Anything).await;
    let third = put(&subject, &key, "same", Expect::Version(second.clone())).await;
    assert!(first != second && second != third && first != third, "{first:?} {second:?} {third:?}");
}

pub(super) async fn a_version_is_not_used_again_after_a_delete(subject: Subject<Port>) {
    let key = folder() + "lease";
    // Who held the old lease must not win over who holds the new one.
    let old = put(&subject, &key, "same", Expect::Absent).await;
    subject.ports.delete(&key, Expect::Anything).await.expect("it can be deleted");
    put(&subject, &key, "same", Expect::Absent).await;
    assert_conflict(try_put(&subject, &key, "stolen", Expect::Version(old.clone())).await);
    assert_conflict(subject.ports.delete(&key, Expect::Version(old)).await);
    assert_eq!(get(&subject, &key).await.expect("it is there").value, "same");
}

pub(super) async fn of_sixteen_first_writes_at_once_one_wins(subject: Subject<Port>) {
    let key = folder() + "a";
    assert_one_winner(&subject, &key, Expect::Absent).await;
}

pub(super) async fn of_sixteen_updates_at_once_one_wins(subject: Subject<Port>) {
    let key = folder() + "a";
    let version = put(&subject, &key, "first", Expect::Absent).await;
    assert_one_winner(&subject, &key, Expect::Version(version)).await;
}

async fn assert_one_winner(subject: &Subject<Port>, key: &str, expect: Expect) {
    let writes: Vec<_> = (0..16)
        .map(|number: usize| {
            let (port, key, expect) = (subject.ports.clone(), key.to_owned(), expect.clone());
            tokio::spawn(
                async move { (number, port.put_if(&key, number.to_string().into(), expect, None).await) },
            )
        })
        .collect();
    let mut winners = Vec::new();
    for write in writes {
        match write.await.expect("writing does not panic") {
            (number, Ok(version)) => winners.push((number.to_string(), version)),
            (_, Err(error)) => assert_eq!(error.kind, ErrorKind::Conflict, "{error}"),
        }
    }
    assert_eq!(winners.len(), 1, "{winners:?}");
    let record = get(subject, key).await.expect("it is there");
    assert_eq!((record.value, record.version), (winners[0].0.clone().into(), winners[0].1.clone()));
}

pub(super) async fn deleting_keeps_to_what_it_expects(subject: Subject<Port>) {
    let key = folder() + "a";
    let first = put(&subject, &key, "first", Expect::Absent).await;
    let second = put(&subject, &key, "second", Expect::Anything).await;
    assert_conflict(subject.ports.delete(&key, Expect::Version(first)).await);
    assert_conflict(subject.ports.delete(&key, Expect::Absent).await);
    assert_eq!(get(&subject, &key).await.expect("it is there").value, "second");
    subject.ports.delete(&key, Expect::Version(second)).await.expect("it is the last version");
    assert_eq!(get(&subject, &key).await, None);
}

pub(super) async fn deleting_what_is_absent_is_success(subject: Subject<Port>) {
    let key = folder() + "a";
    let version = put(&subject, &key, "a", Expect::Absent).await;
    for expect in [Expect::Anything, Expect::Anything, Expect::Absent, Expect::Version(version)] {
        subject.ports.delete(&key, expect).await.expect("removing what is absent is success");
    }
}

pub(super) async fn records_are_listed_in_byte_order_and_bounded(subject: Subject<Port>) {
    let folder = folder();
    for name in ["b", "a", "B", "a/1", "a.1", "é"] {
        put(&subject, &format!("{folder}{name}"), name, Expect::Absent).await;
    }
    assert_eq!(names(&subject, &folder, "", None, 100).await, ["B", "a", "a.1", "a/1", "b", "é"]);
    assert_eq!(names(&subject, &folder, "", None, 2).await, ["B", "a"]);
    assert_eq!(names(&subject, &folder, "", Some("a"), 2).await, ["a.1", "a/1"]);
    assert_eq!(names(&subject, &folder, "a", Some("a/"), 100).await, ["a/1"]);
    assert_eq!(names(&subject, &folder, "", Some("é"), 100).await, [""; 0]);
}

pub(super) async fn a_prefix_is_text_and_no_pattern(subject: Subject<Port>) {
    let folder = folder();
    for name in ["a%b", "a_b", "axb", "a*b", "A%b"] {
        put(&subject, &format!("{folder}{name}"), name, Expect::Absent).await;
    }
    assert_eq!(names(&subject, &folder, "a%", None, 100).await, ["a%b"]);
    assert_eq!(names(&subject, &folder, "a_", None, 100).await, ["a_b"]);
    assert_eq!(names(&subject, &folder, "a*", None, 100).await, ["a*b"]);
    assert_eq!(names(&subject, &folder, "A", None, 100).await, ["A%b"]);
}

pub(super) async fn a_value_of_64_kb_is_taken_and_a_megabyte_refused(subject: Subject<Port>) {
    let folder = folder();
    let (taken, refused) = (format!("{folder}taken"), format!("{folder}refused"));
    let value = "v".repeat(64_000);
    put(&subject, &taken, &value, Expect::Absent).await;
    assert!(get(&subject, &taken).await.expect("it is there").value == value);
    let error = try_put(&subject, &refused, &"v".repeat(1 << 20), Expect::Absent).await;
    assert_eq!(error.expect_err("records are small").kind, ErrorKind::Invalid);
    assert_eq!(get(&subject, &refused).await, None);
}

pub(super) async fn what_was_put_outlives_a_crash(mut subject: Subject<Port>) {
    let key = folder() + "a";
    put(&subject, &key, "first", Expect::Absent).await;
    let version = put(&subject, &key, "second", Expect::Anything).await;
    subject.crash().await;
    assert_eq!(get(&subject, &key).await.expect("it is there").value, "second");
    put(&subject, &key, "third", Expect::Version(version)).await;
}

/// The names listed, without the folder; each record holds its name.
async fn names(
    subject: &Subject<Port>,
    folder: &str,
    prefix: &str,
    after: Option<&str>,
    limit: usize,
) -> Vec<String> {
    let after = after.map(|name| format!("{folder}{name}"));
    let prefix = format!("{folder}{prefix}");
    let listed = subject.ports.list(&prefix, after.as_deref(), limit).await.expect("records can be listed");
    let mut names = Vec::new();
    for record in listed {
        let name = record.key.strip_prefix(folder).expect("a listing keeps to its prefix").to_owned();
        assert_eq!(record.value, name);
        names.push(name);
    }
    names
}
