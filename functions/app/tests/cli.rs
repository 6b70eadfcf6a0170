//! The real `pointsman`, run as a user runs it: what it prints, where, and its exit status.

mod app;
mod aws;
mod house;
mod poison;
mod recovery;
mod replays;
mod stages;

use std::{fs, time::Duration};

use house::{House, ISSUE, PUSH, plain};
use serde_json::{Value, json};

const MINUTE: Duration = Duration::from_secs(60);

/// Commands work the same beside a running server and without one.
fn both(check: impl Fn(&mut House)) {
    for beside in [true, false] {
        let mut house = House::start("");
        house.send(ISSUE, "issues", "11111111-1111-4111-8111-111111111111");
        house.send(PUSH, "push", "22222222-2222-4222-8222-222222222222");
        if !beside {
            house.stop();
        }
        check(&mut house);
    }
}

#[test]
fn queues_shows_figures() {
    both(|house| {
        let text = plain(&house.ok(&["queues"]));
        assert!(
            text.starts_with(
                "queue  depth  in flight  delayed  dead  held  oldest  attached  paused\nall        2"
            ),
            "{text}"
        );
        let rows = house.json(&["queues"]);
        assert_eq!(
            (&rows[0]["queue"], &rows[0]["depth"], &rows[0]["attached"]),
            (&"all".into(), &2.into(), &true.into())
        );
    });
}

#[test]
fn events_are_newest_first_and_filtered() {
    both(|house| {
        let rows = house.json(&["events"]);
        let told = |row: &Value| row["event"].as_str().unwrap_or_default().to_owned();
        let all: Vec<_> = rows.as_array().unwrap().iter().map(told).collect();
        assert_eq!(all, ["push", "issues.opened"]);
        assert_eq!(rows[1]["session"], "acme/web/issue/7");
        for (filter, wanted) in [
            (&["--event", "issues"][..], 1),
            (&["--event", "!push"], 1),
            (&["--event", "issues.closed"], 0),
            (&["--repo", "acme/*"], 2),
            (&["--repo", "other/*"], 0),
            (&["--since", "1h"], 2),
            (&["--since", "2100-01-01T00:00:00Z"], 0),
            (&["--limit", "1"], 1),
        ] {
            let rows = house.json(&[&["events"], filter].concat());
            assert_eq!(rows.as_array().unwrap().len(), wanted, "{filter:?}");
        }
        assert!(plain(&house.ok(&["events"])).contains("acme/web/branch/main"));
    });
}

#[test]
fn show_tells_headers_event_and_where_it_went() {
    both(|house| {
        let id = "22222222-2222-4222-8222-222222222222";
        let text = plain(&house.ok(&["show", id]));
        for wanted in [
            "x-github-event: push",
            "type: com.github.push",
            "  all at ",
            ": in the queue",
            "session   acme/web/branch/main",
        ] {
            assert!(text.contains(wanted), "{wanted} is missing in\n{text}");
        }
        assert!(!text.contains("signature"), "no credential is kept");
        assert_eq!(house.ok(&["show", id, "--payload"]), PUSH);
        let shown = house.json(&["show", id]);
        assert_eq!(shown[0]["payload"]["ref"], "refs/heads/main");
        assert_eq!(house.ok(&["show", shown[0]["archive"].as_str().unwrap(), "--payload"]), PUSH);
        assert!(house.fails(&["show", "nothing"], 1).contains("`pointsman events` lists what came in"));
    });
}

#[test]
fn erase_tells_what_there_is_and_removes_it_when_told_to() {
    both(|house| {
        let told = |args: &[&str]| house.json(&[&["erase", "--repo", "ACME/web"], args].concat());
        let found = json!({
            "repository": "acme/web", "applied": false, "archive": 2, "rejected": 0, "records": 2, "waiting": 2,
            "dead": 0, "held_back": 0, "unreadable": 0, "unseen": 0
        });
        assert_eq!(told(&[]), found);
        let text = plain(&house.ok(&["erase", "--repo", "acme/web"]));
        assert!(text.ends_with("Nothing was removed: --apply removes it.\n"), "{text}");
        assert_eq!(
            house.fails(&["erase", "--repo", "acme/web", "--apply"], 1),
            "error: 6 things of acme/web would be removed for good: say --yes to do it\n"
        );
        assert_eq!(told(&[]), found, "until then nothing is removed");
        assert_eq!(
            plain(&house.ok(&["erase", "--installation", "7"])),
            "Nothing is kept of installation 7.\n"
        );
        assert_eq!(told(&["--apply", "--yes"])["archive"], 2);
        assert_eq!(told(&["--apply"])["archive"], 0, "nothing there, nothing to ask");
        assert_eq!(house.json(&["events"]), json!([]));
        assert_eq!(house.json(&["queues"])[0]["depth"], 0);
        for wrong in
            [&["erase"][..], &["erase", "--repo", "a/b", "--installation", "1"], &["erase", "--repo", "a"]]
        {
            house.fails(wrong, 2);
        }
    });
}

