//! How a receiver's word on a message becomes the broker's.

use fe2o3_amqp_types::{
    definitions::Fields,
    messaging::DeliveryState,
    primitives::{Symbol, Value},
};
use uuid::Uuid;

use crate::broker::{Broker, Refusal, Settle};

/// Settles as the state of a delivery says.
pub fn by_state(broker: &Broker, queue: &str, token: Uuid, state: &DeliveryState) -> Result<(), Refusal> {
    let how = match state {
        DeliveryState::Accepted(_) => Settle::Complete,
        DeliveryState::Rejected(rejected) => {
            let info = rejected.error.as_ref().and_then(|error| error.info.as_deref());
            let field = |name| info.and_then(|info| text(info, name));
            Settle::DeadLetter {
                reason: field("DeadLetterReason"),
                error: field("DeadLetterErrorDescription"),
            }
        }
        DeliveryState::Modified(modified) if modified.undeliverable_here == Some(true) => {
            return Err(Refusal::NotAllowed("The fake defers no message.".into()));
        }
        _ => Settle::Abandon,
    };
    broker.settle(queue, token, how)
}

fn text(info: &Fields, name: &str) -> Option<String> {
    match info.get(&Symbol::from(name)) {
        Some(Value::String(text)) => Some(text.clone()),
        _ => None,
    }
}
