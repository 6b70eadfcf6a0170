//! What events ask for, as a table; and what many of them together ask for.

use serde_json::{Value, json};

use super::*;

const APP: u64 = 5;

fn event(kind: &str, mut data: Value) -> Vec<u8> {
    data["repository"] = json!({ "full_name": "Acme/Web", "node_id": "R_1", "default_branch": "main" });
    data["installation"] = json!({ "id": 7 });
    serde_json::to_vec(&json!({ "type": kind, "traceparent": "00-a-b-01", "data": data })).unwrap()
}

fn wanted(events: &[Vec<u8>]) -> Option<Wanted> {
    Wanted::read(events.iter().map(Vec::as_slice), APP).unwrap()
}

fn push(branch: &str, before: &str, after: &str) -> Vec<u8> {
    let (before, after) = (before.repeat(40), after.repeat(40));
    event(
        "com.github.push",
        json!({ "ref": format!("refs/heads/{branch}"), "before": before, "after": after }),
    )
}

fn pull(action: &str, head: &str, merged: bool) -> Vec<u8> {
    let pull = json!({ "merged": merged, "head": { "ref": head }, "base": { "ref": "main" } });
    event(&format!("com.github.pull_request.{action}"), json!({ "number": 12, "pull_request": pull }))
}

fn comment(body: &str, app: Option<u64>, on_pull: bool) -> Vec<u8> {
    let issue = if on_pull { json!({ "number": 12, "pull_request": {} }) } else { json!({ "number": 12 }) };
    let by = app.map(|id| json!({ "id": id }));
    let comment = json!({ "id": 99, "body": body, "performed_via_github_app": by });
    event("com.github.issue_comment.created", json!({ "issue": issue, "comment": comment }))
}

fn shown(wanted: &Wanted) -> String {
    let branches: Vec<&String> = wanted.branches.keys().collect();
    let commands: Vec<u64> = wanted.commands.iter().map(|comment| comment.id).collect();
    format!(
        "branches {branches:?} all {} commands {commands:?} previews {:?} merged {:?}",
        wanted.everything, wanted.previews, wanted.merged
    )
}

#[test]
fn what_cannot_matter_is_passed_over() {
    let deleted = json!({ "ref": "refs/heads/main", "deleted": true });
    for event in [
        event("com.github.push", json!({ "ref": "refs/tags/v1" })),
        event("com.github.push", deleted),
        push("pointsman--release--main", "0", "1"),
        pull("closed", "topic", false),
        pull("labeled", "topic", true),
        pull("synchronize", "pointsman--release--main", false),
        pull("edited", "pointsman--release--main", true),
        comment("thank you", None, true),
        comment("/pointsman hold", Some(APP), true),
        comment("/pointsman hold", None, false),
        event("com.github.issue_comment.edited", json!({})),
        br#"{"type":"com.github.star.created"}"#.to_vec(),
        br#"{"type":"com.github.push","data":{"ref":"refs/heads/main"}}"#.to_vec(),
    ] {
        assert_eq!(wanted(std::slice::from_ref(&event)), None, "{}", String::from_utf8_lossy(&event));
    }
}

