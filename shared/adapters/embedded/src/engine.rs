//! The engine: one thread owns the writing connection and the memory. What is waiting for it becomes one transaction
//! with one sync to disk (group commit); answers go out after it.

use std::{
    io,
    sync::Arc,
    thread::{Builder, JoinHandle},
};

use pointsman_core::port::{Clock, PortError};
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot, watch};

use crate::{
    fault::Fault,
    lock::Lock,
    log::{LONG, Log},
    receive::Waiter,
    state::State,
    times::millis,
    together::Standing,
    writer::Writer,
};

/// At most this many operations, of about this many bytes, become one transaction.
const MOST_OPS: usize = 1024;
const MOST_BYTES: usize = 16 << 20;

/// How many operations may wait before callers have to.
const WAITING: usize = 1024;

/// After a failed transaction, what only time asks for is tried again this much later (ms).
const RETRY: i64 = 500;

/// Something to write. Runs inside the transaction, is answered after it.
pub(crate) trait Job: Send {
    fn run(&mut self, writer: &mut Writer<'_>) -> rusqlite::Result<()>;
    fn answer(self: Box<Self>, committed: Result<(), &Fault>);
}

/// A look at disk and memory, and the time.
type Look = Box<dyn FnOnce(&Connection, &mut State, i64) + Send>;

/// What the engine is asked to do.
pub(crate) enum Op {
    /// Write; `usize` = about how many bytes.
    Write(Box<dyn Job>, usize),
    /// Look at memory and disk, between transactions.
    Look(Look),
    /// Take messages, or wait for some.
    Receive(Waiter),
    /// Time went on: see what is due.
    Tick,
    /// Finish what came before, and end.
    Close(oneshot::Sender<()>),
}

/// A caller's end of the engine.
#[derive(Clone)]
pub(crate) struct Engine {
    ops: mpsc::Sender<Op>,
    standing: Arc<Standing>,
}

impl Engine {
    /// Starts the thread, which keeps the lock until the database is closed. The receiver tells when time alone will make
    /// something ready that somebody waits for.
    pub fn start(
        (conn, state, lock): (Connection, State, Lock),
        clock: Arc<dyn Clock>,
    ) -> io::Result<(Self, watch::Receiver<Option<i64>>, JoinHandle<()>)> {
        let (ops, inbox) = mpsc::channel(WAITING);
        let (alarm, due) = watch::channel(None);
        let standing = Arc::new(Standing::new());
        let log = Log::of(&conn, LONG);
        let thread = Thread { conn, log, state, clock, alarm, standing: standing.clone(), lock };
        let thread = Builder::new().name("pointsman-store".into()).spawn(move || thread.run(inbox))?;
        Ok((Self { ops, standing }, due, thread))
    }

    /// Whether the last transaction failed.
    pub fn is_failing(&self) -> bool {
        self.standing.is_failing()
    }

    pub async fn send(&self, op: Op) -> Result<(), PortError> {
        self.ops.send(op).await.map_err(|_| closed())
    }

    /// Without waiting, from where nothing can be awaited; `false` if the engine is too busy or gone.
    pub fn try_send(&self, op: Op) -> bool {
        self.ops.try_send(op).is_ok()
    }

