//! Every order in which threads can take their steps over what they share, tried by loom.

#[path = "../src/together.rs"]
mod together;

/// What the shared file stands on here.
mod sync {
    pub use std::sync::PoisonError;

    pub use loom::sync::{Mutex, MutexGuard, atomic};
}

use std::sync::atomic::{AtomicUsize, Ordering};

use loom::{
    sync::{Arc, mpsc},
    thread,
};

use together::{Pool, Standing};

/// A connection: how many are open is counted, by what is no step of the model.
struct Open(std::sync::Arc<AtomicUsize>);

impl Open {
    fn new(count: &std::sync::Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count.clone())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[test]
fn nothing_stays_open_once_a_pool_is_closed_whoever_still_reads() {
    loom::model(|| {
        let (open, pool) = (std::sync::Arc::new(AtomicUsize::new(0)), Arc::new(Pool::new()));
        let readers: Vec<_> = (0..2)
            .map(|_| {
                let (open, pool) = (open.clone(), pool.clone());
                thread::spawn(move || {
                    let one = pool.take().unwrap_or_else(|| Open::new(&open));
                    pool.give(one);
                })
            })
            .collect();
        pool.close();
        readers.into_iter().for_each(|reader| reader.join().unwrap());
        assert_eq!(open.load(Ordering::SeqCst), 0);
    });
}

#[test]
fn nobody_has_what_another_has() {
    loom::model(|| {
        let (open, pool) = (std::sync::Arc::new(AtomicUsize::new(0)), Arc::new(Pool::new()));
        pool.give(Open::new(&open));
        let taken = pool.clone();
        let other = thread::spawn(move || taken.take().is_some());
        let here = pool.take().is_some();
        assert!(here != other.join().unwrap(), "one of two has it");
    });
}

#[test]
fn who_learns_that_a_transaction_failed_finds_the_store_failing() {
    loom::model(|| {
        let standing = Arc::new(Standing::new());
        let (answer, answered) = mpsc::channel();
        let engine = {
            let standing = standing.clone();
            thread::spawn(move || standing.ended(true, || answer.send(()).unwrap()))
        };
        answered.recv().unwrap();
        assert!(standing.is_failing());
        engine.join().unwrap();
    });
}
