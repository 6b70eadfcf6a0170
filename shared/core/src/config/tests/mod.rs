//! What is refused, how it is told, and what a good file becomes.

mod aws;
mod azure;
mod cases;
mod plain;
mod release;

use std::{fmt::Write as _, path::Path, time::Duration};

use super::*;
use crate::port::{QueueSettings, SecretRef};

const GOOD: &str = r#"
listen: 0.0.0.0:9000
trusted_proxies: [10.0.0.0/8]
sources:
  github: { secrets: ["env:GITHUB_WEBHOOK_SECRET", "literal:old"], owns: ["acme/*"] }
  gitlab:
    verify: { kind: token, header: X-Gitlab-Token, secrets: ["file:gitlab"] }
    event: { header: X-Gitlab-Event }
    delivery: { header: X-Gitlab-Event-UUID }
    session: { pointer: /project/path_with_namespace }
  discord:
    verify:
      kind: ed25519
      header: X-Signature-Ed25519
      public_keys: [d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a]
      timestamp: { header: X-Signature-Timestamp }
    event: { pointer: /type }
subscriptions:
  - { name: triage-bot, events: ["issues.*", yes], repositories: ["acme/*", "!acme/attic-*"], concurrency: 8 }
  - { name: deploys, events: [push], session: repository, when: 'data.ref == "refs/heads/main"' }
  - { name: more-deploys, events: [deployment], session: repository, queue: deploys }
queues:
  default: { visibility: 1m }
  deploys: { max_deliveries: 9 }
"#;

fn good() -> Checked {
    parse(GOOD).expect("the good file is good")
}

fn told(text: &str) -> String {
    parse(text).map_or_else(|faults| faults.to_string(), |_| "no fault".into())
}

#[test]
fn every_fault_is_told_with_its_place() {
    for (rule, text, faults) in cases::CASES {
        assert_eq!(told(text), *faults, "{rule}");
    }
}

#[test]
fn faults_are_told_of_the_file_that_was_read_and_as_json() {
    let faults = parse("listen: here").unwrap_err().in_file("conf/p.yaml");
    assert!(faults.to_string().starts_with("conf/p.yaml:1:1: sources: "), "{faults}");
    let json = serde_json::to_value(&faults.faults[1]).unwrap();
    let hint = "such as 127.0.0.1:8080, or 0.0.0.0:8080 for every address of this machine";
    let expected = serde_json::json!({"path": "listen", "line": 1, "column": 9, "message": "`here` is no address with a port", "hint": hint});
    assert_eq!(json, expected);
}

#[test]
fn a_good_file_is_what_it_says() {
    let Checked { config, warnings, secrets, empty } = good();
    assert!(!empty);
    assert_eq!(config.listen.to_string(), "0.0.0.0:9000");
    assert_eq!(config.subscriptions[0].events, ["issues.*", "yes"], "`yes` is a text");
    assert!(matches!(config.sources["gitlab"].verify, Some(Verify::Token { .. })));
    let doubtful: Vec<_> = warnings.iter().map(ToString::to_string).collect();
    let hint = "for more than trying out, use env:NAME or file:PATH";
    assert_eq!(
        doubtful,
        [format!("5:52: sources.github.secrets[1]: this secret lies open in the configuration\n    {hint}")]
    );
    let places: Vec<_> =
        secrets.iter().map(|s| format!("{}:{} {} {}", s.at.line, s.at.column, s.path, s.reference)).collect();
    let expected = [
        "5:23 sources.github.secrets[0] env:GITHUB_WEBHOOK_SECRET",
        "5:52 sources.github.secrets[1] literal:***",
        "7:62 sources.gitlab.verify.secrets[0] file:gitlab",
    ];
    assert_eq!(places, expected);
}

#[test]
fn an_empty_file_says_nothing() {
    for text in ["", "\n", "# nothing\n", "---\n", "\u{feff}"] {
        assert!(
            parse(text).is_ok_and(|checked| checked.empty && checked.config.sources.is_empty()),
            "{text:?}"
        );
    }
}

#[test]
fn without_a_file_github_may_send_everything_to_one_queue() {
    let config = Config::without_file(Path::new("/data/webhook-secret"));
    assert_eq!(config.sources["github"].secrets, [SecretRef::File("/data/webhook-secret".into())]);
    assert_eq!(config.queues(), [("all".parse().unwrap(), QueueSettings::default())]);
    parse(&to_yaml(&config.shown())).expect("what runs without a file can be written as one");
}

#[test]
fn a_queue_has_its_own_settings_then_the_defaults() {
    let minute = Duration::from_secs(60);
    let settings =
        |max_deliveries| QueueSettings { max_deliveries, visibility: minute, ..QueueSettings::default() };
    let expected = [("deploys".parse().unwrap(), settings(9)), ("triage-bot".parse().unwrap(), settings(5))];
    assert_eq!(good().config.queues(), expected, "and two subscriptions of one queue make one");
}

