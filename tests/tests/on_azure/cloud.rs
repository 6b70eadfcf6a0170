//! One system: Service Bus, Blob Storage, the app around the program, and its webhooks' address.

#[expect(dead_code, reason = "its own server, which speaks no TLS")]
#[path = "../../../shared/adapters/azure/tests/vault/mod.rs"]
mod vault;

use std::{
    collections::BTreeMap,
    env, fs,
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use pointsman_fake_functions_host::{Encoding, FunctionsHost, Settings};
use pointsman_fake_servicebus::{KEY, KEY_NAME, ServiceBus, broker};
use pointsman_tests::{house::root, http};
use serde_json::json;
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::identity;

/// The queues of the stages, and of the subscription that the tests have.
pub const QUEUES: [&str; 5] = ["all", "release-orchestrator", "release-automator", "replay", "erase"];

/// Stand for where the services are.
const NAMESPACE: &str = "<namespace>";
const ACCOUNT: &str = "<account>";

/// Dropped, all of it is stopped.
pub struct Cloud {
    pub bus: ServiceBus,
    pub host: FunctionsHost,
    pub folder: TempDir,
    _azurite: Azurite,
}

/// Ends when its standard input closes: with this process, however it ends.
struct Azurite(Child);

impl Drop for Azurite {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Cloud {
    /// With `sources` and what follows in its configuration, and this in its environment. Service Bus is opened by a key.
    pub async fn start(config: &str, environment: &[(&str, &str)]) -> Self {
        let key = format!(
            "backend: azure\nazure: {{ namespace: '{NAMESPACE}', account: '{ACCOUNT}', key: 'env:BUS_KEY', \
             key_name: {KEY_NAME} }}\n"
        );
        Self::of(&(key + config), environment, &[]).await
    }

    /// With this configuration, whole, and these secrets in its vault. Where the services are stands in the file for
    /// [`NAMESPACE`] and [`ACCOUNT`], else in the environment.
    pub async fn of(config: &str, environment: &[(&str, &str)], secrets: &[(&str, &[&str])]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        identity::certificates(folder.path());
        let (azurite, account) = azurite(folder.path());
        let bus = ServiceBus::start().await.unwrap();
        for queue in QUEUES {
            for name in [format!("pointsman-{queue}"), format!("pointsman-{queue}_dead")] {
                bus.broker
                    .make(&name, broker::Settings { max_delivery: 2000, ..broker::Settings::default() });
            }
        }
        let app = at("azure");
        let packed = Command::new(root().join("scripts/package-azure"))
            .arg("x86_64")
            .arg(beside("azure"))
            .arg(&app)
            .output()
            .unwrap();
        assert!(packed.status.success(), "{}", String::from_utf8_lossy(&packed.stderr));
        let namespace = format!("http://{}", bus.rest);
        let placed = config.replace(NAMESPACE, &namespace).replace(ACCOUNT, &account);
        fs::write(app.join("pointsman.yaml"), &placed).unwrap();
        let place = |url: &str| if placed == config { url.to_owned() } else { String::new() };
        let vault = if secrets.is_empty() { String::new() } else { vault(folder.path(), secrets).await };
        let endpoint = identity::endpoint().await;
        let own = [
            ("POINTSMAN_AZURE_QUEUE_PREFIX", "pointsman-"),
            ("POINTSMAN_SERVICEBUS__fullyQualifiedNamespace", "127.0.0.1"),
            ("POINTSMAN_AZURE_NAMESPACE", &place(&namespace)),
            ("POINTSMAN_AZURE_ACCOUNT", &place(&account)),
            ("POINTSMAN_AZURE_VAULT", &vault),
            ("BUS_KEY", KEY),
            ("IDENTITY_ENDPOINT", &endpoint),
            ("IDENTITY_HEADER", "fake"),
            ("SSL_CERT_FILE", at("ca.pem").to_str().unwrap()),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let more = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let values: BTreeMap<String, String> = own.into_iter().chain(more).collect();
        let settings = Settings { folder: app, values, encoding: Encoding::SEEN };
        let host = FunctionsHost::start(settings, bus.broker.clone()).await.unwrap();
        Self { bus, host, folder, _azurite: azurite }
    }

    /// Makes a queue, as Terraform does.
    pub fn make(&self, name: &str) {
        make(&self.bus, name);
    }

    /// A second app, whose function `consumer` works on the subscription's queue, one in ten of its messages fails.
    pub async fn consumer(&self) -> (FunctionsHost, PathBuf) {
        let app = self.folder.path().join("consumer-app");
        fs::create_dir_all(app.join("consumer")).unwrap();
        let host = json!({ "version": "2.0",
            "customHandler": { "description": { "defaultExecutablePath": "program" }, "enableProxyingHttpRequest": true },
            "extensions": { "serviceBus": { "maxConcurrentSessions": 128, "sessionIdleTimeout": "00:00:01" } } });
        let function = json!({ "bindings": [{ "type": "serviceBusTrigger", "queueName": "pointsman-all",
            "connection": "BUS", "isSessionsEnabled": true }] });
        fs::write(app.join("host.json"), host.to_string()).unwrap();
        fs::write(app.join("consumer/function.json"), function.to_string()).unwrap();
        std::os::unix::fs::symlink(beside("examples/azure-consumer"), app.join("program")).unwrap();
        let notes = self.folder.path().join("notes");
        fs::write(&notes, "").unwrap();
        let values = [
            ("BUS", "fake".to_owned()),
            ("CONSUMER_NOTES", notes.display().to_string()),
            ("CONSUMER_FAILS", "10".to_owned()),
        ];
        let values = values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let settings = Settings { folder: app, values, encoding: Encoding::SEEN };
        (FunctionsHost::start(settings, self.bus.broker.clone()).await.unwrap(), notes)
    }

    /// Sends a webhook to the app; the status, and what it says.
    pub async fn post(&self, headers: Vec<(String, String)>, body: Vec<u8>) -> (u16, String) {
        let url = format!("{}/webhooks/github", self.host.url);
        let sent = tokio::task::spawn_blocking(move || {
            let headers: Vec<(&str, &str)> =
                headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            http::post(&url, &headers, &body)
        });
        match sent.await.unwrap() {
            Ok(answer) => (answer.status, answer.text()),
            Err(error) => (0, error.to_string()),
        }
    }

    /// Messages that wait or are held, of all queues; none may be dead.
    pub fn waiting(&self) -> usize {
        let mut waiting = 0;
        for queue in QUEUES {
            let counts = self.bus.broker.counts(&format!("pointsman-{queue}")).unwrap();
            let dead = self.bus.broker.counts(&format!("pointsman-{queue}_dead")).unwrap();
            assert_eq!((counts.dead, dead.active), (0, 0), "{queue} has dead letters");
            waiting += counts.active + counts.scheduled;
        }
        waiting
    }
}

/// Key Vault by TLS; its URL.
async fn vault(folder: &Path, secrets: &[(&str, &[&str])]) -> String {
    let (acceptor, kept) = (identity::acceptor(folder), vault::kept(secrets));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let shown = url.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, kept, url) = (acceptor.clone(), kept.clone(), shown.clone());
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                // Who has gone does not want to know.
                drop(vault::serve(stream, &kept, &url).await);
            });
        }
    });
    url
}

