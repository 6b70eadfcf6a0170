//! What a run says to the log, as Lambda's subscriber writes it: template.yaml makes a metric of it.

use pointsman_tests::{house::root, said::Said, template::Template};
use serde_json::{Value, json};

use crate::house::{HOUR, House};

/// The value at the place that a metric filter names.
fn last(said: &Said, selector: &str) -> Option<Value> {
    let pointer = selector.trim_start_matches('$').replace('.', "/");
    let text = said.text();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter_map(|line| line.pointer(&pointer).cloned()).next_back()
}

#[tokio::test]
async fn the_age_of_the_oldest_cursor_is_where_the_templates_metric_looks_for_it() {
    let template = Template::parse(&std::fs::read_to_string(root().join("template.yaml")).unwrap());
    let filter = template.at("/Resources/RecoverCursorAge/Properties");
    let selector = filter["MetricTransformations"][0]["MetricValue"].as_str().unwrap();
    assert_eq!(filter["FilterPattern"], format!("{{ {selector} = * }}"));

    let log = Said::default();
    let subscriber =
        tracing_subscriber::fmt().json().with_target(false).without_time().with_writer(log.clone());
    let _as_on_lambda = tracing::subscriber::set_default(subscriber.finish());
    let house = House::new("  - { name: all, events: ['*'] }\n").await;
    house.run().await;
    assert_eq!(last(&log, selector), Some(json!(0)));
    house.clock.turn(30 * HOUR);
    // GitHub does not answer: nothing is settled since.
    house.github.on_request(|_| Some(pointsman_fake_github::Fault::Refused(503, "away")));
    house.run().await;
    let age = last(&log, selector).unwrap().as_u64().unwrap();
    assert!(age > 24 * 60 * 60, "{age}");
}
