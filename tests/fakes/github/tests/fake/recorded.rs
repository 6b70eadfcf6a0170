//! Real traffic, recorded by the Octokit project, sent to the fake: status and shape of each answer must be GitHub's.

use std::{collections::BTreeSet, fs};

use crate::house::House;
use serde_json::Value;

/// What is not replayed, and why.
const LEFT_OUT: &[(&str, &str)] = &[
    (
        "GET /repositories/1000/issues",
        "pages by the repository's number: the fake's links name it by owner and name",
    ),
    ("GET git-refs/git/refs/", "left GitHub's document: matching-refs took its place"),
    ("POST release-assets/releases/1000/assets", "uploads of assets: nothing here uploads any"),
    ("GET release-assets/releases/1000/assets", "assets: nothing here reads any"),
    ("GET release-assets/releases/assets/1000", "assets: nothing here reads any"),
    ("PATCH release-assets/releases/assets/1000", "assets: nothing here changes any"),
    ("DELETE release-assets/releases/assets/1000", "assets: nothing here deletes any"),
    ("POST release-assets-conflict/releases/1000/assets", "uploads of assets: nothing here uploads any"),
    ("GET release-assets-conflict/releases/1000/assets", "assets: nothing here reads any"),
    ("DELETE release-assets-conflict/releases/assets/1000", "assets: nothing here deletes any"),
];

/// Fields that the recording has and today's document no longer requires, so that the fake need not have them.
const GONE: &[&str] =
    &["permissions", "temp_clone_token", "performed_via_github_app", "organization", "assets"];

const OWNER: &str = "octokit-fixture-org";

#[tokio::test]
async fn each_recorded_answer_has_the_fakes_status_and_shape() {
    let folder = pointsman_tests::house::root().join("tests/fixtures/recorded");
    let mut left_out = BTreeSet::new();
    let (mut replayed, mut wrong) = (0, Vec::new());
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|kind| kind != "json") {
            continue;
        }
        let exchanges: Vec<Value> = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        replayed += replay(&name, &exchanges, &mut left_out, &mut wrong).await;
    }
    assert!(wrong.is_empty(), "not as GitHub answered:\n  {}", wrong.join("\n  "));
    let named: BTreeSet<String> = LEFT_OUT.iter().map(|(request, _)| (*request).to_owned()).collect();
    assert_eq!(left_out, named, "what is left out is named with its reason");
    assert_eq!(replayed, 18, "requests replayed");
}

/// The state that a scenario was recorded in.
fn prepared(house: &House, name: &str) -> String {
    let repository = match name {
        "get-content" | "get-repository" => "hello-world",
        name => name,
    };
    let repo = format!("{OWNER}/{repository}");
    house.github.create_organization(OWNER);
    house.github.create_repository(&repo);
    house.github.grant(&repo, "octokit-fixture-user-a", "admin");
    let person = house.github.person("octokit-fixture-user-a");
    if name != "create-file" {
        person.commit(&repo, "main", "Initial commit", &[("README.md", Some("# hello-world"))]);
    }
    if name == "paginate-issues" {
        for number in 1..=13 {
            person.open_issue(&repo, &format!("Test issue {number}"), None);
        }
    }
    if name.starts_with("release-assets") {
        person.release(&repo, "v1.0.0");
    }
    if name == "labels" {
        person.label(&repo, "bug", "ee0701");
    }
    repo
}

async fn replay(
    name: &str,
    exchanges: &[Value],
    left_out: &mut BTreeSet<String>,
    wrong: &mut Vec<String>,
) -> usize {
    let house = House::new();
    let repo = prepared(&house, name);
    let first = house.github.reference(&repo, "refs/heads/main");
    let second = (name == "git-refs").then(|| {
        house.github.person("octokit-fixture-user-a").commit(&repo, "main", "second", &[("a", Some("a"))])
    });
    let client = house.client(&house.github.personal_token("octokit-fixture-user-a"));
    let mut replayed = 0;
    for exchange in exchanges {
        let method = exchange["method"].as_str().unwrap().to_uppercase();
        let path = exchange["path"].as_str().unwrap();
        let plain = path.split('?').next().unwrap();
        let short = format!("{method} {}", plain.trim_start_matches(&format!("/repos/{OWNER}/")));
        if LEFT_OUT.iter().any(|(request, _)| *request == short) {
            left_out.insert(short);
            continue;
        }
        // The recording has numbers for shas: the branch is made at the older commit and moved to the younger.
        let mut body = exchange["body"].clone();
        if body.get("sha").is_some() {
            let sha = if method == "PATCH" { &second } else { &first };
            body["sha"] = Value::from(sha.as_ref().map(ToString::to_string));
        }
        let body = (!body.is_null() && body != "").then_some(body);
        let accept = exchange["reqheaders"]["accept"].as_str().unwrap();
        let response = client.raw(&method, path, &[("accept", accept)], body).await;
        let (status, bytes) = (response.status().as_u16(), response.body());
        let raw = || Value::from(String::from_utf8_lossy(bytes).into_owned());
        let answer = serde_json::from_slice(bytes).unwrap_or_else(|_| raw());
        if exchange["status"] != status {
            wrong.push(format!(
                "{name}: {method} {path}: {status} instead of {}: {answer}",
                exchange["status"]
            ));
        }
        same_shape(&exchange["response"], &answer, &format!("{name}: {method} {path}: "), wrong);
        replayed += 1;
    }
    replayed
}

/// Every recorded field is there, with a value of its type; null stands for any.
fn same_shape(recorded: &Value, ours: &Value, at: &str, wrong: &mut Vec<String>) {
    match (recorded, ours) {
        (Value::Null, _) | (_, Value::Null) => {}
        (Value::Object(recorded), Value::Object(ours)) => {
            for (key, value) in recorded {
                match ours.get(key) {
                    None if GONE.contains(&key.as_str()) => {}
                    None => wrong.push(format!("{at}/{key} is missing")),
                    Some(our) => same_shape(value, our, &format!("{at}/{key}"), wrong),
                }
            }
        }
        (Value::Array(recorded), Value::Array(ours)) => {
            if let (Some(recorded), Some(ours)) = (recorded.first(), ours.first()) {
                same_shape(recorded, ours, &format!("{at}/0"), wrong);
            }
            if recorded.is_empty() != ours.is_empty() && !at.ends_with("/topics") {
                wrong.push(format!("{at}: {} entries recorded, {} here", recorded.len(), ours.len()));
            }
        }
        (recorded, ours) if std::mem::discriminant(recorded) == std::mem::discriminant(ours) => {}
        (recorded, ours) => wrong.push(format!("{at}: recorded {recorded}, here {ours}")),
    }
}
