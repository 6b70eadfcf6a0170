//! The same entry again: redelivered, recovered, sent twice at once, or changed.

use std::time::Duration;

use pointsman_core::{
    ledger::{Committed, Entry},
    port::{ErrorKind, Expect},
};

use super::entry::{Ports, sorted, with_bytes, with_queues};
use crate::Subject;

async fn forget_mark(subject: &Subject<Ports>, entry: &Entry) {
    subject.ports.records.delete(&entry.mark_key, Expect::Anything).await.expect("a mark can be deleted");
}

pub(super) async fn the_same_entry_again_is_a_duplicate_and_sends_nothing(subject: Subject<Ports>) {
    let queues = subject.two_queues().await;
    let entry = subject.entry(&queues);
    subject.commit(&entry).await;
    for _ in 0..2 {
        assert_eq!(subject.commit(&entry).await, (true, Vec::new()));
    }
    subject.assert_received(&queues, &entry).await;
    assert_eq!(subject.commit(&entry).await, (true, Vec::new()));
    subject.assert_nothing_received(&queues).await;
}

pub(super) async fn the_same_entry_after_its_window_sends_nothing_while_it_is_marked(
    subject: Subject<Ports>,
) {
    let queues = subject.two_queues().await;
    let entry = subject.entry(&queues);
    subject.commit(&entry).await;
    subject.assert_received(&queues, &entry).await;
    subject.pass(subject.capabilities.dedup_window * 2).await;
    assert_eq!(subject.commit(&entry).await, (true, Vec::new()));
    subject.assert_nothing_received(&queues).await;
}

pub(super) async fn a_queue_that_the_mark_lacks_is_sent_to_alone(subject: Subject<Ports>) {
    let queues = subject.two_queues().await;
    let both = subject.entry(&queues);
    let one = with_queues(&both, "one", &queues[..1]);
    subject.commit(&one).await;
    subject.assert_received(&queues[..1], &one).await;
    assert_eq!(subject.commit(&both).await, (true, queues[1..].to_vec()));
    subject.assert_nothing_received(&queues[..1]).await;
    subject.assert_received(&queues[1..], &both).await;
    let mark = subject.mark(&both).await.expect("it is marked");
    assert_eq!(mark.sent.into_keys().collect::<Vec<_>>(), sorted(&queues));
    assert_eq!(subject.commit(&both).await, (true, Vec::new()));
}

pub(super) async fn without_a_mark_all_are_sent_to_and_the_window_keeps_them_once(subject: Subject<Ports>) {
    let queues = subject.two_queues().await;
    let entry = subject.entry(&queues);
    subject.commit(&entry).await;
    forget_mark(&subject, &entry).await;
    let (duplicate, _) = subject.commit(&entry).await;
    assert!(duplicate, "the same bytes lay there");
    subject.assert_received(&queues, &entry).await;
    let mark = subject.mark(&entry).await.expect("it is marked again");
    assert_eq!(mark.sent.into_keys().collect::<Vec<_>>(), sorted(&queues));
}

pub(super) async fn without_a_mark_and_after_the_window_all_are_sent_to(subject: Subject<Ports>) {
    let queues = subject.two_queues().await;
    let entry = subject.entry(&queues);
    subject.commit(&entry).await;
    subject.assert_received(&queues, &entry).await;
    forget_mark(&subject, &entry).await;
    subject.pass(subject.capabilities.dedup_window + Duration::from_secs(1)).await;
    assert_eq!(subject.commit(&entry).await, (true, sorted(&queues)));
    subject.assert_received(&queues, &entry).await;
}

pub(super) async fn other_bytes_are_told_and_nothing_is_written(subject: Subject<Ports>) {
    let queues = subject.two_queues().await;
    let first = with_queues(&subject.entry(&queues), "first", &queues[..1]);
    subject.commit(&first).await;
    subject.assert_received(&queues[..1], &first).await;
    let marked = subject.mark(&first).await;
    for (marked, forget) in [(marked, false), (None, true)] {
        if forget {
            forget_mark(&subject, &first).await;
        }
        let second = with_queues(&with_bytes(&first, "other bytes"), "second", &queues);
        let committed = subject.ports.ledger.commit(second).await.expect("it is no error");
        assert_eq!(committed, Committed::OtherBytes { key: first.archive_key.clone() });
        subject.assert_nothing_received(&queues).await;
        subject.assert_archived(&first).await;
        assert_eq!(subject.mark(&first).await, marked);
    }
}

/// The same delivery, come back in another hour.
fn an_hour_later(entry: &Entry) -> Entry {
    Entry { archive_key: entry.archive_key.replace("/00/", "/01/"), ..entry.clone() }
}

pub(super) async fn the_marks_archive_key_counts_where_the_entrys_differs(subject: Subject<Ports>) {
    let queues = subject.two_queues().await;
    let entry = subject.entry(&queues);
    subject.commit(&entry).await;
    let later = an_hour_later(&entry);
    assert_eq!(subject.commit(&later).await, (true, Vec::new()));
    subject.assert_received(&queues, &entry).await;
    let elsewhere = subject.ports.archive.get(&later.archive_key).await;
    assert_eq!(elsewhere.expect_err("it lies where it lay").kind, ErrorKind::NotFound);
    assert_eq!(subject.mark(&entry).await.expect("it is marked").archive, entry.archive_key);
}

pub(super) async fn other_bytes_under_the_marks_archive_key_are_told(subject: Subject<Ports>) {
    let queues = subject.two_queues().await;
    let entry = subject.entry(&queues);
    subject.commit(&entry).await;
    let later = with_bytes(&an_hour_later(&entry), "other bytes");
    let committed = subject.ports.ledger.commit(later.clone()).await.expect("it is no error");
    assert_eq!(committed, Committed::OtherBytes { key: entry.archive_key.clone() });
    let elsewhere = subject.ports.archive.get(&later.archive_key).await;
    assert_eq!(elsewhere.expect_err("nothing was written").kind, ErrorKind::NotFound);
    subject.assert_received(&queues, &entry).await;
}

pub(super) async fn of_a_hundred_commits_at_once_each_queue_gets_one_message(subject: Subject<Ports>) {
    let queues = subject.two_queues().await;
    let entry = subject.entry(&queues);
    let commits: Vec<_> = (0..100)
        .map(|_| {
            let (ledger, entry) = (subject.ports.ledger.clone(), entry.clone());
            tokio::spawn(async move { ledger.commit(entry).await })
        })
        .collect();
    let mut firsts = 0;
    for commit in commits {
        match commit.await.expect("committing does not panic").expect("the entry can be written") {
            Committed::Stored { duplicate, .. } => firsts += usize::from(!duplicate),
            Committed::OtherBytes { .. } => panic!("all hundred bring the same bytes"),
        }
    }
    assert_eq!(firsts, 1, "one of them is no duplicate");
    subject.assert_received(&queues, &entry).await;
}

pub(super) async fn the_same_entry_after_a_crash_is_a_duplicate(mut subject: Subject<Ports>) {
    let queues = subject.two_queues().await;
    let entry = subject.entry(&queues);
    subject.commit(&entry).await;
    subject.crash().await;
    assert_eq!(subject.commit(&entry).await, (true, Vec::new()));
    subject.assert_received(&queues, &entry).await;
}
