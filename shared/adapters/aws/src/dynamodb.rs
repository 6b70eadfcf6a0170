//! Records in one DynamoDB table: conditional writes, and an expiry that holds before DynamoDB's own removal comes.
//!
//! The table has the string keys `p` (one of 16 parts, by the key's hash: no part gets all the writes) and `k` (the
//! record's key), its TTL on `ttl`; beside them `v` the value, `r` the version, `e` the expiry in milliseconds.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    operation::put_item::PutItemError,
    primitives::Blob,
    types::{AttributeValue, ReturnValuesOnConditionCheckFailure},
};
use bytes::Bytes;
use futures::future::try_join_all;
use jiff::Timestamp;
use pointsman_core::port::{Clock, ErrorKind, Expect, PortError, Record, Records, Version};
use sha2::{Digest as _, Sha256};

use crate::{Connection, fault::Asked};

/// Parts of the table; part of the stored format.
const PARTS: u8 = 16;
/// The largest value that the port promises to take, in bytes.
const LARGEST: usize = 64 << 10;
/// DynamoDB's longest sort key, in bytes.
const LONGEST_KEY: usize = 1_024;

type Item = HashMap<String, AttributeValue>;

/// A table. Its role needs dynamodb:GetItem, PutItem, DeleteItem and Query on it.
#[derive(Clone)]
pub struct DynamoDb {
    client: Client,
    table: String,
    name: String,
    clock: Arc<dyn Clock>,
}

impl DynamoDb {
    /// The records in this table.
    pub fn new(connection: &Connection, table: impl Into<String>, clock: Arc<dyn Clock>) -> Self {
        let table = table.into();
        let name = format!("the table `{table}`");
        Self { client: Client::new(connection.config()), table, name, clock }
    }

