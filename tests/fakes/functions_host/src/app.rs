//! A packaged app, as the host reads it: `host.json`, and a folder with `function.json` a function. What a real host would
//! refuse, or silently not do, is an error here.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::Value;

/// An app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    /// The program, relative to the app's folder.
    pub executable: PathBuf,
    /// Sessions at the same time, a function.
    pub slots: u64,
    /// How long a slot waits for the next message of its session.
    pub idle: Duration,
    /// All functions, by name.
    pub functions: Vec<Function>,
}

/// A function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its folder.
    pub name: String,
    /// What calls it.
    pub trigger: Trigger,
}

/// What calls a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// Requests to this route, prefix included, of these methods (none = any).
    Http {
        /// Such as `webhooks/{source}`.
        route: String,
        /// In upper case.
        methods: Vec<String>,
    },
    /// Messages.
    ServiceBus {
        /// Of this queue.
        queue: String,
        /// By session.
        sessions: bool,
    },
    /// A schedule.
    Timer,
    /// Somebody, by name.
    Manual,
}

impl App {
    /// Reads what lies in the folder, with these app settings.
    pub fn read(folder: &Path, settings: &BTreeMap<String, String>) -> io::Result<Self> {
        let host = json(&folder.join("host.json"))?;
        let handler = &host["customHandler"];
        let executable = text(&handler["description"]["defaultExecutablePath"]);
        let bus = &host["extensions"]["serviceBus"];
        if host["version"] != "2.0" || executable.is_empty() || handler["enableProxyingHttpRequest"] != true {
            return Err(wrong("host.json", "it has no version 2.0, no program, or forwards no requests"));
        }
        let prefix = host["extensions"]["http"]["routePrefix"].as_str().unwrap_or("api");
        let mut functions = Vec::new();
        let mut entries: Vec<_> = fs::read_dir(folder)?.collect::<Result<_, _>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let file = entry.path().join("function.json");
            if file.exists() {
                let name = entry.file_name().to_string_lossy().into_owned();
                let trigger = trigger(&json(&file)?, prefix, settings).map_err(|why| wrong(&name, &why))?;
                functions.push(Function { name, trigger });
            }
        }
        Ok(Self {
            executable: executable.into(),
            // The defaults of the extension.
            slots: bus["maxConcurrentSessions"].as_u64().unwrap_or(8),
            idle: bus["sessionIdleTimeout"].as_str().and_then(span).unwrap_or(Duration::from_secs(60)),
            functions,
        })
    }
}

fn trigger(function: &Value, prefix: &str, settings: &BTreeMap<String, String>) -> Result<Trigger, String> {
    let bindings = function["bindings"].as_array().ok_or("it has no bindings")?;
    let is = |binding: &&Value| text(&binding["type"]).to_lowercase().ends_with("trigger");
    let [trigger] = bindings.iter().filter(is).collect::<Vec<_>>()[..] else {
        return Err("it has not one trigger".to_owned());
    };
    match &*text(&trigger["type"]) {
        "httpTrigger" => {
            let route = text(&trigger["route"]);
            let methods = trigger["methods"].as_array().into_iter().flatten();
            Ok(Trigger::Http {
                route: if prefix.is_empty() { route } else { format!("{prefix}/{route}") },
                methods: methods.map(|method| text(method).to_uppercase()).collect(),
            })
        }
        "serviceBusTrigger" if trigger["cardinality"] == "many" => {
            Err("the extension hands batches of sessions out one after another: take one message a call"
                .into())
        }
        "serviceBusTrigger" => {
            connected(&text(&trigger["connection"]), settings)?;
            let queue = resolved(&text(&trigger["queueName"]), settings)?;
            Ok(Trigger::ServiceBus { queue, sessions: trigger["isSessionsEnabled"] == true })
        }
        "timerTrigger" if text(&trigger["schedule"]).split(' ').count() == 6 => Ok(Trigger::Timer),
        "manualTrigger" => Ok(Trigger::Manual),
        other => Err(format!("its trigger `{other}` is unknown, or has no schedule of six fields")),
    }
}

/// A connection is a setting, or some that begin with its name.
fn connected(name: &str, settings: &BTreeMap<String, String>) -> Result<(), String> {
    let by_identity = format!("{name}__fullyQualifiedNamespace");
    if settings.contains_key(name) || settings.contains_key(&by_identity) {
        return Ok(());
    }
    Err(format!("the app settings have neither `{name}` nor `{by_identity}`"))
}

/// A text with what each `%NAME%` in it stands for.
fn resolved(text: &str, settings: &BTreeMap<String, String>) -> Result<String, String> {
    let mut whole = String::new();
    for (index, part) in text.split('%').enumerate() {
        if index % 2 == 0 {
            whole.push_str(part);
            continue;
        }
        let value = settings.get(part).filter(|value| !value.is_empty());
        let none = || format!("`%{part}%` does not resolve to a value: there is no such app setting");
        whole.push_str(value.ok_or_else(none)?);
    }
    Ok(whole)
}

/// `hh:mm:ss`.
fn span(text: &str) -> Option<Duration> {
    let [hours, minutes, seconds] =
        text.split(':').map(|part| part.parse().ok()).collect::<Option<Vec<u64>>>()?[..]
    else {
        return None;
    };
    Some(Duration::from_secs(hours * 3600 + minutes * 60 + seconds))
}

fn json(file: &Path) -> io::Result<Value> {
    serde_json::from_slice(&fs::read(file)?)
        .map_err(|error| wrong(&file.display().to_string(), &error.to_string()))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn wrong(what: &str, why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{what}: {why}"))
}
