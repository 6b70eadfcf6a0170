//! What a world came to, without what depends on when things happened: ids, dates, numbers of release pull requests.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::world::World;

const FILES: [&str; 9] = [
    "CHANGELOG.md",
    "Cargo.toml",
    "README.md",
    "api/CHANGELOG.md",
    "api/version.txt",
    "web/CHANGELOG.md",
    "web/package.json",
    "web/push-1.txt",
    ".github/pointsman.yaml",
];

/// What must be the same, however it came about.
pub fn view(world: &World) -> Value {
    let snapshot = world.snapshot();
    let pulls = snapshot["pulls"].as_array().unwrap();
    let ours = |pull: &&Value| pull["head"]["ref"].as_str().unwrap().starts_with("pointsman--release--");
    let merged = |pull: &&Value| !pull["merged_at"].is_null();
    let open = |pull: &&Value| pull["state"] == "open";
    let feature = |pull: &&Value| !ours(pull);
    let said = |pull: &Value| comments(&snapshot, pull["number"].as_u64().unwrap());
    json!({
        "open": sorted(pulls.iter().filter(ours).filter(open).map(|pull| proposal(world, pull)).collect()),
        "merged": pulls.iter().filter(ours).filter(merged)
            .map(|pull| json!([pull["head"]["ref"], labels(pull)])).collect::<Vec<_>>(),
        "features": pulls.iter().filter(feature)
            .map(|pull| json!([pull["number"], said(pull)])).collect::<Vec<_>>(),
        "tags": tags(world, &snapshot),
        "releases": releases(&snapshot),
        "branches": snapshot["refs"].as_object().unwrap().keys()
            .filter(|name| name.starts_with("refs/heads/")).collect::<Vec<_>>(),
        "main": files(world, "refs/heads/main"),
    })
}

/// What is wrong with a world by itself.
pub fn faults(world: &World) -> Vec<String> {
    let snapshot = world.snapshot();
    let mut faults = Vec::new();
    for release in snapshot["releases"].as_array().unwrap().iter().filter(|it| it["draft"] == true) {
        faults.push(format!("a draft of {} is left", release["tag_name"]));
    }
    let mut seen = BTreeSet::new();
    for comment in snapshot["comments"].as_array().unwrap() {
        let last = comment["body"].as_str().unwrap().lines().last().unwrap_or_default().to_owned();
        if last.starts_with("<!-- pointsman") && !seen.insert((comment["issue_url"].to_string(), last)) {
            faults.push(format!("a comment is there twice: {}", comment["body"]));
        }
    }
    for (number, note) in &world.notes {
        let pull =
            snapshot["pulls"].as_array().unwrap().iter().find(|pull| pull["number"] == *number).unwrap();
        if !pull["body"].as_str().unwrap().contains(note) {
            faults.push(format!("the note {note:?} on {number} is gone"));
        }
    }
    faults
}

fn sorted(mut all: Vec<Value>) -> Vec<Value> {
    all.sort_by_key(Value::to_string);
    all
}

fn proposal(world: &World, pull: &Value) -> Value {
    let head = pull["head"]["sha"].as_str().unwrap();
    json!({
        "branch": pull["head"]["ref"],
        "title": pull["title"],
        "body": plain(pull["body"].as_str().unwrap()),
        "labels": labels(pull),
        "base": world.base(head),
        "files": files(world, head),
    })
}

fn labels(pull: &Value) -> Vec<String> {
    let mut labels: Vec<String> =
        pull["labels"].as_array().unwrap().iter().map(|label| label["name"].to_string()).collect();
    labels.sort();
    labels
}

fn comments(snapshot: &Value, number: u64) -> Vec<String> {
    let on = |comment: &&Value| comment["issue_url"].as_str().unwrap().ends_with(&format!("/{number}"));
    let mut said: Vec<String> = snapshot["comments"]
        .as_array()
        .unwrap()
        .iter()
        .filter(on)
        .map(|comment| plain(comment["body"].as_str().unwrap()))
        .collect();
    said.sort();
    said
}

fn tags(world: &World, snapshot: &Value) -> BTreeMap<String, Option<usize>> {
    let refs = snapshot["refs"].as_object().unwrap().iter();
    refs.filter_map(|(name, _)| name.strip_prefix("refs/tags/"))
        .map(|tag| {
            let commit = world.git(&["rev-parse", &format!("refs/tags/{tag}^{{commit}}")]).unwrap();
            (tag.to_owned(), world.position(commit.trim()))
        })
        .collect()
}

fn releases(snapshot: &Value) -> Vec<Value> {
    let shown = |it: &Value| {
        json!([
            it["tag_name"],
            it["draft"],
            it["prerelease"],
            it["name"],
            plain(it["body"].as_str().unwrap())
        ])
    };
    sorted(snapshot["releases"].as_array().unwrap().iter().map(shown).collect())
}

fn files(world: &World, at: &str) -> BTreeMap<&'static str, Option<String>> {
    let show = |path: &str| world.git(&["show", &format!("{at}:{path}")]).map(|text| plain(&text));
    FILES.into_iter().map(|path| (path, show(path))).collect()
}

/// Without ids of commits, dates, notes of people, and greetings: a release is not held up when GitHub does not say who is
/// new, so a lost answer is a lost greeting.
fn plain(text: &str) -> String {
    let greets =
        |line: &str| line == "### New Contributors" || line.contains(" made their first contribution in ");
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let lines = lines.filter(|line| !line.starts_with("Thanks to helper") && !greets(line));
    lines.map(words).collect::<Vec<_>>().join("\n")
}

fn words(line: &str) -> String {
    let mut shown = String::new();
    let mut word = String::new();
    for c in line.chars().chain(['\n']) {
        if c.is_ascii_alphanumeric()
            || (c == '-' && word.bytes().next().is_some_and(|it| it.is_ascii_digit()))
        {
            word.push(c);
            continue;
        }
        let sha = word.len() >= 7 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        let date = word.len() == 10 && word.matches('-').count() == 2;
        shown.push_str(if sha {
            "SHA"
        } else if date {
            "DATE"
        } else {
            &word
        });
        word.clear();
        if c != '\n' {
            shown.push(c);
        }
    }
    shown
}

/// The lines in which two views differ.
pub fn difference(expected: &Value, found: &Value) -> String {
    let mut lines = Vec::new();
    walk("", expected, found, &mut lines);
    lines.join("\n")
}

fn walk(path: &str, expected: &Value, found: &Value, lines: &mut Vec<String>) {
    match (expected, found) {
        (Value::Object(one), Value::Object(other)) => {
            for key in one.keys().chain(other.keys()).collect::<BTreeSet<_>>() {
                walk(&format!("{path}/{key}"), &expected[key], &found[key], lines);
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (index, (one, other)) in one.iter().zip(other).enumerate() {
                walk(&format!("{path}/{index}"), one, other, lines);
            }
        }
        (Value::String(one), Value::String(other)) if one != other => {
            let (one, other): (BTreeSet<&str>, BTreeSet<&str>) =
                (one.lines().collect(), other.lines().collect());
            let (lost, more): (Vec<_>, Vec<_>) =
                (one.difference(&other).collect(), other.difference(&one).collect());
            lines.push(format!("{path}\n  sequential alone: {lost:#?}\n  raced alone: {more:#?}"));
        }
        _ if expected != found => {
            lines.push(format!("{path}\n  sequential: {expected}\n  raced:      {found}"))
        }
        _ => {}
    }
}
