//! Runs the git command on a repository that nobody has vouched for: its configuration may run nothing, its surroundings
//! may mislead nobody, and no network is asked.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use pointsman_core::port::PortError;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    process::Command,
};

/// What in our surroundings would point git elsewhere, or make it write or run something.
const MISLEADING: &[&str] = &[
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_CEILING_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_PARAMETERS",
    "GIT_DIFF_OPTS",
    "GIT_DIR",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",
    "GIT_EXTERNAL_DIFF",
    "GIT_GRAFT_FILE",
    "GIT_GLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_LITERAL_PATHSPECS",
    "GIT_NAMESPACE",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

/// Over whatever the repository's configuration says.
const SAFE: &[&str] = &[
    "--no-pager",
    "--no-optional-locks",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "log.showSignature=false",
    "-c",
    "log.showRoot=true",
    "-c",
    "diff.external=",
    "-c",
    "diff.relative=false",
    "-c",
    "diff.orderFile=/dev/null",
    "-c",
    "diff.ignoreSubmodules=none",
    "-c",
    "color.ui=false",
    "-c",
    "i18n.logOutputEncoding=UTF-8",
    "-c",
    "protocol.allow=never",
];

/// The git command, in one folder.
#[derive(Debug, Clone)]
pub struct Git {
    folder: PathBuf,
}

/// What a command that may fail came to.
#[derive(Debug)]
pub struct Ended {
    /// Its exit status; `None` = a signal.
    pub status: Option<i32>,
    /// What it printed.
    pub out: Vec<u8>,
    /// What it complained of, in one line.
    pub complaint: String,
}

impl Git {
    /// In this folder or one above it.
    pub fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Runs it; any exit status but 0 is an error.
    pub async fn run(&self, args: &[&str], input: &[u8]) -> Result<Vec<u8>, PortError> {
        let ended = self.attempt(args, input).await?;
        if ended.status == Some(0) {
            return Ok(ended.out);
        }
        let what = args.first().copied().unwrap_or_default();
        let folder = self.folder.display();
        Err(PortError::invalid(format!("`git {what}` failed in {folder}: {}", ended.complaint)))
    }

    /// The same as text, without what cannot be text.
    pub async fn text(&self, args: &[&str]) -> Result<String, PortError> {
        Ok(String::from_utf8_lossy(&self.run(args, b"").await?).into_owned())
    }

    /// Runs it, whatever it comes to.
    pub async fn attempt(&self, args: &[&str], input: &[u8]) -> Result<Ended, PortError> {
        let mut child = self.command(args).spawn().map_err(|error| {
            let message = "the git command cannot be run: install git, and see that it is in PATH";
            PortError::unavailable(message).caused_by(error)
        })?;
        let (mut stdin, mut stdout, mut stderr) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (mut out, mut complaint) = (Vec::new(), Vec::new());
        let feed = async {
            if let Some(mut stdin) = stdin.take() {
                // A command that has seen enough closes its end: its status tells.
                let _ = stdin.write_all(input).await;
            }
        };
        let read = async {
            match &mut stdout {
                Some(stdout) => stdout.read_to_end(&mut out).await.map(drop),
                None => Ok(()),
            }
        };
        let complain = async {
            match &mut stderr {
                Some(stderr) => stderr.read_to_end(&mut complaint).await.map(drop),
                None => Ok(()),
            }
        };
        let ((), read, complained) = tokio::join!(feed, read, complain);
        let status = child.wait().await;
        let failed = |error| PortError::unavailable("the git command was interrupted").caused_by(error);
        read.and(complained).map_err(failed)?;
        let complaint = String::from_utf8_lossy(&complaint);
        let complaint = complaint.lines().map(str::trim).collect::<Vec<_>>().join("; ");
        Ok(Ended { status: status.map_err(failed)?.code(), out, complaint })
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("git");
        for name in MISLEADING {
            command.env_remove(name);
        }
        command
            .env("GIT_ALLOW_PROTOCOL", "")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("LC_ALL", "C")
            .args(SAFE)
            .arg("-C")
            .arg(&self.folder)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }
}
