//! What was done of batches that failed. The host hands the whole batch out again; what was done or is a dead letter already
//! is not handled a second time, as far as this process knows.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// So many are remembered; after that the oldest are handled again, as after a restart.
const MOST: usize = 10_000;

/// Messages of failed batches that are done with.
#[derive(Debug, Default)]
pub struct Handled(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    known: HashSet<String>,
    order: VecDeque<String>,
}

impl Handled {
    /// Those of these that are done with.
    pub(super) fn of(&self, keys: &[String]) -> HashSet<String> {
        let state = self.state();
        keys.iter().filter(|key| state.known.contains(*key)).cloned().collect()
    }

    /// These are done with, and come again.
    pub(super) fn add(&self, keys: impl Iterator<Item = String>) {
        let mut state = self.state();
        for key in keys {
            if state.known.insert(key.clone()) {
                state.order.push_back(key);
            }
        }
        while state.order.len() > MOST {
            let oldest = state.order.pop_front();
            oldest.map(|oldest| state.known.remove(&oldest));
        }
    }

    /// These do not come again.
    pub(super) fn forget(&self, keys: &[String]) {
        let mut state = self.state();
        let before = state.known.len();
        for key in keys {
            state.known.remove(key);
        }
        if state.known.len() != before {
            let State { known, order } = &mut *state;
            order.retain(|key| known.contains(key));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_so_many_are_remembered_and_the_oldest_go_first() {
        let handled = Handled::default();
        handled.add((0..=MOST).map(|number| number.to_string()));
        let of = |number: usize| handled.of(&[number.to_string()]).len();
        assert_eq!((of(0), of(1), of(MOST)), (0, 1, 1));
        handled.forget(&[MOST.to_string()]);
        assert_eq!((of(MOST), handled.state().order.len()), (0, MOST - 1));
    }
}
