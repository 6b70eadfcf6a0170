//! Payloads to send: GitHub's examples, those derived from them, and a few made on the spot because they are large.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::house;

/// One payload.
#[derive(Debug, Clone)]
pub struct Payload {
    /// The event's name, as in `X-GitHub-Event`.
    pub event: String,
    /// Which of the event's payloads: `04.closed`.
    pub name: String,
    /// The bytes to send.
    pub bytes: Vec<u8>,
}

/// Each example of the package, in order of event and number: 329 of 58 events.
pub fn github() -> impl Iterator<Item = Payload> {
    payloads("github")
}

/// Those made from the examples: see `fixtures/derived/ORIGIN.md`.
pub fn derived() -> impl Iterator<Item = Payload> {
    payloads("derived")
}

/// The one of this name, `{event}/{name}`, among the derived or else the examples.
pub fn named(name: &str) -> Payload {
    let of = |set: &str| fixtures().join(set).join(format!("{name}.payload.json"));
    let path = [of("derived"), of("github")].into_iter().find(|path| path.exists());
    read(path.unwrap_or_else(|| panic!("no fixture {name}: see tests/fixtures")))
}

/// The JSON schema of a CloudEvent 1.0.
pub fn cloudevents_schema() -> Value {
    let path = fixtures().join("schemas/cloudevents.json");
    serde_json::from_slice(&fs::read(path).expect("the schema is there")).expect("the schema is JSON")
}

/// The payload as the body of a form (`application/x-www-form-urlencoded`), as GitHub sends it when so configured.
pub fn form_encoded(payload: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(payload).expect("payloads are UTF-8");
    form_urlencoded::Serializer::new(String::new()).append_pair("payload", text).finish().into_bytes()
}

/// A real pull request, of exactly this many bytes: its largest parts are left out, which are copies of one repository, and
/// spaces put in.
pub fn pull_request(bytes: usize) -> Vec<u8> {
    let example = github().find(|payload| payload.event == "pull_request").expect("an example");
    let mut value: Value = serde_json::from_slice(&example.bytes).expect("fixtures are JSON");
    while value.to_string().len() > bytes {
        let pull = value["pull_request"].as_object_mut().expect("a pull request");
        let largest =
            pull.iter().max_by_key(|(_, part)| part.to_string().len()).map(|(name, _)| name.clone());
        pull.remove(&largest.expect("a part that is too large"));
    }
    let mut text = value.to_string();
    let missing = bytes - text.len();
    text.insert_str(1, &" ".repeat(missing));
    text.into_bytes()
}

/// A push of at least this many bytes, by as many commits as it takes.
pub fn large_push(bytes: usize) -> Payload {
    let mut push: Value = serde_json::from_slice(&named("push/05").bytes).expect("fixtures are JSON");
    let message = "a commit with much to say. ".repeat(80);
    let commit =
        |n: usize| serde_json::json!({ "id": format!("{n:040x}"), "message": message, "distinct": true });
    push["commits"] = (0..bytes / message.len() + 1).map(commit).collect();
    let bytes = serde_json::to_vec(&push).expect("JSON");
    Payload { event: "push".into(), name: "large".into(), bytes }
}

fn fixtures() -> PathBuf {
    house::root().join("tests/fixtures")
}

fn payloads(set: &str) -> impl Iterator<Item = Payload> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for folder in entries(&fixtures().join(set)).into_iter().filter(|path| path.is_dir()) {
        paths.extend(
            entries(&folder).into_iter().filter(|path| path.to_string_lossy().ends_with(".payload.json")),
        );
    }
    paths.sort();
    paths.into_iter().map(read)
}

fn read(path: PathBuf) -> Payload {
    let text =
        |part: Option<&std::ffi::OsStr>| part.expect("a fixture's path").to_string_lossy().into_owned();
    let name = text(path.file_name()).trim_end_matches(".payload.json").to_owned();
    let event = text(path.parent().and_then(Path::file_name));
    let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Payload { event, name, bytes }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.expect("a readable folder").path()).collect()
}
