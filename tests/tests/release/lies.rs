//! Payloads that are rightly signed and lie: who knows a hook's secret can make the stages look, and nothing more.

use pointsman_fake_github::Delivery;
use serde_json::{Value, json};

use crate::house::{House, REPO};

impl House {
    /// A proposed release: its number, and the deliveries that led to it.
    async fn captured() -> (Self, u64, Vec<Delivery>) {
        let mut house = Self::new().await;
        house.feature(1, "feat: greet");
        let captured = house.settle_and_keep().await;
        let pull = house.release_pull()["number"].as_u64().unwrap();
        (house, pull, captured)
    }

    /// Settles, and keeps what was delivered meanwhile.
    async fn settle_and_keep(&mut self) -> Vec<Delivery> {
        let mut kept = Vec::new();
        loop {
            let came = self.github.take_deliveries();
            for delivery in &came {
                self.enqueue(delivery).await;
            }
            let (one, other) = (self.orchestrate().await, self.automate().await);
            if came.is_empty() && !one && !other {
                return kept;
            }
            kept.extend(came);
        }
    }

    /// Puts what somebody signed into the queues, who knows the secret.
    async fn signed(&mut self, like: &Delivery, (event, id): (&str, u64), payload: Value) {
        let mut body =
            json!({ "installation": { "id": self.installation }, "repository": { "full_name": REPO } });
        payload.as_object().unwrap().iter().for_each(|(key, value)| body[key] = value.clone());
        let mut forged = like.clone();
        (forged.guid, forged.id, forged.event) = (format!("forged-{id}"), 1_000_000 + id, event.into());
        forged.action = body["action"].as_str().map(str::to_owned);
        forged.body = serde_json::to_vec(&body).unwrap().into();
        self.enqueue(&forged).await;
        self.settle().await;
    }

    /// What anybody can see of the repository.
    fn seen(&self) -> (Vec<String>, Vec<String>, Vec<Value>) {
        let told = |pull: Value| json!([pull["number"], pull["title"], pull["body"], pull["head"]["sha"]]);
        (self.tags(), self.releases(), self.open().into_iter().map(told).collect())
    }
}

#[tokio::test]
async fn a_signed_payload_that_lies_about_a_merge_publishes_nothing() {
    let (mut house, pull, captured) = House::captured().await;
    let before = house.seen();
    let side = |name: &str| json!({ "ref": name, "sha": "0".repeat(40) });
    let merged = json!({
        "action": "closed",
        "number": pull,
        "pull_request": {
            "number": pull, "merged": true, "merged_by": { "login": "alice" }, "user": { "login": "alice" },
            "merge_commit_sha": "0".repeat(40), "base": side("main"), "head": side("pointsman--release--main"),
        },
    });
    house.signed(&captured[0], ("pull_request", 1), merged).await;
    assert_eq!(house.seen(), before);
}

#[tokio::test]
async fn a_signed_payload_that_lies_about_an_author_or_a_command_orders_nothing() {
    let (mut house, pull, captured) = House::captured().await;
    let before = house.seen();
    let hello = house.github.person("mallory").comment(REPO, pull, "hello");
    house.settle().await;
    let issue = json!({ "number": pull, "pull_request": {}, "user": { "login": "alice" } });
    for id in [hello, 424_242] {
        let comment = json!({
            "id": id, "body": "/pointsman set-version 9.0.0", "user": { "login": "alice" }, "author_association": "OWNER",
        });
        let payload = json!({ "action": "created", "issue": issue, "comment": comment });
        house.signed(&captured[0], ("issue_comment", id), payload).await;
    }
    let after = house.seen();
    assert_eq!(after.2[0][1], before.2[0][1]);
    assert_eq!((after.0, after.1), (before.0, before.1));
}

#[tokio::test]
async fn a_signed_payload_that_names_another_repository_writes_nothing_anywhere() {
    let (mut house, _, captured) = House::captured().await;
    let before = house.seen();
    house.github.reset_requests();
    let push = json!({
        "ref": "refs/heads/main", "before": "0".repeat(40), "after": "1".repeat(40),
        "repository": { "full_name": "victim/web", "default_branch": "main" },
    });
    house.signed(&captured[0], ("push", 2), push).await;
    let asked = house.github.requests();
    let wrote: Vec<_> = asked
        .keys()
        .filter(|asked| {
            !asked.starts_with("GET ") && !asked.contains("access_tokens") && !asked.contains("graphql")
        })
        .collect();
    assert!(wrote.is_empty(), "{wrote:?}");
    assert_eq!(house.seen(), before);
}

#[tokio::test]
async fn a_captured_delivery_sent_again_under_a_new_id_or_name_changes_nothing() {
    let (mut house, _, mut captured) = House::captured().await;
    house.merge_release();
    captured.extend(house.settle_and_keep().await);
    let before = house.seen();
    assert_eq!(before.0, ["v0.1.0"]);
    assert!(captured.len() > 3, "{}", captured.len());
    for (nth, delivery) in captured.into_iter().enumerate() {
        for event in [delivery.event.clone(), "push".into(), "pull_request".into(), "issue_comment".into()] {
            let mut again = delivery.clone();
            again.id = 2_000_000 + 100 * u64::try_from(nth).unwrap() + u64::try_from(event.len()).unwrap();
            (again.guid, again.event) = (format!("again-{}", again.id), event);
            house.enqueue(&again).await;
        }
    }
    house.settle().await;
    assert_eq!(house.seen(), before);
}
