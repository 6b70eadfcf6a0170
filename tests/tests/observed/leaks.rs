//! Secrets of every kind are sent through every path, errors included; nothing that is told names one of them.

use std::{
    fs,
    sync::Arc,
    time::{Duration, Instant},
};

use pointsman_env::SystemClock;
use pointsman_fake_github::{FakeGithub, Fault, NewApp, PRIVATE_KEY, When, serve};
use pointsman_github::PERMISSIONS;
use pointsman_tests::{http, leaks::Secrets, sign};
use serde_json::json;
use tokio::runtime::Runtime;

use crate::house::House;

const HOOK: &str = "hook-secret-3f9a1c";
const OLD: &str = "hook-secret-of-before-77b0";
const LITERAL: &str = "literal-secret-c0ffee11";
const WRONG: &str = "a-wrong-hook-secret-d41d";
const GITLAB: &str = "gitlab-token-9e107d";
const NO_GITLAB: &str = "a-wrong-gitlab-token-9d37";
const FRONT: &str = "front-secret-e4d909";
const NO_FRONT: &str = "a-wrong-front-secret-c290";
const ADMIN: &str = "admin-token-81dc9b";
const NO_ADMIN: &str = "a-wrong-admin-token-db52";
const COMMAND: &str = "a-token-on-a-command-line-d04d";
const PASSWORD: &str = "password-of-a-url-c20ad4";
const ADDRESS: &str = "ann.author@example.org";
const IN_PAYLOAD: &str = "a-password-in-a-payload-c51ce4";
/// What GitHub, or somebody between, may answer.
const TOLD: &str = "at https://ann:password-of-a-url-c20ad4@proxy/x?sig=s1gn4ture&a=b for ghs_0123456789abcdefABCDEF of \
                    ann.author@example.org";

const CONFIG: &str = "
front: { secret: 'file:front' }
admin: { token: 'file:admin' }
sources:
  github:
    secrets: ['file:hook', 'file:old', 'literal:literal-secret-c0ffee11']
    owns: ['acme/*']
    app: { id: APP, private_key: 'file:app.pem', base_url: 'BASE' }
  gitlab:
    verify: { kind: token, header: X-Gitlab-Token, secrets: ['file:gitlab'] }
    event: { header: X-Gitlab-Event }
    delivery: { header: X-Gitlab-Event-UUID }
subscriptions:
  - { name: bot, events: ['issues.*', push], when: 'data.commits[0].author.email != \"x\"' }
queues: { default: { max_deliveries: 1 } }
release: { enabled: true }
";

/// All that must not be told.
fn secrets() -> Secrets {
    let known = [
        ("the webhook's secret", HOOK),
        ("the secret before", OLD),
        ("a literal secret", LITERAL),
        ("a wrong secret", WRONG),
        ("a token", GITLAB),
        ("a wrong token", NO_GITLAB),
        ("the front's secret", FRONT),
        ("a wrong front's secret", NO_FRONT),
        ("the admin token", ADMIN),
        ("a wrong admin token", NO_ADMIN),
        ("a command line's token", COMMAND),
        ("a URL's password", PASSWORD),
        ("an author's address", ADDRESS),
        ("a payload's password", IN_PAYLOAD),
        ("a signature in a URL", "s1gn4ture"),
    ];
    Secrets::new(known.into_iter().chain([("the App's key", PRIVATE_KEY.as_str())]))
}

/// GitHub, and the App.
fn github() -> (Arc<FakeGithub>, NewApp, pointsman_fake_github::Server, Runtime) {
    let runtime = Runtime::new().unwrap();
    let github = FakeGithub::new(Arc::new(SystemClock), 1);
    let door = runtime.block_on(serve(github.clone())).unwrap();
    github.create_repository("acme/web");
    github.grant("acme/web", "alice", "admin");
    github.person("alice").commit("acme/web", "main", "chore: begin", &[("version.txt", Some("1.0.0\n"))]);
    let app = github.create_app("pointsman", "acme", PERMISSIONS, &["push"]);
    github.install(app.id, "acme", None);
    // Every other request fails, in words that hold all that words can hold.
    github.on_request(|moment| {
        let fails = moment.when == When::Before && moment.nth % 2 == 1;
        fails.then_some(Fault::Refused([401, 403, 422, 500][moment.nth as usize / 2 % 4], TOLD))
    });
    (github, app, door, runtime)
}

fn house(github: &FakeGithub, app: &NewApp) -> House {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    for (name, text) in [("hook", HOOK), ("old", OLD), ("gitlab", GITLAB), ("front", FRONT), ("admin", ADMIN)]
    {
        file(name, text);
    }
    file("app.pem", &PRIVATE_KEY);
    let config = CONFIG.replace("APP", &app.id.to_string()).replace("BASE", &github.base_url().to_string());
    House::new(folder, &config, &["--log", "info,pointsman=trace"])
}

fn push(repository: &str) -> Vec<u8> {
    let author = json!({ "name": "Ann", "email": ADDRESS });
    json!({
        "ref": "refs/heads/main", "before": "0".repeat(40), "after": "1".repeat(40), "pusher": author,
        "repository": { "full_name": repository, "default_branch": "main" }, "installation": { "id": 1 },
        "commits": [{ "id": "1".repeat(40), "message": IN_PAYLOAD, "author": author }],
    })
    .to_string()
    .into()
}

/// What it is signed with, its event, headers and body, and the answer.
type Case<'c> = (&'c str, &'c str, &'c [(&'c str, &'c str)], Vec<u8>, u16);

