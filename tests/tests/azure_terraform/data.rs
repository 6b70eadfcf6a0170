//! Data outlives what is around it, is nobody else's to read, and ends when its time is over.

use serde_json::Value;

use crate::{none, terraform};

/// What cannot have tags.
const TAGLESS: [&str; 6] = [
    "azurerm_key_vault_secret",
    "azurerm_role_assignment",
    "azurerm_servicebus_queue",
    "azurerm_storage_container",
    "azurerm_storage_container_immutability_policy",
    "azurerm_storage_management_policy",
];

fn account(name: &str) -> Value {
    terraform().of_type("azurerm_storage_account").into_iter().find(|(it, _)| it == name).unwrap().1
}

#[test]
fn what_would_be_a_loss_is_not_destroyed_with_the_rest() {
    let vault = terraform().of_type("azurerm_key_vault").remove(0).1;
    for kept in [&account("data"), &vault] {
        assert_eq!(kept["lifecycle"][0]["prevent_destroy"], true);
    }
    assert_eq!(vault["purge_protection_enabled"], true);
    assert_eq!(account("data")["blob_properties"][0]["delete_retention_policy"][0]["days"], 7);
}

#[test]
fn nothing_is_public_and_nothing_goes_in_plain_text() {
    for (name, account) in terraform().of_type("azurerm_storage_account") {
        assert_eq!(account["allow_nested_items_to_be_public"], false, "{name}");
        assert_eq!(account["https_traffic_only_enabled"], true, "{name}");
        assert_eq!(account["min_tls_version"], "TLS1_2", "{name}");
    }
    for (name, container) in terraform().of_type("azurerm_storage_container") {
        assert_eq!(container["container_access_type"], "private", "{name}");
    }
    assert_eq!(terraform().of_type("azurerm_servicebus_namespace")[0].1["minimum_tls_version"], "1.2");
}

#[test]
fn archive_and_records_end() {
    let (_, policy) = terraform().of_type("azurerm_storage_management_policy").remove(0);
    let rules = policy["rule"].as_array().unwrap();
    let after = "delete_after_days_since_modification_greater_than";
    let end = |name: &str| {
        let rule = rules.iter().find(|rule| rule["filters"][0]["prefix_match"][0] == format!("{name}/"));
        let rule = rule.unwrap_or_else(|| panic!("{name} has no end"));
        assert_eq!(rule["enabled"], true);
        rule["actions"][0]["base_blob"][0][after].clone()
    };
    assert_eq!(end("archive"), "${var.archive_days}");
    assert!(end("records").as_u64().unwrap() > 90);
    let (_, held) = terraform().of_type("azurerm_storage_container_immutability_policy").remove(0);
    assert_eq!(held["count"], "${var.immutable_days > 0 ? 1 : 0}");
}

#[test]
fn everything_that_can_have_tags_has_them() {
    let bare = terraform()
        .blocks("resource")
        .into_iter()
        .filter(|it| !TAGLESS.contains(&it.labels[0].as_str()) && it.body["tags"] != "${local.tags}");
    none(&bare.map(|it| it.labels.join(".")).collect::<Vec<_>>(), "tags = local.tags");
}

#[test]
fn no_secret_is_in_terraforms_state() {
    let secrets = terraform().of_type("azurerm_key_vault_secret");
    assert!(secrets.is_empty(), "secrets are put into the vault by hand: {secrets:?}");
    let sensitive = terraform().blocks("variable").into_iter().filter(|it| it.body["sensitive"] == true);
    assert_eq!(sensitive.count(), 0);
}
