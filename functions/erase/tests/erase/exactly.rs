//! The things of several owners are mixed: exactly the asked one's go.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use crate::house::{House, OWNERS, name, repository, without};
use async_trait::async_trait;
use bytes::Bytes;
use pointsman_core::port::{Abandon, Archive, Expect, Listed, Object, PortError};
use pointsman_erase::{Removed, Scope, erase};

const NOTHING: Removed = Removed {
    archive: 0,
    rejected: 0,
    records: 0,
    waiting: 0,
    dead: 0,
    held_back: 0,
    unreadable: 0,
    unseen: 0,
};

/// What `House::full` plants: marks, what could not be sent, an answer, what the stages learned.
const OF_REPOSITORY: Removed =
    Removed { archive: 3, rejected: 1, records: 3 + 1 + 1 + 5, waiting: 5, dead: 1, ..NOTHING };
const OF_ORGANISATION: Removed =
    Removed { archive: 3, rejected: 1, records: 3 + 1 + 1, waiting: 4, dead: 1, ..NOTHING };

fn times(removed: Removed, n: u64) -> Removed {
    let Removed { archive, rejected, records, waiting, dead, held_back, unreadable, unseen } = removed;
    Removed {
        archive: archive * n,
        rejected: rejected * n,
        records: records * n,
        waiting: waiting * n,
        dead: dead * n,
        held_back: held_back * n,
        unreadable: unreadable * n,
        unseen: unseen * n,
    }
}

fn plus(a: Removed, b: Removed) -> Removed {
    Removed {
        archive: a.archive + b.archive,
        rejected: a.rejected + b.rejected,
        records: a.records + b.records,
        waiting: a.waiting + b.waiting,
        dead: a.dead + b.dead,
        held_back: a.held_back + b.held_back,
        unreadable: a.unreadable + b.unreadable,
        unseen: a.unseen + b.unseen,
    }
}

/// The marks of deliveries whose raw bytes retention removed are nobody's: they name no repository.
fn but_lost_marks(all: BTreeMap<String, String>) -> BTreeMap<String, String> {
    all.into_iter()
        .filter(|(key, _)| !(key.starts_with("record routed/") && key.ends_with("-lost")))
        .collect()
}

