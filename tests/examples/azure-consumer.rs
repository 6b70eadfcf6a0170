//! A function app with one function, `consumer`, that notes each message in a file and fails one in so many, by a draw that
//! is the same each time: what the tests of the fake Functions host hand messages to.
//!
//! `CONSUMER_NOTES` names the file, `CONSUMER_FAILS` the one in so many (0 = none).

use std::{
    collections::HashMap,
    env,
    fs::OpenOptions,
    io::Write as _,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use jiff::Timestamp;
use pointsman_core::{
    event::Envelope,
    outcome::{Handled, Outcome},
    pipeline::Request,
    port::{Abandon, Ask, Delivered, Handover, MessageId, PortError, QueueName, Receipt, Received, Receiver},
    session::Session,
};
use pointsman_env::SystemClock;
use pointsman_host_azfunc::{
    Calls, Host,
    config::port,
    queue::{self, Source},
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let notes = env::var("CONSUMER_NOTES")?;
    let fails: u64 = env::var("CONSUMER_FAILS")?.parse()?;
    let clock = Arc::new(SystemClock);
    let source = Source::new("consumer".parse()?, Arc::new(Counted::default()), clock.clone());
    let calls = Calls::new(clock).on("consumer", move |call| {
        let (source, notes) = (source.clone(), notes.clone());
        async move { queue::each(&call, &source, |message| consume(message, notes.clone(), fails)).await }
    });
    let nothing = |_: Request| async { Outcome::Skipped("this app takes no webhooks".into()) };
    let host = Host::bind(port()?, calls, "none", &[], nothing).await?;
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    host.serve(async move {
        terminate.recv().await;
    })
    .await;
    Ok(())
}

async fn consume(message: Received, notes: String, fails: u64) -> Handled<()> {
    let draw = message
        .id
        .0
        .bytes()
        .fold(u64::from(message.attempt), |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let failed = fails > 0 && draw.is_multiple_of(fails);
    let id = message.correlation.as_deref().unwrap_or(&message.id.0).to_owned();
    let session = message.session.as_ref().map_or("-", Session::as_str);
    let cause = Envelope::read(&message.body).ok().and_then(|event| event.attribute("cause"));
    let cause = cause.map(|cause| format!("\t{cause}")).unwrap_or_default();
    let ended = if failed { "failed" } else { "done" };
    let line = format!("{session}\t{id}\t{}\t{ended}{cause}\n", message.attempt);
    let note = |error: std::io::Error| PortError::unavailable("no note can be made").caused_by(error);
    // One write a line: a process that is killed leaves whole lines.
    let mut file = OpenOptions::new().append(true).create(true).open(notes).map_err(note)?;
    file.write_all(line.as_bytes()).map_err(note)?;
    if failed {
        let cause = PortError::unavailable("it was told to fail");
        return Ok(Outcome::Retry { after: Duration::from_millis(20), cause });
    }
    Ok(Outcome::Done(()))
}

/// Attempts in this process's memory: the tests' messages fail seldom.
#[derive(Default)]
struct Counted(Mutex<HashMap<String, u32>>);

#[async_trait]
impl Receiver for Counted {
    async fn receive(&self, _: &QueueName, _: Ask) -> Result<Vec<Received>, PortError> {
        Err(PortError::invalid("a function receives nothing: it is given"))
    }

    async fn complete(&self, _: &QueueName, _: &[Receipt]) -> Vec<Result<(), PortError>> {
        Vec::new()
    }

    async fn abandon(&self, _: &QueueName, receipt: &Receipt, how: Abandon) -> Result<(), PortError> {
        if how.failed.is_some() {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(receipt.0.clone()).or_default() += 1;
        }
        Ok(())
    }

    async fn dead_letter(&self, _: &QueueName, _: &Receipt, _: &str, _: &str) -> Result<(), PortError> {
        Err(PortError::invalid("this app buries nothing: the message comes again"))
    }

    async fn renew(&self, _: &QueueName, _: &Receipt, _: Duration) -> Result<Timestamp, PortError> {
        Err(PortError::invalid("the host holds its messages itself"))
    }
}

#[async_trait]
impl Handover for Counted {
    async fn adopt(
        &self,
        _: &QueueName,
        messages: Vec<Delivered>,
        until: Timestamp,
    ) -> Result<Vec<Received>, PortError> {
        let failed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let received = messages.into_iter().map(|message| Received {
            attempt: failed.get(&message.id).copied().unwrap_or_default() + 1,
            receipt: Receipt(message.id.clone()),
            id: MessageId(message.id),
            body: message.text.into(),
            session: message.system.get("SessionId").map(|session| Session::from_key(session.as_str())),
            correlation: message.system.get("CorrelationId").cloned(),
            attributes: message.attributes,
            enqueued: Timestamp::UNIX_EPOCH,
            visible_at: until,
        });
        Ok(received.collect())
    }

    async fn forget(&self, _: &QueueName, receipts: &[Receipt]) -> Result<(), PortError> {
        let mut failed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for receipt in receipts {
            failed.remove(&receipt.0);
        }
        Ok(())
    }
}
