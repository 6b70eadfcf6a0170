//! Branches and tags: of two who try, one wins and the other learns it.

use pointsman_core::port::ErrorKind;
use serde_json::{Value, json};

use super::script::{Answer, World, complaint, json as answer, nothing, sha};
use crate::{Claim, Moved, RefName, Refusal, Swap};

const BRANCH: &str = "pointsman--release--main";
const REF: &str = "GET /repos/o/r/git/ref/heads/pointsman--release--main";
const PATCH: &str = "PATCH /repos/o/r/git/refs/heads/pointsman--release--main";
const DELETE: &str = "DELETE /repos/o/r/git/refs/heads/pointsman--release--main";
const REFS: &str = "POST /repos/o/r/git/refs";
const GRAPHQL: &str = "POST /graphql";
const INFO: &str = "GET /repos/o/r";

fn branch() -> RefName {
    RefName::branch(BRANCH).unwrap()
}

fn head(digit: char) -> Answer {
    answer(200, json!({ "ref": branch().full(), "object": { "sha": sha(digit), "type": "commit" } }))
}

fn missing() -> Answer {
    complaint(404, "Not Found")
}

fn world() -> World {
    let world = World::default();
    world.on(
        INFO,
        answer(200, json!({ "id": 1, "node_id": "R_1", "full_name": "o/r", "default_branch": "main" })),
    );
    world
}

fn fault(kind: &str, message: &str) -> Answer {
    let path: Value = json!(["updateRefs"]);
    answer(
        200,
        json!({ "data": { "updateRefs": null }, "errors": [{ "type": kind, "path": path, "message": message }] }),
    )
}

#[tokio::test]
async fn a_name_is_claimed_once_and_the_same_object_is_as_good() {
    let exists = || complaint(422, "Reference already exists");
    let cases = [
        (answer(201, json!({})), missing(), Claim::Made),
        (exists(), head('a'), Claim::Same),
        (exists(), head('b'), Claim::Taken(sha('b'))),
    ];
    for (posted, there, expected) in cases {
        let world = world();
        world.on(REFS, posted);
        world.on(REF, there);
        assert_eq!(world.repository().claim(&branch(), &sha('a')).await.unwrap(), expected);
        let asked = world.script.asked().remove(1);
        assert_eq!(asked.body, json!({ "ref": branch().full(), "sha": sha('a') }));
    }
}

#[tokio::test]
async fn a_claim_of_a_commit_that_is_not_visible_yet_may_work_soon() {
    let world = world();
    world.on(REFS, complaint(422, "Object does not exist"));
    world.on(REF, missing());
    let error = world.repository().claim(&branch(), &sha('a')).await.unwrap_err();
    assert_eq!((error.kind, Refusal::of(&error)), (ErrorKind::Unavailable, Some(Refusal::UnknownCommit)));
}

#[tokio::test]
async fn a_branch_moves_forward_only() {
    let cases = [
        (head('b'), Moved::Done),
        (complaint(422, "Update is not a fast forward"), Moved::NotFastForward),
        (complaint(422, "Reference does not exist"), Moved::Gone),
    ];
    for (patched, expected) in cases {
        let world = world();
        world.on(PATCH, patched);
        assert_eq!(world.repository().forward(&branch(), &sha('b')).await.unwrap(), expected);
        assert_eq!(world.script.asked()[1].body, json!({ "sha": sha('b'), "force": false }));
    }
}

#[tokio::test]
async fn what_is_missing_is_deleted() {
    for answered in [answer(204, json!(null)), complaint(422, "Reference does not exist"), missing()] {
        let world = world();
        world.on(DELETE, answered);
        world.repository().delete_ref(&branch()).await.unwrap();
    }
    let world = world();
    world.on(DELETE, complaint(422, "Repository rule violations found\n\nCannot delete this branch"));
    let error = world.repository().delete_ref(&branch()).await.unwrap_err();
    assert_eq!((error.kind, Refusal::of(&error)), (ErrorKind::Denied, Some(Refusal::Protected)));
}

