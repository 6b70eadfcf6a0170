//! Limits, lost answers, bad gateways, and what the App lost: what is repeated, what is given back, and what is said.

use std::time::Duration;

use pointsman_core::port::{Clock as _, ErrorKind};
use pointsman_fake_github::{Fault, When};
use pointsman_github::{Claim, NewPull, Opened, Refusal, Swap};

use crate::house::{House, branch, tag};

/// This happens to the first `times` requests of this operation.
fn goes_wrong(house: &House, operation: &'static str, when: When, fault: Fault, times: u64) {
    let left = std::sync::atomic::AtomicU64::new(times);
    house.github.on_request(move |moment| {
        let hit = moment.when == when && moment.operation == operation;
        let ordering = std::sync::atomic::Ordering::SeqCst;
        (hit && left.fetch_update(ordering, ordering, |left| left.checked_sub(1)).is_ok()).then_some(fault)
    });
}

const READ: &str = "GET /repos/{owner}/{repo}/git/ref/{ref}";
const CLAIM: &str = "POST /repos/{owner}/{repo}/git/refs";

#[tokio::test]
async fn a_limit_of_any_kind_is_given_back_at_once() {
    let minute = Duration::from_secs(60);
    for fault in [Fault::PrimaryLimit(minute), Fault::SecondaryLimit(minute), Fault::TooMany(minute)] {
        let house = House::new().await;
        goes_wrong(&house, READ, When::Before, fault, 1);
        let began = house.clock.now();
        let error = house.repository().head(&branch("main")).await.unwrap_err();
        let ErrorKind::Throttled { after: Some(after) } = error.kind else { panic!("{fault:?}: {error}") };
        assert!((minute..=minute + Duration::from_secs(1)).contains(&after), "{fault:?}: {after:?}");
        assert_eq!(
            (house.asked(READ), house.clock.now()),
            (1, began),
            "{fault:?}: nothing is tried again or slept"
        );
    }
}

#[tokio::test]
async fn the_hourly_limit_ends_with_the_hour() {
    let house = House::new().await;
    let repository = house.repository();
    house.github.set_rate_limit(2);
    let mut error = None;
    for n in 0..4 {
        error = repository.head(&branch(&format!("none-{n}"))).await.err().or(error);
    }
    let error = error.unwrap();
    let ErrorKind::Throttled { after: Some(after) } = error.kind else { panic!("{error}") };
    house.clock.turn(after);
    assert_eq!(repository.head(&branch("main")).await.unwrap(), Some(house.base.clone()));
}

#[tokio::test]
async fn a_read_is_repeated_three_times_and_no_more() {
    for fault in [Fault::BadGateway, Fault::Unavailable] {
        let house = House::new().await;
        goes_wrong(&house, READ, When::Before, fault, 2);
        assert_eq!(house.repository().head(&branch("main")).await.unwrap(), Some(house.base.clone()));
        assert_eq!(house.asked(READ), 3);
        goes_wrong(&house, READ, When::Before, fault, 3);
        let error = house.repository().head(&branch("main")).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unavailable, "{error}");
    }
}

#[tokio::test]
async fn a_write_without_an_answer_is_looked_for_and_not_repeated() {
    for (when, end) in [(When::After, Some(Claim::Same)), (When::Before, None)] {
        let house = House::new().await;
        goes_wrong(&house, CLAIM, when, Fault::Unavailable, 1);
        let claimed = house.repository().claim(&tag("v1"), &house.base).await;
        assert_eq!(claimed.ok(), end);
        assert_eq!(house.asked(CLAIM), 1);
    }
}

#[tokio::test]
async fn a_pull_request_and_a_swap_whose_answers_are_lost_are_found() {
    let house = House::new().await;
    let (repository, head) = (house.repository(), house.commit("topic", "a.txt"));
    goes_wrong(&house, "POST /repos/{owner}/{repo}/pulls", When::After, Fault::Unavailable, 1);
    let text = |text: &str| text.to_owned();
    let new =
        NewPull { head: text("topic"), base: text("main"), title: text("t"), body: text("b"), draft: false };
    assert!(matches!(repository.open_pull(&new).await.unwrap(), Opened::There(_)));
    goes_wrong(&house, "POST /graphql", When::After, Fault::Unavailable, 1);
    assert_eq!(repository.swap(&branch("main"), Some(&house.base), Some(&head)).await.unwrap(), Swap::Done);
    assert_eq!(house.asked("POST /graphql"), 1);
}

#[tokio::test]
async fn what_the_app_lost_is_said() {
    let house = House::new().await;
    let repository = house.repository();
    repository.head(&branch("main")).await.unwrap();
    house.github.set_permissions(house.installation, &[("metadata", "read"), ("contents", "read")]);
    let error = repository.claim(&tag("v1"), &house.base).await.unwrap_err();
    assert_eq!((error.kind, Refusal::of(&error)), (ErrorKind::Denied, Some(Refusal::Permission)), "{error}");
    let error = house.repository().head(&branch("main")).await.unwrap_err();
    assert!(
        error.to_string().contains("lacks contents: write, issues: write, pull_requests: write"),
        "{error}"
    );
    house.github.suspend(house.installation, true);
    let error = house.repository().head(&branch("main")).await.unwrap_err();
    assert_eq!(Refusal::of(&error), Some(Refusal::Suspended), "{error}");
    house.github.uninstall(house.installation);
    let error = house.repository().head(&branch("main")).await.unwrap_err();
    assert_eq!(Refusal::of(&error), Some(Refusal::InstallationGone), "{error}");
}

#[tokio::test]
async fn a_token_that_expired_is_made_anew() {
    let house = House::new().await;
    let repository = house.repository();
    for _ in 0..3 {
        repository.head(&branch("main")).await.unwrap();
        house.clock.turn(Duration::from_secs(3600));
    }
    assert_eq!(house.asked("POST /app/installations/{installation_id}/access_tokens"), 3);
}