    /// Runs `work` in the next transaction; its answer comes when that is on disk.
    pub async fn write<T: Send + 'static>(
        &self,
        weight: usize,
        work: impl FnOnce(&mut Writer<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, PortError> {
        let (reply, answer) = oneshot::channel();
        let job = Work { work: Some(work), done: None, reply };
        self.send(Op::Write(Box::new(job), weight)).await?;
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Runs `look` between transactions.
    pub async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Connection, &mut State, i64) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, PortError> {
        let (reply, answer) = oneshot::channel();
        let op = move |conn: &Connection, state: &mut State, now: i64| {
            let found = look(conn, state, now).map_err(|error| Fault::new(&error).to_error());
            // Who asked may have gone.
            let _ = reply.send(found);
        };
        self.send(Op::Look(Box::new(op))).await?;
        answer.await.unwrap_or_else(|_| Err(closed()))
    }
}

pub(crate) fn closed() -> PortError {
    PortError::unavailable("the store is closed; try again once the program runs again")
}

struct Work<F, T> {
    work: Option<F>,
    done: Option<T>,
    reply: oneshot::Sender<Result<T, PortError>>,
}

impl<F, T: Send> Job for Work<F, T>
where
    F: FnOnce(&mut Writer<'_>) -> rusqlite::Result<T> + Send,
{
    fn run(&mut self, writer: &mut Writer<'_>) -> rusqlite::Result<()> {
        let work = self.work.take().expect("a job runs once");
        self.done = Some(work(writer)?);
        Ok(())
    }

    fn answer(self: Box<Self>, committed: Result<(), &Fault>) {
        let answer = match (committed, self.done) {
            (Ok(()), Some(done)) => Ok(done),
            (Err(fault), _) => Err(fault.to_error()),
            (Ok(()), None) => Err(PortError::internal("the store committed work that did not run")),
        };
        // Who asked may have gone.
        let _ = self.reply.send(answer);
    }
}

struct Thread {
    conn: Connection,
    log: Log,
    state: State,
    clock: Arc<dyn Clock>,
    alarm: watch::Sender<Option<i64>>,
    standing: Arc<Standing>,
    lock: Lock,
}

/// One round's operations, by kind.
#[derive(Default)]
struct Round {
    jobs: Vec<Box<dyn Job>>,
    looks: Vec<Look>,
    receives: Vec<Waiter>,
    close: Option<oneshot::Sender<()>>,
}

impl Round {
    /// Takes what waits, within the bounds of one transaction.
    fn gather(first: Op, inbox: &mut mpsc::Receiver<Op>) -> Self {
        let mut round = Self::default();
        let (mut ops, mut bytes, mut next) = (0, 0, Some(first));
        while let Some(op) = next.take() {
            ops += 1;
            match op {
                Op::Write(job, weight) => {
                    bytes += weight;
                    round.jobs.push(job);
                }
                Op::Look(look) => round.looks.push(look),
                Op::Receive(waiter) => round.receives.push(waiter),
                Op::Tick => {}
                Op::Close(done) => {
                    round.close = Some(done);
                    return round;
                }
            }
            if ops < MOST_OPS && bytes < MOST_BYTES {
                next = inbox.try_recv().ok();
            }
        }
        round
    }
}

impl Thread {
    fn run(mut self, mut inbox: mpsc::Receiver<Op>) {
        while let Some(op) = inbox.blocking_recv() {
            let round = Round::gather(op, &mut inbox);
            if let Some(done) = self.turn(round) {
                inbox.close();
                self.close();
                // Who asked may have gone.
                let _ = done.send(());
                return;
            }
        }
        self.close();
    }

    fn turn(&mut self, round: Round) -> Option<oneshot::Sender<()>> {
        let now = millis(self.clock.now());
        self.state.wake(now);
        if !round.jobs.is_empty() || self.state.is_due(now) {
            self.transact(round.jobs, now);
            self.log.bound(&self.conn);
        }
        for look in round.looks {
            look(&self.conn, &mut self.state, now);
        }
        if !round.receives.is_empty() || self.state.can_serve() {
            self.hand_out(round.receives, now);
        }
        self.state.keep();
        self.ring(now);
        round.close
    }

    /// One transaction for all jobs: every one of them is on disk, or none.
    fn transact(&mut self, mut jobs: Vec<Box<dyn Job>>, now: i64) {
        self.state.keep();
        let outcome = self.try_transact(&mut jobs, now);
        let fault = outcome.err().map(|error| Fault::new(&error));
        if let Some(fault) = &fault {
            if !self.conn.is_autocommit() {
                // SQLite may have rolled back by itself; then there is nothing to do.
                let _ = self.conn.execute_batch("ROLLBACK");
            }
            self.state.undo();
            tracing::warn!(operations = jobs.len(), "{fault}");
        }
        self.state.keep();
        self.standing.ended(fault.is_some(), || {
            for job in jobs {
                job.answer(fault.as_ref().map_or(Ok(()), Err));
            }
        });
    }

    fn try_transact(&mut self, jobs: &mut [Box<dyn Job>], now: i64) -> rusqlite::Result<()> {
        self.conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let mut writer = Writer { conn: &self.conn, state: &mut self.state, now };
        writer.due()?;
        for job in jobs {
            job.run(&mut writer)?;
        }
        self.conn.prepare_cached("COMMIT")?.execute([])?;
        Ok(())
    }

    /// In one read transaction, so that the database's locks are taken once, not for each session.
    fn hand_out(&mut self, receives: Vec<Waiter>, now: i64) {
        let began = self.conn.prepare_cached("BEGIN").and_then(|mut begin| begin.execute([]));
        self.state.hand_out(&self.conn, receives, now);
        if began.is_ok() {
            let ended = self.conn.prepare_cached("COMMIT").and_then(|mut commit| commit.execute([]));
            if let Err(error) = ended {
                tracing::warn!("a read transaction did not end ({error})");
            }
        }
    }

    /// Tells the alarm when time alone will make something ready that somebody waits for.
    fn ring(&self, now: i64) {
        let mut due = self.state.next_alarm();
        if self.standing.is_failing() {
            due = due.map(|due| due.max(now + RETRY));
        }
        self.alarm.send_if_modified(|old| {
            let changed = *old != due || due.is_some_and(|due| due <= now);
            *old = due;
            changed
        });
    }

    fn close(self) {
        // Who waits learns now that nothing comes any more.
        drop(self.state);
        if let Err(error) = self.conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)") {
            tracing::warn!(
                "the store's log could not be folded in at the end ({error}); the next start does it"
            );
        }
        drop(self.conn);
        if let Err(error) = self.lock.release() {
            tracing::warn!("the lock file could not be emptied ({error}); it is free all the same");
        }
    }
}
