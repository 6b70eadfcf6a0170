//! What the tests here share: the machine's clock, names, messages.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;
use pointsman_core::port::{Ask, Clock, Message, QueueName, QueueSettings};
use pointsman_embedded::Options;

/// The machine's time.
pub struct Wall;

#[async_trait]
impl Clock for Wall {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

pub fn name(text: &str) -> QueueName {
    text.parse().expect("a queue's name")
}

pub fn options() -> Options {
    let queues = ["jobs", "other"].map(|queue| (name(queue), QueueSettings::default()));
    Options::new(Arc::new(Wall), "a test").with_queues(queues)
}

pub fn message(session: &str, body: &'static str) -> Message {
    Message { session: Some(session.into()), body: body.into(), ..Message::default() }
}

pub fn ask(max: usize) -> Ask {
    Ask { max, wait: Duration::ZERO, visibility: None, session: None }
}
