//! Bad input, call by call: the error names the resource and the right that is missing, and nothing is taken for done
//! that was not.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use pointsman_aws::{DynamoDb, S3, Sqs, inline};
use pointsman_conformance::WallClock;
use pointsman_core::{
    breaker::Breakers,
    config,
    outcome::Outcome,
    pipeline::{self, Request, ingest},
    port::{
        Abandon, Archive as _, Ask, Delivered, ErrorKind, Expect, Handover as _, Message, Object, PortError,
        Queue as _, QueueAdmin as _, QueueName, Receipt, Received, Receiver as _, Records as _, Secret,
        SecretRef, Secrets,
    },
    rules::Rules,
    stepwise::Stepwise,
};
use pointsman_tests::sign;

use crate::{
    json,
    script::{Answer, Service},
    sqs, url, xml,
};

fn jobs() -> QueueName {
    "jobs".parse().expect("a queue's name")
}

fn records(service: &Service) -> Arc<DynamoDb> {
    Arc::new(DynamoDb::new(&service.connection, "marks", Arc::new(WallClock)))
}

#[track_caller]
fn names(error: &PortError, right: &str, resource: &str) {
    let text = error.to_string();
    assert_eq!(error.kind, ErrorKind::Denied, "{text}");
    assert!(text.contains(&format!("the right {right}")) && text.contains(resource), "{right}: {text}");
}

#[tokio::test]
async fn each_call_that_is_denied_names_its_right_and_its_resource() {
    let service = Service::start(|_, _| xml(403, "AccessDenied")).await;
    let archive = S3::new(&service.connection, "raw");
    let object = Object { body: "a".into(), metadata: Default::default() };
    let bucket = "the bucket `raw`";
    names(&archive.put_new("deliveries/a", object).await.unwrap_err(), "s3:PutObject", bucket);
    names(&archive.get("deliveries/a").await.unwrap_err(), "s3:GetObject", bucket);
    names(&archive.list("deliveries/", None, 9).await.unwrap_err(), "s3:ListBucket", bucket);
    names(&archive.delete("deliveries/a").await.unwrap_err(), "s3:DeleteObject", bucket);

    let service = Service::start(|_, _| json(400, "AccessDeniedException")).await;
    let (records, table) = (records(&service), "the table `marks`");
    let any = Expect::Anything;
    names(&records.get("routed/a").await.unwrap_err(), "dynamodb:GetItem", table);
    let put = records.put_if("routed/a", "v".into(), any.clone(), None).await;
    names(&put.unwrap_err(), "dynamodb:PutItem", table);
    names(&records.list("routed/", None, 9).await.unwrap_err(), "dynamodb:Query", table);
    names(&records.delete("routed/a", any).await.unwrap_err(), "dynamodb:DeleteItem", table);
}

#[tokio::test]
async fn each_call_of_a_queue_that_is_denied_names_its_right_and_the_queue() {
    let service = Service::start(|operation, _| match operation {
        "AmazonSQS.GetQueueUrl" => url(),
        _ => json(403, "AccessDeniedException"),
    })
    .await;
    let (sqs, queue, jobs) = (sqs(&service), "`pointsman-jobs.fifo`", jobs());
    let ask = Ask { max: 1, wait: Duration::ZERO, visibility: None, session: None, sessions: None };
    let sent = sqs.send(&jobs, vec![Message::default()]).await.remove(0);
    names(&sent.unwrap_err(), "sqs:SendMessage", queue);
    names(&sqs.receive(&jobs, ask).await.unwrap_err(), "sqs:ReceiveMessage", queue);
    names(&sqs.stats(&jobs).await.unwrap_err(), "sqs:GetQueueAttributes", queue);
    names(&sqs.list().await.unwrap_err(), "sqs:ListQueues", "pointsman-");

    let service = Service::start(|_, _| json(403, "AccessDeniedException")).await;
    let until = Timestamp::now() + Duration::from_secs(30);
    let adopted = crate::sqs(&service).adopt(&jobs, vec![delivered(1)], until).await;
    names(&adopted.unwrap_err(), "sqs:GetQueueUrl", queue);
}

/// A message as Lambda hands it over.
fn delivered(number: u32) -> Delivered {
    let system = [
        ("MessageGroupId", "acme/web/branch/main"),
        ("ApproximateReceiveCount", "1"),
        ("SentTimestamp", "1795291200001"),
    ];
    Delivered {
        id: format!("{number:08}-0000-4000-8000-000000000000"),
        receipt: format!("AQEB{number}"),
        text: "{}".into(),
        system: system.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        attributes: Default::default(),
    }
}

