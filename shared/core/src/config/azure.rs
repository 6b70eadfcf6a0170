//! Where things are on Azure: the section `azure`, which the environment's words come over (adapters/env).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Backend, Config};
use crate::port::SecretRef;

/// The longest prefix: as on AWS, so that one file fits both.
pub const LONGEST_PREFIX: usize = super::aws::LONGEST_PREFIX;

/// The largest message of the plan Standard, in bytes.
const STANDARD: usize = 256 << 10;
/// The largest message of the plan Premium, in bytes.
const PREMIUM: usize = 100 << 20;

/// Where things are on Azure. Terraform's outputs name them; its functions have them from their environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Azure {
    /// The namespace of Service Bus: its name, or its URL. Default: the variable `POINTSMAN_AZURE_NAMESPACE`, which also
    /// comes over it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Where AMQP is spoken, for an emulator on this machine that speaks it in plain text: `127.0.0.1:PORT`. The variable
    /// `POINTSMAN_AZURE_AMQP` comes over it. Default: the namespace's own, over TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amqp: Option<String>,
    /// The storage account of archive and records: its name, or its URL. Default: the variable `POINTSMAN_AZURE_ACCOUNT`,
    /// which also comes over it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The container of the archive. The variable `POINTSMAN_AZURE_CONTAINER` comes over it. Default `archive`.
    pub container: String,
    /// The container of the records. The variable `POINTSMAN_AZURE_RECORDS` comes over it. Default `records`.
    pub records: String,
    /// The Key Vault of `azure-kv:` secrets: its name, or its URL. Default: the variable `POINTSMAN_AZURE_VAULT`, which
    /// also comes over it; needed where such a secret is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vault: Option<String>,
    /// What the queues' names on Service Bus begin with: 1 to 10 of a-z, 0-9 and -, beginning with a letter or digit.
    /// The variable `POINTSMAN_AZURE_QUEUE_PREFIX` comes over it. Default `pointsman-`.
    pub prefix: String,
    /// Whether the namespace is of the plan Premium: messages of up to 100 MB, instead of 256 kB. Default false.
    pub premium: bool,
    /// A shared key of the namespace, by reference. Default none: the identity of whoever asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub key: Option<SecretRef>,
    /// The name of that key. Default `RootManageSharedAccessKey`.
    pub key_name: String,
}

impl Default for Azure {
    fn default() -> Self {
        Self {
            namespace: None,
            amqp: None,
            account: None,
            container: "archive".into(),
            records: "records".into(),
            vault: None,
            prefix: "pointsman-".into(),
            premium: false,
            key: None,
            key_name: "RootManageSharedAccessKey".into(),
        }
    }
}

/// The places that an Azure backend needs, all of them as URLs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// The namespace's URL.
    pub namespace: String,
    /// The storage account's URL.
    pub account: String,
    /// The archive's container.
    pub container: String,
    /// The records' container.
    pub records: String,
    /// The vault's URL, where one is named.
    pub vault: Option<String>,
    /// What the queues' names begin with.
    pub prefix: String,
    /// The largest message, in bytes.
    pub largest: usize,
    /// A shared key of the namespace: its name, and where it is.
    pub key: Option<(String, SecretRef)>,
}

/// A place that neither the file nor the environment names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`backend: azure` needs the {what}: set {variable}, or write `azure: {{ {key}: NAME }}` into pointsman.yaml \
     (Terraform's output {key} names it)"
)]
pub struct NoPlace {
    what: &'static str,
    key: &'static str,
    variable: &'static str,
}

impl Config {
    /// Where things are on Azure, for whoever opens them.
    pub fn azure_places(&self) -> Result<Places, NoPlace> {
        let azure = self.azure.clone().unwrap_or_default();
        let namespace = azure.namespace.ok_or(NoPlace {
            what: "namespace of Service Bus",
            key: "namespace",
            variable: NAMESPACE,
        })?;
        let account =
            azure.account.ok_or(NoPlace { what: "storage account", key: "account", variable: ACCOUNT })?;
        Ok(Places {
            namespace: url(&namespace, "servicebus.windows.net"),
            account: url(&account, "blob.core.windows.net"),
            container: azure.container,
            records: azure.records,
            vault: azure.vault.map(|vault| url(&vault, "vault.azure.net")),
            prefix: azure.prefix,
            largest: if azure.premium { PREMIUM } else { STANDARD },
            key: azure.key.map(|key| (azure.key_name, key)),
        })
    }

