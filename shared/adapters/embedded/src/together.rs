//! What the engine's thread, readers and callers share. The test `together` tries every order of their steps: it compiles
//! this file over loom, whose `sync` stands for the one of this crate.

use crate::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

/// Things that are lent out one at a time, until it is closed: then none is kept any more.
#[derive(Debug)]
pub(crate) struct Pool<T> {
    idle: Mutex<Option<Vec<T>>>,
}

impl<T> Pool<T> {
    /// Open, and empty.
    pub fn new() -> Self {
        Self { idle: Mutex::new(Some(Vec::new())) }
    }

    /// One that nobody uses.
    pub fn take(&self) -> Option<T> {
        self.idle().as_mut()?.pop()
    }

    /// Keeps it for the next, unless the pool was closed meanwhile: then it goes.
    pub fn give(&self, one: T) {
        let gone = match &mut *self.idle() {
            Some(idle) => {
                idle.push(one);
                None
            }
            None => Some(one),
        };
        // Not under the lock: closing a connection takes time.
        drop(gone);
    }

    /// Lets all go that nobody uses; what is used goes when it comes back.
    pub fn close(&self) {
        let gone = self.idle().take();
        drop(gone);
    }

    fn idle(&self) -> MutexGuard<'_, Option<Vec<T>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the last transaction failed.
#[derive(Debug)]
pub(crate) struct Standing(AtomicBool);

impl Standing {
    /// Nothing has failed.
    pub fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    /// Notes how a transaction ended, and only then answers those whose work was in it: who learns of a failure finds it
    /// noted.
    pub fn ended<T>(&self, failed: bool, answer: impl FnOnce() -> T) -> T {
        self.0.store(failed, Ordering::Release);
        answer()
    }

    pub fn is_failing(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}
