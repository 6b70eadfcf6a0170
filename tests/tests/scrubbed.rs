//! Errors of ports and consumers, in whatever words: what stands in the log, in answers and in dead letters.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    fmt::Debug,
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use pointsman_conformance::TurnedClock;
use pointsman_core::{
    delivery::Headers,
    invocation,
    outcome::{Handled, Outcome, Reason, Rejection},
    pipeline::Request,
    port::{Ask, ErrorKind, Message, PortError, QueueName},
};
use pointsman_host_worker::Worker;
use pointsman_tests::{leaks::Secrets, queues::queues, said::Said};

const SAS: &str = "c2FzLXNpZ25hdHVyZQ";
const KEY: &str = "c2hhcmVkLWFjY2Vzcy1rZXk";
const AWS: &str = "wJalrXUtnFEMI-K7MDENG";
const TOKEN: &str = "ghs_16C7e42F292c6912E7710c838347Ae178B4a";
const BEARER: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxIn0.c2ln";
const PASSWORD: &str = "hunter2-of-a-proxy";
const ADDRESS: &str = "bob.builder@example.org";
const PEM: &str = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEAtest\n-----END RSA PRIVATE KEY-----";

fn secrets() -> Secrets {
    Secrets::new([
        ("a SAS signature", SAS),
        ("a shared key", KEY),
        ("an AWS key", AWS),
        ("an installation's token", TOKEN),
        ("a bearer token", BEARER),
        ("a proxy's password", PASSWORD),
        ("an address", ADDRESS),
        ("a private key", PEM),
    ])
}

/// What SDKs, proxies and consumers write.
fn words() -> Vec<String> {
    vec![
        format!("PUT https://acme.blob.core.windows.net/archive/x?sv=2025&sr=b&sig={SAS}%3D answered 403"),
        format!(
            "Endpoint=sb://acme.servicebus.windows.net/;SharedAccessKeyName=root;SharedAccessKey={KEY}= is refused"
        ),
        format!("SharedAccessSignature sr=sb%3A%2F%2Facme&sig={SAS}&se=1&skn=root"),
        format!("https://s3.amazonaws.com/b/k?X-Amz-Credential=a&X-Amz-Signature={AWS} has expired"),
        format!("aws_secret_access_key = {AWS} does not fit"),
        format!("sent authorization: Bearer {BEARER} to http://ann:{PASSWORD}@proxy:3128/"),
        format!("token {TOKEN} of {ADDRESS} is no more"),
        format!("the key {PEM} cannot be read"),
    ]
}

fn kinds() -> [ErrorKind; 5] {
    let throttled = ErrorKind::Throttled { after: Some(Duration::from_secs(1)) };
    [ErrorKind::Denied, ErrorKind::Invalid, throttled, ErrorKind::Unavailable, ErrorKind::Internal]
}

/// The `nth` way to fail, in these words.
fn failing(nth: usize, words: &str) -> Handled<()> {
    match nth {
        0 => Ok(Outcome::Skipped(words.to_owned())),
        1 => Ok(Outcome::Rejected(Rejection::new(Reason::Failed, words))),
        2 => panic!("{words}"),
        3 => Ok(Outcome::Retry { after: Duration::ZERO, cause: PortError::internal(words) }),
        nth => {
            let kind = kinds()[nth % 5];
            Err(PortError::new(kind, words).caused_by(io::Error::other(words.to_owned())))
        }
    }
}

/// One message a way and words, each tried until it is dead; the dead letters.
async fn handled() -> Vec<String> {
    let clock = Arc::new(TurnedClock::default());
    let queue: QueueName = "work".parse().unwrap();
    let queues = queues(clock.clone(), &["work"]).await;
    let all: Vec<(usize, String)> =
        words().into_iter().flat_map(|words| (0..9).map(move |nth| (nth, words.clone()))).collect();
    let messages = all.iter().enumerate().map(|(place, _)| Message {
        body: Bytes::from(place.to_string()).into(),
        session: None,
        dedup_id: place.to_string(),
        attributes: Default::default(),
        correlation: Some(place.to_string()),
        delay: None,
    });
    for sent in queues.queue.send(&queue, messages.collect()).await {
        sent.unwrap();
    }
    let all = Arc::new(all);
    let worker = Worker {
        once: true,
        max_attempts: 2,
        max_age: Duration::from_secs(60),
        ..Worker::new(queues.receiver.clone(), clock.clone(), queue.clone())
    };
    for _ in 0..4 {
        let all = all.clone();
        let handler = move |message: pointsman_core::port::Received| {
            let place: usize = std::str::from_utf8(&message.body).unwrap().parse().unwrap();
            let (nth, words) = all[place].clone();
            async move { failing(nth, &words) }
        };
        worker.clone().run(handler, std::future::pending()).await.unwrap();
        clock.turn(Duration::from_secs(120));
    }
    let mut dead = Vec::new();
    loop {
        let ask = Ask { max: 10, wait: Duration::ZERO, visibility: None, session: None, sessions: None };
        let more = queues.receiver.receive(&queue.dead_letters(), ask).await.unwrap();
        if more.is_empty() {
            return dead;
        }
        dead.extend(more.iter().map(|letter| format!("{:?}", letter.attributes).replace("\\n", "\n")));
    }
}

/// What a webhook is answered.
async fn answered(words: &str, nth: usize) -> String {
    let request = Request {
        source: "github".into(),
        headers: Headers::default(),
        body: Bytes::new(),
        peer: [127, 0, 0, 1].into(),
    };
    let words = words.to_owned();
    let stage = |_| async move {
        match failing(nth, &words) {
            Ok(Outcome::Retry { after, cause }) => Outcome::Retry { after, cause },
            Err(cause) => Outcome::Retry { after: Duration::ZERO, cause },
            Ok(_) => Outcome::Retry { after: Duration::ZERO, cause: PortError::internal(words) },
        }
    };
    let answer = invocation::answer(request, "intake", Instant::now, stage).await;
    String::from_utf8(answer.into_body()).unwrap()
}

/// Of text, and of `{:?}` in JSON: what is told in one line there has several here.
fn lines(told: impl Debug) -> String {
    format!("{told:?}").replace("\\n", "\n")
}

#[tokio::test]
async fn what_others_wrote_into_an_error_is_told_without_credentials() {
    let log = Said::default();
    let subscriber =
        tracing_subscriber::fmt().json().with_max_level(tracing_subscriber::filter::LevelFilter::TRACE);
    let _listening = tracing_subscriber::util::SubscriberInitExt::set_default(
        subscriber.with_writer(log.clone()).finish(),
    );
    invocation::tell_of_panics();
    let dead = handled().await;
    assert_eq!(dead.len(), words().len() * 8, "all but what was skipped");
    let mut answers = Vec::new();
    for words in words() {
        for nth in 2..9 {
            answers.push(answered(&words, nth).await);
        }
    }
    let secrets = secrets();
    secrets.assert_none_in("a dead letter", &dead.join("\n"));
    secrets.assert_none_in("an answer", &lines(answers));
    let log = log.text();
    assert!(log.lines().count() > 150 && log.contains("panicked at"), "the paths were not gone: {log}");
    secrets.assert_none_in("the log", &log.replace("\\n", "\n"));
}
