//! Service Bus, Blob Storage and Key Vault behind the ports, on the official crates over the house's own HTTP client; the
//! ledger over them is core's `Stepwise`.

mod backend;
mod blob;
mod config;
mod connection;
mod fault;
mod keyvault;
#[cfg(feature = "receiver")]
mod receiver;
mod servicebus;
mod transport;

pub use backend::Backend;
pub use blob::{BlobArchive, BlobRecords};
pub use connection::Connection;
pub use keyvault::KeyVault;
#[cfg(feature = "receiver")]
pub use receiver::{Dial, ServiceBusReceiver, Stream};
pub use servicebus::{Credential, Handed, INLINE_LIMIT, Namespace, ServiceBus, can_carry};
