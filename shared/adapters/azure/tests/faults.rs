//! What the services refuse, throttle or do by halves: the error says whose role is missing and on what, and nothing is
//! taken for done that was not.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use azure_core::{
    credentials::{AccessToken, TokenCredential, TokenRequestOptions},
    time::OffsetDateTime,
};
use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use pointsman_azure::{BlobArchive, BlobRecords, Connection, Credential, Handed, Namespace, ServiceBus};
use pointsman_conformance::{TurnedClock, WallClock};
use pointsman_core::port::{
    Abandon, Archive as _, Delivered, ErrorKind, Expect, Handover as _, Http, Message, Object, PortError,
    Queue as _, QueueName, Receiver as _, Record, Records, Version,
};

type Script = dyn Fn(&Request<Bytes>) -> Response<Bytes> + Send + Sync;

/// Answers as the test says, and remembers what was asked.
struct Service {
    script: Box<Script>,
    asked: Mutex<Vec<Request<Bytes>>>,
}

impl Service {
    fn new(script: impl Fn(&Request<Bytes>) -> Response<Bytes> + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { script: Box::new(script), asked: Mutex::default() })
    }

    fn connection(self: &Arc<Self>) -> Connection {
        Connection::new(self.clone(), Arc::new(Tokens::default())).without_retries()
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

#[async_trait]
impl Http for Service {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, PortError> {
        let answer = (self.script)(&request);
        self.asked.lock().unwrap().push(request);
        Ok(answer)
    }
}

/// A fresh token each time.
#[derive(Debug, Default)]
struct Tokens(Mutex<u32>);

#[async_trait]
impl TokenCredential for Tokens {
    async fn get_token(
        &self,
        _: &[&str],
        _: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let mut count = self.0.lock().unwrap();
        *count += 1;
        let until = OffsetDateTime::now_utc() + azure_core::time::Duration::hours(1);
        Ok(AccessToken::new(format!("token {count}"), until))
    }
}

fn answer(status: u16, code: &str) -> Response<Bytes> {
    let builder =
        Response::builder().status(status).header("x-ms-error-code", code).header("retry-after", "7");
    builder.body(format!("<Error><Code>{code}</Code><Detail>said so</Detail></Error>").into()).unwrap()
}

fn bus(service: &Arc<Service>) -> ServiceBus {
    let namespace =
        Namespace { url: "https://bus.example".into(), prefix: "pointsman-".into(), largest: 4_000 };
    ServiceBus::new(&service.connection(), namespace, Credential::Identity, Arc::new(WallClock)).unwrap()
}

fn jobs() -> QueueName {
    "jobs".parse().unwrap()
}

#[tokio::test]
async fn a_refusal_of_storage_has_its_kind_and_names_the_container_and_the_role() {
    let after = Some(Duration::from_secs(7));
    let cases = [
        (503, "ServerBusy", ErrorKind::Throttled { after }),
        (429, "TooManyRequests", ErrorKind::Throttled { after }),
        (409, "BlobAlreadyExists", ErrorKind::Conflict),
        (409, "BlobImmutableDueToPolicy", ErrorKind::Unavailable),
        (409, "LeaseIdMissing", ErrorKind::Unavailable),
        (404, "ContainerNotFound", ErrorKind::Unavailable),
        (403, "AuthorizationPermissionMismatch", ErrorKind::Denied),
        (500, "InternalError", ErrorKind::Unavailable),
    ];
    for (status, code, kind) in cases {
        let service = Service::new(move |_| answer(status, code));
        let archive = BlobArchive::new(&service.connection(), "https://account.example", "raw").unwrap();
        let object = Object { body: "a".into(), metadata: Default::default() };
        let error = archive.put_new("deliveries/a", object).await.unwrap_err();
        assert_eq!(error.kind, kind, "{code}: {error}");
        assert!(error.to_string().contains("the container `raw`"), "{error}");
        if kind == ErrorKind::Denied {
            assert!(error.to_string().contains("\"Storage Blob Data Contributor\""), "{error}");
        }
        if kind != ErrorKind::Conflict {
            // A missing container is not a missing object.
            assert_ne!(archive.get("deliveries/a").await.unwrap_err().kind, ErrorKind::NotFound, "{code}");
        }
    }
}

#[tokio::test]
async fn a_record_that_was_changed_meanwhile_is_a_conflict() {
    let service = Service::new(|_| answer(412, "ConditionNotMet"));
    let records =
        BlobRecords::new(&service.connection(), "https://account.example", "marks", Arc::new(WallClock));
    let version = Expect::Version(Version("\"0x1\"".into()));
    let error = records.unwrap().put_if("a", "v".into(), version, None).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Conflict, "{error}");
}

#[tokio::test]
async fn a_token_that_is_refused_is_made_anew_once_and_then_the_role_is_named() {
    let service = Service::new(|request| match request.headers()["authorization"].to_str().unwrap() {
        "Bearer token 2" => answer(201, ""),
        _ => answer(401, ""),
    });
    bus(&service).send(&jobs(), vec![Message::default()]).await.remove(0).unwrap();
    assert_eq!(service.asked(), 2);
    let service = Service::new(|_| answer(401, ""));
    let error = bus(&service).send(&jobs(), vec![Message::default()]).await.remove(0).unwrap_err();
    assert_eq!((error.kind, service.asked()), (ErrorKind::Denied, 2));
    let text = error.to_string();
    assert!(
        text.contains("\"Azure Service Bus Data Sender\"") && text.contains("`pointsman-jobs`"),
        "{text}"
    );
    assert!(!text.contains("token"), "{text}");
}

