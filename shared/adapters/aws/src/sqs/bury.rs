//! Dead letters: a copy with its reason goes to the dead-letter queue first, and only then is the message removed.

use pointsman_core::port::{ErrorKind, Message, PortError, Queue as _, QueueName, dead_letter};

use super::{Place, Sqs, held::Hold};

/// What stands as reason where attempts ran out.
pub(super) const TOO_OFTEN: &str = "max_deliveries";
/// An error's text in a dead letter, in bytes: the letter must not become larger than SQS takes.
const LONGEST: usize = 4_000;

impl Sqs {
    /// Moves what is held to the dead letters. A crash in between leaves two of it, never none.
    pub(super) async fn bury(
        &self,
        queue: &QueueName,
        place: &Place,
        hold: &Hold,
        reason: &str,
        error: &str,
        attempts: u32,
    ) -> Result<(), PortError> {
        let dead = queue.dead_letters();
        let mut attributes = hold.message.attributes.clone();
        let marks = [
            (dead_letter::REASON, cut(reason).to_owned()),
            (dead_letter::ERROR, cut(error).to_owned()),
            (dead_letter::ATTEMPTS, attempts.to_string()),
            (dead_letter::TIME, self.0.clock.now().to_string()),
        ];
        attributes.extend(marks.map(|(name, value)| (name.to_owned(), value)));
        let letter = Message {
            body: hold.message.body.clone().into(),
            session: hold.message.session.clone(),
            // Fresh: it may die again within SQS's window.
            dedup_id: String::new(),
            attributes,
            correlation: hold.message.correlation.clone(),
            delay: None,
        };
        let sent = self.send(&dead, vec![letter]).await.pop();
        let sent = sent.unwrap_or_else(|| Err(PortError::internal(format!("`{dead}` gave no answer"))));
        sent.map_err(|error| match error.kind {
            // The message itself is there: what is missing is the place for its dead letter.
            ErrorKind::NotFound => {
                PortError::unavailable(format!("`{queue}` has no dead-letter queue")).caused_by(error)
            }
            _ => error,
        })?;
        tracing::warn!(%queue, id = hold.message.id.0, reason, attempts, "`{}` is a dead letter", hold.message.id.0);
        self.delete(queue, place, &hold.message.receipt).await
    }
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST)]
}
