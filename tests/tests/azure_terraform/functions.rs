//! The app has what its program and its host read.

use pointsman_core::config::azure;
use serde_json::Value;

use crate::terraform;

#[test]
fn the_app_is_told_where_everything_is() {
    let settings = terraform().local("settings");
    let named =
        [azure::NAMESPACE, azure::ACCOUNT, azure::CONTAINER, azure::RECORDS, azure::VAULT, azure::PREFIX];
    for name in named {
        assert!(settings[name].is_string(), "{name}");
    }
    let output = terraform().blocks("output").into_iter().find(|it| it.labels[0] == "environment").unwrap();
    for name in named {
        assert_eq!(output.body["value"][name], settings[name], "{name}: the command is told the same");
    }
}

#[test]
fn connections_are_by_identity() {
    let settings = terraform().local("settings");
    for connection in ["POINTSMAN_SERVICEBUS", "AzureWebJobsStorage"] {
        assert_eq!(settings[format!("{connection}__credential")], "managedidentity");
        let client = "${azurerm_user_assigned_identity.functions.client_id}";
        assert_eq!(settings[format!("{connection}__clientId")], client);
    }
    assert!(settings["POINTSMAN_SERVICEBUS__fullyQualifiedNamespace"].is_string());
}

#[test]
fn both_plans_run_the_same_app_over_tls_alone() {
    let kinds =
        [("azurerm_function_app_flex_consumption", "flex"), ("azurerm_linux_function_app", "premium")];
    for (kind, plan) in kinds {
        let (_, app) = terraform().of_type(kind).remove(0);
        assert_eq!(app["count"], format!("${{var.plan == \"{plan}\" ? 1 : 0}}"), "{kind}");
        assert_eq!(app["https_only"], true, "{kind}");
        assert_eq!(app["identity"][0]["type"], "UserAssigned", "{kind}");
        let settings = app["app_settings"].as_str().unwrap();
        assert!(settings.contains("local.settings"), "{kind}: {settings}");
        let site: &Value = &app["site_config"][0];
        assert_eq!(site["minimum_tls_version"], "1.2", "{kind}");
    }
    let (_, flex) = terraform().of_type(kinds[0].0).remove(0);
    assert_eq!((&flex["runtime_name"], &flex["runtime_version"]), (&"custom".into(), &"1.0".into()));
    let default = terraform().blocks("variable").into_iter().find(|it| it.labels[0] == "plan").unwrap();
    assert_eq!(default.body["default"], "flex");
}
