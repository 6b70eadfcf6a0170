//! What goes wrong around a release: each ends with one word to a person, or refused with its reason.

use pointsman_core::{outcome::Outcome, port::Message};
use pointsman_release_orchestrator::{Ended, Move};

use crate::house::{House, REPO, Told, automator_queue, moved, orchestrator_queue};

async fn with_release() -> (House, u64) {
    let mut house = House::new().await;
    house.feature(1, "feat: greet");
    house.settle().await;
    let pull = house.release_pull()["number"].as_u64().unwrap();
    (house, pull)
}

impl House {
    fn rejected(&self) -> String {
        let detail = |told: &Told| match told {
            Told::Orchestrator(Outcome::Rejected(why)) | Told::Automator(Outcome::Rejected(why)) => {
                Some(why.detail.clone())
            }
            _ => None,
        };
        self.told.iter().rev().find_map(detail).unwrap_or_else(|| panic!("not refused: {:?}", self.told))
    }
}

#[tokio::test]
async fn a_tag_that_is_elsewhere_is_not_moved_and_told_once() {
    let (mut house, _) = with_release().await;
    let begin = house.github.reference(REPO, "refs/heads/main").unwrap();
    house.github.person("alice").commit(REPO, "aside", "chore: aside", &[("x", Some("x"))]);
    let aside = house.github.reference(REPO, "refs/heads/aside").unwrap();
    let number = house.merge_release();
    house.github.person("alice").tag(REPO, "v0.1.0", &aside);
    house.settle().await;
    house.look_again("once more").await;
    assert_ne!(begin, aside);
    assert_eq!(house.github.reference(REPO, "refs/tags/v0.1.0"), Some(aside));
    assert!(house.releases().is_empty());
    let comments = house.comments(number);
    assert_eq!(comments.len(), 1, "{comments:?}");
    assert!(comments[0].starts_with("The tag `v0.1.0` is already at "), "{comments:?}");
}

#[tokio::test]
async fn a_persons_commit_on_the_release_branch_is_kept_and_told_once() {
    let (mut house, pull) = with_release().await;
    let alice = house.github.person("alice");
    let theirs = alice.commit(REPO, "pointsman--release--main", "docs: by hand", &[("a.md", Some("a"))]);
    house.feature(2, "feat: greet twice");
    house.settle().await;
    house.feature(3, "feat: greet thrice");
    house.settle().await;
    assert_eq!(house.last(), moved(Move::Keep));
    assert_eq!(house.github.reference(REPO, "refs/heads/pointsman--release--main"), Some(theirs));
    assert_eq!(house.comments(pull).len(), 1);
    house.github.person("alice").comment(REPO, pull, "/pointsman rebuild");
    house.settle().await;
    assert_eq!(house.last(), moved(Move::Move));
    assert!(house.release_pull()["body"].as_str().unwrap().contains("* greet thrice"));
}

#[tokio::test]
async fn what_was_reverted_closes_the_pull_request() {
    let (mut house, pull) = with_release().await;
    let feature = house.snapshot()["pulls"][0]["merge_commit_sha"].as_str().unwrap().to_owned();
    house.push(&format!("Revert \"feat: greet\"\n\nThis reverts commit {feature}."), &[("src/1.rs", None)]);
    house.settle().await;
    assert!(house.open().is_empty(), "{:?}", house.last());
    assert_eq!(house.github.reference(REPO, "refs/heads/pointsman--release--main"), None);
    assert!(house.comments(pull)[0].starts_with("There is nothing to release on `main` any more"));
}

#[tokio::test]
async fn broken_settings_are_told_on_their_commit_and_the_last_good_ones_hold() {
    let mut house = House::new().await;
    let settings = ".github/pointsman.yaml";
    house.push("chore: settings", &[(settings, Some("release: { initial_version: 3.0.0 }\n"))]);
    house.settle().await;
    house.push("feat: greet", &[(settings, Some("release: { initial_version: [}\n"))]);
    house.settle().await;
    house.push("feat: greet twice", &[("a", Some("a"))]);
    house.settle().await;
    assert_eq!(house.release_pull()["title"], "chore(main): release 3.0.0");
    let requests = house.github.requests();
    let told = requests.get("POST /repos/{owner}/{repo}/commits/{commit_sha}/comments");
    assert_eq!(told, Some(&1), "{requests:?}");
}

#[tokio::test]
async fn a_fork_that_imitates_the_release_branch_is_ignored() {
    let (mut house, _) = with_release().await;
    let body = house.release_pull()["body"].as_str().unwrap().replace("0.1.0", "9.0.0");
    let mallory = house.github.person("mallory");
    let fork = mallory.fork(REPO);
    mallory.commit(&fork, "pointsman--release--main", "feat: mine", &[("x", Some("x"))]);
    let pull =
        mallory.open(REPO, "mallory:pointsman--release--main", "main", "chore(main): release 9.0.0", &body);
    house.settle().await;
    house.github.person("alice").merge(REPO, pull, "squash");
    house.settle().await;
    assert!(house.tags().is_empty(), "{:?}", house.tags());
    assert_eq!(house.open().len(), 1);
}

#[tokio::test]
async fn a_deleted_branch_is_no_target() {
    let mut house = House::new().await;
    house.settle().await;
    house.github.person("alice").push(REPO, "refs/heads/main", None);
    house.look_again("the hour is over").await;
    assert_eq!(house.last(), Ended::Gone);
}

