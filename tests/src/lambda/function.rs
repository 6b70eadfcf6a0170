//! A function: as many processes of its program as are wanted at once; one that has answered is kept warm for the next.

use std::{
    process::Command,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use super::{
    environment::Environment,
    runtime::{Answer, Ended},
};

/// A function that can be invoked from several threads.
pub struct Function {
    name: String,
    command: Box<dyn Fn() -> Command + Send + Sync>,
    time: Duration,
    warm: Mutex<Vec<Arc<Environment>>>,
    busy: Mutex<Vec<Arc<Environment>>>,
    /// Processes that were started.
    starts: AtomicU32,
    /// What processes said that are gone.
    past: Mutex<String>,
}

impl Function {
    /// Of this name and time limit; each of its processes is started by a command.
    pub fn new(name: &str, time: Duration, command: impl Fn() -> Command + Send + Sync + 'static) -> Self {
        Self {
            name: name.to_owned(),
            command: Box::new(command),
            time,
            warm: Mutex::default(),
            busy: Mutex::default(),
            starts: AtomicU32::new(0),
            past: Mutex::default(),
        }
    }

    /// In a process that is idle, or in a new one.
    pub fn invoke(&self, payload: &[u8]) -> Ended {
        self.invoke_within(payload, self.time)
    }

    /// The same with another time limit.
    pub fn invoke_within(&self, payload: &[u8], time: Duration) -> Ended {
        let idle = locked(&self.warm).pop();
        let environment = idle.unwrap_or_else(|| self.cold().into());
        locked(&self.busy).push(environment.clone());
        let ended = environment.invoke(payload, time);
        locked(&self.busy).retain(|other| !Arc::ptr_eq(other, &environment));
        match ended.answer {
            Answer::Done(_) | Answer::Failed { .. } => locked(&self.warm).push(environment),
            Answer::TimedOut | Answer::Exited(_) => *locked(&self.past) += &environment.log(),
        }
        ended
    }

    /// How many processes were started so far.
    pub fn starts(&self) -> u32 {
        self.starts.load(Ordering::Relaxed)
    }

    /// Kills every process that is idle: the next invocations start cold.
    pub fn cool(&self) {
        let warm: Vec<_> = locked(&self.warm).drain(..).collect();
        for environment in warm {
            *locked(&self.past) += &environment.log();
        }
    }

    /// Kills every process that is at work (SIGKILL).
    pub fn kill_busy(&self) {
        locked(&self.busy).iter().for_each(|environment| environment.kill());
    }

    /// Freezes every process that is at work: its time will be over.
    pub fn freeze_busy(&self) {
        locked(&self.busy).iter().for_each(|environment| environment.freeze());
    }

    /// What its processes have said so far, but for those that are at work.
    pub fn log(&self) -> String {
        let warm = locked(&self.warm);
        locked(&self.past).clone() + &warm.iter().map(|environment| environment.log()).collect::<String>()
    }

    fn cold(&self) -> Environment {
        self.starts.fetch_add(1, Ordering::Relaxed);
        let environment = Environment::start((self.command)(), &self.name);
        environment.ready();
        environment
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
