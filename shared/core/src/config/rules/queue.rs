//! Rules of the queues' settings.

use super::{Findings, subscription::Named};
use crate::config::{
    ERASE, REPLAY,
    fault::{Fault, suggest},
    node::Cursor,
    release::{AUTOMATOR, ORCHESTRATOR},
};

/// The name of the settings that every queue has unless it says otherwise.
pub const DEFAULT: &str = "default";

pub fn check(root: &Cursor<'_>, named: &Named<'_>, found: &mut Findings) {
    let Some(queues) = root.get("queues") else { return };
    for (key, queue) in queues.entries() {
        let ours = is_ours(root, &key.text);
        if key.text != DEFAULT && !ours && !named.contains_key(key.text.as_str()) {
            let mut known: Vec<&str> = named.keys().copied().chain([DEFAULT]).collect();
            known.sort_unstable();
            let fault = Fault::new(queue.path(), key.at, "no subscription has a queue of this name");
            found.faults.push(fault.hint(suggest(&key.text, &known)));
        }
        found.duration(queue.get("visibility"), "1s", "12h");
        found.duration(queue.get("dedup_window"), "0s", "24h");
    }
}

/// Whether a built-in stage has this queue.
fn is_ours(root: &Cursor<'_>, queue: &str) -> bool {
    let is_on = |section: &str, key: &str| {
        root.get(section).and_then(|it| it.get(key)).is_some_and(|it| it.is_true())
    };
    match queue {
        ORCHESTRATOR | AUTOMATOR => is_on("release", "enabled"),
        REPLAY => root.get("admin").is_some(),
        ERASE => is_on("retention", "erase_on_uninstall"),
        _ => false,
    }
}
