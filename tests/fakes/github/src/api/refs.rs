//! Branches and tags as git refs: claimed by POST, moved by PATCH, gone by DELETE.

use pointsman_core::release::Sha;
use serde_json::json;

use crate::{
    effects::{RefMove, move_refs},
    reply::{Answer, Refusal, Reply, not_found, refuse},
    route::{Call, Operation, op},
    shape,
    state::{Repo, World},
};

const READ: &str = "contents:read";
const WRITE: &str = "contents:write";

pub(super) const OPERATIONS: &[Operation] = &[
    op("GET", "/repos/{owner}/{repo}/git/ref/{ref}", READ, get),
    op("GET", "/repos/{owner}/{repo}/git/matching-refs/{ref}", READ, matching),
    op("POST", "/repos/{owner}/{repo}/git/refs", WRITE, create),
    op("PATCH", "/repos/{owner}/{repo}/git/refs/{ref}", WRITE, update),
    op("DELETE", "/repos/{owner}/{repo}/git/refs/{ref}", WRITE, delete),
];

fn get(world: &mut World, call: &Call) -> Answer {
    let repo = world.repo(&call.repo())?;
    let name = format!("refs/{}", call.param("ref"));
    let sha = repo.refs.get(&name).ok_or_else(not_found)?;
    Ok(Reply::ok(shape::reference(world, repo, &name, sha)?))
}

/// GitHub gives all of them, on one page.
fn matching(world: &mut World, call: &Call) -> Answer {
    let repo = world.repo(&call.repo())?;
    let prefix = format!("refs/{}", call.param("ref"));
    let shown = repo.refs.iter().filter(|(name, _)| name.starts_with(&prefix));
    let forms: Result<Vec<_>, Refusal> =
        shown.map(|(name, sha)| shape::reference(world, repo, name, sha)).collect();
    Ok(Reply::ok(json!(forms?)))
}

fn create(world: &mut World, call: &Call) -> Answer {
    let (key, name) = (call.repo(), call.text("ref").unwrap_or(""));
    if !name.starts_with("refs/") || name.matches('/').count() < 2 {
        return Err(refuse(422, "Reference name must start with 'refs' and have at least two slashes."));
    }
    if !well_formed(name) {
        return Err(refuse(422, "Reference name is not valid."));
    }
    let repo = world.repo(&key)?;
    let sha = existing(repo, call.text("sha"), name)?;
    if repo.refs.contains_key(name) {
        return Err(refuse(422, "Reference already exists"));
    }
    nested(repo, name)?;
    move_refs(world, &key, &[RefMove { name: name.into(), to: Some(sha.clone()) }], &call.login())?;
    Ok(Reply::created(shape::reference(world, world.repo(&key)?, name, &sha)?))
}

fn update(world: &mut World, call: &Call) -> Answer {
    let (key, name) = (call.repo(), format!("refs/{}", call.param("ref")));
    let repo = world.repo(&key)?;
    let old = repo.refs.get(&name).ok_or_else(|| refuse(422, "Reference does not exist"))?;
    let sha = existing(repo, call.text("sha"), &name)?;
    if call.body["force"] != true && !fast_forward(repo, old, &sha)? {
        return Err(refuse(422, "Update is not a fast forward"));
    }
    move_refs(world, &key, &[RefMove { name: name.clone(), to: Some(sha.clone()) }], &call.login())?;
    Ok(Reply::ok(shape::reference(world, world.repo(&key)?, &name, &sha)?))
}

fn delete(world: &mut World, call: &Call) -> Answer {
    let (key, name) = (call.repo(), format!("refs/{}", call.param("ref")));
    let repo = world.repo(&key)?;
    if !repo.refs.contains_key(&name) || name.starts_with("refs/pull/") {
        return Err(refuse(422, "Reference does not exist"));
    }
    if name == format!("refs/heads/{}", repo.default_branch) {
        return Err(refuse(422, "Cannot delete the default branch"));
    }
    move_refs(world, &key, &[RefMove { name, to: None }], &call.login())?;
    Ok(Reply::no_content())
}

/// Whether moving from one to the other loses nothing.
pub(super) fn fast_forward(repo: &Repo, old: &Sha, new: &Sha) -> Result<bool, Refusal> {
    match (repo.git.peel(old)?, repo.git.peel(new)?) {
        (Some(old), Some(new)) => Ok(repo.git.reaches(&new, &old)?),
        _ => Ok(false),
    }
}

/// The id, if there is such an object, of a kind that this ref may name.
pub(super) fn existing(repo: &Repo, sha: Option<&str>, name: &str) -> Result<Sha, Refusal> {
    let sha: Sha = sha.unwrap_or("").parse().map_err(|_| {
        refuse(422, "The sha parameter must be exactly 40 characters and contain only [0-9a-f].")
    })?;
    if repo.git.object(&sha)?.is_none() {
        return Err(refuse(422, "Object does not exist"));
    }
    if name.starts_with("refs/heads/") && repo.git.commit(&sha)?.is_none() {
        return Err(refuse(422, "Object is not a commit"));
    }
    Ok(sha)
}

/// Git keeps refs as a tree: no name may be another one's folder.
pub(super) fn nested(repo: &Repo, name: &str) -> Result<(), Refusal> {
    let below = format!("{name}/");
    let folder = |known: &String| known.starts_with(&below) || name.starts_with(&format!("{known}/"));
    if repo.refs.keys().any(folder) { Err(refuse(422, "Reference update failed")) } else { Ok(()) }
}

/// As `git check-ref-format` says.
pub(super) fn well_formed(name: &str) -> bool {
    let part =
        |part: &str| !part.is_empty() && !part.starts_with('.') && part.strip_suffix(".lock").is_none();
    let odd = |c: char| c.is_control() || " ~^:?*[\\".contains(c);
    name.split('/').all(part)
        && !name.contains(odd)
        && !name.contains("..")
        && !name.contains("@{")
        && !name.ends_with('.')
}