async fn exactly(scope: Scope, tags: &[&str], expected: Removed) {
    let house = House::full().await;
    let before = house.everything().await;
    assert_eq!(house.erase(&scope, true).await, expected, "told beforehand: {scope}");
    assert_eq!(house.everything().await, before, "a dry run changes nothing");
    assert_eq!(house.erase(&scope, false).await, expected, "{scope}");
    let after = house.everything().await;
    assert_eq!(but_lost_marks(after.clone()), but_lost_marks(without(&before, tags)), "{scope}");
    assert_eq!(house.erase(&scope, false).await, NOTHING, "{scope}: a second time");
    assert_eq!(house.everything().await, after, "{scope}: a second time");
    house.store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn exactly_one_repositorys_things_go_and_case_does_not_count() {
    for (asked, tag) in
        [("ACME/web", "tag-web-end"), ("acme/we", "tag-eb-end"), ("Other/Web", "tag-other-end")]
    {
        exactly(repository(asked), &[tag], OF_REPOSITORY).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installations_things_go_with_and_without_a_repository() {
    let tags = |id| OWNERS.iter().filter(|(.., of)| *of == id).map(|(tag, ..)| *tag).collect::<Vec<_>>();
    exactly(Scope::Installation(7), &tags(7), plus(times(OF_REPOSITORY, 3), OF_ORGANISATION)).await;
    exactly(Scope::Installation(77), &tags(77), plus(OF_REPOSITORY, OF_ORGANISATION)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_ever_sent_is_not_there() {
    for scope in [repository("acme/web-"), repository("acme/web-22"), Scope::Installation(8)] {
        exactly(scope, &[], NOTHING).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_receiver_holds_is_told_and_goes_with_the_next_run() {
    let house = House::full().await;
    let scope = repository("acme/web");
    let held = house.held("all", 1).await.remove(0);
    assert!(String::from_utf8_lossy(&held.body).contains("tag-web-end"));
    let expected = Removed { waiting: OF_REPOSITORY.waiting - 1, held_back: 1, ..OF_REPOSITORY };
    assert_eq!(house.erase(&scope, false).await, expected);
    house.all.receiver.abandon(&name("all"), &held.receipt, Abandon::untouched()).await.unwrap();
    assert_eq!(house.erase(&scope, false).await, Removed { waiting: 1, ..NOTHING });
    house.store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mark_that_another_delivery_of_the_same_id_has_stays() {
    let house = House::full().await;
    // The id came again an hour later, as another repository's: the mark is that one's.
    let key = "routed/github/-.tag-web-end-json";
    let mark = house.all.records.get(key).await.unwrap().unwrap();
    let other = String::from_utf8(mark.value.to_vec()).unwrap().replace("/01/00/", "/01/01/");
    house.put(key, other.clone().into()).await;
    let removed = house.erase(&repository("acme/web"), false).await;
    assert_eq!(removed, Removed { records: OF_REPOSITORY.records - 1, ..OF_REPOSITORY });
    assert_eq!(house.all.records.get(key).await.unwrap().unwrap().value, other);
    house.store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_that_moved_to_another_installation_keeps_what_was_learned_there() {
    let house = House::full().await;
    house.put("release/repositories/acme/web", Bytes::from_static(br#"{"installation":77}"#)).await;
    let removed = house.erase(&Scope::Installation(7), false).await;
    let all = plus(times(OF_REPOSITORY, 3), OF_ORGANISATION);
    assert_eq!(removed, Removed { records: all.records - 5, ..all });
    assert!(house.all.records.get("release/settings/acme/web/main").await.unwrap().is_some());
    house.store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_learned_of_a_repository_goes_also_where_only_its_deliveries_tell_the_installation() {
    let house = House::full().await;
    let known = "release/repositories/acme/web";
    house.all.records.delete(known, Expect::Anything).await.unwrap();
    house.erase(&Scope::Installation(7), false).await;
    assert!(house.all.records.get("release/settings/acme/web/main").await.unwrap().is_none());
    house.store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_names_that_has_the_repository_goes_whole() {
    let lists = [
        ("7/0000", r#"{"1":"acme/web-2","2":"acme/web"}"#),
        ("7/0001", r#"{"3":"acme/web-2"}"#),
        ("77/0000", r#"{"4":"acme/we"}"#),
    ];
    for (scope, left) in [
        (repository("acme/web"), vec!["7/0001", "77/0000"]),
        (Scope::Installation(7), vec!["77/0000"]),
        (Scope::Installation(77), vec!["7/0000", "7/0001"]),
    ] {
        let house = House::empty().await;
        for (key, value) in lists {
            house.put(&format!("recover/names/github/{key}"), value.into()).await;
        }
        let expected = Removed { records: (3 - left.len()) as u64, ..NOTHING };
        assert_eq!(house.erase(&scope, false).await, expected, "{scope}");
        let rest = house.all.records.list("recover/names/github/", None, 10).await.unwrap();
        assert_eq!(
            rest.iter().map(|it| it.key.trim_start_matches("recover/names/github/")).collect::<Vec<_>>(),
            left
        );
        house.store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_github_was_asked_for_of_the_repositorys_webhook_goes() {
    let house = House::empty().await;
    let keys = ["github/acme/web/7/a", "github/acme/web-2/8/b", "github/app/c", "github/acme/9/d"];
    for key in keys {
        house.put(&format!("recover/asked/{key}"), "{}".into()).await;
    }
    let expected = Removed { records: 1, ..NOTHING };
    assert_eq!(house.erase(&repository("Acme/Web"), false).await, expected);
    let rest = house.all.records.list("recover/asked/", None, 10).await.unwrap();
    let mut left = rest.iter().map(|it| it.key.trim_start_matches("recover/asked/")).collect::<Vec<_>>();
    left.sort_by_key(|key| keys.iter().position(|known| known == key));
    assert_eq!(left, keys[1..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_can_read_is_counted_and_left() {
    let house = House::empty().await;
    assert!(house.take("no JSON", ("application/json", "push"), "a", None).await.is_none());
    let expected = Removed { unreadable: 1, ..NOTHING };
    assert_eq!(house.erase(&repository("acme/web"), false).await, expected);
    assert_eq!(house.all.archive.list("rejected/", None, 10).await.unwrap().len(), 1);
    house.store.close().await;
}

/// An archive that fails at its n-th removal.
struct Failing {
    archive: Arc<dyn Archive>,
    left: AtomicI64,
}

#[async_trait]
impl Archive for Failing {
    async fn put_new(&self, key: &str, object: Object) -> Result<(), PortError> {
        self.archive.put_new(key, object).await
    }

    async fn get(&self, key: &str) -> Result<Object, PortError> {
        self.archive.get(key).await
    }

    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<Listed>, PortError> {
        self.archive.list(prefix, after, limit).await
    }

    async fn delete(&self, key: &str) -> Result<(), PortError> {
        if self.left.fetch_sub(1, Ordering::Relaxed) <= 0 {
            return Err(PortError::unavailable("no route to the archive"));
        }
        self.archive.delete(key).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_broken_off_anywhere_is_finished_by_the_next() {
    for left in 0..16 {
        let house = House::full().await;
        let before = house.everything().await;
        let scope = Scope::Installation(7);
        let failing = Failing { archive: house.all.archive.clone(), left: left.into() };
        let ports = pointsman_erase::Ports { archive: Arc::new(failing), ..house.ports() };
        assert!(erase(&scope, &ports, false, &mut |_| {}).await.is_err(), "{left}");
        house.erase(&scope, false).await;
        let tags: Vec<&str> = OWNERS.iter().filter(|(.., of)| *of == 7).map(|(tag, ..)| *tag).collect();
        let after = house.everything().await;
        assert_eq!(but_lost_marks(after), but_lost_marks(without(&before, &tags)), "{left}");
        house.store.close().await;
    }
}
