//! The words of the queue suite's cases: fresh queues, sending, taking and settling in a line each.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use pointsman_core::port::{
    Abandon, Ask, ErrorKind, Message, PortError, Queue, QueueAdmin, QueueName, QueueSettings, Receipt,
    Received, Receiver, Sent, dead_letter,
};

use crate::Subject;

/// The ports of a queue adapter.
#[derive(Clone)]
pub struct Ports {
    /// For those who send.
    pub queue: Arc<dyn Queue>,
    /// For hosts.
    pub receiver: Arc<dyn Receiver>,
    /// For operators.
    pub admin: Arc<dyn QueueAdmin>,
    /// For the suite.
    pub maker: Arc<dyn QueueMaker>,
}

/// Makes queues for the suite.
#[async_trait]
pub trait QueueMaker: Send + Sync {
    /// Makes an empty queue that nothing used before, with a dead-letter queue.
    async fn make(&self, name: &QueueName, settings: &QueueSettings);
}

/// Real time after which a message that should be there will not come any more.
const DEADLINE: Duration = Duration::from_secs(10);

impl Subject<Ports> {
    /// An empty queue as the capabilities want it: visibility and window that a test can wait for.
    pub(crate) async fn fresh(&self) -> QueueName {
        self.fresh_with(|_| ()).await
    }

    /// The same with other settings.
    pub(crate) async fn fresh_with(&self, change: impl FnOnce(&mut QueueSettings)) -> QueueName {
        let name = format!("case-{:016x}", fastrand::u64(..)).parse().expect("a queue's name");
        let mut settings = QueueSettings {
            visibility: self.capabilities.visibility,
            dedup_window: self.capabilities.dedup_window,
            ..QueueSettings::default()
        };
        change(&mut settings);
        self.ports.maker.make(&name, &settings).await;
        name
    }

    /// Sends one message, which must succeed.
    pub(crate) async fn send(&self, queue: &QueueName, message: Message) -> Sent {
        self.send_all(queue, vec![message]).await.remove(0)
    }

    /// Sends messages, which must all succeed.
    pub(crate) async fn send_all(&self, queue: &QueueName, messages: Vec<Message>) -> Vec<Sent> {
        let expected = messages.len();
        let results = self.ports.queue.send(queue, messages).await;
        assert_eq!(results.len(), expected, "one result a message");
        results.into_iter().map(|result| result.expect("the message is sent")).collect()
    }

    /// Sends one message a body to one session.
    pub(crate) async fn send_session(&self, queue: &QueueName, session: &str, bodies: &[&str]) {
        self.send_all(queue, bodies.iter().map(|body| of(session, body)).collect()).await;
    }

    /// Receives exactly `count` messages, in as many calls as it takes.
    pub(crate) async fn take(&self, queue: &QueueName, count: usize) -> Vec<Received> {
        let mut taken = Vec::new();
        while taken.len() < count {
            let ask = Ask { wait: Duration::from_secs(10), ..ask(count - taken.len()) };
            let received = tokio::time::timeout(DEADLINE, self.ports.receiver.receive(queue, ask)).await;
            let Ok(received) = received else {
                panic!("`{queue}` gives only {:?} of {count} expected messages", bodies(&taken));
            };
            taken.extend(received.expect("the queue can be received from"));
            assert!(taken.len() <= count, "more than asked for: {:?}", bodies(&taken));
        }
        taken
    }

    /// Receives one message.
    pub(crate) async fn take_one(&self, queue: &QueueName) -> Received {
        self.take(queue, 1).await.remove(0)
    }

    /// Receives all that there is now, without waiting.
    pub(crate) async fn take_now(&self, queue: &QueueName) -> Vec<Received> {
        self.ports.receiver.receive(queue, ask(100)).await.expect("the queue can be received from")
    }

    /// Nothing can be received now.
    pub(crate) async fn assert_nothing(&self, queue: &QueueName) {
        let received = self.take_now(queue).await;
        assert!(received.is_empty(), "nothing was to be received, but: {:?}", bodies(&received));
    }

