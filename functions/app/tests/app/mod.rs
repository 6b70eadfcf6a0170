//! `pointsman app create` and `doctor`, a browser and a fake GitHub around them.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{fs, os::unix::fs::PermissionsExt as _, sync::Arc, time::Duration};

use pointsman_env::SystemClock;
use pointsman_fake_github::{FakeGithub, PRIVATE_KEY, Server, serve};
use pointsman_tests::http;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::house::{House, plain};

const MINUTE: Duration = Duration::from_secs(60);
const HOOK: &str = "https://hooks.acme.org/webhooks/hub";

/// A fake GitHub on loopback.
struct Github {
    fake: Arc<FakeGithub>,
    url: String,
    _server: Server,
    _runtime: Runtime,
}

impl Github {
    fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let fake = FakeGithub::new(Arc::new(SystemClock), 1);
        let server = runtime.block_on(serve(fake.clone())).unwrap();
        let url = format!("http://{}", server.address);
        Self { fake, url, _server: server, _runtime: runtime }
    }
}

/// What stands in an attribute, unescaped.
fn attribute(page: &str, before: &str) -> String {
    let rest = page.split_once(before).unwrap_or_else(|| panic!("no {before} in {page}")).1;
    let value = rest.split_once('"').unwrap().0;
    value
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

/// What the browser does with the page, and GitHub with the form: where it posts to, and the manifest.
fn form(page: &str) -> (String, Value) {
    let manifest = attribute(page, "name=\"manifest\" value=\"");
    (attribute(page, "action=\""), serde_json::from_str(&manifest).unwrap())
}

#[test]
fn an_app_is_made_in_the_browser_and_kept_here() {
    let (github, house) = (Github::start(), House::new(""));
    let args = ["app", "create", "--org", "acme", "--base-url", &github.url, "--webhook-url", HOOK];
    let mut command = house.listen(&args);
    let line = command.says("open http://", MINUTE);
    let url = line.split(' ').nth(1).unwrap().to_owned();
    let (to, mut manifest) = form(&http::get(&url).unwrap().text());
    let (place, state) = to.split_once("?state=").unwrap();
    assert_eq!(place, format!("{}/organizations/acme/settings/apps/new", github.url));
    assert_eq!(manifest["redirect_url"], format!("{url}created"));
    assert_eq!(manifest["hook_attributes"], json!({ "url": HOOK, "active": true }));

    manifest["owner"] = "acme".into();
    github.fake.offer_manifest("c0de", manifest);
    for query in [
        "?code=c0de&state=other",
        "?code=c0de",
        "",
        &format!("?state={state}"),
        &format!("?code=a%2Fb&state={state}"),
    ] {
        assert_eq!(http::get(&format!("{url}created{query}")).unwrap().status, 400, "{query}");
    }
    assert!(!house.folder().join("app.pem").exists(), "a stranger's code makes nothing");

    let answer = http::get(&format!("{url}created?code=c0de&state={state}")).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(answer.text().contains("The App pointsman-acme is made"), "{}", answer.text());
    assert_eq!(command.ended(MINUTE), Some(0));

    let read = |name: &str| fs::read_to_string(house.folder().join(name)).unwrap();
    assert_eq!(read("app.pem").trim(), PRIVATE_KEY.trim());
    for name in ["app.pem", "app-webhook-secret"] {
        let mode = fs::metadata(house.folder().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
        assert!(!answer.text().contains(read(name).trim()), "the page tells no secret");
    }
    assert!(plain(&house.ok(&["config", "check"])).contains("no faults"));
    let shown = house.json(&["config", "show"]);
    assert_eq!(
        (&shown["sources"]["hub"]["app"]["base_url"], &shown["release"]["enabled"]),
        (&github.url.clone().into(), &true.into())
    );
    let again = house.fails(&args, 1);
    assert!(again.contains("app.pem is there already and may be another App's: move it away"), "{again}");
}

#[test]
fn without_a_browser_here_the_page_is_printed_and_its_code_is_brought_back() {
    let (github, house) = (Github::start(), House::new(""));
    house.configure("sources: { github: { secrets: ['env:A'] } } # mine\n");
    let create = ["app", "create", "--base-url", &github.url];
    let (to, manifest) = form(&house.ok(&[&create[..], &["--print"]].concat()));
    assert_eq!(to, format!("{}/settings/apps/new", github.url));
    assert_eq!(manifest["redirect_url"], "http://127.0.0.1:46464/created");
    assert_eq!(house.json(&[&create[..], &["--print"]].concat())["manifest"], manifest);

    let mut named = manifest;
    named["name"] = "Mine".into();
    github.fake.offer_manifest("c0de", named);
    let address = "http://127.0.0.1:46464/created?code=c0de";
    let text = plain(&house.ok(&[&create[..], &["--code", address]].concat()));
    let secret = fs::read_to_string(house.folder().join("app-webhook-secret")).unwrap();
    assert!(!text.contains(secret.trim()) && !text.contains("PRIVATE KEY"), "{text}");
    for wanted in [
        "made     the App mine (id ",
        "written  app.pem\nwritten  app-webhook-secret\n",
        "pointsman.yaml stays as it is. In its source `github`, `secrets` and `app` become these:\n\nsources:\n  github:\n",
        "1. install it where releases are wanted: ",
        "2. once GitHub can reach this server, set its webhook's URL (https://HOST/webhooks/github)",
        "4. pointsman doctor --repo OWNER/NAME\n",
    ] {
        assert!(text.contains(wanted), "{wanted} is missing in\n{text}");
    }
    let own = fs::read_to_string(house.folder().join("pointsman.yaml")).unwrap();
    assert_eq!(own, "sources: { github: { secrets: ['env:A'] } } # mine\n");
    let used = house.fails(&[&create[..], &["--code", "c0de", "--force"]].concat(), 1);
    assert!(used.contains("GitHub knows no such code: it is good for one hour, and once"), "{used}");
}

#[test]
fn the_page_is_served_on_loopback_alone() {
    let error = House::new("").fails(&["app", "create", "--listen", "0.0.0.0:0"], 2);
    assert!(
        error.contains("others can reach it: name a loopback address, such as 127.0.0.1:8765"),
        "{error}"
    );
}

#[test]
fn doctor_looks_at_this_machine_and_at_github() {
    let github = Github::start();
    let app = github.fake.create_app("p", "acme", &[("metadata", "read")], &["push"]);
    let mut house = House::new("");
    house.file("app.pem", &PRIVATE_KEY);
    house.file("secret", "s");
    house.configure(&format!(
        "sources: {{ github: {{ secrets: ['file:secret'], app: {{ id: {}, private_key: 'file:app.pem', base_url: '{}' }} }} }}\n",
        app.id, github.url
    ));
    let check = |house: &House, listen: &str| {
        let output = house.run(&["doctor", "--json", "--listen", listen]);
        let all: Value = serde_json::from_slice(&output.stdout).unwrap();
        let status = |name: &str| {
            let found = all.as_array().unwrap().iter().find(|check| check["check"] == name);
            found.map_or_else(|| panic!("no {name} in {all}"), |check| check["status"].clone())
        };
        let seen = ["configuration", "store", "server", "github", "installations"].map(status);
        (seen, output.status.code())
    };
    // Nothing subscribes to anything: a warning of the configuration.
    let (seen, status) = check(&house, "127.0.0.1:1");
    assert_eq!((seen, status), (["warning", "ok", "failed", "ok", "failed"].map(Value::from), Some(1)));
    house.serve();
    let address = house.url().replace("http://", "").replace("/webhooks/github", "");
    let (seen, _) = check(&house, &address);
    assert_eq!(seen, ["warning", "ok", "ok", "ok", "failed"].map(Value::from));
    house.configure("sources: 7\n");
    let output = house.run(&["doctor"]);
    let text = plain(&String::from_utf8(output.stdout).unwrap());
    assert!(text.starts_with("failed   configuration  pointsman.yaml:1:10: sources: "), "{text}");
    assert!(text.ends_with("\n0 ok, 0 warnings, 1 failed\n") && output.status.code() == Some(1), "{text}");
}