    /// Where AMQP is spoken: host, port, and whether over TLS.
    pub fn azure_amqp(&self) -> Result<(String, u16, bool), NoPlace> {
        let amqp = self.azure.as_ref().and_then(|azure| azure.amqp.as_deref());
        if let Some((host, port)) = amqp.and_then(|amqp| amqp.rsplit_once(':'))
            && let Ok(port) = port.parse()
        {
            return Ok((host.to_owned(), port, false));
        }
        let namespace = self.azure_places()?.namespace;
        let host = namespace.split_once("://").map_or(namespace.as_str(), |(_, rest)| rest);
        let host = host.split([':', '/']).next().unwrap_or_default();
        Ok((host.to_owned(), 5671, true))
    }

    /// The vault's URL, for whoever reads `azure-kv:` secrets.
    pub fn azure_vault(&self) -> Result<String, NoPlace> {
        let vault = self.azure.as_ref().and_then(|azure| azure.vault.as_deref());
        let vault = vault.map(|vault| url(vault, "vault.azure.net"));
        vault.ok_or(NoPlace { what: "Key Vault of its secrets", key: "vault", variable: VAULT })
    }

    /// Whether this is a configuration of Azure.
    pub fn is_azure(&self) -> bool {
        self.backend == Backend::Azure
    }

    /// Whether the stages are functions in a cloud, and nothing is kept on this machine.
    pub fn in_a_cloud(&self) -> bool {
        self.backend != Backend::Embedded
    }
}

/// A name as the service's URL; an URL as it is.
fn url(place: &str, service: &str) -> String {
    match place.contains("://") {
        true => place.trim_end_matches('/').to_owned(),
        false => format!("https://{place}.{service}"),
    }
}

/// Names the namespace.
pub const NAMESPACE: &str = "POINTSMAN_AZURE_NAMESPACE";
/// Where AMQP is spoken in plain text.
pub const AMQP: &str = "POINTSMAN_AZURE_AMQP";
/// Names the storage account.
pub const ACCOUNT: &str = "POINTSMAN_AZURE_ACCOUNT";
/// Names the archive's container.
pub const CONTAINER: &str = "POINTSMAN_AZURE_CONTAINER";
/// Names the records' container.
pub const RECORDS: &str = "POINTSMAN_AZURE_RECORDS";
/// Names the vault.
pub const VAULT: &str = "POINTSMAN_AZURE_VAULT";
/// What the queues' names begin with.
pub const PREFIX: &str = "POINTSMAN_AZURE_QUEUE_PREFIX";

/// Whether this is a name of one of Azure's resources, or the URL of one (an emulator's).
pub fn check_place(name: &str) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let is_url = name.starts_with("https://") || name.starts_with("http://127.0.0.1:");
    if is_url || ((3..=63).contains(&name.len()) && name.chars().all(plain)) {
        return Ok(());
    }
    Err(format!("`{name}` is no name of a resource: 3 to 63 of a-z, 0-9 and -, or its https URL"))
}

/// Whether this is an address of this machine, with its port.
pub fn check_amqp(place: &str) -> Result<(), String> {
    match place.parse::<std::net::SocketAddr>() {
        Ok(address) if address.ip().is_loopback() => Ok(()),
        _ => {
            Err(format!("`{place}` is no address of this machine: 127.0.0.1:PORT; elsewhere AMQP needs TLS"))
        }
    }
}

/// Whether Blob Storage would take this name of a container.
pub fn check_container(name: &str) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if (3..=63).contains(&name.len()) && name.chars().all(plain) {
        return Ok(());
    }
    Err(format!("`{name}` is no name of a container: 3 to 63 of a-z, 0-9 and -"))
}
