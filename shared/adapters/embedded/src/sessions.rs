//! The sessions of one queue in memory: never their messages, only how many there are and which is the oldest.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

/// Stands for "no message known".
pub(crate) const NONE: i64 = i64::MAX;

/// A session's place in [`Sessions`].
pub(crate) type Slot = u32;

/// One session that has messages.
#[derive(Debug, Clone)]
pub(crate) struct Lane {
    pub name: Arc<str>,
    /// Its row's id.
    pub id: i64,
    /// Its messages, the held ones among them.
    pub count: u64,
    /// The oldest message that nobody holds, or [`NONE`].
    pub first: i64,
    /// The hold on it, or 0.
    pub hold: u64,
    /// Not handed out before this time (ms), or 0.
    pub until: i64,
    /// How many of its messages were given back with a time.
    pub late: u64,
    /// The first message that is held for a person, or [`NONE`]: it and what comes after it is not handed out.
    pub stuck: i64,
}

/// All sessions of a queue, with those that can be handed out in order of their oldest message.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    lanes: Vec<Option<Lane>>,
    free: Vec<Slot>,
    names: HashMap<Arc<str>, Slot>,
    ready: BTreeSet<(i64, Slot)>,
    delayed: BTreeSet<(i64, Slot)>,
}

impl Sessions {
    pub fn find(&self, name: &str) -> Option<Slot> {
        self.names.get(name).copied()
    }

    pub fn get(&self, slot: Slot) -> Option<&Lane> {
        self.lanes.get(slot as usize)?.as_ref()
    }

    /// The first session to hand out.
    pub fn oldest_ready(&self) -> Option<(i64, Slot)> {
        self.ready.first().copied()
    }

    pub fn is_ready(&self, slot: Slot) -> bool {
        self.get(slot).is_some_and(|lane| lane.hold == 0 && lane.until == 0 && lane.first < lane.stuck)
    }

    /// When the next delayed session is due.
    pub fn next_due(&self) -> Option<i64> {
        self.delayed.first().map(|(until, _)| *until)
    }

    pub fn delayed(&self) -> impl Iterator<Item = &Lane> {
        self.delayed.iter().filter_map(|(_, slot)| self.get(*slot))
    }

    pub fn iter(&self) -> impl Iterator<Item = (Slot, &Lane)> {
        (0..).zip(&self.lanes).filter_map(|(slot, lane)| Some((slot, lane.as_ref()?)))
    }

    /// Takes a session in; it must not be known yet.
    pub fn insert(&mut self, lane: Lane) -> Slot {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.lanes.push(None);
            Slot::try_from(self.lanes.len() - 1).expect("fewer than 2^32 sessions")
        });
        self.put(slot, lane);
        slot
    }

    /// Changes a session; one that is left without messages goes, and its row's id is returned.
    pub fn change(&mut self, slot: Slot, how: impl FnOnce(&mut Lane)) -> Option<i64> {
        let mut lane = self.take(slot)?;
        how(&mut lane);
        if lane.count == 0 && lane.hold == 0 {
            self.free.push(slot);
            return Some(lane.id);
        }
        self.put(slot, lane);
        None
    }

    /// Sets a slot back to what it held before, changes undone in the reverse of their order.
    pub fn restore(&mut self, slot: Slot, old: Option<Lane>) {
        let was_free = self.take(slot).is_none();
        match old {
            Some(lane) => {
                if was_free {
                    let freed = self.free.pop();
                    debug_assert_eq!(freed, Some(slot));
                }
                self.put(slot, lane);
            }
            None => self.free.push(slot),
        }
    }

    /// Delayed sessions whose time has come are ready.
    pub fn wake(&mut self, now: i64) {
        while let Some((until, slot)) = self.delayed.first().copied()
            && until <= now
        {
            self.change(slot, |lane| (lane.until, lane.late) = (0, 0));
        }
    }

    fn put(&mut self, slot: Slot, lane: Lane) {
        if lane.hold == 0 {
            match lane.until {
                0 if lane.first < lane.stuck => self.ready.insert((lane.first, slot)),
                // It waits for a person.
                0 => false,
                until => self.delayed.insert((until, slot)),
            };
        }
        self.names.insert(lane.name.clone(), slot);
        self.lanes[slot as usize] = Some(lane);
    }

    fn take(&mut self, slot: Slot) -> Option<Lane> {
        let lane = self.lanes.get_mut(slot as usize)?.take()?;
        self.ready.remove(&(lane.first, slot));
        self.delayed.remove(&(lane.until, slot));
        self.names.remove(&lane.name);
        Some(lane)
    }
}
