//! Microsoft's own client against the fake: it speaks the protocol that the service speaks.

use std::{path::Path, process::Command};

use pointsman_fake_servicebus::{ServiceBus, Settings};

#[tokio::test(flavor = "multi_thread")]
async fn microsofts_own_client_takes_the_fake_for_the_service() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.ancestors().nth(3).unwrap();
    let install =
        Command::new(root.join("scripts/pip")).arg("tests/emulators/servicebus.txt").output().unwrap();
    assert!(install.status.success(), "{}", String::from_utf8_lossy(&install.stderr));
    let folder = String::from_utf8(install.stdout).unwrap();
    let bus = ServiceBus::start().await.unwrap();
    for queue in ["ten", "abandon", "dead", "one", "empty", "once", "peek"] {
        bus.broker.make(queue, Settings::default());
    }
    let python = Path::new(folder.trim()).join("bin/python");
    let script = here.join("tests/client.py");
    let mut run = tokio::process::Command::new(python);
    let run = run.arg(script).arg(bus.connection_string()).kill_on_drop(true).output();
    let run = tokio::time::timeout(std::time::Duration::from_secs(120), run).await;
    let run = run.expect("it ends in time").unwrap();
    let (told, wrong) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success(), "after {told}: {wrong}");
    assert_eq!(told.lines().count(), 7, "each rule is told: {told}");
}
