//! What the services refuse, throttle or do by halves: the error says whose right is missing and on what, and nothing is
//! taken for done that was not.

mod refused;
mod script;

use std::{sync::Arc, time::Duration};

use pointsman_aws::{Connection, DynamoDb, S3, SecretsManager, Sqs};
use pointsman_conformance::{TurnedClock, WallClock};
use pointsman_core::port::{
    Archive as _, ErrorKind, Expect, Message, Object, PortError, Queue as _, Records as _, Secret, SecretRef,
    Secrets,
};
use script::{Answer, Service};

fn xml(status: u16, code: &str) -> Answer {
    (status, "", format!("<Error><Code>{code}</Code><Message>said so</Message></Error>"))
}

fn json(status: u16, code: &str) -> Answer {
    (status, "", format!(r#"{{"__type":"com.amazonaws#{code}","message":"said so"}}"#))
}

#[tokio::test]
async fn a_refusal_of_s3_has_its_kind_and_names_the_bucket_and_the_right() {
    let cases = [
        (xml(503, "SlowDown"), ErrorKind::Throttled { after: None }),
        (xml(412, "PreconditionFailed"), ErrorKind::Conflict),
        (xml(409, "ConditionalRequestConflict"), ErrorKind::Unavailable),
        (xml(409, "OperationAborted"), ErrorKind::Unavailable),
        (xml(404, "NoSuchBucket"), ErrorKind::Unavailable),
        (xml(403, "AccessDenied"), ErrorKind::Denied),
        (xml(500, "InternalError"), ErrorKind::Unavailable),
        ((503, "", "<html>".to_owned()), ErrorKind::Unavailable),
    ];
    for (answer, kind) in cases {
        let said = answer.clone();
        let service = Service::start(move |_, _| answer.clone()).await;
        let archive = S3::new(&service.connection, "raw");
        let object = Object { body: "a".into(), metadata: Default::default() };
        let error = archive.put_new("deliveries/a", object).await.unwrap_err();
        assert_eq!(error.kind, kind, "{said:?}: {error}");
        assert!(error.to_string().contains("the bucket `raw`"), "{error}");
        if kind == ErrorKind::Denied {
            assert!(error.to_string().contains("the right s3:PutObject"), "{error}");
        }
        if kind != ErrorKind::Conflict {
            // A missing bucket is not a missing object.
            assert_ne!(archive.get("deliveries/a").await.unwrap_err().kind, ErrorKind::NotFound);
        }
    }
}

#[tokio::test]
async fn a_throttle_that_says_how_long_is_passed_on() {
    let answer = (503, "retry-after: 7\r\n", xml(503, "SlowDown").2);
    let service = Service::start(move |_, _| answer.clone()).await;
    let error = S3::new(&service.connection, "raw").delete("a").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Throttled { after: Some(Duration::from_secs(7)) });
}

#[tokio::test]
async fn a_refusal_of_dynamodb_has_its_kind_and_names_the_table() {
    let cases = [
        (json(400, "ProvisionedThroughputExceededException"), ErrorKind::Throttled { after: None }),
        (json(400, "ThrottlingException"), ErrorKind::Throttled { after: None }),
        (json(400, "ConditionalCheckFailedException"), ErrorKind::Conflict),
        (json(400, "ResourceNotFoundException"), ErrorKind::Unavailable),
        (json(400, "AccessDeniedException"), ErrorKind::Denied),
        (json(500, "InternalServerError"), ErrorKind::Unavailable),
    ];
    for (answer, kind) in cases {
        let service = Service::start(move |_, _| answer.clone()).await;
        let records = DynamoDb::new(&service.connection, "marks", Arc::new(WallClock));
        let error = records.put_if("a", "v".into(), Expect::Absent, None).await.unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.to_string().contains("the table `marks`"), "{error}");
    }
}

