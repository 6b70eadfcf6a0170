//! The release stages as a user meets them: in the configuration, in the lists, at `/ready`, and in the log.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{fs, time::Duration};

use pointsman_tests::http;
use serde_json::Value;

use crate::house::{self, House, plain};

const MINUTE: Duration = Duration::from_secs(60);

/// Nobody listens there.
const NOWHERE: &str = "http://127.0.0.1:1";

fn config(release: &str) -> String {
    format!(
        "sources: {{ github: {{ secrets: ['literal:s'], app: {{ id: 7, private_key: 'file:app.pem', base_url: '{NOWHERE}' }} }} }}\n\
         subscriptions: [{{ name: all, events: ['*'] }}]\nrelease: {{ {release} }}\n"
    )
}

fn house(release: &str) -> House {
    let house = House::new("");
    house.file("app.pem", "-----BEGIN RSA PRIVATE KEY-----\nno key at all\n-----END RSA PRIVATE KEY-----\n");
    house.configure(&config(release));
    house
}

fn names<'a>(rows: &'a Value, key: &str) -> Vec<&'a str> {
    rows.as_array().unwrap().iter().map(|row| row[key].as_str().unwrap()).collect()
}

#[test]
fn the_stages_are_listed_with_all_other_subscriptions_and_queues() {
    let house = house("enabled: true, repositories: ['acme/*']");
    let all = house.json(&["subscriptions", "list"]);
    assert_eq!(names(&all, "name"), ["all", "release-orchestrator", "release-automator"]);
    assert_eq!(names(&all, "session"), ["entity", "repository", "repository"]);
    let list = plain(&house.ok(&["subscriptions", "list"]));
    assert!(list.contains("github") && list.contains("acme/*"), "{list}");
    let queues = house.json(&["queues"]);
    assert_eq!(names(&queues, "queue"), ["all", "release-automator", "release-orchestrator"]);
    assert!(queues.as_array().unwrap().iter().all(|row| row["attached"] == true), "{queues}");
    let shown = house.json(&["config", "show"]);
    assert_eq!(shown["release"]["source"], "github");
    assert_eq!(shown["queues"]["release-orchestrator"]["max_deliveries"], 5);

    let push = house.file("push.json", house::PUSH);
    let tested = plain(&house.ok(&["subscriptions", "test", &push, "--event", "push"]));
    assert!(
        tested.contains("yes release-orchestrator -> queue release-orchestrator, session acme/web"),
        "{tested}"
    );
    assert!(
        tested.contains("no  release-automator: event `push` is not among [pull_request.closed]"),
        "{tested}"
    );
}

#[test]
fn a_key_that_cannot_be_read_is_a_fault_of_the_configuration() {
    let house = house("enabled: true");
    fs::remove_file(house.folder().join("app.pem")).unwrap();
    let told = String::from_utf8(house.run(&["config", "check"]).stdout).unwrap();
    assert!(plain(&told).contains("sources.github.app.private_key: there is no file "), "{told}");
    house.fails(&["serve", "--listen", "127.0.0.1:0"], 1);
}

#[test]
fn readiness_tells_of_the_apps_key_and_a_change_of_the_configuration_reaches_the_stages() {
    let mut house = house("enabled: true");
    house.serve();
    // The key is none: the first round says so, and webhooks are taken in all the same.
    house.log_says("the private key of App 7 in file:app.pem is no RSA key in PEM", MINUTE);
    let ready = || {
        let answer = http::get(&house.url().replace("/webhooks/github", "/ready")).unwrap();
        (answer.status, serde_json::from_slice::<Value>(&answer.body).unwrap())
    };
    let key = |body: &Value| {
        let all = body["dependencies"].as_array().unwrap().iter();
        all.into_iter()
            .find(|it| it["name"] == "key of App 7")
            .map(|it| it["state"].as_str().unwrap().to_owned())
    };
    let (status, body) = ready();
    assert_eq!((status, key(&body).as_deref()), (200, Some("ok")));
    fs::remove_file(house.folder().join("app.pem")).unwrap();
    let (status, body) = ready();
    assert_eq!((status, key(&body).as_deref()), (200, Some("cannot be read: releases wait")));

    house.file("app.pem", "a key");
    house.configure(&config("enabled: false"));
    house.log_says("the new configuration is in force", MINUTE);
    let (_, body) = {
        let answer = http::get(&house.url().replace("/webhooks/github", "/ready")).unwrap();
        (answer.status, serde_json::from_slice::<Value>(&answer.body).unwrap())
    };
    assert_eq!(key(&body), None);
    house.configure(&config("enabled: true, reconcile: 2h"));
    house.log_says("is no RSA key in PEM", MINUTE);
    house.stop();
}
