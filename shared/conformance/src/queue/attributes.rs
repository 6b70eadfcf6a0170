//! Promise 10: attributes, correlation and trace context survive the trip.

use std::{collections::BTreeMap, time::Duration};

use pointsman_core::{port::Message, session};

use super::{
    Ports,
    subject::{epitaph, of, plain},
};
use crate::Subject;

const TRACEPARENT: (&str, &str) = ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");

fn attributes(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

pub(super) async fn attributes_correlation_and_trace_context_arrive(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    let sent = Message {
        attributes: attributes(&[TRACEPARENT, ("ce-type", "com.github.push")]),
        correlation: Some("72d3162e-cc78-11e3-81ab-4c9367dc0958".into()),
        ..of("s", "with")
    };
    subject.send_all(&queue, vec![sent.clone(), of("s", "without")]).await;
    let received = subject.assert_bodies(&queue, &["with", "without"]).await;
    assert_eq!(received[0].attributes, sent.attributes);
    assert_eq!(received[0].correlation, sent.correlation);
    assert_eq!(received[1].attributes, BTreeMap::new());
    assert_eq!(received[1].correlation, None);
    assert_eq!(received[0].session, sent.session);
}

pub(super) async fn attributes_of_any_text_arrive(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    let long = "x".repeat(500);
    let sent = attributes(&[
        ("empty", ""),
        ("quotes", "\"'`\\"),
        ("lines", "a\r\nb\tc"),
        ("wide", "żółw 東京 🚂"),
        ("long", &long),
        ("Case.and-signs_1", "%_"),
    ]);
    let correlation = Some("ключ \"1\"\n".to_owned());
    let message = Message { attributes: sent.clone(), correlation: correlation.clone(), ..plain("a") };
    subject.send(&queue, message).await;
    let received = subject.take_one(&queue).await;
    assert_eq!((received.attributes, received.correlation), (sent, correlation));
}

pub(super) async fn attributes_survive_failures_and_the_dead_letter_queue(subject: Subject<Ports>) {
    let queue = subject.fresh_with(|settings| settings.max_deliveries = 2).await;
    let sent = attributes(&[TRACEPARENT, ("sourcename", "github")]);
    let correlation = Some("7".to_owned());
    subject
        .send(&queue, Message { attributes: sent.clone(), correlation: correlation.clone(), ..of("s", "a") })
        .await;
    for _ in 0..2 {
        let message = subject.take_one(&queue).await;
        assert_eq!((&message.attributes, &message.correlation), (&sent, &correlation));
        subject.fail(&queue, &message, "it failed").await;
    }
    let letter = subject.take_one(&queue.dead_letters()).await;
    for (name, value) in &sent {
        assert_eq!(letter.attributes.get(name), Some(value), "{name}");
    }
    assert_eq!(letter.correlation, correlation);
    assert_eq!(epitaph(&letter)[1], "it failed");
}

pub(super) async fn a_session_of_the_longest_length_and_any_sign_arrives(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    let signs: String = (0x21..=0x7e_u8).filter(|sign| *sign != b'%').map(char::from).collect();
    let long = "s".repeat(session::LONGEST);
    let longer = "s".repeat(session::LONGEST + 1);
    for text in [&signs, &long, &longer] {
        subject.send(&queue, of(text, "a")).await;
        let received = subject.take_one(&queue).await;
        assert_eq!(received.session, Some(text.as_str().into()));
        subject.complete(&queue, &[received]).await;
    }
}

pub(super) async fn the_time_of_enqueue_is_told(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    let sent = subject.time.now();
    subject.send(&queue, plain("a")).await;
    subject.pass(Duration::from_secs(5)).await;
    let message = subject.take_one(&queue).await;
    assert_eq!(message.enqueued, sent);
    subject.fail(&queue, &message, "it failed").await;
    assert_eq!(subject.take_one(&queue).await.enqueued, sent, "coming back does not make it younger");
}
