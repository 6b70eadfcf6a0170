//! Queues, archive and records of one machine, on one SQLite database.
//!
//! One thread writes ([`engine`]): what waits for it becomes one transaction with one sync. Memory knows the sessions
//! and who holds them ([`state`]), the database the messages ([`messages`]).

mod alarm;
mod archive;
mod attach;
mod backup;
mod bodies;
mod command;
mod control;
mod dedup;
mod due;
mod engine;
mod ensure;
mod fault;
mod holds;
mod ledger;
mod load;
mod lock;
mod log;
mod messages;
mod outgoing;
mod poison;
mod purge;
mod queue;
mod queues;
mod readers;
mod receive;
mod records;
mod recount;
mod remote;
mod schema;
mod sessions;
mod state;
mod stats;
mod store;
mod times;
mod together;
mod wire;
mod writer;

/// What is shared between threads stands on these; a test puts loom's in their place.
mod sync {
    pub use std::sync::{Mutex, MutexGuard, PoisonError, atomic};
}

pub use attach::{Attached, attach};
pub use backup::{BackedUp, BackupError, Contents, Restored, backup, restore};
pub use lock::Holder;
pub use remote::Remote;
pub use store::{OpenError, Options, Ports, Store, exists};
