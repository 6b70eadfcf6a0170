//! A GitHub of one's own with a repository to release: what the demo shows, served on loopback over real git.

use std::{fs::OpenOptions, io::Write as _, path::Path, process::Command, sync::Arc};

use anyhow::{Context as _, Result, ensure};
use pointsman_env::SystemClock;
use pointsman_fake_github::{FakeGithub, NewApp, PRIVATE_KEY, Server, serve};
use pointsman_github::PERMISSIONS;

/// The repository.
pub const REPO: &str = "acme/rocket";
/// The version that it is at.
pub const CURRENT: &str = "1.4.2";
/// Who may do everything there.
pub const OWNER: &str = "ann";
/// What an App that releases must be told of.
pub const EVENTS: &[&str] = &["push", "pull_request", "issue_comment"];

const MANIFEST: &str = "Cargo.toml";
const LOCK: &str = "Cargo.lock";
const CHANGELOG: &str = "CHANGELOG.md";
/// What a release of it changes.
pub const RELEASED: [&str; 3] = [CHANGELOG, LOCK, MANIFEST];

const FILES: &[(&str, &str)] = &[
    ("README.md", "# Rocket\n\nGoes up.\n"),
    (
        MANIFEST,
        "[package]\nname = \"rocket\"\nversion = \"1.4.2\" # the release pull request writes this line\nedition = \"2024\"\n",
    ),
    (LOCK, "version = 4\n\n[[package]]\nname = \"rocket\"\nversion = \"1.4.2\"\n"),
    (
        CHANGELOG,
        "# Changelog\n\n## 1.4.2 (2026-10-01)\n\n### Bug Fixes\n\n* lift off when the count is over\n",
    ),
    ("src/main.rs", "fn main() {\n    println!(\"lift-off\");\n}\n"),
];

/// A change on a branch of its own, with an open pull request.
#[derive(Debug)]
pub struct Feature {
    /// Who wrote it.
    pub author: &'static str,
    /// Of the pull request; squashed, it is the commit's message.
    pub title: &'static str,
    branch: &'static str,
    file: &'static str,
}

/// What is to be merged.
pub const FEATURES: [Feature; 3] = [
    Feature {
        author: "ann",
        title: "feat(engine): throttle in steps of one percent",
        branch: "throttle",
        file: "src/engine.rs",
    },
    Feature {
        author: "ben",
        title: "fix: count down to zero, not to one",
        branch: "countdown",
        file: "src/countdown.rs",
    },
    Feature { author: "cleo", title: "feat: abort on command", branch: "abort", file: "src/abort.rs" },
];

/// Writes the key of every App here, for its owner's eyes alone.
pub fn write_key(path: &Path) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| file.write_all(PRIVATE_KEY.as_bytes()));
    written.with_context(|| format!("the App's key cannot be written to {}", path.display()))
}

/// The sample, as long as it is kept.
pub struct Sample {
    /// GitHub.
    pub github: Arc<FakeGithub>,
    /// The App that is installed on the repository's owner.
    pub app: NewApp,
    _server: Server,
}

impl Sample {
    /// Makes it and opens its door on loopback. It is at [`CURRENT`], and told nobody of how it got there.
    pub async fn serve() -> Result<Self> {
        let git = Command::new("git").arg("--version").output();
        ensure!(
            git.is_ok_and(|git| git.status.success()),
            "the sample repository is a real git repository: install git, so that `git --version` works"
        );
        let github = FakeGithub::new(Arc::new(SystemClock), 0);
        let server = serve(github.clone()).await.context("the sample's GitHub cannot listen on loopback")?;
        github.create_repository(REPO);
        for feature in &FEATURES {
            github.grant(REPO, feature.author, "write");
        }
        github.grant(REPO, OWNER, "admin");
        let owner = github.person(OWNER);
        let files: Vec<_> = FILES.iter().map(|(path, text)| (*path, Some(*text))).collect();
        let at = owner.commit(REPO, "main", &format!("chore(main): release {CURRENT}"), &files);
        owner.tag(REPO, &format!("v{CURRENT}"), &at);
        owner.release(REPO, &format!("v{CURRENT}"));
        let app = github.create_app("Pointsman", "acme", PERMISSIONS, EVENTS);
        github.install(app.id, "acme", None);
        Ok(Self { github, app, _server: server })
    }

    /// Opens the pull request of a feature; says its number.
    pub fn open(&self, feature: &Feature) -> u64 {
        let author = self.github.person(feature.author);
        let text = format!("// {}\n", feature.title);
        author.commit(REPO, feature.branch, feature.title, &[(feature.file, Some(&text))]);
        author.open(REPO, feature.branch, "main", feature.title, "")
    }
}
