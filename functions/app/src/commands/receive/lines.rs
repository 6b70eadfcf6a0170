//! Events as JSON lines on stdout: each written whole, then completed in groups. For a slow reader what it has not taken
//! yet is renewed; when it is gone, what was not printed is given back.

use std::{
    collections::VecDeque,
    io::{self, Write as _},
    pin::{Pin, pin},
    sync::mpsc,
    thread,
    time::Duration,
};

use anyhow::Result;
use pointsman_core::{
    outcome::wait,
    port::{Abandon, Ask, ErrorKind, PortError, Receipt, Received},
};
use tokio::{
    sync::oneshot,
    time::{Instant, sleep, sleep_until},
};

use super::Work;
use pointsman_core::stored::whole;

/// As many as are taken, and then completed, at a time.
const GROUP: usize = 64;
/// How long one receive waits with `--follow`, and so how long a stop may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// How the printing of a group ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// With its last one, or one that has no data to be had: more may follow.
    Group,
    /// Ctrl-C, or nobody reads any more.
    Stop,
}

/// Prints until there is no more, `max` were printed, the reader is gone, or it is stopped. With `--follow` a server that
/// restarts is waited for.
pub async fn run(work: Work<'_>, stop: impl Future<Output = ()>) -> Result<()> {
    let mut stop = pin!(stop);
    let printer = Printer::start();
    let mut left = work.max.unwrap_or(u64::MAX);
    while left > 0 {
        match round(&work, &printer, stop.as_mut(), &mut left).await {
            Ok(End::Group) => {}
            Ok(End::Stop) => break,
            Err(error)
                if work.follow
                    && matches!(error.kind, ErrorKind::Unavailable | ErrorKind::Throttled { .. }) =>
            {
                tracing::warn!(%error, "nothing can be received now; trying again");
                tokio::select! {
                    () = sleep(PATIENCE) => {}
                    () = &mut stop => break,
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Takes a group, prints it, settles it.
async fn round(
    work: &Work<'_>,
    printer: &Printer,
    mut stop: Pin<&mut impl Future<Output = ()>>,
    left: &mut u64,
) -> Result<End, PortError> {
    let max = usize::try_from(*left).unwrap_or(GROUP).min(GROUP);
    let patience = if work.follow { PATIENCE } else { Duration::ZERO };
    let ask = Ask {
        max,
        wait: patience,
        visibility: Some(work.settings.visibility),
        session: None,
        sessions: None,
    };
    let mut receiving = work.store.receiver.receive(&work.queue, ask);
    // Never dropped half-way: what was taken by then would be held by nobody until it expires.
    let (received, stopped) = tokio::select! {
        received = &mut receiving => (received?, false),
        () = &mut stop => (receiving.await?, true),
    };
    if received.is_empty() && !stopped {
        return Ok(if work.follow { End::Group } else { End::Stop });
    }
    let mut group = Group { work, open: received.into(), printed: Vec::new(), count: 0 };
    let end = if stopped { Ok(End::Stop) } else { group.print(printer, stop).await };
    let settled = group.settle().await;
    *left -= group.count;
    settled.and(end)
}

/// Messages that were taken together.
struct Group<'w> {
    work: &'w Work<'w>,
    open: VecDeque<Received>,
    printed: Vec<Receipt>,
    count: u64,
}

impl Group<'_> {
    async fn print(
        &mut self,
        printer: &Printer,
        mut stop: Pin<&mut impl Future<Output = ()>>,
    ) -> Result<End, PortError> {
        let half = self.work.settings.visibility / 2;
        let mut renewal = Instant::now() + half;
        while let Some(message) = self.open.front() {
            let event = match whole(&*self.work.store.archive, message.body.clone()).await {
                Ok(event) => event,
                Err(error) => return self.unprintable(&error).await.map(|()| End::Group),
            };
            let mut printing = printer.print(line(&event));
            loop {
                tokio::select! {
                    biased;
                    printed = &mut printing => match printed {
                        Ok(Ok(())) => break,
                        Ok(Err(error)) => return gone(&error),
                        Err(_) => return Ok(End::Stop),
                    },
                    () = &mut stop => return Ok(End::Stop),
                    () = sleep_until(renewal) => {
                        self.complete().await?;
                        self.renew().await?;
                        renewal = Instant::now() + half;
                    }
                }
            }
            self.count += 1;
            self.printed.extend(self.open.pop_front().map(|message| message.receipt));
        }
        Ok(End::Group)
    }

    /// One whose data cannot be had has failed. Later ones of its session go back before it does.
    async fn unprintable(&mut self, error: &PortError) -> Result<(), PortError> {
        let Some(message) = self.open.pop_front() else { return Ok(()) };
        tracing::warn!(message = message.id.0, %error, "a message could not be printed");
        self.give_back().await?;
        let how = Abandon::failed(error.to_string(), wait(message.attempt));
        known(self.work.store.receiver.abandon(&self.work.queue, &message.receipt, how).await)
    }

    /// What was printed is done with, what was not goes back.
    async fn settle(&mut self) -> Result<(), PortError> {
        self.complete().await?;
        self.give_back().await
    }

    async fn complete(&mut self) -> Result<(), PortError> {
        let receipts = std::mem::take(&mut self.printed);
        if receipts.is_empty() {
            return Ok(());
        }
        let results = self.work.store.receiver.complete(&self.work.queue, &receipts).await;
        results.into_iter().try_for_each(known)
    }

    /// Last to first: nobody may get a later one of a session first.
    async fn give_back(&mut self) -> Result<(), PortError> {
        while let Some(message) = self.open.pop_back() {
            let receiver = &self.work.store.receiver;
            known(receiver.abandon(&self.work.queue, &message.receipt, Abandon::untouched()).await)?;
        }
        Ok(())
    }

    async fn renew(&mut self) -> Result<(), PortError> {
        for message in &self.open {
            let (receiver, visibility) = (&self.work.store.receiver, self.work.settings.visibility);
            known(receiver.renew(&self.work.queue, &message.receipt, visibility).await.map(drop))?;
        }
        Ok(())
    }
}

/// A hold that was lost is no failure of ours: the message comes again.
fn known(result: Result<(), PortError>) -> Result<(), PortError> {
    match result {
        Err(error) if error.kind == ErrorKind::Conflict => {
            tracing::warn!(%error, "a message was held too long; it comes again");
            Ok(())
        }
        other => other,
    }
}

fn gone(error: &io::Error) -> Result<End, PortError> {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Ok(End::Stop);
    }
    Err(PortError::internal(format!("stdout cannot be written to: {error}")))
}

/// One event is one line. In JSON a raw CR or LF can only stand between tokens.
fn line(event: &[u8]) -> Vec<u8> {
    let space = |&byte: &u8| if byte == b'\n' || byte == b'\r' { b' ' } else { byte };
    event.iter().map(space).chain([b'\n']).collect()
}

/// Writes to stdout in a thread of its own, since a reader may let it wait for ever.
struct Printer {
    lines: mpsc::Sender<(Vec<u8>, oneshot::Sender<io::Result<()>>)>,
}

impl Printer {
    fn start() -> Self {
        let (lines, queue) = mpsc::channel::<(Vec<u8>, oneshot::Sender<io::Result<()>>)>();
        thread::spawn(move || {
            let mut out = io::stdout().lock();
            for (line, done) in queue {
                let written = out.write_all(&line).and_then(|()| out.flush());
                if done.send(written).is_err() {
                    return;
                }
            }
        });
        Self { lines }
    }

    fn print(&self, line: Vec<u8>) -> oneshot::Receiver<io::Result<()>> {
        let (done, printed) = oneshot::channel();
        // A printer that has ended drops `done`, which is told to the receiver.
        let _ = self.lines.send((line, done));
        printed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_and_its_strings_are_untouched() {
        let event = "{\"data\":{\r\n  \"a\": \"x\\ny é\"\n}}";
        assert_eq!(
            String::from_utf8(line(event.as_bytes())).unwrap(),
            "{\"data\":{    \"a\": \"x\\ny é\" }}\n"
        );
    }
}
