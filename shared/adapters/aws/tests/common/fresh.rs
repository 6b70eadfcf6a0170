//! Fresh places on moto: a bucket, a table.

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};

use super::{EMULATORS, config};

/// A name that no other test uses.
pub fn name() -> String {
    format!("test-{:016x}", fastrand::u64(..))
}

/// An empty bucket.
pub async fn bucket() -> String {
    let (client, name) = (aws_sdk_s3::Client::new(&config(&EMULATORS.aws)), name());
    client.create_bucket().bucket(&name).send().await.expect("a bucket can be made");
    name
}

/// An empty table, as the adapter wants it.
pub async fn table() -> String {
    let (client, name) = (aws_sdk_dynamodb::Client::new(&config(&EMULATORS.aws)), name());
    let mut create = client.create_table().table_name(&name).billing_mode(BillingMode::PayPerRequest);
    for (key, kind) in [("p", KeyType::Hash), ("k", KeyType::Range)] {
        let element = KeySchemaElement::builder().attribute_name(key).key_type(kind);
        let attribute =
            AttributeDefinition::builder().attribute_name(key).attribute_type(ScalarAttributeType::S);
        create = create
            .key_schema(element.build().expect("it is whole"))
            .attribute_definitions(attribute.build().expect("it is whole"));
    }
    create.send().await.expect("a table can be made");
    name
}
