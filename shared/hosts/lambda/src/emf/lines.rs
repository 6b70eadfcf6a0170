//! Lines of the embedded metric format: as few as its rules allow. In a line a name has one value, so a figure with other
//! labels goes into a line that does not contradict it.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use std::collections::BTreeMap;

use jiff::Timestamp;
use metrics::Key;
use pointsman_core::telemetry;
use serde_json::{Map, Value, json};

/// Figures in one line.
const FIGURES: usize = 100;
/// Samples of one figure in one line.
const SAMPLES: usize = 100;
/// Names the function, for whoever searches the log; no dimension, which would cost.
const FUNCTION: &str = "faas.name";

/// Figures whose labels do not contradict one another.
#[derive(Default)]
struct Line<'a> {
    labels: BTreeMap<&'a str, &'a str>,
    figures: BTreeMap<&'a str, (Vec<&'a str>, &'a [f64])>,
}

/// All samples, each with its line break.
pub(super) fn of(samples: &[(&Key, Vec<f64>)], namespace: &str, function: &str, now: Timestamp) -> String {
    let mut lines: Vec<Line<'_>> = Vec::new();
    for (key, samples) in samples {
        for samples in samples.chunks(SAMPLES) {
            match lines.iter_mut().find(|line| line.takes(key)) {
                Some(line) => line.add(key, samples),
                None => {
                    let mut line = Line::default();
                    line.add(key, samples);
                    lines.push(line);
                }
            }
        }
    }
    lines.iter().map(|line| format!("{}\n", line.value(namespace, function, now))).collect()
}

impl<'a> Line<'a> {
    fn takes(&self, key: &Key) -> bool {
        self.figures.len() < FIGURES
            && !self.figures.contains_key(key.name())
            && key
                .labels()
                .all(|label| self.labels.get(label.key()).is_none_or(|value| *value == label.value()))
    }

    fn add(&mut self, key: &'a Key, samples: &'a [f64]) {
        let names = key.labels().map(|label| label.key()).collect();
        self.labels.extend(key.labels().map(|label| (label.key(), label.value())));
        self.figures.insert(key.name(), (names, samples));
    }

    fn value(&self, namespace: &str, function: &str, now: Timestamp) -> Value {
        let mut by_labels: BTreeMap<&[&str], Vec<Value>> = BTreeMap::new();
        let mut root = Map::new();
        for (name, (labels, samples)) in &self.figures {
            by_labels.entry(labels).or_default().push(json!({ "Name": name, "Unit": unit(name) }));
            let value = if let [sample] = samples { json!(sample) } else { json!(samples) };
            root.insert((*name).to_owned(), value);
        }
        let directive = |(labels, figures): (&[&str], Vec<Value>)| json!({ "Namespace": namespace, "Dimensions": [labels], "Metrics": figures });
        let directives: Vec<_> = by_labels.into_iter().map(directive).collect();
        root.extend(self.labels.iter().map(|(name, value)| ((*name).to_owned(), json!(value))));
        root.insert(FUNCTION.to_owned(), json!(function));
        root.insert(
            "_aws".to_owned(),
            json!({ "Timestamp": now.as_millisecond(), "CloudWatchMetrics": directives }),
        );
        Value::Object(root)
    }
}

fn unit(name: &str) -> &'static str {
    match telemetry::named(name).map(|about| about.unit) {
        Some("s") => "Seconds",
        Some("1") | None => "None",
        Some(_) => "Count",
    }
}
