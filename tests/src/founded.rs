//! Where stories of releases begin: a repository with a first release behind it, and an App of ours that is installed on it.

use pointsman_fake_github::{FakeGithub, NewApp};
use pointsman_github::PERMISSIONS;

/// The repository.
pub const REPO: &str = "acme/web";
/// Events that the App listens to.
const EVENTS: [&str; 3] = ["push", "pull_request", "issue_comment"];

/// Makes both, and alice, who may do everything there.
pub fn founded(github: &FakeGithub) -> NewApp {
    github.create_repository(REPO);
    github.grant(REPO, "alice", "admin");
    let alice = github.person("alice");
    let manifest = "{\n  \"name\": \"web\",\n  \"version\": \"1.0.0\"\n}\n";
    let at = alice.commit(REPO, "main", "chore: begin", &[("package.json", Some(manifest))]);
    alice.tag(REPO, "v1.0.0", &at);
    let app = github.create_app("pointsman", "acme", PERMISSIONS, &EVENTS);
    github.install(app.id, "acme", None);
    app
}
