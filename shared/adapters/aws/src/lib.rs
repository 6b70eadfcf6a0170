//! SQS, S3, DynamoDB and Secrets Manager behind the ports, on the official SDKs; the SDK's own variables
//! (`AWS_REGION`, `AWS_ENDPOINT_URL_SQS`, ..) say where they are. The ledger over them is core's `Stepwise`.

mod backend;
mod connection;
mod dynamodb;
mod fault;
mod s3;
mod secrets;
mod sqs;

pub use backend::Backend;
pub use connection::Connection;
pub use dynamodb::DynamoDb;
pub use s3::S3;
pub use secrets::SecretsManager;
pub use sqs::{Sqs, delivered, inline};
