//! Data outlives the stack, is nobody else's to read, and ends when its time is over.

use std::collections::BTreeSet;

use pointsman_core::config::Config;
use pointsman_tests::template::texts;
use serde_json::{Value, json};

use crate::{front, none, subscription, template};

/// Whose loss would be one.
const DATA: [&str; 3] = ["AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::SecretsManager::Secret"];
/// What cannot be tagged.
const TAGLESS: [&str; 13] = [
    "AWS::ApiGatewayV2::ApiMapping",
    "AWS::ApiGatewayV2::Integration",
    "AWS::ApiGatewayV2::Route",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::Lambda::Permission",
    "AWS::Lambda::Url",
    "AWS::Logs::MetricFilter",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SQS::QueuePolicy",
    "AWS::Serverless::LayerVersion",
    // By Globals:
    "AWS::Serverless::Function",
];

#[test]
fn data_outlives_its_stack() {
    let template = template();
    let data: Vec<_> = template.all().filter(|(_, it)| DATA.iter().any(|kind| it["Type"] == *kind)).collect();
    assert_eq!(data.len(), 3);
    for (name, resource) in data {
        for policy in ["DeletionPolicy", "UpdateReplacePolicy"] {
            assert_eq!(resource[policy], "Retain", "{name}: {policy}");
        }
    }
}

#[test]
fn the_archive_is_closed_encrypted_and_versioned() {
    let template = template();
    let archive = template.at("/Resources/Archive/Properties");
    let closed = &archive["PublicAccessBlockConfiguration"];
    for way in ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"] {
        assert_eq!(closed[way], true, "{way}");
    }
    assert_eq!(archive["VersioningConfiguration"]["Status"], "Enabled");
    let encrypted = archive
        .pointer("/BucketEncryption/ServerSideEncryptionConfiguration/0/ServerSideEncryptionByDefault");
    assert_eq!(encrypted, Some(&json!({ "SSEAlgorithm": "AES256" })));
    let policy = template.at("/Resources/ArchivePolicy/Properties/PolicyDocument/Statement/0");
    assert_eq!((&policy["Effect"], &policy["Action"]), (&json!("Deny"), &json!("s3:*")));
    assert_eq!(policy["Condition"], json!({ "Bool": { "aws:SecureTransport": "false" } }));
    assert_eq!(texts(&policy["Resource"]), ["${Archive.Arn}", "${Archive.Arn}/*"]);
}

#[test]
fn the_archive_forgets_old_versions_and_markers_too() {
    let template = template();
    let rules = template.at("/Resources/Archive/Properties/LifecycleConfiguration/Rules").as_array().unwrap();
    let with = |key: &str| rules.iter().find(|rule| !rule[key].is_null() && rule["Status"] == "Enabled");
    assert_eq!(with("ExpirationInDays").unwrap()["ExpirationInDays"]["Ref"], "ArchiveDays");
    assert!(
        !with("NoncurrentVersionExpiration").unwrap()["NoncurrentVersionExpiration"]["NoncurrentDays"]
            .is_null()
    );
    assert!(!with("AbortIncompleteMultipartUpload").unwrap().is_null());
    let markers = with("ExpiredObjectDeleteMarker").unwrap();
    assert!(markers["ExpirationInDays"].is_null(), "S3 refuses both in one rule");
    // An event may refer to the archive for as long as a queue and then its dead letters keep it: 14 days each.
    assert_eq!(template.at("/Parameters/ArchiveDays/MinValue"), 28);
    let by_default = Config::default().retention.archive.as_secs() / (24 * 60 * 60);
    assert_eq!(*template.at("/Parameters/ArchiveDays/Default"), by_default, "as retention.archive");
}

#[test]
fn records_are_paid_by_use_end_and_can_be_brought_back() {
    let template = template();
    let table = template.at("/Resources/Records/Properties");
    assert_eq!(table["BillingMode"], "PAY_PER_REQUEST");
    assert_eq!(table["TimeToLiveSpecification"], json!({ "AttributeName": "ttl", "Enabled": true }));
    assert_eq!(table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], true);
}

#[test]
fn the_webhooks_url_is_the_first_output() {
    let template = template();
    let outputs = template.at("/Outputs").as_object().unwrap();
    assert_eq!(outputs.keys().next().unwrap(), "WebhookUrl");
    let ways = texts(&template.at("/Outputs/WebhookUrl")["Value"]);
    assert!(ways.len() == 3 && ways.iter().all(|url| url.ends_with("webhooks/github")), "{ways:?}");
    for (name, output) in outputs {
        assert!(output["Description"].is_string(), "{name}");
    }
}

#[test]
fn everything_that_can_be_tagged_is() {
    let mut bare = Vec::new();
    for template in [template(), subscription(), front()] {
        for (name, resource) in template.all() {
            let tags = &resource["Properties"]["Tags"];
            let ours = *tags == json!({ "app": "pointsman" })
                || *tags == json!([{ "Key": "app", "Value": "pointsman" }]);
            let kind = resource["Type"].as_str().unwrap();
            if !ours && !TAGLESS.contains(&kind) {
                bare.push(format!("{name} ({kind})"));
            }
        }
    }
    none(&bare, "no tag");
    assert_eq!(*template().at("/Globals/Function/Tags"), json!({ "app": "pointsman" }));
}

#[test]
fn every_parameter_is_explained_and_used() {
    for template in [template(), subscription(), front()] {
        let parameters = template.at("/Parameters").as_object().unwrap();
        let whole: Value = ["Conditions", "Globals", "Resources", "Outputs"]
            .map(|part| template.at(&format!("/{part}")).clone())
            .into();
        let text = whole.to_string();
        let used = |name: &str| {
            text.contains(&format!("{{\"Ref\":\"{name}\"}}")) || text.contains(&format!("${{{name}}}"))
        };
        let names: BTreeSet<_> = parameters.keys().map(String::as_str).collect();
        let idle: Vec<_> = names.iter().filter(|name| !used(name)).map(|it| (*it).to_owned()).collect();
        none(&idle, "a parameter that does nothing");
        for (name, parameter) in parameters {
            assert!(parameter["Description"].is_string(), "{name}");
        }
    }
}