    fn asked(&self, right: &'static str) -> Asked<'_> {
        Asked { right, on: &self.name }
    }

    fn now(&self) -> AttributeValue {
        AttributeValue::N(self.clock.now().as_millisecond().to_string())
    }

    fn alive(&self, item: &Item) -> bool {
        let expires = item.get("e").and_then(|e| e.as_n().ok()).and_then(|e| e.parse::<i64>().ok());
        expires.is_none_or(|expires| expires > self.clock.now().as_millisecond())
    }

    /// At most `limit` live records of one part, in order.
    async fn list_part(
        &self,
        part: String,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Record>, PortError> {
        // A query takes one condition on the sort key: with a place to go on from, the prefix is looked at here.
        let (condition, from) = match after.filter(|after| *after >= prefix) {
            Some(after) => ("p = :part AND k > :from", after),
            None if prefix.is_empty() => ("p = :part AND k > :from", " "),
            None => ("p = :part AND begins_with(k, :from)", prefix),
        };
        let mut records = Vec::new();
        let mut start = None;
        while records.len() < limit {
            let page = self
                .client
                .query()
                .table_name(&self.table)
                .consistent_read(true)
                .key_condition_expression(condition)
                .expression_attribute_values(":part", AttributeValue::S(part.clone()))
                .expression_attribute_values(":from", AttributeValue::S(from.to_owned()))
                .set_exclusive_start_key(start.take())
                .limit(i32::try_from(limit - records.len()).unwrap_or(i32::MAX))
                .send()
                .await
                .map_err(|error| self.asked("dynamodb:Query").failed(&error))?;
            for item in page.items.unwrap_or_default() {
                let alive = self.alive(&item);
                let record = self.record(item)?;
                if !record.key.starts_with(prefix) {
                    return Ok(records);
                }
                if alive {
                    records.push(record);
                }
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
        Ok(records)
    }

    fn record(&self, mut item: Item) -> Result<Record, PortError> {
        let mut text = |name| match item.remove(name) {
            Some(AttributeValue::S(text)) => Some(text),
            _ => None,
        };
        let (key, version) = (text("k"), text("r"));
        match (key, version, item.remove("v")) {
            (Some(key), Some(version), Some(AttributeValue::B(value))) => {
                Ok(Record { key, value: value.into_inner().into(), version: Version(version) })
            }
            (key, ..) => Err(PortError::internal(format!(
                "{} has an item that is none of ours: `{}`",
                self.name,
                key.unwrap_or_default()
            ))),
        }
    }

    fn conflict(&self, key: &str) -> PortError {
        PortError::conflict(format!("the record `{key}` in {} is another one than expected", self.name))
    }
}

/// The part in which a key lies.
fn part(key: &str) -> String {
    part_name(Sha256::digest(key.as_bytes())[0] % PARTS)
}

fn part_name(number: u8) -> String {
    format!("{number:02}")
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

/// The item that a failed condition found: a write that was repeated because its answer got lost finds itself.
fn found_itself<R>(error: &SdkError<PutItemError, R>, version: &str) -> bool {
    let Some(PutItemError::ConditionalCheckFailedException(failed)) = error.as_service_error() else {
        return false;
    };
    failed.item().and_then(|item| item.get("r")).is_some_and(|found| *found == text(version))
}

#[async_trait]
impl Records for DynamoDb {
    async fn get(&self, key: &str) -> Result<Option<Record>, PortError> {
        check(key)?;
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let got = get.key("p", text(&part(key))).key("k", text(key)).send().await;
        let got = got.map_err(|error| self.asked("dynamodb:GetItem").failed(&error))?;
        got.item.filter(|item| self.alive(item)).map(|item| self.record(item)).transpose()
    }

    async fn put_if(
        &self,
        key: &str,
        value: Bytes,
        expect: Expect,
        expires: Option<Timestamp>,
    ) -> Result<Version, PortError> {
        check(key)?;
        if value.len() > LARGEST {
            let message = format!("the record `{key}` has {} bytes: {LARGEST} is the most", value.len());
            return Err(PortError::invalid(message));
        }
        let version = uuid::Uuid::new_v4().simple().to_string();
        let mut put = self
            .client
            .put_item()
            .table_name(&self.table)
            .item("p", text(&part(key)))
            .item("k", text(key))
            .item("r", text(&version))
            .item("v", AttributeValue::B(Blob::new(value)))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        if let Some(expires) = expires {
            let (exact, ttl) = (expires.as_millisecond(), expires.as_second() + 1);
            put = put.item("e", AttributeValue::N(exact.to_string()));
            put = put.item("ttl", AttributeValue::N(ttl.to_string()));
        }
        put = match expect {
            Expect::Anything => put,
            Expect::Absent => put
                .condition_expression("attribute_not_exists(k) OR e <= :now")
                .expression_attribute_values(":now", self.now()),
            Expect::Version(expected) => put
                .condition_expression("r = :expected AND (attribute_not_exists(e) OR e > :now)")
                .expression_attribute_values(":now", self.now())
                .expression_attribute_values(":expected", text(&expected.0)),
        };
        match put.send().await {
            Ok(_) => Ok(Version(version)),
            Err(error) if found_itself(&error, &version) => Ok(Version(version)),
            Err(error) => {
                let error = self.asked("dynamodb:PutItem").failed(&error);
                Err(if error.kind == ErrorKind::Conflict { self.conflict(key) } else { error })
            }
        }
    }

    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<Record>, PortError> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let parts = (0..PARTS).map(|number| self.list_part(part_name(number), prefix, after, limit));
        let mut records = try_join_all(parts).await?.concat();
        records.sort_unstable_by(|one, other| one.key.cmp(&other.key));
        records.truncate(limit);
        Ok(records)
    }

    async fn delete(&self, key: &str, expect: Expect) -> Result<(), PortError> {
        check(key)?;
        let delete = self.client.delete_item().table_name(&self.table);
        let delete = delete.key("p", text(&part(key))).key("k", text(key));
        let delete = match expect {
            Expect::Anything => delete,
            Expect::Absent => delete
                .condition_expression("attribute_not_exists(k) OR e <= :now")
                .expression_attribute_values(":now", self.now()),
            Expect::Version(expected) => delete
                .condition_expression("attribute_not_exists(k) OR e <= :now OR r = :expected")
                .expression_attribute_values(":now", self.now())
                .expression_attribute_values(":expected", text(&expected.0)),
        };
        delete.send().await.map(drop).map_err(|error| {
            let error = self.asked("dynamodb:DeleteItem").failed(&error);
            if error.kind == ErrorKind::Conflict { self.conflict(key) } else { error }
        })
    }
}

fn check(key: &str) -> Result<(), PortError> {
    if key.is_empty() || key.len() > LONGEST_KEY {
        let message = format!("a record's key has 1 to {LONGEST_KEY} bytes, not {}", key.len());
        return Err(PortError::invalid(message));
    }
    Ok(())
}
