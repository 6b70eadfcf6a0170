//! AWS as one stack leaves it, on the emulators (scripts/emulators): a bucket, a table, secrets, [`queues`] with their dead
//! letters. Asked for by plain HTTP, so that no SDK is needed here: emulators read of a signature only the service's name.

mod queues;

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::Mutex,
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{house, http, server};

pub use queues::{Message, QUICK};

const BUCKET: &str = "archive";
const TABLE: &str = "records";
const PREFIX: &str = "pm-";
const REGION: &str = "us-east-1";

/// The emulators, and the folder of somebody who works with them.
pub struct Cloud {
    folder: TempDir,
    sqs: String,
    aws: String,
    /// Queues without an order.
    standard: Mutex<BTreeSet<String>>,
    /// Ends the emulators when its standard input closes: with this process, however it ends.
    script: Child,
}

impl Cloud {
    /// Starts the emulators; `config` is the folder's `pointsman.yaml`.
    pub fn start(config: &str) -> Self {
        let script = house::root().join("scripts/emulators");
        let child = Command::new(&script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = child.unwrap_or_else(|error| panic!("{}: {error}", script.display()));
        let mut lines =
            BufReader::new(child.stdout.take().expect("it is piped")).lines().map_while(Result::ok);
        let mut url = |name: &str| {
            let line =
                lines.next().unwrap_or_else(|| panic!("scripts/emulators ended without a word of {name}"));
            line.strip_prefix(name).unwrap_or_else(|| panic!("scripts/emulators says `{line}`")).to_owned()
        };
        let (sqs, aws) = (url("sqs="), url("aws="));
        let folder = tempfile::tempdir().expect("a temporary folder");
        let cloud = Self { folder, sqs, aws, standard: Mutex::default(), script: child };
        cloud.configure(config);
        cloud
    }

    /// Another `pointsman.yaml`, for the programs that are started from now on.
    pub fn configure(&self, config: &str) {
        fs::write(self.folder.path().join("pointsman.yaml"), config).expect("the folder can be written");
    }

    /// Makes what the template does, but for the queues; secrets by their names.
    pub fn deploy(&self, secrets: &[(&str, &str)]) {
        self.ask("PUT", &format!("{}/{BUCKET}", self.aws), "s3", "", &Value::Null);
        let key = |name: &str, kind: &str| json!({"AttributeName": name, "KeyType": kind});
        let text = |name: &str| json!({"AttributeName": name, "AttributeType": "S"});
        let table = json!({
            "TableName": TABLE, "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [key("p", "HASH"), key("k", "RANGE")],
            "AttributeDefinitions": [text("p"), text("k")],
        });
        self.ask("POST", &self.aws, "dynamodb", "DynamoDB_20120810.CreateTable", &table);
        for (name, secret) in secrets {
            let token = "0123456789".repeat(4);
            let secret = json!({"Name": name, "SecretString": secret, "ClientRequestToken": token});
            self.ask("POST", &self.aws, "secretsmanager", "secretsmanager.CreateSecret", &secret);
        }
    }

    fn ask(&self, method: &str, url: &str, service: &str, target: &str, body: &Value) -> Value {
        let scope = format!("Credential=test/20260101/{REGION}/{service}/aws4_request");
        let signed = format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0");
        let headers = [
            ("authorization", signed.as_str()),
            ("x-amz-target", target),
            ("content-type", "application/x-amz-json-1.0"),
        ];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = http::request(method, url, &headers, body.as_bytes());
        let answer = answer.unwrap_or_else(|error| panic!("{service} {target}: {error}"));
        assert!(answer.status < 300, "{service} {target}: {} {}", answer.status, answer.text());
        serde_json::from_slice(&answer.body).unwrap_or_default()
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A program in the folder, with the environment of a function of the stack.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        self.place().command(program)
    }

    /// The same for whoever starts programs later.
    pub fn commands(&self, program: impl Into<PathBuf>) -> impl Fn() -> Command + Send + Sync + 'static {
        let (place, program) = (self.place(), program.into());
        move || place.command(&program)
    }

    /// Where SQS is, and where all other services are.
    pub fn endpoints(&self) -> [&str; 2] {
        [&self.sqs, &self.aws]
    }

    fn place(&self) -> Place {
        Place { folder: self.folder.path().to_owned(), sqs: self.sqs.clone(), aws: self.aws.clone() }
    }

    /// What `pointsman` prints; it must succeed.
    pub fn ok(&self, words: &[&str]) -> String {
        let output = self.run(words);
        let log = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {log}{}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8(output.stdout).expect("it prints UTF-8")
    }

    /// The same as JSON.
    pub fn json(&self, words: &[&str]) -> Value {
        serde_json::from_str(&self.ok(&[words, &["--json"]].concat())).expect("it prints JSON")
    }

    /// What it says beside its results.
    pub fn log(&self, words: &[&str]) -> String {
        String::from_utf8(self.run(words).stderr).expect("it prints UTF-8")
    }

    /// All that it says when it fails.
    pub fn fails(&self, words: &[&str]) -> String {
        let output = self.run(words);
        assert!(!output.status.success(), "{words:?} succeeds");
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    }

    fn run(&self, words: &[&str]) -> Output {
        self.command(server::binary()).args(words).output().expect("it starts")
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        drop(self.script.stdin.take());
        let _ = self.script.wait();
    }
}

/// Where programs find the stack.
struct Place {
    folder: PathBuf,
    sqs: String,
    aws: String,
}

impl Place {
    fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command.current_dir(&self.folder).stdin(Stdio::null()).env_remove("POINTSMAN_CONFIG");
        for (name, value) in [
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_REGION", REGION),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_ENDPOINT_URL", &self.aws),
            ("AWS_ENDPOINT_URL_SQS", &self.sqs),
            ("POINTSMAN_AWS_BUCKET", BUCKET),
            ("POINTSMAN_AWS_TABLE", TABLE),
            ("POINTSMAN_AWS_QUEUE_PREFIX", PREFIX),
        ] {
            command.env(name, value);
        }
        command
    }
}
