//! The address that the consumer tells of each event: it refuses one in ten, and three times something worse happens.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock},
    thread,
    time::Duration,
};

use fastrand::Rng;
use pointsman_tests::{
    lambda::Function,
    serving::{Asked, Reply, Serving, serve},
};
use serde_json::Value;

/// What goes wrong, by the number of the request.
const TROUBLE: [(usize, Trouble); 3] = [(60, Trouble::Killed), (140, Trouble::Hangs), (220, Trouble::Frozen)];
/// Longer than a handler of a function with `payloads::TIME` may take.
const LONG: Duration = Duration::from_secs(9);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    /// The effect is there, and who asked for it dies before it hears so.
    Killed,
    /// The answer takes longer than the function has.
    Hangs,
    /// Who asked does nothing any more, until Lambda ends it.
    Frozen,
}

/// An event that came.
#[derive(Debug, Clone)]
pub struct Seen {
    pub id: String,
    pub session: String,
    pub body: Vec<u8>,
    /// Whether it took effect: what it does twice, it does once.
    pub done: bool,
}

pub struct Sink {
    pub url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    consumer: Arc<OnceLock<Arc<Function>>>,
    _serving: Serving,
}

impl Sink {
    /// The seed decides which are refused, for each event by itself: not by who comes first.
    pub fn open(seed: u64) -> Self {
        let (seen, consumer) =
            (Arc::<Mutex<Vec<Seen>>>::default(), Arc::<OnceLock<Arc<Function>>>::default());
        let (all, whose) = (seen.clone(), consumer.clone());
        let serving = serve(move |asked| Some(take(asked, &all, whose.get(), seed)));
        Self { url: format!("http://{}", serving.address), seen, consumer, _serving: serving }
    }

    /// Who will be killed and frozen.
    pub fn watch(&self, consumer: &Arc<Function>) {
        let _ = self.consumer.set(consumer.clone());
    }

    /// How many events took effect.
    pub fn effects(&self) -> usize {
        let seen = self.seen.lock().unwrap();
        let mut done: Vec<_> = seen.iter().filter(|it| it.done).map(|it| &it.id).collect();
        done.sort_unstable();
        done.dedup();
        done.len()
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

fn take(asked: Asked, seen: &Mutex<Vec<Seen>>, consumer: Option<&Arc<Function>>, seed: u64) -> Reply {
    let event: HashMap<String, Value> = match serde_json::from_slice(&asked.body) {
        Ok(event) => event,
        // Half a surrogate pair is valid in JSON's grammar and in no Rust string.
        Err(_) => {
            serde_json::from_str(&String::from_utf8_lossy(&asked.body).replace("\\ud", "\\u0")).unwrap()
        }
    };
    let text = |name: &str| event[name].as_str().unwrap().to_owned();
    let (id, session) = (text("id"), text("session"));
    let (trouble, refused) = {
        let mut seen = seen.lock().unwrap();
        let before = seen.iter().filter(|it| it.id == id).count();
        let trouble = TROUBLE.iter().find(|(at, _)| *at == seen.len()).map(|(_, trouble)| *trouble);
        let own = id.bytes().fold(seed, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        let refused = trouble.is_none() && Rng::with_seed(own.wrapping_add(before as u64)).u8(0..10) == 0;
        let done = !refused && trouble != Some(Trouble::Hangs);
        seen.push(Seen { id, session, body: asked.body, done });
        (trouble, refused)
    };
    match (trouble, consumer) {
        (Some(Trouble::Killed), Some(consumer)) => consumer.kill_busy(),
        (Some(Trouble::Frozen), Some(consumer)) => consumer.freeze_busy(),
        (Some(Trouble::Hangs), _) => thread::sleep(LONG),
        _ => {}
    }
    Reply { status: if refused { "503 Service Unavailable" } else { "204 No Content" }, ..Reply::default() }
}
