//! What a real host would refuse, or silently not do, the fake tells.

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use pointsman_fake_functions_host::{App, Trigger};
use serde_json::{Value, json};

fn write(folder: &Path, name: &str, json: &Value) {
    let file = folder.join(name);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, json.to_string()).unwrap();
}

fn host() -> Value {
    json!({ "version": "2.0", "customHandler": { "description": { "defaultExecutablePath": "azure" },
            "enableProxyingHttpRequest": true } })
}

/// An app with this one function.
fn read(host: &Value, function: &Value) -> Result<App, String> {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "host.json", host);
    write(folder.path(), "work/function.json", function);
    let settings = [("QUEUE", "work"), ("BUS__fullyQualifiedNamespace", "x"), ("EMPTY", "")];
    let settings: BTreeMap<String, String> =
        settings.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    App::read(folder.path(), &settings).map_err(|error| error.to_string())
}

fn queue(more: Value) -> Value {
    let mut binding = json!({ "type": "serviceBusTrigger", "name": "m", "direction": "in", "queueName": "%QUEUE%",
                              "connection": "BUS", "isSessionsEnabled": true });
    for (name, value) in more.as_object().unwrap() {
        binding[name] = value.clone();
    }
    json!({ "bindings": [binding] })
}

#[test]
fn without_settings_of_its_own_an_app_has_the_extensions_defaults() {
    let app = read(&host(), &queue(json!({}))).unwrap();
    assert_eq!((app.slots, app.idle), (8, Duration::from_secs(60)));
    assert_eq!(app.functions[0].trigger, Trigger::ServiceBus { queue: "work".into(), sessions: true });
    let http = json!({ "bindings": [{ "type": "httpTrigger", "route": "webhooks/{source}" }] });
    let Trigger::Http { route, .. } = read(&host(), &http).unwrap().functions[0].trigger.clone() else {
        panic!()
    };
    assert_eq!(route, "api/webhooks/{source}");
}

#[test]
fn what_a_host_could_not_start_is_an_error() {
    let cases = [
        (queue(json!({ "queueName": "%NOWHERE%" })), "does not resolve"),
        (queue(json!({ "queueName": "%EMPTY%" })), "does not resolve"),
        (queue(json!({ "connection": "NOBODY" })), "NOBODY__fullyQualifiedNamespace"),
        (queue(json!({ "cardinality": "many" })), "one after another"),
        (json!({ "bindings": [] }), "not one trigger"),
        (json!({ "bindings": [{ "type": "timerTrigger", "schedule": "*/5 * * * *" }] }), "six fields"),
        (json!({ "bindings": [{ "type": "blobTrigger" }] }), "unknown"),
    ];
    for (function, says) in cases {
        let error = read(&host(), &function).unwrap_err();
        assert!(error.starts_with("work: ") && error.contains(says), "{function}: {error}");
    }
    for part in [
        "/version",
        "/customHandler/enableProxyingHttpRequest",
        "/customHandler/description/defaultExecutablePath",
    ] {
        let mut host = host();
        *host.pointer_mut(part).unwrap() = Value::Null;
        assert!(read(&host, &queue(json!({}))).unwrap_err().starts_with("host.json"), "{part}");
    }
}
