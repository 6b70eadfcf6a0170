//! Releases: drafts as many as one likes, one published per tag; publishing makes the tag that is missing.

use crate::{
    effects::{RefMove, move_refs},
    page::list,
    reply::{Answer, Refusal, Reply, custom, field, not_found},
    route::{Call, Operation, op},
    shape,
    state::{Release, Repo, World},
    webhook::emit,
};
use serde_json::json;

const READ: &str = "contents:read";
const WRITE: &str = "contents:write";

pub(super) const OPERATIONS: &[Operation] = &[
    op("GET", "/repos/{owner}/{repo}/releases", READ, list_releases),
    op("POST", "/repos/{owner}/{repo}/releases", WRITE, create),
    op("GET", "/repos/{owner}/{repo}/releases/latest", READ, latest),
    op("GET", "/repos/{owner}/{repo}/releases/tags/{tag}", READ, by_tag),
    op("GET", "/repos/{owner}/{repo}/releases/{release_id}", READ, get),
    op("PATCH", "/repos/{owner}/{repo}/releases/{release_id}", WRITE, update),
    op("DELETE", "/repos/{owner}/{repo}/releases/{release_id}", WRITE, delete),
];

/// Newest first; drafts only for those who may write.
fn list_releases(world: &mut World, call: &Call) -> Answer {
    let repo = world.repo(&call.repo())?;
    let mut all: Vec<_> =
        repo.releases.values().filter(|release| !release.draft || may_write(repo, call)).collect();
    all.sort_by_key(|release| std::cmp::Reverse((release.created, release.id)));
    Ok(list(world, call, &all, |release| shape::release(world, repo, release)))
}

fn may_write(repo: &Repo, call: &Call) -> bool {
    use crate::auth::Principal;
    match &call.principal {
        Principal::Installation { permissions, .. } => {
            permissions.get("contents").is_some_and(|level| level == "write")
        }
        Principal::Person { login } => matches!(repo.role(login), "admin" | "maintain" | "write"),
        Principal::App { .. } | Principal::Anonymous => false,
    }
}

fn get(world: &mut World, call: &Call) -> Answer {
    let repo = world.repo(&call.repo())?;
    let release =
        repo.releases.get(&call.number("release_id")).filter(|it| !it.draft || may_write(repo, call));
    Ok(Reply::ok(shape::release(world, repo, release.ok_or_else(not_found)?)))
}

/// Finds no draft.
fn by_tag(world: &mut World, call: &Call) -> Answer {
    let repo = world.repo(&call.repo())?;
    let release = repo.releases.values().find(|it| !it.draft && it.tag == call.param("tag"));
    Ok(Reply::ok(shape::release(world, repo, release.ok_or_else(not_found)?)))
}

/// The one that was said to be the latest, else the newest; never a draft or a pre-release.
pub(crate) fn latest_of(repo: &Repo) -> Option<&Release> {
    let full = || repo.releases.values().filter(|it| !it.draft && !it.prerelease);
    let newest = |it: &&Release| (it.published, it.id);
    full()
        .filter(|it| it.make_latest == Some(true))
        .max_by_key(newest)
        .or_else(|| full().filter(|it| it.make_latest.is_none()).max_by_key(newest))
        .or_else(|| full().max_by_key(newest))
}

fn latest(world: &mut World, call: &Call) -> Answer {
    let repo = world.repo(&call.repo())?;
    Ok(Reply::ok(shape::release(world, repo, latest_of(repo).ok_or_else(not_found)?)))
}

fn create(world: &mut World, call: &Call) -> Answer {
    let tag = call.text("tag_name").ok_or_else(|| field("Release", "tag_name", "missing_field"))?;
    let (key, id, now, author) = (call.repo(), world.id(), world.now, call.login());
    world.user(&author);
    let repo = world.repo(&key)?;
    let mut release = Release {
        id,
        tag: tag.into(),
        target: call.text("target_commitish").unwrap_or(&repo.default_branch).into(),
        name: None,
        body: None,
        draft: true,
        prerelease: false,
        make_latest: None,
        author,
        created: now,
        published: None,
    };
    if call.body["generate_release_notes"] == true {
        let (title, notes) = super::notes::generate(world, &key, tag, call.text("target_commitish"), None)?;
        (release.name, release.body) = (Some(title), Some(notes));
    }
    fill(&mut release, call);
    if call.body["draft"] != true {
        publish(world, &key, &mut release, &call.login())?;
    }
    world.repo_mut(&key)?.releases.insert(id, release.clone());
    told(world, &key, id, &["created"], &call.login());
    if !release.draft {
        told(world, &key, id, &["published", "released"], &call.login());
    }
    Ok(Reply::created(shape::release(world, world.repo(&key)?, &release)))
}

