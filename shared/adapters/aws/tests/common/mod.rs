//! The emulators, started once for a whole test binary, and connections to them.

pub mod fresh;
pub mod queues;

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::LazyLock,
};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};
use pointsman_aws::Connection;

/// Where the emulators listen.
pub struct Emulators {
    /// LocalStack, for SQS.
    pub sqs: String,
    /// moto, for all else.
    pub aws: String,
    /// Ends them when its standard input closes: with this process, however it ends.
    _script: Child,
}

/// Started by the first test that asks.
pub static EMULATORS: LazyLock<Emulators> = LazyLock::new(|| {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../scripts/emulators");
    let mut child = Command::new(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{script} cannot be started: {error}"));
    let output = child.stdout.take().expect("it is piped");
    let mut lines = BufReader::new(output).lines().map_while(Result::ok);
    let mut url = |name: &str| {
        let line = lines.next().unwrap_or_else(|| panic!("{script} ended without a word of `{name}`"));
        line.strip_prefix(name).unwrap_or_else(|| panic!("{script} says `{line}`")).to_owned()
    };
    Emulators { sqs: url("sqs="), aws: url("aws="), _script: child }
});

/// A configuration of the SDK for one emulator. Made anew for each test: a client's connections end with its runtime.
pub fn config(endpoint: &str) -> SdkConfig {
    let credentials = Credentials::new("test", "test", None, None, "tests");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(endpoint)
        .http_client(Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https())
        .build()
}

/// A connection to moto.
pub fn aws() -> Connection {
    Connection::new(config(&EMULATORS.aws))
}
