//! The mapping, the envelope, and reading it back.

use super::*;
use crate::{
    delivery::Delivery,
    tests::{ID, delivery, lens},
    trace::Trace,
};

fn event(delivery: &Delivery) -> Event {
    let lens = lens(&[]);
    let glance = lens.read(&delivery.payload).unwrap();
    Event::github(&Facts::new(delivery, &glance))
}

#[test]
fn the_table_has_every_event_of_the_adapter() {
    assert_eq!(TABLE.len(), 72);
}

#[test]
fn attributes_come_from_where_the_table_says() {
    let payload = r#"{"action":"opened","number":7,"pull_request":{"updated_at":"2026-11-21T11:59:58Z"},
        "repository":{"url":"https://api.github.com/repos/Acme/Web","full_name":"Acme/Web"},"installation":{"id":99}}"#;
    let event = event(&delivery("pull_request", payload));
    assert_eq!(event.r#type, "com.github.pull_request.opened");
    assert_eq!(event.source, "https://api.github.com/repos/Acme/Web");
    assert_eq!(event.subject.as_deref(), Some("7"));
    assert_eq!(event.time, "2026-11-21T11:59:58Z");
    assert_eq!(event.installation.as_deref(), Some("99"));
    assert_eq!(event.dataref, format!("deliveries/github/2026/11/21/12/42.{ID}"));
    assert_eq!(event.cause, None);
}

#[test]
fn an_event_without_a_row_or_fields_is_mapped_all_the_same() {
    let event_of = |name: &str, payload: &str| event(&delivery(name, payload));
    assert_eq!(event_of("brand_new", r#"{"action":"made"}"#).r#type, "com.github.brand_new.made");
    let bare = event_of("push", "[]");
    assert_eq!((bare.r#type.as_str(), bare.source.as_str()), ("com.github.push", "https://github.com"));
    assert_eq!((bare.subject, bare.time.as_str()), (None, "2026-11-21T12:00:01Z"));
    assert_eq!(
        event_of("membership", r#"{"action":"added","scope":"team"}"#).r#type,
        "com.github.membership.team.added"
    );
    let odd = event_of("push", r#"{"repository":{"url":"https://x/a b\"<ü>"}}"#);
    assert_eq!(odd.source, "https://x/a%20b%22%3C%C3%BC%3E");
}

#[test]
fn times_are_rfc_3339_or_the_receive_time() {
    for (given, expected) in [
        (r#""2026-01-02T03:04:05Z""#, "2026-01-02T03:04:05Z"),
        (r#""2026-01-02T03:04:05.123+02:00""#, "2026-01-02T03:04:05.123+02:00"),
        ("1767322800", "2026-01-02T03:00:00Z"),
        (r#""yesterday""#, "2026-11-21T12:00:01Z"),
        (r#""2026-01-02""#, "2026-11-21T12:00:01Z"),
        ("{}", "2026-11-21T12:00:01Z"),
        ("99999999999999999", "2026-11-21T12:00:01Z"),
    ] {
        let payload = format!(r#"{{"issue":{{"updated_at":{given}}}}}"#);
        assert_eq!(event(&delivery("issues", &payload)).time, expected, "{given}");
    }
}

#[test]
fn a_late_first_sight_is_a_redelivery_and_the_sequence_sorts_by_the_ids_own_time() {
    let mut late = delivery("push", "{}");
    late.received = "2026-11-21T12:02:01Z".parse().unwrap();
    let (late, fresh) = (event(&late), event(&delivery("push", "{}")));
    assert_eq!((late.cause, fresh.cause), (Some(Cause::Redelivered), None));
    assert_eq!(late.sequence, fresh.sequence);
    let mut plain = delivery("push", "{}");
    plain.id = DeliveryId("plain".into());
    let plain = event(&plain);
    assert_eq!((plain.sequence.len(), plain.cause), (19, None));
    assert!(plain.sequence > fresh.sequence, "received a second after that id was made");
}

#[test]
fn a_trace_is_taken_in_or_made_and_the_same_again_for_a_redelivery() {
    let given = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let with = |header: &str| {
        let mut delivery = delivery("push", "{}");
        delivery.headers = [("traceparent", header)].into_iter().collect();
        event(&delivery).traceparent
    };
    let taken = Trace::parse(&with(given)).unwrap();
    assert_eq!((taken.id(), &taken.header()[53..]), (&given[3..35], "01"));
    assert_ne!(taken.span(), &given[36..52], "intake is a span of its own");
    assert_eq!(with(given), taken.header());
    let made = event(&delivery("push", "{}")).traceparent;
    assert!(Trace::parse(&made).is_some(), "{made}");
    for bad in
        ["", "00-0-0-0", &given.to_uppercase(), "00-00000000000000000000000000000000-b7ad6b7169203331-01"]
    {
        assert_eq!(with(bad), made, "{bad}");
    }
}

#[test]
fn the_payload_passes_byte_for_byte() {
    let payload = "{ \"b\" :1.0e3,\n\t\"a\":\"\\u00e4ä\", \"a\": 2 }";
    let delivery = delivery("push", payload);
    let event = event(&delivery);
    let session = Session::from("acme/\"web\\");
    let body = event.body(Some(&session), &delivery.payload, true).to_bytes();
    let envelope = Envelope::read(&body).unwrap();
    assert_eq!(envelope.data(), Some(payload));
    assert_eq!(envelope.attribute("session").as_deref(), Some(session.as_str()));
    assert_eq!(envelope.attribute("partitionkey").as_deref(), Some(session.as_str()));
    assert_eq!(
        Envelope::read(&event.body(None, &delivery.payload, true).to_bytes()).unwrap().attribute("session"),
        None
    );
}

#[test]
fn a_rewritten_event_differs_in_what_was_asked_only() {
    let delivery = delivery("push", "{ }");
    let without = event(&delivery).body(None, &delivery.payload, false).to_bytes();
    let bare = Envelope::read(&without).unwrap();
    assert_eq!(bare.data(), None);
    let rewritten = bare.rewritten(Some(Cause::Retried), Some(b"{ }"));
    let again = Envelope::read(&rewritten).unwrap();
    assert_eq!((again.data(), again.attribute("cause").as_deref()), (Some("{ }"), Some("retried")));
    assert_eq!(again.attribute("id").as_deref(), Some(ID));
    assert_eq!(
        Envelope::read(&again.rewritten(None, None)).unwrap().attribute("cause").as_deref(),
        Some("retried")
    );
}
