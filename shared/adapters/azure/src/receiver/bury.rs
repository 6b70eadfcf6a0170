//! Dead letters: a copy with its reason goes to the dead-letter queue first, and only then is the message removed.

use fe2o3_amqp_types::primitives::{Array, Value};
use pointsman_core::{
    attempts::bury,
    port::{PortError, QueueName, Receipt},
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
        let bus = &self.0.bus;
        bury(bus, queue, &hold.message, reason, error, attempts, bus.0.clock.now()).await
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
