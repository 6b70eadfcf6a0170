//! Least privilege: no wildcard that is not argued, and no stage with a right that its ports do not name.

use pointsman_tests::template::{Statement, Template};

use crate::{none, stage, subscription, template};

/// Where a `*` may stand, and why.
const ARGUED: &[(&str, &str, &str)] = &[
    ("QueueNames", "*", "ListQueues knows no resource"),
    ("Traces", "*", "X-Ray's two writes know no resource"),
    ("ArchiveWrite", "${Archive.Arn}/deliveries/*", "objects of one folder"),
    ("ArchiveWrite", "${Archive.Arn}/rejected/*", "objects of one folder"),
    ("ArchiveRead", "${Archive.Arn}/deliveries/*", "objects of one folder"),
    ("ArchiveErase", "${Archive.Arn}/deliveries/*", "objects of one folder"),
    ("ArchiveErase", "${Archive.Arn}/rejected/*", "objects of one folder"),
];

/// What each stage may do, as far as it could do harm: (action, stages). What is not here, nobody may.
const WHO_MAY: &[(&str, &[&str])] = &[
    ("dynamodb:DeleteItem", &["release-orchestrator", "release-automator", "replay", "recover", "erase"]),
    (
        "dynamodb:GetItem",
        &["intake", "release-orchestrator", "release-automator", "replay", "recover", "erase"],
    ),
    (
        "dynamodb:PutItem",
        &["intake", "release-orchestrator", "release-automator", "replay", "recover", "erase"],
    ),
    ("dynamodb:Query", &["release-orchestrator", "release-automator", "replay", "recover", "erase"]),
    (
        "logs:CreateLogStream",
        &["intake", "release-orchestrator", "release-automator", "replay", "recover", "erase"],
    ),
    (
        "logs:PutLogEvents",
        &["intake", "release-orchestrator", "release-automator", "replay", "recover", "erase"],
    ),
    ("s3:DeleteObject", &["erase"]),
    ("s3:GetObject", &["intake", "release-orchestrator", "release-automator", "replay", "recover", "erase"]),
    ("s3:ListBucket", &["intake", "release-orchestrator", "release-automator", "replay", "recover", "erase"]),
    ("s3:PutObject", &["intake", "recover"]),
    ("secretsmanager:GetSecretValue", &["intake", "release-orchestrator", "release-automator", "recover"]),
    ("sqs:ChangeMessageVisibility", &["release-orchestrator", "release-automator", "replay", "erase"]),
    ("sqs:DeleteMessage", &["release-orchestrator", "release-automator", "replay", "erase"]),
    ("sqs:GetQueueAttributes", &["release-orchestrator", "release-automator", "replay", "erase"]),
    (
        "sqs:GetQueueUrl",
        &["intake", "release-orchestrator", "release-automator", "replay", "recover", "erase"],
    ),
    ("sqs:ListQueues", &["replay", "erase"]),
    ("sqs:ReceiveMessage", &["release-orchestrator", "release-automator", "replay", "erase"]),
    (
        "sqs:SendMessage",
        &["intake", "release-orchestrator", "release-automator", "replay", "recover", "erase"],
    ),
    (
        "xray:PutTelemetryRecords",
        &["intake", "release-orchestrator", "release-automator", "replay", "recover", "erase"],
    ),
    (
        "xray:PutTraceSegments",
        &["intake", "release-orchestrator", "release-automator", "replay", "recover", "erase"],
    ),
];

#[test]
fn a_wildcard_is_argued_or_not_there() {
    none(&wild(&template().statements()), "name the action, the resource, the role; or argue for it");
    none(&wild(&subscription().statements()), "name the action, the resource, the role; or argue for it");
}

#[test]
fn what_is_argued_for_is_there() {
    let statements = template().statements();
    let used = |sid: &str, resource: &str| {
        statements
            .iter()
            .any(|it| it.place.ends_with(&format!(".{sid}")) && it.resources.iter().any(|r| r == resource))
    };
    let stale = ARGUED.iter().filter(|(sid, resource, _)| !used(sid, resource));
    none(
        &stale.map(|(sid, resource, _)| format!("{sid}: {resource}")).collect::<Vec<_>>(),
        "argued for in vain",
    );
}

#[test]
fn a_wildcard_is_found() {
    let role = |action: &str, resource: &str| {
        let text = format!(
            "Resources:\n  R:\n    Type: AWS::IAM::Role\n    Properties:\n      Policies:\n        - PolicyDocument:\n            \
             Statement: [{{ Sid: Send, Effect: Allow, Action: [\"{action}\"], Resource: {resource} }}]\n"
        );
        wild(&Template::parse(&text).statements()).len()
    };
    assert_eq!(role("sqs:SendMessage", "!GetAtt Queue.Arn"), 0);
    assert_eq!(role("sqs:*", "!GetAtt Queue.Arn"), 1);
    assert_eq!(role("sqs:Send?essage", "!GetAtt Queue.Arn"), 1);
    assert_eq!(role("sqs:SendMessage", "\"*\""), 1);
    assert_eq!(role("sqs:SendMessage", "!Sub \"arn:aws:sqs:*:${AWS::AccountId}:q\""), 1);
    assert_eq!(
        role("s3:GetObject", "!Sub \"${Archive.Arn}/deliveries/*\""),
        1,
        "argued for in another statement"
    );
    assert_eq!(role("sqs:SendMessage", "[!If [A, !GetAtt Q.Arn, !Ref AWS::NoValue], !If [B, \"*\", x]]"), 1);
}

