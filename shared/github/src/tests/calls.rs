//! Single calls: what goes into the URL and the body, and how lenient the answer's reading is.

use pointsman_core::port::ErrorKind;
use serde_json::{Value, json};

use super::script::{Answer, World, complaint, json as answer, sha, text};
use crate::{
    Latest, NewPull, NewRelease, NewTree, Opened, PullChange, Reaction, RefName, Refusal, ReleaseChange,
};

fn end(branch: &str, full_name: &str) -> Value {
    json!({ "ref": branch, "sha": sha('a'), "repo": { "full_name": full_name } })
}

fn pull(number: u64) -> Value {
    json!({ "number": number, "state": "open", "head": end("x", "o/r"), "base": end("main", "o/r") })
}

fn page(numbers: std::ops::Range<u64>, next: Option<&str>) -> Answer {
    let page = answer(200, numbers.map(pull).collect());
    match next {
        Some(next) => {
            page.with("link", format!("<{next}>; rel=\"next\", <https://api.test/x?page=9>; rel=\"last\""))
        }
        None => page,
    }
}

#[tokio::test]
async fn a_list_is_read_to_its_end() {
    let world = World::default();
    world.on(
        "GET /repos/o/r/pulls?state=open&per_page=100&base=main",
        page(0..3, Some("https://api.test/repositories/1/pulls?page=2")),
    );
    world.on("GET /repositories/1/pulls?page=2", page(3..5, None));
    let pulls = world.repository().open_pulls(Some(&RefName::branch("main").unwrap())).await.unwrap();
    assert_eq!(pulls.iter().map(|pull| pull.number).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
}

#[tokio::test]
async fn a_list_without_end_is_an_error_that_says_so() {
    let world = World::default();
    world.on("GET /repos/o/r/pulls", page(0..1, Some("https://api.test/repos/o/r/pulls?page=2")));
    let error = world.repository().open_pulls(None).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Invalid);
    assert_eq!(
        error.to_string(),
        "GET /repos/o/r/pulls has more than 50 pages: more than 5,000 open pull requests"
    );
    assert_eq!(world.script.lines().len(), 50);
}

#[tokio::test]
async fn a_next_page_elsewhere_never_gets_the_token() {
    for elsewhere in ["https://evil.test/pulls?page=2", "https://api.test.evil.test/x", "http://api.test/x"] {
        let world = World::default();
        world.on("GET /repos/o/r/pulls", page(0..1, Some(elsewhere)));
        let error = world.repository().open_pulls(None).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Invalid, "{error}");
        assert_eq!(world.script.lines().len(), 1);
    }
}

#[tokio::test]
async fn closed_pull_requests_are_read_up_to_the_page_that_is_old_enough() {
    let world = World::default();
    let query = "state=closed&sort=updated&direction=desc&per_page=100";
    world.on(&format!("GET /repos/o/r/pulls?{query}"), page(0..2, Some("https://api.test/p?page=2")));
    world.on("GET /p?page=2", page(2..4, Some("https://api.test/p?page=3")));
    let read = world.repository().closed_pulls(None, 9, |pull| pull.number == 3).await.unwrap();
    assert_eq!((read.len(), world.script.lines().len()), (4, 2));
    let read = world.repository().closed_pulls(None, 1, |_| false).await.unwrap();
    assert_eq!((read.len(), world.script.lines().len()), (2, 1));
}

#[tokio::test]
async fn a_branchs_pull_requests_are_not_a_forks() {
    let world = World::default();
    let mut forked = pull(2);
    forked["head"]["repo"]["full_name"] = "evil/r".into();
    let mut gone = pull(3);
    gone["head"]["repo"] = Value::Null;
    world.on(
        "GET /repos/o/r/pulls?head=o%3Aa%26b%2Fc&state=all&per_page=100",
        answer(200, json!([pull(1), forked, gone])),
    );
    let pulls = world.repository().pulls_of(&RefName::branch("a&b/c").unwrap()).await.unwrap();
    assert_eq!(pulls.iter().map(|pull| pull.number).collect::<Vec<_>>(), [1]);
}

