//! A plan's facts: tags, the commits since, by which pull request each came, and files.

use pointsman_core::port::ErrorKind;
use pointsman_core::release::{Pull, Sha, Source as _, Tag};
use serde_json::{Value, json};

use super::script::{World, answer_for_ref, complaint, json as answer, sha, text};
use crate::RepositorySource;

fn commit(at: char, message: &str, parents: &[char], date: &str) -> Value {
    let parents: Vec<_> = parents.iter().map(|parent| json!({ "sha": sha(*parent) })).collect();
    let by = json!({ "name": "Ada", "email": "ada@example.org", "date": date });
    json!({ "sha": sha(at), "parents": parents, "author": { "login": "ada", "id": 1 }, "committer": null,
        "commit": { "message": message, "author": by, "committer": by, "tree": { "sha": sha('f') } } })
}

fn merged(number: u64, at: char, body: Value, updated: &str) -> Value {
    let end = json!({ "ref": "x", "sha": sha('9'), "repo": null });
    json!({ "number": number, "state": "closed", "merged_at": updated, "merge_commit_sha": sha(at), "body": body,
        "updated_at": updated, "head": end, "base": end })
}

fn compared(status: &str, commits: &[Value]) -> Value {
    json!({ "status": status, "ahead_by": commits.len(), "behind_by": 0, "total_commits": commits.len(),
        "commits": commits, "files": [{ "filename": "x", "patch": "+long" }] })
}

fn tag(name: &str, object: char) -> Tag {
    Tag { name: name.into(), object: sha(object) }
}

fn source(world: &World, head: char) -> RepositorySource {
    RepositorySource::at(world.repository(), sha(head))
}

fn compare(base: char, head: char) -> String {
    format!("GET /repos/o/r/compare/{}...{}", sha(base), sha(head))
}

fn there(world: &World, commit: char) {
    let commit_there = json!({ "sha": sha(commit), "tree": { "sha": sha('f') } });
    world.on(&format!("GET /repos/o/r/git/commits/{}", sha(commit)), answer(200, commit_there));
}

async fn listed(world: &World, source: &RepositorySource, kind: &str, object: char) {
    let tags = json!([{ "ref": "refs/tags/v1.0.0", "object": { "sha": sha(object), "type": kind } }]);
    world.on("GET /repos/o/r/git/matching-refs/tags/v", answer(200, tags));
    assert_eq!(source.tags("v").await.unwrap(), [tag("v1.0.0", object)]);
}

#[tokio::test]
async fn commits_since_a_tag_come_newest_first_each_with_its_pull_request() {
    let world = World::default();
    let source = source(&world, 'e');
    listed(&world, &source, "commit", '1').await;
    let commits = [
        commit('b', "feat: old work in a branch", &['1'], "2020-01-01T00:00:00Z"),
        commit('a', "fix: squashed (#11)", &['1'], "2026-05-01T00:00:00Z"),
        commit('c', "Merge pull request #12 from o/x\n\nfeat: y", &['a', 'b'], "2026-05-02T00:00:00Z"),
        commit('d', "feat: rebased", &['c'], "2026-05-03T00:00:00Z"),
        commit('e', "chore: of an issue (#99)", &['d'], "2026-05-04T00:00:00Z"),
    ];
    world.on(&compare('1', 'e'), answer(200, compared("ahead", &commits)));
    let pulls = json!([
        merged(13, 'd', Value::Null, "2026-05-06T00:00:00Z"),
        merged(12, 'c', "the body".into(), "2026-05-02T00:00:00Z"),
        merged(11, 'a', "BEGIN_COMMIT_OVERRIDE".into(), "2026-05-01T00:00:00Z"),
        { "number": 14, "state": "closed", "merged_at": null, "merge_commit_sha": sha('e'), "updated_at": "2026-05-01T00:00:00Z",
          "head": { "ref": "x", "sha": sha('9') }, "base": { "ref": "x", "sha": sha('9') } },
        merged(3, '8', Value::Null, "2026-04-01T00:00:00Z"),
    ]);
    // Older than the oldest of the branch itself: the next page is of no use, whatever was merged into it.
    world.on(
        "GET /repos/o/r/pulls",
        answer(200, pulls).with("link", "<https://api.test/never>; rel=\"next\""),
    );
    let since = source.since(Some(&tag("v1.0.0", '1'))).await.unwrap().unwrap();
    let pulls: Vec<_> = since.iter().map(|commit| (commit.sha.clone(), commit.pull.clone())).collect();
    let known = |number, body: &str| Some(Pull { number, body: Some(body.into()) });
    let expected: [(Sha, Option<Pull>); 5] = [
        (sha('e'), Some(Pull { number: 99, body: None })),
        (sha('d'), known(13, "")),
        (sha('c'), known(12, "the body")),
        (sha('a'), known(11, "BEGIN_COMMIT_OVERRIDE")),
        // It came by the merge.
        (sha('b'), known(12, "the body")),
    ];
    assert_eq!(pulls, expected);
    let author = since[0].author.as_ref().unwrap();
    assert_eq!((author.name.as_str(), author.login.as_deref(), since[2].parents), ("Ada", Some("ada"), 2));
    assert!(!format!("{since:?}").contains("example.org"));
}