#[test]
fn what_could_matter_and_cannot_be_read_is_refused_with_its_reason() {
    let refused = |event: &[u8]| Wanted::read([event], APP).unwrap_err().to_string();
    let bare = br#"{"id":"e1","type":"com.github.push","dataref":"deliveries/a/1"}"#;
    assert_eq!(
        refused(bare),
        "the event e1 came without its data: the host that hands it over must fetch it from the archive (dataref \
         `deliveries/a/1`), or its queue's source must carry the payload inline"
    );
    assert_eq!(
        refused(br#"{"id":"e2","type":"com.github.push","data":{"ref":7}}"#),
        "the data of the event e2 is not what GitHub documents for com.github.push: look at it in the archive: \
         invalid type: integer `7`, expected a string at line 1 column 8"
    );
}

#[test]
fn what_matters_says_where_to_look() {
    let reconcile = |targets: &[&str]| event("pointsman.release.reconcile", json!({ "targets": targets }));
    let nothing = r#"commands [] previews {} merged {}"#;
    for (event, expected) in [
        (push("main", "0", "1"), format!(r#"branches ["main"] all false {nothing}"#)),
        (push("release/1.x", "0", "1"), format!(r#"branches ["release/1.x"] all false {nothing}"#)),
        (pull("closed", "topic", true), format!(r#"branches ["main"] all false {nothing}"#)),
        (
            pull("closed", "pointsman--release--main", true),
            r#"branches ["main"] all false commands [] previews {} merged {12}"#.into(),
        ),
        (pull("edited", "topic", true), format!(r#"branches ["main"] all false {nothing}"#)),
        (pull("opened", "topic", false), "branches [] all false commands [] previews {12} merged {}".into()),
        (pull("edited", "topic", false), "branches [] all false commands [] previews {12} merged {}".into()),
        (
            comment("/pointsman hold", None, true),
            "branches [] all false commands [99] previews {} merged {}".into(),
        ),
        (
            comment("!release major", Some(APP + 1), true),
            "branches [] all false commands [99] previews {} merged {}".into(),
        ),
        (reconcile(&["a", "b"]), format!(r#"branches ["a", "b"] all false {nothing}"#)),
        (reconcile(&[]), format!("branches [] all true {nothing}")),
    ] {
        let wanted = wanted(&[event]).unwrap();
        assert_eq!(shown(&wanted), expected);
        let place = Place { name: "Acme/Web".into(), node: Some("R_1".into()), installation: 7 };
        assert_eq!((wanted.place, wanted.trace.as_deref()), (place, Some("00-a-b-01")));
    }
}

#[test]
fn fifty_pushes_are_one_look() {
    let mut events = vec![push("main", "0", "1"), push("main", "1", "2"), pull("closed", "topic", true)];
    events.extend((0..47).map(|_| push("main", "1", "2")));
    let wanted = wanted(&events).unwrap();
    assert_eq!(wanted.branches.keys().collect::<Vec<_>>(), ["main"]);
    let sha = |digit: &str| digit.repeat(40).parse().unwrap();
    let main = &wanted.branches["main"];
    assert!(main.not_seen_by(&sha("0")), "the branch was there before the first push");
    assert!(!main.not_seen_by(&sha("1")) && !main.not_seen_by(&sha("2")) && !main.not_seen_by(&sha("3")));
}

#[test]
fn a_batch_is_of_one_repository() {
    let mut other: Value = serde_json::from_slice(&push("main", "0", "1")).unwrap();
    other["data"]["repository"]["full_name"] = json!("acme/api");
    let events = [push("main", "0", "1"), serde_json::to_vec(&other).unwrap()];
    let refused = Wanted::read(events.iter().map(Vec::as_slice), APP).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "a batch holds events of Acme/Web and of acme/api: the queue's session must be `repository`"
    );
}

#[test]
fn other_branches_than_the_known_targets_are_passed_over() {
    let known = Known {
        default_branch: "main".into(),
        patterns: vec!["main".into(), "release/*".into()],
        ..Known::default()
    };
    let all = ["main", "release/1.x", "release/a/b", "topic"].map(|branch| push(branch, "0", "1"));
    let all = wanted(&[all.to_vec(), vec![pull("opened", "topic", false)]].concat()).unwrap();
    let kept = all.clone().without_what_cannot_matter(Some(&known));
    assert_eq!(kept.branches.keys().collect::<Vec<_>>(), ["main", "release/1.x"]);
    assert!(kept.previews.is_empty(), "nobody asked for previews");
    let kept = all.clone().without_what_cannot_matter(None);
    assert_eq!(kept.branches.len(), 4, "without a record all may matter");
    let kept = all.without_what_cannot_matter(Some(&Known { preview: true, ..known }));
    assert_eq!(kept.previews, [12].into());
}
