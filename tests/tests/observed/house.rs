//! A running server with a source, a queue and a consumer, and what it has said.

use std::process::{Command, Output, Stdio};

use jiff::Timestamp;
use pointsman_tests::{
    delivery_id, http,
    server::{Server, binary},
    sign,
};
use serde_json::Value;
use tempfile::TempDir;

/// Dropped, all of it is stopped.
pub struct House {
    pub server: Server,
    pub folder: TempDir,
    sent: u32,
}

impl House {
    /// With this configuration, which may name files beside it.
    pub fn new(folder: TempDir, config: &str, args: &[&str]) -> Self {
        let file = folder.path().join("pointsman.yaml");
        std::fs::write(&file, config).unwrap();
        let args = [&["--config", file.to_str().unwrap()], args].concat();
        let server = Server::start_in(&folder.path().join("data"), &args);
        Self { server, folder, sent: 0 }
    }

    /// Posts to a source, signed as GitHub does, with these headers too; the delivery's id, and the answer.
    pub fn post(
        &mut self,
        secret: &str,
        event: &str,
        more: &[(&str, &str)],
        body: &[u8],
    ) -> (String, http::Answer) {
        self.sent += 1;
        let id = delivery_id(Timestamp::now(), self.sent);
        let signature = sign(secret, body);
        let mut headers = vec![
            ("content-type", "application/json"),
            ("x-github-event", event),
            ("x-github-delivery", id.as_str()),
            ("x-hub-signature-256", signature.as_str()),
        ];
        headers.extend_from_slice(more);
        let answer = http::post(&format!("{}/webhooks/github", self.server.url), &headers, body).unwrap();
        (id, answer)
    }

    /// What the command line says to these words.
    pub fn run(&self, words: &[&str]) -> Output {
        let mut command = Command::new(binary());
        command.args(words).args(["--data", "data", "--config", "pointsman.yaml"]);
        command.current_dir(self.folder.path()).stdin(Stdio::null()).output().unwrap()
    }

    /// The fields of each line that tells an outcome, level among them.
    pub fn lines(&self) -> Vec<Value> {
        outcomes(&self.server.log())
    }
}

/// Lines of JSON that tell an outcome; a line that is none panics.
pub fn outcomes(log: &str) -> Vec<Value> {
    let line = |line: &str| {
        let mut told: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let mut fields = told["fields"].take();
        fields["level"] = told["level"].take();
        fields.get("outcome").is_some().then_some(fields)
    };
    log.lines().filter_map(line).collect()
}
