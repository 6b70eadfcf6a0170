//! A record past its expiry is absent for every method.

use std::time::Duration;

use jiff::Timestamp;
use pointsman_core::port::{Expect, Version};

use super::{Port, assert_conflict, folder, get, life, put, try_put};
use crate::Subject;

/// Writes a record that lives for [`life`].
async fn put_expiring(subject: &Subject<Port>, key: &str, value: &str) -> Version {
    let written =
        subject.ports.put_if(key, value.to_owned().into(), Expect::Anything, expires(subject)).await;
    written.expect("the record can be written")
}

fn expires(subject: &Subject<Port>) -> Option<Timestamp> {
    Some(subject.time.now().checked_add(life(subject)).expect("a near time"))
}

async fn expire(subject: &Subject<Port>) {
    subject.pass(life(subject) + Duration::from_millis(1)).await;
}

pub(super) async fn an_expired_record_is_absent_for_get_and_list(subject: Subject<Port>) {
    let folder = folder();
    put(&subject, &format!("{folder}a"), "stays", Expect::Absent).await;
    put_expiring(&subject, &format!("{folder}b"), "goes").await;
    put(&subject, &format!("{folder}c"), "stays", Expect::Absent).await;
    if subject.capabilities.exact_time {
        subject.pass(life(&subject) - Duration::from_secs(1)).await;
        assert!(get(&subject, &format!("{folder}b")).await.is_some(), "not a moment before");
        subject.pass(Duration::from_secs(1)).await;
    }
    expire(&subject).await;
    assert_eq!(get(&subject, &format!("{folder}b")).await, None);
    let listed = subject.ports.list(&folder, None, 2).await.expect("records can be listed");
    let keys: Vec<_> = listed.into_iter().map(|record| record.key).collect();
    assert_eq!(keys, [format!("{folder}a"), format!("{folder}c")], "it does not use up the limit either");
}

pub(super) async fn an_expired_record_is_absent_for_put_if(subject: Subject<Port>) {
    let key = folder() + "lease";
    let old = put_expiring(&subject, &key, "first holder").await;
    assert_conflict(try_put(&subject, &key, "second holder", Expect::Absent).await);
    expire(&subject).await;
    assert_conflict(try_put(&subject, &key, "too late", Expect::Version(old.clone())).await);
    put(&subject, &key, "second holder", Expect::Absent).await;
    assert_conflict(try_put(&subject, &key, "far too late", Expect::Version(old)).await);
    assert_eq!(get(&subject, &key).await.expect("it is there").value, "second holder");
}

pub(super) async fn an_expired_record_is_absent_for_delete(subject: Subject<Port>) {
    let key = folder() + "a";
    put_expiring(&subject, &key, "a").await;
    assert_conflict(subject.ports.delete(&key, Expect::Absent).await);
    expire(&subject).await;
    subject.ports.delete(&key, Expect::Absent).await.expect("it is absent");
    put(&subject, &key, "b", Expect::Absent).await;
}

pub(super) async fn a_record_without_expiry_stays(subject: Subject<Port>) {
    let key = folder() + "a";
    put(&subject, &key, "a", Expect::Absent).await;
    expire(&subject).await;
    assert_eq!(get(&subject, &key).await.expect("it is there").value, "a");
}

pub(super) async fn a_later_write_sets_the_expiry_anew(subject: Subject<Port>) {
    let folder = folder();
    let (longer, forever) = (format!("{folder}longer"), format!("{folder}forever"));
    put_expiring(&subject, &longer, "a").await;
    put_expiring(&subject, &forever, "a").await;
    subject.pass(life(&subject) / 2).await;
    put_expiring(&subject, &longer, "b").await;
    put(&subject, &forever, "b", Expect::Anything).await;
    subject.pass(life(&subject) * 2 / 3).await;
    assert_eq!(get(&subject, &longer).await.expect("it lives longer").value, "b");
    expire(&subject).await;
    assert_eq!(get(&subject, &longer).await, None);
    assert_eq!(get(&subject, &forever).await.expect("it lives for ever").value, "b");
}

pub(super) async fn a_record_expires_over_a_crash(mut subject: Subject<Port>) {
    let key = folder() + "a";
    put_expiring(&subject, &key, "a").await;
    subject.crash().await;
    assert_eq!(get(&subject, &key).await.expect("it is there").value, "a");
    expire(&subject).await;
    assert_eq!(get(&subject, &key).await, None);
}
