//! Git's objects: blobs, trees and annotated tags.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use pointsman_core::release::Sha;
use serde_json::{Value, json};

use crate::{
    git::{Entry, Object, TagObject, TreeChange},
    reply::{Answer, Refusal, Reply, not_found, refuse},
    route::{Call, Operation, op},
    shape,
    state::{Repo, World},
};

const READ: &str = "contents:read";
const WRITE: &str = "contents:write";

pub(super) const OPERATIONS: &[Operation] = &[
    op("GET", "/repos/{owner}/{repo}/git/blobs/{file_sha}", READ, get_blob),
    op("POST", "/repos/{owner}/{repo}/git/blobs", WRITE, create_blob),
    op("GET", "/repos/{owner}/{repo}/git/trees/{tree_sha}", READ, get_tree),
    op("POST", "/repos/{owner}/{repo}/git/trees", WRITE, create_tree),
    op("GET", "/repos/{owner}/{repo}/git/tags/{tag_sha}", READ, get_tag),
    op("POST", "/repos/{owner}/{repo}/git/tags", WRITE, create_tag),
];

fn get_blob(world: &mut World, call: &Call) -> Answer {
    let repo = world.repo(&call.repo())?;
    let sha: Sha = call.param("file_sha").parse().map_err(|_| not_found())?;
    let bytes = repo.git.blob(&sha)?.ok_or_else(not_found)?;
    if call.accept.contains("raw") {
        let body = crate::reply::Body::Raw(bytes.to_vec().into(), "application/vnd.github.raw");
        return Ok(Reply { status: 200, body, headers: Vec::new() });
    }
    Ok(Reply::ok(json!({
        "sha": sha, "node_id": shape::node_id("Blob", &sha), "size": bytes.len(),
        "url": format!("{}/git/blobs/{sha}", world.site.repo(&repo.full_name())),
        "content": STANDARD.encode(&bytes), "encoding": "base64",
    })))
}

fn create_blob(world: &mut World, call: &Call) -> Answer {
    let repo = world.repo(&call.repo())?;
    let content = call.text("content").unwrap_or("");
    let bytes = match call.text("encoding").unwrap_or("utf-8") {
        "base64" => STANDARD
            .decode(content.replace('\n', ""))
            .map_err(|_| refuse(422, "content is not valid Base64"))?,
        _ => content.as_bytes().to_vec(),
    };
    let sha = repo.git.write_blob(&bytes)?;
    let url = format!("{}/git/blobs/{sha}", world.site.repo(&repo.full_name()));
    Ok(Reply::created(json!({ "url": url, "sha": sha })))
}

fn get_tree(world: &mut World, call: &Call) -> Answer {
    let repo = world.repo(&call.repo())?;
    let sha = repo_tree(repo, call.param("tree_sha"))?;
    Ok(Reply::ok(tree_form(world, repo, &sha, call.query.contains_key("recursive"))?))
}

/// A tree by its id, or that of a commit, a branch or a tag.
fn repo_tree(repo: &Repo, name: &str) -> Result<Sha, Refusal> {
    if let Ok(sha) = name.parse::<Sha>()
        && let Some(Object::Tree(_)) = repo.git.object(&sha)?
    {
        return Ok(sha);
    }
    let commit = repo.resolve(name)?.ok_or_else(not_found)?;
    Ok(repo.git.commit(&commit)?.ok_or_else(not_found)?.tree.clone())
}

fn tree_form(world: &World, repo: &Repo, sha: &Sha, recursive: bool) -> Result<Value, Refusal> {
    let url = format!("{}/git", world.site.repo(&repo.full_name()));
    let mut entries = Vec::new();
    flatten(repo, sha, "", recursive, &mut entries)?;
    let form = |(path, entry): &(String, Entry)| -> Result<Value, Refusal> {
        let (kind, sha) = (entry.kind(), &entry.sha);
        let mut form = json!({ "path": path, "mode": entry.mode, "type": kind, "sha": sha, "url": format!("{url}/{kind}s/{sha}") });
        if kind == "blob"
            && let Some(bytes) = repo.git.blob(sha)?
        {
            form["size"] = json!(bytes.len());
        }
        Ok(form)
    };
    let tree: Result<Vec<_>, _> = entries.iter().map(form).collect();
    Ok(json!({ "sha": sha, "url": format!("{url}/trees/{sha}"), "tree": tree?, "truncated": false }))
}

