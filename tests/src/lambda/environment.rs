//! One execution environment: a process of a function's program with a Runtime API of its own. Dropped, it is killed.

use std::{
    env, fs,
    io::{self, BufRead as _, BufReader, PipeReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use super::runtime::{Answer, Ended, Runtime};

/// How long Lambda waits for the first ask for work.
const START: Duration = Duration::from_secs(10);

/// A program that was built beside the running test: `target/{profile}/{name}`, such as `intake` or `examples/consumer`.
pub fn program(name: &str) -> PathBuf {
    let test = env::current_exe().expect("a running test has a path");
    let folder = test.parent().and_then(Path::parent).expect("tests run in target/{profile}/deps");
    let program = folder.join(format!("{name}{}", env::consts::EXE_SUFFIX));
    let build = "cargo build --workspace --all-features --bins --examples";
    assert!(program.exists(), "{} is missing: run `{build}` first", program.display());
    program
}

/// A process that answers invocations.
pub struct Environment {
    runtime: Runtime,
    started: Instant,
    child: Arc<Mutex<Child>>,
    log: Arc<Mutex<String>>,
}

impl Environment {
    /// Starts a process of the function of this name, with Lambda's own variables beside the command's.
    pub fn start(mut command: Command, function: &str) -> Self {
        let runtime = Runtime::start(function);
        for (name, value) in [
            ("AWS_LAMBDA_RUNTIME_API", runtime.address.to_string().as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", function),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", &format!("/aws/lambda/{function}")),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "a test's"),
            ("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023"),
        ] {
            command.env(name, value);
        }
        let (says, said) = io::pipe().expect("a pipe");
        let also = said.try_clone().expect("a second end of it");
        command.stdin(Stdio::null()).stdout(said).stderr(also);
        let started = Instant::now();
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        drop(command); // and with it our ends of the pipe
        let (child, log) = (Arc::new(Mutex::new(child)), Arc::<Mutex<String>>::default());
        watch(says, &runtime, child.clone(), log.clone());
        Self { runtime, started, child, log }
    }

    /// Waits until it asks for work; how long that took from the start of the process.
    pub fn ready(&self) -> Duration {
        match self.runtime.ready(START) {
            Ok(ready) => ready.duration_since(self.started),
            Err(why) => panic!("the function does not start: {why}. It says:\n{}", self.log()),
        }
    }

    /// Hands it an event, and waits for its answer. Where its time is over it is killed, as Lambda does.
    pub fn invoke(&self, payload: &[u8], time: Duration) -> Ended {
        let ended = self.runtime.invoke(payload, time);
        if ended.answer == Answer::TimedOut {
            self.kill();
        }
        ended
    }

    /// Kills it (SIGKILL).
    pub fn kill(&self) {
        // An error says that it has ended already.
        let _ = locked(&self.child).kill();
    }

    /// Freezes it (SIGSTOP): it is there and does nothing.
    pub fn freeze(&self) {
        let child = locked(&self.child);
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).expect("a process id");
        // An error says that it has ended already.
        let _ = kill_process(pid, Signal::STOP);
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        locked(&self.child).id()
    }

    /// The most memory that it has had so far, in bytes; none where the system does not tell, or it has ended.
    pub fn peak_memory(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.trim().strip_suffix(" kB")?.parse().ok().map(|kilobytes: u64| kilobytes << 10)
    }

    /// What it has said so far, on stdout and stderr.
    pub fn log(&self) -> String {
        locked(&self.log).clone()
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        self.kill();
        let _ = locked(&self.child).wait();
    }
}

/// Keeps what it says, and tells when it has ended: then its end of the pipe is closed.
fn watch(says: PipeReader, runtime: &Runtime, child: Arc<Mutex<Child>>, log: Arc<Mutex<String>>) {
    let desk = runtime.desk();
    thread::spawn(move || {
        let (mut from, mut line) = (BufReader::new(says), Vec::new());
        while from.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            *locked(&log) += &String::from_utf8_lossy(&line);
            line.clear();
        }
        let status =
            locked(&child).wait().map_or_else(|error| error.to_string(), |status| status.to_string());
        desk.exited(status);
    });
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
