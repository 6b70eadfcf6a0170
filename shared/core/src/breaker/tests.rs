//! The circuit's transitions as tables: a clock that is turned, and what comes of each send.

use std::time::Duration;

use super::*;

/// A circuit and its clock, in seconds.
struct Turned {
    breaker: Breaker,
    now: i64,
}

fn turned() -> Turned {
    Turned { breaker: Breaker::default(), now: 0 }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + second).unwrap()
}

fn down() -> PortError {
    PortError::unavailable("no route to the queue")
}

impl Turned {
    fn pass(&mut self) -> Option<Pass> {
        self.breaker.pass(at(self.now))
    }

    fn settle(&mut self, pass: &Pass, result: Result<(), PortError>) -> bool {
        self.breaker.settle(pass, at(self.now), result.as_ref().map(|()| ()))
    }

    /// One send at a time, `x` = it failed, `.` = it arrived; how many were let through.
    fn send(&mut self, results: &str) -> usize {
        let of = |result| if result == 'x' { Err(down()) } else { Ok(()) };
        let mut passed = 0;
        for result in results.chars() {
            let Some(pass) = self.pass() else { continue };
            passed += 1;
            self.settle(&pass, of(result));
        }
        passed
    }

    /// `closed`, `half-open`, or for how many seconds it stays open.
    fn told(&self) -> String {
        match self.breaker.circuit(at(self.now)) {
            Circuit::Closed => "closed".into(),
            Circuit::HalfOpen => "half-open".into(),
            Circuit::Open { until } => format!("{}", until.duration_since(at(self.now)).as_secs()),
        }
    }
}

#[test]
fn it_opens_after_three_failures_in_a_row_or_ten_of_twenty() {
    for (results, expected) in [
        ("", "closed"),
        ("xx", "closed"),
        ("xx.xx.xx.", "closed"),
        ("xxx", "5"),
        ("....................xxx", "5"),
        ("x.x.x.x.x.x.x.x.x.", "closed"),
        ("x.x.x.x.x.x.x.x.x.x", "5"),
        ("x..x..x..x..x..x..x..x..x..x..x..x..", "closed"),
        ("xx.xx.xx.xx.x", "closed"),
        ("xx.xx.xx.xx.xx", "5"),
    ] {
        let mut it = turned();
        it.send(results);
        assert_eq!(it.told(), expected, "after {results}");
    }
}

#[test]
fn an_open_one_lets_nothing_through_until_its_time_is_over() {
    let mut it = turned();
    it.send("xxx");
    assert_eq!(it.send("....."), 0);
    it.now = 4;
    assert_eq!((it.send("."), it.told()), (0, "1".into()));
    it.now = 5;
    assert_eq!(it.told(), "half-open");
}

#[test]
fn while_one_probes_the_others_are_skipped() {
    let mut it = turned();
    it.send("xxx");
    it.now = 5;
    let probe = it.pass().unwrap();
    assert!(probe.is_probe());
    assert_eq!((it.send("..."), it.told()), (0, "half-open".into()));
    assert!(it.settle(&probe, Ok(())));
    assert_eq!((it.send("..."), it.told()), (3, "closed".into()));
}

#[test]
fn each_failed_probe_keeps_it_open_for_longer_up_to_a_minute() {
    let mut it = turned();
    it.send("xxx");
    let mut lengths = vec![it.told()];
    for _ in 0..6 {
        it.now += lengths.last().unwrap().parse::<i64>().unwrap();
        assert_eq!(it.send("x"), 1);
        lengths.push(it.told());
    }
    assert_eq!(lengths, ["5", "10", "20", "40", "60", "60", "60"]);
    it.now += 60;
    it.send(".");
    assert_eq!(it.told(), "closed");
    it.send("xxx");
    assert_eq!(it.told(), "5", "once it was closed it begins anew");
}

#[test]
fn a_closed_one_forgets_what_was_before() {
    let mut it = turned();
    it.send("x.x.x.x.x.x.x.x.x.xxx");
    it.now = 5;
    it.send(".xx");
    assert_eq!(it.told(), "closed");
}