#[test]
fn receive_prints_one_event_a_line_and_completes_it() {
    both(|house| {
        assert_eq!(house.ok(&["receive", "all", "--max", "1"]).lines().count(), 1);
        let rest = house.ok(&["receive", "all"]);
        assert_eq!(rest.lines().count(), 1, "the payload's line ends are spaces here:\n{rest}");
        let event: Value = serde_json::from_str(&rest).unwrap();
        assert_eq!(
            (&event["type"], &event["data"]["ref"]),
            (&"com.github.push".into(), &"refs/heads/main".into())
        );
        assert_eq!(house.ok(&["receive", "all"]), "", "nothing more, and that is no failure");
        assert_eq!(house.json(&["queues"])[0]["depth"], 0);
    });
}

#[test]
fn receive_exec_gives_the_untouched_event_and_minds_the_exit_status() {
    both(|house| {
        let seen = house.folder().join("seen");
        let command =
            format!("cat > {}; test $POINTSMAN_EVENT_TYPE = com.github.issues.opened", seen.display());
        house.ok(&["receive", "all", "--exec", &command, "--max", "1"]);
        let event = fs::read_to_string(&seen).unwrap();
        assert!(event.ends_with(&format!("\"data\":{ISSUE}}}")), "{event}");
        let summary = house.json(&["receive", "all", "--exec", &command]);
        assert_eq!((&summary["completed"], &summary["failed"]), (&0.into(), &1.into()));
        assert_eq!(house.json(&["queues"])[0]["delayed"], 1, "it waits for its next try");
    });
}

#[test]
fn a_closed_stdout_gives_back_what_was_not_printed() {
    let mut house = House::start("");
    let padding = "x".repeat(40_000);
    let big = PUSH.replace("\"ref\"", &format!("\"padding\": \"{padding}\", \"ref\""));
    for number in 0..30 {
        house.send(&big, "push", &format!("00000000-0000-4000-8000-{number:012}"));
    }
    house.stop();
    let printed = house.first_lines(&["receive", "all"], 1);
    assert_eq!(printed.len(), 1);
    let rest = house.ok(&["receive", "all"]).lines().count();
    // What stood in the pipe when its reader left counts as printed; the pipe holds far less than all of it.
    assert!((1..30).contains(&rest), "{rest}");
}

