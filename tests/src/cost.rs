//! What a month on AWS costs by list price: `scripts/aws-cost` writes it into `infra/aws/README.md`.
//!
//! Nothing free is taken off (AWS gives every account some of each). The consumer's own function is not in it.

use std::fmt::Write as _;

use serde_json::Value;

use crate::template::Template;

/// The page that has the tables, and the lines between which they stand.
pub const PAGE: &str = "infra/aws/README.md";
/// Where they begin.
pub const BEGIN: &str = "<!-- cost: made by scripts/aws-cost -->\n";
/// Where they end.
pub const END: &str = "<!-- end of the cost -->\n";

/// Events a month, one column each.
const COLUMNS: [(&str, f64); 3] = [("10 thousand", 1e4), ("1 million", 1e6), ("100 million", 1e8)];
/// Of 730 hours.
const SECONDS: f64 = 730.0 * 3600.0;
const DAYS: f64 = 730.0 / 24.0;
const MILLION: f64 = 1e6;
const GB: f64 = 1e9;

/// Dollars for one of what is named, in us-east-1.
struct Price {
    what: &'static str,
    per: &'static str,
    units: f64,
    dollars: f64,
}

impl Price {
    const fn of(what: &'static str, per: &'static str, units: f64, dollars: f64) -> Self {
        Self { what, per, units, dollars }
    }

    fn times(&self, count: f64) -> f64 {
        count / self.units * self.dollars
    }
}

const REQUEST: Price = Price::of("Lambda, arm64: requests", "million", MILLION, 0.20);
const GB_SECOND: Price = Price::of("Lambda, arm64: memory", "million GB-seconds", MILLION, 13.3334);
const PUT: Price = Price::of("S3 Standard: PUT, LIST", "million", MILLION, 5.00);
const KEPT: Price = Price::of("S3 Standard: storage", "GB and month", GB, 0.023);
const FIFO: Price = Price::of("SQS FIFO: requests, each 64 kB", "million", MILLION, 0.50);
const STANDARD: Price = Price::of("SQS standard: requests, each 64 kB", "million", MILLION, 0.40);
const WRITE: Price = Price::of("DynamoDB on demand: writes of 1 kB", "million", MILLION, 0.625);
const READ: Price = Price::of("DynamoDB on demand: reads of 4 kB", "million", MILLION, 0.125);
const ROWS: Price = Price::of("DynamoDB: storage with point-in-time recovery", "GB and month", GB, 0.45);
const LOGGED: Price = Price::of("CloudWatch Logs: taken in", "GB", GB, 0.50);
const LOG_KEPT: Price = Price::of("CloudWatch Logs: storage", "GB and month", GB, 0.03);
const ALARM: Price = Price::of("CloudWatch: alarm", "month", 1.0, 0.10);
const METRIC: Price = Price::of("CloudWatch: metric of our own", "month", 1.0, 0.30);
const DASHBOARD: Price = Price::of("CloudWatch: dashboard", "month", 1.0, 3.00);
const TRACE: Price = Price::of("X-Ray: traces", "million", MILLION, 5.00);
const SECRET: Price = Price::of("Secrets Manager: secret", "month", 1.0, 0.40);
const API: Price = Price::of("API Gateway HTTP API: requests", "million", MILLION, 1.00);
const PRICES: [&Price; 17] = [
    &REQUEST, &GB_SECOND, &PUT, &KEPT, &FIFO, &STANDARD, &WRITE, &READ, &ROWS, &LOGGED, &LOG_KEPT, &ALARM,
    &METRIC, &DASHBOARD, &TRACE, &SECRET, &API,
];

/// What an event is taken to be.
const ASSUMED: &str = "\
An event is a payload of 10 kB (below 32 kB the archive does not pack it), wanted by one subscription with an ordered queue.
Intake takes 50 ms of 512 MB for it; one object is written and kept 90 days, one message sent, received and deleted one by one,
one record of 0.4 kB written, kept 30 days, read once by intake and once by recover, which lists every object twice; it is two
lines of log, 0.6 kB and 1.5 kB of figures, kept 30 days. Figures are 13 metrics of our own; `Figures=false` saves both. X-Ray
traces the first request of each second and 5 % of the rest. Recover runs every 5 minutes, for 2 s
and 1 ms an event. Lambda asks each idle queue 15 times a minute. No release stages, no second subscription.\n";

