//! Where things are on AWS: the section `aws`, which the environment's words come over (adapters/env).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Backend, Config, Subscription};

/// The longest prefix: with it the longest queue's name, its dead letters' too, is one that SQS takes.
pub const LONGEST_PREFIX: usize = 10;

/// Where things are on AWS. The stack's outputs name them; its functions have them from their environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Aws {
    /// The S3 bucket of the archive. Default: the variable `POINTSMAN_AWS_BUCKET`, which also comes over it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
    /// The DynamoDB table of the records. Default: the variable `POINTSMAN_AWS_TABLE`, which also comes over it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// What the queues' names on SQS begin with: 1 to 10 of a-z, 0-9 and -, beginning with a letter or digit.
    /// The variable `POINTSMAN_AWS_QUEUE_PREFIX` comes over it. Default `pointsman-`.
    pub prefix: String,
}

impl Default for Aws {
    fn default() -> Self {
        Self { bucket: None, table: None, prefix: "pointsman-".into() }
    }
}

/// The places that an AWS backend needs, all of them named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// The archive's bucket.
    pub bucket: String,
    /// The records' table.
    pub table: String,
    /// What the queues' names begin with.
    pub prefix: String,
}

/// A place that neither the file nor the environment names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`backend: aws` needs the {what}: set {variable}, or write `aws: {{ {key}: NAME }}` into pointsman.yaml (the stack's \
     output {output} names it)"
)]
pub struct NoPlace {
    what: &'static str,
    key: &'static str,
    variable: &'static str,
    output: &'static str,
}

impl Config {
    /// Where things are on AWS, for whoever opens them.
    pub fn aws_places(&self) -> Result<Places, NoPlace> {
        let Aws { bucket, table, prefix } = self.aws.clone().unwrap_or_default();
        let no_bucket =
            NoPlace { what: "archive's bucket", key: "bucket", variable: BUCKET, output: "Bucket" };
        let no_table = NoPlace { what: "records' table", key: "table", variable: TABLE, output: "Table" };
        Ok(Places { bucket: bucket.ok_or(no_bucket)?, table: table.ok_or(no_table)?, prefix })
    }

    /// Whether the messages of this queue have an order: on SQS a FIFO queue, else a standard queue.
    pub fn ordered(&self, queue: &str) -> bool {
        let all = self.all_subscriptions();
        let unordered = |it: &Subscription| it.session.as_deref() == Some("none");
        !all.iter().any(|it| it.queue() == queue && unordered(it))
    }

    /// Whether this is a configuration of AWS.
    pub fn is_aws(&self) -> bool {
        self.backend == Backend::Aws
    }
}

/// Names the bucket.
pub const BUCKET: &str = "POINTSMAN_AWS_BUCKET";
/// Names the table.
pub const TABLE: &str = "POINTSMAN_AWS_TABLE";
/// What the queues' names begin with.
pub const PREFIX: &str = "POINTSMAN_AWS_QUEUE_PREFIX";

/// Whether S3 would take this name of a bucket.
pub fn check_bucket(name: &str) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    if (3..=63).contains(&name.len()) && name.chars().all(plain) {
        return Ok(());
    }
    Err(format!("`{name}` is no name of a bucket: 3 to 63 of a-z, 0-9, - and ."))
}

/// Whether DynamoDB would take this name of a table.
pub fn check_table(name: &str) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || ['-', '_', '.'].contains(&c);
    if (3..=255).contains(&name.len()) && name.chars().all(plain) {
        return Ok(());
    }
    Err(format!("`{name}` is no name of a table: 3 to 255 of A-Z, a-z, 0-9, -, _ and ."))
}

/// Whether every queue's name fits behind this prefix.
pub fn check_prefix(prefix: &str) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let begins = prefix.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    if begins && prefix.len() <= LONGEST_PREFIX && prefix.chars().all(plain) {
        return Ok(());
    }
    let rule = format!("1 to {LONGEST_PREFIX} of a-z, 0-9 and -, beginning with a letter or digit");
    Err(format!("`{prefix}` is no prefix of queues: {rule}"))
}
