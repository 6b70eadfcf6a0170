//! Listing by prefix.

use jiff::SignedDuration;

use super::{Port, folder, object};
use crate::Subject;

/// Puts an object under each name; answers with the folder.
async fn filled(subject: &Subject<Port>, names: &[&str]) -> String {
    let folder = folder();
    for name in names {
        subject.ports.put_new(&format!("{folder}{name}"), object(name)).await.expect("a new key can be put");
    }
    folder
}

/// The names listed, without the folder.
async fn names(
    subject: &Subject<Port>,
    folder: &str,
    prefix: &str,
    after: Option<&str>,
    limit: usize,
) -> Vec<String> {
    let after = after.map(|name| format!("{folder}{name}"));
    let prefix = format!("{folder}{prefix}");
    let listed = subject.ports.list(&prefix, after.as_deref(), limit).await.expect("it can be listed");
    let short = |key: String| key.strip_prefix(folder).expect("a listing keeps to its prefix").to_owned();
    listed.into_iter().map(|row| short(row.key)).collect()
}

pub(super) async fn keys_are_listed_in_byte_order(subject: Subject<Port>) {
    let folder = filled(&subject, &["b", "a", "B", "a/1", "a.1", "a-1", "10", "9", "é", "~"]).await;
    let expected = ["10", "9", "B", "a", "a-1", "a.1", "a/1", "b", "~", "é"];
    assert_eq!(names(&subject, &folder, "", None, 100).await, expected);
}

pub(super) async fn a_listing_tells_size_and_time(subject: Subject<Port>) {
    let before = subject.time.now();
    let long = "compressible ".repeat(1_000);
    let folder = filled(&subject, &["a"]).await;
    subject.ports.put_new(&format!("{folder}b"), object(&long)).await.expect("a new key can be put");
    let listed = subject.ports.list(&folder, None, 10).await.expect("it can be listed");
    assert_eq!(listed.iter().map(|row| row.size).collect::<Vec<_>>(), [1, long.len() as u64]);
    for row in listed {
        let apart = row.stored.duration_since(before).abs();
        assert!(apart <= SignedDuration::from_secs(60), "stored {apart:?} away from now");
        if subject.capabilities.exact_time {
            assert_eq!(row.stored, before);
        }
    }
}

pub(super) async fn a_listing_is_bounded_and_goes_on_after_a_key(subject: Subject<Port>) {
    let folder = filled(&subject, &["1", "2", "3", "4", "5"]).await;
    assert_eq!(names(&subject, &folder, "", None, 2).await, ["1", "2"]);
    assert_eq!(names(&subject, &folder, "", Some("2"), 2).await, ["3", "4"]);
    assert_eq!(names(&subject, &folder, "", Some("4"), 2).await, ["5"]);
    assert_eq!(names(&subject, &folder, "", Some("5"), 2).await, [""; 0]);
}

pub(super) async fn a_prefix_is_text_and_no_pattern(subject: Subject<Port>) {
    let folder = filled(&subject, &["a%b", "a%c", "a_b", "axb", "a*b", "a?b", "[a]b", "A%b", "a\\b"]).await;
    assert_eq!(names(&subject, &folder, "a%", None, 100).await, ["a%b", "a%c"]);
    assert_eq!(names(&subject, &folder, "a_", None, 100).await, ["a_b"]);
    assert_eq!(names(&subject, &folder, "a*", None, 100).await, ["a*b"]);
    assert_eq!(names(&subject, &folder, "a?", None, 100).await, ["a?b"]);
    assert_eq!(names(&subject, &folder, "[a]", None, 100).await, ["[a]b"]);
    assert_eq!(names(&subject, &folder, "a\\", None, 100).await, ["a\\b"]);
    assert_eq!(names(&subject, &folder, "A", None, 100).await, ["A%b"]);
    assert_eq!(names(&subject, &folder, "nothing", None, 100).await, [""; 0]);
    assert_eq!(names(&subject, &folder, "a%", Some("a%b"), 100).await, ["a%c"]);
}

pub(super) async fn a_key_is_listed_under_its_whole_self_as_prefix(subject: Subject<Port>) {
    let folder = filled(&subject, &["a", "a1", "b", "\u{10ffff}", "\u{10ffff}1"]).await;
    assert_eq!(names(&subject, &folder, "a", None, 100).await, ["a", "a1"]);
    // The last sign there is: a range's end cannot be made by counting it up.
    assert_eq!(names(&subject, &folder, "\u{10ffff}", None, 100).await, ["\u{10ffff}", "\u{10ffff}1"]);
}

pub(super) async fn after_may_be_a_key_that_is_not_there(subject: Subject<Port>) {
    let folder = filled(&subject, &["a", "c"]).await;
    assert_eq!(names(&subject, &folder, "", Some("b"), 10).await, ["c"]);
    // Before the prefix, it leaves nothing out; behind it, everything.
    assert_eq!(names(&subject, &folder, "c", Some("a"), 10).await, ["c"]);
    assert_eq!(names(&subject, &folder, "a", Some("b"), 10).await, [""; 0]);
}
