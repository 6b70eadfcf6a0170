//! What is sent, and in what order.

use pointsman_core::port::Abandon;
use pointsman_replay::{End, Row};

use crate::support::{House, LATER, after, attribute, by_session, id, issue, order, push};

#[tokio::test(flavor = "multi_thread")]
async fn a_session_keeps_its_order_by_sequence_whatever_the_text_of_the_ids_says() {
    let house = House::new().await;
    house.fill(60).await;
    let keys = house.ports.archive.list("deliveries/", None, 100).await.unwrap();
    let stage = house.stage();
    stage.begin(order(r#"{"id":"a","events":["*"],"apply":true,"rate":0}"#)).await.unwrap();
    let (end, progress) = stage.run("a", &mut ()).await.unwrap();
    assert_eq!(
        (end, progress.counts.looked, progress.counts.matched, progress.counts.sent),
        (End::Done, 60, 60, 108)
    );
    assert_eq!(progress.subscriptions["all"].deliveries, 60);
    assert_eq!(progress.subscriptions["pushes"].had, 48);
    let all = house.received("all").await;
    assert_eq!(all.len(), 60);
    let mut text = true;
    for (session, sequences) in by_session(&all) {
        assert!(sequences.is_sorted(), "{session}: {sequences:?}");
        let keys = keys.iter().filter(|row| {
            all.iter().any(|m| attribute(m, "session") == session && row.key.ends_with(&attribute(m, "id")))
        });
        let by_text: Vec<_> = keys.map(|row| row.key.rsplit('.').next().unwrap().to_owned()).collect();
        let by_time: Vec<_> =
            all.iter().filter(|m| attribute(m, "session") == session).map(|m| attribute(m, "id")).collect();
        text &= by_text == by_time;
    }
    assert!(!text, "the ids' text is in another order than their time, or this test shows nothing");
    assert!(all.iter().all(|message| attribute(message, "cause") == "replayed"));
    assert_eq!(house.received("pushes").await.len(), 48);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_subscription_gets_what_it_wants_and_a_redelivery_is_not_sent_to_it_again() {
    let mut house = House::new().await;
    let (one, two) = (id(0, 1), id(5, 2));
    house.take("push", &one, push(1)).await;
    house.take("issues", &two, issue(7)).await;
    house.drain().await;
    house.configure(LATER).await;
    let stage = house.stage();
    stage.begin(order(r#"{"id":"a","events":["push"],"to":["late"],"apply":true}"#)).await.unwrap();
    let (_, progress) = stage.run("a", &mut ()).await.unwrap();
    assert_eq!((progress.counts.looked, progress.counts.matched, progress.counts.sent), (2, 1, 1));
    assert_eq!(house.received("late").await.len(), 1);
    assert!(house.received("all").await.is_empty());
    assert!(house.mark(&one).await.sent.contains_key(&"late".parse().unwrap()));
    assert!(!house.take("push", &one, push(1)).await);
    assert!(house.received("late").await.is_empty(), "the mark says that it has it");
    assert!(!house.take("issues", &two, issue(7)).await);
    assert_eq!(house.received("late").await.len(), 1, "what was not replayed comes with a redelivery");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_sends_nothing_and_tells_where_everything_would_go() {
    #[derive(Default)]
    struct Rows(Vec<Row>);
    impl pointsman_replay::Onlooker for Rows {
        fn row(&mut self, row: Row) {
            self.0.push(row);
        }
    }
    let mut house = House::new().await;
    house.take("push", &id(0, 1), push(1)).await;
    house.take("issues", &id(5, 2), issue(7)).await;
    house.drain().await;
    house.configure(LATER).await;
    let mut rows = Rows::default();
    let asked = order(r#"{"id":"a","events":["*"],"to":["late","pushes"],"apply":true}"#);
    let (end, progress) = house.stage().preview(asked, &mut rows).await.unwrap();
    assert_eq!((end, progress.counts.matched, progress.counts.sent), (End::Done, 2, 0));
    let told: Vec<Vec<(&str, bool)>> = rows
        .0
        .iter()
        .map(|row| row.to.iter().map(|to| (to.queue.as_str(), to.before.is_some())).collect())
        .collect();
    assert_eq!(told, [vec![("pushes", true), ("late", false)], vec![("late", false)]]);
    assert_eq!(rows.0[1].session, "acme/api/issue/7");
    assert_eq!((progress.subscriptions["late"].had, progress.subscriptions["pushes"].had), (0, 1));
    for queue in ["all", "pushes", "late"] {
        assert!(house.received(queue).await.is_empty(), "{queue}");
    }
    assert!(house.stage().list().await.unwrap().is_empty(), "a dry run keeps nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_combine() {
    let house = House::new().await;
    for n in 0..10 {
        house.take("push", &id(i64::from(n) * 600, n), push(n % 2)).await;
        house.take("issues", &id(i64::from(n) * 600 + 1, n), issue(n)).await;
    }
    for (filter, expected) in [
        (r#""events":["push"]"#, 10),
        (r#""events":["issues.opened"],"repositories":["acme/*","!acme/web"]"#, 10),
        (r#""repositories":["acme/web"],"events":["issues"]"#, 0),
        (r#""session":"acme/web/branch/b1""#, 5),
        (r#""session":"acme/web/branch/b1","since":"2026-11-21T13:00:00Z""#, 2),
        (r#""since":"2026-11-21T12:50:00Z","until":"2026-11-21T13:00:00Z""#, 2),
        (r#""until":"2026-11-21T12:00:00.5Z""#, 1),
        (r#""source":"github","when":"data.issue.number > 6""#, 3),
        (r#""when":"event.type == 'com.github.push' && data.ref.endsWith('b0')""#, 5),
    ] {
        let asked = order(&format!("{{{filter}}}"));
        let (_, progress) = house.stage().preview(asked, &mut ()).await.unwrap();
        assert_eq!(progress.counts.matched, expected, "{filter}: {}", progress.told());
    }
    let asked = order(r#"{"when":"data.issue.number > 6"}"#);
    let (_, progress) = house.stage().preview(asked, &mut ()).await.unwrap();
    assert_eq!(progress.counts.undecided, 10, "a push has no issue");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_named_by_its_id_is_found_and_what_retention_removed_is_counted() {
    let house = House::new().await;
    let ids: Vec<String> = (0..4).map(|n| id(i64::from(n) * 4_000, n)).collect();
    for (n, id) in (0..).zip(&ids) {
        house.take("push", id, push(n)).await;
    }
    house.drain().await;
    let key = house.mark(&ids[1]).await.archive;
    house.ports.archive.delete(&key).await.unwrap();
    let asked = serde_json::json!({"id": "a", "deliveries": [ids[2], ids[1], ids[0], "never-came"], "to": ["all"], "apply": true});
    let stage = house.stage();
    stage.begin(order(&asked.to_string())).await.unwrap();
    let (end, progress) = stage.run("a", &mut ()).await.unwrap();
    assert_eq!(end, End::Done);
    assert_eq!(progress.told(), "2 looked at, 2 wanted, 2 messages sent, 2 no longer in the archive");
    let sent: Vec<_> = house.received("all").await.iter().map(|message| attribute(message, "id")).collect();
    assert_eq!(sent, [ids[0].as_str(), ids[2].as_str()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deliveries_of_dead_letters_are_sent_to_whom_they_died_at() {
    let house = House::new().await;
    for n in 0..20 {
        house.take("push", &id(i64::from(n) * 600, n), push(n % 3)).await;
    }
    let queue = "pushes".parse().unwrap();
    let ask = pointsman_core::port::Ask {
        max: 30,
        wait: std::time::Duration::ZERO,
        visibility: None,
        session: None,
        sessions: None,
    };
    let held = house.ports.receiver.receive(&queue, ask).await.unwrap();
    // They die in an order of their own.
    for message in held.iter().rev().take(17) {
        house.ports.receiver.dead_letter(&queue, &message.receipt, "a test", "no error").await.unwrap();
    }
    for message in held.iter().take(3) {
        house.ports.receiver.abandon(&queue, &message.receipt, Abandon::untouched()).await.unwrap();
    }
    house.received("pushes").await;
    house.received("all").await;
    let stage = house.stage();
    let asked = order(r#"{"id":"a","dead_letters":"pushes.dead","to":["pushes"],"apply":true}"#);
    stage.begin(asked).await.unwrap();
    let (_, progress) = stage.run("a", &mut ()).await.unwrap();
    assert_eq!((progress.counts.looked, progress.counts.sent), (17, 17), "7 at a time, and each once");
    let sent = house.received("pushes").await;
    assert!(by_session(&sent).values().all(|sequences| sequences.is_sorted()));
    assert_eq!(
        house.ports.admin.stats(&"pushes.dead".parse().unwrap()).await.unwrap().depth,
        17,
        "they stay"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_in_after_the_replay_was_asked_for_is_not_replayed() {
    let house = House::new().await;
    house.take("push", &id(0, 1), push(1)).await;
    house.take("push", &id(86_400 + 3_600, 2), push(1)).await;
    assert!(after(86_400) > after(0));
    let (_, progress) = house.stage().preview(order(r#"{"events":["*"]}"#), &mut ()).await.unwrap();
    assert_eq!(progress.counts.looked, 1);
}
