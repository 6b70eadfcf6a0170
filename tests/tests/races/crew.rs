//! Invocations in flight, with the worker host's rules: a session's waiting batch is one run; what is not done comes back.

use std::{collections::VecDeque, pin::Pin, time::Duration};

use pointsman_core::{
    outcome::{Outcome, settle},
    port::{Abandon, Ask, ErrorKind, Received},
};
use pointsman_release_automator::{self as automator, Automator};
use pointsman_release_orchestrator::{self as orchestrator, Orchestrator};

use crate::{
    gate,
    world::{Stage, World},
};

const MAX_ATTEMPTS: u32 = 5;

type Running = Pin<Box<dyn Future<Output = Outcome<()>>>>;
type Process = (Orchestrator, Automator);

/// One session's batch in one process.
pub struct Run {
    stage: Stage,
    process: Process,
    turn: Vec<Received>,
    later: VecDeque<Received>,
    /// The first so many of `later` are handled one by one.
    apart: usize,
    running: Running,
}

/// All that is in flight, and processes that wait for work: what they remember is worth something.
#[derive(Default)]
pub struct Crew {
    pub runs: Vec<Run>,
    idle: Vec<(Stage, Process)>,
}

impl Crew {
    /// Takes a batch, if one is there; whether there was.
    pub async fn begin(&mut self, stage: Stage, world: &World) -> bool {
        let ask = Ask { max: 100, wait: Duration::ZERO, visibility: None, session: None, sessions: Some(1) };
        let batch = world.store.receiver.receive(&stage.queue(), ask).await.unwrap();
        if batch.is_empty() {
            return false;
        }
        let found = self.idle.iter().position(|(of, _)| *of == stage);
        let process = found.map_or_else(|| world.process(), |at| self.idle.swap_remove(at).1);
        self.runs.push(Run::of(stage, process, batch.into()));
        true
    }

    /// Lets one run go on to its next call, or to its end.
    pub async fn step(&mut self, at: usize, world: &World) {
        let run = &mut self.runs[at];
        if let Some(outcome) = gate::step(&mut run.running, &world.stopped).await {
            world.rules.note(format!("{:?} {} ended: {outcome:?}", run.stage, run.turn.len()));
            let run = self.runs.swap_remove(at);
            match run.settle(outcome, world).await {
                Ok(next) => self.runs.push(next),
                Err(idle) => self.idle.push(idle),
            }
        }
    }

    /// Whether a run of this stage is in flight.
    pub fn is_at(&self, stage: Stage) -> bool {
        self.runs.iter().any(|run| run.stage == stage)
    }

    /// A process dies in the middle; what it held comes back when its hold is over.
    pub fn kill(&mut self, at: usize, world: &World) {
        let run = self.runs.swap_remove(at);
        world.rules.note(format!("{:?} is killed", run.stage));
    }
}

impl Run {
    fn of(stage: Stage, process: Process, hand: VecDeque<Received>) -> Self {
        let none: Running = Box::pin(async { Outcome::Done(()) });
        Self { stage, process, turn: Vec::new(), later: hand, apart: 0, running: none }.next()
    }

    /// The next turn: all that nobody failed on yet, or one alone.
    fn next(mut self) -> Self {
        let fresh = self.later.iter().take_while(|message| message.attempt == 1).count();
        let count = if self.apart > 0 { 1 } else { fresh.max(1) };
        self.apart = self.apart.saturating_sub(1);
        self.turn = self.later.drain(..count).collect();
        let (batch, attempt) = (self.turn.clone(), self.turn[0].attempt);
        self.running = match self.stage {
            Stage::Orchestrator => {
                let stage = self.process.0.clone();
                Box::pin(async move {
                    ended(settle(orchestrator::handle(&batch, &stage).await, attempt, MAX_ATTEMPTS))
                })
            }
            Stage::Automator => {
                let stage = self.process.1.clone();
                Box::pin(async move {
                    ended(settle(automator::handle(&batch, &stage).await, attempt, MAX_ATTEMPTS))
                })
            }
        };
        self
    }

    /// Tells the queue; what it no longer takes in comes again. The next turn, or the process that is free now.
    async fn settle(mut self, outcome: Outcome<()>, world: &World) -> Result<Self, (Stage, Process)> {
        let (queue, receiver) = (self.stage.queue(), &world.store.receiver);
        match outcome {
            Outcome::Done(()) | Outcome::Skipped(_) => {
                let receipts: Vec<_> = self.turn.iter().map(|message| message.receipt.clone()).collect();
                receiver.complete(&queue, &receipts).await;
            }
            Outcome::Rejected(_) if self.turn.len() > 1 => {
                self.apart = self.turn.len();
                self.turn.drain(..).rev().for_each(|message| self.later.push_front(message));
            }
            Outcome::Rejected(why) => {
                let _ = receiver.dead_letter(&queue, &self.turn[0].receipt, "failed", &why.detail).await;
            }
            Outcome::Retry { after, cause } => {
                let throttled = matches!(cause.kind, ErrorKind::Throttled { .. });
                let failed = (!throttled).then(|| cause.to_string());
                for message in self.turn[1..].iter().chain(&self.later).rev() {
                    let _ = receiver.abandon(&queue, &message.receipt, Abandon::untouched()).await;
                }
                let _ = receiver.abandon(&queue, &self.turn[0].receipt, Abandon { after, failed }).await;
                self.later.clear();
            }
        }
        if self.later.is_empty() { Err((self.stage, self.process)) } else { Ok(self.next()) }
    }
}

fn ended<T>(outcome: Outcome<T>) -> Outcome<()> {
    match outcome {
        Outcome::Done(_) => Outcome::Done(()),
        Outcome::Skipped(why) => Outcome::Skipped(why),
        Outcome::Retry { after, cause } => Outcome::Retry { after, cause },
        Outcome::Rejected(why) => Outcome::Rejected(why),
    }
}