    /// These bodies, in this order and no others, are received now.
    pub(crate) async fn assert_bodies(&self, queue: &QueueName, expected: &[&str]) -> Vec<Received> {
        let taken = self.take(queue, expected.len()).await;
        assert_eq!(bodies(&taken), expected);
        self.assert_nothing(queue).await;
        taken
    }

    /// Completes messages, which must succeed.
    pub(crate) async fn complete(&self, queue: &QueueName, messages: &[Received]) {
        let receipts: Vec<_> = messages.iter().map(|message| message.receipt.clone()).collect();
        let results = self.ports.receiver.complete(queue, &receipts).await;
        assert_eq!(results.len(), receipts.len(), "one result a receipt");
        for result in results {
            result.expect("a held message can be completed");
        }
    }

    /// Gives a message back, which must succeed.
    pub(crate) async fn abandon(&self, queue: &QueueName, message: &Received, how: Abandon) {
        let given = self.ports.receiver.abandon(queue, &message.receipt, how).await;
        given.expect("a held message can be given back");
    }

    /// The handler fails with the message.
    pub(crate) async fn fail(&self, queue: &QueueName, message: &Received, error: &str) {
        self.abandon(queue, message, Abandon::failed(error, Duration::ZERO)).await;
    }

    /// Dead-letters a message, which must succeed.
    pub(crate) async fn kill(&self, queue: &QueueName, message: &Received, reason: &str, error: &str) {
        let killed = self.ports.receiver.dead_letter(queue, &message.receipt, reason, error).await;
        killed.expect("a held message can be dead-lettered");
    }

    /// Lets every hold of a queue with the usual visibility run out.
    pub(crate) async fn expire(&self) {
        self.pass(self.capabilities.visibility + Duration::from_millis(1)).await;
    }

    /// Tries each way of settling and renewing with one receipt.
    pub(crate) async fn try_each(
        &self,
        queue: &QueueName,
        receipt: &Receipt,
    ) -> Vec<(&str, Option<ErrorKind>)> {
        let receiver = &self.ports.receiver;
        let kind = |result: Result<(), PortError>| result.err().map(|error| error.kind);
        let completed = receiver.complete(queue, std::slice::from_ref(receipt)).await.remove(0);
        let abandoned = receiver.abandon(queue, receipt, Abandon::untouched()).await;
        let killed = receiver.dead_letter(queue, receipt, "tried", "tried").await;
        let renewed = receiver.renew(queue, receipt, self.capabilities.visibility).await.map(|_| ());
        vec![
            ("complete", kind(completed)),
            ("abandon", kind(abandoned)),
            ("dead_letter", kind(killed)),
            ("renew", kind(renewed)),
        ]
    }
}

/// What [`Subject::try_each`] tells of a void receipt.
pub(crate) const REFUSED: [(&str, Option<ErrorKind>); 4] = [
    ("complete", Some(ErrorKind::Conflict)),
    ("abandon", Some(ErrorKind::Conflict)),
    ("dead_letter", Some(ErrorKind::Conflict)),
    ("renew", Some(ErrorKind::Conflict)),
];

/// A message without a session.
pub(crate) fn plain(body: &str) -> Message {
    Message { body: body.to_owned().into(), ..Message::default() }
}

/// A message of a session.
pub(crate) fn of(session: &str, body: &str) -> Message {
    Message { session: Some(session.into()), ..plain(body) }
}

/// The same message with a dedup id.
pub(crate) fn once(id: &str, message: Message) -> Message {
    Message { dedup_id: id.to_owned(), ..message }
}

/// At most this many messages, without waiting.
pub(crate) fn ask(max: usize) -> Ask {
    Ask { max, wait: Duration::ZERO, visibility: None, session: None, sessions: None }
}

/// The bodies as text.
pub(crate) fn bodies(messages: &[Received]) -> Vec<String> {
    messages.iter().map(|message| String::from_utf8_lossy(&message.body).into_owned()).collect()
}

/// Reason, error and attempts that a dead letter carries.
pub(crate) fn epitaph(letter: &Received) -> [&str; 3] {
    [dead_letter::REASON, dead_letter::ERROR, dead_letter::ATTEMPTS].map(|name| {
        letter.attributes.get(name).unwrap_or_else(|| panic!("a dead letter carries `{name}`")).as_str()
    })
}