#[tokio::test]
async fn all_pages_of_a_comparison_are_read_and_asked_for_once() {
    let world = World::default();
    let (first, second) = (
        commit('a', "fix: a", &['1'], "2026-05-01T00:00:00Z"),
        commit('b', "fix: b", &['a'], "2026-05-02T00:00:00Z"),
    );
    let page = |commit: &Value| {
        let mut page = compared("ahead", std::slice::from_ref(commit));
        page["total_commits"] = 2.into();
        page
    };
    let path = compare('1', 'b');
    world.on(
        &format!("{path}?per_page=250"),
        answer(200, page(&first)).with("link", "<https://api.test/compare?page=2>; rel=\"next\""),
    );
    world.on("GET /compare?page=2", answer(200, page(&second)));
    world.on("GET /repos/o/r/pulls", answer(200, json!([])).with("etag", "\"1\""));
    world.on("GET /repos/o/r/pulls", text(304, ""));
    for _ in 0..2 {
        let source = source(&world, 'b');
        listed(&world, &source, "commit", '1').await;
        let since = source.since(Some(&tag("v1.0.0", '1'))).await.unwrap().unwrap();
        assert_eq!(
            since.iter().map(|commit| commit.message.as_str()).collect::<Vec<_>>(),
            ["fix: b", "fix: a"]
        );
    }
    assert_eq!(world.script.lines().iter().filter(|line| line.contains("compare")).count(), 2);
}

#[tokio::test]
async fn a_comparison_with_commits_missing_is_not_taken_for_all() {
    let world = World::default();
    let source = source(&world, 'b');
    listed(&world, &source, "commit", '1').await;
    let mut cut = compared("ahead", &[commit('b', "fix: b", &['a'], "2026-05-02T00:00:00Z")]);
    cut["total_commits"] = 300.into();
    world.on(&compare('1', 'b'), answer(200, cut));
    let error = source.since(Some(&tag("v1.0.0", '1'))).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable, "{error}");
}

#[tokio::test]
async fn a_tag_that_the_head_does_not_reach_says_so() {
    for not_reached in [
        answer(200, compared("diverged", &[])),
        answer(200, compared("behind", &[])),
        complaint(404, "No common ancestor between a and b."),
    ] {
        let world = World::default();
        let source = source(&world, 'b');
        listed(&world, &source, "commit", '1').await;
        world.on(&compare('1', 'b'), not_reached);
        for commit in ['1', 'b'] {
            there(&world, commit);
        }
        assert_eq!(source.since(Some(&tag("v1.0.0", '1'))).await.unwrap(), None);
    }
    let world = World::default();
    let source = source(&world, 'b');
    listed(&world, &source, "commit", 'b').await;
    world.on(&compare('b', 'b'), answer(200, compared("identical", &[])));
    assert_eq!(source.since(Some(&tag("v1.0.0", 'b'))).await.unwrap(), Some(Vec::new()));
}

