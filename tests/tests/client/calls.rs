//! Every call of the client, once: what it makes of the answers, and that GitHub's document knows the requests.

use pointsman_github::{
    Claim, Github, HookPlace, IssueState, Latest, Moved, NewPull, NewRelease, NewTree, Opened, PullChange,
    Reaction,
};
use serde_json::json;

use crate::house::{House, REPO, branch, tag};

/// Every operation that the client knows, but for what `update_refs` is.
const OPERATIONS: &[&str] = &[
    "DELETE /repos/{owner}/{repo}/git/refs/{ref}",
    "DELETE /repos/{owner}/{repo}/issues/{issue_number}/labels/{name}",
    "DELETE /repos/{owner}/{repo}/releases/{release_id}",
    "GET /app",
    "GET /app/hook/config",
    "GET /app/hook/deliveries",
    "GET /app/hook/deliveries/{delivery_id}",
    "GET /app/installations",
    "GET /app/installations/{installation_id}",
    "GET /installation/repositories",
    "GET /orgs/{org}/hooks/{hook_id}/deliveries",
    "GET /orgs/{org}/hooks/{hook_id}/deliveries/{delivery_id}",
    "GET /orgs/{org}/repos",
    "GET /rate_limit",
    "GET /repos/{owner}/{repo}",
    "GET /repos/{owner}/{repo}/collaborators/{username}/permission",
    "GET /repos/{owner}/{repo}/commits",
    "GET /repos/{owner}/{repo}/commits/{commit_sha}/comments",
    "GET /repos/{owner}/{repo}/commits/{ref}",
    "GET /repos/{owner}/{repo}/compare/{basehead}",
    "GET /repos/{owner}/{repo}/contents/{path}",
    "GET /repos/{owner}/{repo}/git/commits/{commit_sha}",
    "GET /repos/{owner}/{repo}/git/matching-refs/{ref}",
    "GET /repos/{owner}/{repo}/git/ref/{ref}",
    "GET /repos/{owner}/{repo}/git/tags/{tag_sha}",
    "GET /repos/{owner}/{repo}/git/trees/{tree_sha}",
    "GET /repos/{owner}/{repo}/hooks/{hook_id}/deliveries",
    "GET /repos/{owner}/{repo}/hooks/{hook_id}/deliveries/{delivery_id}",
    "GET /repos/{owner}/{repo}/installation",
    "GET /repos/{owner}/{repo}/issues/comments/{comment_id}",
    "GET /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions",
    "GET /repos/{owner}/{repo}/issues/{issue_number}",
    "GET /repos/{owner}/{repo}/issues/{issue_number}/comments",
    "GET /repos/{owner}/{repo}/pulls",
    "GET /repos/{owner}/{repo}/pulls/{pull_number}",
    "GET /repos/{owner}/{repo}/pulls/{pull_number}/files",
    "GET /repos/{owner}/{repo}/releases",
    "GET /repos/{owner}/{repo}/releases/tags/{tag}",
    "GET /repos/{owner}/{repo}/releases/{release_id}",
    "PATCH /repos/{owner}/{repo}/git/refs/{ref}",
    "PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}",
    "PATCH /repos/{owner}/{repo}/pulls/{pull_number}",
    "PATCH /repos/{owner}/{repo}/releases/{release_id}",
    "POST /app-manifests/{code}/conversions",
    "POST /app/hook/deliveries/{delivery_id}/attempts",
    "POST /app/installations/{installation_id}/access_tokens",
    "POST /orgs/{org}/hooks/{hook_id}/deliveries/{delivery_id}/attempts",
    "POST /repos/{owner}/{repo}/commits/{commit_sha}/comments",
    "POST /repos/{owner}/{repo}/git/commits",
    "POST /repos/{owner}/{repo}/git/refs",
    "POST /repos/{owner}/{repo}/git/tags",
    "POST /repos/{owner}/{repo}/git/trees",
    "POST /repos/{owner}/{repo}/hooks/{hook_id}/deliveries/{delivery_id}/attempts",
    "POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions",
    "POST /repos/{owner}/{repo}/issues/{issue_number}/comments",
    "POST /repos/{owner}/{repo}/issues/{issue_number}/labels",
    "POST /repos/{owner}/{repo}/pulls",
    "POST /repos/{owner}/{repo}/releases",
    "POST /repos/{owner}/{repo}/releases/generate-notes",
];

