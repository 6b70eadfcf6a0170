//! Real queues for the tests of hosts, which may not know an adapter: the embedded ones, in a folder of their own.

use std::sync::Arc;

use pointsman_core::port::{Clock, Queue, QueueName, QueueSettings, Receiver};
use pointsman_embedded::{Options, Ports, Store};
use tempfile::TempDir;

/// Queues that live as long as this.
pub struct Queues {
    /// Sends to them.
    pub queue: Arc<dyn Queue>,
    /// Receives from them, and from their dead letters.
    pub receiver: Arc<dyn Receiver>,
    _folder: TempDir,
}

/// Empty queues of these names, in this time, with the settings that every queue has.
pub async fn queues(clock: Arc<dyn Clock>, names: &[&str]) -> Queues {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let named = names.iter().map(|name| {
        let name: QueueName = name.parse().expect("a queue's name");
        (name, QueueSettings::default())
    });
    let options = Options::new(clock, "a test of a host").with_queues(named);
    let store = Store::open(folder.path(), options).await.expect("the store opens");
    let Ports { queue, receiver, .. } = store.ports();
    Queues { queue, receiver, _folder: folder }
}
