//! Promise 9: bodies pass unchanged, byte for byte.

use bytes::Bytes;
use pointsman_core::port::{Body, Message};

use super::{Ports, subject::of};
use crate::Subject;

/// Sends the bodies to one session and receives them again.
async fn assert_unchanged(subject: &Subject<Ports>, sent: Vec<Body>) {
    let queue = subject.fresh().await;
    for body in sent {
        let expected = body.to_bytes();
        subject.send(&queue, Message { body, ..of("s", "") }).await;
        let received = subject.take(&queue, 1).await;
        // Not `assert_eq`: a megabyte in a failure's text helps nobody.
        assert!(
            received[0].body == expected,
            "{} bytes came as other {}",
            expected.len(),
            received[0].body.len()
        );
        subject.complete(&queue, &received).await;
    }
}

/// Bytes that no compression makes smaller, the same in each run.
fn noise(length: usize) -> Bytes {
    let mut random = fastrand::Rng::with_seed(7);
    std::iter::repeat_with(|| random.u8(..)).take(length).collect()
}

pub(super) async fn every_byte_value_passes_unchanged(subject: Subject<Ports>) {
    let all: Bytes = (0..=255u8).collect();
    let doubled: Bytes = all.iter().chain(all.iter().rev()).copied().collect();
    let each = (0..=255u8).step_by(51).map(|byte| Bytes::from(vec![byte])).map(Body::from);
    assert_unchanged(&subject, [Body::from(all), Body::from(doubled)].into_iter().chain(each).collect())
        .await;
}

pub(super) async fn an_empty_body_passes(subject: Subject<Ports>) {
    assert_unchanged(&subject, vec![Body::default(), Body::from("not empty"), Body::default()]).await;
}

pub(super) async fn the_largest_body_passes_unchanged(subject: Subject<Ports>) {
    let length = subject.capabilities.largest_body.min(1 << 20);
    assert_unchanged(&subject, vec![Body::from(noise(length)), Body::from(vec![b'a'; length])]).await;
}

pub(super) async fn three_pieces_arrive_as_one(subject: Subject<Ports>) {
    let piece = |text: &'static str| Bytes::from_static(text.as_bytes());
    let body = |head, shared, tail| Body { head: piece(head), shared: piece(shared), tail: piece(tail) };
    let all = vec![
        body("{\"data\":", "{\"a\": 1}", "}"),
        body("", "shared alone", ""),
        body("head", "", "tail"),
        body("", "", "tail alone"),
        body("", "shared", "tail"),
        body("head", "shared", ""),
    ];
    assert_unchanged(&subject, all).await;
}

pub(super) async fn messages_that_share_a_piece_do_not_lose_it_with_one_another(subject: Subject<Ports>) {
    let shared = noise(900);
    let body = |tail: &'static str| Body {
        head: Bytes::from_static(b"head"),
        shared: shared.clone(),
        tail: Bytes::from_static(tail.as_bytes()),
    };
    let message = |tail| Message { body: body(tail), ..of("s", "") };
    let (first, second) = (subject.fresh().await, subject.fresh().await);
    subject.send_all(&first, vec![message("1"), message("2"), message("3")]).await;
    subject.send(&second, message("4")).await;
    // One is gone for good before the next is read.
    for (queue, tail) in [(&first, "1"), (&first, "2"), (&second, "4"), (&first, "3")] {
        let received = subject.take(queue, 1).await;
        assert!(received[0].body == body(tail).to_bytes(), "the body that ends with {tail}");
        subject.complete(queue, &received).await;
    }
}

pub(super) async fn bodies_outlive_a_crash_unchanged(mut subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    let body = Body { head: noise(1), shared: noise(900), tail: Bytes::from_static(b"\0\xff") };
    subject.send_all(&queue, vec![Message { body: body.clone(), ..of("s", "") }; 2]).await;
    subject.crash().await;
    for message in subject.take(&queue, 2).await {
        assert!(message.body == body.to_bytes());
    }
}
