//! Secrets by reference: configuration names them, this port reads them, nothing prints them.

use std::{fmt, str::FromStr};

use async_trait::async_trait;
use zeroize::Zeroizing;

use super::PortError;

/// Where a secret lies: `env:NAME`, `file:PATH`, `aws-sm:NAME[#key]`, `azure-kv:NAME[#key]` or
/// `literal:TEXT`.
#[derive(Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "String")]
pub enum SecretRef {
    /// An environment variable.
    Env(String),
    /// A file; one trailing newline is not part of the secret.
    File(String),
    /// A secret in AWS Secrets Manager.
    AwsSecret {
        /// Its name or ARN.
        name: String,
        /// The field of it, where it is a JSON object.
        key: Option<String>,
    },
    /// A secret in Azure Key Vault.
    AzureSecret {
        /// Its name.
        name: String,
        /// The field of it, where it is a JSON object.
        key: Option<String>,
    },
    /// The secret itself, written into the configuration. Embedded host only, told with a warning.
    Literal(Zeroizing<String>),
}

impl FromStr for SecretRef {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("env" | "file" | "aws-sm" | "azure-kv" | "literal", "")) => {
                Err(format!("`{text}` names nothing after the colon"))
            }
            Some(("env", name)) => Ok(Self::Env(name.to_owned())),
            Some(("file", path)) => Ok(Self::File(path.to_owned())),
            Some((kind @ ("aws-sm" | "azure-kv"), place)) => in_a_cloud(kind, place),
            Some(("literal", value)) => Ok(Self::Literal(Zeroizing::new(value.to_owned()))),
            // The text may be a secret that was pasted here by mistake: it is not repeated.
            _ => {
                Err("a secret is named by reference: env:NAME or file:PATH (or literal:TEXT, for trying out)"
                    .into())
            }
        }
    }
}

/// `NAME[#key]`: neither may be empty.
fn in_a_cloud(kind: &str, place: &str) -> Result<SecretRef, String> {
    let (name, key) = place.split_once('#').map_or((place, None), |(name, key)| (name, Some(key)));
    if name.is_empty() || key == Some("") {
        return Err(format!("`{kind}:{place}` names no secret or no field: {kind}:NAME or {kind}:NAME#key"));
    }
    let (name, key) = (name.to_owned(), key.map(str::to_owned));
    Ok(match kind {
        "aws-sm" => SecretRef::AwsSecret { name, key },
        _ => SecretRef::AzureSecret { name, key },
    })
}

impl TryFrom<String> for SecretRef {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{path}"),
            Self::AwsSecret { name, key: None } => write!(f, "aws-sm:{name}"),
            Self::AwsSecret { name, key: Some(key) } => write!(f, "aws-sm:{name}#{key}"),
            Self::AzureSecret { name, key: None } => write!(f, "azure-kv:{name}"),
            Self::AzureSecret { name, key: Some(key) } => write!(f, "azure-kv:{name}#{key}"),
            Self::Literal(_) => f.write_str("literal:***"),
        }
    }
}

/// As shown: what a literal says is masked.
impl serde::Serialize for SecretRef {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl fmt::Debug for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// A secret's bytes: wiped when dropped, never printed.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl SecretRef {
    /// Whether it lies in a cloud's store, and is asked for when it is needed.
    pub fn in_a_cloud(&self) -> bool {
        matches!(self, Self::AwsSecret { .. } | Self::AzureSecret { .. })
    }
}

impl Secret {
    /// Takes the bytes over.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(Zeroizing::new(bytes.into()))
    }

    /// The bytes, for the one place that uses them.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// Reads secrets.
#[async_trait]
pub trait Secrets: Send + Sync {
    /// The current version first, then the previous one where the store keeps it. Never empty: a secret that is
    /// missing or empty is `NotFound`, and the message says where it was looked for.
    async fn get(&self, reference: &SecretRef) -> Result<Vec<Secret>, PortError>;
}

#[cfg(test)]
mod tests {
    use super::SecretRef;

    #[test]
    fn a_reference_to_aws_names_a_secret_and_perhaps_a_field_of_it() {
        let parse = |text: &str| text.parse::<SecretRef>();
        let secret = |name: &str, key: Option<&str>| SecretRef::AwsSecret {
            name: name.to_owned(),
            key: key.map(str::to_owned),
        };
        assert_eq!(parse("aws-sm:pointsman/hook"), Ok(secret("pointsman/hook", None)));
        let arn = "arn:aws:secretsmanager:eu-west-1:1:secret:a-b";
        assert_eq!(parse(&format!("aws-sm:{arn}#key")), Ok(secret(arn, Some("key"))));
        for text in ["aws-sm:a", "aws-sm:a#b", "azure-kv:a", "azure-kv:a#b"] {
            assert_eq!(parse(text).map(|reference| reference.to_string()).as_deref(), Ok(text));
        }
        for text in ["aws-sm:", "aws-sm:#key", "aws-sm:name#", "azure-kv:", "azure-kv:#key"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
