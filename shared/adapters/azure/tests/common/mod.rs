//! The emulators, started once for a whole test binary, and connections to them.

pub mod shared_key;

use std::{
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

use azure_core::{
    credentials::{AccessToken, TokenCredential, TokenRequestOptions},
    http::Url,
    time::OffsetDateTime,
};
use azure_storage_blob::{BlobContainerClient, BlobContainerClientOptions};
use pointsman_azure::Connection;
use pointsman_fake_servicebus::Plain;
use shared_key::SharedKey;

/// Azurite.
pub struct Azurite {
    /// Its account's URL.
    pub account: String,
    /// Ends it when its standard input closes: with this process, however it ends.
    _process: Child,
}

/// Started by the first test that asks.
pub static AZURITE: LazyLock<Azurite> = LazyLock::new(|| {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../..");
    let install = Command::new(format!("{root}/scripts/npm")).output().expect("scripts/npm can be started");
    assert!(install.status.success(), "{}", String::from_utf8_lossy(&install.stderr));
    let folder = String::from_utf8(install.stdout).expect("a path");
    let script = include_str!("../../../../../tests/npm/azurite.mjs");
    let free = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a free port");
    let port = free.port().to_string();
    let node = Command::new("node")
        .args(["--input-type=module", "--eval", script, "--", &port])
        .current_dir(folder.trim())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn();
    let begun = Instant::now();
    while TcpStream::connect(free).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(60), "Azurite does not listen on {free}");
        std::thread::sleep(Duration::from_millis(50));
    }
    let account = format!("http://{free}/{}", shared_key::ACCOUNT);
    Azurite { account, _process: node.expect("node can be started") }
});

/// A token that nobody checks.
#[derive(Debug)]
pub struct Token;

#[async_trait::async_trait]
impl TokenCredential for Token {
    async fn get_token(
        &self,
        _: &[&str],
        _: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        Ok(AccessToken::new("token", OffsetDateTime::now_utc() + azure_core::time::Duration::hours(1)))
    }
}

/// A connection to fakes on this machine. Made anew for each test: a client's connections end with its runtime.
pub fn connection() -> Connection {
    Connection::new(Arc::new(Plain::default()), Arc::new(Token))
}

/// A connection to Azurite, which wants each request signed.
pub fn signed() -> Connection {
    connection().signed_by(Arc::new(SharedKey))
}

/// An empty container on Azurite.
pub async fn container() -> String {
    let name = format!("test-{:016x}", fastrand::u64(..));
    let url = Url::parse(&format!("{}/{name}", AZURITE.account)).expect("an URL");
    let mut options = BlobContainerClientOptions { version: "2025-11-05".into(), ..Default::default() };
    options.client_options.per_try_policies = vec![Arc::new(SharedKey)];
    options.client_options.transport = Some(azure_core::http::Transport::new(Arc::new(shared_key::Direct)));
    let client = BlobContainerClient::new(url, None, Some(options)).expect("a container's client");
    client.create(None).await.expect("a container can be made");
    name
}
