//! A configuration of Azure: what is refused that Service Bus cannot, and what it becomes.

use super::*;
use crate::config::azure::Azure;

const BAD: &str = r#"backend: azure
azure: { namespace: "a b", account: x, container: Archive, vault: "ftp://v", prefix: pointsman-dev- }
sources: { github: { secrets: ["literal:hunter2"] } }
subscriptions:
  - { name: bot, events: [push], on_poison: hold }
"#;

const TOLD: &str = r#"pointsman.yaml:2:21: azure.namespace: `a b` is no name of a resource: 3 to 63 of a-z, 0-9 and -, or its https URL
pointsman.yaml:2:37: azure.account: `x` is no name of a resource: 3 to 63 of a-z, 0-9 and -, or its https URL
pointsman.yaml:2:51: azure.container: `Archive` is no name of a container: 3 to 63 of a-z, 0-9 and -
pointsman.yaml:2:67: azure.vault: `ftp://v` is no name of a resource: 3 to 63 of a-z, 0-9 and -, or its https URL
pointsman.yaml:2:86: azure.prefix: `pointsman-dev-` is no prefix of queues: 1 to 10 of a-z, 0-9 and -, beginning with a letter or digit
pointsman.yaml:3:32: sources.github.secrets[0]: a secret written into the configuration is not for `backend: azure`: it would be packed into the function app
    keep it in Key Vault: azure-kv:NAME or azure-kv:NAME#key
pointsman.yaml:5:45: subscriptions[0].on_poison: Service Bus cannot hold a session for a person: a message that fails for good would have to be dead-lettered, and its session goes on
    leave `on_poison` out, and use `pointsman dead-letters QUEUE retry`"#;

const ELSEWHERE: &str = r#"azure: { account: archive }
sources: { github: { secrets: ["azure-kv:hook#key"] } }
"#;

const TOLD_ELSEWHERE: &str = r#"pointsman.yaml:1:1: azure: this section is for `backend: azure`
    write `backend: azure`, or remove the section
pointsman.yaml:2:32: sources.github.secrets[0]: azure-kv:hook#key lies in Azure Key Vault, which only `backend: azure` reads
    use env:NAME or file:PATH"#;

#[test]
fn what_service_bus_cannot_do_is_a_fault() {
    assert_eq!(told(BAD), TOLD);
}

#[test]
fn nothing_of_azure_is_taken_without_its_backend() {
    assert_eq!(told(ELSEWHERE), TOLD_ELSEWHERE);
}

#[test]
fn a_place_that_nobody_names_is_told_with_where_to_name_it() {
    let error = Config::default().azure_places().unwrap_err().to_string();
    let parts = ["namespace of Service Bus", "POINTSMAN_AZURE_NAMESPACE", "`azure: { namespace: NAME }`"];
    assert!(parts.iter().all(|part| error.contains(part)), "{error}");
    let azure = Azure { namespace: Some("bus".into()), ..Azure::default() };
    let error = Config { azure: Some(azure), ..Config::default() }.azure_places().unwrap_err();
    assert!(error.to_string().contains("POINTSMAN_AZURE_ACCOUNT"), "{error}");
    let error = Config::default().azure_vault().unwrap_err();
    assert!(error.to_string().contains("POINTSMAN_AZURE_VAULT"), "{error}");
}

#[test]
fn a_name_becomes_its_url_and_an_url_stays_one() {
    let azure = Azure {
        namespace: Some("bus".into()),
        account: Some("http://127.0.0.1:1/dev/".into()),
        vault: Some("vault".into()),
        premium: true,
        ..Azure::default()
    };
    let config = Config { azure: Some(azure), ..Config::default() };
    let places = config.azure_places().unwrap();
    assert_eq!(config.azure_amqp().unwrap(), ("bus.servicebus.windows.net".into(), 5671, true));
    assert_eq!(places.namespace, "https://bus.servicebus.windows.net");
    assert_eq!(places.account, "http://127.0.0.1:1/dev");
    assert_eq!(places.vault.as_deref(), Some("https://vault.vault.azure.net"));
    let emulated = Azure { amqp: Some("127.0.0.1:5".into()), ..Azure::default() };
    let emulated = Config { azure: Some(emulated), ..Config::default() };
    assert_eq!(emulated.azure_amqp().unwrap(), ("127.0.0.1".into(), 5, false));
    assert_eq!((places.largest, places.prefix.as_str()), (100 << 20, "pointsman-"));
}
