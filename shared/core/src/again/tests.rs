//! What a stored delivery becomes today: by why it is sent again, and to whom.

use std::collections::BTreeSet;

use async_trait::async_trait;
use futures::FutureExt as _;

use super::*;
use crate::{
    config,
    delivery::SourceName,
    event::Envelope,
    port::{Object, PortError, Secret, SecretRef, Secrets},
    tests::delivery,
};

const CONFIG: &str = r#"
sources: { github: { secrets: ["literal:sesame"], events: ["*", "!status"] } }
subscriptions:
  - { name: one, events: ["*"] }
  - { name: two, events: [push], queue: shared, session: repository }
  - { name: three, events: [push], queue: shared, session: repository, when: 'data.ref == "refs/heads/main"' }
  - { name: other, events: [issues], session: none }
"#;

const PUSH: &str = r#"{"ref":"refs/heads/main","repository":{"full_name":"acme/web"}}"#;

const GAPS: [Why<'static>; 3] = [Why::Redelivered, Why::Recovered, Why::Rerouted];

struct Known;

#[async_trait]
impl Secrets for Known {
    async fn get(&self, _: &SecretRef) -> Result<Vec<Secret>, PortError> {
        Ok(vec![Secret::new("sesame")])
    }
}

fn rules() -> Rules {
    let config = config::parse(CONFIG).unwrap().config;
    Rules::load(&config, &Known).now_or_never().unwrap().unwrap()
}

fn stored(delivery: &Delivery) -> Stored {
    let object = Object { body: delivery.body.clone(), metadata: delivery.metadata() };
    Stored::new(&delivery.archive_key(), object).unwrap()
}

fn sent_again(delivery: &Delivery, why: Why<'_>, to: To<'_>) -> Again {
    let rules = rules();
    stored(delivery)
        .with_facts(&rules, |facts, event| again(facts, event, &rules, (why, to), Inline::default()))
        .unwrap()
}

/// Queues, each with its session.
fn placed(again: &Again) -> Vec<(&str, Option<&str>)> {
    again
        .messages
        .iter()
        .map(|(queue, message)| (queue.as_str(), message.session.as_ref().map(Session::as_str)))
        .collect()
}

fn dedup_ids(again: &Again) -> Vec<&str> {
    again.messages.iter().map(|(_, message)| message.dedup_id.as_str()).collect()
}

#[test]
fn a_replay_erases_nothing_unless_that_is_asked_for() {
    let text = format!("{CONFIG}retention: {{ erase_on_uninstall: true }}\n");
    let config = config::parse(&text).unwrap().config;
    let rules = Rules::load(&config, &Known).now_or_never().unwrap().unwrap();
    let gone = delivery("installation", r#"{"action":"deleted","installation":{"id":7}}"#);
    let queues = |why, to| {
        let made = |facts: &Facts<'_>, event| again(facts, event, &rules, (why, to), Inline::default());
        let again = stored(&gone).with_facts(&rules, made).unwrap();
        again.messages.into_iter().map(|(queue, _)| queue.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(queues(Why::Replayed("r1"), To::Matching), ["one"]);
    assert_eq!(queues(Why::Recovered, To::Matching), ["one", "erase"], "what was not sent yet is");
    let named = BTreeSet::from(["erase".to_owned()]);
    assert_eq!(queues(Why::Replayed("r1"), To::Subscriptions(&named)), ["erase"]);
}

#[test]
fn each_reason_is_told_as_the_events_cause() {
    for (why, cause) in [
        (Why::Redelivered, "redelivered"),
        (Why::Recovered, "recovered"),
        (Why::Rerouted, "rerouted"),
        (Why::Replayed("r1"), "replayed"),
    ] {
        let again = sent_again(&delivery("push", PUSH), why, To::Matching);
        assert_eq!(again.event.cause, Some(why.cause()));
        for (queue, message) in &again.messages {
            let body = message.body.to_bytes();
            let event = Envelope::read(&body).unwrap();
            assert_eq!(event.attribute("cause").as_deref(), Some(cause), "{queue}");
            assert_eq!(event.data(), Some(PUSH), "{queue}");
        }
    }
}

#[test]
fn what_fills_a_gap_is_the_first_copy_and_a_replay_is_a_copy_of_its_own() {
    let push = delivery("push", PUSH);
    let first = |queue: &QueueName| {
        let rules = rules();
        let made = |facts: &Facts, event: Event| {
            message(facts.delivery, &event, (queue, None), "", Inline::default()).dedup_id
        };
        stored(&push).with_facts(&rules, made).unwrap()
    };
    let gaps = GAPS.map(|why| sent_again(&push, why, To::Matching));
    for again in &gaps {
        for (queue, message) in &again.messages {
            assert_eq!(message.dedup_id, first(queue));
        }
    }
    let replays = ["r1", "r2"].map(|id| sent_again(&push, Why::Replayed(id), To::Matching));
    let all: BTreeSet<&str> = [&gaps[0], &replays[0], &replays[1]].into_iter().flat_map(dedup_ids).collect();
    assert_eq!(all.len(), 6, "two queues, three copies");
    let same = sent_again(&push, Why::Replayed("r1"), To::Matching);
    assert_eq!(dedup_ids(&same), dedup_ids(&replays[0]), "a replay run twice sends once");
}

#[test]
fn it_goes_to_those_who_want_it_today_or_to_those_who_are_named() {
    let push = delivery("push", PUSH);
    let all = sent_again(&push, Why::Recovered, To::Matching);
    assert_eq!(all.subscriptions, ["one", "two", "three"]);
    let home = [("one", Some("acme/web/branch/main")), ("shared", Some("acme/web"))];
    assert_eq!(placed(&all), home, "a queue once, however many subscriptions share it");
    assert_eq!(all.session, "acme/web/branch/main");

    let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
    let three = sent_again(&push, Why::Replayed("r1"), To::Subscriptions(&names(&["three", "other"])));
    assert_eq!(three.subscriptions, ["three"], "the other one does not want it");
    assert_eq!(placed(&three), home[1..]);
    let topic = delivery("push", &PUSH.replace("main", "topic"));
    let none = sent_again(&topic, Why::Replayed("r1"), To::Subscriptions(&names(&["three"])));
    assert_eq!(placed(&none), [], "nor does this one, by its condition");
}

#[test]
fn a_queue_that_is_named_gets_it_in_its_own_session_whether_a_subscription_wants_it_or_not() {
    let queues: BTreeSet<QueueName> =
        ["other", "shared", "unattached"].map(|queue| queue.parse().unwrap()).into();
    let again = sent_again(&delivery("push", PUSH), Why::Rerouted, To::Queues(&queues));
    assert_eq!(
        placed(&again),
        [("other", None), ("shared", Some("acme/web")), ("unattached", Some("acme/web/branch/main"))]
    );
    assert_eq!(again.subscriptions, [""; 0]);
}

#[test]
fn what_its_source_does_not_route_is_not_sent_again_either() {
    let status = sent_again(&delivery("status", PUSH), Why::Recovered, To::Matching);
    assert_eq!(placed(&status), []);
    let mut gone = delivery("status", PUSH);
    gone.source = SourceName("gone".into());
    gone.headers = [("x-github-event", "status"), ("content-type", "application/json")].into_iter().collect();
    let again = sent_again(&gone, Why::Replayed("r1"), To::Matching);
    assert_eq!(again.subscriptions, ["one"], "of a source that is no longer configured nothing is known");
}

#[test]
fn a_variant_and_what_was_fetched_stay_what_they_were() {
    let variant = Delivery { variant: true, ..delivery("push", PUSH) };
    let again = sent_again(&variant, Why::Recovered, To::Matching);
    assert_eq!(again.event.id, variant.event_id());
    assert_ne!(dedup_ids(&again), dedup_ids(&sent_again(&delivery("push", PUSH), GAPS[0], To::Matching)));
    let fetched = Delivery { fetched: true, ..delivery("push", PUSH) };
    let again = sent_again(&fetched, Why::Replayed("r1"), To::Matching);
    assert_eq!((again.event.origin, again.event.cause), (Some("fetched"), Some(Cause::Replayed)));
}

#[test]
fn its_entry_is_the_deliverys_own_so_that_its_mark_is_completed() {
    let push = delivery("push", PUSH);
    let again = sent_again(&push, Why::Recovered, To::Matching);
    let now = "2026-11-22T00:00:00Z".parse().unwrap();
    let entry = again.entry(&stored(&push).delivery, &rules(), now);
    assert_eq!((entry.archive_key, entry.mark_key), (push.archive_key(), push.mark_key()));
    assert_eq!(entry.object, Object { body: push.body.clone(), metadata: push.metadata() });
    assert_eq!(entry.messages.len(), 2);
}

#[test]
fn over_the_inline_limit_it_goes_by_reference() {
    let (push, rules) = (delivery("push", PUSH), rules());
    let terms = (Why::Recovered, To::Matching);
    let inline = Inline { limit: Some(100), carries: None };
    let again = stored(&push).with_facts(&rules, |facts, event| again(facts, event, &rules, terms, inline));
    for (_, message) in again.unwrap().messages {
        let body = message.body.to_bytes();
        let event = Envelope::read(&body).unwrap();
        assert_eq!((event.data(), event.attribute("dataref")), (None, Some(push.archive_key())));
    }
}

#[test]
fn what_the_queues_cannot_carry_goes_by_reference_however_short() {
    let inline = Inline::new(60_000, |payload| !payload.ends_with("\u{ffff}\"}".as_bytes()));
    let odd = PUSH.replace("}}", "},\"note\":\"\u{ffff}\"}");
    for (payload, carried) in [(PUSH, true), (&*odd, false)] {
        let (push, rules) = (delivery("push", payload), rules());
        for why in [Why::Recovered, Why::Rerouted, Why::Replayed("r1")] {
            let terms = (why, To::Matching);
            let made = |facts: &Facts<'_>, event| again(facts, event, &rules, terms, inline);
            for (_, message) in stored(&push).with_facts(&rules, made).unwrap().messages {
                let body = message.body.to_bytes();
                assert_eq!(Envelope::read(&body).unwrap().data().is_some(), carried, "{why:?}");
            }
        }
    }
}