#[test]
fn what_is_shown_is_complete_and_has_no_secret_and_means_the_same() {
    let shown = good().config.shown();
    let yaml = to_yaml(&shown);
    assert!(!yaml.contains("old") && yaml.contains("literal:***"), "{yaml}");
    let pointers = [
        ("/subscriptions/1/queue", "deploys"),
        ("/subscriptions/0/session", "entity"),
        ("/queues/triage-bot/visibility", "1m"),
        ("/queues/deploys/dedup_window", "10m"),
        ("/sources/discord/verify/signed", "{timestamp}{body}"),
        ("/sources/discord/verify/timestamp/tolerance", "5m"),
    ];
    for (pointer, expected) in pointers {
        assert_eq!(shown.pointer(pointer).and_then(|value| value.as_str()), Some(expected), "{pointer}");
    }
    assert_eq!(parse(&yaml).expect("it is a configuration itself").config.shown(), shown);
}

#[test]
fn the_schema_is_of_draft_2020_12_and_admits_no_null() {
    let schema = schema();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert!(jsonschema::meta::is_valid(&schema));
    assert!(!schema.to_string().contains("null"), "{schema:#}");
}

#[test]
fn the_subscriptions_are_bounded() {
    let many = |count: usize| {
        let mut text = String::from("sources: { github: { secrets: [\"env:A\"] } }\nsubscriptions:\n");
        for index in 0..count {
            writeln!(text, "  - {{ name: team-{index}, events: [push], repositories: [acme/*] }}").unwrap();
        }
        text
    };
    assert_eq!(parse(&many(10_000)).unwrap().config.queues().len(), 10_000);
    assert!(told(&many(10_001)).contains("subscriptions: this list may have at most 10000 entries"));
}

#[test]
fn bombs_are_refused() {
    let condition = |when: &str| format!("subscriptions: [{{ name: a, events: [push], when: '{when}' }}]");
    let cases = [
        ("# ".repeat(600_000), "the file is longer than 1048576 bytes"),
        ("[".repeat(100_000), "recursion limit exceeded"),
        ("- ".repeat(100_000), "this is nested too deeply"),
        ("{a: ".repeat(100_000), "recursion limit exceeded"),
        (format!("[{}]", "1,".repeat(300_000)), "the file has too many values"),
        (condition(&"(".repeat(100_000)), "an expression has at most"),
        (condition(&"1+".repeat(100_000)), "an expression has at most"),
    ];
    for (text, expected) in cases {
        let told = told(&text);
        assert!(told.contains(expected), "{expected}: {told}");
    }
    let deepest = format!("{}{}1{}", "(".repeat(10), "1+".repeat(900), ")".repeat(10));
    assert!(
        !told(&condition(&deepest)).contains("when"),
        "the most that is taken is compiled on a test's small stack"
    );
}

/// Cuts, doubles and swaps pieces of the good file: each result is read or refused, and no fault lies outside the text.
#[test]
fn no_mutation_of_a_file_panics() {
    const PIECES: &[&str] = &[
        "{", "}", "[", "]", ":", "- ", "\n", "  ", "'", "\"", "&a ", "*a", "!t ", "|\n", "? ", "<<: ", "~",
        "é", "\0", "#", "---\n", "0x",
    ];
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    for round in 0..3_000 {
        let mut text: Vec<char> = GOOD.chars().collect();
        for _ in 0..=random(4) {
            let at = random(text.len());
            let piece: Vec<char> = match random(3) {
                0 => PIECES[random(PIECES.len())].chars().collect(),
                1 => text[random(text.len())..].iter().take(random(40)).copied().collect(),
                _ => Vec::new(),
            };
            let end = (at + random(12)).min(text.len());
            text.splice(at..end, piece);
        }
        let text: String = text.into_iter().collect();
        plain::agrees(&text);
        if let Err(faults) = parse(&text) {
            assert!(!faults.faults.is_empty(), "round {round}");
            let last = text.lines().count() + 1;
            assert!(
                faults.faults.iter().all(|fault| (1..=last).contains(&fault.at.line)),
                "{faults}\n{text}"
            );
            assert!(
                !faults.to_string().contains("invalid type"),
                "a fault that only serde saw: {faults}\n{text}"
            );
        }
    }
}

#[test]
fn a_signature_that_can_be_repeated_is_doubted() {
    let doubts = |verify: &str, rest: &str| {
        let text = format!(
            "sources: {{ s: {{ verify: {{ {verify}, header: X-S, secrets: [\"env:S\"] }}, event: {{ header: X-E }}{rest} }} }}\nsubscriptions: [{{ name: all, events: [\"*\"] }}]\n"
        );
        let warnings = parse(&text).unwrap_or_else(|faults| panic!("{faults}")).warnings;
        warnings.into_iter().map(|fault| (fault.path, fault.message)).collect::<Vec<_>>()
    };
    let [header, pointer] = [", delivery: { header: X-Id }", ", delivery: { pointer: /id }"];
    for (verify, rest) in [
        ("kind: hmac", ""),
        ("kind: hmac", pointer),
        ("kind: token", header),
        ("kind: hmac, timestamp: { header: X-T }, signed: \"{timestamp}.{body}\"", header),
    ] {
        assert_eq!(doubts(verify, rest), [], "{verify} {rest}");
    }
    let told = doubts("kind: hmac", header);
    assert!(told.len() == 1 && told[0].0 == "sources.s.delivery.header", "{told:?}");
    let told = doubts("kind: hmac, timestamp: { header: X-T }", header);
    assert!(told.len() == 1 && told[0].1.contains("this time is not signed"), "{told:?}");
}
