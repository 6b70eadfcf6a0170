//! What the drill must show: everything arrived, nothing twice, in order, and what is late says why.

use std::collections::{BTreeMap, HashMap};

use jiff::SignedDuration;
use pointsman_fake_github::Delivery;

use crate::consumer::{QUEUES, Seen};

/// What is late by more than this says why.
const LATE: SignedDuration = SignedDuration::from_mins(2);

/// How many events came with each cause; `-` = on time.
pub type Causes = BTreeMap<String, usize>;

/// Every fault that there is.
pub fn faults(emitted: &[Delivery], seen: &[Seen]) -> Vec<String> {
    let mut faults = Vec::new();
    let numbers: HashMap<&str, usize> =
        emitted.iter().enumerate().map(|(number, delivery)| (delivery.guid.as_str(), number)).collect();
    for queue in QUEUES {
        let mut times = vec![0; emitted.len()];
        let mut last: HashMap<&str, usize> = HashMap::new();
        for it in seen.iter().filter(|it| it.queue == queue) {
            let Some(number) = numbers.get(it.id.as_str()).copied() else {
                faults.push(format!("{queue}: {} was never emitted", it.id));
                continue;
            };
            times[number] += 1;
            if it.cause.is_some() {
                continue;
            }
            if it.enqueued.duration_since(emitted[number].at) > LATE {
                faults.push(format!("{queue}: event {number} is late and does not say why"));
            }
            let before = last.insert(&it.session, number);
            if let Some(before) = before.filter(|before| *before >= number) {
                faults.push(format!(
                    "{queue}: event {number} came after {before} of its session, without a cause"
                ));
            }
        }
        for (number, (times, delivery)) in times.iter().zip(emitted).enumerate() {
            let wanted = usize::from(queue == "consumer" || delivery.event == "issue_comment");
            if *times != wanted {
                faults.push(format!("{queue}: event {number} came {times} times, not {wanted}"));
            }
        }
    }
    faults
}

pub fn causes(seen: &[Seen]) -> Causes {
    let mut causes = Causes::new();
    for it in seen {
        *causes.entry(it.cause.clone().unwrap_or_else(|| "-".into())).or_default() += 1;
    }
    causes
}
