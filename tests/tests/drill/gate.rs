//! The store's ports as intake reaches them: one queue may refuse writes, and any call may be the last one.

use std::{
    future::pending,
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use pointsman_conformance::TurnedClock;
use pointsman_core::port::{
    Archive, Clock, Expect, Listed, Message, Object, PortError, Queue, QueueName, Record, Records, Sent,
    Version,
};
use pointsman_embedded::Ports as StorePorts;
use std::sync::Arc;
use tokio::sync::{Notify, watch};

/// What goes wrong, decided before.
pub struct Fate {
    pub clock: Arc<TurnedClock>,
    /// The queue that refuses writes, from when until when.
    pub refuses: (&'static str, Timestamp, Timestamp),
    /// Calls of ports until the process is killed, and whether the last one takes effect.
    kill: Mutex<Option<(u32, bool)>>,
    /// The process is to be dropped.
    pub killed: Notify,
    /// Messages that were refused.
    pub refused: AtomicU32,
}

impl Fate {
    pub fn new(clock: Arc<TurnedClock>, refuses: (&'static str, Timestamp, Timestamp)) -> Arc<Self> {
        let (kill, killed) = (Mutex::default(), Notify::new());
        Arc::new(Self { clock, refuses, kill, killed, refused: 0.into() })
    }

    /// Kills the process at this call from now on.
    pub fn arm(&self, calls: u32, takes_effect: bool) {
        *self.kill.lock().unwrap() = Some((calls, takes_effect));
    }

    /// Whether this call is the last one, and takes effect.
    fn last(&self) -> Option<bool> {
        let mut kill = self.kill.lock().unwrap();
        let (calls, takes_effect) = kill.as_mut()?;
        if *calls > 0 {
            *calls -= 1;
            return None;
        }
        let takes_effect = *takes_effect;
        *kill = None;
        Some(takes_effect)
    }
}

/// One process' way to its store.
pub struct Gate {
    pub store: StorePorts,
    fate: Arc<Fate>,
    /// Calls that the store works on: no time passes meanwhile.
    working: watch::Sender<u32>,
    /// Waits between tries.
    asleep: watch::Sender<u32>,
}

/// Counts one for as long as it lives.
struct Counted<'a>(&'a watch::Sender<u32>);

impl<'a> Counted<'a> {
    fn new(of: &'a watch::Sender<u32>) -> Self {
        of.send_modify(|count| *count += 1);
        Self(of)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

impl Gate {
    pub fn new(store: StorePorts, fate: Arc<Fate>) -> Self {
        Self { store, fate, working: watch::Sender::new(0), asleep: watch::Sender::new(0) }
    }

    async fn through<T>(&self, call: impl Future<Output = T>) -> T {
        let last = self.fate.last();
        if last == Some(false) {
            return self.never().await;
        }
        let answer = {
            let _working = Counted::new(&self.working);
            call.await
        };
        if last == Some(true) { self.never().await } else { answer }
    }

    async fn never<T>(&self) -> T {
        self.fate.killed.notify_one();
        pending().await
    }

    /// Time passes while all that this process does is waiting.
    pub async fn pass_time(&self) -> std::convert::Infallible {
        let (mut working, mut asleep) = (self.working.subscribe(), self.asleep.subscribe());
        loop {
            working.wait_for(|count| *count == 0).await.unwrap();
            asleep.wait_for(|count| *count > 0).await.unwrap();
            if *working.borrow() == 0 {
                self.fate.clock.turn(Duration::from_millis(50));
                tokio::task::yield_now().await;
            }
        }
    }
}

#[async_trait]
impl Clock for Gate {
    fn now(&self) -> Timestamp {
        self.fate.clock.now()
    }

    async fn sleep(&self, duration: Duration) {
        let _asleep = Counted::new(&self.asleep);
        self.fate.clock.sleep(duration).await;
    }
}

#[async_trait]
impl Queue for Gate {
    async fn send(&self, queue: &QueueName, messages: Vec<Message>) -> Vec<Result<Sent, PortError>> {
        let (refusing, from, until) = self.fate.refuses;
        if queue.as_str() == refusing && (from..until).contains(&self.now()) {
            self.fate.refused.fetch_add(1, Ordering::Relaxed);
            return messages
                .iter()
                .map(|_| Err(PortError::unavailable("the queue takes no writes")))
                .collect();
        }
        self.through(self.store.queue.send(queue, messages)).await
    }
}

#[async_trait]
impl Archive for Gate {
    async fn put_new(&self, key: &str, object: Object) -> Result<(), PortError> {
        self.through(self.store.archive.put_new(key, object)).await
    }

    async fn get(&self, key: &str) -> Result<Object, PortError> {
        self.through(self.store.archive.get(key)).await
    }

    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<Listed>, PortError> {
        self.through(self.store.archive.list(prefix, after, limit)).await
    }

    async fn delete(&self, key: &str) -> Result<(), PortError> {
        self.through(self.store.archive.delete(key)).await
    }
}

#[async_trait]
impl Records for Gate {
    async fn get(&self, key: &str) -> Result<Option<Record>, PortError> {
        self.through(self.store.records.get(key)).await
    }

    async fn put_if(
        &self,
        key: &str,
        value: Bytes,
        expect: Expect,
        expires: Option<Timestamp>,
    ) -> Result<Version, PortError> {
        self.through(self.store.records.put_if(key, value, expect, expires)).await
    }

    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<Record>, PortError> {
        self.through(self.store.records.list(prefix, after, limit)).await
    }

    async fn delete(&self, key: &str, expect: Expect) -> Result<(), PortError> {
        self.through(self.store.records.delete(key, expect)).await
    }
}
