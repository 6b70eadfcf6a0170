//! The storm: eight consumers, two hundred sessions, five thousand messages, abandons and expiries at random.

mod consumer;
mod register;

use std::{sync::Arc, time::Duration};

use pointsman_core::port::{Message, Queue, QueueName};
use tokio::task::JoinSet;

use self::{consumer::Consumer, register::Register};
use super::{Ports, subject::of};
use crate::{Subject, Time};

/// How large a storm is.
#[derive(Clone, Copy)]
struct Size {
    consumers: u64,
    sessions: usize,
    messages: usize,
}

const FULL: Size = Size { consumers: 8, sessions: 200, messages: 5_000 };

/// Where expiries must really be waited for.
const SLOW: Size = Size { consumers: 8, sessions: 20, messages: 300 };

pub(super) async fn eight_consumers_keep_order_and_hold_sessions_alone_through_a_storm(
    subject: Subject<Ports>,
) {
    let size = match subject.time {
        Time::ByHand(_) => FULL,
        Time::Real => SLOW,
    };
    // To see a failure again, put its seed here; the threads' order is not repeated by it.
    let seed = fastrand::u64(..);
    let queue = subject.fresh_with(|settings| settings.max_deliveries = 100_000).await;
    let register = Arc::new(Register::new(seed, size.messages, subject.time.clone()));
    let sender = tokio::spawn({
        let (sending, register) =
            (send(subject.ports.queue.clone(), queue.clone(), size, seed), register.clone());
        async move {
            sending.await;
            register.all_sent();
        }
    });
    let mut consumers = JoinSet::new();
    for number in 0..size.consumers {
        let consumer = Consumer {
            number,
            receiver: subject.ports.receiver.clone(),
            queue: queue.clone(),
            visibility: subject.capabilities.visibility,
            time: subject.time.clone(),
            random: fastrand::Rng::with_seed(seed.wrapping_add(number)),
            register: register.clone(),
        };
        consumers.spawn(consumer.run());
    }
    sender.await.unwrap_or_else(|error| panic!("seed {seed}: the sender failed: {error}"));
    // The first that fails ends the storm: the others would wait for ever for what it had to do.
    while let Some(consumer) = consumers.join_next().await {
        consumer.unwrap_or_else(|error| panic!("seed {seed}: a consumer failed: {error}"));
    }
    register.assert_all_in_order();
    subject.pass(subject.capabilities.visibility + Duration::from_secs(1)).await;
    subject.assert_nothing(&queue).await;
    subject.assert_nothing(&queue.dead_letters()).await;
}

/// Sends each session's messages, numbered from 0, the sessions mixed at random, while the consumers are at work.
async fn send(port: Arc<dyn Queue>, queue: QueueName, size: Size, seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut next = vec![0_u32; size.sessions];
    let mut left = size.messages;
    while left > 0 {
        let few = random.usize(1..=100).min(left);
        left -= few;
        let messages = (0..few).map(|_| numbered(&mut random, &mut next)).collect();
        for sent in port.send(&queue, messages).await {
            assert!(!sent.expect("the message is sent").duplicate);
        }
    }
}

/// The next message of a session drawn at random; the first sessions are drawn more often than the last.
fn numbered(random: &mut fastrand::Rng, next: &mut [u32]) -> Message {
    let session = random.usize(..next.len()).min(random.usize(..next.len()));
    let number = next[session];
    next[session] += 1;
    Message {
        dedup_id: format!("{session}:{number}"),
        ..of(&format!("session-{session}"), &number.to_string())
    }
}
