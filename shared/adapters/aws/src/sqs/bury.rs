//! Dead letters: a copy with its reason goes to the dead-letter queue first, and only then is the message removed.

use pointsman_core::{
    attempts::bury,
    port::{PortError, QueueName},
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
        let now = self.0.clock.now();
        bury(self, queue, &hold.message, reason, error, attempts, now).await?;
        self.delete(queue, place, &hold.message.receipt).await
    }
}