fn flatten(
    repo: &Repo,
    tree: &Sha,
    prefix: &str,
    recursive: bool,
    into: &mut Vec<(String, Entry)>,
) -> Result<(), Refusal> {
    for entry in repo.git.tree(tree)?.ok_or_else(not_found)?.iter() {
        let path = format!("{prefix}{}", entry.name);
        into.push((path.clone(), entry.clone()));
        if recursive && entry.kind() == "tree" {
            flatten(repo, &entry.sha, &format!("{path}/"), true, into)?;
        }
    }
    Ok(())
}

fn create_tree(world: &mut World, call: &Call) -> Answer {
    let repo = world.repo(&call.repo())?;
    let base = match call.text("base_tree") {
        None => None,
        Some(base) => Some(repo_tree(repo, base).map_err(|_| refuse(404, "Not Found"))?),
    };
    let Some(entries) = call.body["tree"].as_array().filter(|entries| !entries.is_empty()) else {
        return Err(refuse(422, "Invalid tree info"));
    };
    let mut changes = BTreeMap::new();
    for entry in entries {
        let path = entry["path"].as_str().unwrap_or("");
        let part = |part: &str| !matches!(part, "" | "." | ".." | ".git");
        if !path.split('/').all(part) || path.contains('\0') {
            return Err(refuse(422, "tree.path contains a malformed path component"));
        }
        changes.insert(path.to_owned(), tree_change(repo, entry)?);
    }
    let sha = repo.git.change_tree(base.as_ref(), &changes)?;
    Ok(Reply::created(tree_form(world, repo, &sha, false)?))
}

fn tree_change(repo: &Repo, entry: &Value) -> Result<TreeChange, Refusal> {
    let mode = entry["mode"].as_str().unwrap_or("100644");
    if !matches!(mode, "100644" | "100755" | "120000" | "040000" | "160000") {
        return Err(refuse(422, "Must supply a valid tree.mode"));
    }
    if let Some(content) = entry["content"].as_str() {
        return Ok(Some((mode.into(), repo.git.write_blob(content.as_bytes())?)));
    }
    match &entry["sha"] {
        Value::Null if entry.get("sha").is_some() => Ok(None),
        Value::String(sha) => {
            let sha: Sha = sha.parse().map_err(|_| refuse(422, "tree.sha is not a valid object"))?;
            if mode != "160000" && repo.git.object(&sha)?.is_none() {
                return Err(refuse(422, format!("tree.sha {sha} is not a valid blob")));
            }
            Ok(Some((mode.into(), sha)))
        }
        _ => Err(refuse(422, "Must supply either tree.sha or tree.content")),
    }
}

fn tag_form(world: &World, repo: &Repo, sha: &Sha, tag: &TagObject) -> Value {
    let url = format!("{}/git", world.site.repo(&repo.full_name()));
    json!({
        "node_id": shape::node_id("Tag", sha), "sha": sha, "url": format!("{url}/tags/{sha}"), "tag": tag.tag,
        "tagger": shape::person(&tag.tagger), "message": tag.message,
        "object": { "sha": tag.object, "type": tag.kind, "url": format!("{url}/{}s/{}", tag.kind, tag.object) },
        "verification": { "verified": false, "reason": "unsigned", "signature": null, "payload": null, "verified_at": null },
    })
}

fn get_tag(world: &mut World, call: &Call) -> Answer {
    let repo = world.repo(&call.repo())?;
    let sha: Sha = call.param("tag_sha").parse().map_err(|_| not_found())?;
    let Some(Object::Tag(tag)) = repo.git.object(&sha)? else { return Err(not_found()) };
    Ok(Reply::ok(tag_form(world, repo, &sha, &tag)))
}

/// The object only: a ref to it is the caller's next step.
fn create_tag(world: &mut World, call: &Call) -> Answer {
    let tagger = super::commits::signature(world, call, "tagger")?;
    let tagger = tagger.unwrap_or_else(|| super::bot_signature(world, &call.login()));
    let repo = world.repo(&call.repo())?;
    let object = super::refs::existing(repo, call.text("object"), "")?;
    let (Some(tag), Some(message)) = (call.text("tag"), call.text("message")) else {
        return Err(refuse(422, "Invalid request.\n\n\"tag\", \"message\" weren't supplied."));
    };
    if !super::refs::well_formed(&format!("refs/tags/{tag}")) {
        return Err(refuse(422, "Tag name is not valid."));
    }
    let kind = call.text("type").unwrap_or("commit").to_owned();
    let tag = TagObject { object, kind, tag: tag.into(), tagger, message: message.replace('\0', "") };
    let sha = repo.git.write_tag(tag.clone())?;
    Ok(Reply::created(tag_form(world, repo, &sha, &tag)))
}