#[test]
fn a_poison_message_dies_is_shown_retried_and_purged() {
    both(|house| {
        house.configure(
            "sources: { github: { secrets: ['file:data/webhook-secret'] } }\n\
             subscriptions: [ { name: all, events: ['*'] } ]\nqueues: { default: { max_deliveries: 1 } }\n",
        );
        let die = ["receive", "all", "--exec", "exit 7", "--max", "1"];
        house.ok(&die);
        let dead = house.json(&["dead-letters", "all"]);
        let id = dead[0]["id"].as_str().unwrap().to_owned();
        assert!(dead[0]["error"].as_str().unwrap().contains("exit status: 7"), "{dead}");
        assert!(plain(&house.ok(&["dead-letters", "all", "list"])).contains("acme/web/issue/7"));
        assert_eq!(house.json(&["dead-letters", "all", "show", &id])["event"]["data"]["action"], "opened");

        assert_eq!(house.json(&["dead-letters", "all", "retry", &id])["retried"], 1);
        assert_eq!(house.json(&["dead-letters", "all"]), Value::Array(Vec::new()));
        let events = house.ok(&["receive", "all"]);
        let retried: Vec<_> = events.lines().filter(|line| line.contains(r#""cause":"retried""#)).collect();
        assert_eq!((events.lines().count(), retried.len()), (2, 1));

        house.send_once(PUSH, "push", "33333333-3333-4333-8333-333333333333");
        house.ok(&die);
        let refused = house.fails(&["dead-letters", "all", "purge", "--all"], 1);
        assert!(refused.contains("1 dead letters of `all`") && refused.contains("--yes"), "{refused}");
        assert_eq!(house.json(&["dead-letters", "all", "purge", "--all", "--yes"])["purged"], 1);
        assert!(house.fails(&["dead-letters", "all", "retry", "999"], 1).contains("no dead letter 999"));
        house.fails(&["dead-letters", "all", "retry"], 2);
    });
}

#[test]
fn an_unknown_queue_is_told_with_the_known_ones() {
    both(|house| {
        for line in [&["receive", "al"][..], &["dead-letters", "al"], &["receive", "Not A Name"]] {
            let error = house.fails(line, 1);
            assert!(error.contains("there is no queue") && error.contains("known queues: all"), "{error}");
        }
    });
}

#[test]
fn subscriptions_are_listed_and_tested() {
    let house = House::new(
        "sources: { github: { secrets: ['env:NOT_SET_HERE'] } }\n\
         subscriptions:\n  - { name: bot, events: [issues.opened], repositories: ['acme/*'] }\n\
         \x20 - { name: deploys, events: [push], when: 'data.ref == \"refs/heads/main\"', session: repository }\n",
    );
    let list = plain(&house.ok(&["subscriptions", "list"]));
    assert!(list.contains("deploys  push") && list.contains("acme/*"), "{list}");
    let file = house.file("push.json", PUSH);
    let text = plain(&house.ok(&["subscriptions", "test", &file, "--event", "push"]));
    assert!(text.contains("no  bot: event `push` is not among [issues.opened]"), "{text}");
    assert!(text.contains("yes deploys -> queue deploys, session acme/web: "), "{text}");
    let tested = house.json(&["subscriptions", "test", &file, "--event", "push"]);
    assert_eq!(tested["event"]["type"], "com.github.push");
    assert_eq!(tested["subscriptions"][1]["matches"], true);
    let broken = house.file("broken.json", "{");
    assert!(house.fails(&["subscriptions", "test", &broken, "--event", "push"], 1).contains("not JSON"));
}

#[test]
fn config_check_tells_all_faults_and_show_no_secret() {
    let house = House::new(
        "sources: { github: { secrets: ['env:NOT_SET_HERE'] } }\nlisten: nowhere\nsubscriptions: [{ name: A, events: [push] }]\n",
    );
    let output = house.run(&["config", "check"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    for wanted in ["pointsman.yaml:2:", "pointsman.yaml:3:", "NOT_SET_HERE", "3 faults"] {
        assert!(plain(&text).contains(wanted), "{wanted} is missing in\n{text}");
    }
    let faults: Value = serde_json::from_slice(&house.run(&["config", "check", "--json"]).stdout).unwrap();
    assert_eq!(faults["faults"].as_array().unwrap().len(), 3);

    let house = House::new("sources: { github: { secrets: ['literal:hunter2-hunter2-hunter2'] } }\n");
    assert!(plain(&house.ok(&["config", "check"])).contains("no faults"));
    let shown = house.ok(&["config", "show"]) + &house.ok(&["config", "show", "--json"]);
    assert!(shown.contains("literal:***") && !shown.contains("hunter2"), "{shown}");
    assert!(house.json(&["config", "schema"])["properties"]["subscriptions"].is_object());
}

#[test]
fn send_shows_the_fronts_secret_to_its_own_server_alone() {
    const BEHIND: &str =
        "sources: { github: { secrets: ['literal:s'] } }\nfront: { secret: 'literal:by-the-front' }\n";
    let mut house = House::start(BEHIND);
    let file = house.file("issue.json", ISSUE);
    let around = house.run(&["send", &file, "--event", "issues", "--to", &house.url()]);
    assert!(plain(&String::from_utf8(around.stdout).unwrap()).starts_with("403 Forbidden\n"));
    // Now the file says where it listens.
    let address = house.url().split('/').nth(2).unwrap().to_owned();
    house.configure(&format!("listen: {address}\n{BEHIND}"));
    assert_eq!(house.json(&["send", &file, "--event", "issues"])["status"], 202);
    house.log_says("listen changed: that needs a restart", MINUTE);
    let cloud = BEHIND.replace("literal:s", "env:PATH").replace("literal:by-the-front", "env:PATH");
    house.configure(&format!("backend: aws\nlisten: {address}\n{cloud}"));
    house.log_says("backend, listen changed: that needs a restart", MINUTE);
}

#[test]
fn send_signs_and_its_exit_status_is_the_servers() {
    let house = House::start("");
    let file = house.file("issue.json", ISSUE);
    let sent = house.json(&["send", &file, "--event", "issues", "--to", &house.url()]);
    assert_eq!((&sent["status"], &sent["answer"]["session"]), (&202.into(), &"acme/web/issue/7".into()));
    let refused = house.run(&["send", &file, "--event", "issues", "--to", &house.url(), "--secret", "wrong"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(plain(&String::from_utf8(refused.stdout).unwrap()).starts_with("401 Unauthorized\n"));
    let nobody =
        house.fails(&["send", &file, "--event", "issues", "--to", "http://127.0.0.1:1/webhooks/github"], 1);
    assert!(nobody.contains("nothing listens on 127.0.0.1:1"), "{nobody}");
    let tls =
        house.fails(&["send", &file, "--event", "issues", "--to", "https://127.0.0.1:1/webhooks/github"], 1);
    assert!(tls.contains("nothing listens on 127.0.0.1:1"), "{tls}");
}

#[test]
fn follow_waits_for_more_and_sigterm_ends_it_with_status_0() {
    let house = House::start("");
    let mut receiving = house.follow(&["receive", "all", "--follow"]);
    house.send(ISSUE, "issues", "11111111-1111-4111-8111-111111111111");
    assert!(receiving.line(MINUTE).contains("com.github.issues.opened"));
    house.send(PUSH, "push", "22222222-2222-4222-8222-222222222222");
    assert!(receiving.line(MINUTE).contains("com.github.push"));
    assert_eq!(receiving.terminate(MINUTE), Some(0));
    assert_eq!(house.json(&["queues"])[0]["depth"], 0);
}

#[test]
fn a_changed_configuration_takes_effect_and_a_faulty_one_does_not() {
    let mut house = House::start(
        "sources: { github: { secrets: ['literal:s'] } }\nsubscriptions: [{ name: one, events: [push] }]\n",
    );
    house.configure(
        "sources: { github: { secrets: ['literal:s'] } }\nsubscriptions: [{ name: two, events: [push] }]\n",
    );
    house.log_says("the new configuration is in force", MINUTE);
    house.configure("subscriptions: [{ name: three }]\n");
    house.log_says("stays in force", MINUTE);
    house.send_with("s", PUSH, "push", "22222222-2222-4222-8222-222222222222");
    house.stop();
    house.configure(
        "sources: { github: { secrets: ['literal:s'] } }\nsubscriptions: [{ name: two, events: [push] }]\n",
    );
    let rows = house.json(&["queues"]);
    let depths: Vec<_> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (
                row["queue"].as_str().unwrap(),
                row["depth"].as_u64().unwrap(),
                row["attached"].as_bool().unwrap(),
            )
        })
        .collect();
    assert_eq!(depths, [("one", 0, false), ("two", 1, true)]);
}

#[test]
fn serve_tells_all_faults_at_once_and_a_second_server_who_holds_the_store() {
    let faulty = House::new("listen: nowhere\nnonsense: 1\n");
    let error = faulty.fails(&["serve"], 1);
    assert!(error.contains("pointsman.yaml:1:") && error.contains("pointsman.yaml:2:"), "{error}");
    let house = House::start("");
    let error = house.fails(&["serve", "--listen", "127.0.0.1:0"], 1);
    assert!(error.contains(&format!("`pointsman serve` (process {})", house.pid())), "{error}");
}

#[test]
fn usage_errors_are_status_2_and_completions_are_made() {
    let house = House::new("");
    for line in [
        &["nonsense"][..],
        &["send"],
        &["receive", "all", "--concurrency", "3"],
        &["events", "--since", "soon"],
        &["--listen", "127.0.0.1:0", "queues"],
    ] {
        house.fails(line, 2);
    }
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(house.ok(&["completions", shell]).contains("dead-letters"), "{shell}");
    }
}

#[test]
fn following_outlives_a_restart_of_the_server() {
    let mut house = House::start("");
    let mut receiving = house.follow(&["receive", "all", "--follow"]);
    house.send(ISSUE, "issues", "11111111-1111-4111-8111-111111111111");
    receiving.line(MINUTE);
    house.stop();
    house.serve();
    house.send(PUSH, "push", "22222222-2222-4222-8222-222222222222");
    assert!(receiving.line(MINUTE).contains("com.github.push"));
    assert_eq!(receiving.terminate(MINUTE), Some(0));
}
