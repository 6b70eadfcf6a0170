//! What the suites do not try: standard queues, the operator's side, deliveries by somebody else.

mod deliveries;
mod operator;
mod standard;

use std::{sync::Arc, time::Duration};

use pointsman_aws::DynamoDb;
use pointsman_conformance::{WallClock, queue::Ports};
use pointsman_core::port::{Ask, Message, QueueName, QueueSettings, Received};

use crate::common::{
    self, fresh,
    queues::{self, Kind},
};

/// How long these cases hold messages.
const VISIBILITY: Duration = Duration::from_secs(4);

/// A fresh queue with two attempts.
async fn queue(kind: Kind) -> (Ports, QueueName) {
    let records = DynamoDb::new(&common::aws(), fresh::table().await, Arc::new(WallClock));
    let ports = queues::ports(kind, Arc::new(records));
    let name: QueueName = "jobs".parse().expect("a queue's name");
    let settings = QueueSettings { visibility: VISIBILITY, max_deliveries: 2, ..QueueSettings::default() };
    ports.maker.make(&name, &settings).await;
    (ports, name)
}

/// Sends one message, which must succeed.
async fn send(ports: &Ports, queue: &QueueName, message: Message) {
    ports.queue.send(queue, vec![message]).await.remove(0).expect("it can be sent");
}

/// Receives one message, within what a slow machine needs.
async fn take(ports: &Ports, queue: &QueueName) -> Received {
    let mut taken = receive(ports, queue, Duration::from_secs(15)).await;
    assert_eq!(taken.len(), 1, "one message of `{queue}`");
    taken.remove(0)
}

async fn receive(ports: &Ports, queue: &QueueName, wait: Duration) -> Vec<Received> {
    let ask = Ask { max: 1, wait, visibility: None, session: None, sessions: None };
    ports.receiver.receive(queue, ask).await.expect("the queue is there")
}

fn plain(body: &str) -> Message {
    Message { body: body.to_owned().into(), ..Message::default() }
}
