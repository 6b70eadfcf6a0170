//! A first release and the next one: proposed once, merged by a person, tagged and published once.

use pointsman_release_orchestrator::{Ended, Move};
use serde_json::{Value, json};

use crate::house::House;

const BRANCH: &str = "pointsman--release--main";

/// After a push: the one open release pull request, which was not there; a second look writes nothing.
async fn proposed(house: &House, version: &str) -> Value {
    let base = house.reference("heads/main").await;
    let (report, writes) = house.pushed().await;
    assert_eq!(report.lines[0].ended, Ended::Moved(Move::Open), "{report:?} {writes:?}");
    assert_eq!(
        writes,
        [
            "POST /git/trees 201",
            "POST /git/commits 201",
            "POST /git/refs 201",
            "POST /pulls 201",
            "POST /issues/{issue_number}/labels 200"
        ]
    );
    let open = house.get("/pulls?state=open").await;
    let [pull] = open.as_array().unwrap().as_slice() else { panic!("{open:#}") };
    assert_eq!(pull["title"], format!("chore(main): release {version}"));
    assert_eq!((&pull["head"]["ref"], &pull["base"]["ref"]), (&json!(BRANCH), &json!("main")));
    let head = pull["head"]["sha"].as_str().unwrap();
    assert_eq!(house.reference(&format!("heads/{BRANCH}")).await.as_deref(), Some(head));
    let commit = house.get(&format!("/git/commits/{head}")).await;
    assert_eq!(commit["parents"].as_array().unwrap().len(), 1);
    assert_eq!(commit["parents"][0]["sha"].as_str(), base.as_deref());
    let (report, writes) = house.pushed().await;
    assert_eq!((report.lines[0].ended, writes), (Ended::Moved(Move::Unchanged), vec![]));
    assert_eq!(house.get("/pulls?state=all").await.as_array().unwrap()[0], *pull);
    pull.clone()
}

/// After the merge: tag, published release, branch gone; a second look writes nothing, and nothing more is due.
async fn published(house: &House, pull: &Value, method: &str, tag: &str) -> Value {
    let number = pull["number"].as_u64().unwrap();
    let merge = json!({ "merge_method": method, "sha": pull["head"]["sha"] });
    let (status, merge) = house.octo("PUT", &format!("/pulls/{number}/merge"), merge).await;
    assert_eq!(status, 200, "{merge}");
    let (report, writes) = house.merged(number).await;
    assert_eq!(report.released, [tag], "{report:?}");
    assert_eq!(house.reference(&format!("tags/{tag}")).await.as_deref(), merge["sha"].as_str(), "{writes:?}");
    assert_eq!(house.reference(&format!("heads/{BRANCH}")).await, None, "{writes:?}");
    let releases = house.get("/releases").await;
    let of_tag: Vec<_> = releases.as_array().unwrap().iter().filter(|it| it["tag_name"] == tag).collect();
    let [release] = of_tag.as_slice() else { panic!("{releases:#}") };
    assert_eq!((&release["draft"], &release["prerelease"]), (&json!(false), &json!(false)));
    assert_eq!(release["target_commitish"], merge["sha"]);
    assert!(release["published_at"].is_string(), "{release:#}");
    let labels = house.get(&format!("/issues/{number}/labels")).await;
    assert_eq!(labels.as_array().unwrap().len(), 1, "{labels}");
    assert_eq!(labels[0]["name"], "release: published");
    let (_, again) = house.merged(number).await;
    assert_eq!(again, [] as [&str; 0]);
    let (report, writes) = house.pushed().await;
    assert_eq!((report.lines[0].ended, writes), (Ended::Moved(Move::Nothing), vec![]));
    (*release).clone()
}

#[tokio::test]
async fn releases_go_all_the_way_through_a_github_that_nobody_here_wrote() {
    let house = House::start().await;
    house
        .commit("chore: begin", "Cargo.toml", "[package]\nname = \"demo\" # ours\nversion = \"0.0.0\"\n")
        .await;
    house.commit("feat: greet", "src/lib.rs", "//! Hello.\n").await;
    let pull = proposed(&house, "0.1.0").await;
    let manifest = house.file("Cargo.toml", BRANCH).await;
    assert_eq!(manifest, "[package]\nname = \"demo\" # ours\nversion = \"0.1.0\"\n");
    let changelog = house.file("CHANGELOG.md", BRANCH).await;
    assert!(changelog.contains("* greet ("), "{changelog}");
    assert_eq!(house.file("src/lib.rs", BRANCH).await, "//! Hello.\n");
    let release = published(&house, &pull, "merge", "v0.1.0").await;
    assert!(release["body"].as_str().unwrap().contains("* greet ("), "{release:#}");

    house.commit("fix: greet the world", "src/world.rs", "//! World.\n").await;
    let pull = proposed(&house, "0.1.1").await;
    let grown = house.file("CHANGELOG.md", BRANCH).await;
    assert!(grown.contains("* greet the world (") && grown.contains("* greet ("), "{grown}");
    let release = published(&house, &pull, "squash", "v0.1.1").await;
    assert!(!release["body"].as_str().unwrap().contains("* greet ("), "{release:#}");
    assert_eq!(house.get("/releases").await.as_array().unwrap().len(), 2);

    assert!(house.http.faults().is_empty(), "our own requests: {:#?}", house.http.faults());
    println!("what emulate answers otherwise than GitHub: {:#?}", house.http.odd());
}
