//! Bad input gets a clear line, and the rest goes on.

use std::collections::BTreeMap;

use pointsman_core::{outcome::Outcome, port::Object};
use pointsman_replay::{End, handle};

use crate::support::{House, order};

#[tokio::test(flavor = "multi_thread")]
async fn names_that_nothing_has_are_told_with_those_that_there_are() {
    let house = House::new().await;
    house.fill(1).await;
    let told = |text: &'static str| async {
        let stage = house.stage();
        stage.checked(order(text)).await.unwrap_err().to_string()
    };
    assert_eq!(
        told(r#"{"to":["pushse","bot"],"source":"gitlab","events":["*"]}"#).await,
        "there is no subscription `bot`; known are: all, pushes\n\
         there is no subscription `pushse`; known are: all, pushes\n\
         there is no source `gitlab`; known are: github"
    );
    assert_eq!(
        told(r#"{"dead_letters":"bot"}"#).await,
        "there is no queue `bot`; known are: all, pushes, replay"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_counted_and_the_rest_goes_on() {
    let house = House::new().await;
    house.fill(10).await;
    let object = |event: Option<&str>, body: &'static str| {
        let mut metadata = BTreeMap::from([
            ("content-type".to_owned(), "application/json".to_owned()),
            ("pointsman-delivery".to_owned(), "x".to_owned()),
            ("pointsman-received".to_owned(), "2026-11-21T12:00:00Z".to_owned()),
        ]);
        metadata.extend(event.map(|event| ("pointsman-event".to_owned(), event.to_owned())));
        Object { body: body.into(), metadata }
    };
    let archive = &house.ports.archive;
    archive.put_new("deliveries/github/2026/11/21/12/-.no-json", object(Some("push"), "{")).await.unwrap();
    archive.put_new("deliveries/github/2026/11/21/12/-.no-event", object(None, "{}")).await.unwrap();
    archive.put_new("deliveries/github/odd", object(None, "{}")).await.unwrap();
    let stage = house.stage();
    stage.begin(order(r#"{"id":"a","source":"github","apply":true,"rate":0}"#)).await.unwrap();
    let (end, progress) = stage.run("a", &mut ()).await.unwrap();
    assert_eq!(end, End::Done);
    assert_eq!(progress.told(), "12 looked at, 10 wanted, 18 messages sent, 2 not readable");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_names_no_replay_is_refused_and_one_of_a_forgotten_replay_skipped() {
    let house = House::new().await;
    let queue = "replay".parse().unwrap();
    for body in ["{}", r#"{"replay":"gone"}"#] {
        let message = pointsman_core::port::Message { body: body.into(), ..Default::default() };
        house.ports.queue.send(&queue, vec![message]).await.pop().unwrap().unwrap();
    }
    let messages = house.received("replay").await;
    let refused = handle(&messages[0], &house.stage()).await.unwrap();
    assert!(
        matches!(&refused, Outcome::Rejected(why) if why.detail.contains("names no replay")),
        "{refused:?}"
    );
    let skipped = handle(&messages[1], &house.stage()).await.unwrap();
    assert!(
        matches!(&skipped, Outcome::Skipped(why) if why == "there is no replay `gone`, or its record was forgotten since"),
        "{skipped:?}"
    );
}
