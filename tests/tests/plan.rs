//! One repository planned from GitHub and from its clone: the same plan, whoever asks.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{collections::BTreeSet, fs, path::Path, process::Output, sync::Arc};

use pointsman_core::release::proposal::Marker;
use pointsman_env::SystemClock;
use pointsman_fake_github::{FakeGithub, PRIVATE_KEY, serve};
use pointsman_tests::server::binary;
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

const REPO: &str = "acme/web";

/// A release, then a merge, a squash, a rebase, a revert and a change that says nothing.
fn history(github: &FakeGithub) {
    github.create_repository(REPO);
    let ann = github.person("ann");
    let first =
        ann.commit(REPO, "main", "chore: begin", &[("version.txt", Some("1.0.0\n")), ("a/x", Some("1"))]);
    ann.tag(REPO, "v1.0.0", &first);
    for (branch, method, title, messages) in [
        ("one", "merge", "feat: add a door", &["wip", "more"][..]),
        ("two", "squash", "fix(door): close it", &["feat: not this", "more"]),
        ("three", "rebase", "whatever", &["perf: open faster", "docs: say so"]),
        ("four", "merge", "whatever", &["feat: add a window", "fix: clean it"]),
    ] {
        for (index, message) in messages.iter().enumerate() {
            let path = format!("a/{branch}-{index}");
            ann.commit(REPO, branch, message, &[(&path, Some(branch))]);
        }
        let number = ann.open(REPO, branch, "main", title, "");
        ann.merge(REPO, number, method);
    }
    let bad = ann.commit(REPO, "main", "feat!: mistake", &[("a/bad", Some("x"))]);
    let revert = format!("Revert \"feat!: mistake\"\n\nThis reverts commit {bad}.");
    ann.commit(REPO, "main", &revert, &[("a/bad", None)]);
}

/// `release plan` in this folder; its stdout as JSON.
async fn plan(folder: &Path, args: &[&str], token: Option<&str>) -> Value {
    let output = run(folder, args, token).await;
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

async fn run(folder: &Path, args: &[&str], token: Option<&str>) -> Output {
    let mut command = Command::new(binary());
    command.args(["release", "plan", "--json"]).args(args).current_dir(folder);
    command.env_remove("POINTSMAN_CONFIG").env_remove("GITHUB_TOKEN");
    if let Some(token) = token {
        command.env("GITHUB_TOKEN", token);
    }
    command.output().await.unwrap()
}

/// As the body of a release pull request whose version somebody set.
fn marker() -> String {
    let marker = Marker {
        target: "main".into(),
        releases: Vec::new(),
        base: "0123456789012345678901234567890123456789".parse().unwrap(),
        hold: false,
        set: [(None, "2.0.0".parse().unwrap())].into(),
    };
    marker.line()
}

/// What both ways tell alike. Links and accounts are GitHub's, and commits of one second have no order of their own.
fn told(plan: &Value) -> Value {
    let mut plan = plan.clone();
    for release in plan["releases"].as_array_mut().unwrap() {
        release["changelog"].take();
        release["commits"].as_array_mut().unwrap().sort_by_key(|commit| commit["sha"].to_string());
    }
    plan
}

#[tokio::test(flavor = "multi_thread")]
async fn github_and_a_clone_tell_the_same() {
    let github = FakeGithub::new(Arc::new(SystemClock), 1);
    let server = serve(github.clone()).await.unwrap();
    history(&github);
    let folder = TempDir::new().unwrap();
    let clone = github.git_folder(REPO);
    let local = plan(folder.path(), &["--repo", clone.to_str().unwrap()], None).await;
    assert_eq!(local["releases"][0]["next"], "1.1.0", "{local:#}");
    let commits = local["releases"][0]["commits"].as_array().unwrap();
    let counted = |commit: &&Value| commit["counted"] == true;
    let counted: Vec<_> =
        commits.iter().filter(counted).map(|it| it["description"].as_str().unwrap()).collect();
    let wanted = ["add a window", "clean it", "open faster", "close it (#2)", "add a door"];
    assert_eq!(BTreeSet::from_iter(counted), BTreeSet::from(wanted));
    let api = format!("http://{}", server.address);
    let remote = ["--repo", REPO, "--api", &api];
    let anybody = plan(folder.path(), &remote, None).await;
    assert_eq!(told(&anybody), told(&local));
    assert!(anybody["releases"][0]["changelog"].as_str().unwrap().contains("compare/v1.0.0...v1.1.0"));

    let ann = github.person("ann");
    ann.commit(REPO, "pointsman--release--main", "chore: release", &[("version.txt", Some("2.0.0\n"))]);
    ann.open(REPO, "pointsman--release--main", "main", "chore: release 2.0.0", &marker());
    let set = plan(folder.path(), &remote, None).await;
    assert_eq!(set["releases"][0]["next"], "2.0.0", "as it was set on the release pull request");
    let anybody = set;

    github.set_private(REPO, true);
    let refused = run(folder.path(), &remote, None).await;
    let stderr = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && stderr.contains("may the token (--token) read it?"), "{stderr}");
    let token = github.personal_token("acme");
    assert_eq!(plan(folder.path(), &remote, Some(&token)).await, anybody);

    let app = github.create_app("pointsman", "acme", pointsman_github::PERMISSIONS, &[]);
    github.install(app.id, "acme", None);
    fs::write(folder.path().join("app.pem"), PRIVATE_KEY.as_str()).unwrap();
    let config = format!(
        "sources:\n  github:\n    secrets: ['literal:x']\n    app: {{ id: {}, private_key: 'file:app.pem', base_url: '{api}' }}\n",
        app.id
    );
    fs::write(folder.path().join("pointsman.yaml"), config).unwrap();
    assert_eq!(plan(folder.path(), &["--repo", REPO], None).await, anybody, "as the configured App");
    assert!(!folder.path().join(".pointsman").exists(), "no data folder is made");
}