#[tokio::test]
async fn a_write_that_was_repeated_because_its_answer_got_lost_is_no_conflict() {
    // The condition fails over the item that this very write has made.
    let service = Service::start(|_, body| {
        let version = body.split(r#""r":{"S":""#).nth(1).unwrap().split('"').next().unwrap();
        let item = format!(r#""Item":{{"r":{{"S":"{version}"}}}}"#);
        let code = r#""__type":"com.amazonaws#ConditionalCheckFailedException""#;
        (400, "", format!("{{{code},{item}}}"))
    })
    .await;
    let records = DynamoDb::new(&service.connection, "marks", Arc::new(WallClock));
    records.put_if("a", "v".into(), Expect::Absent, None).await.unwrap();
}

fn sqs(service: &Service) -> Sqs {
    let records = DynamoDb::new(&service.connection, "marks", Arc::new(WallClock));
    Sqs::new(&service.connection, "pointsman-", Arc::new(records), Arc::new(WallClock))
}

fn url() -> Answer {
    (200, "", r#"{"QueueUrl":"http://sqs/000000000000/pointsman-jobs.fifo"}"#.to_owned())
}

#[tokio::test]
async fn a_refusal_of_sqs_is_told_for_each_message_and_names_the_queue() {
    let cases = [
        (json(403, "AccessDeniedException"), ErrorKind::Denied),
        (json(403, "RequestThrottled"), ErrorKind::Throttled { after: None }),
        (json(500, "InternalError"), ErrorKind::Unavailable),
    ];
    for (answer, kind) in cases {
        let service = Service::start(move |operation, _| match operation {
            "AmazonSQS.GetQueueUrl" => url(),
            _ => answer.clone(),
        })
        .await;
        let results = sqs(&service).send(&"jobs".parse().unwrap(), vec![Message::default(); 2]).await;
        assert_eq!(results.len(), 2);
        for result in results {
            let error = result.unwrap_err();
            assert_eq!(error.kind, kind, "{error}");
            assert!(error.to_string().contains("`pointsman-jobs.fifo`"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_queue_that_was_deleted_meanwhile_is_looked_for_again() {
    let service = Service::start(|operation, _| match operation {
        "AmazonSQS.GetQueueUrl" => url(),
        "AmazonSQS.ListQueues" => (200, "", r#"{"QueueUrls":["http://sqs/1/pointsman-other"]}"#.to_owned()),
        _ => json(400, "QueueDoesNotExist"),
    })
    .await;
    let sqs = sqs(&service);
    for round in 1..=2 {
        let error = sqs.send(&"jobs".parse().unwrap(), vec![Message::default()]).await.remove(0).unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
        assert!(error.to_string().contains("`jobs`") && error.to_string().contains("other"), "{error}");
        assert_eq!(service.asked("GetQueueUrl"), round);
    }
}

#[tokio::test]
async fn what_is_behind_a_message_that_failed_is_not_sent_before_it() {
    let service = Service::start(|operation, body| match operation {
        "AmazonSQS.GetQueueUrl" => url(),
        // Every message of session a fails, for the service's own reason.
        _ if body.contains(r#""MessageGroupId":"a""#) => {
            let sent = r#"{"Id":"1","MessageId":"b","MD5OfMessageBody":"x"}"#;
            let failed = r#"{"Id":"0","Code":"InternalError","SenderFault":false}"#;
            (200, "", format!(r#"{{"Successful":[{sent}],"Failed":[{failed}]}}"#))
        }
        _ => (
            200,
            "",
            r#"{"Successful":[{"Id":"0","MessageId":"b","MD5OfMessageBody":"x"}],"Failed":[]}"#.to_owned(),
        ),
    })
    .await;
    let of = |session: &str| Message { session: Some(session.into()), ..Message::default() };
    let messages = ["a", "b", "a", "b", "a"].map(of).to_vec();
    let results = sqs(&service).send(&"jobs".parse().unwrap(), messages).await;
    let kinds: Vec<_> = results.iter().map(|result| result.as_ref().err().map(|error| error.kind)).collect();
    let failed = Some(ErrorKind::Unavailable);
    assert_eq!(kinds, [failed, None, failed, None, failed], "{results:?}");
    assert_eq!(service.asked("SendMessageBatch"), 2, "what waits behind a failure is not tried");
}

/// Nothing but Secrets Manager.
struct Nowhere;

#[async_trait::async_trait]
impl Secrets for Nowhere {
    async fn get(&self, reference: &SecretRef) -> Result<Vec<Secret>, PortError> {
        Err(PortError::not_found(format!("there is no {reference}")))
    }
}

#[tokio::test]
async fn a_secret_is_read_once_in_five_minutes_and_anew_once_a_minute_at_most() {
    let service = Service::start(|_, body| match body.contains("AWSCURRENT") {
        true => (200, "", r#"{"SecretString":"hook"}"#.to_owned()),
        false => json(400, "ResourceNotFoundException"),
    })
    .await;
    let clock = Arc::new(TurnedClock::default());
    let secrets = SecretsManager::new(&service.connection, clock.clone(), Arc::new(Nowhere));
    let reference: SecretRef = "aws-sm:hook".parse().unwrap();
    let read = async |expected: usize| {
        assert_eq!(secrets.get(&reference).await.unwrap()[0].expose(), b"hook");
        assert_eq!(service.asked("GetSecretValue"), expected * 2, "one call for each version");
    };
    read(1).await;
    clock.turn(Duration::from_secs(59));
    assert!(!secrets.refresh().await, "a flood of wrong signatures costs nothing");
    read(1).await;
    clock.turn(Duration::from_secs(2));
    assert!(secrets.refresh().await);
    read(2).await;
    clock.turn(Duration::from_secs(299));
    read(2).await;
    clock.turn(Duration::from_secs(2));
    read(3).await;
}

#[tokio::test]
async fn a_secret_that_may_not_be_read_names_the_right() {
    let service = Service::start(|_, _| json(400, "AccessDeniedException")).await;
    let secrets = SecretsManager::new(&service.connection, Arc::new(WallClock), Arc::new(Nowhere));
    let error = secrets.get(&"aws-sm:hook#key".parse().unwrap()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied);
    let text = error.to_string();
    assert!(text.contains("secretsmanager:GetSecretValue") && text.contains("`hook`"), "{text}");
}

/// Set for the process that this test starts: itself once more, as an environment is one process's own.
const CHILD: &str = "POINTSMAN_TEST_CHILD";

#[tokio::test]
async fn the_sdks_own_variables_say_where_a_service_is() {
    if std::env::var_os(CHILD).is_some() {
        let connection = Connection::from_environment().await;
        let error = S3::new(&connection, "raw").get("a").await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
        return;
    }
    let service = Service::start(|_, _| xml(404, "NoSuchKey")).await;
    let child = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_sdks_own_variables_say_where_a_service_is"])
        .envs([(CHILD, "1"), ("AWS_REGION", "eu-west-1"), ("AWS_ENDPOINT_URL_S3", &service.url)])
        .envs([("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")])
        .output();
    let child = child.await.unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stdout));
    assert_eq!(service.asked("GET /raw/a"), 1, "it was asked by its own variable");
}