#[tokio::test]
async fn a_pull_request_is_opened_or_found_or_has_nothing_in_it() {
    let new = || NewPull {
        head: "x".into(),
        base: "main".into(),
        title: "{{ title }}".into(),
        body: "body\u{0}".into(),
        draft: false,
    };
    let refused = |message: &str| {
        answer(
            422,
            json!({ "message": "Validation Failed", "errors": [{ "resource": "PullRequest", "code": "custom",
                "message": message }] }),
        )
    };
    let world = World::default();
    world.on("POST /repos/o/r/pulls", answer(201, pull(1)));
    assert!(
        matches!(world.repository().open_pull(&new()).await.unwrap(), Opened::Made(pull) if pull.number == 1)
    );
    assert_eq!(world.script.asked()[1].body["title"], "{{ title }}");

    let world = World::default();
    world.on("POST /repos/o/r/pulls", refused("A pull request already exists for o:x."));
    let mut closed = pull(7);
    closed["state"] = "closed".into();
    world.on("GET /repos/o/r/pulls", answer(200, json!([closed, pull(8)])));
    assert!(
        matches!(world.repository().open_pull(&new()).await.unwrap(), Opened::There(pull) if pull.number == 8)
    );

    let world = World::default();
    world.on("POST /repos/o/r/pulls", refused("No commits between main and x"));
    assert_eq!(world.repository().open_pull(&new()).await.unwrap(), Opened::NoCommits);

    let world = World::default();
    let invalid = json!({ "message": "Validation Failed", "errors": [{ "resource": "PullRequest", "field": "base",
        "code": "invalid" }] });
    world.on("POST /repos/o/r/pulls", answer(422, invalid));
    let error = world.repository().open_pull(&new()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "GitHub refuses POST /repos/o/r/pulls (422): Validation Failed: PullRequest base invalid"
    );
}

#[tokio::test]
async fn a_file_is_text_or_nothing_or_an_error() {
    let world = World::default();
    let at = sha('a');
    let query = format!("?ref={at}");
    world.on(&format!("GET /repos/o/r/contents/a%20b/%C3%BC%23.txt{query}"), text(200, "text"));
    world.on(&format!("GET /repos/o/r/contents/list.json{query}"), answer(200, json!([{ "path": "x" }])));
    let listing = json!([{ "path": "folder/x", "sha": at, "git_url": "y", "type": "file" }]);
    world.on(&format!("GET /repos/o/r/contents/folder{query}"), answer(200, listing));
    world.on(&format!("GET /repos/o/r/contents/long{query}"), text(200, "12345"));
    let repository = world.repository();
    assert_eq!(repository.text("a b/ü#.txt", &at, 4).await.unwrap().as_deref(), Some("text"));
    assert_eq!(world.script.asked()[1].headers["accept"], "application/vnd.github.raw+json");
    assert!(repository.text("list.json", &at, 100).await.unwrap().is_some());
    for (path, told) in [
        ("folder", "folder is a folder, not a file"),
        ("long", "long is longer than 0 kB: that is too long to be read here"),
        ("../x", "`../x` is no path within a repository: name/of/a.file"),
    ] {
        let error = repository.text(path, &at, 4).await.unwrap_err();
        assert_eq!((error.kind, error.to_string().as_str()), (ErrorKind::Invalid, told));
    }
}

#[tokio::test]
async fn a_tree_and_a_commit_are_made_without_author_and_committer() {
    let world = World::default();
    world.on("POST /repos/o/r/git/trees", answer(201, json!({ "sha": sha('c'), "tree": [] })));
    world.on(
        "POST /repos/o/r/git/commits",
        answer(
            201,
            json!({ "sha": sha('d'), "tree": { "sha": sha('c') }, "verification": { "verified": true } }),
        ),
    );
    let repository = world.repository();
    let mut tree = NewTree::on(sha('b'));
    tree.put("CHANGELOG.md", "100644", "# {{ x }}");
    tree.remove("old");
    let made = repository.create_tree(&tree).await.unwrap();
    let commit = repository.create_commit("chore: release", &made, &[sha('a')]).await.unwrap();
    assert!(commit.verification.unwrap().verified);
    let asked = world.script.asked();
    assert_eq!(
        asked[1].body,
        json!({ "base_tree": sha('b'), "tree": [
            { "path": "CHANGELOG.md", "mode": "100644", "type": "blob", "content": "# {{ x }}" },
            { "path": "old", "mode": "100644", "type": "blob", "sha": null },
        ] })
    );
    assert_eq!(
        asked[2].body,
        json!({ "message": "chore: release", "tree": sha('c'), "parents": [sha('a')] })
    );
}

#[tokio::test]
async fn releases_are_drafted_published_and_refused_a_second_time() {
    let world = World::default();
    let release = |draft: bool| json!({ "id": 3, "tag_name": "v1", "draft": draft, "name": null });
    world.on("POST /repos/o/r/releases", answer(201, release(true)));
    let exists = json!({ "message": "Validation Failed", "errors": [{ "resource": "Release", "code": "already_exists",
        "field": "tag_name" }] });
    world.on("POST /repos/o/r/releases", answer(422, exists));
    world.on("PATCH /repos/o/r/releases/3", answer(200, release(false)));
    world.on("DELETE /repos/o/r/releases/3", complaint(404, "Not Found"));
    world.on("GET /repos/o/r/releases/tags/a/v1%2B2", complaint(404, "Not Found"));
    world.on("POST /repos/o/r/releases/generate-notes", complaint(404, "Not Found"));
    let repository = world.repository();
    let new = NewRelease {
        tag_name: "v1".into(),
        target_commitish: None,
        name: "v1".into(),
        body: "notes".into(),
        draft: true,
        prerelease: false,
    };
    assert!(repository.create_release(&new).await.unwrap().draft);
    let error = repository.create_release(&new).await.unwrap_err();
    assert_eq!((error.kind, Refusal::of(&error)), (ErrorKind::Conflict, Some(Refusal::ReleaseExists)));
    assert!(!repository.publish(3, Latest::No).await.unwrap().draft);
    assert_eq!(world.script.asked().pop().unwrap().body, json!({ "draft": false, "make_latest": "false" }));
    repository.delete_release(3).await.unwrap();
    assert_eq!(repository.release_of("a/v1+2").await.unwrap(), None);
    assert_eq!(repository.generate_notes("v1", "main", Some("v0")).await.unwrap(), None);
    assert_eq!(serde_json::to_value(ReleaseChange::default()).unwrap(), json!({}));
    assert_eq!(serde_json::to_value(PullChange::default()).unwrap(), json!({}));
}

