//! Dead letters: a copy with its reason goes to the dead-letter queue first, and only then is the message removed.

use fe2o3_amqp_types::primitives::{Array, Value};
use pointsman_core::{
    attempts::letter,
    port::{ErrorKind, PortError, Queue as _, QueueName, Receipt},
};

use super::{ServiceBusReceiver, holder::Hold, void};

impl ServiceBusReceiver {
    /// Sends the dead letter. A crash before the message is removed leaves two of it, never none.
    pub(super) async fn bury(
        &self,
        queue: &QueueName,
        hold: &Hold,
        reason: &str,
        error: &str,
        attempts: u32,
    ) -> Result<(), PortError> {
        let dead = queue.dead_letters();
        let letter = letter(&hold.message, reason, error, attempts, self.0.bus.0.clock.now());
        let sent = self.0.bus.send(&dead, vec![letter]).await.pop();
        let sent = sent.unwrap_or_else(|| Err(PortError::internal(format!("`{dead}` gave no answer"))));
        sent.map_err(|error| match error.kind {
            // The message itself is there: what is missing is the place for its dead letter.
            ErrorKind::NotFound => {
                PortError::unavailable(format!("`{queue}` has no dead-letter queue")).caused_by(error)
            }
            _ => error,
        })?;
        let id = &hold.message.id.0;
        tracing::warn!(%queue, id, reason, attempts, "`{id}` is a dead letter");
        Ok(())
    }

    /// Removes messages of a session for good.
    pub(super) async fn remove(
        &self,
        queue: &QueueName,
        session: &str,
        receipts: &[Receipt],
    ) -> Result<(), PortError> {
        let token = |receipt: &Receipt| {
            let token = receipt.0.parse::<uuid::Uuid>().map_err(|_| void(queue))?;
            Ok::<_, PortError>(Value::Uuid(token.into_bytes().into()))
        };
        let tokens = receipts.iter().map(token).collect::<Result<Vec<_>, _>>()?;
        let body = vec![
            ("disposition-status", Value::from("completed")),
            ("lock-tokens", Value::Array(Array(tokens))),
            ("session-id", Value::String(session.to_owned())),
        ];
        self.0.amqp.manage(queue, "update-disposition", body).await.map(drop)
    }
}
