//! One user's folder with a configuration and a data folder, and perhaps a running server. Stopped when dropped.
#![expect(clippy::unwrap_used, reason = "a test's own folder and processes: a panic is the failure")]

use std::{
    fs,
    io::{BufRead as _, BufReader, Read},
    path::Path,
    process::{Child, Command, Output, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

/// An issue's payload, with a raw line end in it.
pub const ISSUE: &str =
    "{\"action\": \"opened\",\r\n \"issue\": {\"number\": 7}, \"repository\": {\"full_name\": \"acme/web\"}}";
/// A push's payload.
pub const PUSH: &str = "{\"ref\": \"refs/heads/main\",\n \"repository\": {\"full_name\": \"Acme/Web\"}}";

const MINUTE: Duration = Duration::from_secs(60);

pub struct House {
    folder: TempDir,
    server: Option<Running>,
    url: String,
}

impl House {
    /// With this configuration; without a file when it is empty.
    pub fn new(config: &str) -> Self {
        let house = Self { folder: tempfile::tempdir().unwrap(), server: None, url: String::new() };
        if !config.is_empty() {
            house.configure(config);
        }
        house
    }

    /// The same with a running server.
    pub fn start(config: &str) -> Self {
        let mut house = Self::new(config);
        house.serve();
        house
    }

    /// Starts the server.
    pub fn serve(&mut self) {
        let mut server = Running::new(self.command(&["serve", "--listen", "127.0.0.1:0"]), Stream::Err);
        let line = server.says("listening on ", MINUTE);
        let url = line.split_once("listening on ").unwrap().1.split('"').next().unwrap();
        self.url = format!("{url}/webhooks/github");
        self.server = Some(server);
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn url(&self) -> String {
        self.url.clone()
    }

    pub fn pid(&self) -> u32 {
        self.server.as_ref().unwrap().child.id()
    }

    /// Replaces the configuration in one step.
    pub fn configure(&self, text: &str) {
        let fresh = self.file("fresh.yaml", text);
        fs::rename(fresh, self.folder().join("pointsman.yaml")).unwrap();
    }

    /// Writes a file, tells its path.
    pub fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pointsman"));
        command.args(args).args(["--data", "data"]).current_dir(self.folder()).stdin(Stdio::null());
        command.env_remove("POINTSMAN_CONFIG").env_remove("NOT_SET_HERE");
        // A cloud that this machine may be in is none of a test's.
        command.env("AWS_EC2_METADATA_DISABLED", "true").env_remove("POINTSMAN_AWS_BUCKET");
        command
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Its stdout; it must succeed.
    pub fn ok(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{args:?} failed: {stderr}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Its stdout as JSON; it must succeed.
    pub fn json(&self, args: &[&str]) -> Value {
        let text = self.ok(&[args, &["--json"]].concat());
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{args:?}: {error} in\n{text}"))
    }

    /// Its stderr; it must fail with this status and print nothing else.
    pub fn fails(&self, args: &[&str], status: i32) -> String {
        let output = self.run(args);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(status), "{args:?}: {stderr}");
        assert!(output.stdout.is_empty(), "{args:?} prints errors on stdout");
        stderr
    }

    /// Sends an event to the running server.
    pub fn send(&self, payload: &str, event: &str, id: &str) {
        let secret = format!("file:{}", self.folder().join("data/webhook-secret").display());
        self.send_with(&secret, payload, event, id);
    }

    pub fn send_with(&self, secret: &str, payload: &str, event: &str, id: &str) {
        let file = self.file("payload.json", payload);
        self.ok(&["send", &file, "--event", event, "--delivery", id, "--to", &self.url, "--secret", secret]);
    }

    /// Sends one more event; where no server runs, one runs for that long.
    pub fn send_once(&mut self, payload: &str, event: &str, id: &str) {
        let beside = self.server.is_some();
        if !beside {
            self.serve();
        }
        self.send(payload, event, id);
        if !beside {
            self.stop();
        }
    }

    /// SIGTERM: it must end with status 0.
    pub fn stop(&mut self) {
        assert_eq!(self.server.take().unwrap().terminate(MINUTE), Some(0));
    }

    /// Waits until the server's log has it.
    pub fn log_says(&mut self, text: &str, patience: Duration) {
        self.server.as_mut().unwrap().says(text, patience);
    }

    /// A command that keeps running; its stdout is read line by line.
    pub fn follow(&self, args: &[&str]) -> Running {
        Running::new(self.command(args), Stream::Out)
    }

    /// A command that keeps running; its stderr is read line by line.
    pub fn listen(&self, args: &[&str]) -> Running {
        Running::new(self.command(args), Stream::Err)
    }

    /// As `| head -n`: reads so many lines, closes the pipe, and waits for status 0.
    pub fn first_lines(&self, args: &[&str], count: usize) -> Vec<String> {
        let mut child = self.command(args).stdout(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::with_capacity(1, child.stdout.take().unwrap());
        let lines = (0..count).map(|_| {
            let mut line = String::new();
            out.read_line(&mut line).unwrap();
            line
        });
        let lines = lines.collect();
        drop(out);
        assert_eq!(child.wait().unwrap().code(), Some(0));
        lines
    }
}

#[derive(Clone, Copy)]
enum Stream {
    Out,
    Err,
}

/// A process whose lines are read as they come; killed when dropped.
pub struct Running {
    child: Child,
    lines: Receiver<String>,
}

impl Running {
    fn new(mut command: Command, stream: Stream) -> Self {
        let (stdout, stderr) = match stream {
            Stream::Out => (Stdio::piped(), Stdio::inherit()),
            Stream::Err => (Stdio::null(), Stdio::piped()),
        };
        let mut child = command.stdout(stdout).stderr(stderr).spawn().unwrap();
        let read: Box<dyn Read + Send> = match stream {
            Stream::Out => Box::new(child.stdout.take().unwrap()),
            Stream::Err => Box::new(child.stderr.take().unwrap()),
        };
        let (sender, lines) = channel();
        thread::spawn(move || {
            BufReader::new(read).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        Self { child, lines }
    }

    /// The next line.
    pub fn line(&mut self, patience: Duration) -> String {
        self.lines.recv_timeout(patience).expect("a line in time")
    }

    /// The next line that has this text.
    pub fn says(&mut self, text: &str, patience: Duration) -> String {
        let until = Instant::now() + patience;
        let mut all = String::new();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else { panic!("no `{text}` in\n{all}") };
            if line.contains(text) {
                return line;
            }
            all += &(line + "\n");
        }
    }

    /// SIGTERM, and its exit status.
    pub fn terminate(self, patience: Duration) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.ended(patience)
    }

    /// Its exit status, once it has ended by itself.
    pub fn ended(mut self, patience: Duration) -> Option<i32> {
        let until = Instant::now() + patience;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < until, "it does not end");
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended already is what we want.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What is printed into a pipe has no colours.
pub fn plain(text: &str) -> String {
    assert!(!text.contains('\x1b'), "{text:?}");
    text.to_owned()
}
