//! Queues keep order, drop duplicates, and give nothing up too early.

use pointsman_core::port::QueueSettings;

use crate::terraform;

#[test]
fn every_queue_has_sessions_duplicates_are_dropped_and_dead_letters_kept() {
    let queues = terraform().of_type("azurerm_servicebus_queue");
    assert_eq!(queues.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["work", "dead"]);
    for (name, queue) in &queues {
        assert_eq!(queue["requires_session"], true, "{name}");
        assert_eq!(queue["requires_duplicate_detection"], true, "{name}");
        assert_eq!(queue["dead_lettering_on_message_expiration"], true, "{name}");
        assert_eq!(queue["for_each"], "${local.queues}", "{name}");
        assert_eq!(queue["default_message_ttl"], "P14D", "{name}");
    }
    assert_eq!(queues[0].1["name"], "${var.queue_prefix}${each.key}");
    assert_eq!(queues[1].1["name"], "${var.queue_prefix}${each.key}_dead");
    assert_eq!(queues[0].1["duplicate_detection_history_time_window"], "PT10M");
}

#[test]
fn throttling_ends_with_the_messages_age_and_not_with_the_brokers_patience() {
    let age = QueueSettings::default().max_age.as_secs();
    let (_, work) = terraform().of_type("azurerm_servicebus_queue").remove(0);
    // A delivery waits for half a minute (shared/hosts/azfunc/src/host.rs).
    assert!(work["max_delivery_count"].as_u64().unwrap() * 30 > age, "{age} s of throttling");
}

#[test]
fn every_stage_with_a_queue_has_one() {
    let stages: Vec<String> = serde_json::from_value(terraform().local("stages")).unwrap();
    let root = pointsman_tests::house::root();
    for stage in &stages {
        let json = std::fs::read_to_string(root.join("functions").join(stage).join("function.json")).unwrap();
        assert!(json.contains(&format!("\"%POINTSMAN_AZURE_QUEUE_PREFIX%{stage}\"")), "{stage}");
    }
    assert_eq!(stages.len(), 4);
}
