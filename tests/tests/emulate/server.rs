//! `emulate` in a process of its own, on a free port of loopback, as long as it is held.

use std::{
    env,
    io::{BufRead as _, BufReader, Read as _},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use pointsman_tests::house::root;
use serde_json::Value;

/// What to do when there is none.
const HOW: &str = "this test needs Node.js 20 or newer with npm: install them, and run `scripts/npm` once with a network. \
                   It installs tests/npm/package-lock.json into the cache; POINTSMAN_NPM names a folder that has it already";

/// A running `emulate`.
pub struct Server {
    pub url: String,
    child: Child,
}

impl Server {
    /// Starts one with this seed, and waits until it listens.
    pub fn start(seed: &Value) -> Self {
        let script = std::fs::read_to_string(root().join("tests/npm/emulate.mjs")).unwrap();
        let mut command = Command::new("node");
        command.args(["--input-type=module", "--eval", &script, &seed.to_string()]).current_dir(packages());
        let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = spawned.unwrap_or_else(|error| panic!("node does not start ({error}): {HOW}"));
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        if url.is_empty() {
            let mut said = String::new();
            child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
            panic!("emulate does not start: {HOW}\n{said}");
        }
        Self { url: url.trim_end().to_owned(), child }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The folder with the packages: as scripts/test names it, else where scripts/npm puts it.
fn packages() -> PathBuf {
    if let Some(folder) = env::var_os("POINTSMAN_NPM") {
        return folder.into();
    }
    let output = Command::new(root().join("scripts/npm")).output();
    let output = output.unwrap_or_else(|error| panic!("scripts/npm does not start ({error}): {HOW}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "scripts/npm failed: {HOW}\n{said}");
    String::from_utf8(output.stdout).unwrap().trim_end().into()
}
