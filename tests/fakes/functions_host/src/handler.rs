//! The app's program: started with its port, polled until it answers, started again when it ends, stopped by its process id.

use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::Request;
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    net::TcpListener,
    process::{Child, Command},
    time::{Instant, sleep},
};

use crate::client;

/// What a real host allows until the first answer.
const START: Duration = Duration::from_secs(30);
const BETWEEN: Duration = Duration::from_millis(2);

/// The running program.
#[derive(Debug)]
pub struct Handler {
    folder: PathBuf,
    program: PathBuf,
    settings: BTreeMap<String, String>,
    running: tokio::sync::Mutex<Option<Child>>,
    now: Mutex<Now>,
}

/// What is known of it without waiting.
#[derive(Debug, Clone, Copy)]
struct Now {
    address: SocketAddr,
    pid: u32,
    started: Duration,
}

impl Handler {
    /// Starts it, and waits until it answers.
    pub(crate) async fn start(
        folder: &Path,
        program: &Path,
        settings: &BTreeMap<String, String>,
    ) -> io::Result<Self> {
        let (folder, program) = (folder.canonicalize()?, folder.join(program).canonicalize()?);
        let (child, now) = launch(&folder, &program, settings).await?;
        let (settings, running) = (settings.clone(), tokio::sync::Mutex::new(Some(child)));
        Ok(Self { folder, program, settings, running, now: Mutex::new(now) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.now().address
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.now().pid
    }

    /// How long its last start took, from exec to the first answer.
    pub fn started(&self) -> Duration {
        self.now().started
    }

    /// Kills it in mid-flight (SIGKILL), and starts it again, as a host does.
    pub async fn crash(&self) -> io::Result<()> {
        let mut running = self.running.lock().await;
        if let Some(mut child) = running.take() {
            child.kill().await?;
        }
        let (child, now) = launch(&self.folder, &self.program, &self.settings).await?;
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = now;
        *running = Some(child);
        Ok(())
    }

    /// Asks it to end (SIGTERM), and waits.
    pub(crate) async fn stop(&self) -> io::Result<ExitStatus> {
        let child = self.running.lock().await.take();
        let mut child = child.ok_or_else(|| io::Error::other("the program has been stopped before"))?;
        let pid = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        if let Some(pid) = pid {
            kill_process(pid, Signal::TERM)?;
        }
        child.wait().await
    }

    fn now(&self) -> Now {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn launch(
    folder: &Path,
    program: &Path,
    settings: &BTreeMap<String, String>,
) -> io::Result<(Child, Now)> {
    let free = TcpListener::bind("127.0.0.1:0").await?;
    let address = free.local_addr()?;
    drop(free);
    let begun = Instant::now();
    let mut child = Command::new(program)
        .current_dir(folder)
        // Nobody sets it there: each error would look for where it came from.
        .env_remove("RUST_BACKTRACE")
        .envs(settings)
        .env("FUNCTIONS_CUSTOMHANDLER_PORT", address.port().to_string())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let pid = child.id().unwrap_or_default();
    loop {
        let asked = Request::get("/").body(Bytes::new()).map_err(io::Error::other)?;
        if client::send(address, asked).await.is_ok() {
            return Ok((child, Now { address, pid, started: begun.elapsed() }));
        }
        if let Some(status) = child.try_wait()? {
            return Err(io::Error::other(format!("the program ended before it answered: {status}")));
        }
        if begun.elapsed() > START {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "the program does not answer `GET /`"));
        }
        sleep(BETWEEN).await;
    }
}
