//! The embedded host under load: the real program on a store of its own, consumers beside it, and what is done to it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, prlimit, setrlimit};
use tempfile::TempDir;

use super::{
    clock::Jumping, consumer::Consumer, facts::Facts, hostile::BROKEN, memory::Memory, sender::Sender,
    traffic::Bodies, trouble::Trouble,
};
use crate::{
    server::{self, Server},
    sign,
};

const SECRET: &str = "a secret under load";
/// The queues of its subscriptions.
pub const QUEUES: [&str; 2] = ["everything", "issues"];
/// On a full disk no file may be written beyond its first bytes, which are few.
const FULL: u64 = 64 << 10;

/// The server, its sender and its consumers.
pub struct Embedded {
    folder: TempDir,
    clock: Jumping,
    server: Mutex<Option<Server>>,
    /// What was sent and came.
    pub facts: Arc<Facts>,
    /// Who sends.
    pub sender: Arc<Sender>,
    /// Who consumes.
    pub consumer: Consumer,
    /// What the server holds.
    pub memory: Arc<Memory>,
}

impl Embedded {
    /// Starts all of it.
    pub async fn start(seed: u64) -> Self {
        allow_connections();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let config = format!(
            "sources: {{ github: {{ secrets: ['literal:{SECRET}'] }} }}\nsubscriptions:\n  \
             - {{ name: {}, events: ['*'] }}\n  - {{ name: {}, events: [issues] }}\n",
            QUEUES[0], QUEUES[1]
        );
        fs::write(folder.path().join("pointsman.yaml"), config).expect("the folder can be written");
        let clock = Jumping::build(folder.path());
        let facts = Arc::new(Facts::new(Bodies::new(SECRET, seed)));
        let server = launch(folder.path(), &clock);
        let sender = Arc::new(Sender::new(address(&server), facts.clone(), sign(SECRET, BROKEN)));
        let consumer = Consumer::start(&server.data, &QUEUES, facts.clone()).await;
        let memory = Arc::<Memory>::default();
        memory.watch(server.pid);
        Self { folder, clock, server: Mutex::new(Some(server)), facts, sender, consumer, memory }
    }

    /// Whether a queue wants a delivery.
    pub fn wanted(&self, queue: u8, number: u32) -> bool {
        queue == 0 || self.facts.bodies.of(number).event == "issues"
    }

    /// The server's process.
    pub fn pid(&self) -> u32 {
        self.with(|server| server.pid)
    }

    /// What the server has said since its last start.
    pub fn log(&self) -> String {
        self.with(Server::log)
    }

    /// Bytes of its store.
    pub fn stored(&self) -> u64 {
        let files = fs::read_dir(self.data()).into_iter().flatten().flatten();
        files.filter_map(|file| file.metadata().ok()).map(|it| it.len()).sum()
    }

    /// Does it, and lets it pass.
    pub async fn suffer(&self, trouble: Trouble) {
        match trouble {
            // Its start is waited for; who sends goes on meanwhile.
            Trouble::Killed => tokio::task::block_in_place(|| self.kill()),
            Trouble::Frozen(time) => {
                self.signal(Signal::STOP);
                tokio::time::sleep(time).await;
                self.signal(Signal::CONT);
            }
            Trouble::FullDisk(time) => {
                self.limit(Some(FULL));
                tokio::time::sleep(time).await;
                self.limit(None);
            }
            Trouble::Clock(off, time) => {
                self.clock.jump(off);
                tokio::time::sleep(time).await;
                self.clock.jump(0);
            }
        }
    }

    /// Waits until everything that waits was consumed; says how long it took.
    pub async fn drain(&self, within: Duration) -> Duration {
        let began = Instant::now();
        while self.consumer.waiting().await != Some(0) {
            assert!(began.elapsed() < within, "not consumed in {within:?}. The server says:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        began.elapsed()
    }

    fn kill(&self) {
        let mut place = self.server.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = place.take() {
            server.kill();
        }
        let server = launch(self.folder.path(), &self.clock);
        self.sender.redirect(address(&server));
        self.memory.watch(server.pid);
        *place = Some(server);
    }

    fn with<T>(&self, look: impl FnOnce(&Server) -> T) -> T {
        look(self.server.lock().unwrap_or_else(PoisonError::into_inner).as_ref().expect("it runs"))
    }

    fn signal(&self, signal: Signal) {
        let _ = kill_process(process(self.pid()), signal);
    }

    /// No file may grow beyond so many bytes.
    fn limit(&self, bytes: Option<u64>) {
        let limit = Rlimit { current: bytes, maximum: None };
        prlimit(Some(process(self.pid())), Resource::Fsize, limit).expect("our own process");
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }
}

/// As many open files as may be, for us and for the server: each connection is one.
fn allow_connections() {
    let limit = Rlimit { current: getrlimit(Resource::Nofile).maximum, ..getrlimit(Resource::Nofile) };
    setrlimit(Resource::Nofile, limit).expect("up to its maximum a limit may be raised");
}

fn process(id: u32) -> Pid {
    i32::try_from(id).ok().and_then(Pid::from_raw).expect("a process id")
}

fn address(server: &Server) -> &str {
    server.url.trim_start_matches("http://")
}

/// On its store in this folder; a file size limit is an error to it, not its end.
fn launch(folder: &Path, clock: &Jumping) -> Server {
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).arg(server::binary());
    clock.wind(&mut command);
    let config = folder.join("pointsman.yaml");
    Server::launch(command, &folder.join("data"), &["--config", &config.to_string_lossy()])
}
