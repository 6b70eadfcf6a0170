//! A link that the other side sends on: to a queue, to `$cbs`, or to a queue's `$management`.

use std::io;

use fe2o3_amqp_types::{messaging::Body, performatives::Transfer};

use super::{connection::Shared, frame::malformed, management};
use crate::broker::{Message, Refusal, message};

/// Credit that is given at once, and again when half of it is used.
pub const CREDIT: u32 = 1_000;
/// The format of a message whose parts are messages.
const BATCH: u32 = 0x8001_3700;

/// A link.
#[derive(Default)]
pub struct Inlet {
    pub node: String,
    /// What came so far of a message that takes several frames.
    started: Option<(u32, u32, Vec<u8>)>,
    count: u32,
    used: u32,
}

/// An answer, and to whom.
pub struct Reply {
    pub node: String,
    pub to: String,
    pub message: Message,
}

/// What was taken: its delivery's id, and what is to be answered.
type Taken = (u32, Result<Option<Reply>, Refusal>);

impl Inlet {
    pub fn new(node: String) -> Self {
        Self { node, ..Self::default() }
    }

    /// Takes one frame of a message; says what became of it once it is whole.
    pub fn take(&mut self, shared: &Shared, transfer: Transfer, payload: &[u8]) -> io::Result<Option<Taken>> {
        let begun = || {
            let id = transfer.delivery_id.ok_or_else(|| malformed("a transfer without an id"))?;
            Ok::<_, io::Error>((id, transfer.message_format.unwrap_or(0), Vec::new()))
        };
        let (id, format, mut bytes) = self.started.take().map_or_else(begun, Ok)?;
        bytes.extend_from_slice(payload);
        if transfer.more {
            self.started = Some((id, format, bytes));
            return Ok(None);
        }
        self.count = self.count.wrapping_add(1);
        self.used += 1;
        if transfer.aborted {
            return Ok(None);
        }
        let size = bytes.len();
        let message = message::decode(&bytes).map_err(malformed)?;
        Ok(Some((id, self.whole(shared, format, size, message))))
    }

    /// New credit, when it is time.
    pub fn wants_credit(&mut self) -> Option<(u32, u32)> {
        (self.used >= CREDIT / 2).then(|| {
            self.used = 0;
            (self.count, CREDIT)
        })
    }

    fn whole(
        &self,
        shared: &Shared,
        format: u32,
        size: usize,
        sent: Message,
    ) -> Result<Option<Reply>, Refusal> {
        if self.node == "$cbs" || self.node.ends_with("/$management") {
            let to = sent.properties.as_ref().and_then(|it| it.reply_to.clone()).unwrap_or_default();
            let message = match self.node.strip_suffix("/$management") {
                Some(queue) => management::answer(&shared.broker, queue, &sent),
                None => management::admit(&shared.access, &sent),
            };
            return Ok(Some(Reply { node: self.node.clone(), to, message }));
        }
        let largest = shared.broker.settings(&self.node)?.largest;
        if size > largest {
            return Err(Refusal::TooLarge(largest));
        }
        let messages = match (&sent.body, format) {
            (Body::Data(parts), BATCH) => {
                let parts = parts.iter().map(|part| message::decode(&part.0));
                parts.collect::<Result<_, _>>().map_err(Refusal::NotAllowed)?
            }
            _ => vec![sent],
        };
        shared.broker.send(&self.node, messages).map(|_| None)
    }
}
