//! Who may do what, and to which one thing.

use std::collections::BTreeMap;

use crate::{none, terraform};

/// Every right of the functions: the role, and to what. A line here is an argument to be had.
const RIGHTS: &[(&str, &[&str])] = &[
    ("Azure Service Bus Data Sender", &["queue.id"]),
    ("Azure Service Bus Data Receiver", &["azurerm_servicebus_queue.work[stage].id"]),
    (
        "Storage Blob Data Contributor",
        &["azurerm_storage_container.archive.id", "azurerm_storage_container.records.id"],
    ),
    ("Key Vault Secrets User", &["azurerm_key_vault.this.id"]),
    // The Functions host's own account, which holds nothing of ours but packages.
    ("Storage Blob Data Owner", &["azurerm_storage_account.host.id"]),
    ("Monitoring Metrics Publisher", &["azurerm_application_insights.this.id"]),
];

/// Each `[scope, "role"]` in a text.
fn pairs(text: &str) -> Vec<(String, String)> {
    let lists = text.split('[').filter_map(|rest| rest.split("\"]").next()?.split_once(", \""));
    let unquoted = lists.filter(|(scope, _)| !scope.contains('"'));
    unquoted.map(|(scope, role)| (scope.trim().to_owned(), role.to_owned())).collect()
}

#[test]
fn a_right_is_for_one_thing_and_argued_for() {
    let text = terraform().local("rights");
    // `work[stage].id` has brackets of its own.
    let text = text.as_str().unwrap().replace("work[stage].id", "work(stage).id");
    let found = pairs(&text);
    assert_eq!(found.len(), 8, "{found:?}");
    let may = |(scope, role): &&(String, String)| {
        let scope = scope.replace("(stage)", "[stage]");
        RIGHTS.iter().any(|(named, scopes)| named == role && scopes.contains(&scope.as_str()))
    };
    let more: Vec<String> =
        found.iter().filter(|it| !may(it)).map(|(scope, role)| format!("{role} on {scope}")).collect();
    none(&more, "more than is argued for");
    let used = |role: &&str| found.iter().any(|(_, named)| named == role);
    let stale = RIGHTS.iter().map(|(role, _)| *role).filter(|role| !used(role)).map(str::to_owned);
    none(&stale.collect::<Vec<_>>(), "argued for in vain");
}

#[test]
fn a_wider_right_is_found() {
    let text =
        "{a = [azurerm_resource_group.this.id, \"Contributor\"], b = [azurerm_key_vault.this.id, \"Owner\"]}";
    let found = pairs(text);
    let pair = |scope: &str, role: &str| (scope.to_owned(), role.to_owned());
    assert_eq!(
        found,
        [pair("azurerm_resource_group.this.id", "Contributor"), pair("azurerm_key_vault.this.id", "Owner")]
    );
}

#[test]
fn nobody_else_has_a_right() {
    let assigned: BTreeMap<String, _> = terraform().of_type("azurerm_role_assignment").into_iter().collect();
    assert_eq!(assigned.keys().collect::<Vec<_>>(), ["deployer", "functions"]);
    let functions = &assigned["functions"];
    assert_eq!(functions["for_each"], "${local.rights}");
    assert_eq!(functions["principal_id"], "${azurerm_user_assigned_identity.functions.principal_id}");
    // Whoever deploys puts secrets into the vault, and has no other right by this.
    let deployer = &assigned["deployer"];
    assert_eq!(deployer["role_definition_name"], "Key Vault Secrets Officer");
    assert_eq!(deployer["scope"], "${azurerm_key_vault.this.id}");
}

#[test]
fn there_is_no_shared_key() {
    let terraform = terraform();
    let of = |kind: &str, key: &str| -> Vec<serde_json::Value> {
        terraform.of_type(kind).into_iter().map(|(_, it)| it[key].clone()).collect()
    };
    assert_eq!(of("azurerm_storage_account", "shared_access_key_enabled"), [false, false]);
    assert_eq!(of("azurerm_servicebus_namespace", "local_auth_enabled"), [false]);
    assert_eq!(of("azurerm_application_insights", "local_authentication_enabled"), [false]);
    assert_eq!(of("azurerm_key_vault", "rbac_authorization_enabled"), [true]);
    let text = format!("{:?}", terraform.blocks("resource"));
    for key in ["access_key\"", "primary_connection_string", "shared_access_policy", "authorization_rule"] {
        assert!(!text.contains(key), "{key}");
    }
    // The one connection string that there is names a place, and is no key: insights take identities alone.
    assert_eq!(text.matches("connection_string}").count(), 2);
}