#[tokio::test]
async fn what_is_said_is_said_once_and_where_it_belongs() {
    let world = World::default();
    let comment =
        json!({ "id": 4, "body": null, "user": null, "issue_url": "https://api.test/repos/o/r/issues/12" });
    world.on("GET /repos/o/r/issues/comments/4", answer(200, comment.clone()));
    world.on("POST /repos/o/r/issues/12/comments", answer(201, comment.clone()));
    world.on("PATCH /repos/o/r/issues/comments/4", answer(200, comment.clone()));
    world.on("POST /repos/o/r/issues/comments/4/reactions", answer(200, json!({ "id": 1 })));
    world.on("POST /repos/o/r/issues/12/labels", answer(200, json!([{ "name": "release: pending" }])));
    world.on(
        "DELETE /repos/o/r/issues/12/labels/release%3A%20pending",
        complaint(404, "Label does not exist"),
    );
    world.on(&format!("GET /repos/o/r/commits/{}/comments", sha('a')), answer(200, json!([comment])));
    world.on(
        "GET /repos/o/r/collaborators/octo-cat/permission",
        answer(200, json!({ "permission": "write" })),
    );
    world.on("GET /repos/o/r/collaborators/no%2Fbody/permission", complaint(404, "Not Found"));
    let repository = world.repository();
    assert_eq!(repository.comment(4).await.unwrap().unwrap().issue(), Some(12));
    repository.create_comment(12, "hello").await.unwrap();
    repository.update_comment(4, "hello").await.unwrap();
    repository.react(4, Reaction::Eyes).await.unwrap();
    assert_eq!(
        repository.add_labels(12, &["release: pending".into()]).await.unwrap()[0].name,
        "release: pending"
    );
    repository.remove_label(12, "release: pending").await.unwrap();
    assert_eq!(repository.commit_comments(&sha('a')).await.unwrap().len(), 1);
    assert!(repository.permission("octo-cat").await.unwrap().may_write());
    assert!(!repository.permission("no/body").await.unwrap().may_write());
}

#[tokio::test]
async fn of_comments_that_two_runs_made_at_once_the_first_stays() {
    let world = World::default();
    let comment = |id: u64, by: u64| {
        let url = "https://api.github.com/repos/o/r/issues/12";
        let body = pointsman_core::release::notice::write("done", "It is done.");
        json!({ "id": id, "body": body, "issue_url": url, "performed_via_github_app": { "id": by } })
    };
    let all = json!([comment(9, 1), comment(4, 1), comment(2, 8)]);
    world.on("GET /repos/o/r/issues/12/comments?per_page=100", answer(200, all));
    world.on("DELETE /repos/o/r/issues/comments/9", text(204, ""));
    let told = world.repository().tell(12, 1, "done", "It is done.").await.unwrap();
    assert_eq!(told, crate::Told::Before);
    assert_eq!(world.script.lines().last().unwrap(), "DELETE /repos/o/r/issues/comments/9");
}

#[tokio::test]
async fn a_repository_that_moved_says_so() {
    let world = World::default();
    world.on(
        "POST /repos/o/r/git/trees",
        text(307, "").with("location", "https://api.test/repositories/1/git/trees"),
    );
    let error = world.repository().create_tree(&NewTree::default()).await.unwrap_err();
    assert_eq!((error.kind, Refusal::of(&error)), (ErrorKind::Invalid, Some(Refusal::Moved)));
}

#[tokio::test]
async fn what_github_says_does_not_break_a_line_of_the_log() {
    let world = World::default();
    world.on("POST /repos/o/r/git/trees", complaint(422, &format!("a\nb\u{1b}[31m{}", "x".repeat(10_000))));
    let text = world.repository().create_tree(&NewTree::default()).await.unwrap_err().to_string();
    assert!(text.len() < 500 && !text.contains(char::is_control), "{text}");
}

#[tokio::test]
async fn an_empty_repository_has_no_head() {
    let world = World::default();
    world.on("GET /repos/o/r/git/ref/heads/main", complaint(409, "Git Repository is empty."));
    assert_eq!(world.repository().head(&RefName::branch("main").unwrap()).await.unwrap(), None);
}
