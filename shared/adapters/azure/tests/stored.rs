//! The suites of archive, records and secrets: Azurite, and a stub of Key Vault.

mod common;
mod vault;

use std::sync::Arc;

use common::AZURITE;
use jiff::Timestamp;
use pointsman_azure::{BlobArchive, BlobRecords, KeyVault};
use pointsman_conformance::{Capabilities, Subject, Time, TurnedClock, WallClock, archive, records, secrets};
use pointsman_core::port::{PortError, Secret, SecretRef, Secrets};

/// A service that we cannot crash, and whose time is its own.
const SERVICE: Capabilities = Capabilities { restarts: false, exact_time: false, ..Capabilities::ALL };

fn subject<P>(ports: P, time: Time, capabilities: Capabilities) -> Subject<P> {
    Subject { ports, time, capabilities, reopen: None, keep: Box::new(()) }
}

mod blob_archive {
    use super::*;

    async fn container() -> Subject<archive::Port> {
        let name = common::container().await;
        let archive = BlobArchive::new(&common::signed(), &AZURITE.account, &name).expect("a container");
        subject(Arc::new(archive), Time::Real, SERVICE)
    }

    pointsman_conformance::archive_suite! { cases: 16, subject: container }
}

mod blob_records {
    use super::*;

    async fn container() -> Subject<records::Port> {
        let name = common::container().await;
        // The expiry that counts is the adapter's own, by its clock.
        let clock = Arc::new(TurnedClock::at(Timestamp::now()));
        let records = BlobRecords::new(&common::signed(), &AZURITE.account, &name, clock.clone());
        let capabilities = Capabilities { restarts: false, ..Capabilities::ALL };
        subject(Arc::new(records.expect("a container")), Time::ByHand(clock), capabilities)
    }

    pointsman_conformance::records_suite! { cases: 20, subject: container }
}

mod key_vault {
    use super::*;

    /// Nothing but Key Vault.
    struct Nowhere;

    #[async_trait::async_trait]
    impl Secrets for Nowhere {
        async fn get(&self, reference: &SecretRef) -> Result<Vec<Secret>, PortError> {
            Err(PortError::not_found(format!("there is no {reference}")))
        }
    }

    async fn filled() -> Subject<secrets::Ports> {
        let vault = vault::start(&[
            ("once", &["kept once"]),
            ("twice", &["the oldest one", "the old one", "the new one"]),
            ("fields", &[r#"{"hook":"in a field"}"#]),
        ])
        .await;
        let reference = |text: &str| text.parse::<SecretRef>().expect("a reference");
        let present = vec![
            (reference("azure-kv:once"), vec![b"kept once".to_vec()]),
            (reference("azure-kv:twice"), vec![b"the new one".to_vec(), b"the old one".to_vec()]),
            (reference("azure-kv:fields#hook"), vec![b"in a field".to_vec()]),
        ];
        let missing = vec![
            (reference("azure-kv:nobody-put-this-one"), "nobody-put-this-one".to_owned()),
            (reference("azure-kv:fields#other"), "other".to_owned()),
            (reference("env:NOT_HERE"), "NOT_HERE".to_owned()),
        ];
        let secrets = KeyVault::new(&common::connection(), &vault, Arc::new(WallClock), Arc::new(Nowhere));
        let secrets = Arc::new(secrets.expect("a vault"));
        subject(secrets::Ports { secrets, present, missing }, Time::Real, SERVICE)
    }

    pointsman_conformance::secrets_suite! { cases: 4, subject: filled }
}
