//! How a logical queue is called on Service Bus: `{prefix}{name}`, its dead letters with `_dead` after the name, which no
//! queue's own name can hold.

use pointsman_core::port::QueueName;

const DEAD: &str = "_dead";

/// The name of a queue on Service Bus.
pub(super) fn physical(prefix: &str, queue: &QueueName) -> String {
    format!("{prefix}{}{}", queue.origin(), if queue.is_dead_letters() { DEAD } else { "" })
}

/// The queue that a queue of Service Bus is, if it is one of ours.
#[cfg_attr(not(feature = "receiver"), expect(dead_code, reason = "who only sends asks for no list"))]
pub(crate) fn logical(prefix: &str, physical: &str) -> Option<QueueName> {
    let name = physical.strip_prefix(prefix)?;
    match name.strip_suffix(DEAD) {
        Some(name) => name.parse().ok().map(|name: QueueName| name.dead_letters()),
        None => name.parse().ok(),
    }
}

#[cfg(all(test, feature = "receiver"))]
mod tests {
    use super::*;

    #[test]
    fn a_name_goes_to_service_bus_and_comes_back() {
        let queue = |text: &str| text.parse::<QueueName>().expect("a queue's name");
        for (name, expected) in [
            ("deploys", "pointsman-deploys"),
            ("deploys.dead", "pointsman-deploys_dead"),
            ("deploys-dead", "pointsman-deploys-dead"),
        ] {
            assert_eq!(physical("pointsman-", &queue(name)), expected);
            assert_eq!(logical("pointsman-", expected), Some(queue(name)));
        }
        for foreign in ["other-deploys", "pointsman-Deploys", "pointsman-a_b", "pointsman-"] {
            assert_eq!(logical("pointsman-", foreign), None, "{foreign}");
        }
    }
}
