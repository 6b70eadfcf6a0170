//! This machine's clock against GitHub's, read off the answers that come anyway.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, header};
use jiff::{SignedDuration, fmt::rfc2822::DateTimeParser};
use pointsman_core::port::{Clock, Http, PortError};

use super::Findings;

/// GitHub refuses the App's credential when the clocks are further apart.
const MOST: u64 = 60;
/// A clock that is kept right is never so far off.
const DOUBTFUL: u64 = 15;

/// Sends, and looks at the clock on the wall of the other side.
pub struct Watched {
    inner: Arc<dyn Http>,
    clock: Arc<dyn Clock>,
    ahead: Mutex<Option<SignedDuration>>,
}

impl Watched {
    pub fn new(inner: Arc<dyn Http>, clock: Arc<dyn Clock>) -> Self {
        Self { inner, clock, ahead: Mutex::default() }
    }

    /// How far our clock is ahead of GitHub's.
    fn ahead(&self) -> Option<SignedDuration> {
        *self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells it.
    pub fn look(&self, found: &mut Findings) {
        let Some(ahead) = self.ahead() else { return };
        let seconds = ahead.as_secs().unsigned_abs();
        let way = if ahead.is_negative() { "behind" } else { "ahead of" };
        let todo = "set it by NTP: the App's credential is refused when it is more than 60 s off";
        match seconds {
            0..DOUBTFUL => found.ok("clock", "it agrees with GitHub's"),
            DOUBTFUL..=MOST => found.doubt("clock", format!("it is {seconds} s {way} GitHub's"), todo),
            _ => found.fail("clock", format!("it is {seconds} s {way} GitHub's"), todo),
        }
    }
}

#[async_trait]
impl Http for Watched {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, PortError> {
        let answer = self.inner.send(request).await?;
        let date = answer.headers().get(header::DATE).and_then(|date| date.to_str().ok());
        if let Some(date) = date.and_then(|date| DateTimeParser::new().parse_timestamp(date).ok()) {
            let ahead = self.clock.now().duration_since(date);
            *self.ahead.lock().unwrap_or_else(PoisonError::into_inner) = Some(ahead);
        }
        Ok(answer)
    }
}
