//! Deliveries read back from a real archive: hours, references, forms.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use pointsman_conformance::TurnedClock;
use pointsman_core::{
    delivery::long_hash,
    port::{Archive, ErrorKind, Object},
    stored::{Hours, folders, whole},
};
use pointsman_embedded::{Options, Store};

async fn archive(keys: &[&str], content_type: &str, body: &str) -> (tempfile::TempDir, Arc<dyn Archive>) {
    let folder = tempfile::tempdir().unwrap();
    let store =
        Store::open(folder.path(), Options::new(Arc::new(TurnedClock::default()), "a test")).await.unwrap();
    let metadata = BTreeMap::from([("content-type".to_owned(), content_type.to_owned())]);
    for key in keys {
        let object = Object { body: body.to_owned().into(), metadata: metadata.clone() };
        store.ports().archive.put_new(key, object).await.unwrap();
    }
    (folder, store.ports().archive)
}

#[tokio::test(flavor = "multi_thread")]
async fn hours_come_newest_first_and_end_where_they_are_too_old() {
    let hours = ["2024/12/31/23/", "2025/01/02/00/", "2025/01/02/09/", "2025/01/02/10/", "2025/11/01/00/"];
    let keys = hours.map(|hour| format!("deliveries/github/{hour}-.a"));
    let mut keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    keys.extend(["deliveries/git/2026/01/01/00/-.a", "deliveries/github-2/2026/01/01/00/-.a"]);
    let (_folder, archive) = archive(&keys, "application/json", "{}").await;
    assert_eq!(folders(&*archive, "deliveries/").await.unwrap(), ["git", "github-2", "github"]);
    let found = async |since: Option<&str>| {
        let mut walk = Hours::new(&*archive, "github", since.map(|at| at.parse().unwrap()));
        let mut found = Vec::new();
        while let Some(hour) = walk.next().await.unwrap() {
            found.push(hour.trim_start_matches("deliveries/github/").to_owned());
        }
        found
    };
    let newest_first: Vec<&str> = hours.into_iter().rev().collect();
    assert_eq!(found(None).await, newest_first);
    assert_eq!(found(Some("2025-01-02T09:59:00Z")).await, newest_first[..3]);
    assert_eq!(found(Some("2026-01-01T00:00:00Z")).await, newest_first[..0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn data_that_came_by_reference_is_fetched_and_a_form_is_decoded() {
    let key = "deliveries/github/2025/01/01/00/-.a";
    let form = "payload=%7B%22n%22%3A+1.50%7D";
    let (_folder, archive) = archive(&[key], "application/x-www-form-urlencoded", form).await;
    let event = format!(r#"{{"dataref":"{key}","id":"a"}}"#);
    let fetched = whole(&*archive, event.into()).await.unwrap();
    assert_eq!(fetched, format!(r#"{{"dataref":"{key}","id":"a","data":{{"n": 1.50}}}}"#));
    let inline = Bytes::from(format!(
        r#"{{ "dataref": "{key}", "data":  [1,
2] }}"#
    ));
    assert_eq!(whole(&*archive, inline.clone()).await.unwrap(), inline, "byte for byte");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payload_that_somebody_changed_in_the_archive_reaches_no_handler() {
    let key = "deliveries/github/2025/01/01/00/-.a";
    let (_folder, archive) = archive(&[key], "application/json", r#"{"n":2}"#).await;
    let event = |payload: &str| {
        let digest = long_hash(payload.as_bytes());
        Bytes::from(format!(r#"{{"dataref":"{key}","datasha256":"{digest}","id":"a"}}"#))
    };
    let fetched = whole(&*archive, event(r#"{"n":2}"#)).await.unwrap();
    assert_eq!(fetched, format!(r#"{{"dataref":"{key}","id":"a","data":{{"n":2}}}}"#));
    let told = whole(&*archive, event(r#"{"n":1}"#)).await.unwrap_err();
    assert!(told.kind == ErrorKind::Invalid && told.to_string().contains(key), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_can_name_deliveries_and_nothing_else() {
    let key = "rejected/github/2025/01/01/00/a";
    let (_folder, archive) = archive(&[key], "application/json", "{}").await;
    let told = whole(&*archive, format!(r#"{{"dataref":"{key}"}}"#).into()).await.unwrap_err();
    assert!(told.kind == ErrorKind::Invalid && told.to_string().contains(key), "{told}");
}
