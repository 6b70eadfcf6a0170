//! Configuration: one file, `pointsman.yaml`. Every fault is told at once, with line, column and a hint.

mod model;

pub use model::{
    Algorithm, Backend, Config, Encoding, Field, Hmac, Queues, QueuesEntry, SessionPointer, Source,
    Subscription, Timestamped, Verify,
};
