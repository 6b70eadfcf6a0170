//! Plans of small histories: what counts, what cancels what, what comes next.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use futures::FutureExt as _;
use serde_json::{Value, json};

use super::*;
use crate::release::{
    Bump, Commit, Pull, Sha, Tag,
    settings::{Component, Strategy, TypeRule},
};

/// A straight history, written oldest first.
#[derive(Default)]
struct Repo {
    commits: Vec<(Commit, Vec<String>)>,
    tags: Vec<(String, Option<usize>)>,
    files: Vec<(String, String)>,
    asked: AtomicUsize,
}

fn sha(number: usize) -> Sha {
    format!("{number:07x}{:033x}", 0).parse().unwrap()
}

impl Repo {
    /// Lines: a commit's message (`\n` = a line end), or `tag NAME`, or `lost NAME` for a tag that the head does not reach.
    fn new(lines: &[&str]) -> Self {
        let mut repo = Self::default();
        for line in lines {
            if let Some(name) = line.strip_prefix("tag ") {
                repo.tags.push((name.into(), Some(repo.commits.len())));
            } else if let Some(name) = line.strip_prefix("lost ") {
                repo.tags.push((name.into(), None));
            } else {
                repo = repo.commit(line, 1, None, &[]);
            }
        }
        repo
    }

    fn commit(mut self, message: &str, parents: usize, pull: Option<Pull>, paths: &[&str]) -> Self {
        let commit = Commit {
            sha: sha(self.commits.len() + 1),
            message: message.into(),
            time: Timestamp::UNIX_EPOCH,
            parents,
            author: None,
            pull,
        };
        self.commits.push((commit, paths.iter().map(|path| (*path).to_owned()).collect()));
        self
    }

    fn touching(self, message: &str, paths: &[&str]) -> Self {
        self.commit(message, 1, None, paths)
    }

    fn file(mut self, path: &str, text: &str) -> Self {
        self.files.push((path.into(), text.into()));
        self
    }

    fn plan(&self, settings: &Settings, wishes: &Wishes) -> Plan {
        let now = "2026-11-21T12:00:00Z".parse().unwrap();
        draft(self, settings, wishes, now).now_or_never().unwrap().unwrap()
    }

    /// The next versions, by component.
    fn next(&self, settings: &Settings) -> String {
        versions(&self.plan(settings, &Wishes::default()))
    }

    /// What became of each commit, newest first.
    fn because(&self) -> Vec<String> {
        let plan = self.plan(&Settings::default(), &Wishes::default());
        let Some(release) = plan.releases.first() else { return Vec::new() };
        release.commits.iter().map(|it| it.because.clone()).collect()
    }
}

fn versions(plan: &Plan) -> String {
    let told = plan.releases.iter().map(|release| match &release.component {
        Some(name) => format!("{name} {}", release.next),
        None => release.next.to_string(),
    });
    told.collect::<Vec<_>>().join(", ")
}

#[async_trait]
impl Source for Repo {
    async fn tags(&self, prefix: &str) -> Result<Vec<Tag>, PortError> {
        let tags = self.tags.iter().enumerate().filter(|(_, (name, _))| name.starts_with(prefix));
        Ok(tags.map(|(index, (name, _))| Tag { name: name.clone(), object: sha(1_000 + index) }).collect())
    }

    async fn since(&self, tag: Option<&Tag>) -> Result<Option<Vec<Commit>>, PortError> {
        let from = match tag {
            Some(tag) => self.tags.iter().find(|(name, _)| *name == tag.name).unwrap().1,
            None => Some(0),
        };
        Ok(from.map(|from| self.commits[from..].iter().rev().map(|(commit, _)| commit.clone()).collect()))
    }

    async fn touched(&self, commit: &Sha) -> Result<Vec<String>, PortError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Ok(self.commits.iter().find(|(it, _)| it.sha == *commit).unwrap().1.clone())
    }

    async fn paths(&self) -> Result<Vec<String>, PortError> {
        Ok(self.files.iter().map(|(path, _)| path.clone()).collect())
    }

    async fn read(&self, path: &str) -> Result<Option<String>, PortError> {
        Ok(self.files.iter().find(|(known, _)| known == path).map(|(_, text)| text.clone()))
    }
}

