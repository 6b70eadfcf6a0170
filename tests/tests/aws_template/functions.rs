//! Functions: one a stage, built as its package says, traced, with a log that ends.

use std::{collections::BTreeSet, fs};

use pointsman_core::config;
use pointsman_tests::{
    house::root,
    template::{Template, texts},
};
use serde_json::{Value, json};

use crate::{stage, template};

const STAGES: [&str; 6] =
    ["erase", "intake", "recover", "release-automator", "release-orchestrator", "replay"];

#[test]
fn every_stage_is_a_function_of_its_own() {
    let template = template();
    let names: BTreeSet<_> =
        functions(&template).iter().map(|(name, _)| stage(name.trim_end_matches("Function"))).collect();
    assert_eq!(names, STAGES.map(str::to_owned).into());
    for (name, function) in functions(&template) {
        let stage = stage(name.trim_end_matches("Function"));
        assert_eq!(function["CodeUri"], format!("functions/{stage}"), "{name}");
        assert_eq!(function["FunctionName"]["Fn::Sub"], format!("${{AWS::StackName}}-{stage}"), "{name}");
        let built = template.at(&format!("/Resources/{name}/Metadata"));
        assert_eq!(
            *built,
            json!({ "BuildMethod": "rust-cargolambda", "BuildProperties": { "Binary": stage } }),
            "{name}"
        );
    }
}

#[test]
fn a_function_runs_on_arm_is_traced_and_knows_where_its_data_lies() {
    let template = template();
    let globals = template.at("/Globals/Function");
    assert_eq!(globals["Runtime"], "provided.al2023");
    assert_eq!(globals["Architectures"], json!(["arm64"]));
    assert_eq!(globals["Handler"], "bootstrap");
    assert_eq!(globals["Tracing"], "Active");
    let variables = globals["Environment"]["Variables"].as_object().unwrap();
    let names: Vec<_> = variables.keys().map(String::as_str).collect();
    let expected = [
        "POINTSMAN_CONFIG",
        "POINTSMAN_AWS_BUCKET",
        "POINTSMAN_AWS_TABLE",
        "POINTSMAN_AWS_QUEUE_PREFIX",
        "POINTSMAN_METRICS_NAMESPACE",
    ];
    assert_eq!(names, expected);
    // Where the dashboard looks; empty, none are written.
    let namespace = json!({ "Fn::If": ["CountsFigures", { "Fn::Sub": "Pointsman/${AWS::StackName}" }, ""] });
    assert_eq!(variables["POINTSMAN_METRICS_NAMESPACE"], namespace);
    for (name, function) in functions(&template) {
        for key in ["Runtime", "Architectures", "Tracing", "Environment", "Layers"] {
            assert!(function[key].is_null(), "{name}: {key} is said once, for all");
        }
    }
}

#[test]
fn no_secret_is_in_a_function_s_environment() {
    let text = fs::read_to_string(root().join("template.yaml")).unwrap();
    assert!(
        !text.contains("{{resolve:"),
        "CloudFormation would write the secret into the function's settings"
    );
    assert!(!text.contains("NoEcho"), "a secret is named by its ARN, never handed to the stack");
}

#[test]
fn a_functions_log_is_its_own_and_ends() {
    let template = template();
    for (name, function) in functions(&template) {
        let logs = function["LoggingConfig"]["LogGroup"]["Ref"].as_str().unwrap_or_default();
        assert_eq!(logs, name.replace("Function", "Logs"));
        let group = template.at(&format!("/Resources/{logs}/Properties"));
        assert_eq!(group["RetentionInDays"]["Ref"], "LogDays", "{name}");
        assert_eq!(
            texts(&group["LogGroupName"])[0],
            format!("/aws/lambda/${{AWS::StackName}}-{}", stage(name.trim_end_matches("Function")))
        );
    }
}

/// GitHub waits 10 s for an answer; recover's next run begins 5 minutes after the last one.
#[test]
fn a_function_has_the_time_that_its_trigger_leaves() {
    let template = template();
    let timeout =
        |name: &str| template.at(&format!("/Resources/{name}Function/Properties/Timeout")).as_u64().unwrap();
    assert!((10..=29).contains(&timeout("Intake")), "API Gateway gives up after 29 s");
    assert!(timeout("Recover") < 300);
    let schedule = template.at("/Resources/RecoverFunction/Properties/Events/Every5Minutes");
    assert_eq!(*schedule, json!({ "Type": "Schedule", "Properties": { "Schedule": "rate(5 minutes)" } }));
    let again = template.at("/Resources/RecoverFunction/Properties/EventInvokeConfig/MaximumRetryAttempts");
    assert_eq!(again, 0, "the next run does what one that failed did not");
}

/// `sam build` hands no features to cargo: the package says them.
#[test]
fn a_stages_package_builds_its_binary_for_lambda() {
    for stage in STAGES {
        let path = format!("functions/{stage}/Cargo.toml");
        let manifest = fs::read_to_string(root().join(&path)).unwrap_or_default();
        if !manifest.contains("\nlambda = ") {
            println!("{path}: no feature `lambda`: `sam build` cannot build this stage");
            continue;
        }
        let has =
            |line: &str| assert!(manifest.lines().any(|it| it.trim() == line), "{path}: `{line}` is missing");
        has("[[bin]]");
        has(&format!("name = \"{stage}\""));
        has("required-features = [\"lambda\"]");
        has("[package.metadata.lambda.build]");
        has("features = [\"lambda\"]");
    }
}

#[test]
fn all_functions_read_one_configuration() {
    let template = template();
    let layer = template.at("/Resources/Configuration");
    assert_eq!(layer["Type"], "AWS::Serverless::LayerVersion");
    let folder = layer["Properties"]["ContentUri"].as_str().unwrap();
    let files: Vec<_> =
        fs::read_dir(root().join(folder)).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(files, ["pointsman.yaml"], "a layer lies in /opt, and nothing else belongs there");
    assert_eq!(
        template.at("/Globals/Function/Environment/Variables/POINTSMAN_CONFIG"),
        "/opt/pointsman.yaml"
    );
}

#[test]
fn what_is_deployed_without_a_change_is_a_configuration_without_faults() {
    let text = fs::read_to_string(root().join("infra/aws/config/pointsman.yaml")).unwrap();
    if !config::schema().to_string().contains("\"aws\"") {
        println!(
            "the configuration knows no backend `aws`: infra/aws/config/pointsman.yaml cannot be checked"
        );
        return;
    }
    if let Err(faults) = config::parse(&text) {
        panic!("{faults}");
    }
}

fn functions(template: &Template) -> Vec<(&str, &Value)> {
    template.of_type("AWS::Serverless::Function")
}
