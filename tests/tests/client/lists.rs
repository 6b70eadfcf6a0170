//! Lists of more than one page, to their ends; what was read is asked for again by ETag, or not at all.

use crate::house::{House, REPO, branch};

const PULLS: &str = "GET /repos/{owner}/{repo}/pulls";
const COMPARE: &str = "GET /repos/{owner}/{repo}/compare/{basehead}";

#[tokio::test]
async fn lists_are_read_to_their_ends() {
    let house = House::new().await;
    let (alice, repository) = (house.alice(), house.repository());
    let mut head = house.base.clone();
    for n in 0..251 {
        head = alice.commit(REPO, "main", "fix: once more", &[("n.txt", Some(&n.to_string()))]);
        alice.tag(REPO, &format!("v0.0.{n}"), &head);
    }
    let (_, commits) = repository.compare(&house.base, &head).await.unwrap().unwrap();
    assert_eq!((commits.len(), house.asked(COMPARE)), (251, 2));
    assert_eq!(commits.last().unwrap().sha, head);
    assert_eq!(repository.commits(&head, 300).await.unwrap().len(), 252);
    assert_eq!(repository.tags("v0.0.").await.unwrap().len(), 251);
    assert_eq!(repository.tags("v0.0.25").await.unwrap().len(), 2);
    let issue = alice.open_issue(REPO, "talk", None);
    for n in 0..101 {
        alice.comment(REPO, issue, &n.to_string());
        alice.release(REPO, &format!("v0.0.{n}"));
    }
    let comments = repository.comments(issue).await.unwrap();
    assert_eq!((comments.len(), comments[100].body.as_str()), (101, "100"));
    assert_eq!(repository.releases(9, |_| false).await.unwrap().len(), 101);
    let short = repository.commits(&head, 100).await.unwrap_err();
    assert!(short.to_string().contains("has more than 1 pages"), "{short}");
}

#[tokio::test]
async fn pull_requests_are_read_page_by_page_until_those_behind_do_not_matter() {
    let house = House::new().await;
    let alice = house.alice();
    for n in 0..120 {
        let name = format!("topic-{n}");
        house.commit(&name, &format!("{n}.txt"));
        let pull = alice.open(REPO, &name, "main", &name, "");
        alice.close(REPO, pull);
    }
    let repository = house.repository();
    assert_eq!(repository.closed_pulls(Some(&branch("main")), 9, |_| false).await.unwrap().len(), 120);
    assert_eq!(house.asked(PULLS), 2);
    house.github.reset_requests();
    assert_eq!(repository.closed_pulls(None, 9, |_| true).await.unwrap().len(), 100);
    assert_eq!(house.asked(PULLS), 1);
}

#[tokio::test]
async fn what_did_not_change_costs_nothing_also_in_the_next_invocation() {
    let house = House::new().await;
    let head = house.commit("main", "a.txt");
    let first = house.repository();
    first.head(&branch("main")).await.unwrap();
    first.compare(&house.base, &head).await.unwrap();
    house.github.reset_requests();
    // Another process: it has its Records and nothing else, and may ask for its token and once more.
    house.github.set_rate_limit(u64::MAX);
    let next = house.repository();
    let left = next.rate_limits().await.unwrap().resources["core"].remaining;
    assert_eq!(next.head(&branch("main")).await.unwrap().as_ref(), Some(&head));
    next.compare(&house.base, &head).await.unwrap().unwrap();
    assert_eq!(house.asked(COMPARE), 0, "what lies between two commits never changes");
    assert_eq!(next.rate_limits().await.unwrap().resources["core"].remaining, left, "a 304 costs nothing");
    let moved = house.commit("main", "b.txt");
    assert_eq!(next.head(&branch("main")).await.unwrap(), Some(moved));
}

#[tokio::test]
async fn what_has_nothing_in_common_cannot_be_compared_and_that_is_an_answer() {
    let house = House::new().await;
    let repository = house.repository();
    let tree = repository.git_commit(&house.base).await.unwrap().tree.sha;
    let alone = repository.create_commit("another root", &tree, &[]).await.unwrap().sha;
    assert_eq!(repository.compare(&alone, &house.base).await.unwrap(), None);
    assert_eq!(repository.standing(&alone, &house.base).await.unwrap(), None);
    let nowhere = "1".repeat(40).parse().unwrap();
    assert!(repository.compare(&nowhere, &house.base).await.is_err(), "what is not there may come yet");
}
