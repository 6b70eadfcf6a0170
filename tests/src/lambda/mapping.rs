//! An event source mapping between a queue and a function, as Lambda plays it: a batch is received, the function is
//! invoked with it, what it has done is deleted, the rest is left to come again.
//!
//! SQS itself keeps a group from being in two batches at once. Not played: scaling, filters, a batch window.

use std::{collections::HashSet, thread};

use serde_json::{Value, json};

use super::{function::Function, runtime::Answer};
use crate::cloud::{Cloud, Message};

/// A queue as a function's event source.
pub struct Mapping<'a> {
    /// Where the queue is.
    pub cloud: &'a Cloud,
    /// Its name, without prefix and `.fifo`.
    pub queue: &'a str,
    /// Who is invoked.
    pub function: &'a Function,
    /// The most records of a batch: at most 10 of a FIFO queue.
    pub batch: usize,
}

/// What came of one batch.
#[derive(Debug)]
pub struct Turn {
    /// How the invocation ended.
    pub answer: Answer,
    /// Records in the batch.
    pub records: usize,
    /// Those that were deleted.
    pub deleted: usize,
}

impl Mapping<'_> {
    /// One batch, when there is any within a second.
    pub fn turn(&self) -> Option<Turn> {
        let messages = self.cloud.receive(self.queue, self.batch);
        if messages.is_empty() {
            return None;
        }
        let arn = self.cloud.queue_arn(self.queue);
        let records: Vec<_> = messages.iter().map(|message| message.record(&arn)).collect();
        let event = json!({ "Records": records }).to_string();
        let answer = self.function.invoke(event.as_bytes()).answer;
        let done = done(&answer, &messages);
        let refused = self.cloud.delete(self.queue, &done);
        Some(Turn { records: messages.len(), deleted: done.len() - refused, answer })
    }

    /// Batches, so many at once, until this is so. Every turn is told.
    pub fn run(&self, at_once: usize, until: impl Fn() -> bool + Sync, told: impl Fn(&Turn) + Sync) {
        thread::scope(|scope| {
            for _ in 0..at_once {
                scope.spawn(|| {
                    while !until() {
                        self.turn().iter().for_each(&told);
                    }
                });
            }
        });
    }
}

/// What the function has done: all but what its partial batch response names. An answer that is none, or that names what
/// was not in the batch, has done nothing.
fn done<'m>(answer: &Answer, messages: &'m [Message]) -> Vec<&'m Message> {
    let Answer::Done(bytes) = answer else { return Vec::new() };
    let Ok(told) = serde_json::from_slice::<Value>(bytes) else { return Vec::new() };
    let named = told["batchItemFailures"].as_array().into_iter().flatten();
    let named: Option<HashSet<&str>> = named.map(|item| item["itemIdentifier"].as_str()).collect();
    let Some(named) = named else { return Vec::new() };
    if !named.iter().all(|id| messages.iter().any(|message| message.id() == *id)) {
        return Vec::new();
    }
    messages.iter().filter(|message| !named.contains(message.id())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_deleted_that_an_answer_does_not_let_go() {
        let messages = ["a", "b", "c"].map(|id| Message(json!({ "MessageId": id })));
        let ids =
            |answer: Answer| done(&answer, &messages).iter().map(|it| it.id().to_owned()).collect::<Vec<_>>();
        let answered = |text: &str| ids(Answer::Done(text.into()));
        assert_eq!(answered(r#"{"batchItemFailures":[]}"#), ["a", "b", "c"]);
        assert_eq!(answered(r#"{"batchItemFailures":[{"itemIdentifier":"b"}]}"#), ["a", "c"]);
        assert_eq!(answered("null"), ["a", "b", "c"], "as Lambda takes it");
        for nothing in [
            "",
            r#"{"batchItemFailures":[{"itemIdentifier":"x"}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":null}]}"#,
            r#"{"batchItemFailures":[{"id":"a"}]}"#,
        ] {
            assert_eq!(answered(nothing), [""; 0], "{nothing}");
        }
        let failed = Answer::Failed { kind: "Unavailable".into(), message: String::new() };
        for answer in [failed, Answer::TimedOut, Answer::Exited("signal: 9".into())] {
            assert_eq!(ids(answer), [""; 0]);
        }
    }
}
