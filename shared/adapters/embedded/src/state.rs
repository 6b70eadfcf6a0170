//! The engine's memory: queues, holds, ids. Changes are noted while a transaction runs and undone when it fails.

use std::collections::{BTreeSet, HashMap, HashSet};

use pointsman_core::{
    port::{PortError, QueueName},
    telemetry,
};

use crate::{
    dedup::Dedup,
    holds::Hold,
    queues::{Loose, QueueState},
    sessions::{Lane, Slot},
};

/// Everything that the engine keeps in memory.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub queues: Vec<QueueState>,
    names: HashMap<QueueName, usize>,
    pub holds: HashMap<u64, Hold>,
    /// When each hold runs out.
    pub expiries: BTreeSet<(i64, u64)>,
    /// Told apart from those of an earlier run.
    pub epoch: u64,
    pub last_hold: u64,
    /// Next id of a message or record version; never used again, also not after a restart.
    pub next_id: i64,
    /// Ids below it are reserved on disk.
    pub high: i64,
    pub next_session: i64,
    pub next_body: i64,
    /// When what is forgotten is removed next, in ms.
    pub next_sweep: i64,
    /// The last one left some.
    pub sweep_left: bool,
    pub dedup: Dedup,
    /// Dead letters of this transaction: of which queue, and why.
    pub died: Vec<(usize, String)>,
    undo: Vec<Undo>,
}

/// How one thing was before.
#[derive(Debug)]
enum Undo {
    Lane(usize, Slot, Option<Lane>),
    Hold(u64, Hold),
    Loose(usize, Loose),
    Returned(usize, i64, bool),
    High(i64),
}

impl State {
    /// The queue's place, or `NotFound` with the known names.
    pub fn queue(&self, name: &QueueName) -> Result<usize, PortError> {
        self.names.get(name).copied().ok_or_else(|| {
            let mut known: Vec<_> =
                self.queues.iter().map(|queue| &queue.name).filter(|name| !name.is_dead_letters()).collect();
            known.sort();
            let known: Vec<_> = known.iter().map(|name| name.as_str()).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            PortError::not_found(format!("there is no queue `{name}`; known queues: {known}"))
        })
    }

    pub fn add_queue(&mut self, queue: QueueState) -> usize {
        self.names.insert(queue.name.clone(), self.queues.len());
        self.queues.push(queue);
        self.queues.len() - 1
    }

    /// Takes a new session in.
    pub fn insert_lane(&mut self, queue: usize, lane: Lane) -> Slot {
        let slot = self.queues[queue].sessions.insert(lane);
        self.undo.push(Undo::Lane(queue, slot, None));
        slot
    }

    /// Changes a session; when it is left without messages it goes, and its row's id is returned.
    pub fn change_lane(&mut self, queue: usize, slot: Slot, how: impl FnOnce(&mut Lane)) -> Option<i64> {
        let sessions = &mut self.queues[queue].sessions;
        self.undo.push(Undo::Lane(queue, slot, sessions.get(slot).cloned()));
        sessions.change(slot, how)
    }

    /// Changes the figures of a queue's unordered messages.
    pub fn change_loose(&mut self, queue: usize, how: impl FnOnce(&mut Loose)) {
        let loose = &mut self.queues[queue].loose;
        self.undo.push(Undo::Loose(queue, *loose));
        how(loose);
    }

    /// An unordered message at or before the cursor can be handed out (again), or no more.
    pub fn set_returned(&mut self, queue: usize, id: i64, returned: bool) {
        let set = &mut self.queues[queue].returned;
        let changed = if returned { set.insert(id) } else { set.remove(&id) };
        if changed {
            self.undo.push(Undo::Returned(queue, id, !returned));
        }
    }

    /// Puts a new hold in.
    pub fn insert_hold(&mut self, id: u64, hold: Hold) {
        self.expiries.insert((hold.expires, id));
        self.holds.insert(id, hold);
    }

    /// Changes a hold; one with nothing left in it goes.
    pub fn change_hold(&mut self, id: u64, how: impl FnOnce(&mut Hold)) {
        let Some(mut hold) = self.holds.remove(&id) else { return };
        self.undo.push(Undo::Hold(id, hold.clone()));
        self.expiries.remove(&(hold.expires, id));
        how(&mut hold);
        if hold.left() > 0 {
            self.insert_hold(id, hold);
        }
    }

    /// What receivers hold of a queue.
    pub fn in_hands(&self, queue: usize) -> HashSet<i64> {
        let holds = self.holds.values().filter(|hold| hold.queue == queue);
        holds.flat_map(|hold| hold.messages.iter().filter(|held| !held.settled).map(|held| held.id)).collect()
    }

    /// Reserves ids on disk; the caller writes it there.
    pub fn raise_high(&mut self, high: i64) {
        self.undo.push(Undo::High(self.high));
        self.high = high;
    }

    /// What was changed stays: the transaction is on disk.
    pub fn keep(&mut self) {
        self.undo.clear();
        self.dedup.keep();
        for (queue, reason) in self.died.drain(..) {
            telemetry::died(&self.queues[queue].name, &reason);
        }
    }

    /// What was changed is set back: the transaction failed.
    pub fn undo(&mut self) {
        self.dedup.undo();
        self.died.clear();
        for undo in std::mem::take(&mut self.undo).into_iter().rev() {
            match undo {
                Undo::Lane(queue, slot, old) => self.queues[queue].sessions.restore(slot, old),
                Undo::Hold(id, old) => {
                    if let Some(now) = self.holds.remove(&id) {
                        self.expiries.remove(&(now.expires, id));
                    }
                    self.insert_hold(id, old);
                }
                Undo::Loose(queue, old) => self.queues[queue].loose = old,
                Undo::Returned(queue, id, true) => {
                    self.queues[queue].returned.insert(id);
                }
                Undo::Returned(queue, id, false) => {
                    self.queues[queue].returned.remove(&id);
                }
                Undo::High(old) => self.high = old,
            }
        }
    }
}
