//! Holds: what a receiver has in its hands, in memory alone. A crash gives everything back.

use pointsman_core::port::{PortError, Receipt};

use crate::sessions::Slot;

/// The messages that one receive took from one session, or one unordered message.
#[derive(Debug, Clone)]
pub(crate) struct Hold {
    pub queue: usize,
    /// `None`: an unordered message.
    pub slot: Option<Slot>,
    /// When it runs out, in ms.
    pub expires: i64,
    pub messages: Vec<Held>,
}

/// One message of a hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Held {
    pub id: i64,
    /// Its shared body's row.
    pub body: Option<i64>,
    /// Failed attempts so far.
    pub attempts: u32,
    pub settled: bool,
}

impl Hold {
    /// How many are not settled yet.
    pub fn left(&self) -> usize {
        self.messages.iter().filter(|held| !held.settled).count()
    }

    /// A message that is not settled yet.
    pub fn find(&self, message: i64) -> Option<Held> {
        self.messages.iter().find(|held| held.id == message && !held.settled).copied()
    }
}

/// What a receipt's text says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Claim {
    pub epoch: u64,
    pub hold: u64,
    pub message: i64,
}

impl Claim {
    pub fn to_receipt(self) -> Receipt {
        Receipt(format!("{:x}-{:x}-{:x}", self.epoch, self.hold, self.message))
    }

    pub fn parse(receipt: &Receipt) -> Result<Self, PortError> {
        let mut parts = receipt.0.split('-').map(|part| u64::from_str_radix(part, 16).ok());
        let mut next = || parts.next().flatten();
        match (next(), next(), next()) {
            (Some(epoch), Some(hold), Some(message)) => {
                Ok(Self { epoch, hold, message: message.cast_signed() })
            }
            _ => Err(void()),
        }
    }
}

/// The answer to a receipt that no longer counts.
pub(crate) fn void() -> PortError {
    PortError::conflict(
        "the receipt is void: the message was settled before, or its time ran out; receive it again",
    )
}