#[test]
fn a_stage_has_a_role_of_its_own_and_inline_policies_alone() {
    let template = template();
    for (name, role) in template.of_type("AWS::IAM::Role") {
        assert!(role["ManagedPolicyArns"].is_null(), "{name}: what AWS manages is not ours to keep small");
        let trusted = &role["AssumeRolePolicyDocument"]["Statement"];
        assert_eq!(trusted.as_array().unwrap().len(), 1, "{name}");
        assert_eq!(trusted[0]["Principal"]["Service"], "lambda.amazonaws.com", "{name}");
    }
    for (name, function) in template.of_type("AWS::Serverless::Function") {
        let role = name.replace("Function", "Role");
        assert_eq!(function["Role"]["Fn::GetAtt"], format!("{role}.Arn"), "{name}");
        assert!(function["Policies"].is_null(), "{name}: its rights are its role's");
    }
}

#[test]
fn a_stage_may_do_what_its_ports_name() {
    let statements = template().statements();
    let mut found = Vec::new();
    for role in statements.iter().filter(|it| it.allows && it.place.contains("Role.")) {
        let stage = stage(role.place.split("Role.").next().unwrap());
        for action in &role.actions {
            let row = WHO_MAY.iter().find(|(named, _)| named == action);
            if !row.is_some_and(|(_, stages)| stages.contains(&stage.as_str())) {
                found.push(format!("{}: {action}", role.place));
            }
        }
    }
    none(&found, "more than its ports name");
}

#[test]
fn a_stage_takes_from_its_own_queue() {
    for take in statements("Take") {
        let name = take.place.split("Role.").next().unwrap();
        let own = format!("${{{name}Queue.Arn}}");
        assert!(take.resources.contains(&own), "{name} cannot take from its own queue");
        // Everything of a repository is taken out of all queues by one stage alone.
        assert!(take.resources.len() == 1 || name == "Erase", "{name} takes from {:?}", take.resources);
    }
    for look in statements("LookAtDead") {
        assert!(look.resources.iter().all(|it| it.ends_with("Dead.Arn}")), "{:?}", look.resources);
        assert!(!look.actions.contains(&"sqs:DeleteMessage".to_owned()), "who looks takes nothing");
    }
}

#[test]
fn a_stage_writes_its_own_log_and_nothing_else() {
    let logs = statements("Logs");
    assert_eq!(logs.len(), 6);
    for logs in logs {
        let name = logs.place.split("Role.").next().unwrap().to_owned();
        assert_eq!(logs.resources, [format!("${{{name}Logs.Arn}}")]);
    }
}

/// A Function URL that anybody may call needs two rights since October 2025; the second is good by the URL alone.
#[test]
fn a_public_url_has_both_rights_and_no_third() {
    let template = template();
    let public: Vec<_> = template
        .of_type("AWS::Lambda::Permission")
        .into_iter()
        .filter(|(_, it)| it["Principal"] == "*")
        .collect();
    assert_eq!(public.len(), 2);
    let (url, invoke) = (public[0].1, public[1].1);
    assert_eq!(
        (&url["Action"], &url["FunctionUrlAuthType"]),
        (&"lambda:InvokeFunctionUrl".into(), &"NONE".into())
    );
    assert_eq!(
        (&invoke["Action"], &invoke["InvokedViaFunctionUrl"]),
        (&"lambda:InvokeFunction".into(), &true.into())
    );
    for (name, permission) in template.of_type("AWS::Lambda::Permission") {
        assert_eq!(
            permission["FunctionName"]["Fn::GetAtt"], "IntakeFunction.Arn",
            "{name}: nothing else is public"
        );
    }
}

#[test]
fn a_subscriptions_queue_names_who_may_use_it() {
    let statements = subscription().statements();
    assert_eq!(statements.len(), 4);
    for statement in statements {
        assert!(statement.principals.iter().all(|it| it.starts_with("${${Stack}-") && it.ends_with("Role}")));
    }
}

fn statements(sid: &str) -> Vec<Statement> {
    let all = template().statements();
    all.into_iter().filter(|it| it.place.ends_with(&format!("Role.{sid}"))).collect()
}

/// What an allowing statement leaves open. A refusal (only TLS) may be as wide as it likes.
fn wild(statements: &[Statement]) -> Vec<String> {
    let open = |text: &str| text.contains(['*', '?']);
    let mut found = Vec::new();
    for statement in statements.iter().filter(|it| it.allows) {
        let sid = statement.place.rsplit('.').next().unwrap();
        let argued = |text: &str| ARGUED.iter().any(|(of, what, _)| *of == sid && *what == text);
        let named = statement.actions.iter().chain(&statement.principals).filter(|it| open(it));
        let resources = statement.resources.iter().filter(|it| open(it) && !argued(it));
        found.extend(named.chain(resources).map(|it| format!("{}: {it}", statement.place)));
    }
    found
}

#[test]
fn the_front_shows_what_intake_wants_to_see_and_tells_nobody() {
    let (front, config) =
        (crate::front(), "front: { secret: \"env:A\" }\nsources: { a: { secrets: [\"env:A\"] } }");
    let header = pointsman_core::config::parse(config).unwrap().config.front.unwrap().header;
    let origin = front.at("/Resources/Distribution/Properties/DistributionConfig/Origins/0");
    let expected = serde_json::json!([{ "HeaderName": header, "HeaderValue": { "Ref": "FrontSecret" } }]);
    assert_eq!(origin["OriginCustomHeaders"], expected);
    assert_eq!(front.at("/Parameters/FrontSecret/NoEcho"), true);
}
