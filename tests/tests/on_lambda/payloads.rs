//! Every payload from the Function URL to a function behind its queue, in its session's order, whatever fails on the way.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use pointsman_tests::{
    cloud::QUICK,
    fixtures::{self, Payload},
    lambda::{Answer, Function, Mapping, mapping::Turn, program},
};

use crate::{
    house::{House, Patience},
    sink::{Seen, Sink},
};

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
/// What an invocation of the consumer may take: less than its batch is held.
const TIME: Duration = Duration::from_secs(8);
/// It takes a minute, on a busy machine three.
const PATIENCE: Duration = Duration::from_secs(240);

/// An event that intake took.
struct Sent {
    id: String,
    session: String,
    payload: Payload,
}

/// What invocations came to.
#[derive(Default)]
struct Tally {
    turns: AtomicUsize,
    returned: AtomicUsize,
    exited: AtomicUsize,
    over: AtomicUsize,
}

impl Tally {
    fn count(&self, turn: &Turn) {
        let more = |of: &AtomicUsize, by: usize| of.fetch_add(by, Ordering::Relaxed);
        more(&self.turns, 1);
        match turn.answer {
            Answer::Done(_) => more(&self.returned, turn.records - turn.deleted),
            Answer::Exited(_) => more(&self.exited, 1),
            Answer::TimedOut => more(&self.over, 1),
            Answer::Failed { .. } => panic!("{turn:?}"),
        };
    }
}

/// GitHub's examples, and some that are too large for a queue.
fn all() -> Vec<Payload> {
    fixtures::github().chain([fixtures::large_push(100_000), fixtures::large_push(300_000)]).collect()
}

/// As JSON that is text in the event, as JSON in base64, as a form.
fn send(house: &House, number: usize, payload: Payload) -> Sent {
    let (event, json) = (&payload.event, &payload.bytes);
    let (id, response) = match number % 7 {
        3 => house.send(event, FORM, &fixtures::form_encoded(json), true),
        kind => house.send(event, JSON, json, kind < 3),
    };
    assert_eq!(response.body["duplicate"], false, "{response:?}");
    let session = response.body["session"].as_str().unwrap().to_owned();
    Sent { id, session, payload }
}

#[test]
fn every_payload_reaches_a_function_in_order_whatever_fails() {
    let house =
        House::new("subscriptions: [{ name: bot, events: ['*'] }]\nqueues: { bot: { max_deliveries: 8 } }\n");
    let sink = Sink::open(20261121);
    house.cloud.queue_held("bot", true, QUICK);
    let (start, target) = (house.cloud.commands(program("examples/consumer")), sink.url.clone());
    let consumer = Arc::new(Function::new("consumer", TIME, move || {
        let mut command = start();
        command.env("QUEUE", "bot").env("TARGET", &target);
        command
    }));
    sink.watch(&consumer);
    let (payloads, patience, tally) = (all(), Patience::new(PATIENCE), Tally::default());
    let count = payloads.len();
    let mapping = Mapping { cloud: &house.cloud, queue: "bot", function: &consumer, batch: 10 };
    let sent: Vec<Sent> = thread::scope(|scope| {
        let sending = scope.spawn(|| {
            payloads.into_iter().enumerate().map(|(number, payload)| send(&house, number, payload)).collect()
        });
        let done = || sink.effects() == count && house.cloud.waiting("bot") == 0;
        mapping.run(2, || patience.is_over() || done(), |turn| tally.count(turn));
        sending.join().unwrap()
    });

    let seen = sink.seen();
    let faults = faults(&sent, &seen);
    assert!(faults.is_empty(), "{}\n{}", consumer.log(), faults.join("\n"));
    assert_eq!((house.cloud.waiting("bot"), house.cloud.waiting("bot_dead")), (0, 0));
    let counted = |of: &AtomicUsize| of.load(Ordering::Relaxed);
    assert!(counted(&tally.exited) >= 1 && counted(&tally.over) >= 1, "nobody was killed, or frozen");
    assert!(counted(&tally.returned) > 30, "hardly anything failed");
    let starts = consumer.starts();
    println!(
        "{count} events in {} batches by {starts} processes, told {} times",
        counted(&tally.turns),
        seen.len()
    );
    assert!((3..30).contains(&starts), "{starts} processes: warm ones are used again");
    assert_eq!(house.intake.starts(), 1);
}

/// Every fault that there is: what never took effect, what overtook an older one of its session, what is not the payload.
fn faults(sent: &[Sent], seen: &[Seen]) -> Vec<String> {
    let mut faults = Vec::new();
    let numbers: HashMap<&str, usize> =
        sent.iter().enumerate().map(|(at, it)| (it.id.as_str(), at)).collect();
    let mut done = vec![false; sent.len()];
    for it in seen {
        let number = numbers[it.id.as_str()];
        let own = &sent[number];
        let name = format!("{}/{} ({})", own.payload.event, own.payload.name, it.id);
        if it.session != own.session {
            faults.push(format!("{name} is of {}, and came as of {}", own.session, it.session));
        }
        let overtaken = (0..number).find(|before| sent[*before].session == own.session && !done[*before]);
        if let Some(before) = overtaken {
            faults.push(format!("{name} came before {} of {}", sent[before].payload.name, own.session));
        }
        if !it.body.ends_with(&[&b",\"data\":"[..], &own.payload.bytes, b"}"].concat()) {
            faults.push(format!("{name} is not byte for byte"));
        }
        done[number] |= it.done;
    }
    let lost = done.iter().zip(sent).filter(|(done, _)| !**done);
    faults.extend(lost.map(|(_, it)| format!("{} took no effect", it.id)));
    faults
}
