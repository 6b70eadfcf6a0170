//! One git command that is kept running: a line in, an answer out. A thousand objects cost one start.

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

/// A running `git` in a bare repository.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

/// A git that reads no configuration but the repository's own, and never waits for a disk.
pub(super) fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.args(["-c", "core.fsync=none", "-c", "core.quotepath=off", "-c", "gc.auto=0", "--git-dir"]);
    command.arg(folder).args(args).stdin(Stdio::null());
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null").env("LC_ALL", "C");
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE"] {
        command.env_remove(name);
    }
    command
}

impl Process {
    pub(super) fn start(folder: &Path, args: &[&str]) -> io::Result<Self> {
        let mut command = command(folder, args);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let input = child.stdin.take();
        let output = child.stdout.take().ok_or_else(|| io::Error::other("git has no standard output"))?;
        Ok(Self { child, input, output: BufReader::new(output) })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let input = self.input.as_mut().ok_or_else(|| io::Error::other("git was stopped"))?;
        input.write_all(bytes)?;
        input.flush()
    }

    /// The next line, without its end.
    pub(super) fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "git ended before it answered"));
        }
        line.truncate(line.trim_end_matches('\n').len());
        Ok(line)
    }

    /// Everything up to this byte, which is read and left out.
    pub(super) fn until(&mut self, end: u8) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.output.read_until(end, &mut bytes)?;
        if bytes.pop() != Some(end) {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "git ended before it answered"));
        }
        Ok(bytes)
    }

    /// Exactly this many bytes.
    pub(super) fn exactly(&mut self, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.output.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.input.take()); // the end of its input ends it
        let _ = self.child.wait();
    }
}