#[tokio::test]
async fn a_force_pushed_base_is_proposed_anew() {
    let (mut house, _) = with_release().await;
    let before = house.github.reference(REPO, "refs/heads/main").unwrap();
    house.feature(2, "feat!: another world");
    house.settle().await;
    house.github.person("alice").push(REPO, "refs/heads/main", Some(&before));
    house.settle().await;
    let body = house.release_pull()["body"].as_str().unwrap().to_owned();
    assert!(body.contains("* greet") && !body.contains("another world"), "{body}");
}

#[tokio::test]
async fn a_revoked_installation_is_refused_with_its_reason() {
    let (mut house, _) = with_release().await;
    house.feature(2, "feat: greet twice");
    house.github.uninstall(house.installation);
    house.settle_after_an_hour().await;
    let why = house.rejected();
    assert!(why.contains("installation"), "{why}");
}

#[tokio::test]
async fn a_missing_permission_is_refused_by_its_name() {
    let mut house = House::new().await;
    let less = [("contents", "read"), ("pull_requests", "write"), ("issues", "write"), ("metadata", "read")];
    house.github.set_permissions(house.installation, &less);
    house.feature(1, "feat: greet");
    house.settle().await;
    let why = house.rejected();
    assert!(why.contains("contents"), "{why}");
}

#[tokio::test]
async fn a_hand_edited_pull_request_keeps_its_notes_and_gets_its_title_back() {
    let (mut house, pull) = with_release().await;
    let body = house.release_pull()["body"].as_str().unwrap().to_owned();
    let (before, after) = body.split_once("is kept) -->\n").unwrap();
    let noted = format!("{before}is kept) -->\nThanks to **all**! <!-- pointsman:release {{}} -->\n{after}");
    house.github.person("alice").edit_body(REPO, pull, &noted);
    house.feature(2, "feat: greet twice");
    house.settle().await;
    let body = house.release_pull()["body"].as_str().unwrap().to_owned();
    assert!(body.contains("Thanks to **all**!") && body.contains("* greet twice"), "{body}");
    house.merge_release();
    house.settle().await;
    let notes = house.snapshot()["releases"][0]["body"].as_str().unwrap().to_owned();
    assert!(notes.contains("Thanks to **all**!"), "{notes}");
}

#[tokio::test]
async fn a_fault_in_a_version_file_is_told_once_on_the_settings_commit_and_the_proposal_stays() {
    let (mut house, _) = with_release().await;
    let before = house.release_pull();
    let settings = "release: { version_files: [{ path: app.json, pointer: $.version }] }\n";
    house.push("feat: version file", &[(".github/pointsman.yaml", Some(settings))]);
    house.settle().await;
    assert_eq!(house.last(), Ended::SettingsBroken);
    house.push("feat: more", &[("more", Some("x"))]);
    house.settle().await;
    assert_eq!(house.last(), Ended::SettingsBroken);
    assert_eq!(house.release_pull()["head"]["sha"], before["head"]["sha"]);
    let requests = house.github.requests();
    let told = requests.get("POST /repos/{owner}/{repo}/commits/{commit_sha}/comments");
    assert_eq!(told, Some(&1), "{requests:?}");
    assert!(!house.told.iter().any(|told| matches!(told, Told::Orchestrator(Outcome::Rejected(_)))));
    // What is open may be merged all the same.
    house.merge_release();
    house.settle().await;
    assert_eq!(house.releases(), ["v0.1.0"]);
    house.push("fix: the file", &[("app.json", Some("{ \"version\": \"0.1.0\" }\n"))]);
    house.settle().await;
    assert_eq!(house.file("pointsman--release--main", "app.json").unwrap(), "{ \"version\": \"0.1.1\" }\n");
}

#[tokio::test]
async fn an_event_without_its_data_is_refused_and_not_passed_over() {
    let mut house = House::new().await;
    house.settle().await;
    for queue in [orchestrator_queue(), automator_queue()] {
        let body = br#"{"id":"e1","type":"com.github.pull_request.closed","dataref":"deliveries/github/1"}"#;
        let message = Message {
            body: body.to_vec().into(),
            session: Some(REPO.into()),
            dedup_id: "e1".into(),
            ..Message::default()
        };
        house.store.queue.send(&queue, vec![message]).await.pop().unwrap().unwrap();
    }
    house.settle().await;
    assert!(house.rejected().starts_with("the event e1 came without its data"), "{}", house.rejected());
    for queue in [orchestrator_queue(), automator_queue()] {
        assert_eq!(house.store.admin.stats(&queue).await.unwrap().dead, 1, "{queue}");
    }
}

#[tokio::test]
async fn components_that_would_share_a_tag_are_told_once_on_the_settings_commit() {
    let mut house = House::new().await;
    let component = |name: &str| format!("{name}: {{ path: {name}, tag_format: 'v{{version}}' }}");
    let settings = format!("release: {{ components: {{ {}, {} }} }}\n", component("api"), component("web"));
    let files = [(".github/pointsman.yaml", Some(&*settings)), ("api/a", Some("a")), ("web/a", Some("a"))];
    house.push("feat: both", &files);
    house.settle().await;
    house.look_again("once more").await;
    assert_eq!(house.last(), Ended::SettingsBroken);
    let requests = house.github.requests();
    let told = requests.get("POST /repos/{owner}/{repo}/commits/{commit_sha}/comments");
    assert_eq!(told, Some(&1), "{requests:?}");
}