/// Figures with their labels that one source, one subscription and recover write (tests/on_lambda/figures.rs shows them).
const FIGURES: f64 = 13.0;
/// Bytes of log for an event.
const EVENT_LOG: f64 = 2_100.0;

/// How many things cost something by being there.
struct Standing {
    alarms: f64,
    metrics: f64,
    ordered: f64,
    unordered: f64,
}

impl Standing {
    /// Of the template as it is deployed without a parameter.
    fn of(template: &Template) -> Self {
        let there = |kind: &'static str| {
            let by_default = |it: &Value| it["Condition"].is_null() || it["Condition"] == "ByUrl";
            template.all().map(|(_, it)| it).filter(move |it| it["Type"] == kind && by_default(it))
        };
        // Nobody asks the queues of dead letters.
        let asked = || there("AWS::SQS::Queue").filter(|it| !it["Properties"]["RedrivePolicy"].is_null());
        let ordered = asked().filter(|it| it["Properties"]["FifoQueue"] == true).count();
        let count = |count: usize| count as f64;
        Self {
            alarms: count(there("AWS::CloudWatch::Alarm").count()),
            metrics: count(there("AWS::Logs::MetricFilter").count()) + FIGURES,
            ordered: count(ordered),
            unordered: count(asked().count() - ordered),
        }
    }
}

/// A month's bill, service by service, in dollars.
fn bill(events: f64, standing: &Standing) -> Vec<(&'static str, f64)> {
    let runs = SECONDS / 300.0;
    let ran = events * 0.050 + runs * 2.0 + events * 0.001;
    let every_second = events.min(SECONDS);
    let asked = 15.0 * SECONDS / 60.0;
    let months = |days: f64| days / DAYS;
    vec![
        ("Lambda", REQUEST.times(events + runs) + GB_SECOND.times(ran * 0.5)),
        (
            "S3",
            PUT.times(events + (2.0 * events / 1000.0).max(runs))
                + KEPT.times(events * 10_000.0 * months(90.0)),
        ),
        (
            "SQS",
            FIFO.times(3.0 * events + standing.ordered * asked) + STANDARD.times(standing.unordered * asked),
        ),
        (
            "DynamoDB",
            WRITE.times(events) + READ.times(2.0 * events) + ROWS.times(events * 400.0 * months(30.0)),
        ),
        (
            "CloudWatch Logs",
            LOGGED.times(events * EVENT_LOG) + LOG_KEPT.times(events * EVENT_LOG * months(30.0)),
        ),
        ("X-Ray", TRACE.times(every_second + 0.05 * (events - every_second))),
        (
            "Alarms, dashboard, secret",
            ALARM.times(standing.alarms)
                + METRIC.times(standing.metrics)
                + DASHBOARD.times(1.0)
                + SECRET.times(1.0),
        ),
    ]
}

/// The tables, as the page has them.
pub fn tables(template: &Template) -> String {
    let standing = Standing::of(template);
    let bills = COLUMNS.map(|(_, events)| bill(events, &standing));
    let row = |name: &str, cells: [f64; 3]| {
        let cells = cells.map(dollars).join(" | ");
        format!("| {name} | {cells} |\n")
    };
    let mut page = format!(
        "{ASSUMED}\n| events a month | {} |\n|---|--:|--:|--:|\n",
        COLUMNS.map(|it| it.0).join(" | ")
    );
    let [small, middle, large] = &bills;
    for ((line, second), third) in small.iter().zip(middle).zip(large) {
        page += &row(line.0, [line.1, second.1, third.1]);
    }
    let totals = bills.each_ref().map(|bill| bill.iter().map(|line| line.1).sum::<f64>());
    page += &row("**together**", totals);
    page += &row("more by API Gateway", COLUMNS.map(|it| API.times(it.1)));
    page += "\n| list price, us-east-1 | for each | dollars |\n|---|---|--:|\n";
    for price in PRICES {
        writeln!(page, "| {} | {} | {} |", price.what, price.per, price.dollars)
            .expect("a text takes more text");
    }
    page
}

/// Cents below ten dollars, else whole ones.
fn dollars(amount: f64) -> String {
    if amount < 10.0 { format!("${amount:.2}") } else { format!("${amount:.0}") }
}