/// Takes a message over from a service that answers calls for it with this.
async fn adopted(answer: Answer) -> (Service, Sqs, Received) {
    let service = Service::start(move |operation, _| match operation {
        "AmazonSQS.GetQueueUrl" => url(),
        _ if operation.starts_with("AmazonSQS.") => answer.clone(),
        // The tallies of attempts: none yet, and each can be written.
        _ => (200, "", "{}".to_owned()),
    })
    .await;
    let sqs = sqs(&service);
    let until = Timestamp::now() + Duration::from_secs(30);
    let mut taken = sqs.adopt(&jobs(), vec![delivered(1)], until).await.expect("it is taken over");
    (service, sqs, taken.remove(0))
}

#[tokio::test]
async fn a_message_that_cannot_be_settled_is_not_taken_for_settled() {
    let batch = |code: &str| {
        let failed = format!(r#"{{"Id":"0","Code":"{code}","SenderFault":true,"Message":"said so"}}"#);
        (200, "", format!(r#"{{"Successful":[],"Failed":[{failed}]}}"#))
    };
    let cases = [
        (batch("ReceiptHandleIsInvalid"), ErrorKind::Conflict),
        (json(400, "ReceiptHandleIsInvalid"), ErrorKind::Conflict),
        (json(400, "QueueDoesNotExist"), ErrorKind::NotFound),
        (json(403, "AccessDeniedException"), ErrorKind::Denied),
        (json(400, "RequestThrottled"), ErrorKind::Throttled { after: None }),
        (json(500, "InternalError"), ErrorKind::Unavailable),
    ];
    for (answer, kind) in cases {
        let said = answer.2.clone();
        let (_service, sqs, message) = adopted(answer.clone()).await;
        let completed = sqs.complete(&jobs(), std::slice::from_ref(&message.receipt)).await.remove(0);
        let error = completed.unwrap_err();
        assert_eq!(error.kind, kind, "{said}: {error}");
        assert!(error.to_string().contains("jobs"), "{error}");

        // Its dead letter is not there: nor may it be gone from where it was.
        if kind != ErrorKind::Conflict {
            let (service, sqs, message) = adopted(answer).await;
            let buried = sqs.dead_letter(&jobs(), &message.receipt, "failed", "never").await.unwrap_err();
            // A queue of dead letters that is missing may still be made: the message waits for it.
            let kind = if kind == ErrorKind::NotFound { ErrorKind::Unavailable } else { kind };
            assert_eq!(buried.kind, kind, "{said}: {buried}");
            assert!(buried.to_string().contains("pointsman-jobs_dead.fifo"), "{buried}");
            assert_eq!(service.asked("DeleteMessage"), 0, "{said}: deleted, and nowhere else");
        }
    }
}

#[tokio::test]
async fn a_receipt_that_is_not_held_any_more_is_refused_without_a_call() {
    let (service, sqs, _) = adopted((200, "", "{}".to_owned())).await;
    let over = Receipt("AQEB9".into());
    let before = service.asked("AmazonSQS");
    for error in [
        sqs.complete(&jobs(), std::slice::from_ref(&over)).await.remove(0).unwrap_err(),
        sqs.abandon(&jobs(), &over, Abandon::untouched()).await.unwrap_err(),
        sqs.dead_letter(&jobs(), &over, "failed", "never").await.unwrap_err(),
    ] {
        assert_eq!(error.kind, ErrorKind::Conflict, "{error}");
        assert!(error.to_string().contains("`jobs`"), "{error}");
    }
    assert_eq!(service.asked("AmazonSQS"), before);
}

#[tokio::test]
async fn a_queue_of_the_wrong_kind_is_told_by_its_name() {
    let standard = |operation: &str, body: &str| match operation {
        "AmazonSQS.GetQueueUrl" if body.contains(".fifo") => json(400, "QueueDoesNotExist"),
        "AmazonSQS.GetQueueUrl" => {
            (200, "", r#"{"QueueUrl":"http://sqs/000000000000/pointsman-jobs"}"#.to_owned())
        }
        _ => (200, "", r#"{"Successful":[{"Id":"0","MessageId":"b","MD5OfMessageBody":"x"}]}"#.to_owned()),
    };
    let service = Service::start(standard).await;
    let sqs = sqs(&service);
    assert!(!sqs.is_ordered(&jobs()).await.unwrap());
    let message = Message { session: Some("acme/web/branch/main".into()), ..Message::default() };
    let error = sqs.send(&jobs(), vec![message]).await.remove(0).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Invalid);
    let text = error.to_string();
    assert!(text.contains("the queue `pointsman-jobs`") && text.contains("make it a FIFO queue"), "{text}");

    let service = Service::start(|_, _| url()).await;
    let sqs = crate::sqs(&service);
    assert!(sqs.is_ordered(&jobs()).await.unwrap());
    let message = Message { delay: Some(Duration::from_secs(9)), ..Message::default() };
    let text = sqs.send(&jobs(), vec![message]).await.remove(0).unwrap_err().to_string();
    assert!(text.contains("the queue `pointsman-jobs.fifo`") && text.contains("`session: none`"), "{text}");
    assert_eq!(service.asked("SendMessage"), 0);
}

/// The webhook's secret.
struct Hook;

#[async_trait::async_trait]
impl Secrets for Hook {
    async fn get(&self, _: &SecretRef) -> Result<Vec<Secret>, PortError> {
        Ok(vec![Secret::new("hook")])
    }
}

const CONFIG: &str = r#"
sources: { github: { secrets: ["env:A"] } }
subscriptions: [{ name: jobs, events: ["*"] }]
"#;

/// Takes a payload in, over what answers as the script says.
async fn taken(service: &Service, payload: &[u8]) -> Result<Outcome<pipeline::Accepted>, PortError> {
    let config = config::parse(CONFIG).expect("a configuration").config;
    let rules = Rules::load(&config, &Hook).await.expect("rules");
    let archive = Arc::new(S3::new(&service.connection, "raw"));
    let ledger = Stepwise {
        archive: archive.clone(),
        queue: Arc::new(sqs(service)),
        records: records(service),
        clock: Arc::new(WallClock),
        breakers: Breakers::default(),
    };
    let ports =
        pipeline::Ports { ledger: Arc::new(ledger), archive, clock: Arc::new(WallClock), inline: inline() };
    let signature = sign("hook", payload);
    let headers = [
        ("content-type", "application/json"),
        ("x-github-event", "issues"),
        ("x-github-delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958"),
        ("x-hub-signature-256", &signature),
    ];
    let (headers, body) = (headers.into_iter().collect(), payload.to_vec().into());
    let request = Request { source: "github".into(), headers, body, peer: [192, 0, 2, 1].into() };
    ingest(request, &rules, &ports).await
}

#[tokio::test]
async fn what_s3_did_not_take_is_neither_sent_nor_answered_as_taken() {
    let service = Service::start(|operation, _| match operation {
        "AmazonSQS.GetQueueUrl" => url(),
        _ if operation.starts_with("PUT /raw/") => xml(503, "SlowDown"),
        _ => (200, "", "{}".to_owned()),
    })
    .await;
    let error = taken(&service, br#"{"action":"opened"}"#).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Throttled { after: None }, "{error}");
    assert!(error.to_string().contains("s3:PutObject on the bucket `raw`"), "{error}");
    assert_eq!((service.asked("SendMessage"), service.asked("PutItem")), (0, 0));
}

/// The event that was sent for this payload.
async fn sent(payload: &[u8]) -> String {
    let event = Arc::new(std::sync::Mutex::new(String::new()));
    let log = event.clone();
    let service = Service::start(move |operation, body| match operation {
        "AmazonSQS.GetQueueUrl" => url(),
        "AmazonSQS.SendMessageBatch" => {
            let call: serde_json::Value = serde_json::from_str(body).expect("a call is JSON");
            let text = call["Entries"][0]["MessageBody"].as_str().expect("a message has a body");
            text.clone_into(&mut log.lock().expect("no test panics over it"));
            (200, "", r#"{"Successful":[{"Id":"0","MessageId":"b","MD5OfMessageBody":"x"}]}"#.to_owned())
        }
        _ => (200, "", "{}".to_owned()),
    })
    .await;
    // The checksum of the answer is nobody's: what was sent counts here.
    drop(taken(&service, payload).await);
    let event = event.lock().expect("no test panics over it").clone();
    assert!(event.starts_with(r#"{"specversion":"1.0""#), "{event:?}");
    event
}

#[tokio::test]
async fn every_text_of_githubs_is_in_its_event_and_what_sqs_refuses_is_referred_to() {
    let mut texts = 0;
    for payload in pointsman_tests::fixtures::derived().filter(|it| it.name.starts_with("text-")) {
        let event = sent(&payload.bytes).await;
        let text = std::str::from_utf8(&payload.bytes).expect("payloads are UTF-8");
        let small = payload.bytes.len() < 50_000;
        assert_eq!(event.contains(&format!(r#""data":{text}"#)), small, "{}", payload.name);
        texts += 1;
    }
    assert!(texts >= 9, "{texts} texts");
    let event = sent("{\"action\":\"opened\",\"note\":\"\u{ffff}\"}".as_bytes()).await;
    let read: serde_json::Value = serde_json::from_str(&event).expect("it is text, and JSON");
    assert!(read["data"].is_null() && read["dataref"].is_string(), "{event}");
}
