//! What the tests here share: names, messages.

use std::{sync::Arc, time::Duration};

use pointsman_conformance::WallClock;
use pointsman_core::port::{Ask, Message, QueueName, QueueSettings};
use pointsman_embedded::Options;

pub fn name(text: &str) -> QueueName {
    text.parse().expect("a queue's name")
}

pub fn options() -> Options {
    let queues = ["jobs", "other"].map(|queue| (name(queue), QueueSettings::default()));
    Options::new(Arc::new(WallClock), "a test").with_queues(queues)
}

pub fn message(session: &str, body: &'static str) -> Message {
    Message { session: Some(session.into()), body: body.into(), ..Message::default() }
}

pub fn ask(max: usize) -> Ask {
    Ask { max, wait: Duration::ZERO, visibility: None, session: None, sessions: None }
}
