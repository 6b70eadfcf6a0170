//! The secrets suite over this machine's secrets.

use std::{fs, sync::Arc};

use pointsman_conformance::{Capabilities, Subject, Time, secrets::Ports};
use pointsman_core::port::SecretRef;
use pointsman_env::EnvSecrets;

async fn subject() -> Subject<Ports> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("app.key"), "kept in a file\n").expect("a file can be written");
    fs::write(folder.path().join("empty.key"), "\n").expect("a file can be written");
    let reference = |text: &str| text.parse::<SecretRef>().expect("a reference");
    // Cargo sets this variable for every test; none can be set from within one.
    let variable = env!("CARGO_MANIFEST_DIR").as_bytes().to_vec();
    let present = vec![
        (reference("env:CARGO_MANIFEST_DIR"), vec![variable]),
        (reference("file:app.key"), vec![b"kept in a file".to_vec()]),
        (reference("literal:written into the file"), vec![b"written into the file".to_vec()]),
    ];
    let missing = ["env:POINTSMAN_TEST_IS_NOT_SET", "file:nothing.key", "file:empty.key"];
    let missing = missing
        .map(|text| (reference(text), text.split_once(':').expect("a kind and a place").1.to_owned()))
        .into();
    let secrets = Arc::new(EnvSecrets::new(folder.path()));
    let ports = Ports { secrets, present, missing };
    let capabilities = Capabilities { restarts: false, exact_time: false, ..Capabilities::ALL };
    Subject { ports, time: Time::Real, capabilities, reopen: None, keep: Box::new(folder) }
}

pointsman_conformance::secrets_suite! { cases: 4, subject: subject }
