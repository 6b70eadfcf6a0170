//! The secrets suite: read by reference, the current version first, and never printed.

use std::sync::Arc;

use pointsman_core::port::{ErrorKind, PortError, SecretRef, Secrets};

use crate::Subject;

/// A secret store, and what the adapter's test has put into it.
#[derive(Clone)]
pub struct Ports {
    /// The port.
    pub secrets: Arc<dyn Secrets>,
    /// References, and the versions that lie there: the current one first.
    pub present: Vec<(SecretRef, Vec<Vec<u8>>)>,
    /// References to nothing, each with a word that tells where it was looked for (a variable's name, a path).
    pub missing: Vec<(SecretRef, String)>,
}

cases! {
    ($) secrets_suite, secrets, Ports;

    reading::the_current_version_comes_first,
    reading::a_missing_or_empty_secret_is_not_found_and_the_place_is_named,
    reading::a_secret_is_never_printed,
    reading::a_reference_tells_its_place_and_no_literal,
}

mod reading {
    use super::*;

    pub(super) async fn the_current_version_comes_first(subject: Subject<Ports>) {
        assert!(!subject.ports.present.is_empty(), "the subject has a secret to read");
        for (reference, expected) in &subject.ports.present {
            let read = subject.ports.secrets.get(reference).await.expect("it is there");
            // Not `assert_eq`: a failure must not print a secret either.
            let same = read.iter().map(|secret| secret.expose()).eq(expected.iter().map(Vec::as_slice));
            assert!(same, "{reference} has {} versions, not the {} expected", read.len(), expected.len());
        }
    }

    pub(super) async fn a_missing_or_empty_secret_is_not_found_and_the_place_is_named(
        subject: Subject<Ports>,
    ) {
        assert!(!subject.ports.missing.is_empty(), "the subject has a secret to miss");
        for (reference, place) in &subject.ports.missing {
            let error: PortError =
                subject.ports.secrets.get(reference).await.expect_err("nothing lies there");
            assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
            assert!(error.to_string().contains(place), "`{error}` does not say where: {place}");
        }
    }

    pub(super) async fn a_secret_is_never_printed(subject: Subject<Ports>) {
        for (reference, expected) in &subject.ports.present {
            let read = subject.ports.secrets.get(reference).await.expect("it is there");
            let printed = format!("{read:?} {read:#?}");
            for version in expected {
                let text = String::from_utf8_lossy(version);
                assert!(!printed.contains(&*text), "Debug prints the secret of {reference}");
                assert!(!printed.contains(&format!("{version:?}")), "Debug prints the bytes of {reference}");
            }
        }
    }

    pub(super) async fn a_reference_tells_its_place_and_no_literal(subject: Subject<Ports>) {
        for (reference, expected) in &subject.ports.present {
            let printed = format!("{reference} {reference:?}");
            for version in expected {
                assert!(
                    !printed.contains(&*String::from_utf8_lossy(version)),
                    "a reference prints its secret"
                );
            }
        }
        for (reference, place) in &subject.ports.missing {
            assert!(reference.to_string().contains(place), "{reference}");
        }
    }
}