#[tokio::test]
async fn a_commit_that_is_not_visible_yet_does_not_hide_the_last_release() {
    for unseen in ['1', 'b'] {
        let world = World::default();
        let source = source(&world, 'b');
        listed(&world, &source, "commit", '1').await;
        world.on(&compare('1', 'b'), complaint(404, "Not Found"));
        world.on(&compare('1', 'b'), answer(200, compared("identical", &[])));
        there(&world, if unseen == 'b' { '1' } else { 'b' });
        world.on(&format!("GET /repos/o/r/git/commits/{}", sha(unseen)), complaint(404, "Not Found"));
        let error = source.since(Some(&tag("v1.0.0", '1'))).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unavailable, "{error}");
        assert_eq!(
            source.since(Some(&tag("v1.0.0", '1'))).await.unwrap(),
            Some(Vec::new()),
            "nothing is kept"
        );
    }
}

#[tokio::test]
async fn an_annotated_tag_is_followed_to_its_commit() {
    let world = World::default();
    let source = source(&world, 'b');
    listed(&world, &source, "tag", '7').await;
    let object = json!({ "sha": sha('7'), "object": { "sha": sha('1'), "type": "commit" } });
    world.on(&format!("GET /repos/o/r/git/tags/{}", sha('7')), answer(200, object));
    world.on(&compare('1', 'b'), answer(200, compared("identical", &[])));
    assert_eq!(source.since(Some(&tag("v1.0.0", '7'))).await.unwrap(), Some(Vec::new()));
    // A tag that was not listed before is looked up.
    let other = RepositorySource::at(world.repository(), sha('b'));
    answer_for_ref(&world, "tags/v1.0.0", '1');
    assert_eq!(other.since(Some(&tag("v1.0.0", '1'))).await.unwrap(), Some(Vec::new()));
}

#[tokio::test]
async fn without_a_tag_all_commits_are_read() {
    let world = World::default();
    let commits = json!([
        commit('b', "fix: b", &['a'], "2026-05-02T00:00:00Z"),
        commit('a', "fix: a", &[], "2026-05-01T00:00:00Z")
    ]);
    world.on(&format!("GET /repos/o/r/commits?sha={}&per_page=100", sha('b')), answer(200, commits));
    world.on("GET /repos/o/r/pulls", answer(200, json!([])));
    let since = source(&world, 'b').since(None).await.unwrap().unwrap();
    assert_eq!(since.iter().map(|commit| commit.message.as_str()).collect::<Vec<_>>(), ["fix: b", "fix: a"]);
}

#[tokio::test]
async fn a_commit_touches_what_it_renamed_on_both_sides_and_all_pages() {
    let world = World::default();
    let with = |files: Value| {
        let mut commit = commit('a', "m", &[], "2026-05-01T00:00:00Z");
        commit["files"] = files;
        commit
    };
    let first = with(json!([{ "filename": "new", "previous_filename": "old", "status": "renamed" }]));
    world.on(
        &format!("GET /repos/o/r/commits/{}", sha('a')),
        answer(200, first).with("link", "<https://api.test/files?page=2>; rel=\"next\""),
    );
    world.on("GET /files?page=2", answer(200, with(json!([{ "filename": "more" }]))));
    let source = source(&world, 'b');
    for _ in 0..2 {
        assert_eq!(source.touched(&sha('a')).await.unwrap(), ["old", "new", "more"]);
    }
    assert_eq!(world.script.lines().len(), 2);
}

#[tokio::test]
async fn the_heads_files_are_listed_and_read_and_a_cut_list_is_told() {
    let world = World::default();
    let tree = json!({ "sha": sha('c'), "truncated": false, "tree": [
        { "path": "a", "type": "tree", "mode": "040000" }, { "path": "a/b", "type": "blob", "mode": "100644", "size": 3 },
        { "path": "sub", "type": "commit", "mode": "160000" } ] });
    world.on(&format!("GET /repos/o/r/git/trees/{}?recursive=1", sha('a')), answer(200, tree));
    world.on("GET /repos/o/r/contents/a/b", text(200, "text"));
    let whole = source(&world, 'a');
    assert_eq!(whole.paths().await.unwrap(), ["a/b"]);
    assert_eq!(whole.read("a/b").await.unwrap().as_deref(), Some("text"));
    world.on(
        &format!("GET /repos/o/r/git/trees/{}?recursive=1", sha('b')),
        answer(200, json!({ "sha": sha('c'), "truncated": true, "tree": [] })),
    );
    let error = source(&world, 'b').paths().await.unwrap_err();
    assert!(error.to_string().starts_with("o/r has too many files for GitHub to list"), "{error}");
}
