//! The Grafana dashboard read as Grafana reads it: [`panels`] with their queries, whose variables are replaced and whose legends
//! are filled in. A [`scene`] gives it something to show, a [`picture`] shows it.

mod axis;
mod consumers;
pub mod picture;
pub mod scene;

use std::fs;

use serde_json::Value;

use crate::{house, pictures::svg::Rect, prometheus::SCRAPED};

/// Where it lies.
pub const FILE: &str = "infra/grafana/dashboard.json";

/// A panel.
#[derive(Debug, Clone)]
pub struct Panel {
    /// What stands over it.
    pub title: String,
    /// Grafana's name of the unit of its left axis.
    pub unit: String,
    /// Its place in Grafana's grid of 24 columns.
    pub place: Rect,
    /// Its queries.
    pub targets: Vec<Target>,
}

/// A query of a panel.
#[derive(Debug, Clone)]
pub struct Target {
    /// As Prometheus gets it.
    pub expr: String,
    /// With labels as `{{label}}`.
    pub legend: String,
    /// Its own unit, on the axis at the right.
    pub right: Option<String>,
}

/// The dashboard's, in its order.
pub fn panels() -> Vec<Panel> {
    let text = fs::read_to_string(house::root().join(FILE)).expect("the dashboard is there");
    let dashboard: Value = serde_json::from_str(&text).expect("the dashboard is JSON");
    dashboard["panels"].as_array().into_iter().flatten().map(panel).collect()
}

fn panel(panel: &Value) -> Panel {
    let [x, y, w, h] =
        ["x", "y", "w", "h"].map(|side| panel["gridPos"][side].as_i64().expect("a place") as i32);
    let fields = &panel["fieldConfig"];
    let target = |target: &Value| Target {
        expr: replaced(&text(&target["expr"])),
        legend: text(&target["legendFormat"]),
        right: right(&fields["overrides"], &target["refId"]),
    };
    Panel {
        title: text(&panel["title"]),
        unit: text(&fields["defaults"]["unit"]),
        place: Rect::new(x, y, w, h),
        targets: panel["targets"].as_array().into_iter().flatten().map(target).collect(),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// The unit that an override gives to this query, where that also puts it on the right axis.
fn right(overrides: &Value, target: &Value) -> Option<String> {
    let of = |it: &&Value| it["matcher"]["id"] == "byFrameRefID" && it["matcher"]["options"] == *target;
    let properties = overrides.as_array()?.iter().find(of)?["properties"].as_array()?;
    let of = |name: &str| properties.iter().find(|it| it["id"] == name).map(|it| &it["value"]);
    assert_eq!(of("custom.axisPlacement"), Some(&Value::from("right")), "one axis, one unit");
    of("unit").map(text)
}

/// As Grafana replaces variables on a panel that asks for each second of a source that is scraped each second: its interval is
/// a scrape more than a step, and four scrapes at least.
fn replaced(expr: &str) -> String {
    let scrape = SCRAPED.as_secs();
    let expr = expr.replace("$__rate_interval", &format!("{}s", 4 * scrape));
    let expr = expr.replace("$__interval", &format!("{scrape}s"));
    assert!(!expr.contains('$'), "a variable is left: {expr}");
    expr
}

impl Target {
    /// The labels that its legend names.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.legend
            .split("{{")
            .skip(1)
            .filter_map(|rest| rest.split_once("}}"))
            .map(|(label, _)| label.trim())
    }

    /// What stands at a series of these labels.
    pub fn name(&self, labels: &Value) -> String {
        let filled = |name: String, label: &str| {
            name.replace(&format!("{{{{{label}}}}}"), labels[label].as_str().unwrap_or_default())
        };
        self.labels().fold(self.legend.clone(), filled)
    }
}
