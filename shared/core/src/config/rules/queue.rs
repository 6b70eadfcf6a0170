//! Rules of the queues' settings.

use super::{Findings, subscription::Named};
use crate::config::{
    fault::{Fault, suggest},
    node::Cursor,
    release::is_reserved,
};

/// The name of the settings that every queue has unless it says otherwise.
pub const DEFAULT: &str = "default";

pub fn check(root: &Cursor<'_>, named: &Named<'_>, found: &mut Findings) {
    let Some(queues) = root.get("queues") else { return };
    let released = root.get("release").and_then(|it| it.get("enabled")).is_some_and(|it| it.is_true());
    for (key, queue) in queues.entries() {
        let ours = released && is_reserved(&key.text);
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