fn make(bus: &ServiceBus, name: &str) {
    bus.broker.make(name, broker::Settings { max_delivery: 2000, ..broker::Settings::default() });
}

/// What cargo has built beside the running test.
fn beside(name: &str) -> PathBuf {
    let test = env::current_exe().unwrap();
    let program = test.parent().and_then(Path::parent).unwrap().join(name);
    assert!(program.exists(), "{} is missing: cargo build --workspace --all-features", program.display());
    program
}

/// Azurite by TLS, with tokens, and its two containers; the account's URL.
fn azurite(folder: &Path) -> (Azurite, String) {
    let installed = Command::new(root().join("scripts/npm")).output().unwrap();
    assert!(installed.status.success(), "{}", String::from_utf8_lossy(&installed.stderr));
    let npm = String::from_utf8(installed.stdout).unwrap();
    let node = |script: &str, args: &[&str]| {
        let mut node = Command::new("node");
        node.args(["--input-type=module", "--eval", script, "--"]).args(args).current_dir(npm.trim());
        node
    };
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).unwrap();
    let (cert, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    let port = free.port().to_string();
    let args = [&port, "--cert", cert.to_str().unwrap(), "--key", key.to_str().unwrap(), "--oauth", "basic"];
    let script = fs::read_to_string(root().join("tests/npm/azurite.mjs")).unwrap();
    let child = node(&script, &args).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let azurite = Azurite(child);
    let begun = Instant::now();
    while TcpStream::connect(free).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(60), "Azurite does not listen on {free}");
        std::thread::sleep(Duration::from_millis(50));
    }
    let ca = folder.join("ca.pem");
    let made = node(MAKE, &[&port, ca.to_str().unwrap(), &identity::token()]).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    (azurite, format!("https://{free}/devstoreaccount1"))
}

/// Makes the containers `archive` and `records`.
const MAKE: &str = r#"
import { request } from "node:https";
import { readFileSync } from "node:fs";
const [port, ca, token] = process.argv.slice(1);
for (const name of ["archive", "records"]) {
  await new Promise((done, failed) => {
    const path = `/devstoreaccount1/${name}?restype=container`;
    const headers = { authorization: `Bearer ${token}`, "x-ms-version": "2025-11-05", "x-ms-date": new Date().toUTCString(), "content-length": 0 };
    request({ host: "127.0.0.1", port, path, method: "PUT", ca: readFileSync(ca), headers }, (answer) => {
      answer.resume();
      answer.statusCode === 201 ? done() : failed(new Error(`${name}: ${answer.statusCode}`));
    }).on("error", failed).end();
  });
}
"#;

/// Waits until this is so.
pub async fn until(what: &str, within: Duration, mut is_so: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < within, "not in {within:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
