//! More webhooks than can be done: some are told at once to come later, on connections that stay, and none is dropped.

use std::time::Duration;

use crate::support::{Running, accepted, post};
use pointsman_core::{outcome::Outcome, pipeline::Request};
use pointsman_host_http::{Limits, Parts};
use tokio::time::{Instant, sleep};

/// How long the crowd stays.
const CROWDED: Duration = Duration::from_secs(2);

#[tokio::test]
async fn a_crowd_is_told_when_to_come_again_and_every_request_is_answered() {
    let mut parts = Parts::new("intake", |request: Request| async move {
        sleep(Duration::from_millis(20)).await;
        Outcome::Done(accepted(&request))
    });
    parts.limits = Limits { at_work: 4, wait: Duration::from_millis(10), ..Limits::default() };
    let server = Running::start(parts).await;
    let until = Instant::now() + CROWDED;
    let clients = (0..40).map(|_| async {
        let (mut client, mut taken, mut later) = (server.connect().await, 0, 0);
        while Instant::now() < until {
            client.send(post(b"{}")).await;
            let answer = client.answer().await.expect("the connection stays");
            match answer.status {
                202 => taken += 1,
                503 => {
                    assert_eq!(
                        (answer.header("retry-after"), answer.header("connection")),
                        (Some("5"), None)
                    );
                    assert!(answer.body.contains("More webhooks come than can be taken in now"));
                    later += 1;
                    // As little as a client may wait that does not listen.
                    sleep(Duration::from_millis(1)).await;
                }
                other => panic!("{other}: {}", answer.body),
            }
        }
        (taken, later)
    });
    let all = futures::future::join_all(clients).await;
    let (taken, later) = all.into_iter().fold((0, 0), |(a, b), (taken, later)| (a + taken, b + later));
    assert!(taken > 50 && later > 50, "{taken} taken, {later} told to come later");
}
