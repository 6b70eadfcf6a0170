//! Issues, of which a pull request is one; and the labels that they bear.

use serde_json::{Value, json};

use crate::{
    effects::{close, issue_event, pull_event},
    page::list,
    reply::{Answer, Refusal, Reply, field, refuse},
    route::{Call, Operation, op},
    shape,
    state::{Issue, Label, World},
};

const READ: &str = "issues|pull_requests:read";
const WRITE: &str = "issues|pull_requests:write";

pub(super) const OPERATIONS: &[Operation] = &[
    op("GET", "/repos/{owner}/{repo}/issues", READ, list_issues),
    op("POST", "/repos/{owner}/{repo}/issues", "issues:write", create),
    op("GET", "/repos/{owner}/{repo}/issues/{issue_number}", READ, get),
    op("PATCH", "/repos/{owner}/{repo}/issues/{issue_number}", WRITE, update),
    op("GET", "/repos/{owner}/{repo}/issues/{issue_number}/labels", READ, labels),
    op("POST", "/repos/{owner}/{repo}/issues/{issue_number}/labels", WRITE, add_labels),
    op("PUT", "/repos/{owner}/{repo}/issues/{issue_number}/labels", WRITE, set_labels),
    op("DELETE", "/repos/{owner}/{repo}/issues/{issue_number}/labels/{name}", WRITE, remove_label),
];

fn list_issues(world: &mut World, call: &Call) -> Answer {
    let repo = world.repo(&call.repo())?;
    let state = call.ask("state").unwrap_or("open");
    let wanted: Vec<&str> = call.ask("labels").map(|names| names.split(',').collect()).unwrap_or_default();
    let mut found: Vec<&Issue> = repo
        .issues
        .values()
        .filter(|issue| state == "all" || issue.open == (state == "open"))
        .filter(|issue| {
            wanted.iter().all(|name| issue.labels.iter().any(|label| label.eq_ignore_ascii_case(name)))
        })
        .collect();
    match call.ask("sort") {
        Some("updated") => found.sort_by_key(|issue| (issue.updated, issue.number)),
        _ => found.sort_by_key(|issue| (issue.created, issue.number)),
    }
    if call.ask("direction") != Some("asc") {
        found.reverse();
    }
    Ok(list(world, call, &found, |issue| shape::issue(world, repo, issue)))
}

fn create(world: &mut World, call: &Call) -> Answer {
    let title = call.text("title").ok_or_else(|| field("Issue", "title", "missing_field"))?;
    let (key, body) = (call.repo(), call.text("body").map(str::to_owned));
    let number = open(world, &key, title, body, &call.login())?;
    world.repo_mut(&key)?.issue_mut(number)?.labels = names(&call.body["labels"]).into_iter().collect();
    let repo = world.repo(&key)?;
    Ok(Reply::created(shape::issue(world, repo, repo.issue(number)?)))
}

/// Opens an issue, and gives its number.
pub(crate) fn open(
    world: &mut World,
    key: &str,
    title: &str,
    body: Option<String>,
    login: &str,
) -> Result<u64, Refusal> {
    let (id, now) = (world.id(), world.now);
    world.user(login);
    let repo = world.repo_mut(key)?;
    repo.last_number += 1;
    let number = repo.last_number;
    let issue = Issue {
        id,
        number,
        title: title.into(),
        body,
        user: login.into(),
        open: true,
        labels: Default::default(),
        reactions: Vec::new(),
        created: now,
        updated: now,
        closed: None,
        pull: None,
    };
    repo.issues.insert(number, issue);
    issue_event(world, key, number, "opened", login);
    Ok(number)
}

fn get(world: &mut World, call: &Call) -> Answer {
    let repo = world.repo(&call.repo())?;
    Ok(Reply::ok(shape::issue(world, repo, repo.issue(call.number("issue_number"))?)))
}

fn update(world: &mut World, call: &Call) -> Answer {
    let (key, number, login, now) = (call.repo(), call.number("issue_number"), call.login(), world.now);
    let issue = world.repo_mut(&key)?.issue_mut(number)?;
    let was_open = issue.open;
    issue.updated = now;
    if let Some(title) = call.text("title") {
        issue.title = title.into();
    }
    if let Some(body) = call.text("body") {
        issue.body = Some(body.into());
    }
    if call.body.get("labels").is_some() {
        issue.labels = names(&call.body["labels"]).into_iter().collect();
    }
    match call.text("state") {
        Some("closed") if was_open => close(world, &key, number, &login)?,
        Some("open") if !was_open => {
            let issue = world.repo_mut(&key)?.issue_mut(number)?;
            (issue.open, issue.closed) = (true, None);
            issue_event(world, &key, number, "reopened", &login);
        }
        _ => {}
    }
    get(world, call)
}

/// Labels, as names or as objects with a name.
fn names(value: &Value) -> Vec<String> {
    let list = value.get("labels").unwrap_or(value).as_array();
    let name = |label: &Value| label["name"].as_str().or_else(|| label.as_str()).map(str::to_owned);
    list.into_iter().flatten().filter_map(name).collect()
}

fn label_forms(world: &World, key: &str, number: u64) -> Result<Vec<Value>, Refusal> {
    let repo = world.repo(key)?;
    Ok(repo.issue(number)?.labels.iter().map(|name| shape::label(world, repo, name)).collect())
}

fn labels(world: &mut World, call: &Call) -> Answer {
    Ok(Reply::ok(json!(label_forms(world, &call.repo(), call.number("issue_number"))?)))
}

/// A label that the repository does not have yet is made.
fn add_labels(world: &mut World, call: &Call) -> Answer {
    let (key, number, login) = (call.repo(), call.number("issue_number"), call.login());
    world.repo(&key)?.issue(number)?;
    for name in names(&call.body) {
        let id = world.id();
        let repo = world.repo_mut(&key)?;
        let label = Label { id, name: name.clone(), color: "ededed".into(), description: None };
        let name = repo.labels.entry(name.to_lowercase()).or_insert(label).name.clone();
        if repo.issue_mut(number)?.labels.insert(name.clone()) {
            labelled(world, &key, number, "labeled", &name, &login)?;
        }
    }
    Ok(Reply::ok(json!(label_forms(world, &key, number)?)))
}

fn labelled(
    world: &mut World,
    key: &str,
    number: u64,
    action: &str,
    name: &str,
    login: &str,
) -> Result<(), Refusal> {
    let (now, repo) = (world.now, world.repo(key)?);
    let label = shape::label(world, repo, name);
    let is_pull = repo.issue(number)?.pull.is_some();
    world.repo_mut(key)?.issue_mut(number)?.updated = now;
    if is_pull {
        pull_event(world, key, number, action, login, json!({ "label": label }));
    } else {
        issue_event(world, key, number, action, login);
    }
    Ok(())
}

fn set_labels(world: &mut World, call: &Call) -> Answer {
    world.repo_mut(&call.repo())?.issue_mut(call.number("issue_number"))?.labels.clear();
    add_labels(world, call)
}

fn remove_label(world: &mut World, call: &Call) -> Answer {
    let (key, number, login) = (call.repo(), call.number("issue_number"), call.login());
    let issue = world.repo_mut(&key)?.issue_mut(number)?;
    let known = issue.labels.iter().find(|name| name.eq_ignore_ascii_case(call.param("name"))).cloned();
    let name = known.ok_or_else(|| refuse(404, "Label does not exist"))?;
    issue.labels.remove(&name);
    labelled(world, &key, number, "unlabeled", &name, &login)?;
    Ok(Reply::ok(json!(label_forms(world, &key, number)?)))
}
