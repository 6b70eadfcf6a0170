//! What must hold, whatever happened: all that was answered with 202 came where it is wanted, in order, enqueued once, byte
//! for byte, and nothing else came.

use std::collections::{HashMap, HashSet};

use super::facts::{Came, Inner, NEVER, Sent};

/// What came of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Deliveries that left.
    pub sent: usize,
    /// Of those, answered with 202.
    pub answered: usize,
    /// Different events that came, over all queues.
    pub came: usize,
    /// Answered with 202, and did not come.
    pub lost: usize,
    /// Came before one of its session that was answered before it was sent.
    pub overtaken: usize,
    /// Enqueued more than once.
    pub enqueued_twice: usize,
    /// Came once more, as the same message: at least once is what a queue promises.
    pub came_again: usize,
    /// Is not what was sent, or was never sent.
    pub wrong: usize,
    /// Says why it may be late; its place in the order is not judged.
    pub with_cause: usize,
}

impl Verdict {
    /// Whether everything that must hold does.
    pub fn is_clean(&self) -> bool {
        (self.lost, self.overtaken, self.enqueued_twice, self.wrong) == (0, 0, 0, 0)
    }
}

/// Judges it. `wanted(queue, number)` says whether a queue wants a delivery; queues are 0 to `queues`.
pub fn judge(facts: &Inner, queues: u8, wanted: impl Fn(u8, u32) -> bool) -> Verdict {
    let Inner { sent, came, strange, .. } = facts;
    let mut verdict = Verdict {
        sent: sent.iter().filter(|it| it.left != NEVER).count(),
        answered: sent.iter().filter(|it| it.answered != NEVER).count(),
        wrong: strange.len(),
        ..Verdict::default()
    };
    for queue in 0..queues {
        let of_queue: Vec<Came> = came.iter().filter(|it| it.queue == queue).copied().collect();
        let first = firsts(&of_queue, &mut verdict);
        verdict.came += first.len();
        verdict.with_cause += first.iter().filter(|it| it.has_cause).count();
        verdict.wrong += first.iter().filter(|it| !it.is_whole || !wanted(queue, it.number)).count();
        let there: HashSet<u32> = first.iter().map(|it| it.number).collect();
        let lost = (0u32..)
            .zip(sent)
            .filter(|(number, it)| it.answered != NEVER && wanted(queue, *number) && !there.contains(number));
        verdict.lost += lost.count();
        verdict.overtaken += overtaken(sent, &first);
    }
    verdict
}

/// The first time that each came; an effect that is keyed by the id happens then.
fn firsts(came: &[Came], verdict: &mut Verdict) -> Vec<Came> {
    let mut known: HashMap<u32, u64> = HashMap::new();
    let mut others = HashSet::new();
    let mut first = Vec::new();
    for it in came {
        let message = *known.entry(it.number).or_insert_with(|| {
            first.push(*it);
            it.message
        });
        let is_another = message != it.message && others.insert((it.number, it.message));
        verdict.enqueued_twice += usize::from(is_another);
        verdict.came_again += usize::from(!is_another);
    }
    verdict.came_again -= first.len();
    first
}

/// Two that were in flight at once have no order. But what was answered before another was sent is before it: seen from the
/// end, nothing may have been answered, of those that came later, before this one was sent.
fn overtaken(sent: &[Sent], came: &[Came]) -> usize {
    let mut earliest: HashMap<u32, u64> = HashMap::new();
    let mut count = 0;
    for it in came.iter().rev().filter(|it| !it.has_cause) {
        let own = sent[it.number as usize];
        let later = earliest.entry(it.session).or_insert(NEVER);
        count += usize::from(*later < own.left);
        *later = own.answered.min(*later);
    }
    count
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    /// Four of one session, one after another, and one of another session; all came.
    fn run() -> Inner {
        let mut facts = Inner::default();
        for n in 0..5_u32 {
            let left = u64::from(n) * 10;
            facts.sent.push(Sent { born: Timestamp::UNIX_EPOCH, left, answered: left + 5 });
            facts.came.push(Came {
                queue: 0,
                number: n,
                session: n / 4,
                message: n.into(),
                has_cause: false,
                is_whole: true,
            });
        }
        facts
    }

    fn judged(facts: &Inner) -> Verdict {
        judge(facts, 1, |_, _| true)
    }

    #[test]
    fn a_good_run_is_clean() {
        let verdict = judged(&run());
        assert!(verdict.is_clean(), "{verdict:?}");
        assert_eq!((verdict.sent, verdict.answered, verdict.came), (5, 5, 5));
    }

    #[test]
    fn one_that_was_answered_and_did_not_come_is_lost() {
        let mut facts = run();
        facts.came.remove(2);
        assert_eq!(judged(&facts).lost, 1);
        facts.sent[2].answered = NEVER;
        assert!(judged(&facts).is_clean(), "nobody was told that it is kept");
    }

    #[test]
    fn two_that_are_swapped_are_told_unless_they_were_in_flight_at_once() {
        let mut facts = run();
        facts.came.swap(0, 1);
        assert_eq!(judged(&facts).overtaken, 1);
        facts.sent[0].answered = 15;
        assert!(judged(&facts).is_clean(), "the second left before the first was answered");
        facts.sent[0].answered = 5;
        facts.came[1].has_cause = true;
        assert!(judged(&facts).is_clean(), "it says that it is late");
    }

    #[test]
    fn sessions_do_not_wait_for_one_another() {
        let mut facts = run();
        facts.came.rotate_right(1);
        assert!(judged(&facts).is_clean());
    }

    #[test]
    fn coming_again_is_no_fault_and_being_enqueued_twice_is_one() {
        let mut facts = run();
        facts.came.push(facts.came[0]);
        assert_eq!((judged(&facts).came_again, judged(&facts).is_clean()), (1, true));
        facts.came.push(Came { message: 77, ..facts.came[0] });
        assert_eq!((judged(&facts).enqueued_twice, judged(&facts).is_clean()), (1, false));
    }

    #[test]
    fn what_is_not_as_sent_or_not_wanted_or_not_ours_is_wrong() {
        let mut facts = run();
        facts.came[3].is_whole = false;
        facts.strange.push("hostile".into());
        assert_eq!(judged(&facts).wrong, 2);
        let picky = judge(&run(), 1, |_, number| number != 4);
        assert_eq!((picky.wrong, picky.lost), (1, 0));
    }
}
