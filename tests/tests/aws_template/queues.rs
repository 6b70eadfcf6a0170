//! Queues: dead letters, retention, order, and time enough for the function that takes from them.

use pointsman_core::config;
use pointsman_tests::template::{Template, texts};
use serde_json::Value;

use crate::{stage, subscription, template};

/// 14 days, the longest that SQS keeps anything, in seconds.
const LONGEST: u64 = 14 * 24 * 60 * 60;

#[test]
fn a_queue_keeps_what_it_has_for_14_days_encrypted() {
    for template in [template(), subscription()] {
        for (name, queue) in template.of_type("AWS::SQS::Queue") {
            assert_eq!(queue["MessageRetentionPeriod"], LONGEST, "{name}");
            assert_eq!(queue["SqsManagedSseEnabled"], true, "{name}");
        }
    }
}

#[test]
fn a_queue_has_dead_letters_of_its_kind_and_a_last_resort() {
    let template = template();
    let mut pairs = 0;
    for (name, queue) in working(&template) {
        let redrive = &queue["RedrivePolicy"];
        assert_eq!(redrive["maxReceiveCount"], 1000, "{name}: the attempts that count are in the records");
        let target = redrive["deadLetterTargetArn"]["Fn::GetAtt"].as_str().unwrap();
        let dead = template.at(&format!("/Resources/{}/Properties", target.trim_end_matches(".Arn")));
        assert_eq!(dead["FifoQueue"], queue["FifoQueue"], "{name}: AWS refuses an unlike pair");
        assert_eq!(texts(&dead["RedriveAllowPolicy"]["sourceQueueArns"]).len(), 1, "{name}");
        let (stem, kind) = parts(queue);
        assert_eq!(parts(dead), (format!("{stem}_dead"), kind), "{name}: as the adapter names it");
        pairs += 1;
    }
    assert_eq!(pairs * 2, template.of_type("AWS::SQS::Queue").len(), "a queue that is neither");
}

#[test]
fn an_ordered_queue_has_high_throughput_and_the_name_that_says_so() {
    let template = template();
    for (name, queue) in template.of_type("AWS::SQS::Queue") {
        let ordered = queue["FifoQueue"] == true;
        assert_eq!(parts(queue).1, if ordered { ".fifo" } else { "" }, "{name}");
        let expected = if ordered {
            ["messageGroup", "perMessageGroupId"].map(Into::into)
        } else {
            [Value::Null, Value::Null]
        };
        assert_eq!(
            [&queue["DeduplicationScope"], &queue["FifoThroughputLimit"]],
            expected.each_ref(),
            "{name}"
        );
        assert!(queue["ContentBasedDeduplication"].is_null(), "{name}: the pipeline gives the dedup id");
        assert!(queue["DelaySeconds"].is_null(), "{name}");
    }
}

#[test]
fn a_queue_is_named_after_its_stage() {
    let template = template();
    for (name, queue) in working(&template) {
        let stage = stage(name.trim_end_matches("Queue"));
        assert_eq!(parts(queue).0, format!("${{QueuePrefix}}{stage}"), "{name}");
    }
}

/// The adapter refuses to send what has a session to a queue without order, and the other way round.
#[test]
fn a_queue_is_ordered_where_what_comes_into_it_has_sessions() {
    let text = "sources: { github: { secrets: [\"env:S\"], app: { id: 1, private_key: \"env:K\" } } }\n\
                release: { enabled: true }\nretention: { erase_on_uninstall: true }\n";
    let configured = config::parse(text).unwrap().config.all_subscriptions();
    let unordered = |it: &config::Subscription| it.session.as_deref() == Some("none");
    let mut expected: Vec<_> = configured.iter().map(|it| (it.name.clone(), !unordered(it))).collect();
    expected.push((config::REPLAY.to_owned(), true)); // one turn after another
    expected.sort_unstable();

    let template = template();
    let mut found: Vec<_> = working(&template)
        .iter()
        .map(|(name, queue)| (stage(name.trim_end_matches("Queue")), queue["FifoQueue"] == true))
        .collect();
    found.sort_unstable();
    assert_eq!(found, expected);
}

/// A name has at most 60 characters in the configuration and 80 in SQS, `_dead.fifo` and the prefix among them.
#[test]
fn a_queues_longest_name_is_one_that_sqs_takes() {
    let pattern = template().at("/Parameters/QueuePrefix/AllowedPattern").as_str().unwrap().to_owned();
    assert_eq!(pattern, "^[a-z0-9][a-z0-9-]{0,9}$");
    assert!(10 + 60 + "_dead.fifo".len() <= 80);
}

#[test]
fn a_message_is_hidden_for_six_times_as_long_as_its_function_may_run() {
    let template = template();
    let mut found = 0;
    for (name, function) in template.of_type("AWS::Serverless::Function") {
        let timeout = function["Timeout"].as_u64().unwrap();
        for event in function["Events"].as_object().into_iter().flatten().map(|(_, it)| it) {
            if event["Type"] != "SQS" {
                continue;
            }
            let source = &event["Properties"];
            let target = source["Queue"]["Fn::GetAtt"].as_str().unwrap().trim_end_matches(".Arn");
            let queue = template.at(&format!("/Resources/{target}/Properties"));
            let visibility = queue["VisibilityTimeout"].as_u64().unwrap();
            assert!((6 * timeout..=43_200).contains(&visibility), "{name}: {visibility} s for {timeout} s");
            assert_eq!(
                source["FunctionResponseTypes"],
                serde_json::json!(["ReportBatchItemFailures"]),
                "{name}"
            );
            assert!((1..=10).contains(&source["BatchSize"].as_u64().unwrap()), "{name}");
            assert_eq!(source["ScalingConfig"]["MaximumConcurrency"]["Ref"], "Concurrency", "{name}");
            found += 1;
        }
    }
    assert_eq!(found, working(&template).len(), "a queue that no function takes from");
}

#[test]
fn a_subscriptions_queue_is_as_the_stages_are() {
    let template = subscription();
    let queue = template.at("/Resources/Queue/Properties");
    let dead = template.at("/Resources/Dead/Properties");
    for (name, queue) in [("Queue", queue), ("Dead", dead)] {
        assert_eq!(texts(&queue["FifoQueue"]), ["true"], "{name}: absent where it is not ordered");
        assert_eq!(texts(&queue["DeduplicationScope"]), ["messageGroup"], "{name}");
        assert_eq!(texts(&queue["FifoThroughputLimit"]), ["perMessageGroupId"], "{name}");
    }
    assert_eq!(texts(&queue["QueueName"]), ["${${Stack}-Prefix}${Name}.fifo"]);
    assert_eq!(texts(&dead["QueueName"]), ["${${Stack}-Prefix}${Name}_dead.fifo"]);
    assert_eq!(queue["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"], "Dead.Arn");
    assert_eq!(template.at("/Parameters/MaxReceiveCount/Default"), 1000);
}

/// Those that functions take from.
fn working(template: &Template) -> Vec<(&str, &Value)> {
    let queues = template.of_type("AWS::SQS::Queue");
    queues.into_iter().filter(|(_, queue)| !queue["RedrivePolicy"].is_null()).collect()
}

/// A queue's name without its kind, and its kind (`.fifo` or nothing).
fn parts(queue: &Value) -> (String, &'static str) {
    let name = texts(&queue["QueueName"]).concat();
    match name.strip_suffix(".fifo") {
        Some(stem) => (stem.to_owned(), ".fifo"),
        None => (name, ""),
    }
}
