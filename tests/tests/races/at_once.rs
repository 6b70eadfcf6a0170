//! Records that answer at once, though their store has a thread of its own: where several reads of one pass are under way
//! together, which of them is first would else be the machine's to say, and no seed would repeat.

use std::{
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
};

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use pointsman_core::port::{Expect, PortError, Record, Records, Version};

/// Stands still until the store has answered.
pub struct AtOnce(pub Arc<dyn Records>);

struct Waiting(Thread);

impl Wake for Waiting {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn wait<T>(answer: impl Future<Output = T>) -> T {
    // Outside of the runtime's turns: a thread that stands still would never get the next one.
    let mut answer = pin!(tokio::task::unconstrained(answer));
    let waker = Waker::from(Arc::new(Waiting(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(answer) = answer.as_mut().poll(&mut context) {
            return answer;
        }
        thread::park();
    }
}

#[async_trait]
impl Records for AtOnce {
    async fn get(&self, key: &str) -> Result<Option<Record>, PortError> {
        wait(self.0.get(key))
    }

    async fn put_if(
        &self,
        key: &str,
        value: Bytes,
        expect: Expect,
        expires: Option<Timestamp>,
    ) -> Result<Version, PortError> {
        wait(self.0.put_if(key, value, expect, expires))
    }

    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<Record>, PortError> {
        wait(self.0.list(prefix, after, limit))
    }

    async fn delete(&self, key: &str, expect: Expect) -> Result<(), PortError> {
        wait(self.0.delete(key, expect))
    }
}
