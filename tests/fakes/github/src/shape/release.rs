//! Releases.

use serde_json::{Value, json};

use super::{maybe, node_id, time, user};
use crate::state::{Release, Repo, World};

/// A `release`. A draft's page has no tag in its address, whatever its tag's name is.
pub(crate) fn release(world: &World, repo: &Repo, it: &Release) -> Value {
    let name = repo.full_name();
    let api = world.site.repo(&name);
    let url = format!("{api}/releases/{}", it.id);
    let page = if it.draft { format!("untagged-{:020x}", it.id) } else { it.tag.clone() };
    let ball = |kind: &str| (!it.draft).then(|| format!("{api}/{kind}/{}", it.tag));
    json!({
        "url": url, "assets_url": format!("{url}/assets"), "upload_url": format!("{url}/assets{{?name,label}}"),
        "html_url": format!("{}/{name}/releases/tag/{page}", world.site.web),
        "id": it.id, "author": user(world, &it.author), "node_id": node_id("Release", it.id), "tag_name": it.tag,
        "target_commitish": it.target, "name": it.name, "draft": it.draft, "immutable": false,
        "prerelease": it.prerelease, "created_at": time(it.created), "updated_at": time(it.created),
        "published_at": maybe(it.published), "assets": [],
        "tarball_url": ball("tarball"), "zipball_url": ball("zipball"), "body": it.body,
    })
}
