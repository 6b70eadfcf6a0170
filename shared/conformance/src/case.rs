//! A case: one rule, as a name and a test over a subject. How a case is run, and how cases are counted.

use std::time::Duration;

use futures::future::LocalBoxFuture;

use crate::subject::{Capabilities, Subject};

/// Real time after which a case has failed: it waits for something that never comes.
const DEADLINE: Duration = Duration::from_secs(300);

/// One rule that an adapter keeps or not.
pub struct Case<P, C = Capabilities> {
    /// The rule, as a sentence.
    pub name: &'static str,
    /// Whether it can be tried on a subject that can do this much.
    pub needs: fn(&C) -> bool,
    /// Panics when the rule is broken.
    pub run: fn(Subject<P, C>) -> LocalBoxFuture<'static, ()>,
}

/// Runs one case on a fresh subject; the suites' macros call it, once a test.
pub fn run<P, C>(cases: &[Case<P, C>], name: &str, subject: impl AsyncFnOnce() -> Subject<P, C>) {
    let case = cases.iter().find(|case| case.name == name).expect("the macro names only cases of its suite");
    runtime().block_on(async {
        let subject = subject().await;
        if !(case.needs)(&subject.capabilities) {
            eprintln!("left out: the subject's capabilities do not allow `{name}`");
            return;
        }
        if tokio::time::timeout(DEADLINE, (case.run)(subject)).await.is_err() {
            panic!("`{name}` did not end within {} s", DEADLINE.as_secs());
        }
    });
}

/// Fails unless exactly `expected` cases are run on such a subject: a suite cannot be switched off quietly.
pub fn assert_count<P, C>(
    cases: &[Case<P, C>],
    expected: usize,
    subject: impl AsyncFnOnce() -> Subject<P, C>,
) {
    let subject = runtime().block_on(subject());
    let (run, left_out): (Vec<_>, Vec<_>) =
        cases.iter().partition(|case| (case.needs)(&subject.capabilities));
    let left_out: Vec<_> = left_out.iter().map(|case| case.name).collect();
    assert_eq!(run.len(), expected, "cases run; left out for want of a capability: {left_out:?}");
}

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().expect("a test machine can start two threads")
}