#[tokio::test]
async fn a_swap_names_where_the_branch_is_and_where_it_goes() {
    let zeros = "0".repeat(40);
    let cases = [
        (Some('a'), Some('b'), "a".repeat(40), "b".repeat(40)),
        (None, Some('b'), zeros.clone(), "b".repeat(40)),
        (Some('a'), None, "a".repeat(40), zeros.clone()),
    ];
    for (before, after, from, to) in cases {
        let world = world();
        world.on(GRAPHQL, answer(200, json!({ "data": { "updateRefs": { "clientMutationId": null } } })));
        let (before, after) = (before.map(sha), after.map(sha));
        let swap = world.repository().swap(&branch(), before.as_ref(), after.as_ref()).await.unwrap();
        assert_eq!(swap, Swap::Done);
        let asked = world.script.asked().pop().unwrap();
        let update = json!({ "name": branch().full(), "beforeOid": from, "afterOid": to, "force": true });
        assert_eq!(asked.body["variables"], json!({ "repository": "R_1", "updates": [update] }));
    }
}

#[tokio::test]
async fn the_truth_of_a_refused_swap_is_the_branch_itself() {
    let refused = || fault("UNPROCESSABLE", "beforeOid does not match");
    let cases = [
        (refused(), head('c'), Some(Swap::Other(Some(sha('c'))))),
        (refused(), missing(), Some(Swap::Other(None))),
        (refused(), head('b'), Some(Swap::Done)),
        (refused(), head('a'), None),
        (nothing(), head('b'), Some(Swap::Done)),
        (nothing(), head('c'), Some(Swap::Other(Some(sha('c'))))),
        (nothing(), head('a'), None),
        (complaint(502, "Server Error"), head('b'), Some(Swap::Done)),
    ];
    for (answered, there, expected) in cases {
        let shown = format!("{answered:?} {there:?}");
        let world = world();
        world.on(GRAPHQL, answered);
        world.on(REF, there);
        let swap = world.repository().swap(&branch(), Some(&sha('a')), Some(&sha('b'))).await;
        assert_eq!(swap.ok(), expected, "{shown}");
        assert_eq!(world.script.lines(), [INFO, GRAPHQL, REF]);
    }
}

#[tokio::test]
async fn a_swap_that_is_not_permitted_is_denied() {
    let world = world();
    world.on(GRAPHQL, fault("FORBIDDEN", "Resource not accessible by integration"));
    let error = world.repository().swap(&branch(), Some(&sha('a')), Some(&sha('b'))).await.unwrap_err();
    assert_eq!((error.kind, Refusal::of(&error)), (ErrorKind::Denied, Some(Refusal::Permission)));
}

#[tokio::test]
async fn a_server_without_graphql_swaps_between_two_reads_and_is_not_asked_again() {
    let undefined = json!({ "errors": [{ "message": "Field 'updateRefs' doesn't exist on type 'Mutation'",
        "extensions": { "code": "undefinedField" } }] });
    for without in [missing(), complaint(405, "Method Not Allowed"), answer(200, undefined)] {
        let world = world();
        world.on(GRAPHQL, without);
        world.on(PATCH, head('b'));
        for there in ['a', 'b', 'b', 'c', 'b'] {
            world.on(REF, head(there));
        }
        let repository = world.repository();
        let swap = async || repository.swap(&branch(), Some(&sha('a')), Some(&sha('b'))).await.unwrap();
        assert_eq!(swap().await, Swap::Done);
        assert_eq!(world.script.asked()[4].body, json!({ "sha": sha('b'), "force": true }));
        assert_eq!(world.script.lines(), [INFO, GRAPHQL, REF, PATCH, REF]);
        assert_eq!(swap().await, Swap::Done);
        assert_eq!(swap().await, Swap::Other(Some(sha('c'))));
        assert_eq!(world.script.lines(), [REF, REF], "nothing is written");
    }
}

#[tokio::test]
async fn an_annotated_tag_leads_to_its_commit() {
    let world = world();
    let tag = |name: &str, kind: &str| json!({ "ref": format!("refs/tags/{name}"), "object": { "sha": sha('d'), "type": kind } });
    let listed = json!([tag("v1", "tag"), tag("v2", "commit"), tag("v3", "tree"), { "ref": "refs/tags/w1",
        "object": { "sha": sha('d'), "type": "commit" } }]);
    world.on("GET /repos/o/r/git/matching-refs/tags/v", answer(200, listed));
    let object = json!({ "sha": sha('d'), "tag": "v1", "message": "m", "object": { "sha": sha('e'), "type": "commit" } });
    world.on(&format!("GET /repos/o/r/git/tags/{}", sha('d')), answer(200, object));
    let repository = world.repository();
    let tags = repository.tags("v").await.unwrap();
    let mut led = Vec::new();
    for tag in &tags {
        led.push((tag.name.name(), repository.peel(tag).await.unwrap()));
    }
    assert_eq!(led, [("v1", Some(sha('e'))), ("v2", Some(sha('d'))), ("v3", None)]);
}
