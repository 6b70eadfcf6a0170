//! Where GitHub is awkward, the fake is too.

use serde_json::json;

use crate::house::House;

const REPO: &str = "acme/widgets";

#[tokio::test]
async fn update_refs_is_a_compare_and_swap_of_all_or_nothing() {
    let house = House::new();
    let ada = house.github.person("ada");
    let first = ada.commit(REPO, "main", "one", &[("a", Some("1"))]);
    let second = ada.commit(REPO, "main", "two", &[("a", Some("2"))]);
    ada.push(REPO, "refs/heads/release", Some(&first));
    let client = house.app().await;
    let document = "query($o: String!, $n: String!) { repository(owner: $o, name: $n) { id } }";
    let ask = json!({ "query": document, "variables": { "o": "acme", "n": "widgets" } });
    let (_, answer) = client.at("POST", "/graphql", Some(ask)).await;
    let id = answer["data"]["repository"]["id"].clone();
    let document =
        "mutation Move($input: UpdateRefsInput!) { updateRefs(input: $input) { clientMutationId } }";
    let swap = |before: String| {
        let update = |name: &str, before: &str| json!({ "name": name, "beforeOid": before, "afterOid": second, "force": true });
        let updates = [update("refs/heads/other", &"0".repeat(40)), update("refs/heads/release", &before)];
        json!({ "query": document, "variables": { "input": { "repositoryId": id, "refUpdates": updates } } })
    };
    let (status, answer) = client.at("POST", "/graphql", Some(swap(second.to_string()))).await;
    assert_eq!((status, answer["errors"].is_array()), (200, true), "{answer}");
    assert_eq!(house.github.reference(REPO, "refs/heads/other"), None, "all or nothing");
    let (_, answer) = client.at("POST", "/graphql", Some(swap(first.to_string()))).await;
    assert_eq!(answer["errors"], json!(null), "{answer}");
    assert_eq!(house.github.reference(REPO, "refs/heads/release"), Some(second));
}

#[tokio::test]
async fn a_ref_moves_back_only_by_force() {
    let house = House::new();
    let ada = house.github.person("ada");
    let first = ada.commit(REPO, "main", "one", &[("a", Some("1"))]);
    ada.commit(REPO, "main", "two", &[("a", Some("2"))]);
    let client = house.app().await;
    let (status, answer) = client.send("PATCH", "/git/refs/heads/main", Some(json!({ "sha": first }))).await;
    assert_eq!((status, answer["message"].as_str().unwrap()), (422, "Update is not a fast forward"));
    let force = json!({ "sha": first, "force": true });
    assert_eq!(client.send("PATCH", "/git/refs/heads/main", Some(force)).await.0, 200);
    let (status, answer) = client.send("DELETE", "/git/refs/heads/gone", None).await;
    assert_eq!((status, answer["message"].as_str().unwrap()), (422, "Reference does not exist"));
}

#[tokio::test]
async fn a_pull_request_follows_its_branch_and_closes_with_it() {
    let house = House::new();
    let ada = house.github.person("ada");
    ada.commit(REPO, "main", "one", &[("a", Some("1"))]);
    ada.commit(REPO, "topic", "two", &[("b", Some("2"))]);
    let number = ada.open(REPO, "topic", "main", "t", "");
    let head = ada.commit(REPO, "topic", "three", &[("b", Some("3"))]);
    let client = house.app().await;
    let stale = json!({ "sha": "0".repeat(40) });
    assert_eq!(client.send("PUT", &format!("/pulls/{number}/merge"), Some(stale)).await.0, 409);
    let (_, pull) = client.send("GET", &format!("/pulls/{number}"), None).await;
    assert_eq!((&pull["head"]["sha"], &pull["mergeable"]), (&json!(head), &json!(true)));
    ada.delete_branch(REPO, "topic");
    let (_, list) = client.send("GET", "/pulls?state=closed&head=acme:topic", None).await;
    assert_eq!((&list[0]["state"], &list[0]["merged_at"]), (&json!("closed"), &json!(null)));
}

#[tokio::test]
async fn a_conflict_is_405() {
    let house = House::new();
    let ada = house.github.person("ada");
    ada.commit(REPO, "main", "one", &[("a", Some("1\n"))]);
    ada.commit(REPO, "topic", "two", &[("a", Some("2\n"))]);
    ada.commit(REPO, "main", "three", &[("a", Some("3\n"))]);
    let number = ada.open(REPO, "topic", "main", "t", "");
    let client = house.app().await;
    assert_eq!(client.send("PUT", &format!("/pulls/{number}/merge"), Some(json!({}))).await.0, 405);
    let (_, pull) = client.send("GET", &format!("/pulls/{number}"), None).await;
    assert_eq!((&pull["mergeable"], &pull["mergeable_state"]), (&json!(false), &json!("dirty")));
}

#[tokio::test]
async fn lists_are_paged_and_reads_have_etags() {
    let house = House::new();
    let ada = house.github.person("ada");
    for number in 0..35 {
        ada.commit(REPO, "main", &format!("{number}"), &[("a", Some(&number.to_string()))]);
    }
    let client = house.app().await;
    let path = "/repos/acme/widgets/commits";
    let first = client.raw("GET", path, &[], None).await;
    let link = first.headers()["link"].to_str().unwrap();
    let wanted = "<https://api.github.com/repos/acme/widgets/commits?page=2>; rel=\"next\", \
                  <https://api.github.com/repos/acme/widgets/commits?page=2>; rel=\"last\"";
    assert_eq!(link, wanted);
    let etag = first.headers()["etag"].to_str().unwrap();
    let again = client.raw("GET", path, &[("if-none-match", etag)], None).await;
    assert_eq!((again.status().as_u16(), again.body().len()), (304, 0));
    assert_eq!(again.headers()["x-ratelimit-used"], first.headers()["x-ratelimit-used"], "a 304 is free");
}

#[tokio::test]
async fn what_a_token_may_not_see_is_not_there() {
    let house = House::new();
    house.github.person("ada").commit(REPO, "main", "one", &[("a", Some("1"))]);
    house.github.set_private(REPO, true);
    let nobody = house.client("");
    assert_eq!(nobody.send("GET", "/git/ref/heads/main", None).await.0, 404);
    let client = house.app().await;
    assert_eq!(client.send("GET", "/git/ref/heads/main", None).await.0, 200);
    house.github.set_permissions(house.installation, &[("contents", "read"), ("metadata", "read")]);
    let claim = json!({ "ref": "refs/heads/x", "sha": house.github.reference(REPO, "refs/heads/main") });
    assert_eq!(house.app().await.send("POST", "/git/refs", Some(claim)).await.0, 403);
    house.clock.turn(3601);
    assert_eq!(client.send("GET", "/git/ref/heads/main", None).await.0, 401, "an hour is all it has");
    house.github.suspend(house.installation, true);
    let path = format!("/app/installations/{}/access_tokens", house.installation);
    assert_eq!(house.client(&house.jwt()).at("POST", &path, Some(json!({}))).await.0, 403);
}