#[tokio::test]
async fn every_call_is_one_that_github_documents_and_answers() {
    let house = House::new().await;
    as_the_app(&house).await;
    as_an_administrator(&house).await;
    let pull = proposed(&house).await;
    said(&house, pull).await;
    released(&house).await;
    let asked = house.github.requests();
    let asked: Vec<_> = asked.keys().map(String::as_str).filter(|name| *name != "POST /graphql").collect();
    assert_eq!(asked, OPERATIONS);
}

async fn as_the_app(house: &House) {
    let client = house.client();
    assert_eq!(client.app().await.unwrap().id, house.app.id);
    assert_eq!(client.installations().await.unwrap()[0].id, house.installation);
    let here = client.installation_of(&REPO.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(here.info().await.unwrap().missing_permissions(), [] as [&str; 0]);
    assert_eq!(here.repositories().await.unwrap()[0].full_name, REPO);
    assert!(here.rate_limits().await.unwrap().resources.contains_key("core"));
    assert!(client.installation_of(&"acme/none".parse().unwrap()).await.unwrap().is_none());
    house.github.set_hook_url(house.app.id, "https://hooks.example/github");
    assert_eq!(client.hook_config().await.unwrap().url, "https://hooks.example/github");
    house.github.emit(REPO, "push", None, json!({ "ref": "refs/heads/main" }));
    told_and_told_again(&client, HookPlace::App).await;
    let manifest =
        json!({ "name": "made", "default_permissions": { "contents": "write" }, "default_events": ["push"] });
    house.github.offer_manifest("a-code", manifest);
    let made = client.convert_manifest("a-code").await.unwrap();
    assert!(made.app.name == "made" && made.private_key.expose().starts_with(b"-----BEGIN"));
}

async fn as_an_administrator(house: &House) {
    let hook = |place| house.github.create_hook(place, "root", "https://hooks.example/github", &["push"]).id;
    let repository = HookPlace::Repository { slug: REPO.parse().unwrap(), hook: hook(REPO) };
    let organisation = HookPlace::Organisation { login: "acme".into(), hook: hook("acme") };
    house.github.emit(REPO, "push", None, json!({ "ref": "refs/heads/main" }));
    let client = house.with_token(&house.github.personal_token("root"));
    told_and_told_again(&client, repository).await;
    told_and_told_again(&client, organisation).await;
    assert_eq!(client.organisation_repositories("acme").await.unwrap()[0].full_name, REPO);
    let error = house.client().deliveries(HookPlace::Organisation { login: "acme".into(), hook: 1 });
    let error = error.page(None).await.unwrap_err().to_string();
    assert_eq!(error, "webhooks of acme/1 are shown to a token of an administrator, not to an App");
}

/// The list, its newest, and that once more.
async fn told_and_told_again(client: &Github, place: HookPlace) {
    let deliveries = client.deliveries(place);
    let newest = deliveries.page(None).await.unwrap().deliveries.remove(0);
    let sent = deliveries.one(newest.id).await.unwrap();
    assert_eq!((sent.guid, sent.event.as_str()), (newest.guid, "push"));
    assert!(sent.payload.is_some() && sent.headers.iter().any(|(name, _)| name == "x-github-delivery"));
    deliveries.redeliver(newest.id).await.unwrap();
}

async fn proposed(house: &House) -> u64 {
    let repository = house.repository();
    assert_eq!(repository.info().await.unwrap().default_branch, "main");
    assert!(repository.permission("alice").await.unwrap().may_write());
    assert!(!repository.permission("nobody").await.unwrap().may_write());
    let tree = repository.tree(&house.base).await.unwrap();
    assert_eq!(tree.tree[0].path, "README.md");
    let base = repository.git_commit(&house.base).await.unwrap();
    let mut new = NewTree::on(base.tree.sha);
    new.put("docs/a b.md", "100644", "# A\n");
    new.remove("README.md");
    let tree = repository.create_tree(&new).await.unwrap();
    let made =
        repository.create_commit("chore: release", &tree, std::slice::from_ref(&house.base)).await.unwrap();
    assert!(made.verification.unwrap().verified, "GitHub signs what names no author");
    assert_eq!(repository.text("docs/a b.md", &made.sha, 100).await.unwrap().as_deref(), Some("# A\n"));
    assert_eq!(repository.text("README.md", &made.sha, 100).await.unwrap(), None);
    assert_eq!(repository.last_change("docs/a b.md", &made.sha).await.unwrap().as_ref(), Some(&made.sha));
    assert_eq!(repository.commit(&made.sha).await.unwrap().files.len(), 2);
    assert_eq!(repository.commits(&made.sha, 100).await.unwrap().len(), 2);
    let ours = branch("pointsman--release--main");
    assert_eq!(repository.claim(&ours, &house.base).await.unwrap(), Claim::Made);
    assert_eq!(repository.forward(&ours, &made.sha).await.unwrap(), Moved::Done);
    assert_eq!(repository.branches("pointsman--").await.unwrap()[0].object.sha, made.sha);
    let text = |text: &str| text.to_owned();
    let new = NewPull {
        head: ours.name().into(),
        base: text("main"),
        title: text("t"),
        body: text("b"),
        draft: false,
    };
    let Opened::Made(pull) = repository.open_pull(&new).await.unwrap() else { panic!("there is none yet") };
    let again = repository.open_pull(&new).await.unwrap();
    assert!(matches!(again, Opened::There(there) if there.number == pull.number));
    let change = PullChange { title: Some(text("u")), ..PullChange::default() };
    assert_eq!(repository.update_pull(pull.number, &change).await.unwrap().title, "u");
    assert_eq!(repository.pulls_of(&ours).await.unwrap()[0].number, pull.number);
    assert_eq!(repository.open_pulls(Some(&branch("main"))).await.unwrap().len(), 1);
    assert!(repository.closed_pulls(None, 1, |_| false).await.unwrap().is_empty());
    assert_eq!(repository.files(pull.number).await.unwrap().len(), 2);
    assert_eq!(repository.pull(pull.number).await.unwrap().unwrap().state, IssueState::Open);
    pull.number
}

async fn said(house: &House, pull: u64) {
    let repository = house.repository();
    assert!(repository.issue(pull).await.unwrap().unwrap().is_pull());
    let comment = repository.create_comment(pull, "one").await.unwrap();
    assert_eq!(repository.update_comment(comment.id, "two").await.unwrap().body, "two");
    let there = repository.comment(comment.id).await.unwrap().unwrap();
    assert!(there.body == "two" && there.issue() == Some(pull) && there.is_by(house.app.id));
    assert_eq!(repository.comments(pull).await.unwrap().len(), 1);
    for _ in 0..2 {
        repository.react(comment.id, Reaction::Rocket).await.unwrap();
    }
    assert_eq!(repository.reactions(comment.id).await.unwrap().len(), 1);
    let labels = repository.add_labels(pull, &["release: pending".into()]).await.unwrap();
    assert_eq!(labels[0].name, "release: pending");
    for _ in 0..2 {
        repository.remove_label(pull, "release: pending").await.unwrap();
    }
    repository.create_commit_comment(&house.base, "broken").await.unwrap();
    assert_eq!(repository.commit_comments(&house.base).await.unwrap()[0].body, "broken");
}

async fn released(house: &House) {
    let repository = house.repository();
    let object = repository.create_tag_object("v1.0.0", "notes", &house.base).await.unwrap();
    assert_eq!(repository.claim(&tag("v1.0.0"), &object.sha).await.unwrap(), Claim::Made);
    let tags = repository.tags("v").await.unwrap();
    assert_eq!(repository.peel(&tags[0]).await.unwrap().as_ref(), Some(&house.base));
    let head = house.commit("main", "more.txt");
    let (standing, commits) = repository.compare(&house.base, &head).await.unwrap().unwrap();
    assert!(standing.reaches() && commits.len() == 1);
    let notes = repository.generate_notes("v1.1.0", "main", Some("v1.0.0")).await.unwrap().unwrap();
    assert!(!notes.name.is_empty());
    let new = NewRelease {
        tag_name: "v1.0.0".into(),
        target_commitish: Some(house.base.to_string()),
        name: "1".into(),
        body: "notes".into(),
        draft: true,
        prerelease: false,
    };
    let draft = repository.create_release(&new).await.unwrap();
    let second = repository.create_release(&new).await.unwrap();
    assert_eq!(repository.release_of("v1.0.0").await.unwrap(), None);
    assert!(repository.release(draft.id).await.unwrap().unwrap().draft);
    assert_eq!(repository.releases(1, |_| false).await.unwrap().len(), 2);
    repository.delete_release(second.id).await.unwrap();
    assert!(!repository.publish(draft.id, Latest::Yes).await.unwrap().draft);
    assert_eq!(repository.release_of("v1.0.0").await.unwrap().unwrap().id, draft.id);
    let ours = branch("pointsman--release--main");
    for _ in 0..2 {
        repository.delete_ref(&ours).await.unwrap();
    }
    assert_eq!(repository.head(&ours).await.unwrap(), None);
}
