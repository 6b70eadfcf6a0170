//! The emulators with what the template makes: a bucket, a table, a secret, queues with their dead letters. Asked for by
//! plain HTTP, so that no SDK is needed here: emulators read of a signature only the service's name.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Request};
use pointsman_http::Client;
use serde_json::{Value, json};
use tempfile::TempDir;

const MINUTE: Duration = Duration::from_secs(60);
const BUCKET: &str = "archive";
const TABLE: &str = "records";
const PREFIX: &str = "pm-";

/// AWS as one stack leaves it, and the folder of somebody who looks at it.
pub struct Cloud {
    folder: TempDir,
    sqs: String,
    aws: String,
    /// Ends the emulators when its standard input closes.
    _script: Child,
}

impl Cloud {
    /// Starts the emulators.
    pub fn start(config: &str) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/emulators");
        let mut child = Command::new(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut url = |name: &str| lines.next().unwrap().unwrap().strip_prefix(name).unwrap().to_owned();
        let (sqs, aws) = (url("sqs="), url("aws="));
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("pointsman.yaml"), config).unwrap();
        Self { folder, sqs, aws, _script: child }
    }

    /// Makes what the template does, but for the queues.
    pub async fn deploy(&self, secret: &str) {
        let bucket = format!("{}/{BUCKET}", self.aws);
        self.ask(Method::PUT, &bucket, "s3", "", Value::Null).await;
        let key = |name: &str, kind: &str| json!({"AttributeName": name, "KeyType": kind});
        let text = |name: &str| json!({"AttributeName": name, "AttributeType": "S"});
        let table = json!({
            "TableName": TABLE, "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [key("p", "HASH"), key("k", "RANGE")],
            "AttributeDefinitions": [text("p"), text("k")],
        });
        self.ask(Method::POST, &self.aws, "dynamodb", "DynamoDB_20120810.CreateTable", table).await;
        let secret = json!({"Name": "stack/webhook-secret", "SecretString": secret, "ClientRequestToken": "0123456789".repeat(4)});
        self.ask(Method::POST, &self.aws, "secretsmanager", "secretsmanager.CreateSecret", secret).await;
    }

    /// Makes a queue and its dead letters'.
    pub async fn queue(&self, name: &str, ordered: bool) {
        for name in [format!("{name}_dead"), name.to_owned()] {
            let (end, attributes) = match ordered {
                true => (".fifo", json!({"FifoQueue": "true"})),
                false => ("", json!({})),
            };
            let queue = json!({"QueueName": format!("{PREFIX}{name}{end}"), "Attributes": attributes});
            self.ask(Method::POST, &self.sqs, "sqs", "AmazonSQS.CreateQueue", queue).await;
        }
    }

    async fn ask(&self, method: Method, url: &str, service: &str, target: &str, body: Value) {
        let scope = format!("Credential=test/20260101/us-east-1/{service}/aws4_request");
        let body = if body.is_null() { Bytes::new() } else { body.to_string().into() };
        let request = Request::builder()
            .method(method)
            .uri(url)
            .header("authorization", format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"))
            .header("x-amz-target", target)
            .header("content-type", "application/x-amz-json-1.0");
        let answer = Client::default().exchange(request.body(body).unwrap(), MINUTE).await.unwrap();
        assert!(answer.status().is_success(), "{target}: {} {:?}", answer.status(), answer.body());
    }

    /// A program in the folder, with the environment of a function.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command.current_dir(self.folder.path()).stdin(Stdio::null()).env_remove("POINTSMAN_CONFIG");
        for (name, value) in [
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_REGION", "us-east-1"),
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

    /// What `pointsman` prints; it must succeed.
    pub fn ok(&self, words: &[&str]) -> String {
        let output = self.run(words);
        let log = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {log}{}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The same as JSON.
    pub fn json(&self, words: &[&str]) -> Value {
        serde_json::from_str(&self.ok(&[words, &["--json"]].concat())).unwrap()
    }

    /// What it says beside its results.
    pub fn log(&self, words: &[&str]) -> String {
        String::from_utf8(self.run(words).stderr).unwrap()
    }

    /// All that it says when it fails.
    pub fn fails(&self, words: &[&str]) -> String {
        let output = self.run(words);
        assert!(!output.status.success(), "{words:?} succeeds");
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    }

    fn run(&self, words: &[&str]) -> Output {
        self.command(env!("CARGO_BIN_EXE_pointsman")).args(words).output().unwrap()
    }
}
