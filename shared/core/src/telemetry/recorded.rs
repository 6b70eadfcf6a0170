//! What happens at several places and is written in one way.

use std::time::Duration;

use http::{Method, StatusCode};

use super::table::{
    CALLS, COLD_STARTS, DEAD_LETTERS, FAULTS, INVOCATIONS, OUTCOMES, PROCESSING, SENDING, SENT, SERVED,
};
use crate::{
    outcome::Outcome,
    port::{PortError, QueueName},
};

/// The longest reason that is a label, in bytes.
const LONGEST_WORD: usize = 24;

/// A turn of a queue's handler has ended: so many messages, after so long.
pub fn handled(queue: &QueueName, outcome: &Outcome<()>, messages: usize, took: Duration) {
    let said = outcome.label();
    OUTCOMES.add([queue.as_str(), said], messages as u64);
    let failed = if matches!(said, "done" | "skipped") { "" } else { said };
    PROCESSING.record([queue.as_str(), failed], took.as_secs_f64());
}

/// A message of this queue is a dead letter now, for the reason that its consumer gave: a word, else no label.
pub fn died(queue: &QueueName, reason: &str) {
    DEAD_LETTERS.add([queue.as_str(), word(reason)], 1);
}

/// A stage has answered what is no message. `None`: it panicked, or its port failed.
pub fn ran<T>(stage: &str, outcome: Option<&Outcome<T>>) {
    OUTCOMES.add([stage, outcome.map_or("failed", Outcome::label)], 1);
}

/// One call has sent these, or tried to.
pub fn sent<'a, T: 'a>(
    queue: &QueueName,
    results: impl IntoIterator<Item = &'a Result<T, PortError>>,
    took: Duration,
) {
    let mut worst = "";
    for result in results {
        let error = result.as_ref().err().map_or("", |error| error.kind.label());
        SENT.add([queue.as_str(), error], 1);
        worst = if error.is_empty() { worst } else { error };
    }
    SENDING.record(["send", queue.as_str(), worst], took.as_secs_f64());
}

/// A request was answered. The route is a pattern of ours, never the path.
pub fn served(method: &Method, route: &str, status: StatusCode, took: Duration) {
    SERVED.record([known(method), route, status.as_str()], took.as_secs_f64());
}

/// A request was sent: its answer, or in a word why there is none.
pub fn exchanged(method: &Method, host: &str, answer: Result<StatusCode, &str>, took: Duration) {
    let status = answer.map(|status| status.as_u16().to_string()).unwrap_or_default();
    let error = answer.err().unwrap_or_default();
    CALLS.record([known(method), host, &status, error], took.as_secs_f64());
}

/// A cloud has invoked a function. Triggers: `http`, `pubsub`, `timer`, `other`.
pub fn invoked(trigger: &str, is_first: bool, failed: bool, took: Duration) {
    INVOCATIONS.record([trigger], took.as_secs_f64());
    if is_first {
        COLD_STARTS.add([trigger], 1);
    }
    if failed {
        FAULTS.add([trigger], 1);
    }
}

/// The methods that a label may name.
fn known(method: &Method) -> &str {
    let named = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::HEAD,
        Method::OPTIONS,
    ];
    if named.contains(method) { method.as_str() } else { "_OTHER" }
}

/// Any text may come as a reason: what is no word of ours would make a figure of its own.
fn word(reason: &str) -> &str {
    let is_word =
        reason.len() <= LONGEST_WORD && reason.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if is_word { reason } else { "other" }
}

#[cfg(test)]
mod tests {
    use crate::outcome::Reason;

    use super::*;

    #[test]
    fn a_reason_that_is_no_word_is_no_label() {
        let long = "a".repeat(LONGEST_WORD + 1);
        for reason in ["acme/web#7", "No such file", "grün", &long] {
            assert_eq!(word(reason), "other", "{reason}");
        }
        let ours = [Reason::TooManyFailures { after: 1 }.label(), crate::attempts::TOO_OFTEN, "max_age", ""];
        assert_eq!(ours.map(word), ours);
    }
}
