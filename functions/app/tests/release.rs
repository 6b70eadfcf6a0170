//! `pointsman release plan` and `explain` on real clones, run as a user runs them.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::{Value, json};
use tempfile::TempDir;

/// A git repository of a test's own.
struct Repo {
    folder: TempDir,
    clock: std::cell::Cell<u64>,
}

impl Repo {
    fn new() -> Self {
        let repo = Self { folder: tempfile::tempdir().unwrap(), clock: std::cell::Cell::new(1_700_000_000) };
        repo.git(&["init", "--quiet", "--initial-branch=main", "."]);
        repo
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn git(&self, args: &[&str]) -> String {
        self.clock.set(self.clock.get() + 60);
        let date = format!("{} +0000", self.clock.get());
        let output = Command::new("git")
            .args(["-c", "user.name=Ann", "-c", "user.email=ann@example.com", "-c", "commit.gpgsign=false"])
            .args(args)
            .current_dir(self.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_DATE", &date)
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {args:?}: {told}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Writes a file and commits it; tells the commit.
    fn commit(&self, path: &str, message: &str) -> String {
        let file = self.path().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, format!("{message}\n")).unwrap();
        self.commit_all(message)
    }

    fn commit_all(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
        self.git(&["rev-parse", "HEAD"])
    }
}

fn pointsman(args: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pointsman"));
    command.args(args).current_dir(folder).stdin(Stdio::null()).env_remove("POINTSMAN_CONFIG");
    command
}

fn out(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn plan(folder: &Path, args: &[&str]) -> Value {
    let args = [&["release", "plan", "--json"], args].concat();
    serde_json::from_str(&out(&pointsman(&args, folder).output().unwrap())).unwrap()
}

fn refused(folder: &Path, args: &[&str]) -> String {
    let output = pointsman(&[&["release", "plan"], args].concat(), folder).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr).unwrap()
}

/// What is next, by component.
fn next(plan: &Value) -> Vec<&str> {
    plan["releases"].as_array().unwrap().iter().map(|release| release["next"].as_str().unwrap()).collect()
}

fn sample() -> Repo {
    let repo = Repo::new();
    repo.commit("version.txt", "1.0.0");
    repo.git(&["tag", "--annotate", "--message", "first", "v1.0.0"]);
    repo.commit("a", "fix: a\n\nBREAKING CHANGE: b");
    repo
}

#[test]
fn the_plan_is_told_to_people() {
    let repo = sample();
    let sha = repo.commit("b", "docs(\u{1b}[2J): say so");
    let text = out(&pointsman(&["release", "plan"], repo.path()).output().unwrap());
    let day = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
    let fix = repo.git(&["rev-parse", "HEAD~1"]);
    let expected = format!(
        "1.0.0 -> 2.0.0 (major), tag v2.0.0\n\n\
         commit   counts  change                 because\n\
         {}  no      docs(?[2J): say so     docs moves no version\n\
         {}  major   fix!: a                a breaking change moves the major version\n\n\
         file          before  after\n\
         version.txt   1.0.0   2.0.0\n\
         CHANGELOG.md  1.0.0   2.0.0\n\n\
         | ## 2.0.0 ({day})\n",
        &sha[..7],
        &fix[..7],
    );
    let squeezed = |text: &str| text.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    assert!(squeezed(&text).starts_with(&squeezed(&expected)), "{text}");
    assert!(text.contains("| * b"), "{text}");
    assert_eq!(repo.git(&["status", "--porcelain"]), "", "nothing is written");
}

#[test]
fn a_clone_of_any_kind_is_read_and_nothing_around_it_misleads() {
    let repo = sample();
    let elsewhere = tempfile::tempdir().unwrap();
    let place = |name: &str| elsewhere.path().join(name);
    let from = format!("file://{}", repo.path().display());
    let clone = |args: &[&str], name: &str| {
        repo.git(&[&["clone", "--quiet"], args, &[&from, place(name).to_str().unwrap()]].concat());
        place(name)
    };
    let bare = clone(&["--bare"], "bare");
    let fresh = clone(&[], "fresh");
    let below = fresh.join("below");
    fs::create_dir(&below).unwrap();
    let linked = place("linked");
    repo.git(&["worktree", "add", "--quiet", "--detach", linked.to_str().unwrap()]);
    for folder in [repo.path(), &bare, &fresh, &below, &linked] {
        assert_eq!(next(&plan(folder, &[])), ["2.0.0"], "{}", folder.display());
        assert_eq!(next(&plan(elsewhere.path(), &["--repo", folder.to_str().unwrap()])), ["2.0.0"]);
    }
    let other = Repo::new();
    other.commit("a", "chore: nothing");
    let misled = pointsman(&["release", "plan", "--json"], &fresh)
        .env("GIT_DIR", other.path().join(".git"))
        .env("GIT_WORK_TREE", other.path())
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", "core.bare")
        .env("GIT_CONFIG_VALUE_0", "maybe")
        .env("GIT_NAMESPACE", "x")
        .env("LC_ALL", "de_DE.UTF-8")
        .output()
        .unwrap();
    assert_eq!(next(&serde_json::from_str(&out(&misled)).unwrap()), ["2.0.0"]);
    let shallow = clone(&["--depth=1"], "shallow");
    assert!(refused(&shallow, &[]).contains("`git fetch --unshallow --tags`"));
}

#[test]
fn what_is_no_clone_is_told() {
    let empty = tempfile::tempdir().unwrap();
    fs::write(empty.path().join("file"), "").unwrap();
    assert!(refused(empty.path(), &[]).contains("not a git repository"));
    for wrong in ["nowhere", "file"] {
        assert!(refused(empty.path(), &["--repo", wrong]).contains("there is no such folder"));
    }
    let repo = Repo::new();
    assert!(refused(repo.path(), &[]).contains("has no commit yet"));
    repo.commit("a", "feat: a");
    for wrong in ["nowhere", "--upload-pack=x", "main^{/x}", "-x"] {
        let target = format!("--target={wrong}");
        assert!(refused(repo.path(), &[&target]).contains("there is no branch"), "{wrong}");
    }
}

#[test]
fn a_target_is_a_branch_here_or_of_the_origin() {
    let repo = sample();
    repo.git(&["checkout", "--quiet", "-b", "hotfix/1.x", "v1.0.0"]);
    repo.commit("c", "fix: c");
    repo.git(&["checkout", "--quiet", "main"]);
    assert_eq!(next(&plan(repo.path(), &["--target", "hotfix/1.x"])), ["1.0.1"]);
    let elsewhere = tempfile::tempdir().unwrap();
    let clone = elsewhere.path().join("clone");
    repo.git(&["clone", "--quiet", repo.path().to_str().unwrap(), clone.to_str().unwrap()]);
    assert_eq!(next(&plan(&clone, &["--target", "hotfix/1.x"])), ["1.0.1"]);
    // A tag that this branch does not reach is taken all the same.
    repo.git(&["tag", "v1.0.1", "main"]);
    assert_eq!(next(&plan(repo.path(), &["--target", "hotfix/1.x"])), ["1.0.2"]);
}

#[test]
fn tags_beside_the_branch_are_passed_over_however_many() {
    let repo = sample();
    repo.git(&["checkout", "--quiet", "-b", "other"]);
    repo.commit("d", "feat: d");
    for minor in 0..20 {
        repo.git(&["tag", &format!("v3.{minor}.0")]);
    }
    repo.git(&["tag", "v9.0.0", "HEAD^{tree}"]);
    assert_eq!(next(&plan(repo.path(), &["--target", "main"])), ["2.0.0"]);
    assert_eq!(next(&plan(repo.path(), &["--target", "other"])), Vec::<&str>::new());
}

#[test]
fn merged_pull_requests_components_and_settings() {
    let repo = Repo::new();
    let settings = "release:\n  components:\n    api: { path: services/api }\n    web: { path: web }\n";
    fs::create_dir_all(repo.path().join(".github")).unwrap();
    fs::write(repo.path().join(".github/pointsman.yaml"), settings).unwrap();
    repo.commit_all("chore: begin");
    repo.git(&["tag", "api-v1.0.0"]);
    repo.git(&["tag", "web-v0.3.0"]);
    repo.git(&["checkout", "--quiet", "-b", "topic"]);
    let inner = repo.commit("services/api/ä b\n.rs", "feat: add a door");
    repo.git(&["checkout", "--quiet", "main"]);
    repo.git(&[
        "merge",
        "--quiet",
        "--no-ff",
        "topic",
        "--message",
        "Merge pull request #7 from acme/topic\n\nfeat: a door",
    ]);
    repo.git(&["mv", "services/api/ä b\n.rs", "moved"]);
    let moved = repo.commit_all("fix: move it away");
    repo.commit("web/index.html", "docs: words");
    let plan = plan(repo.path(), &[]);
    assert_eq!(next(&plan), ["1.1.0"]);
    let release = &plan["releases"][0];
    assert_eq!((&release["component"], &release["tag"]), (&json!("api"), &json!("api-v1.1.0")));
    let told: Vec<_> =
        release["commits"].as_array().unwrap().iter().map(|it| (&it["sha"], &it["because"])).collect();
    assert_eq!(told[1], (&json!(moved), &json!("fix moves the patch version")));
    assert_eq!(told[2].1, "a merge: its commits count");
    assert_eq!(told[3], (&json!(inner), &json!("feat moves the minor version")));
    let faulty = "release:\n  stratgy: semver\n";
    fs::write(repo.path().join(".github/pointsman.yaml"), faulty).unwrap();
    assert_eq!(next(&self::plan(repo.path(), &[])), ["1.1.0"], "settings are those of the commit");
    repo.commit_all("chore: settings");
    let told = refused(repo.path(), &[]);
    assert!(told.contains(".github/pointsman.yaml:2:3") && told.contains("strategy"), "{told}");
}

#[test]
fn a_repositorys_configuration_runs_nothing() {
    let repo = sample();
    let trap: PathBuf = repo.path().join("trap");
    let mark = repo.path().join("sprung");
    fs::write(&trap, format!("#!/bin/sh\necho \"$0 $@\" >> '{}'\ncat\n", mark.display())).unwrap();
    assert!(Command::new("chmod").arg("+x").arg(&trap).status().unwrap().success());
    fs::write(repo.path().join(".gitattributes"), "* diff=trap filter=trap\n").unwrap();
    fs::create_dir_all(repo.path().join(".github")).unwrap();
    let components = "release: { components: { a: { path: . , exclude: [x] } }, tag_format: 'v{version}' }";
    fs::write(repo.path().join(".github/pointsman.yaml"), components).unwrap();
    repo.commit_all("feat: more");
    let run = trap.to_str().unwrap();
    for (key, value) in [
        ("core.fsmonitor", run),
        ("core.pager", run),
        ("core.editor", run),
        ("core.sshCommand", run),
        ("core.hooksPath", repo.path().to_str().unwrap()),
        ("core.gitProxy", run),
        ("diff.external", run),
        ("diff.trap.textconv", run),
        ("diff.trap.command", run),
        ("filter.trap.smudge", run),
        ("filter.trap.clean", run),
        ("filter.trap.process", run),
        ("log.showSignature", "true"),
        ("gpg.program", run),
        ("pager.log", run),
        ("pager.for-each-ref", run),
        ("credential.helper", run),
        ("uploadpack.packObjectsHook", run),
        ("remote.origin.url", &format!("ext::{run}")),
        ("remote.origin.promisor", "true"),
        ("extensions.partialClone", "origin"),
        ("protocol.ext.allow", "always"),
        ("alias.log", &format!("!{run}")),
        ("alias.for-each-ref", &format!("!{run}")),
        ("color.ui", "always"),
        ("core.quotePath", "true"),
        ("diff.relative", "true"),
        ("diff.renames", "copies"),
        ("log.date", "format:%n"),
        ("format.pretty", "%b"),
        ("i18n.logOutputEncoding", "UTF-16"),
        ("core.abbrev", "4"),
    ] {
        repo.git(&["config", key, value]);
    }
    // A commit with a signature: showing it would run `gpg.program`.
    let signed = repo.git(&["cat-file", "commit", "HEAD"]).replacen(
        "\n\n",
        "\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n abcd\n -----END PGP SIGNATURE-----\n\n",
        1,
    );
    fs::write(repo.path().join("signed"), signed + "\n").unwrap();
    let signed = repo.git(&["hash-object", "-t", "commit", "-w", "signed"]);
    repo.git(&["update-ref", "refs/heads/main", &signed]);
    assert_eq!(next(&plan(repo.path(), &[])), ["2.0.0"]);
    // An object that is not here: it may not be fetched either.
    let tree = fs::read_dir(repo.path().join(".git/objects")).unwrap().count();
    assert!(tree > 3);
    fs::remove_dir_all(
        repo.path().join(".git/objects").join(&repo.git(&["rev-parse", "HEAD:version.txt"])[..2]),
    )
    .unwrap();
    refused(repo.path(), &[]);
    assert!(!mark.exists(), "{}", fs::read_to_string(&mark).unwrap_or_default());
}

#[test]
fn explain_reads_an_argument_or_stdin() {
    let folder = tempfile::tempdir().unwrap();
    let message = "feat(api)!: add a door\nIt opens.\n\nBREAKING CHANGE: walls\nRefs: #1";
    let expected = json!({
        "type": "feat", "scope": "api", "description": "add a door", "breaking": true,
        "breaking_description": "walls", "body": "It opens.",
        "footers": [{ "token": "BREAKING CHANGE", "value": "walls" }, { "token": "Refs", "value": "#1" }],
        "reverts": [],
    });
    let args = ["release", "explain", "--json", "--message"];
    let output = pointsman(&[&args[..], &[message]].concat(), folder.path()).output().unwrap();
    assert_eq!(serde_json::from_str::<Value>(&out(&output)).unwrap(), expected);
    let mut child = pointsman(&[&args[..], &["-"]].concat(), folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(message.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(serde_json::from_str::<Value>(&out(&output)).unwrap(), expected);
    let output = pointsman(&["release", "explain", "--message", "Add a \u{1b}[2Jdoor"], folder.path())
        .output()
        .unwrap();
    assert_eq!(
        out(&output),
        "type         none: this is not a conventional commit\n\
         description  Add a ?[2Jdoor\n\
         It moves no version, unless the repository's settings say so.\n"
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "no data folder is made");
}
