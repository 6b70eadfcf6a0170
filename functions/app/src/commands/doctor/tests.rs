//! The doctor at a fake GitHub: a healthy set-up, and one illness after another.

use std::{
    collections::BTreeMap,
    fs,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use pointsman_conformance::TurnedClock;
use pointsman_core::{config, port::PortError};
use pointsman_env::EnvSecrets;
use pointsman_fake_github::{FakeGithub, NewApp, PRIVATE_KEY};
use serde_json::{Value, json};

use super::*;
use crate::wanted::{EVENTS, PERMISSIONS};

const HOOK: &str = "https://hooks.acme.org/webhooks/github";

/// A GitHub, some of whose answers are a test's own.
struct Ward {
    github: Arc<FakeGithub>,
    app: NewApp,
    installation: u64,
    clock: Arc<TurnedClock>,
    answers: Mutex<BTreeMap<String, Value>>,
    folder: tempfile::TempDir,
}

#[async_trait]
impl Http for Ward {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, PortError> {
        let own =
            self.answers.lock().unwrap_or_else(PoisonError::into_inner).get(request.uri().path()).cloned();
        let mut answer = self.github.send(request).await?;
        if let Some(own) = own {
            *answer.body_mut() = own.to_string().into();
        }
        Ok(answer)
    }
}

impl Ward {
    /// All as it should be.
    fn new() -> Arc<Self> {
        let clock = Arc::new(TurnedClock::default());
        let github = FakeGithub::new(clock.clone(), 1);
        github.create_organization("acme");
        github.create_repository("acme/web");
        github.person("ann").commit("acme/web", "main", "feat: first", &[("a", Some("1"))]);
        let app = github.create_app("pointsman-acme", "acme", PERMISSIONS, EVENTS);
        github.set_hook_url(app.id, HOOK);
        let installation = github.install(app.id, "acme", None);
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("app.pem"), PRIVATE_KEY.as_bytes()).unwrap();
        let ward = Self { github, app, installation, clock, answers: Mutex::default(), folder };
        ward.says("/app/hook/deliveries", json!([delivery(2, 202, "OK"), delivery(1, 202, "OK")]));
        ward.private();
        Arc::new(ward)
    }

    fn private(&self) {
        use std::os::unix::fs::PermissionsExt as _;
        let key = self.folder.path().join("app.pem");
        fs::set_permissions(key, fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// From now on that is the answer to this path.
    fn says(&self, path: &str, answer: Value) {
        self.answers.lock().unwrap().insert(path.to_owned(), answer);
    }

    async fn look(self: &Arc<Self>, release: &str, repo: Option<&str>) -> Findings {
        self.look_at(self.clock.clone(), release, repo).await
    }

    async fn look_at(
        self: &Arc<Self>,
        clock: Arc<TurnedClock>,
        release: &str,
        repo: Option<&str>,
    ) -> Findings {
        let text = format!(
            "sources: {{ github: {{ secrets: [\"env:A\"], app: {{ id: {}, private_key: \"file:app.pem\" }} }} }}\n\
             release: {{ {release} }}\n",
            self.app.id
        );
        let config = config::parse(&text).unwrap().config;
        let folder = self.folder.path().to_owned();
        let tools = Tools { http: self.clone(), clock, secrets: Arc::new(EnvSecrets::new(&folder)), folder };
        let mut found = Findings::default();
        let slug: Option<Slug> = repo.map(|repo| repo.parse().unwrap());
        app::look(&config, slug.as_ref(), &tools, &mut found).await;
        let all = serde_json::to_string(&found.checks).unwrap();
        for secret in ["ghs_", "eyJ", "PRIVATE KEY", &self.app.secret] {
            assert!(!all.contains(secret), "{secret} is told: {all}");
        }
        found
    }
}

fn delivery(id: u64, code: u16, status: &str) -> Value {
    json!({
        "id": id, "guid": format!("guid-{id}"), "delivered_at": "2025-12-31T23:58:00Z", "redelivery": false,
        "status": status, "status_code": code, "event": "push", "action": null,
    })
}

/// `status check: seen -> todo` of all that are not ok.
fn ill(found: &Findings) -> Vec<String> {
    let ill = found.checks.iter().filter(|check| check.status != Status::Ok);
    let one = |it: &Check| {
        let status = if it.status == Status::Failed { "failed" } else { "warning" };
        format!("{status} {}: {} -> {}", it.check, it.seen, it.todo.clone().unwrap_or_default())
    };
    ill.map(one).collect()
}

const ON: &str = "enabled: true";

#[tokio::test]
async fn a_healthy_set_up_is_told_as_such() {
    let ward = Ward::new();
    ward.github.set_rate_limit(5000);
    let found = ward.look(ON, Some("acme/web")).await;
    assert_eq!(ill(&found), [""; 0]);
    let text = anstream::adapter::strip_str(&shown(&found)).to_string();
    let limit = text.lines().find(|line| line.contains("rate limit")).unwrap_or_default().to_owned();
    assert!(limit.contains("requests left for acme"), "{text}");
    let text = text.replace(&format!("{limit}\n"), "");
    let id = ward.app.id;
    assert_eq!(
        text,
        format!(
            "\
ok       releases        enabled, with the App {id} of `github`
ok       app key         file:app.pem can be read
ok       github          https://api.github.com knows the App pointsman-acme (id {id})
ok       clock           it agrees with GitHub's
ok       webhook         {HOOK} (https, json, with a secret)
ok       public address  the newest delivery (2m ago) was answered
ok       webhook secret  the newest signed delivery was accepted
ok       deliveries      the last 2: 2 x 202
ok       permissions     contents: write, issues: write, metadata: read, pull_requests: write
ok       events          issue_comment, pull_request, push
ok       installations   1 installation: acme (all repositories)
ok       repositories    the App sees 1 repository; released: 1
ok       repository      the App sees acme/web; its branch is main
ok       settings        there is no .github/pointsman.yaml: the defaults are in force

15 ok, 0 warnings, 0 failed
"
        )
    );
}

#[tokio::test]
async fn a_clock_that_is_off_is_named_whatever_else_fails() {
    let ward = Ward::new();
    for (off, status) in [(20, "warning"), (300, "failed")] {
        let clock = Arc::new(TurnedClock::default());
        clock.turn(Duration::from_secs(off));
        let told = ill(&ward.look_at(clock, ON, None).await);
        let wanted = format!("{status} clock: it is {off} s ahead of GitHub's -> set it by NTP");
        assert!(told.iter().any(|it| it.starts_with(&wanted)), "{told:?}");
    }
}

#[tokio::test]
async fn a_key_that_is_missing_foreign_or_open_to_all_is_told() {
    let ward = Ward::new();
    let key = ward.folder.path().join("app.pem");
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let told = ill(&ward.look(ON, None).await);
    let shown = key.display();
    assert_eq!(
        told,
        [format!("warning app key: {shown} may be read by other users of this machine -> chmod 600 {shown}")]
    );
    fs::write(&key, "no key").unwrap();
    ward.private();
    let told = ill(&ward.look(ON, None).await);
    assert!(told.len() == 1 && told[0].starts_with("failed github: the private key of App "), "{told:?}");
    fs::remove_file(&key).unwrap();
    let told = ill(&ward.look(ON, None).await);
    assert!(told.len() == 1 && told[0].starts_with("failed app key: there is no file "), "{told:?}");
}

#[tokio::test]
async fn what_is_doubtful_or_missing_in_the_hook_is_told() {
    let ward = Ward::new();
    let settings = "https://github.com/organizations/acme/settings/apps/pointsman-acme";
    ward.says(
        "/app/hook/config",
        json!({ "url": "http://acme.org/webhooks/gh", "content_type": "form", "secret": "***", "insecure_ssl": "1" }),
    );
    let told = ill(&ward.look(ON, None).await);
    assert_eq!(
        told,
        [format!(
            "warning webhook: http://acme.org/webhooks/gh does not end with /webhooks/github, is not https, sends `form`, \
             not `json`, does not check the certificate (insecure_ssl) -> change it at {settings}"
        )]
    );
    ward.says(
        "/app/hook/config",
        json!({ "url": "https://example.com/webhooks/github", "content_type": "json" }),
    );
    ward.says("/app/hook/deliveries", json!([]));
    let told = ill(&ward.look(ON, None).await);
    assert!(
        told[0].starts_with(
            "failed webhook: its URL is a placeholder -> set it to https://HOST/webhooks/github"
        )
    );
    assert!(told[1].starts_with("warning deliveries: GitHub has sent nothing yet"), "{told:?}");
}

#[tokio::test]
async fn what_the_deliveries_tell_of_the_secret() {
    let ward = Ward::new();
    let settings = "https://github.com/organizations/acme/settings/apps/pointsman-acme";
    ward.says("/app/hook/config", json!({ "url": HOOK, "content_type": "json", "insecure_ssl": "0" }));
    ward.says(
        "/app/hook/deliveries",
        json!([
            delivery(3, 401, "Invalid HTTP Response: 401"),
            delivery(2, 202, "OK"),
            delivery(1, 404, "x")
        ]),
    );
    let told = ill(&ward.look(ON, None).await);
    assert!(told[0].starts_with(&format!("failed webhook: {HOOK} has no secret")), "{told:?}");
    assert!(
        told[1].starts_with("failed webhook secret: the newest delivery was refused with 401"),
        "{told:?}"
    );
    assert_eq!(
        told[2],
        format!(
            "failed deliveries: the last 3: 1 x 202, 1 x 401, 1 x 404\nguid-3 push: 401, 2m ago\n\
             guid-1 push: 404, 2m ago -> the secrets differ: see `webhook secret`\nsend them again at {settings}/advanced"
        )
    );
}

#[tokio::test]
async fn a_server_that_github_does_not_reach_is_told() {
    let ward = Ward::new();
    ward.says(
        "/app/hook/deliveries",
        json!([
            delivery(2, 502, "failed to connect to host"),
            delivery(1, 202, "OK"),
            delivery(0, 0, "pending")
        ]),
    );
    let told = ill(&ward.look(ON, None).await);
    assert!(
        told[0].starts_with(
            "failed public address: the newest delivery (2m ago) did not get through: 502 failed to connect to host"
        ),
        "{told:?}"
    );
    assert!(
        told[1].starts_with("failed deliveries: the last 2: 1 x 202, 1 x 502 failed to connect"),
        "{told:?}"
    );
    assert_eq!(told.len(), 2);
}

#[tokio::test]
async fn missing_rights_are_told_with_where_they_are_granted() {
    let ward = Ward::new();
    ward.github.set_permissions(ward.installation, &[("contents", "read"), ("metadata", "read")]);
    let told = ill(&ward.look(ON, None).await);
    assert!(
        told[0].starts_with(
            "failed installation acme: it lacks contents: write, issues: write, pull_requests: write"
        ),
        "{told:?}"
    );
    let app = json!({
        "id": ward.app.id, "slug": "pointsman-acme", "owner": { "login": "ann", "type": "User" },
        "permissions": { "contents": "read", "metadata": "read" }, "events": ["push"],
    });
    ward.says("/app", app);
    let told = ill(&ward.look(ON, None).await);
    let at = "https://github.com/settings/apps/pointsman-acme/permissions";
    assert_eq!(
        told[..2],
        [
            format!(
                "failed permissions: the App lacks contents: write, issues: write, pull_requests: write -> grant it at {at}, \
                 then accept it in each installation"
            ),
            format!(
                "failed events: the App does not hear of issue_comment, pull_request -> subscribe to it at {at}"
            ),
        ]
    );
    assert!(ill(&ward.look("enabled: false", None).await).iter().all(|it| it.starts_with("warning")));
}

#[tokio::test]
async fn where_it_is_not_installed_or_suspended_nothing_works() {
    let ward = Ward::new();
    ward.github.suspend(ward.installation, true);
    let told = ill(&ward.look(ON, None).await);
    assert!(
        told[0].starts_with("failed installations: suspended: acme (all repositories) -> lift that at"),
        "{told:?}"
    );
    ward.github.uninstall(ward.installation);
    let told = ill(&ward.look(ON, Some("acme/web")).await);
    assert!(
        told[0].starts_with("failed installations: the App is installed nowhere -> install it: "),
        "{told:?}"
    );
    assert!(told[1].starts_with("failed repository: the App sees no acme/web"), "{told:?}");
}

#[tokio::test]
async fn a_repositorys_settings_are_read_as_the_stages_read_them() {
    let ward = Ward::new();
    let file = ".github/pointsman.yaml";
    let write = |text: &str| {
        ward.github.person("ann").commit("acme/web", "main", "chore: settings", &[(file, Some(text))]);
    };
    write("release:\n  stratgy: calver\n");
    let told = ill(&ward.look(ON, Some("acme/web")).await);
    assert_eq!(
        told,
        [
            "failed settings: .github/pointsman.yaml:2:3: release.stratgy: this key is unknown\n    did you mean \
          `strategy`? -> correct it on main; until then the last good settings are in force"
        ]
    );
    write("release: { strategy: always_patch }\n");
    assert_eq!(ill(&ward.look(ON, Some("acme/web")).await), [""; 0]);
    let locked = "enabled: true, settings: { strategy: semver }, locked: [release.strategy]";
    let told = ill(&ward.look(locked, Some("acme/web")).await);
    assert!(told.len() == 1 && told[0].contains("`release.strategy` is locked by"), "{told:?}");
    let other = "enabled: true, repositories: [\"other/*\"]";
    let told = ill(&ward.look(other, Some("acme/web")).await);
    assert!(told.iter().any(|it| it.starts_with("warning repository: acme/web is not among")), "{told:?}");
}

#[tokio::test]
async fn a_limit_that_is_used_up_is_told() {
    let ward = Ward::new();
    let core = json!({ "core": { "limit": 5000, "remaining": 0, "reset": 1_767_225_900 } });
    ward.says("/rate_limit", json!({ "resources": core }));
    let told = ill(&ward.look(ON, None).await);
    assert!(
        told[0].starts_with("failed rate limit: 0 of 5000 requests left for acme, all again in 6 min"),
        "{told:?}"
    );
}
