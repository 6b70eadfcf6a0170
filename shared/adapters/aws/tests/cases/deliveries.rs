//! Messages that somebody else has received, and messages that SQS itself has moved.

use std::{collections::HashMap, sync::Arc, time::Duration};

use aws_sdk_sqs::{
    Client,
    types::{Message as Raw, MessageSystemAttributeName, QueueAttributeName},
};
use jiff::Timestamp;
use pointsman_aws::{DynamoDb, delivered};
use pointsman_conformance::{WallClock, queue::QueueMaker as _};
use pointsman_core::port::{
    Abandon, ErrorKind, Handover as _, Message, Queue as _, QueueName, QueueSettings, Receiver as _,
    dead_letter,
};

use super::plain;
use crate::common::{
    self, fresh,
    queues::{self, Kind},
};

/// Receives as an event source does: one message, without us.
async fn receive(client: &Client, name: &str) -> Option<Raw> {
    let url = client.get_queue_url().queue_name(name).send().await.expect("it is there").queue_url;
    let call = client.receive_message().set_queue_url(url).wait_time_seconds(5).visibility_timeout(30);
    let call =
        call.message_system_attribute_names(MessageSystemAttributeName::All).message_attribute_names("All");
    call.send().await.expect("it can be received from").messages.unwrap_or_default().pop()
}

#[tokio::test]
async fn a_message_that_somebody_else_received_is_taken_over_and_counted() {
    let records = Arc::new(DynamoDb::new(&common::aws(), fresh::table().await, Arc::new(WallClock)));
    let (sqs, client, maker, prefix) = queues::parts(Kind::Fifo, records);
    let queue: QueueName = "jobs".parse().expect("a name");
    let settings = QueueSettings { max_deliveries: 2, ..QueueSettings::default() };
    maker.make(&queue, &settings).await;
    let sent = Message { session: Some("s".into()), correlation: Some("7".into()), ..plain("a") };
    sqs.send(&queue, vec![sent]).await.remove(0).expect("it can be sent");
    for attempt in 1..=2 {
        let raw = receive(&client, &format!("{prefix}jobs.fifo")).await.expect("a message");
        let until = Timestamp::now() + Duration::from_secs(30);
        let taken = sqs.adopt(&queue, vec![delivered(raw)], until).await.expect("it can be taken over");
        assert_eq!((taken[0].attempt, taken[0].correlation.as_deref()), (attempt, Some("7")));
        assert_eq!((taken[0].body.as_ref(), taken[0].session.clone()), (&b"a"[..], Some("s".into())));
        let how = Abandon::failed("it failed", Duration::ZERO);
        sqs.abandon(&queue, &taken[0].receipt, how).await.expect("it is held");
    }
    assert!(receive(&client, &format!("{prefix}jobs_dead.fifo")).await.is_some());
}

#[tokio::test]
async fn what_failed_comes_back_soon_once_what_went_before_it_is_forgotten() {
    let records = Arc::new(DynamoDb::new(&common::aws(), fresh::table().await, Arc::new(WallClock)));
    let (sqs, client, maker, prefix) = queues::parts(Kind::Fifo, records);
    let queue: QueueName = "jobs".parse().expect("a name");
    maker.make(&queue, &QueueSettings::default()).await;
    let of = |body| Message { session: Some("s".into()), ..plain(body) };
    for sent in sqs.send(&queue, vec![of("handled"), of("failed")]).await {
        sent.expect("it can be sent");
    }
    let name = format!("{prefix}jobs.fifo");
    let url = client.get_queue_url().queue_name(&name).send().await.expect("it is there").queue_url;
    let call =
        client.receive_message().set_queue_url(url.clone()).wait_time_seconds(5).visibility_timeout(300);
    let call =
        call.message_system_attribute_names(MessageSystemAttributeName::All).max_number_of_messages(10);
    let batch = call.send().await.expect("it can be received from").messages.unwrap_or_default();
    let until = Timestamp::now() + Duration::from_secs(300);
    let batch = batch.into_iter().map(delivered).collect();
    let taken = sqs.adopt(&queue, batch, until).await.expect("it can be taken over");
    assert_eq!(taken.len(), 2);
    let how = Abandon::failed("it failed", Duration::ZERO);
    sqs.abandon(&queue, &taken[1].receipt, how).await.expect("it is held");
    // As the event source does it, once the function has answered.
    let delete = client.delete_message().set_queue_url(url).receipt_handle(&taken[0].receipt.0);
    delete.send().await.expect("it is held");
    sqs.forget(&queue, std::slice::from_ref(&taken[0].receipt)).await.expect("the queue is there");
    let again = receive(&client, &name).await.expect("long before its hold was over");
    assert_eq!(again.body.as_deref(), Some("failed"));
}

#[tokio::test]
async fn what_sqs_has_moved_itself_is_a_dead_letter_with_a_reason() {
    let records = Arc::new(DynamoDb::new(&common::aws(), fresh::table().await, Arc::new(WallClock)));
    let (sqs, client, maker, prefix) = queues::parts(Kind::Fifo, records);
    let queue: QueueName = "jobs".parse().expect("a name");
    maker.make(&queue, &QueueSettings::default()).await;
    let url = client.get_queue_url().queue_name(format!("{prefix}jobs.fifo")).send().await;
    let url = url.expect("it is there").queue_url.expect("it has a URL");
    let arn = format!("arn:aws:sqs:us-east-1:000000000000:{prefix}jobs_dead.fifo");
    let redrive = format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":1}}"#);
    let attributes = HashMap::from([(QueueAttributeName::RedrivePolicy, redrive)]);
    let set = client.set_queue_attributes().queue_url(&url).set_attributes(Some(attributes));
    set.send().await.expect("it can be set");
    sqs.send(&queue, vec![Message { session: Some("s".into()), ..plain("a") }])
        .await
        .remove(0)
        .expect("sent");
    let raw = receive(&client, &format!("{prefix}jobs.fifo")).await.expect("a message");
    let change = client.change_message_visibility().queue_url(&url).visibility_timeout(0);
    change.set_receipt_handle(raw.receipt_handle).send().await.expect("it is held");
    assert!(receive(&client, &format!("{prefix}jobs.fifo")).await.is_none(), "it was received too often");
    let ask = pointsman_core::port::Ask {
        max: 1,
        wait: Duration::from_secs(10),
        visibility: None,
        session: None,
        sessions: None,
    };
    let letters = sqs.receive(&queue.dead_letters(), ask).await.expect("the queue is there");
    assert_eq!(letters[0].body, "a");
    assert_eq!(letters[0].attributes[dead_letter::REASON], "max_deliveries");
    assert!(!letters[0].attributes[dead_letter::ERROR].is_empty());
    let error = sqs.renew(&queue, &letters[0].receipt, Duration::from_secs(1)).await;
    assert_eq!(error.expect_err("it is another queue's").kind, ErrorKind::Conflict);
}
