//! A real `pointsman serve` on a free port with a data folder of its own, stopped by its process id.

use std::{
    env, fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, mpsc},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::http;

/// How long a start, or an end after SIGTERM, may take.
const DEADLINE: Duration = Duration::from_secs(10);
/// How often `/ready` is asked for until then.
const BETWEEN: Duration = Duration::from_millis(10);

/// The program under test, built beside the running test: `target/{profile}/pointsman`.
pub fn binary() -> PathBuf {
    let test = env::current_exe().expect("a running test has a path");
    let folder = test.parent().and_then(Path::parent).expect("tests run in target/{profile}/deps");
    let binary = folder.join(format!("pointsman{}", env::consts::EXE_SUFFIX));
    assert!(binary.exists(), "{} is missing: run `cargo build -p pointsman-app` first", binary.display());
    binary
}

/// A running server; dropped, it is killed.
pub struct Server {
    /// `http://127.0.0.1:{port}`.
    pub url: String,
    /// The generated webhook secret.
    pub secret: String,
    /// Its data folder.
    pub data: PathBuf,
    /// Its process id.
    pub pid: u32,
    exit: mpsc::Receiver<ExitStatus>,
    /// Told when its stderr is closed.
    ended: mpsc::Receiver<()>,
    log: Arc<Mutex<String>>,
    folder: Option<TempDir>,
}

impl Server {
    /// Starts one with a new data folder, which goes with it, and waits until it is ready.
    pub fn start(args: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut server = Self::start_in(folder.path(), args);
        server.folder = Some(folder);
        server
    }

    /// Starts one that a file size limit meets as an error, not as a signal that ends it.
    pub fn start_shielded(args: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).arg(binary());
        let mut server = Self::launch(command, folder.path(), args);
        server.folder = Some(folder);
        server
    }

    /// Starts one on this data folder, which stays, and waits until it is ready.
    pub fn start_in(data: &Path, args: &[&str]) -> Self {
        Self::launch(Command::new(binary()), data, args)
    }

    /// Starts one with these variables and a new data folder, and waits until it is ready.
    pub fn start_with(variables: &[(&str, &str)], args: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut command = Command::new(binary());
        command.envs(variables.iter().copied());
        let mut server = Self::launch(command, folder.path(), args);
        server.folder = Some(folder);
        server
    }

    /// Starts one by this command, whose last words are the program, and waits until it is ready.
    pub fn launch(mut command: Command, data: &Path, args: &[&str]) -> Self {
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data).args(args);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let mut child = child.unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        let pid = child.id();
        let log = Arc::new(Mutex::new(String::new()));
        let (listening, ended) = follow(&mut child, Arc::clone(&log));
        let exit = await_exit(child);
        let mut server = Self {
            url: String::new(),
            secret: String::new(),
            data: data.into(),
            pid,
            exit,
            ended,
            log,
            folder: None,
        };
        // The sender goes with the log's end, so that a server which ends at once is told at once.
        let url = listening.recv_timeout(DEADLINE);
        server.url = url.unwrap_or_else(|_| panic!("the server does not listen. It says:\n{}", server.log()));
        server.await_ready();
        let secret = fs::read_to_string(data.join("webhook-secret")).unwrap_or_default();
        server.secret = secret.trim_end_matches('\n').to_owned();
        server
    }

    /// What it has written to stderr so far.
    pub fn log(&self) -> String {
        self.log.lock().expect("no holder of the log panics").clone()
    }

    /// Asks it to end (SIGTERM) and waits until it has.
    pub fn stop(self) -> ExitStatus {
        self.signal(Signal::TERM);
        let ended = self.exit.recv_timeout(DEADLINE);
        ended.unwrap_or_else(|_| panic!("no end {DEADLINE:?} after SIGTERM. It says:\n{}", self.log()))
    }

    /// Asks it to end, which it must do well; all that it has written.
    pub fn stop_and_read(self) -> String {
        self.signal(Signal::TERM);
        let ended = self.exit.recv_timeout(DEADLINE).expect("SIGTERM ends it");
        assert!(ended.success(), "{ended}: {}", self.log());
        self.ended.recv_timeout(DEADLINE).expect("its stderr is closed when it has ended");
        self.log()
    }

    /// Kills it (SIGKILL) and waits until it is gone.
    pub fn kill(self) {
        self.signal(Signal::KILL);
        self.exit.recv_timeout(DEADLINE).expect("SIGKILL ends a process");
    }

    fn await_ready(&self) {
        let until = Instant::now() + DEADLINE;
        let ready = || http::get(&format!("{}/ready", self.url)).is_ok_and(|answer| answer.status == 200);
        while !ready() {
            let ended = self.exit.recv_timeout(BETWEEN).is_ok();
            assert!(
                !ended && Instant::now() < until,
                "the server does not get ready. It says:\n{}",
                self.log()
            );
        }
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.pid).ok().and_then(Pid::from_raw).expect("a process id");
        // An error says that it has ended already.
        let _ = kill_process(pid, signal);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A process that was waited for has given its id back: it may by now be another's.
        if matches!(self.exit.try_recv(), Err(mpsc::TryRecvError::Empty)) {
            self.signal(Signal::KILL);
            let _ = self.exit.recv_timeout(DEADLINE);
        }
    }
}

/// Reads stderr for as long as there is any; hands over the URL of the line `listening on {url}`.
fn follow(child: &mut Child, log: Arc<Mutex<String>>) -> (mpsc::Receiver<String>, mpsc::Receiver<()>) {
    let stderr = BufReader::new(child.stderr.take().expect("stderr is piped"));
    let (tell, told) = mpsc::channel();
    let (end, ended) = mpsc::channel();
    thread::spawn(move || {
        for line in stderr.lines().map_while(Result::ok) {
            if let Some((_, url)) = line.split_once("listening on ") {
                let _ = tell.send(url.split('"').next().unwrap_or_default().trim().to_owned());
            }
            let mut log = log.lock().expect("no holder of the log panics");
            log.push_str(&line);
            log.push('\n');
        }
        // Nobody may wait for it.
        let _ = end.send(());
    });
    (told, ended)
}

fn await_exit(mut child: Child) -> mpsc::Receiver<ExitStatus> {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || child.wait().map(|status| tell.send(status)));
    told
}
