//! A command for each event. It runs in a process group of its own: Ctrl-C stops the receiving, and the command that
//! runs may end in peace.

use std::{process::Stdio, sync::Arc};

use anyhow::Result;
use bytes::Bytes;
use pointsman_core::{
    event::Envelope,
    outcome::{Handled, Outcome},
    port::{Archive, PortError, Received},
    trace,
};
use pointsman_env::SystemClock;
use pointsman_host_worker::{Counts, Worker};
use serde::Serialize;
use tokio::{
    io::AsyncWriteExt as _,
    process::{ChildStdin, Command},
};

use super::Work;
use pointsman_core::stored::whole;

use crate::print;

#[derive(Debug, Serialize)]
struct Summary {
    completed: u64,
    failed: u64,
    dead: u64,
    given_back: u64,
    lost: u64,
}

/// Runs it; ends with a summary, on stdout where JSON is wanted.
pub async fn run(
    work: Work<'_>,
    command: &str,
    concurrency: usize,
    json: bool,
    stop: impl Future<Output = ()>,
) -> Result<()> {
    let mut worker = Worker::new(work.store.receiver.clone(), Arc::new(SystemClock), work.queue);
    worker.concurrency = concurrency;
    worker.visibility = work.settings.visibility;
    worker.max_attempts = work.settings.max_deliveries;
    worker.max_age = work.settings.max_age;
    worker.max = work.max;
    worker.once = !work.follow;
    let (command, archive): (Arc<str>, _) = (command.into(), work.store.archive.clone());
    let queue = worker.queue.to_string();
    let handler = move |message| handle(message, queue.clone(), command.clone(), archive.clone());
    let counts = worker.run(handler, stop).await?;
    if json {
        return print::result(true, &Summary::from(counts), String::new);
    }
    anstream::eprintln!("{}", told(counts));
    Ok(())
}

async fn handle(
    message: Received,
    queue: String,
    command: Arc<str>,
    archive: Arc<dyn Archive>,
) -> Handled<()> {
    let event = whole(&*archive, message.body.clone()).await?;
    // Its text is not repeated: people write tokens into command lines.
    let failed = |error: std::io::Error| PortError::internal("the command could not be run").caused_by(error);
    let mut child = Command::new("sh")
        .args(["-c", &command])
        .envs(environment(&message, &queue))
        .stdin(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)?;
    let stdin = child.stdin.take();
    let ((), status) = tokio::join!(feed(stdin, &event), child.wait());
    let status = status.map_err(failed)?;
    if status.success() {
        return Ok(Outcome::Done(()));
    }
    Err(PortError::internal(format!("the command ended with {status}")))
}

/// A command need not read its input: only its exit status counts.
async fn feed(stdin: Option<ChildStdin>, event: &[u8]) {
    let Some(mut stdin) = stdin else { return };
    let written = async {
        stdin.write_all(event).await?;
        stdin.shutdown().await
    };
    if let Err(error) = written.await {
        tracing::debug!(%error, "the command did not read its whole input");
    }
}

/// The event's main attributes, so that a shell need not parse JSON to choose.
fn environment(message: &Received, queue: &str) -> Vec<(&'static str, String)> {
    let body: Bytes = message.body.clone();
    let event = Envelope::read(&body).ok();
    let attribute = |name: &str| event.as_ref().and_then(|event| event.attribute(name)).unwrap_or_default();
    let mut all = vec![
        ("POINTSMAN_QUEUE", queue.to_owned()),
        ("POINTSMAN_EVENT_ID", attribute("id")),
        ("POINTSMAN_EVENT_TYPE", attribute("type")),
        ("POINTSMAN_EVENT_SOURCE", attribute("source")),
        ("POINTSMAN_EVENT_SUBJECT", attribute("subject")),
        ("POINTSMAN_SESSION", message.session.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("POINTSMAN_ATTEMPT", message.attempt.to_string()),
    ];
    all.extend(trace::current().map(|trace| ("TRACEPARENT", trace.header().to_owned())));
    // No operating system takes a NUL in a variable.
    all.iter_mut().for_each(|(_, value)| value.retain(|c| c != '\0'));
    all
}

impl From<Counts> for Summary {
    fn from(counts: Counts) -> Self {
        let Counts { completed, failed, dead, given_back, lost } = counts;
        Self { completed, failed, dead, given_back, lost }
    }
}

fn told(counts: Counts) -> String {
    let Counts { completed, failed, dead, given_back, lost } = counts;
    let parts =
        [(failed, "failed"), (dead, "dead-lettered"), (given_back, "given back"), (lost, "lost their hold")];
    let others =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!(", {count} {what}"));
    format!("{completed} completed{}", others.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_happened_is_told() {
        assert_eq!(told(Counts { completed: 3, ..Counts::default() }), "3 completed");
        assert_eq!(
            told(Counts { completed: 3, failed: 1, given_back: 2, ..Counts::default() }),
            "3 completed, 1 failed, 2 given back"
        );
    }
}