/// Right and wrong in every way; all that was answered.
fn webhooks(house: &mut House, app: &NewApp) -> String {
    let front = ("x-pointsman-front", FRONT);
    let broken = format!("{{\"password\": \"{IN_PAYLOAD}\", \"email\": \"{ADDRESS}\", ");
    let nested =
        json!({ "repository": { "full_name": format!("{ADDRESS}/x?sig={IN_PAYLOAD}") } }).to_string();
    let cases: [Case<'_>; 11] = [
        (HOOK, "push", &[front], push("acme/web"), 202),
        (OLD, "push", &[front], push("acme/api"), 202),
        (LITERAL, "issues", &[front], b"{\"action\":\"opened\"}".to_vec(), 202),
        (WRONG, "push", &[front], push("acme/web"), 401),
        (HOOK, "push", &[("x-pointsman-front", NO_FRONT)], push("acme/web"), 403),
        (HOOK, "push", &[], push("acme/web"), 403),
        (HOOK, "push", &[front], push("other/web"), 403),
        (HOOK, "push", &[front], broken.into_bytes(), 400),
        (HOOK, "push", &[front], nested.into_bytes(), 403),
        (HOOK, "", &[front], push("acme/web"), 400),
        (HOOK, "push", &[front, ("authorization", "Bearer some-bearer-token")], push("acme/web"), 202),
    ];
    let mut told = String::new();
    for (secret, event, more, body, status) in cases {
        let app = [
            ("x-github-hook-installation-target-type", "integration"),
            ("x-github-hook-installation-target-id", &*app.id.to_string()),
        ];
        let (_, answer) = house.post(secret, event, &[more, &app].concat(), &body);
        told += &answer.text();
        assert_eq!(answer.status, status, "{}", answer.text());
    }
    let url = |path: &str| format!("{}{path}", house.server.url);
    let post = |path: &str, headers: &[(&str, &str)], body: &[u8]| {
        let headers = [&[("content-type", "application/json"), front], headers].concat();
        http::post(&url(path), &headers, body).unwrap().text()
    };
    for token in [GITLAB, NO_GITLAB] {
        let headers =
            [("x-gitlab-token", token), ("x-gitlab-event", "Push Hook"), ("x-gitlab-event-uuid", token)];
        told += &post("/webhooks/gitlab", &headers[..2], &push("acme/web"));
    }
    told += &post(&format!("/webhooks/{HOOK}"), &[("x-hub-signature-256", &sign(WRONG, b"{}"))], b"{}");
    for token in [ADMIN, NO_ADMIN] {
        let bearer = format!("Bearer {token}");
        told += &post("/admin/replays", &[("authorization", &bearer)], b"{\"since\": 1}");
    }
    told
}

/// What the commands say of it; not what they are asked to show of a payload.
fn commands(house: &House) -> String {
    let exec = format!("cat >&2 < /dev/null; exit 3 # --token={COMMAND}");
    let secret = format!("literal:{WRONG}");
    let all: [&[&str]; 14] = [
        &["receive", "bot", "--exec", &exec],
        &["dead-letters"],
        &["dead-letters", "bot"],
        &["config", "check"],
        &["config", "show"],
        &["doctor"],
        &["queues"],
        &["events"],
        &["subscriptions", "list"],
        &["recover"],
        &["recover", "--since", "1h", "--apply"],
        &["replay", "--since", "1h", "--to", "bot"],
        &["erase", "--repo", "acme/web"],
        &["send", "no-such-file", "--event", "push", "--secret", &secret],
    ];
    let mut told = String::new();
    for words in all {
        let output = house.run(&[words, &["--log", "warn,pointsman=trace"]].concat());
        told += &format!("== {words:?}\n").replace(COMMAND, "").replace(WRONG, "");
        told += &String::from_utf8_lossy(&output.stdout);
        told += &String::from_utf8_lossy(&output.stderr);
    }
    told
}

fn until(what: &str, is_so: impl Fn() -> bool, log: impl Fn() -> String) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(20), "not in time: {what}\n{}", log());
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn no_secret_is_told_whatever_fails() {
    let (github, app, _door, _runtime) = github();
    let mut house = house(&github, &app);
    let secrets = secrets();
    let answers = webhooks(&mut house, &app);
    secrets.assert_none_in("an answer", &answers);
    let said = |text: &str| house.server.log().contains(text);
    until("the orchestrator has failed", || said("dead_lettered"), || house.server.log());
    secrets.assert_none_in("the command line", &commands(&house));
    let faulty = format!(
        "sources: {{ github: {{ secrets: ['literal:{LITERAL}'], sekret: '{HOOK}' }} }}\nadmin: {ADMIN}\n"
    );
    fs::write(house.folder.path().join("pointsman.yaml"), faulty).unwrap();
    until("the faulty version is told", || said("the one before stays in force"), || house.server.log());
    for page in ["/ready", "/metrics", "/health"] {
        let told = http::get(&format!("{}{page}", house.server.url)).unwrap().text();
        secrets.assert_none_in(page, &told);
        assert!(page != "/ready" || told.contains("\"status\":\"degraded\""), "{told}");
    }
    let log = house.server.stop_and_read();
    for outcome in ["accepted", "refused", "dead_lettered"] {
        assert!(log.contains(outcome), "{outcome} is missing: the paths were not gone\n{log}");
    }
    secrets.assert_none_in("the log", &log);
}

#[test]
fn a_leak_is_found() {
    let secrets = secrets();
    for leak in
        [HOOK, "by ann.author@example.org", "Authorization: Bearer abcdefgh", "ghs_0123456789", "?sig=a"]
    {
        let found = std::panic::catch_unwind(|| secrets.assert_none_in("a test", &format!("fine\n{leak}\n")));
        assert!(found.is_err(), "{leak}");
    }
    secrets.assert_none_in("a test", "nothing at all\nand an address: 127.0.0.1");
}
