//! A configuration of AWS: what is refused that SQS cannot, and what it becomes.

use super::*;
use crate::config::aws::{Aws, check_prefix};

const GOOD: &str = r#"
backend: aws
sources: { github: { secrets: ["aws-sm:pointsman/webhook-secret"] } }
subscriptions:
  - { name: bot, events: [push] }
  - { name: logs, events: ["*"], session: none }
  - { name: more, events: ["*"], session: none, queue: logs }
retention: { dead_letters: 14d, erase_on_uninstall: true }
queues: { default: { max_age: 14d, visibility: 12h }, logs: { dedup_window: 5m } }
"#;

const BAD: &str = r#"backend: aws
aws: { bucket: "s3://a", table: "a b", prefix: pointsman-dev- }
sources: { github: { secrets: ["literal:hunter2"] } }
subscriptions:
  - { name: bot, events: [push], on_poison: hold }
retention: { dead_letters: 15d }
queues: { default: { dedup_window: 10m, max_age: 15d, visibility: 13h } }
"#;

const TOLD: &str = r#"pointsman.yaml:2:16: aws.bucket: `s3://a` is no name of a bucket: 3 to 63 of a-z, 0-9, - and .
pointsman.yaml:2:33: aws.table: `a b` is no name of a table: 3 to 255 of A-Z, a-z, 0-9, -, _ and .
pointsman.yaml:2:48: aws.prefix: `pointsman-dev-` is no prefix of queues: 1 to 10 of a-z, 0-9 and -, beginning with a letter or digit
pointsman.yaml:3:32: sources.github.secrets[0]: a secret written into the configuration is not for `backend: aws`: it would be packed into every function
    keep it in Secrets Manager: aws-sm:NAME or aws-sm:NAME#key
pointsman.yaml:5:45: subscriptions[0].on_poison: SQS cannot hold a session for a person: a message that fails for good would have to be dead-lettered, and its session goes on
    leave `on_poison` out, and use `pointsman dead-letters QUEUE retry`
pointsman.yaml:6:28: retention.dead_letters: `15d` is longer than SQS keeps a dead letter (14d)
    14d at most; the archive keeps the delivery, and `replay` sends it again
pointsman.yaml:7:36: queues.default.dedup_window: `10m` cannot be had: SQS's dedup window is always 5m
    leave `dedup_window` out, or write 5m
pointsman.yaml:7:50: queues.default.max_age: `15d` is not between 1m and 14d
pointsman.yaml:7:67: queues.default.visibility: `13h` is not between 1s and 12h"#;

const ELSEWHERE: &str = r#"aws: { bucket: archive }
sources: { github: { secrets: ["aws-sm:hook#key"] } }
"#;

const TOLD_ELSEWHERE: &str = r#"pointsman.yaml:1:1: aws: this section is for `backend: aws`
    write `backend: aws`, or remove the section
pointsman.yaml:2:32: sources.github.secrets[0]: aws-sm:hook#key lies in AWS Secrets Manager, which only `backend: aws` reads
    use env:NAME or file:PATH"#;

fn config(text: &str) -> Config {
    parse(text).expect("it is good").config
}

#[test]
fn what_sqs_cannot_keep_or_do_is_a_fault() {
    assert_eq!(told(BAD), TOLD);
}

#[test]
fn nothing_of_aws_is_taken_without_its_backend() {
    assert_eq!(told(ELSEWHERE), TOLD_ELSEWHERE);
}

#[test]
fn a_queue_without_sessions_is_unordered_and_every_other_is_ordered() {
    let config = config(GOOD);
    let kinds = [("bot", true), ("logs", false), ("replay", true), ("erase", false)];
    for (queue, ordered) in kinds {
        assert_eq!(config.ordered(queue), ordered, "{queue}");
    }
    assert!(config.is_aws() && !Config::default().is_aws());
}

#[test]
fn the_dedup_window_is_that_of_sqs() {
    for (queue, settings) in config(GOOD).queues() {
        assert_eq!(settings.dedup_window, Duration::from_secs(300), "{queue}");
    }
}

#[test]
fn a_place_that_nobody_names_is_told_with_where_to_name_it() {
    let error = config(GOOD).aws_places().unwrap_err().to_string();
    let parts = ["the archive's bucket", "POINTSMAN_AWS_BUCKET", "`aws: { bucket: NAME }`", "output Bucket"];
    assert!(parts.iter().all(|part| error.contains(part)), "{error}");
    let bucket = Some("archive".to_owned());
    let named = |aws| Config { aws: Some(aws), ..config(GOOD) };
    let error = named(Aws { bucket: bucket.clone(), ..Aws::default() }).aws_places().unwrap_err();
    assert!(error.to_string().contains("POINTSMAN_AWS_TABLE"), "{error}");
    let table = Some("records".to_owned());
    let places = named(Aws { bucket, table, ..Aws::default() }).aws_places().unwrap();
    assert_eq!((places.bucket.as_str(), places.prefix.as_str()), ("archive", "pointsman-"));
}

#[test]
fn what_only_the_server_minds_is_doubtful() {
    let text = format!("{GOOD}listen: 127.0.0.1:80\n");
    let warnings = parse(&text).expect("it is good").warnings;
    assert!(warnings.iter().any(|it| it.path == "listen" && it.message.contains("pointsman serve")));
}

#[test]
fn a_prefix_is_short_and_plain() {
    for (prefix, good) in [("a", true), ("pointsman-", true), ("", false), ("-a", false), ("A-", false)] {
        assert_eq!(check_prefix(prefix).is_ok(), good, "{prefix}");
    }
}
