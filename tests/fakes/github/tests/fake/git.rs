//! What the fake says of history is what plain git says of the same repository.

use std::process::Command;

use serde_json::Value;

use crate::house::House;

const REPO: &str = "acme/widgets";

fn git(house: &House, args: &[&str]) -> Vec<String> {
    let folder = house.github.git_folder(REPO);
    let output = Command::new("git").arg("--git-dir").arg(folder).args(args).output().unwrap();
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// Merges of each kind, side branches, clocks that stand still and go back.
fn history(house: &House) {
    let ada = house.github.person("ada");
    ada.commit(REPO, "main", "feat: begin", &[("a.txt", Some("1\n2\n3\n")), ("lib/b.txt", Some("b\n"))]);
    for (number, method) in ["merge", "squash", "rebase", "merge", "rebase"].iter().enumerate() {
        house.clock.turn(if number == 3 { -7200 } else { 60 });
        let branch = format!("topic/{number}");
        let file = format!("lib/{number}.txt");
        ada.commit(REPO, &branch, "feat: one", &[(&file, Some("x\n"))]);
        ada.commit(REPO, &branch, "feat: two", &[(&file, Some("x\ny\n"))]);
        ada.commit(REPO, "main", "fix: meanwhile", &[("a.txt", Some(&format!("1\n2\n{number}\n")))]);
        let pull = ada.open(REPO, &branch, "main", "feat: topic", "");
        ada.merge(REPO, pull, method);
        if number == 1 {
            let main = house.github.reference(REPO, "refs/heads/main").unwrap();
            ada.tag(REPO, "v1.0.0", &main);
            ada.commit(REPO, "hotfix", "fix: old line", &[("lib/b.txt", None), ("lib/c.txt", Some("b\n"))]);
        }
    }
}

fn shas(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|it| it["sha"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn git_itself_accepts_every_object() {
    let house = House::new();
    history(&house);
    assert_eq!(git(&house, &["fsck", "--full", "--strict", "--no-dangling"]), Vec::<String>::new());
}

#[tokio::test]
async fn compare_and_lists_say_what_git_says() {
    let house = House::new();
    history(&house);
    let client = house.app().await;
    for (base, head) in
        [("v1.0.0", "main"), ("main", "hotfix"), ("hotfix", "main"), ("main", "v1.0.0"), ("topic/4", "main")]
    {
        let (status, answer) = client.send("GET", &format!("/compare/{base}...{head}"), None).await;
        assert_eq!(status, 200, "{answer}");
        let range = format!("{base}..{head}");
        let mut ours = shas(&answer["commits"]);
        ours.reverse();
        assert_eq!(ours, git(&house, &["rev-list", &range]), "{range}");
        let behind = git(&house, &["rev-list", "--count", &format!("{head}..{base}")]);
        assert_eq!(answer["behind_by"].to_string(), behind[0], "{range}");
        assert_eq!(
            answer["merge_base_commit"]["sha"],
            git(&house, &["merge-base", base, head])[0],
            "{range}"
        );
        let files: Vec<_> =
            answer["files"].as_array().unwrap().iter().map(|it| it["filename"].as_str().unwrap()).collect();
        let diff = git(&house, &["diff", "--name-only", "-M", &format!("{base}...{head}")]);
        assert_eq!(files, diff, "{range}");
    }
    let (_, listed) = client.send("GET", "/commits?sha=main&per_page=100", None).await;
    assert_eq!(shas(&listed), git(&house, &["rev-list", "main"]));
}

#[tokio::test]
async fn a_tree_read_whole_is_gits() {
    let house = House::new();
    history(&house);
    let client = house.app().await;
    let (_, answer) = client.send("GET", "/git/trees/main?recursive=1", None).await;
    let ours: Vec<_> = answer["tree"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| format!("{} {} {}\t{}", it["mode"], it["type"], it["sha"], it["path"]).replace('"', ""))
        .collect();
    assert_eq!(ours, git(&house, &["ls-tree", "-r", "-t", "main"]));
}

#[tokio::test]
async fn refs_are_where_the_bare_repository_has_them() {
    let house = House::new();
    history(&house);
    house.github.person("ada").delete_branch(REPO, "topic/1");
    let snapshot = house.github.snapshot(REPO);
    let ours: Vec<_> = snapshot["refs"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, sha)| format!("{} {name}", sha.as_str().unwrap()))
        .collect();
    assert_eq!(ours, git(&house, &["for-each-ref", "--format=%(objectname) %(refname)"]));
}
