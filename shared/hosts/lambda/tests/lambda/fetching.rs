//! Events that came by reference: handlers get them whole.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use pointsman_core::{
    outcome::Outcome,
    port::{Archive, Listed, Object, PortError},
};
use pointsman_host_lambda::queue;
use serde_json::{Value, json};

use crate::support::{Fake, event, returned};

const KEY: &str = "deliveries/github/2026/11/21/20/7.00000001-0000-4000-8000-000000000000";

/// One delivery, and no other.
struct One;

#[async_trait]
impl Archive for One {
    async fn get(&self, key: &str) -> Result<Object, PortError> {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let metadata = BTreeMap::from([header("content-type", "application/json")]);
        match key == KEY {
            true => Ok(Object { body: r#"{ "a":  1 }"#.into(), metadata }),
            false => Err(PortError::not_found(format!("there is no delivery `{key}`"))),
        }
    }

    async fn put_new(&self, _: &str, _: Object) -> Result<(), PortError> {
        Err(PortError::invalid("a consumer only reads"))
    }

    async fn list(&self, _: &str, _: Option<&str>, _: usize) -> Result<Vec<Listed>, PortError> {
        Err(PortError::invalid("a consumer only reads"))
    }

    async fn delete(&self, _: &str) -> Result<(), PortError> {
        Err(PortError::invalid("a consumer only reads"))
    }
}

/// A batch of one group: an event without data for each of these keys, then one with it.
fn batch(keys: &[&str]) -> String {
    let reference = |key: &&str| json!({ "specversion": "1.0", "id": "1", "dataref": key });
    let whole = json!({ "specversion": "1.0", "id": "2", "dataref": "elsewhere", "data": 7 });
    let record = |(at, body): (usize, Value)| {
        json!({
            "messageId": format!("{:08}-0000-4000-8000-000000000000", at + 1),
            "receiptHandle": format!("r{at}"),
            "body": body.to_string(),
            "attributes": { "MessageGroupId": "acme/web/issue/7" },
            "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:pointsman-work.fifo",
        })
    };
    let bodies = keys.iter().map(reference).chain([whole]);
    json!({ "Records": bodies.enumerate().map(record).collect::<Vec<_>>() }).to_string()
}

#[tokio::test(start_paused = true)]
async fn data_that_was_too_large_for_the_queue_is_fetched_byte_for_byte() {
    let fake = Fake::new();
    let (source, event) = (fake.source().fetching(Arc::new(One)), event(&batch(&[KEY])));
    let told = queue::together(&event, &source, async |turn| {
        let bodies: Vec<_> = turn.iter().map(|message| String::from_utf8_lossy(&message.body)).collect();
        assert!(bodies[0].ends_with(r#""data":{ "a":  1 }}"#), "{}", bodies[0]);
        assert!(bodies[1].ends_with(r#""data":7}"#), "what came whole stays as it is: {}", bodies[1]);
        Ok(Outcome::Done(()))
    });
    assert_eq!(returned(told.await), [] as [u32; 0]);
}

#[tokio::test(start_paused = true)]
async fn an_event_whose_delivery_is_gone_dies_alone() {
    let fake = Fake::new();
    let (source, event) = (fake.source().fetching(Arc::new(One)), event(&batch(&[KEY, "deliveries/gone"])));
    let told = queue::together(&event, &source, async |turn| {
        assert!(turn.iter().all(|message| !message.body.is_empty()));
        Ok(Outcome::Done(()))
    });
    assert_eq!(returned(told.await), [] as [u32; 0]);
    assert_eq!(fake.told("dead"), ["dead 2 failed"]);
    assert_eq!((fake.told("forget").len(), fake.held()), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn without_an_archive_a_handler_gets_the_reference() {
    let fake = Fake::new();
    let (source, event) = (fake.source(), event(&batch(&[KEY])));
    let told = queue::each(&event, &source, async |message| {
        assert_eq!(String::from_utf8_lossy(&message.body).contains("data\":7"), message.receipt.0 == "r1");
        Ok(Outcome::Done(()))
    });
    assert_eq!(returned(told.await), [] as [u32; 0]);
}
