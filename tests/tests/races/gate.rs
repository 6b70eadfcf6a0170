//! The only door to GitHub: each call waits before it, and each write after it, until the schedule lets it go on.

use std::{
    future::poll_fn,
    sync::{Arc, Mutex},
    task::{Poll, Waker},
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, Request, Response};
use pointsman_core::port::{Http, PortError};
use pointsman_fake_github::FakeGithub;

use crate::rules::Rules;

/// A door that stops whoever goes through.
pub struct Gate {
    pub github: Arc<FakeGithub>,
    pub rules: Arc<Rules>,
    pub stopped: Arc<Stopped>,
}

/// Who stands at a gate since the last step.
#[derive(Default)]
pub struct Stopped(Mutex<Vec<Waker>>);

impl Stopped {
    /// Lets them go on, and says whether there were any.
    fn release(&self) -> bool {
        let stopped = std::mem::take(&mut *self.0.lock().unwrap());
        let any = !stopped.is_empty();
        stopped.into_iter().for_each(Waker::wake);
        any
    }
}

impl Gate {
    /// Once pending: a future that is polled sees that it stands here, and not at a port that answers by itself.
    async fn stop(&self) {
        let mut waited = false;
        poll_fn(|context| {
            if std::mem::replace(&mut waited, true) {
                return Poll::Ready(());
            }
            self.stopped.0.lock().unwrap().push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

#[async_trait]
impl Http for Gate {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, PortError> {
        let writes = request.method() != Method::GET;
        let what = format!("{} {}", request.method(), request.uri().path());
        self.stop().await;
        let answer = self.github.send(request).await;
        if writes {
            self.rules.check(&self.github, &what);
            self.stop().await;
        }
        answer
    }
}

/// Runs a future until it stands at a gate (`None`) or ends.
pub async fn step<T>(future: &mut (impl Future<Output = T> + Unpin), stopped: &Stopped) -> Option<T> {
    poll_fn(|context| match std::pin::Pin::new(&mut *future).poll(context) {
        Poll::Ready(ended) => Poll::Ready(Some(ended)),
        // What is polled within it has to be woken, or nobody polls it again.
        Poll::Pending if stopped.release() => Poll::Ready(None),
        Poll::Pending => Poll::Pending,
    })
    .await
}
