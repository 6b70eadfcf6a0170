//! Somebody is told: of every queue, every dead letter, of errors, and of a recover that does not run. And the workbook shows
//! figures that there are.

use pointsman_core::telemetry;
use serde_json::Value;

use crate::terraform;

fn alert(name: &str) -> Value {
    let alerts = terraform().of_type("azurerm_monitor_metric_alert");
    alerts.into_iter().find(|(it, _)| it == name).unwrap_or_else(|| panic!("{name}")).1
}

fn criteria(alert: &Value) -> Vec<[String; 3]> {
    let word = |one: &Value, key: &str| match &one[key] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let all = alert["criteria"].as_array().unwrap().iter();
    all.map(|one| ["metric_name", "operator", "threshold"].map(|key| word(one, key))).collect()
}

#[test]
fn dead_letters_are_told_with_the_first_one_ours_and_the_brokers() {
    for (name, metric, queues) in
        [("dead", "ActiveMessages", "dead"), ("broker_dead", "DeadletteredMessages", "work")]
    {
        let alert = alert(name);
        assert_eq!(alert["for_each"], format!("${{azurerm_servicebus_queue.{queues}}}"));
        assert_eq!(criteria(&alert), [[metric, "GreaterThan", "0"].map(str::to_owned)]);
        assert_eq!(alert["criteria"][0]["dimension"][0]["values"][0], "${each.value.name}");
    }
}

#[test]
fn a_queue_that_lags_is_told() {
    let alert = alert("age");
    assert_eq!(alert["for_each"], "${azurerm_servicebus_queue.work}");
    let both = [["ActiveMessages", "GreaterThan", "0"], ["CompleteMessage", "LessThan", "1"]];
    assert_eq!(criteria(&alert), both.map(|one| one.map(str::to_owned)));
}

#[test]
fn errors_and_a_recover_that_does_not_run_are_told() {
    assert_eq!(criteria(&alert("server_errors")), [["Http5xx", "GreaterThan", "0"].map(str::to_owned)]);
    let (_, recover) = terraform().of_type("azurerm_monitor_scheduled_query_rules_alert_v2").remove(0);
    let query = recover["criteria"][0]["query"].as_str().unwrap();
    assert!(query.contains("name == 'recover'") && query.contains("success == true"), "{query}");
    assert_eq!(recover["criteria"][0]["operator"], "LessThan");
}

#[test]
fn an_alert_says_what_to_do_to_somebody() {
    let group = "${azurerm_monitor_action_group.this.id}";
    for (name, alert) in terraform().of_type("azurerm_monitor_metric_alert") {
        assert!(alert["description"].as_str().is_some_and(|text| text.len() > 40), "{name}");
        assert_eq!(alert["action"][0]["action_group_id"], group, "{name}");
    }
    let (_, recover) = terraform().of_type("azurerm_monitor_scheduled_query_rules_alert_v2").remove(0);
    assert_eq!(recover["action"][0]["action_groups"][0], group);
}

#[test]
fn the_workbook_shows_figures_by_labels_that_they_have() {
    let charts = terraform().local("charts");
    let charts = charts.as_array().unwrap();
    assert!(charts.len() >= 8, "{charts:#?}");
    for chart in charts {
        let (name, by) = (chart["name"].as_str().unwrap(), chart["by"].as_str().unwrap());
        let about = telemetry::named(name).unwrap_or_else(|| panic!("there is no figure `{name}`"));
        assert!(about.labels.contains(&by), "{name} has no label `{by}`");
    }
    let (_, workbook) = terraform().of_type("azurerm_application_insights_workbook").remove(0);
    assert_eq!(workbook["source_id"], "${lower(azurerm_application_insights.this.id)}");
    assert!(workbook["data_json"].as_str().unwrap().contains("for chart in local.charts"));
}
