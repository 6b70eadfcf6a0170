//! Files and folders at a ref, as JSON or raw; and the one-file commit of `PUT`.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use pointsman_core::release::Sha;
use serde_json::{Value, json};

use crate::{
    effects::{RefMove, move_refs},
    git::{Commit, Entry},
    reply::{Answer, Body, Refusal, Reply, not_found, refuse},
    route::{Call, Operation, op},
    shape,
    state::{Repo, World},
};

pub(super) const OPERATIONS: &[Operation] = &[
    op("GET", "/repos/{owner}/{repo}/contents/{path}", "contents:read", get),
    op("PUT", "/repos/{owner}/{repo}/contents/{path}", "contents:write", put),
];

fn get(world: &mut World, call: &Call) -> Answer {
    let repo = world.repo(&call.repo())?;
    let name = call.ask("ref").unwrap_or(&repo.default_branch).to_owned();
    let commit = repo.resolve(&name)?;
    let commit = commit.ok_or_else(|| refuse(404, format!("No commit found for the ref {name}")))?;
    let tree = repo.git.commit(&commit)?.ok_or_else(not_found)?.tree.clone();
    let path = call.param("path").trim_matches('/');
    let entry = repo.git.at_path(&tree, path)?.ok_or_else(not_found)?;
    if entry.kind() == "tree" {
        let entries = repo.git.tree(&entry.sha)?.ok_or_else(not_found)?;
        let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
        let form = |entry: &Entry| form(world, repo, &format!("{prefix}{}", entry.name), entry, &name);
        let forms: Result<Vec<_>, _> = entries.iter().map(form).collect();
        return Ok(Reply::ok(json!(forms?)));
    }
    let bytes = repo.git.blob(&entry.sha)?.ok_or_else(not_found)?;
    if call.accept.contains("raw") {
        let body = Body::Raw(bytes.to_vec().into(), "application/vnd.github.raw; charset=utf-8");
        return Ok(Reply { status: 200, body, headers: Vec::new() });
    }
    let mut value = form(world, repo, path, &entry, &name)?;
    // Above 1 MB the JSON form has no content; the raw form has.
    let small = bytes.len() <= 1024 * 1024;
    value["content"] = json!(if small { folded(&bytes) } else { String::new() });
    value["encoding"] = json!(if small { "base64" } else { "none" });
    Ok(Reply::ok(value))
}

/// Base64 in lines of 60, as GitHub has it.
fn folded(bytes: &[u8]) -> String {
    let text = STANDARD.encode(bytes);
    text.as_bytes()
        .chunks(60)
        .flat_map(|line| line.iter().chain(b"\n"))
        .map(|byte| char::from(*byte))
        .collect()
}

fn form(world: &World, repo: &Repo, path: &str, entry: &Entry, at: &str) -> Result<Value, Refusal> {
    let name = repo.full_name();
    let (api, web) = (world.site.repo(&name), &world.site.web);
    let (kind, git) = match entry.mode.as_str() {
        "040000" => ("dir", "trees"),
        "160000" => ("submodule", "trees"),
        "120000" => ("symlink", "blobs"),
        _ => ("file", "blobs"),
    };
    let size = repo.git.blob(&entry.sha)?.map_or(0, |bytes| bytes.len());
    let url = format!("{api}/contents/{path}?ref={at}");
    let git = format!("{api}/git/{git}/{}", entry.sha);
    let page = if kind == "dir" { "tree" } else { "blob" };
    let html = format!("{web}/{name}/{page}/{at}/{path}");
    let download = (kind == "file").then(|| format!("{web}/{name}/raw/{at}/{path}"));
    Ok(json!({
        "name": path.rsplit('/').next().unwrap_or(path), "path": path, "sha": entry.sha, "size": size, "url": url,
        "html_url": html, "git_url": git, "download_url": download, "type": kind,
        "_links": { "self": url, "git": git, "html": html },
    }))
}

fn put(world: &mut World, call: &Call) -> Answer {
    let (key, path, login) = (call.repo(), call.param("path").to_owned(), call.login());
    let author = super::commits::signature(world, call, "author")?;
    let author = author.unwrap_or_else(|| super::bot_signature(world, &login));
    let committer = super::commits::signature(world, call, "committer")?;
    let committer = committer.unwrap_or_else(|| super::commits::web_flow(world));
    let repo = world.repo(&key)?;
    let (Some(message), Some(content)) = (call.text("message"), call.text("content")) else {
        return Err(refuse(422, "Invalid request.\n\n\"message\", \"content\" weren't supplied."));
    };
    let content =
        STANDARD.decode(content.replace('\n', "")).map_err(|_| refuse(422, "content is not valid Base64"))?;
    let branch = call.text("branch").unwrap_or(&repo.default_branch).to_owned();
    let head = repo.branch(&branch).cloned();
    let commit = head.as_ref().map(|head| repo.git.commit(head)).transpose()?.flatten();
    let tree: Option<Sha> = commit.map(|commit| commit.tree.clone());
    let old = tree.as_ref().map(|tree| repo.git.at_path(tree, &path)).transpose()?.flatten();
    match (&old, call.text("sha")) {
        (Some(_), None) => return Err(refuse(422, "Invalid request.\n\n\"sha\" wasn't supplied.")),
        (Some(old), Some(sha)) if old.sha.as_str() != sha => {
            return Err(refuse(409, format!("{path} does not match {sha}")));
        }
        _ => {}
    }
    let blob = repo.git.write_blob(&content)?;
    let changes = BTreeMap::from([(path.clone(), Some(("100644".to_owned(), blob)))]);
    let tree = repo.git.change_tree(tree.as_ref(), &changes)?;
    let parents = head.into_iter().collect();
    let commit = Commit { tree, parents, author, committer, message: message.into(), generation: 0 };
    let sha = repo.git.write_commit(commit.clone())?;
    move_refs(
        world,
        &key,
        &[RefMove { name: format!("refs/heads/{branch}"), to: Some(sha.clone()) }],
        &login,
    )?;
    let repo = world.repo(&key)?;
    let entry = repo.git.at_path(&commit.tree, &path)?.ok_or_else(not_found)?;
    let body = json!({
        "content": form(world, repo, &path, &entry, &branch)?, "commit": shape::git_commit(world, repo, &sha, &commit),
    });
    Ok(Reply::json(if old.is_some() { 200 } else { 201 }, body))
}
