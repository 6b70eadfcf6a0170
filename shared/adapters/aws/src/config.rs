//! Whose certificates are believed: the one thing of the environment that the SDK does not read by itself.

use std::{
    env,
    ffi::{OsStr, OsString},
    fs,
    path::{Path, PathBuf},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use pointsman_core::port::PortError;

/// Any of these says that something else than Amazon's own servers may answer.
const ELSEWHERE: &[&str] =
    &["SSL_CERT_FILE", "SSL_CERT_DIR", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
/// What regions with authorities of their own begin with: China, the secret ones, the European sovereign cloud.
const APART: &[&str] = &["cn-", "us-iso", "eu-iso", "eusc-"];
const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// Whose word about a server counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trust {
    /// The authorities of Amazon alone, which are in the program: reading the system's takes 3 ms of every cold start.
    Amazon,
    /// The machine's authorities.
    System,
    /// Those of one file of PEM (`AWS_CA_BUNDLE`), and no others.
    File(PathBuf),
}

impl Trust {
    /// As the environment says: Amazon's own authorities on Lambda, unless a variable speaks of others.
    pub(crate) fn from_environment() -> Self {
        Self::of(&env::vars_os().collect::<Vec<_>>())
    }

    fn of(variables: &[(OsString, OsString)]) -> Self {
        let filled = || variables.iter().filter(|(_, value)| !value.is_empty());
        let get = |name: &str| filled().find(|(key, _)| key == name).map(|(_, value)| value.as_os_str());
        if let Some(file) = get("AWS_CA_BUNDLE") {
            return Self::File(file.into());
        }
        let endpoint = |name: &OsStr| name.as_encoded_bytes().starts_with(b"AWS_ENDPOINT_URL");
        let elsewhere =
            filled().any(|(name, _)| endpoint(name)) || ELSEWHERE.iter().any(|name| get(name).is_some());
        let region = get("AWS_REGION").unwrap_or_default().as_encoded_bytes();
        let apart = APART.iter().any(|begin| region.starts_with(begin.as_bytes()));
        if get("AWS_LAMBDA_FUNCTION_NAME").is_none() || elsewhere || apart {
            Self::System
        } else {
            Self::Amazon
        }
    }

    /// The certificates, as PEM; none: the system's own.
    pub(crate) fn roots(&self) -> Result<Option<Vec<u8>>, PortError> {
        match self {
            Self::Amazon => Ok(Some(include_bytes!("roots.pem").to_vec())),
            Self::System => Ok(None),
            Self::File(path) => bundle(path).map(Some),
        }
    }
}

/// What stands there. The SDK panics at what is no certificate, so it is looked at before.
fn bundle(path: &Path) -> Result<Vec<u8>, PortError> {
    let wrong = |why: String| {
        let path = path.display();
        PortError::invalid(format!(
            "AWS_CA_BUNDLE names `{path}`, which {why}: name a file of PEM certificates"
        ))
    };
    let text = fs::read_to_string(path).map_err(|error| wrong(format!("cannot be read ({error})")))?;
    let found = certificates(&text).ok_or_else(|| wrong("has a certificate that is none".into()))?;
    if found.is_empty() {
        return Err(wrong("has no certificate".into()));
    }
    Ok(text.into_bytes())
}

/// The certificates of a PEM file, as DER; none where one is broken.
fn certificates(text: &str) -> Option<Vec<Vec<u8>>> {
    let one = |rest: &str| {
        let body: String = rest.split_once(END)?.0.split_whitespace().collect();
        BASE64_STANDARD.decode(body).ok().filter(|der| der.first() == Some(&0x30))
    };
    text.split(BEGIN).skip(1).map(one).collect()
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::*;

    fn trust(variables: &[(&str, &str)]) -> Trust {
        Trust::of(&variables.iter().map(|(name, value)| (name.into(), value.into())).collect::<Vec<_>>())
    }

    #[test]
    fn the_roots_are_those_that_amazon_publishes() {
        let found = certificates(include_str!("roots.pem")).unwrap();
        let hashes: Vec<_> = found.iter().map(|der| hex::encode(Sha256::digest(der))).collect();
        assert_eq!(
            hashes,
            [
                "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
                "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
                "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
                "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
                "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5",
            ]
        );
    }

    #[test]
    fn amazon_alone_is_believed_on_lambda_unless_something_else_may_answer() {
        let lambda = ("AWS_LAMBDA_FUNCTION_NAME", "intake");
        assert_eq!(trust(&[lambda, ("AWS_REGION", "eu-west-1")]), Trust::Amazon);
        assert_eq!(trust(&[("AWS_REGION", "eu-west-1")]), Trust::System, "a laptop may have a proxy");
        for elsewhere in [
            ("AWS_ENDPOINT_URL", "https://localhost"),
            ("AWS_ENDPOINT_URL_S3", "https://localhost"),
            ("SSL_CERT_FILE", "/etc/ca.pem"),
            ("HTTPS_PROXY", "http://proxy"),
            ("AWS_REGION", "cn-north-1"),
            ("AWS_REGION", "eusc-de-east-1"),
        ] {
            assert_eq!(trust(&[lambda, elsewhere]), Trust::System, "{elsewhere:?}");
        }
        assert_eq!(trust(&[lambda, ("SSL_CERT_FILE", "")]), Trust::Amazon, "an empty variable says nothing");
    }

    #[test]
    fn a_bundle_is_believed_alone_and_told_when_it_is_none() {
        let file = trust(&[("AWS_CA_BUNDLE", "/nowhere/ca.pem"), ("AWS_LAMBDA_FUNCTION_NAME", "intake")]);
        assert_eq!(file, Trust::File("/nowhere/ca.pem".into()));
        let error = file.roots().unwrap_err().to_string();
        assert!(error.contains("AWS_CA_BUNDLE") && error.contains("/nowhere/ca.pem"), "{error}");
        for (text, wrong) in [
            ("no certificate", Some(0)),
            ("-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----", Some(1)),
            ("-----BEGIN CERTIFICATE-----\nno base64!\n-----END CERTIFICATE-----", None),
            ("-----BEGIN CERTIFICATE-----\nMA==\n", None),
        ] {
            assert_eq!(certificates(text).map(|found| found.len()), wrong, "{text}");
        }
    }
}
