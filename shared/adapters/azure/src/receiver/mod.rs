//! Receiving from Service Bus over AMQP, by sessions: what a plain process (a worker, the command) does, and no function.
//! A session that is held is a link that is open; it is closed once nothing of it is in anybody's hands.

mod accept;
mod admin;
mod amqp;
mod bury;
mod feed;
mod holder;
mod message;
mod receive;
mod rpc;
mod settle;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

pub use amqp::{Dial, Stream};
use pointsman_core::{
    attempts::Attempts,
    port::{PortError, QueueName, Receipt, Records},
};

use self::{amqp::Amqp, holder::Holder};
use crate::ServiceBus;

/// The role to receive with.
const RECEIVER: &str = "Azure Service Bus Data Receiver";

/// The queues of a namespace, received from. Cheap to clone. Its identity needs the roles "Azure Service Bus Data Receiver"
/// and "Azure Service Bus Data Sender" (dead letters are sent); for lists and figures "Azure Service Bus Data Owner".
#[derive(Clone)]
pub struct ServiceBusReceiver(Arc<Inner>);

struct Inner {
    bus: ServiceBus,
    amqp: Amqp,
    attempts: Attempts,
    held: Mutex<HashMap<(QueueName, Receipt), Arc<Holder>>>,
}

impl ServiceBusReceiver {
    /// Receives by connections that `dial` makes; failed attempts are counted in `records`.
    pub fn new(bus: ServiceBus, dial: Arc<dyn Dial>, records: Arc<dyn Records>) -> Self {
        let amqp = Amqp::new(bus.clone(), dial);
        Self(Arc::new(Inner { bus, amqp, attempts: Attempts(records), held: Mutex::default() }))
    }

    fn held(&self) -> MutexGuard<'_, HashMap<(QueueName, Receipt), Arc<Holder>>> {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who holds the message of this receipt.
    fn holder(&self, queue: &QueueName, receipt: &Receipt) -> Result<Arc<Holder>, PortError> {
        self.held().get(&(queue.clone(), receipt.clone())).cloned().ok_or_else(|| void(queue))
    }
}

/// The refusal of a receipt.
fn void(queue: &QueueName) -> PortError {
    PortError::conflict(format!(
        "this receipt of `{queue}` is void: its message is settled, or was held too long"
    ))
}
