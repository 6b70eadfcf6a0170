//! How a logical queue is called on SQS: `{prefix}{name}.fifo` where its messages have an order, `{prefix}{name}` where
//! not; its dead letters with `_dead` after the name, which no queue's own name can hold.

use pointsman_core::port::{PortError, QueueName};

/// The longest name that SQS takes.
const LONGEST: usize = 80;
const DEAD: &str = "_dead";
const FIFO: &str = ".fifo";

/// The name of a queue on SQS.
pub(super) fn physical(prefix: &str, queue: &QueueName, ordered: bool) -> Result<String, PortError> {
    let dead = if queue.is_dead_letters() { DEAD } else { "" };
    let name = format!("{prefix}{}{dead}{}", queue.origin(), if ordered { FIFO } else { "" });
    if name.len() > LONGEST {
        let message =
            format!("`{name}` is longer than SQS takes ({LONGEST}): choose a shorter prefix or name");
        return Err(PortError::invalid(message));
    }
    Ok(name)
}

/// The queue that a queue of SQS is, if it is one of ours.
pub(super) fn logical(prefix: &str, physical: &str) -> Option<QueueName> {
    let name = physical.strip_prefix(prefix)?;
    let name = name.strip_suffix(FIFO).unwrap_or(name);
    match name.strip_suffix(DEAD) {
        Some(name) => name.parse().ok().map(|name: QueueName| name.dead_letters()),
        None => name.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_goes_to_sqs_and_comes_back() {
        let queue = |text: &str| text.parse::<QueueName>().expect("a queue's name");
        let cases = [
            ("deploys", true, "pointsman-deploys.fifo"),
            ("deploys", false, "pointsman-deploys"),
            ("deploys.dead", true, "pointsman-deploys_dead.fifo"),
            ("deploys-dead", false, "pointsman-deploys-dead"),
        ];
        for (name, ordered, expected) in cases {
            assert_eq!(physical("pointsman-", &queue(name), ordered).expect("it fits"), expected);
            assert_eq!(logical("pointsman-", expected), Some(queue(name)));
        }
        for foreign in ["other-deploys", "pointsman-Deploys", "pointsman-a_b", "pointsman-"] {
            assert_eq!(logical("pointsman-", foreign), None, "{foreign}");
        }
    }

    #[test]
    fn the_longest_name_fits_and_a_longer_prefix_is_refused() {
        let longest: QueueName = "q".repeat(60).parse().expect("a queue's name");
        assert_eq!(physical("pointsman-", &longest.dead_letters(), true).expect("it fits").len(), LONGEST);
        assert!(physical("pointsmans-", &longest.dead_letters(), true).is_err());
    }
}
