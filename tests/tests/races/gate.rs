//! The only door to GitHub: each call waits before it, and each write after it, until the schedule lets it go on.

use std::{
    future::poll_fn,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
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
    pub stopped: Arc<AtomicBool>,
}

impl Gate {
    /// Once pending: a future that is polled sees that it stands here, and not at a port that answers by itself.
    async fn stop(&self) {
        let mut waited = false;
        poll_fn(|_| {
            if std::mem::replace(&mut waited, true) {
                return Poll::Ready(());
            }
            self.stopped.store(true, Ordering::SeqCst);
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
pub async fn step<T>(future: &mut (impl Future<Output = T> + Unpin), stopped: &AtomicBool) -> Option<T> {
    poll_fn(|context| {
        stopped.store(false, Ordering::SeqCst);
        match std::pin::Pin::new(&mut *future).poll(context) {
            Poll::Ready(ended) => Poll::Ready(Some(ended)),
            Poll::Pending if stopped.swap(false, Ordering::SeqCst) => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}