fn with(strategy: Strategy) -> Settings {
    Settings { strategy, ..Settings::default() }
}

fn pull(number: u64, body: &str) -> Option<Pull> {
    Some(Pull { number, body: Some(body.into()) })
}

#[test]
fn the_json_is_the_promised_one() {
    let repo = Repo::new(&[
        "chore: begin",
        "tag v1.2.3",
        "fix(door): close it",
        "docs: say so",
        "feat!: add a window",
    ])
    .file("version.txt", "1.2.3\n");
    let mut plan = serde_json::to_value(repo.plan(&Settings::default(), &Wishes::default())).unwrap();
    let changelog = plan["releases"][0]["changelog"].take();
    assert!(changelog.as_str().unwrap().starts_with("## 2.0.0 (2026-11-21)\n"), "{changelog}");
    let commit = |number, kind: &str, scope: Value, description: &str, breaking, counted, because: &str| {
        json!({ "sha": sha(number), "type": kind, "scope": scope, "description": description,
            "breaking": breaking, "counted": counted, "because": because })
    };
    let expected = json!({ "releases": [{
        "component": null, "current": "1.2.3", "next": "2.0.0", "bump": "major", "tag": "v2.0.0",
        "commits": [
            commit(4, "feat", json!(null), "add a window", true, true, "a breaking change moves the major version"),
            commit(3, "docs", json!(null), "say so", false, false, "docs moves no version"),
            commit(2, "fix", json!("door"), "close it", false, true, "fix moves the patch version"),
        ],
        "changelog": null,
        "files": [
            { "path": "version.txt", "before": "1.2.3", "after": "2.0.0" },
            { "path": "CHANGELOG.md", "before": "1.2.3", "after": "2.0.0" },
        ],
    }]});
    assert_eq!(plan, expected);
    let nothing = Repo::new(&["tag v1.0.0", "chore: a"]).plan(&Settings::default(), &Wishes::default());
    assert_eq!(serde_json::to_string(&nothing).unwrap(), r#"{"releases":[]}"#);
}

#[test]
fn the_next_version_by_history_and_strategy() {
    use Strategy::{AlwaysMajor, AlwaysMinor, AlwaysPatch, Calver, Prerelease, Semver};
    for (strategy, lines, expected) in [
        (Semver, &["feat: a"][..], "0.1.0"),
        (Semver, &["docs: a"], ""),
        (Semver, &["Begin"], ""),
        (Semver, &["feat: a", "tag v1.0.0"], ""),
        (Semver, &["feat: a", "tag v1.0.0", "fix: b"], "1.0.1"),
        (Semver, &["feat: a", "tag v1.0.0", "fix: b", "perf: c", "feat: d", "chore: e"], "1.1.0"),
        (Semver, &["tag v1.0.0", "chore!: a"], "2.0.0"),
        (Semver, &["tag v1.0.0", "Drop it\n\nBREAKING CHANGE: gone"], "2.0.0"),
        (Semver, &["tag v0.1.0", "feat!: a"], "0.2.0"),
        (Semver, &["tag v0.1.0", "deps: a"], "0.1.1"),
        // Other tags are no versions, and versions are compared as such.
        (
            Semver,
            &["tag v1.9.0", "tag v1.10.0", "tag v1", "tag latest", "tag other-v9.0.0", "fix: a"],
            "1.10.1",
        ),
        // A tag that the head does not reach is skipped, and never taken again.
        (Semver, &["tag v1.0.0", "feat: a", "lost v2.0.0"], "1.1.0"),
        (Semver, &["tag v1.0.0", "feat: a", "lost v1.1.0"], "1.2.0"),
        (Semver, &["lost v0.1.0", "feat: a"], "0.2.0"),
        // Graduation: what came since the last release counts.
        (Semver, &["tag v1.0.0", "feat: a", "tag v1.1.0-beta.1", "chore: stable"], "1.1.0"),
        (Semver, &["tag v1.0.0", "feat: a", "tag v1.1.0-beta.1", "feat!: b"], "2.0.0"),
        (Semver, &["feat: a", "tag v1.0.0-beta.1", "fix: b"], "1.0.0"),
        (Prerelease, &["tag v1.0.0", "feat: a"], "1.1.0-beta.1"),
        (Prerelease, &["tag v1.0.0", "feat: a", "tag v1.1.0-beta.1", "fix: b"], "1.1.0-beta.2"),
        (Prerelease, &["tag v1.0.0", "feat: a", "tag v1.1.0-beta.1", "chore: b"], ""),
        (Prerelease, &["tag v1.0.0", "feat: a", "tag v1.1.0-beta.1", "feat!: b"], "2.0.0-beta.1"),
        (Calver, &["feat: a"], "2026.11.0"),
        (Calver, &["tag v2026.11.0", "fix: a"], "2026.11.1"),
        (AlwaysPatch, &["tag v1.0.0", "feat!: a"], "1.0.1"),
        (AlwaysMinor, &["tag v1.0.0", "fix: a"], "1.1.0"),
        (AlwaysMajor, &["tag v1.0.0", "docs: a"], ""),
        (AlwaysMajor, &["tag v0.4.0", "fix: a"], "1.0.0"),
    ] {
        assert_eq!(Repo::new(lines).next(&with(strategy)), expected, "{strategy:?}: {lines:?}");
    }
}

#[test]
fn a_graduation_tells_all_since_the_last_release() {
    let repo = Repo::new(&["tag v1.0.0", "feat: a", "tag v1.1.0-beta.1", "fix: b"]);
    let [release] = repo.plan(&Settings::default(), &Wishes::default()).releases.try_into().unwrap();
    assert_eq!((release.current.unwrap().to_string(), release.bump), ("1.1.0-beta.1".into(), Bump::Minor));
    assert_eq!((release.since.unwrap().name.as_str(), release.commits.len()), ("v1.0.0", 2));
}

#[test]
fn reverts_cancel_what_they_name() {
    let id = |number: usize| sha(number).to_string();
    let feat = "feat: a";
    let revert = |number| format!("Revert \"feat: a\"\n\nThis reverts commit {}.", id(number));
    for (lines, expected) in [
        (vec!["tag v1.0.0".into(), feat.into(), revert(1)], ""),
        (vec!["tag v1.0.0".into(), feat.into(), revert(1), "fix: b".into()], "1.0.1"),
        (vec!["tag v1.0.0".into(), feat.into(), format!("revert: feat: a\n\nRefs: {}", &id(1)[..7])], ""),
        (vec!["tag v1.0.0".into(), feat.into(), "revert: feat: a".into()], ""),
        (vec!["tag v1.0.0".into(), feat.into(), "revert: a".into()], ""),
        (
            vec![
                "tag v1.0.0".into(),
                "feat: a (#1)".into(),
                "Revert \"feat: a (#1)\" (#2)\n\nReverts acme/web#1".into(),
            ],
            "",
        ),
        // A revert of a revert.
        (
            vec![
                "tag v1.0.0".into(),
                feat.into(),
                revert(1),
                format!("Revert \"Revert \"feat: a\"\"\n\nThis reverts commit {}.", id(2)),
            ],
            "1.1.0",
        ),
        (
            vec![
                "tag v1.0.0".into(),
                feat.into(),
                revert(1),
                format!("Reapply \"feat: a\"\n\nThis reverts commit {}.", id(2)),
            ],
            "1.1.0",
        ),
        // What was reverted is released: that is a change.
        (vec![feat.into(), "tag v1.0.0".into(), revert(1)], "1.0.1"),
        (
            vec![
                feat.into(),
                revert(1),
                "tag v1.0.0".into(),
                format!("Reapply \"feat: a\"\n\nThis reverts commit {}.", id(2)),
            ],
            "1.1.0",
        ),
        // The id is unknown here (a rebase), the words are not.
        (vec!["tag v1.0.0".into(), feat.into(), revert(999)], ""),
        // Picked again after its revert.
        (vec!["tag v1.0.0".into(), "feat: a (#1)".into(), revert(1), "feat: a (#1)".into()], "1.1.0"),
        (
            vec!["tag v1.0.0".into(), feat.into(), format!("fix: undo a\n\nThis reverts commit {}.", id(1))],
            "1.0.1",
        ),
    ] {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        assert_eq!(Repo::new(&lines).next(&Settings::default()), expected, "{lines:?}");
    }
    let repo = Repo::new(&["feat: a", "tag v1.0.0", "feat: b", "revert: feat: b", "fix: c"]);
    let told = ["fix moves the patch version", "takes back 0000002: neither counts", "reverted by 0000003"];
    assert_eq!(repo.because(), told);
}

#[test]
fn a_pull_request_counts_once() {
    let merge = "Merge pull request #7 from acme/x\n\nfeat: add x";
    let of = |number| Some(Pull { number, body: None });
    let repo = Repo::new(&["tag v1.0.0"]);
    let merged = repo.commit("feat: add x", 1, of(7), &[]).commit(merge, 2, of(7), &[]);
    assert_eq!(merged.because(), ["a merge: its commits count", "feat moves the minor version"]);
    // None of its commits says anything: the title does.
    let merged = Repo::new(&["tag v1.0.0"]).commit("wip", 1, of(7), &[]).commit(merge, 2, of(7), &[]);
    assert_eq!(merged.because(), ["feat moves the minor version", "not a conventional commit"]);
    // Nobody knows which commits it brought, but one says the same.
    let merged = Repo::new(&["tag v1.0.0", "feat: add x"]).commit("feat: add x (#7)", 2, None, &[]);
    assert_eq!(merged.because(), ["a merge: 0000001 counts", "feat moves the minor version"]);
    // Picked into another branch and merged back.
    let picked = Repo::new(&["tag v1.0.0", "fix: y (#8)", "fix: z (#8)", "fix: y (#8)"]);
    assert_eq!(
        picked.because(),
        ["fix moves the patch version", "fix moves the patch version", "counted already, as 0000003"]
    );
    // Reverting the merge takes back all that it brought.
    let back = format!(
        "Revert \"Merge pull request #7 from acme/x\"\n\nThis reverts commit {}, reversing\nchanges made to {}.",
        sha(3),
        sha(1)
    );
    let repo = Repo::new(&["tag v1.0.0", "fix: before"]).commit("feat: add x", 1, of(7), &[]).commit(
        merge,
        2,
        of(7),
        &[],
    );
    assert_eq!(repo.commit(&back, 1, None, &[]).next(&Settings::default()), "1.0.1");
}

#[test]
fn a_description_overrides_the_commits_of_its_pull_request() {
    let body = "x\n\nBEGIN_COMMIT_OVERRIDE\nfix: a\nfeat(b)!: c\nEND_COMMIT_OVERRIDE";
    let repo = Repo::new(&["tag v1.0.0"])
        .commit("feat: inner", 1, Some(Pull { number: 7, body: None }), &[])
        .commit("Merge pull request #7 from acme/x", 2, pull(7, body), &[]);
    let told = [
        "fix moves the patch version",
        "a breaking change moves the major version",
        "overridden by the description of #7",
    ];
    assert_eq!(repo.because(), told);
    let silenced = Repo::new(&["tag v1.0.0"]).commit(
        "feat: a (#7)",
        1,
        pull(7, "BEGIN_COMMIT_OVERRIDE\nchore: a\nEND_COMMIT_OVERRIDE"),
        &[],
    );
    assert_eq!(silenced.next(&Settings::default()), "");
    let nested = Repo::new(&["tag v1.0.0", "chore: a\n\nBEGIN_NESTED_COMMIT\nfeat: b\nEND_NESTED_COMMIT"]);
    assert_eq!(nested.next(&Settings::default()), "1.1.0");
}

#[test]
fn a_footer_asks_for_a_version() {
    let warned = |lines: &[&str]| {
        let plan = Repo::new(lines).plan(&Settings::default(), &Wishes::default());
        (versions(&plan), plan.warnings)
    };
    let fine = |version: &str| (version.to_owned(), Vec::<String>::new());
    assert_eq!(warned(&["tag v1.0.0", "chore: a\n\nRelease-As: 3.0.0"]), fine("3.0.0"));
    assert_eq!(warned(&["chore: a\n\nrelease-as: v1.0.0"]), fine("1.0.0"));
    assert_eq!(
        warned(&["tag v1.0.0", "fix: a\n\nRelease-As: 3.0.0", "feat: b\n\nRelease-As: 2.0.0", "feat!: c"]),
        fine("2.0.0")
    );
    assert_eq!(warned(&["tag v1.0.0", "fix: a\n\nRelease-As: 2.0.0-rc.1"]), fine("2.0.0-rc.1"));
    assert_eq!(
        warned(&["tag v1.0.0", "fix: a\n\nRelease-As: 0.9.0"]),
        (
            "1.0.1".into(),
            vec![
                "`Release-As: 0.9.0` in 0000001 is ignored: 0.9.0 is not above 1.0.0, which is released"
                    .into()
            ]
        )
    );
    let (next, warnings) = warned(&["tag v1.0.0", "fix: a\n\nRelease-As: 1.0.0-rc.1+x y"]);
    assert!(
        next == "1.0.1" && warnings[0].contains("is ignored: `1.0.0-rc.1+x y` is no version"),
        "{warnings:?}"
    );
    assert_eq!(
        warned(&["tag v1.0.0", "lost v2.0.0", "fix: a\n\nRelease-As: 2.0.0"]).1,
        ["`Release-As: 2.0.0` in 0000001 is ignored: 2.0.0 is taken by another branch"]
    );
    let reverted = format!("revert: a\n\nThis reverts commit {}", sha(1));
    assert_eq!(warned(&["tag v1.0.0", "fix: a\n\nRelease-As: 3.0.0", &reverted, "fix: b"]), fine("1.0.1"));
}

#[test]
fn people_wish() {
    let repo = Repo::new(&["tag v1.0.0", "docs: a (#5)", "fix: b (#6)"]);
    let plan = |wishes: &Wishes| {
        let plan = repo.plan(&Settings::default(), wishes);
        (versions(&plan), plan.warnings.join("\n"))
    };
    let fine = |version: &str| (version.to_owned(), String::new());
    let floor = |number, bump| Wishes { floors: [(number, bump)].into(), ..Wishes::default() };
    assert_eq!(plan(&floor(5, Bump::Minor)), fine("1.1.0"));
    assert_eq!(plan(&floor(6, Bump::Major)), fine("2.0.0"));
    assert_eq!(plan(&floor(7, Bump::Major)), fine("1.0.1"), "it is not in this release");
    let told = repo.plan(&Settings::default(), &floor(5, Bump::Minor)).releases[0].commits[1].because.clone();
    assert_eq!(told, "#5 was asked to be minor or more: it moves the minor version");
    let set = |version: &str| Wishes { set: [(None, version.parse().unwrap())].into(), ..Wishes::default() };
    assert_eq!(plan(&set("1.5.0")), fine("1.5.0"));
    assert_eq!(plan(&set("1.0.0")).1, "set-version is ignored: 1.0.0 is not above 1.0.0, which is released");
    let taken = Wishes { taken: ["v1.0.1".to_owned()].into(), ..Wishes::default() };
    assert_eq!(plan(&taken), fine("1.0.2"), "another branch is about to release 1.0.1");
}

fn components(all: &[(&str, &str, Option<&str>)]) -> Settings {
    let component = |(name, path, group): &(&str, &str, Option<&str>)| {
        let path = (*path).to_owned();
        let component = Component { path, group: group.map(str::to_owned), ..Component::default() };
        ((*name).to_owned(), component)
    };
    Settings { components: all.iter().map(component).collect(), ..Settings::default() }
}

#[test]
fn components_count_what_touches_them() {
    let settings = components(&[("api", "services/api", None), ("web", "web", None)]);
    let repo = Repo::new(&["tag api-v1.0.0", "tag web-v2.0.0"])
        .touching("feat: a", &["services/api/a.rs"])
        .touching("fix: b", &["web/b.ts", "services/api/b.rs"])
        .touching("feat!: c", &["README.md"])
        .touching("docs: d", &["web/d.md"])
        .touching("chore(web): e\n\nRelease-As: 4.0.0", &[]);
    let plan = repo.plan(&settings, &Wishes::default());
    assert_eq!(versions(&plan), "api 1.1.0, web 4.0.0");
    assert_eq!(repo.asked.load(Ordering::Relaxed), 4, "each commit once, and none that moves nothing");
    let told: Vec<_> = plan.releases[0].commits.iter().map(|it| it.because.as_str()).collect();
    assert_eq!(
        told,
        [
            "changes nothing below services/api",
            "docs moves no version",
            "changes nothing below services/api",
            "fix moves the patch version",
            "feat moves the minor version",
        ]
    );
    let untouched = Repo::new(&["tag api-v1.0.0", "tag web-v2.0.0"]).touching("fix: b", &["web/b.ts"]);
    assert_eq!(untouched.next(&settings), "web 2.0.1");
}

#[test]
fn components_have_their_own_files_and_shared_ones_get_both_changes() {
    let settings = components(&[("api", "api", None), ("web", "web", None)]);
    let lock = "version = 4\n\n[[package]]\nname = \"api\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"web\"\nversion = \"2.0.0\"\n";
    let manifest =
        |name: &str, version: &str| format!("[package]\nname = \"{name}\"\nversion = \"{version}\"\n");
    let repo = Repo::new(&["tag api-v1.0.0", "tag web-v2.0.0"])
        .touching("fix: a", &["api/a.rs", "web/a.rs"])
        .file("Cargo.toml", "[workspace]\nmembers = [\"api\", \"web\"]\n")
        .file("Cargo.lock", lock)
        .file("api/Cargo.toml", &manifest("api", "1.0.0"))
        .file("web/Cargo.toml", &manifest("web", "2.0.0"));
    let files = |settings: &Settings| {
        let plan = repo.plan(settings, &Wishes::default());
        let last = plan.releases.last().unwrap().files.clone();
        let paths: Vec<_> = last.iter().map(|file| file.path.clone()).collect();
        (paths.join(" "), last.into_iter().find(|file| file.path == "Cargo.lock").unwrap().content)
    };
    let (paths, together) = files(&settings);
    assert_eq!(paths, "Cargo.lock web/Cargo.toml web/CHANGELOG.md");
    assert!(
        together.contains("version = \"1.0.1\"") && together.contains("version = \"2.0.1\""),
        "{together}"
    );
    let mut apart = settings;
    apart.pull_request.separate = true;
    let (_, lock) = files(&apart);
    assert!(lock.contains("version = \"1.0.0\"") && lock.contains("version = \"2.0.1\""), "{lock}");
}

#[test]
fn a_group_has_one_version() {
    let settings = components(&[("a", "a", Some("g")), ("b", "b", Some("g")), ("c", "c", None)]);
    let repo = Repo::new(&["tag a-v1.0.0", "tag b-v1.4.0", "tag c-v1.0.0"]).touching("fix: x", &["a/x"]);
    assert_eq!(repo.next(&settings), "a 1.4.1, b 1.4.1");
    let repo = Repo::new(&["tag a-v1.0.0", "tag b-v1.4.0", "tag c-v1.0.0"]).touching("feat: x", &["a/x"]);
    let taken = Wishes { taken: ["a-v1.5.0".to_owned()].into(), ..Wishes::default() };
    assert_eq!(versions(&repo.plan(&settings, &taken)), "a 1.6.0, b 1.6.0");
    let same = Settings { tag_format: Some("v{version}".into()), ..settings };
    let now = Timestamp::UNIX_EPOCH;
    let error = draft(&repo, &same, &Wishes::default(), now).now_or_never().unwrap().unwrap_err();
    assert_eq!(
        error.to_string(),
        "the components a and b would both be tagged v0.1.0: put {component} into their tag_format"
    );
}

#[test]
fn types_and_strategies_of_the_settings() {
    let rule = |bump| TypeRule { section: Some("Docs".into()), bump: Some(bump) };
    let settings = |bump| Settings { types: [("docs".to_owned(), rule(bump))].into(), ..Settings::default() };
    let repo = Repo::new(&["tag v1.0.0", "docs: a"]);
    assert_eq!(repo.next(&settings(Bump::Patch)), "1.0.1");
    assert_eq!(repo.next(&settings(Bump::None)), "");
    let repo = Repo::new(&["tag v1.0.0", "docs: a", "fix: b"]);
    let release = repo.plan(&settings(Bump::None), &Wishes::default()).releases.remove(0);
    assert!(release.commits[1].stands && !release.commits[1].counted, "it is told, though it moves nothing");
    assert!(release.changelog.contains("### Docs"), "{}", release.changelog);
    let broken = Settings { calver_format: "YYYY".into(), ..with(Strategy::Calver) };
    let plan = repo.plan(&broken, &Wishes::default());
    assert!(plan.releases.is_empty() && plan.warnings[0].contains("a version has three numbers"), "{plan:?}");
}
