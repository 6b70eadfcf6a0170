//! One consumer of the storm: a well-behaved host whose handler fails, gives back, renews and dies at random.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use pointsman_core::port::{Abandon, ErrorKind, PortError, QueueName, Received, Receiver};

use super::{
    super::subject::ask,
    register::{Register, name},
};
use crate::Time;

pub(super) struct Consumer {
    pub(super) number: u64,
    pub(super) receiver: Arc<dyn Receiver>,
    pub(super) queue: QueueName,
    pub(super) visibility: Duration,
    pub(super) time: Time,
    pub(super) random: fastrand::Rng,
    pub(super) register: Arc<Register>,
}

/// One session's messages of a receive.
struct Batch {
    /// In order.
    left: VecDeque<Received>,
    /// Their holds may end one after another: then they are completed one after another too.
    renewed: bool,
}

/// What a handler does with a session's next message.
enum Fate {
    Complete,
    RenewAndComplete,
    GiveBack(Abandon),
    /// The handler dies: nobody settles the rest of the session's batch.
    Forget,
}

impl Consumer {
    pub(super) async fn run(mut self) {
        while !self.register.all_completed() {
            let asked = ask(self.random.usize(1..=10));
            let received = self.receiver.receive(&self.queue, asked).await.expect("the queue is there");
            if received.is_empty() {
                self.register.received_nothing(self.visibility * 20);
                self.idle().await;
                continue;
            }
            self.register.received(self.number, &received);
            let mut batches = by_session(received);
            while !batches.is_empty() {
                batches = self.step(batches).await;
            }
        }
    }

    /// There is nothing until somebody settles or a hold expires: the first is left some time, then the clock moves.
    async fn idle(&mut self) {
        match &self.time {
            Time::ByHand(clock) => {
                tokio::time::sleep(Duration::from_millis(1)).await;
                clock.turn(self.visibility / 20);
            }
            Time::Real => tokio::time::sleep(self.visibility / 20).await,
        }
    }

    /// Handles the next messages of each session; what is left of the batches is returned.
    async fn step(&mut self, batches: Vec<Batch>) -> Vec<Batch> {
        let mut done = Vec::new();
        for mut batch in batches {
            match self.fate() {
                Fate::Complete => done.push(batch),
                Fate::RenewAndComplete => {
                    batch.renewed = true;
                    if self.renew(&batch).await {
                        done.push(batch);
                    }
                }
                Fate::GiveBack(how) => self.give_back(batch, how).await,
                Fate::Forget => {}
            }
        }
        if let Time::ByHand(clock) = &self.time
            && self.random.u8(..100) < 3
        {
            clock.turn(self.visibility / 10);
        }
        self.complete_some(done).await
    }

    fn fate(&mut self) -> Fate {
        let after = self.visibility / 10 * self.random.u32(0..3);
        match self.random.u8(..100) {
            0..4 => Fate::GiveBack(Abandon::failed("the storm", after)),
            4..8 => Fate::GiveBack(Abandon { after, failed: None }),
            8..11 => Fate::Forget,
            11..15 => Fate::RenewAndComplete,
            _ => Fate::Complete,
        }
    }

    /// Renews all that is left of a session; false when the hold was lost meanwhile.
    async fn renew(&self, batch: &Batch) -> bool {
        for message in &batch.left {
            match self.receiver.renew(&self.queue, &message.receipt, self.visibility).await {
                Ok(until) => self.register.renewed(message, until),
                Err(error) => {
                    assert_lost(&error);
                    return false;
                }
            }
        }
        true
    }

    /// Gives back all that is left of a session, last to first, so that none overtakes.
    async fn give_back(&self, batch: Batch, how: Abandon) {
        for (index, message) in batch.left.iter().enumerate().rev() {
            let how = if index == 0 { how.clone() } else { Abandon::untouched() };
            let asked = self.register.letting_go(message);
            match self.receiver.abandon(&self.queue, &message.receipt, how).await {
                Ok(()) => assert!(!asked.expired, "{:?} was given back by an expired receipt", name(message)),
                Err(error) => return assert_lost(&error),
            }
        }
    }

    /// Completes the first few of each batch in one call; where a hold was lost, the rest of the session is lost too.
    async fn complete_some(&mut self, mut batches: Vec<Batch>) -> Vec<Batch> {
        let mut some = Vec::new();
        for (index, batch) in batches.iter_mut().enumerate() {
            let most = if batch.renewed { 1 } else { batch.left.len() };
            let few = self.random.usize(1..=most);
            some.extend(batch.left.drain(..few).map(|message| (index, message)));
        }
        let receipts: Vec<_> = some.iter().map(|(_, message)| message.receipt.clone()).collect();
        let asked: Vec<_> = some.iter().map(|(_, message)| self.register.letting_go(message)).collect();
        let results = self.receiver.complete(&self.queue, &receipts).await;
        assert_eq!(results.len(), some.len(), "one result a receipt");
        for (((index, message), asked), result) in some.iter().zip(asked).zip(results) {
            match result {
                Ok(()) => self.register.completed(message, &asked),
                Err(error) => {
                    assert_lost(&error);
                    batches[*index].left.clear();
                }
            }
        }
        batches.retain(|batch| !batch.left.is_empty());
        batches
    }
}

/// Another kind than Conflict is a failure of the adapter.
fn assert_lost(error: &PortError) {
    assert_eq!(error.kind, ErrorKind::Conflict, "{error}");
}

fn by_session(received: Vec<Received>) -> Vec<Batch> {
    let mut batches: Vec<Batch> = Vec::new();
    for message in received {
        let same =
            |batch: &&mut Batch| batch.left.front().is_some_and(|first| first.session == message.session);
        match batches.iter_mut().find(same) {
            Some(batch) => batch.left.push_back(message),
            None => batches.push(Batch { left: VecDeque::from([message]), renewed: false }),
        }
    }
    batches
}
