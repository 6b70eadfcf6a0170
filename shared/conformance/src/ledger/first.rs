//! The first commit of an entry.

use std::{collections::BTreeMap, time::Duration};

use pointsman_core::{
    ledger::Committed,
    port::{ErrorKind, QueueName},
};

use super::entry::{Ports, sorted};
use crate::Subject;

pub(super) async fn a_first_commit_stores_and_sends_to_every_queue(subject: Subject<Ports>) {
    let queues = subject.two_queues().await;
    let entry = subject.entry(&queues);
    assert_eq!(subject.commit(&entry).await, (false, sorted(&queues)));
    subject.assert_archived(&entry).await;
    subject.assert_received(&queues, &entry).await;
}

pub(super) async fn an_entry_without_messages_is_stored(subject: Subject<Ports>) {
    let entry = subject.entry(&[]);
    assert_eq!(subject.commit(&entry).await, (false, Vec::new()));
    subject.assert_archived(&entry).await;
    assert_eq!(subject.commit(&entry).await, (true, Vec::new()));
}

pub(super) async fn the_mark_tells_where_the_delivery_lies_and_who_has_it(subject: Subject<Ports>) {
    let queues = subject.two_queues().await;
    let entry = subject.entry(&queues);
    subject.commit(&entry).await;
    let mark = subject.mark(&entry).await.expect("a commit leaves a mark");
    assert_eq!(mark.archive, entry.archive_key);
    assert_eq!(mark.sent, queues.map(|queue| (queue, entry.now)).into_iter().collect::<BTreeMap<_, _>>());
}

pub(super) async fn a_mark_expires_when_it_may_be_forgotten(subject: Subject<Ports>) {
    let life = subject.capabilities.visibility;
    let mut entry = subject.entry(&subject.two_queues().await);
    entry.mark_expires = Some(subject.time.now().checked_add(life).expect("a near time"));
    subject.commit(&entry).await;
    assert!(subject.mark(&entry).await.is_some());
    subject.pass(life + Duration::from_millis(1)).await;
    assert_eq!(subject.mark(&entry).await, None);
    subject.assert_archived(&entry).await;
}

pub(super) async fn deliveries_of_one_session_are_received_in_the_order_of_commits(subject: Subject<Ports>) {
    let [queue, _] = subject.two_queues().await;
    let entries: Vec<_> = (0..10).map(|_| subject.entry(std::slice::from_ref(&queue))).collect();
    for entry in &entries {
        subject.commit(entry).await;
    }
    let queues = subject.queues();
    for entry in &entries {
        let received = queues.take(&queue, 1).await;
        assert_eq!(received[0].body, entry.messages[0].1.body.to_bytes());
        queues.complete(&queue, &received).await;
    }
}

pub(super) async fn an_unknown_queue_leaves_no_half_untold(subject: Subject<Ports>) {
    let [known, other] = subject.two_queues().await;
    let unknown: QueueName = "nobody-made-this-one".parse().expect("a queue's name");
    let entry = subject.entry(&[known.clone(), unknown.clone(), other.clone()]);
    match subject.ports.ledger.commit(entry.clone()).await {
        // One transaction: then there is nothing at all.
        Err(error) => {
            assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
            assert!(error.to_string().contains(unknown.as_str()), "{error}");
            let archived = subject.ports.archive.get(&entry.archive_key).await;
            assert_eq!(archived.expect_err("nothing was written").kind, ErrorKind::NotFound);
            assert_eq!(subject.mark(&entry).await, None);
            subject.assert_nothing_received(&[known, other]).await;
        }
        // Several: then the answer says which queues have it, and so does the mark.
        Ok(Committed::OtherBytes { .. }) => panic!("nothing lay there before"),
        Ok(Committed::Stored { sent, .. }) => {
            assert_eq!(sorted(&sent), sorted(&[known.clone(), other.clone()]));
            subject.assert_archived(&entry).await;
            let mark = subject.mark(&entry).await.expect("what was sent is marked");
            assert_eq!(mark.sent.into_keys().collect::<Vec<_>>(), sorted(&[known.clone(), other.clone()]));
            subject.assert_received(&[known, other], &entry).await;
        }
    }
}

pub(super) async fn what_was_committed_outlives_a_crash(mut subject: Subject<Ports>) {
    let queues = subject.two_queues().await;
    let entry = subject.entry(&queues);
    subject.commit(&entry).await;
    subject.crash().await;
    subject.assert_archived(&entry).await;
    assert!(subject.mark(&entry).await.is_some());
    subject.assert_received(&queues, &entry).await;
}

pub(super) async fn the_archive_keeps_bytes_that_a_completed_message_shared(subject: Subject<Ports>) {
    let queues = subject.two_queues().await;
    let entry = subject.entry(&queues);
    subject.commit(&entry).await;
    subject.assert_received(&queues[..1], &entry).await;
    subject.assert_archived(&entry).await;
    subject.assert_received(&queues[1..], &entry).await;
    subject.assert_archived(&entry).await;
}

pub(super) async fn a_message_keeps_bytes_that_a_deleted_object_shared(subject: Subject<Ports>) {
    let queues = subject.two_queues().await;
    let entry = subject.entry(&queues);
    subject.commit(&entry).await;
    subject.ports.archive.delete(&entry.archive_key).await.expect("it can be deleted");
    subject.assert_received(&queues, &entry).await;
}