#[tokio::test]
async fn a_namespace_that_throttles_says_how_long() {
    let service = Service::new(|_| answer(429, ""));
    let error = bus(&service).send(&jobs(), vec![Message::default()]).await.remove(0).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Throttled { after: Some(Duration::from_secs(7)) });
}

#[tokio::test]
async fn of_a_refused_batch_each_message_has_its_own_answer_and_none_overtakes() {
    // Whatever holds the poison is refused.
    let service = Service::new(|request| {
        let poison = String::from_utf8_lossy(request.body()).contains("poison");
        answer(if poison { 400 } else { 201 }, "")
    });
    let of = |session: &str, body: &str| Message {
        session: Some(session.into()),
        body: body.to_owned().into(),
        ..Message::default()
    };
    let large = of("a", &"x".repeat(4_000));
    let batch = vec![of("a", "1"), large, of("a", "poison"), of("b", "2"), of("a", "3")];
    let results = bus(&service).send(&jobs(), batch).await;
    let kinds: Vec<_> = results.iter().map(|result| result.as_ref().err().map(|error| error.kind)).collect();
    let refused = Some(ErrorKind::Invalid);
    assert_eq!(kinds, [None, refused, refused, None, refused], "{results:?}");
    assert_eq!(service.asked(), 4, "the batch, then each but the one behind the poison");
}

#[tokio::test]
async fn in_plain_text_no_token_leaves_this_machine() {
    let service = Service::new(|_| answer(201, ""));
    let namespace = Namespace { url: "http://bus.example".into(), prefix: "p-".into(), largest: 4_000 };
    let made = ServiceBus::new(&service.connection(), namespace, Credential::Identity, Arc::new(WallClock));
    assert_eq!(made.err().unwrap().kind, ErrorKind::Invalid);
}

/// Records in memory.
#[derive(Default)]
struct Memory(Mutex<HashMap<String, Bytes>>);

#[async_trait]
impl Records for Memory {
    async fn get(&self, key: &str) -> Result<Option<Record>, PortError> {
        let found = self.0.lock().unwrap().get(key).cloned();
        let version = Version(String::new());
        Ok(found.map(|value| Record { key: key.to_owned(), value, version }))
    }

    async fn put_if(
        &self,
        key: &str,
        value: Bytes,
        _: Expect,
        _: Option<Timestamp>,
    ) -> Result<Version, PortError> {
        self.0.lock().unwrap().insert(key.to_owned(), value);
        Ok(Version(String::new()))
    }

    async fn list(&self, _: &str, _: Option<&str>, _: usize) -> Result<Vec<Record>, PortError> {
        Ok(Vec::new())
    }

    async fn delete(&self, _: &str, _: Expect) -> Result<(), PortError> {
        Ok(())
    }
}

fn handed_out(count: u32) -> Delivered {
    let system =
        [("DeliveryCount", count.to_string()), ("SequenceNumber", "7".into()), ("SessionId", "s".into())];
    Delivered {
        id: "m".into(),
        receipt: format!("lock {count}"),
        text: "{}".into(),
        system: system.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        attributes: Default::default(),
    }
}

#[tokio::test]
async fn what_a_host_hands_over_is_counted_and_dies_after_its_last_attempt() {
    let service = Service::new(|_| answer(201, ""));
    let bus = bus(&service);
    let settings = pointsman_core::port::QueueSettings { max_deliveries: 2, ..Default::default() };
    bus.set([(jobs(), settings)]).unwrap();
    let handed = Handed::new(bus, Arc::new(Memory::default()));
    let until = Timestamp::now() + Duration::from_secs(60);
    let mut attempts = Vec::new();
    // Delivered, given back untouched, failed, ended without a word, and once more.
    for (count, how) in
        [(1, Some(Abandon::untouched())), (2, Some(Abandon::failed("no", Duration::ZERO))), (3, None)]
    {
        let taken = handed.adopt(&jobs(), vec![handed_out(count)], until).await.unwrap();
        attempts.push(taken[0].attempt);
        if let Some(how) = how {
            handed.abandon(&jobs(), &taken[0].receipt, how).await.unwrap();
        }
    }
    assert_eq!(attempts, [1, 1, 2]);
    assert_eq!(service.asked(), 0, "nothing has died yet");
    assert!(handed.adopt(&jobs(), vec![handed_out(4)], until).await.unwrap().is_empty());
    let sent = service.asked.lock().unwrap();
    assert!(sent[0].uri().path().ends_with("/pointsman-jobs_dead/messages"), "{}", sent[0].uri());
    let letter = String::from_utf8_lossy(sent[0].body());
    assert!(letter.contains("max_deliveries") && letter.contains("dead-letter-attempts"), "{letter}");
}

#[tokio::test]
async fn a_lock_that_was_lost_in_mid_flight_is_a_conflict_and_settles_nothing() {
    let service = Service::new(|_| answer(201, ""));
    let namespace =
        Namespace { url: "https://bus.example".into(), prefix: "pointsman-".into(), largest: 4_000 };
    let clock = Arc::new(TurnedClock::at(Timestamp::now()));
    let bus = ServiceBus::new(&service.connection(), namespace, Credential::Identity, clock.clone()).unwrap();
    let handed = Handed::new(bus, Arc::new(Memory::default()));
    let until = Timestamp::now() + Duration::from_secs(60);
    let taken = handed.adopt(&jobs(), vec![handed_out(1)], until).await.unwrap();
    clock.turn(Duration::from_secs(61));
    let receipt = &taken[0].receipt;
    let error = handed.dead_letter(&jobs(), receipt, "refused", "no").await.unwrap_err();
    assert_eq!((error.kind, service.asked()), (ErrorKind::Conflict, 0));
    let error = handed.abandon(&jobs(), receipt, Abandon::untouched()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Conflict);
}
