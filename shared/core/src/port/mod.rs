//! The ports: what a stage may ask of the world, in our own types. Adapters implement them; hosts hand them in.
//!
//! At most five methods each. `docs/ports.md` has the promises; `shared/conformance` states each as a test.

mod archive;
mod clock;
mod error;
mod handover;
mod http;
mod queue;
mod records;
mod secrets;

pub use archive::{Archive, Listed, Object};
pub use clock::Clock;
pub use error::{ErrorKind, PortError};
pub use handover::{Delivered, Handover};
pub use http::{Http, Named};
pub use queue::{
    Abandon, Ask, Body, Control, Message, MessageId, OnPoison, Peeked, Queue, QueueAdmin, QueueName,
    QueueSettings, QueueStats, Receipt, Received, Receiver, Selection, Sent, dead_letter,
};
pub use records::{Expect, Record, Records, Version};
pub use secrets::{Secret, SecretRef, Secrets};
