//! A repository's labels.

use crate::{
    page::list,
    reply::{Answer, Reply, field, not_found},
    route::{Call, Operation, op},
    shape,
    state::{Label, World},
};

const READ: &str = "issues|pull_requests:read";
const WRITE: &str = "issues|pull_requests:write";

pub(super) const OPERATIONS: &[Operation] = &[
    op("GET", "/repos/{owner}/{repo}/labels", READ, list_labels),
    op("POST", "/repos/{owner}/{repo}/labels", WRITE, create),
    op("GET", "/repos/{owner}/{repo}/labels/{name}", READ, get),
    op("PATCH", "/repos/{owner}/{repo}/labels/{name}", WRITE, update),
    op("DELETE", "/repos/{owner}/{repo}/labels/{name}", WRITE, delete),
];

fn list_labels(world: &mut World, call: &Call) -> Answer {
    let repo = world.repo(&call.repo())?;
    let all: Vec<_> = repo.labels.values().collect();
    Ok(list(world, call, &all, |label| shape::label(world, repo, &label.name)))
}

fn get(world: &mut World, call: &Call) -> Answer {
    let repo = world.repo(&call.repo())?;
    let label = repo.labels.get(&call.param("name").to_lowercase()).ok_or_else(not_found)?;
    Ok(Reply::ok(shape::label(world, repo, &label.name)))
}

fn create(world: &mut World, call: &Call) -> Answer {
    let name = call.text("name").ok_or_else(|| field("Label", "name", "missing_field"))?.to_owned();
    let color = call.text("color").unwrap_or("ededed").trim_start_matches('#').to_lowercase();
    if color.len() != 6 || !color.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(field("Label", "color", "invalid"));
    }
    let (key, id) = (call.repo(), world.id());
    let repo = world.repo_mut(&key)?;
    if repo.labels.contains_key(&name.to_lowercase()) {
        return Err(field("Label", "name", "already_exists"));
    }
    let description = call.text("description").map(str::to_owned);
    repo.labels.insert(name.to_lowercase(), Label { id, name: name.clone(), color, description });
    Ok(Reply::created(shape::label(world, world.repo(&key)?, &name)))
}

fn update(world: &mut World, call: &Call) -> Answer {
    let (key, old) = (call.repo(), call.param("name").to_lowercase());
    let repo = world.repo_mut(&key)?;
    let mut label = repo.labels.remove(&old).ok_or_else(not_found)?;
    let before = label.name.clone();
    if let Some(name) = call.text("new_name") {
        label.name = name.into();
    }
    if let Some(color) = call.text("color") {
        label.color = color.into();
    }
    if let Some(description) = call.text("description") {
        label.description = Some(description.into());
    }
    let name = label.name.clone();
    repo.labels.insert(name.to_lowercase(), label);
    for issue in repo.issues.values_mut() {
        if issue.labels.remove(&before) {
            issue.labels.insert(name.clone());
        }
    }
    Ok(Reply::ok(shape::label(world, world.repo(&key)?, &name)))
}

fn delete(world: &mut World, call: &Call) -> Answer {
    let repo = world.repo_mut(&call.repo())?;
    let label = repo.labels.remove(&call.param("name").to_lowercase()).ok_or_else(not_found)?;
    for issue in repo.issues.values_mut() {
        issue.labels.remove(&label.name);
    }
    Ok(Reply::no_content())
}
