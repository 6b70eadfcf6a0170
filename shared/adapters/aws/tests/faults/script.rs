//! A service that says what the test wants, for what no emulator does: refusals, throttling, halves of batches.

use std::sync::{Arc, Mutex};

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig};
use aws_sdk_sqs::config::{Credentials, SharedCredentialsProvider};
use pointsman_aws::Connection;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

/// Status, further headers, body.
pub type Answer = (u16, &'static str, String);

/// A request's operation (JSON protocols) or method and path (S3), and its body.
type Script = dyn Fn(&str, &str) -> Answer + Send + Sync;

/// The scripted service.
pub struct Service {
    pub connection: Connection,
    pub url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Service {
    /// Answers as the script says, on a free port, as long as the test's runtime lives.
    pub async fn start(script: impl Fn(&str, &str) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let (script, asked): (Arc<Script>, _) = (Arc::new(script), Arc::new(Mutex::new(Vec::new())));
        let log = asked.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, script.clone(), log.clone()));
            }
        });
        let url = format!("http://{address}");
        let credentials = Credentials::new("test", "a secret key", None, None, "tests");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .retry_config(RetryConfig::disabled())
            .endpoint_url(&url)
            .build();
        Self { connection: Connection::new(config), url, asked }
    }

    /// How often an operation was asked for.
    pub fn asked(&self, operation: &str) -> usize {
        let asked = self.asked.lock().expect("no test panics over it");
        asked.iter().filter(|name| name.contains(operation)).count()
    }
}

async fn serve(stream: TcpStream, script: Arc<Script>, log: Arc<Mutex<Vec<String>>>) {
    let mut stream = BufReader::new(stream);
    let (mut name, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
        let line = line.trim();
        if name.is_empty() {
            name = line.to_owned();
        }
        match line.split_once(": ") {
            Some((header, value)) if header.eq_ignore_ascii_case("content-length") => {
                length = value.parse().expect("a length");
            }
            Some((header, value)) if header.eq_ignore_ascii_case("x-amz-target") => {
                value.clone_into(&mut name)
            }
            None if line.is_empty() => break,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.expect("the whole body");
    let (status, headers, answer) = script(&name, &String::from_utf8_lossy(&body));
    log.lock().expect("no test panics over it").push(name);
    let length = answer.len();
    let answer = format!(
        "HTTP/1.1 {status} said\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{answer}"
    );
    // Who has gone does not want to know.
    drop(stream.write_all(answer.as_bytes()).await);
}
