//! Dead letters: a copy with its reason goes to the dead-letter queue first, and only then is the message removed.

use pointsman_core::{
    attempts::letter,
    port::{ErrorKind, PortError, Queue as _, QueueName},
};

use super::{Place, Sqs, held::Hold};

impl Sqs {
    /// Moves what is held to the dead letters. A crash in between leaves two of it, never none.
    pub(super) async fn bury(
        &self,
        queue: &QueueName,
        place: &Place,
        hold: &Hold,
        reason: &str,
        error: &str,
        attempts: u32,
    ) -> Result<(), PortError> {
        let dead = queue.dead_letters();
        let letter = letter(&hold.message, reason, error, attempts, self.0.clock.now());
        let sent = self.send(&dead, vec![letter]).await.pop();
        let sent = sent.unwrap_or_else(|| Err(PortError::internal(format!("`{dead}` gave no answer"))));
        sent.map_err(|error| match error.kind {
            // The message itself is there: what is missing is the place for its dead letter.
            ErrorKind::NotFound => {
                PortError::unavailable(format!("`{queue}` has no dead-letter queue")).caused_by(error)
            }
            _ => error,
        })?;
        tracing::warn!(%queue, id = hold.message.id.0, reason, attempts, "`{}` is a dead letter", hold.message.id.0);
        self.delete(queue, place, &hold.message.receipt).await
    }
}
