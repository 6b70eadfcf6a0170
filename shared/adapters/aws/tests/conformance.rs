//! The suites over AWS's emulators: LocalStack for SQS, moto for S3, DynamoDB and Secrets Manager.

mod cases;
mod common;

use std::{sync::Arc, time::Duration};

use common::{
    fresh,
    queues::{self, Kind},
};
use jiff::Timestamp;
use pointsman_aws::{DynamoDb, S3, SecretsManager};
use pointsman_conformance::{
    Capabilities, Subject, Time, TurnedClock, WallClock, archive, ledger, queue, records, secrets,
};
use pointsman_core::{
    breaker::Breakers,
    port::{PortError, Secret, SecretRef, Secrets},
    stepwise::Stepwise,
};

/// A service that we cannot crash, and whose time is its own.
const SERVICE: Capabilities = Capabilities { restarts: false, exact_time: false, ..Capabilities::ALL };

/// SQS FIFO, as LocalStack plays it.
const FIFO: Capabilities = Capabilities {
    // Always five minutes.
    short_dedup_window: false,
    // It answers a duplicate as it answered the first.
    tells_duplicates: false,
    // A FIFO queue delays all its messages or none.
    delays: false,
    // A receive cannot name a group.
    named_sessions: false,
    // It picks among groups as it likes.
    oldest_first: false,
    // Its figures are approximations, and what it shows it hands out.
    exact_admin: false,
    // 1 MiB with all attributes, a third of it for base64.
    largest_body: 700_000,
    // Whole seconds, which LocalStack ends up to one second late; a slow machine must get through a case in time.
    visibility: Duration::from_secs(9),
    // Cases wait for half of it and for twice of it: all within the five minutes.
    dedup_window: Duration::from_secs(92),
    ..SERVICE
};

fn subject<P>(ports: P, time: Time, capabilities: Capabilities) -> Subject<P> {
    Subject { ports, time, capabilities, reopen: None, keep: Box::new(()) }
}

mod s3 {
    use super::*;

    async fn bucket() -> Subject<archive::Port> {
        let archive = Arc::new(S3::new(&common::aws(), fresh::bucket().await));
        subject(archive, Time::Real, SERVICE)
    }

    pointsman_conformance::archive_suite! { cases: 16, subject: bucket }
}

mod dynamodb {
    use super::*;

    async fn table() -> Subject<records::Port> {
        // The expiry that counts is the adapter's own, by its clock.
        let clock = Arc::new(TurnedClock::at(Timestamp::now()));
        let records = DynamoDb::new(&common::aws(), fresh::table().await, clock.clone());
        let capabilities = Capabilities { restarts: false, ..Capabilities::ALL };
        subject(Arc::new(records), Time::ByHand(clock), capabilities)
    }

    pointsman_conformance::records_suite! { cases: 20, subject: table }
}

mod secrets_manager {
    use super::*;

    /// Nothing but Secrets Manager.
    struct Nowhere;

    #[async_trait::async_trait]
    impl Secrets for Nowhere {
        async fn get(&self, reference: &SecretRef) -> Result<Vec<Secret>, PortError> {
            Err(PortError::not_found(format!("there is no {reference}")))
        }
    }

    async fn filled() -> Subject<secrets::Ports> {
        let client = aws_sdk_secretsmanager::Client::new(&common::config(&common::EMULATORS.aws));
        let (once, twice, fields) = (fresh::name(), fresh::name(), fresh::name());
        for (name, first) in
            [(&once, "kept once"), (&twice, "the old one"), (&fields, r#"{"hook":"in a field"}"#)]
        {
            client.create_secret().name(name).secret_string(first).send().await.expect("it can be made");
        }
        client
            .put_secret_value()
            .secret_id(&twice)
            .secret_string("the new one")
            .send()
            .await
            .expect("rotated");
        let reference = |text: String| text.parse::<SecretRef>().expect("a reference");
        let present = vec![
            (reference(format!("aws-sm:{once}")), vec![b"kept once".to_vec()]),
            (reference(format!("aws-sm:{twice}")), vec![b"the new one".to_vec(), b"the old one".to_vec()]),
            (reference(format!("aws-sm:{fields}#hook")), vec![b"in a field".to_vec()]),
        ];
        let missing = vec![
            (reference("aws-sm:nobody-put-this-one".into()), "nobody-put-this-one".to_owned()),
            (reference(format!("aws-sm:{fields}#other")), "other".to_owned()),
            (reference("env:NOT_HERE".into()), "NOT_HERE".to_owned()),
        ];
        let secrets = Arc::new(SecretsManager::new(&common::aws(), Arc::new(WallClock), Arc::new(Nowhere)));
        subject(secrets::Ports { secrets, present, missing }, Time::Real, SERVICE)
    }

    pointsman_conformance::secrets_suite! { cases: 4, subject: filled }
}

mod sqs {
    use super::*;

    async fn queues() -> Subject<queue::Ports> {
        let records = DynamoDb::new(&common::aws(), fresh::table().await, Arc::new(WallClock));
        subject(queues::ports(Kind::Fifo, Arc::new(records)), Time::Real, FIFO)
    }

    pointsman_conformance::queue_suite! { cases: 71, subject: queues }
}

mod stepwise_ledger {
    use super::*;

    async fn all() -> Subject<ledger::Ports> {
        let records = Arc::new(DynamoDb::new(&common::aws(), fresh::table().await, Arc::new(WallClock)));
        let archive = Arc::new(S3::new(&common::aws(), fresh::bucket().await));
        let queues = queues::ports(Kind::Fifo, records.clone());
        let ledger = Arc::new(Stepwise {
            archive: archive.clone(),
            queue: queues.queue.clone(),
            records: records.clone(),
            clock: Arc::new(WallClock),
            breakers: Breakers::default(),
        });
        subject(ledger::Ports { ledger, archive, records, queues }, Time::Real, FIFO)
    }

    pointsman_conformance::ledger_suite! { cases: 16, subject: all }
}
