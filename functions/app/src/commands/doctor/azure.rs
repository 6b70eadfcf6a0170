//! What is deployed on Azure, by the rights of whoever asks: containers, queues, secrets. An error names the resource and the
//! role that is missing.

use pointsman_core::port::ErrorKind;
use pointsman_env::Loaded;

use super::{
    Findings,
    aws::{secrets, told},
    house::written,
};
use crate::store::Store;

/// Looks at all of it; a server there is none.
pub async fn look(loaded: &Loaded, found: &mut Findings) {
    let store = match Store::open(&loaded.config, "pointsman doctor").await {
        Ok(store) => store,
        Err(error) => {
            let todo = "Terraform's outputs name its namespace and account: see infra/azure/README.md";
            return found.fail("azure", format!("{error:#}"), todo);
        }
    };
    let listed = store.archive.list("deliveries/", None, 1).await;
    told("archive", listed.map(drop), "can be listed", found);
    told("records", written(&store).await, "can be written to", found);
    for (queue, _) in loaded.config.queues() {
        let check = format!("queue {queue}");
        match store.admin.stats(&queue).await {
            Ok(stats) => found.ok(&check, format!("{} wait, {} dead letters", stats.depth, stats.dead)),
            Err(error) if error.kind == ErrorKind::NotFound => {
                let todo =
                    "add it to Terraform's variable `queues`, and apply, before the subscription is deployed";
                found.fail(&check, error.to_string(), todo);
            }
            Err(error) => told(&check, Err(error), "", found),
        }
    }
    secrets(loaded, found).await;
}
