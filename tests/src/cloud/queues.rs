//! Queues of SQS: made as the template makes them, received from as Lambda's event source does, counted.

use std::{collections::BTreeSet, sync::MutexGuard, time::Duration};

use serde_json::{Value, json};

use super::{Cloud, PREFIX, REGION};

/// A hold that ends soon, so that a test need not wait long for what somebody dropped.
pub const QUICK: Duration = Duration::from_secs(12);
/// What LocalStack calls itself.
const ACCOUNT: &str = "000000000000";

/// A message as SQS answers with it.
#[derive(Debug, Clone)]
pub struct Message(pub(crate) Value);

impl Message {
    /// Its id.
    pub fn id(&self) -> &str {
        self.0["MessageId"].as_str().expect("a message has an id")
    }

    /// Its text.
    pub fn body(&self) -> &str {
        self.0["Body"].as_str().expect("a message has a body")
    }

    /// Its group; empty where it has none.
    pub fn group(&self) -> &str {
        self.0["Attributes"]["MessageGroupId"].as_str().unwrap_or_default()
    }

    /// As a record of an event for Lambda.
    pub(crate) fn record(&self, arn: &str) -> Value {
        let attribute = |value: &Value| {
            json!({
                "stringValue": value["StringValue"], "dataType": value["DataType"],
                "stringListValues": [], "binaryListValues": [],
            })
        };
        let attributes = self.0["MessageAttributes"].as_object().into_iter().flatten();
        json!({
            "messageId": self.0["MessageId"],
            "receiptHandle": self.0["ReceiptHandle"],
            "body": self.0["Body"],
            "attributes": self.0["Attributes"],
            "messageAttributes": attributes.map(|(name, it)| (name.clone(), attribute(it))).collect::<Value>(),
            "md5OfBody": self.0["MD5OfBody"],
            "eventSource": "aws:sqs",
            "eventSourceARN": arn,
            "awsRegion": REGION,
        })
    }
}

impl Cloud {
    /// Makes a queue and its dead letters'.
    pub fn queue(&self, name: &str, ordered: bool) {
        self.queue_held(name, ordered, Duration::from_secs(30));
    }

    /// The same; who receives a message holds it so long.
    pub fn queue_held(&self, name: &str, ordered: bool, held: Duration) {
        let mut attributes = json!({});
        if ordered {
            attributes = json!({
                "FifoQueue": "true",
                "DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId",
            });
        }
        if !ordered {
            self.standard().insert(name.to_owned());
            self.standard().insert(format!("{name}_dead"));
        }
        let dead = self.physical(&format!("{name}_dead"));
        self.sqs("CreateQueue", json!({"QueueName": dead, "Attributes": attributes}));
        let redrive = json!({"deadLetterTargetArn": arn(&dead), "maxReceiveCount": 1000});
        attributes["RedrivePolicy"] = redrive.to_string().into();
        attributes["VisibilityTimeout"] = held.as_secs().to_string().into();
        self.sqs("CreateQueue", json!({"QueueName": self.physical(name), "Attributes": attributes}));
    }

    /// What is in a queue, by SQS's figures: visible, held and delayed.
    pub fn waiting(&self, name: &str) -> u64 {
        let asked = json!({"QueueUrl": self.url(name), "AttributeNames": ["All"]});
        let figures = self.sqs("GetQueueAttributes", asked);
        let figure = |name: &str| figures["Attributes"][name].as_str().and_then(|it| it.parse::<u64>().ok());
        let names = ["", "NotVisible", "Delayed"].map(|kind| format!("ApproximateNumberOfMessages{kind}"));
        names.iter().map(|name| figure(name).unwrap_or_else(|| panic!("SQS says nothing of {name}"))).sum()
    }

    /// At most so many messages of a queue; waits a second for the first.
    pub fn receive(&self, name: &str, most: usize) -> Vec<Message> {
        let answer = self.sqs(
            "ReceiveMessage",
            json!({
                "QueueUrl": self.url(name), "MaxNumberOfMessages": most, "WaitTimeSeconds": 1,
                "MessageSystemAttributeNames": ["All"], "MessageAttributeNames": ["All"],
            }),
        );
        answer["Messages"].as_array().into_iter().flatten().cloned().map(Message).collect()
    }

    /// Removes messages of a queue; says how many SQS refused, because their hold was over.
    pub fn delete(&self, name: &str, messages: &[&Message]) -> usize {
        if messages.is_empty() {
            return 0;
        }
        let entry = |(at, message): (usize, &&Message)| json!({"Id": at.to_string(), "ReceiptHandle": message.0["ReceiptHandle"]});
        let entries: Vec<_> = messages.iter().enumerate().map(entry).collect();
        let asked = json!({"QueueUrl": self.url(name), "Entries": entries});
        self.sqs("DeleteMessageBatch", asked)["Failed"].as_array().map_or(0, Vec::len)
    }

    /// A queue's ARN.
    pub fn queue_arn(&self, name: &str) -> String {
        arn(&self.physical(name))
    }

    fn physical(&self, name: &str) -> String {
        format!("{PREFIX}{name}{}", if self.standard().contains(name) { "" } else { ".fifo" })
    }

    fn url(&self, name: &str) -> String {
        format!("{}/{ACCOUNT}/{}", self.sqs, self.physical(name))
    }

    fn standard(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.standard.lock().expect("no holder of it panics")
    }

    fn sqs(&self, operation: &str, body: Value) -> Value {
        self.ask("POST", &self.sqs, "sqs", &format!("AmazonSQS.{operation}"), &body)
    }
}

fn arn(physical: &str) -> String {
    format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{physical}")
}