#[test]
fn a_probe_that_never_comes_back_is_followed_by_another() {
    let mut it = turned();
    it.send("xxx");
    it.now = 5;
    let lost = it.pass().unwrap();
    it.now = 6;
    assert_eq!(it.pass(), None);
    it.now = 7;
    let next = it.pass().unwrap();
    assert!(next.is_probe());
    assert!(!it.settle(&lost, Err(down())), "it says nothing any more");
    assert_eq!(it.told(), "half-open");
    assert!(it.settle(&next, Ok(())));
    assert_eq!(it.told(), "closed");
}

#[test]
fn what_was_sent_before_it_opened_neither_closes_it_nor_keeps_it_open() {
    let mut it = turned();
    let [early, other] = [it.pass().unwrap(), it.pass().unwrap()];
    it.send("xxx");
    assert!(!it.breaker.is_valid(&early), "no more tries");
    it.now = 4;
    assert!(!it.settle(&early, Ok(())));
    assert!(!it.settle(&other, Err(down())));
    assert_eq!(it.told(), "1");
}

#[test]
fn only_what_the_target_is_to_blame_for_counts() {
    for (kind, expected) in [
        (ErrorKind::Unavailable, "5"),
        (ErrorKind::Throttled { after: None }, "5"),
        (ErrorKind::Throttled { after: Some(Duration::from_secs(1)) }, "5"),
        (ErrorKind::Throttled { after: Some(Duration::from_secs(30)) }, "30"),
        (ErrorKind::Throttled { after: Some(Duration::from_secs(3600)) }, "60"),
        (ErrorKind::Internal, "5"),
        (ErrorKind::Denied, "5"),
        (ErrorKind::NotFound, "5"),
        (ErrorKind::Invalid, "closed"),
        (ErrorKind::Conflict, "closed"),
    ] {
        let mut it = turned();
        for _ in 0..IN_A_ROW {
            let pass = it.pass().unwrap();
            it.settle(&pass, Err(PortError::new(kind, "the queue `a` failed")));
        }
        assert_eq!(it.told(), expected, "{kind:?}");
    }
}

#[test]
fn a_probe_whose_message_is_refused_closes_it_because_the_target_answered() {
    let mut it = turned();
    it.send("xxx");
    it.now = 5;
    let probe = it.pass().unwrap();
    it.settle(&probe, Err(PortError::invalid("too large")));
    assert_eq!(it.told(), "closed");
}

#[test]
fn a_clock_set_back_lets_the_probe_through_at_once() {
    let mut it = turned();
    it.now = 86_400;
    it.send("xxx");
    it.now = 0;
    assert_eq!((it.told(), it.send(".")), ("half-open".into(), 1));
    assert_eq!(it.told(), "closed");
}

#[test]
fn all_of_them_tell_who_is_skipped_until_when_and_why() {
    let (breakers, queue) = (Breakers::default(), "slow".parse().unwrap());
    for _ in 0..IN_A_ROW {
        let pass = breakers.pass(&queue, at(0)).unwrap();
        breakers.settle(&queue, &pass, at(0), &Err(down()));
    }
    let skipped = breakers.pass(&queue, at(1)).unwrap_err();
    assert_eq!(skipped.kind, ErrorKind::Unavailable);
    assert_eq!(
        skipped.to_string(),
        "skipped: the circuit of `slow` is open until 2026-01-01T00:00:05Z, after: no route to the queue"
    );
    assert!(breakers.pass(&"fast".parse().unwrap(), at(1)).is_ok(), "another queue is not concerned");
    let _probe = breakers.pass(&queue, at(5)).unwrap();
    assert_eq!(
        breakers.pass(&queue, at(6)).unwrap_err().to_string(),
        "skipped: the circuit of `slow` is open while it is probed, after: no route to the queue"
    );
    let told: Vec<_> =
        breakers.targets(at(6)).into_iter().map(|it| (it.queue.to_string(), it.circuit)).collect();
    assert_eq!(told, [("fast".into(), Circuit::Closed), ("slow".into(), Circuit::HalfOpen)]);
}
