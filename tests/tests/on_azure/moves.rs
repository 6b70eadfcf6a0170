//! A system moves from AWS to Azure by its backend's name and its secrets' references: both do the same by the same file.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use pointsman_fake_servicebus::{ServiceBus, broker};
use pointsman_tests::{
    cloud, delivery_id,
    fixtures::{self, Payload},
    lambda::{Function, program, url},
    sign,
};
use serde_json::Value;

use crate::cloud::Cloud;

const SECRET: &str = "it lies in a vault";
const ON_AWS: &str = "\
backend: aws
sources: { github: { secrets: ['aws-sm:webhook-secret'], owns: ['Codertocat/*', 'octo-*/*'] } }
subscriptions:
  - { name: all, events: ['*'] }
  - { name: triage, events: ['issues.*', pull_request], repositories: ['Codertocat/*'] }
  - { name: deploys, events: [push], session: repository, when: 'data.ref.startsWith(\"refs/\")' }
  - { name: figures, events: ['*', '!push'], session: none }
  - { name: places, events: [deployment], session: '{owner}/{repo}/env/{/deployment/environment}' }
";
/// Each queue, and whether it keeps sessions in order.
const QUEUES: [(&str, bool); 5] =
    [("all", true), ("triage", true), ("deploys", true), ("figures", false), ("places", true)];
/// What differs from one time to the other and from one cloud to the other: when, and where it lies.
const OWN: [&str; 3] = ["recordedtime", "dataref", "traceparent"];

/// What was answered to each, and what lies in each queue: events by their ids, within sessions in order.
#[derive(Debug, Default, PartialEq)]
struct Done {
    answers: Vec<(u16, Value)>,
    queues: BTreeMap<&'static str, BTreeMap<String, Vec<Value>>>,
}

impl Done {
    fn answered(&mut self, status: u16, mut body: Value) {
        if let Some(fields) = body.as_object_mut() {
            fields.remove("instance");
        }
        self.answers.push((status, body));
    }

    fn found(&mut self, queue: &'static str, event: &[u8]) {
        let mut event: Value = serde_json::from_slice(event).unwrap();
        let fields = event.as_object_mut().unwrap();
        // Where a payload tells no time of its own, it is when it came.
        if fields["time"] == fields["recordedtime"] {
            fields.remove("time");
        }
        OWN.iter().for_each(|name| _ = fields.remove(*name));
        // Without sessions there is no order.
        let lane = fields.get("session").unwrap_or(&fields["id"]).as_str().unwrap().to_owned();
        self.queues.entry(queue).or_default().entry(lane).or_default().push(event);
    }
}

/// A webhook as GitHub sends it, one of ten with a wrong signature.
fn webhooks() -> Vec<(Vec<(String, String)>, Payload)> {
    let sent = |(nth, payload): (usize, Payload)| {
        let nth = u32::try_from(nth).unwrap();
        let secret = if nth % 10 == 9 { "another" } else { SECRET };
        let headers = [
            ("content-type", "application/json".to_owned()),
            ("x-github-event", payload.event.clone()),
            ("x-github-delivery", delivery_id(Timestamp::now(), nth)),
            ("x-github-hook-id", "7".to_owned()),
            ("x-hub-signature-256", sign(secret, &payload.bytes)),
        ];
        (headers.map(|(name, value)| (name.to_owned(), value)).to_vec(), payload)
    };
    // Every third, and one of each that the subscriptions ask for.
    let wanted = |event: &str| ["push", "deployment", "issues", "pull_request"].contains(&event);
    let all = fixtures::github().enumerate().filter(|(nth, payload)| nth % 3 == 0 || wanted(&payload.event));
    all.map(|(_, payload)| payload).enumerate().map(sent).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_file_does_the_same_on_aws_and_on_azure() {
    let webhooks = webhooks();
    let for_aws = webhooks.clone();
    let on_aws = tokio::task::spawn_blocking(move || on_aws(&for_aws)).await.unwrap();
    let moved = ON_AWS.replace("backend: aws", "backend: azure").replace("aws-sm:", "azure-kv:");
    let on_azure = on_azure(&moved, webhooks).await;
    assert!(on_aws.queues.len() == QUEUES.len() && on_aws.queues.values().all(|queue| !queue.is_empty()));
    assert_eq!(on_aws.answers, on_azure.answers);
    for (name, _) in QUEUES {
        let (there, here) = (&on_aws.queues[name], &on_azure.queues[name]);
        for (lane, events) in there {
            assert_eq!(Some(events), here.get(lane), "{name}: {lane}");
        }
        assert_eq!(there.len(), here.len(), "{name}");
    }
}

fn on_aws(webhooks: &[(Vec<(String, String)>, Payload)]) -> Done {
    let cloud = cloud::Cloud::start(ON_AWS);
    cloud.deploy(&[("webhook-secret", SECRET)]);
    QUEUES.iter().for_each(|(name, ordered)| cloud.queue(name, *ordered));
    let intake = Function::new("intake", Duration::from_secs(30), cloud.commands(program("intake")));
    let mut done = Done::default();
    for (headers, payload) in webhooks {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let answer = url::post(&intake, "/webhooks/github", &headers, &payload.bytes, false);
        done.answered(answer.status, answer.body);
    }
    for (name, _) in QUEUES {
        while cloud.waiting(name) > 0 {
            let messages = cloud.receive(name, 10);
            messages.iter().for_each(|message| done.found(name, message.body().as_bytes()));
            assert_eq!(cloud.delete(name, &messages.iter().collect::<Vec<_>>()), 0);
        }
    }
    done
}

async fn on_azure(config: &str, webhooks: Vec<(Vec<(String, String)>, Payload)>) -> Done {
    let cloud = Cloud::of(config, &[], &[("webhook-secret", &[SECRET])]).await;
    QUEUES.iter().for_each(|(name, sessions)| make(&cloud.bus, name, *sessions));
    let mut done = Done::default();
    for (headers, payload) in webhooks {
        let (status, body) = cloud.post(headers, payload.bytes).await;
        done.answered(status, serde_json::from_str(&body).unwrap());
    }
    for (name, _) in QUEUES {
        let all = cloud.bus.broker.peek(&format!("pointsman-{name}"), 0, usize::MAX, None).unwrap();
        all.iter().for_each(|message| done.found(name, &broker::message::bytes(&message.message)));
    }
    assert!(cloud.host.stop().await.unwrap().success());
    done
}

fn make(bus: &ServiceBus, queue: &str, sessions: bool) {
    let settings = broker::Settings { sessions, max_delivery: 2000, ..broker::Settings::default() };
    bus.broker.make(&format!("pointsman-{queue}"), settings);
}
