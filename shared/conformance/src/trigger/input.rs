//! What a stage gets of a message: its bytes, session, attributes and correlation, whatever encodings lay between.

use pointsman_core::port::Message;
use serde_json::{Value, json};

use super::stand::{Stand, Watch, done, event, message};

/// Sends each, and finds all that the stage got as it was sent.
async fn unchanged(stand: Stand, sent: Vec<Message>) {
    let watch = Watch::default();
    for message in &sent {
        stand.send(message.clone()).await;
    }
    stand.drain(&watch.stage(|_, _| done())).await;
    let got = watch.messages();
    assert_eq!(got.len(), sent.len());
    for sent in sent {
        let got = got.iter().find(|got| got.correlation == sent.correlation);
        let got = got.unwrap_or_else(|| panic!("{:?} came with its correlation", sent.correlation));
        assert_eq!(got.body, sent.body.to_bytes(), "byte for byte");
        assert_eq!(got.session, sent.session);
        assert_eq!(got.attributes, sent.attributes);
        assert_eq!(got.attempt, 1);
    }
    stand.assert_nothing_comes().await;
}

/// Data that an encoding, or a guess at what a text is, could change.
fn awkward() -> Vec<Value> {
    vec![
        json!({}),
        json!(null),
        json!("a text that is a JSON text: {\"a\": \"b\"}"),
        json!("\"twice in quotes\""),
        json!("cGF5bG9hZA=="),
        json!("Żółw 🚂\u{2028}\u{202e}\u{0301} \\u0041 \\\\ \u{0}\u{1}\u{7f}\r\n\t"),
        json!({ "Data": { "message": "{}" }, "Metadata": { "MessageId": "\"x\"", "DeliveryCount": "1" } }),
        json!({ "Records": [], "requestContext": {}, "detail-type": "Scheduled Event", "body": null }),
        json!({ "MessageId": "not this", "SessionId": "nor this", "CorrelationId": 1, "DeliveryCount": 9 }),
        json!([1.0, 1.5e300, 9_007_199_254_740_993_u64, -0.0, true]),
        json!("a".repeat(50_000)),
    ]
}

pub(super) async fn a_message_reaches_the_stage_as_it_was_sent(stand: Stand) {
    let with = |(number, data): (usize, Value)| {
        let id = format!("a{number}");
        let attributes = [
            ("type".to_owned(), "com.github.issues.opened".to_owned()),
            ("traceparent".to_owned(), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
            ("note".to_owned(), "\"quoted\", {braced} and Żółw".to_owned()),
        ];
        let session = ["acme/widgets/pull_request/7", "Żółw%/#[]!~*'();:@&=+$,/?", "1", "true"][number % 4];
        Message {
            body: event(&id, json!({ "data": data })).into(),
            session: Some(session.into()),
            attributes: attributes.into(),
            ..message(&id)
        }
    };
    unchanged(stand, awkward().into_iter().enumerate().map(with).collect()).await;
}

pub(super) async fn an_event_without_its_data_reaches_the_stage_by_reference(stand: Stand) {
    let reference =
        json!({ "dataref": "deliveries/github/2026/11/21/20/-.72d3162e-cc78-11e3-81ab-4c9367dc0958" });
    unchanged(stand, vec![Message { body: event("a1", reference).into(), ..message("a1") }]).await;
}

pub(super) async fn a_message_without_a_session_reaches_the_stage_without_one(stand: Stand) {
    unchanged(stand, vec![message("-1"), message("-2")]).await;
}
