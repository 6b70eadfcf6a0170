//! Somebody is told: of every function, every queue, every dead letter. And the dashboard shows them all.

use pointsman_tests::template::Template;
use serde_json::Value;

use crate::{stage, subscription, template};

#[test]
fn a_function_that_fails_or_is_not_started_is_told() {
    let template = template();
    for (name, _) in template.of_type("AWS::Serverless::Function") {
        for metric in ["Errors", "Throttles"] {
            assert!(alarm(&template, "AWS/Lambda", metric, name).is_some(), "{name}: {metric}");
        }
    }
    assert!(alarm(&template, "AWS/Lambda", "Url5xxCount", "IntakeFunction").is_some());
    assert!(alarm(&template, "AWS/ApiGateway", "5xx", "Api").is_some());
}

#[test]
fn a_recover_that_does_not_run_is_told() {
    let silent = template();
    let silent = alarm(&silent, "AWS/Lambda", "Invocations", "RecoverFunction").unwrap();
    assert_eq!(
        (&silent["ComparisonOperator"], &silent["TreatMissingData"]),
        (&"LessThanThreshold".into(), &"breaching".into())
    );
}

#[test]
fn a_recover_that_lags_by_a_day_is_told_by_its_own_log() {
    let template = template();
    let filters = template.of_type("AWS::Logs::MetricFilter");
    let (_, filter) = filters.iter().find(|(name, _)| *name == "RecoverCursorAge").unwrap();
    assert_eq!(
        filter["LogGroupName"],
        template.at("/Resources/RecoverFunction/Properties/LoggingConfig/LogGroup").clone()
    );
    let metric = &filter["MetricTransformations"][0];
    let late = template.at("/Resources/RecoverLate/Properties");
    for (name, of_metric) in [("Namespace", "MetricNamespace"), ("MetricName", "MetricName")] {
        assert_eq!(late[name], metric[of_metric]);
    }
    assert_eq!((&late["Threshold"], &late["Statistic"]), (&(24 * 60 * 60).into(), &"Maximum".into()));
}

#[test]
fn a_queue_that_lags_or_has_dead_letters_is_told() {
    let depth = "ApproximateNumberOfMessagesVisible";
    for template in [template(), subscription()] {
        for (name, queue) in template.of_type("AWS::SQS::Queue") {
            let Some(dead) = queue["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"].as_str() else {
                continue;
            };
            let dead = alarm(&template, "AWS/SQS", depth, dead.trim_end_matches(".Arn"));
            assert_eq!(dead.unwrap_or(&Value::Null)["Threshold"], 1, "{name}: its dead letters");
            assert!(
                alarm(&template, "AWS/SQS", "ApproximateAgeOfOldestMessage", name).is_some(),
                "{name}: its age"
            );
            if !queue["FifoQueue"].is_null() {
                // SQS looks at the first 120,000 messages of a FIFO queue only: told at half of it.
                let deep = alarm(&template, "AWS/SQS", depth, name);
                assert_eq!(deep.unwrap_or(&Value::Null)["Threshold"], 60_000, "{name}: its depth");
            }
        }
    }
}

#[test]
fn an_alarm_says_what_to_do_to_somebody() {
    for template in [template(), subscription()] {
        for (name, alarm) in template.of_type("AWS::CloudWatch::Alarm") {
            assert!(!alarm["AlarmDescription"].is_null(), "{name}");
            for told in ["AlarmActions", "OKActions"] {
                assert_eq!(alarm[told].as_array().map(Vec::len), Some(1), "{name}: {told}");
            }
        }
    }
}

#[test]
fn an_alarm_is_there_when_what_it_watches_is() {
    let template = template();
    let condition = |name: &str| template.at(&format!("/Resources/{name}/Condition")).clone();
    for (name, alarm) in template.of_type("AWS::CloudWatch::Alarm") {
        let watched = watched(alarm);
        if name != "Intake5xxUrl" {
            assert_eq!(condition(name), condition(watched), "{name} watches {watched}");
        }
    }
    assert_eq!(condition("Intake5xxUrl"), condition("Url"));
}

#[test]
fn the_dashboard_shows_every_function_and_every_queue() {
    let template = template();
    let text = template.at("/Resources/Dashboard/Properties/DashboardBody/Fn::Sub").as_str().unwrap();
    let dashboard: Value = serde_json::from_str(text).expect("a dashboard is JSON");
    assert!(dashboard["widgets"].as_array().unwrap().len() >= 6);
    for (name, _) in template.of_type("AWS::Serverless::Function") {
        let shown = format!("\"${{AWS::StackName}}-{}\"", stage(name.trim_end_matches("Function")));
        assert!(text.contains(&shown), "{name}");
    }
    for (name, queue) in template.of_type("AWS::SQS::Queue") {
        assert!(text.contains(&format!("\"{}\"", queue["QueueName"]["Fn::Sub"].as_str().unwrap())), "{name}");
    }
}

fn alarm<'a>(template: &'a Template, namespace: &str, metric: &str, of: &str) -> Option<&'a Value> {
    let alarms = template.of_type("AWS::CloudWatch::Alarm").into_iter().map(|(_, alarm)| alarm);
    alarms
        .filter(|alarm| alarm["Namespace"] == namespace && alarm["MetricName"] == metric)
        .find(|alarm| watched(alarm) == of)
}

/// The resource that an alarm's only dimension names.
fn watched(alarm: &Value) -> &str {
    let dimension = &alarm["Dimensions"][0]["Value"];
    let name = dimension["Ref"].as_str().or_else(|| dimension["Fn::GetAtt"].as_str()).unwrap_or_default();
    name.trim_end_matches(".QueueName")
}
