//! A queue's messages, one or a batch. The host settles them all by one status: 200 = completed, anything else = handed out
//! again at once.
//!
//! A message's way: `message` (read), core's `handed` (adopted, handled in its session's order, settled), the answer.

mod handled;
mod message;

use std::collections::HashSet;

use pointsman_core::{
    handed::{self, Hand},
    outcome,
    port::{Delivered, MessageId, Received},
};
use serde_json::{Value, json};

use crate::{Call, Failure, Fault};

pub use handled::Handled;
pub use pointsman_core::handed::Source;

/// Hands the messages to `handler`. What was not done is a failure of all: they come again, and what of them was done is
/// remembered and not done again by this process.
pub async fn handle<H, F>(call: &Call, source: &Source, handler: H) -> Result<Value, Failure>
where
    H: Fn(Vec<Received>) -> F,
    F: Future<Output = outcome::Handled<()>>,
{
    let Hand { messages, empty } = message::read(call)?;
    let all: Vec<String> = messages.iter().map(|message| key(source, message)).collect();
    let names: Vec<MessageId> = messages.iter().map(|message| MessageId(message.id.clone())).collect();
    let known = call.handled.of(&all);
    let rest = messages.into_iter().filter(|message| !known.contains(&key(source, message))).collect();
    let undone = handed::handle(source, Hand { messages: rest, empty }, call.deadline, handler).await?;
    if undone.messages.is_empty() {
        call.handled.forget(&all);
        return Ok(json!({ "messages": all.len() }));
    }
    let done = all.iter().zip(&names).filter(|(_, name)| !undone.messages.contains(*name));
    call.handled.add(done.map(|(key, _)| key.clone()));
    Err(Failure { fault: told(source, all.len(), &undone.messages), after: Some(undone.after) })
}

/// The same for a stage that takes one message after another, and says more than the queue wants to know.
pub async fn each<T, F>(call: &Call, source: &Source, stage: impl Fn(Received) -> F) -> Result<Value, Failure>
where
    F: Future<Output = outcome::Handled<T>>,
{
    let source = Source { together: false, ..source.clone() };
    let one = |mut turn: Vec<Received>| {
        let handled = stage(turn.remove(0));
        async move { Ok(handled.await?.map(drop)) }
    };
    handle(call, &source, one).await
}

/// The same for a stage that takes all that waits in a session at once.
pub async fn together<T, F>(
    call: &Call,
    source: &Source,
    stage: impl Fn(Vec<Received>) -> F,
) -> Result<Value, Failure>
where
    F: Future<Output = outcome::Handled<T>>,
{
    let source = Source { together: true, ..source.clone() };
    let all = |turn: Vec<Received>| {
        let handled = stage(turn);
        async move { Ok(handled.await?.map(drop)) }
    };
    handle(call, &source, all).await
}

/// One copy of one message in one queue.
fn key(source: &Source, message: &Delivered) -> String {
    let sequence = message.system.get("SequenceNumber").map(String::as_str).unwrap_or_default();
    format!("{}/{}/{sequence}", source.queue, message.id)
}

fn told(source: &Source, all: usize, undone: &HashSet<MessageId>) -> Fault {
    let mut names: Vec<&str> = undone.iter().map(|id| id.0.as_str()).collect();
    names.sort_unstable();
    let why =
        format!("{} of {all} messages of `{}` come again: {}", undone.len(), source.queue, names.join(", "));
    Fault::new("Returned", why)
}