/// What the body says.
fn fill(release: &mut Release, call: &Call) {
    let text = |name: &str| call.text(name).map(str::to_owned);
    release.name = text("name").or(release.name.take());
    release.body = text("body").or(release.body.take());
    release.prerelease = call.body["prerelease"].as_bool().unwrap_or(release.prerelease);
    release.make_latest = match call.text("make_latest") {
        Some("true") => Some(true),
        Some("false") => Some(false),
        Some("legacy") => None,
        _ => release.make_latest,
    };
}

/// One published release per tag; its tag is made, at its target, if there is none.
pub(crate) fn publish(
    world: &mut World,
    key: &str,
    release: &mut Release,
    login: &str,
) -> Result<(), Refusal> {
    let now = world.now;
    let repo = world.repo(key)?;
    if repo.releases.values().any(|it| it.id != release.id && !it.draft && it.tag == release.tag) {
        return Err(field("Release", "tag_name", "already_exists"));
    }
    if release.make_latest == Some(true) && release.prerelease {
        return Err(custom("Release", "Latest release cannot be draft or prerelease"));
    }
    let name = format!("refs/tags/{}", release.tag);
    if !super::refs::well_formed(&name) {
        return Err(custom("Release", "tag_name is not a valid tag"));
    }
    if !repo.refs.contains_key(&name) {
        let sha =
            repo.resolve(&release.target)?.ok_or_else(|| field("Release", "target_commitish", "invalid"))?;
        super::refs::nested(repo, &name)?;
        move_refs(world, key, &[RefMove { name, to: Some(sha) }], login)?;
    }
    release.draft = false;
    release.published = release.published.or(Some(now));
    Ok(())
}

fn told(world: &mut World, key: &str, id: u64, actions: &[&str], login: &str) {
    for action in actions {
        let prerelease =
            world.repo(key).ok().and_then(|repo| repo.releases.get(&id)).is_some_and(|it| it.prerelease);
        let action = if *action == "released" && prerelease { "prereleased" } else { action };
        emit(
            world,
            key,
            "release",
            Some(action),
            login,
            |world, repo| json!({ "release": repo.releases.get(&id).map(|release| shape::release(world, repo, release)) }),
        );
    }
}

fn update(world: &mut World, call: &Call) -> Answer {
    let (key, id, login) = (call.repo(), call.number("release_id"), call.login());
    let mut release = world.repo(&key)?.releases.get(&id).ok_or_else(not_found)?.clone();
    let was_draft = release.draft;
    if let Some(tag) = call.text("tag_name") {
        release.tag = tag.into();
    }
    if let Some(target) = call.text("target_commitish") {
        release.target = target.into();
    }
    fill(&mut release, call);
    match call.body["draft"].as_bool() {
        Some(true) => release.draft = true,
        Some(false) => publish(world, &key, &mut release, &login)?,
        None if !was_draft => publish(world, &key, &mut release, &login)?, // its tag may be another one now
        None => {}
    }
    world.repo_mut(&key)?.releases.insert(id, release.clone());
    let now_public = was_draft && !release.draft;
    told(world, &key, id, if now_public { &["published", "released"] } else { &["edited"] }, &login);
    Ok(Reply::ok(shape::release(world, world.repo(&key)?, &release)))
}

/// Its tag stays.
fn delete(world: &mut World, call: &Call) -> Answer {
    let (key, id, login) = (call.repo(), call.number("release_id"), call.login());
    if !world.repo(&key)?.releases.contains_key(&id) {
        return Err(not_found());
    }
    told(world, &key, id, &["deleted"], &login);
    world.repo_mut(&key)?.releases.remove(&id);
    Ok(Reply::no_content())
}
