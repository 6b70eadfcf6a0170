//! Duplicates on a standard queue, which SQS does not look for: a record of each dedup id that was sent. A claim comes before
//! the message and its name after it: a crash in between leaves a claim that soon runs out, never a message unsent.

use std::time::Duration;

use jiff::Timestamp;
use pointsman_core::port::{ErrorKind, Expect, MessageId, PortError, QueueName, Sent, Version};

use super::{Sqs, wire};

/// How long one sender may be at it.
const CLAIM: Duration = Duration::from_secs(5);
/// How long an id is remembered: as SQS does it on a FIFO queue.
const WINDOW: Duration = Duration::from_secs(300);
/// Between looks at another's claim.
const LOOK: Duration = Duration::from_millis(100);

/// Who may send a message.
#[derive(Debug)]
pub(super) enum Claim {
    /// Whoever got this.
    Ours { key: String, version: Version },
    /// It was sent before.
    Before(MessageId),
}

impl Sqs {
    /// Claims a dedup id; waits while another is sending it.
    pub(super) async fn claim(&self, queue: &QueueName, dedup_id: &str) -> Result<Claim, PortError> {
        let key = format!("sent/{queue}/{}", wire::dedup_id(dedup_id));
        let records = &self.0.attempts.0;
        loop {
            match records.put_if(&key, "".into(), Expect::Absent, self.in_time(CLAIM)).await {
                Ok(version) => return Ok(Claim::Ours { key, version }),
                Err(error) if error.kind == ErrorKind::Conflict => {}
                Err(error) => return Err(error),
            }
            if let Some(record) = records.get(&key).await?.filter(|record| !record.value.is_empty()) {
                return Ok(Claim::Before(MessageId(String::from_utf8_lossy(&record.value).into_owned())));
            }
            self.0.clock.sleep(LOOK).await;
        }
    }

    /// Remembers what was sent, and frees what was not.
    pub(super) async fn claimed(&self, key: &str, version: Version, outcome: &Result<Sent, PortError>) {
        let records = &self.0.attempts.0;
        let expect = Expect::Version(version);
        let kept = match outcome {
            Ok(sent) => {
                let id = sent.id.0.clone().into();
                records.put_if(key, id, expect, self.in_time(WINDOW)).await.map(drop)
            }
            Err(_) => records.delete(key, expect).await,
        };
        if let Err(error) = kept {
            tracing::warn!(%error, "`{key}` could not be kept: a copy of the message may be sent");
        }
    }

    fn in_time(&self, time: Duration) -> Option<Timestamp> {
        self.0.clock.now().checked_add(time).ok()
    }
}
