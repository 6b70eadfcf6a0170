//! A stack: emulators, intake behind its Function URL, and any other function by its name.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use pointsman_tests::{
    cloud::Cloud,
    delivery_id,
    lambda::{
        Function, program,
        url::{self, Response},
    },
    sign,
};

const SECRET: &str = "it is kept in Secrets Manager";
/// As the template gives intake.
pub const TIME: Duration = Duration::from_secs(30);

/// The stack.
pub struct House {
    pub cloud: Cloud,
    pub intake: Function,
    sent: AtomicU32,
}

impl House {
    /// With these subscriptions, and no queue yet.
    pub fn new(subscriptions: &str) -> Self {
        let cloud = Cloud::start(&format!(
            "backend: aws\nsources: {{ github: {{ secrets: ['aws-sm:stack/webhook-secret'] }} }}\n{subscriptions}"
        ));
        cloud.deploy(&[("stack/webhook-secret", SECRET)]);
        Self { intake: function(&cloud, "intake"), cloud, sent: AtomicU32::new(0) }
    }

    /// Sends an event as GitHub does; its id, and what intake answered.
    pub fn send(&self, event: &str, kind: &str, body: &[u8], base64: bool) -> (String, Response) {
        let id = delivery_id(Timestamp::now(), self.sent.fetch_add(1, Ordering::Relaxed));
        let signature = sign(SECRET, body);
        let headers = [
            ("content-type", kind),
            ("x-github-event", event),
            ("x-github-delivery", &id),
            ("x-github-hook-id", "7"),
            ("x-hub-signature-256", &signature),
        ];
        let response = url::post(&self.intake, "/webhooks/github", &headers, body, base64);
        assert_eq!(response.status, 202, "{response:?}\n{}", self.intake.log());
        (id, response)
    }

    /// The same of JSON that Lambda hands over as text.
    pub fn send_json(&self, event: &str, body: &str) -> (String, Response) {
        self.send(event, "application/json", body.as_bytes(), false)
    }
}

/// A function of the stack, by its program's name.
pub fn function(cloud: &Cloud, name: &str) -> Function {
    let commands = cloud.commands(program(name));
    let counted = move || {
        let mut command = commands();
        command.env("POINTSMAN_METRICS_NAMESPACE", "Pointsman/stack");
        command
    };
    Function::new(name, TIME, counted)
}

/// Whether there is still time.
pub struct Patience(Instant);

impl Patience {
    pub fn new(time: Duration) -> Self {
        Self(Instant::now() + time)
    }

    pub fn is_over(&self) -> bool {
        Instant::now() > self.0
    }
}
