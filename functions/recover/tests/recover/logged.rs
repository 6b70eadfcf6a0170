//! What a run says to the log, as Lambda's subscriber writes it: template.yaml makes a metric of it.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use pointsman_tests::{house::root, template::Template};
use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;

use crate::house::{HOUR, House};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Log {
    /// The value at the place that a metric filter names.
    fn last(&self, selector: &str) -> Option<Value> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        let pointer = selector.trim_start_matches('$').replace('.', "/");
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter_map(|line| line.pointer(&pointer).cloned()).next_back()
    }
}

#[tokio::test]
async fn the_age_of_the_oldest_cursor_is_where_the_templates_metric_looks_for_it() {
    let template = Template::parse(&std::fs::read_to_string(root().join("template.yaml")).unwrap());
    let filter = template.at("/Resources/RecoverCursorAge/Properties");
    let selector = filter["MetricTransformations"][0]["MetricValue"].as_str().unwrap();
    assert_eq!(filter["FilterPattern"], format!("{{ {selector} = * }}"));

    let log = Log::default();
    let subscriber =
        tracing_subscriber::fmt().json().with_target(false).without_time().with_writer(log.clone());
    let _as_on_lambda = tracing::subscriber::set_default(subscriber.finish());
    let house = House::new("  - { name: all, events: ['*'] }\n").await;
    house.run().await;
    assert_eq!(log.last(selector), Some(json!(0)));
    house.clock.turn(30 * HOUR);
    // GitHub does not answer: nothing is settled since.
    house.github.on_request(|_| Some(pointsman_fake_github::Fault::Refused(503, "away")));
    house.run().await;
    let age = log.last(selector).unwrap().as_u64().unwrap();
    assert!(age > 24 * 60 * 60, "{age}");
}
