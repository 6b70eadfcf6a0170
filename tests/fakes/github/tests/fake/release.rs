//! A release's whole way over the fake, in process: token, tree, commit, ref, pull request, merge, tag, release.

use crate::house::House;
use serde_json::json;

#[tokio::test]
async fn a_release_goes_all_the_way() {
    let house = House::new();
    let base =
        house.github.person("ada").commit("acme/widgets", "main", "feat: begin", &[("a/b.txt", Some("1\n"))]);
    house.github.grant("acme/widgets", "ada", "write");
    let client = house.app().await;
    let tree = client
        .post("/git/trees", json!({ "base_tree": base, "tree": [{ "path": "CHANGELOG.md", "mode": "100644", "type": "blob", "content": "# 1\n" }] }))
        .await;
    let commit = client
        .post("/git/commits", json!({ "message": "chore: release", "tree": tree["sha"], "parents": [base] }))
        .await;
    assert_eq!(commit["verification"]["verified"], true);
    assert_eq!(commit["author"]["name"], "pointsman[bot]");
    client
        .post("/git/refs", json!({ "ref": "refs/heads/pointsman--release--main", "sha": commit["sha"] }))
        .await;
    let twice = client
        .send("POST", "/git/refs", Some(json!({ "ref": "refs/heads/pointsman--release--main", "sha": base })))
        .await;
    assert_eq!((twice.0, twice.1["message"].as_str().unwrap()), (422, "Reference already exists"));
    let pull = client
        .post("/pulls", json!({ "title": "Release 1.0.0", "head": "pointsman--release--main", "base": "main", "body": "b" }))
        .await;
    let number = pull["number"].as_u64().unwrap();
    let second = client
        .send(
            "POST",
            "/pulls",
            Some(json!({ "title": "x", "head": "pointsman--release--main", "base": "main" })),
        )
        .await;
    assert_eq!(
        second.1["errors"][0]["message"],
        "A pull request already exists for acme:pointsman--release--main."
    );
    let merged = house.github.person("ada").merge("acme/widgets", number, "squash");
    let (status, shown) = client.send("GET", &format!("/pulls/{number}"), None).await;
    assert_eq!((status, &shown["merge_commit_sha"], &shown["merged"]), (200, &json!(merged), &json!(true)));
    client.post("/git/refs", json!({ "ref": "refs/tags/v1.0.0", "sha": merged })).await;
    let draft = client.post("/releases", json!({ "tag_name": "v1.0.0", "draft": true, "body": "n" })).await;
    assert_eq!(client.send("GET", "/releases/tags/v1.0.0", None).await.0, 404, "GET by tag finds no draft");
    let path = format!("/releases/{}", draft["id"]);
    let (status, _) =
        client.send("PATCH", &path, Some(json!({ "draft": false, "make_latest": "true" }))).await;
    assert_eq!(status, 200);
    assert_eq!(client.send("GET", "/releases/latest", None).await.1["tag_name"], "v1.0.0");
    let again = client.send("POST", "/releases", Some(json!({ "tag_name": "v1.0.0" }))).await;
    assert_eq!((again.0, &again.1["errors"][0]["code"]), (422, &json!("already_exists")));
    let (status, _) = client.send("DELETE", "/git/refs/heads/pointsman--release--main", None).await;
    assert_eq!(status, 204);
    let events: Vec<_> = house.github.take_deliveries().into_iter().map(|it| (it.event, it.action)).collect();
    let has = |event: &str, action: Option<&str>| {
        events.iter().any(|(known, its)| known == event && its.as_deref() == action)
    };
    for (event, action) in [
        ("push", None),
        ("create", None),
        ("delete", None),
        ("pull_request", Some("opened")),
        ("pull_request", Some("closed")),
        ("release", Some("published")),
    ] {
        assert!(has(event, action), "no {event} {action:?} in {events:?}");
    }
}
