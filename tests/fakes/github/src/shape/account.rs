//! Accounts, Apps and installations.

use serde_json::{Value, json};

use super::{client_id, maybe, node_id, time};
use crate::state::{App, Installation, User, World};

/// A `simple-user`. One that nobody ever named has the id 1.
pub(crate) fn user(world: &World, login: &str) -> Value {
    let known = world.users.get(&login.to_lowercase());
    let kind = if login.ends_with("[bot]") { "Bot" } else { "User" };
    let User { id, login, kind } =
        known.cloned().unwrap_or_else(|| User { id: 1, login: login.to_owned(), kind });
    let (api, web) = (format!("{}/users/{login}", world.site.api), format!("{}/{login}", world.site.web));
    json!({
        "login": login, "id": id, "node_id": node_id("User", id),
        "avatar_url": format!("{}/avatars/{id}", world.site.web), "gravatar_id": "",
        "url": api, "html_url": web,
        "followers_url": format!("{api}/followers"), "following_url": format!("{api}/following{{/other_user}}"),
        "gists_url": format!("{api}/gists{{/gist_id}}"), "starred_url": format!("{api}/starred{{/owner}}{{/repo}}"),
        "subscriptions_url": format!("{api}/subscriptions"), "organizations_url": format!("{api}/orgs"),
        "repos_url": format!("{api}/repos"), "events_url": format!("{api}/events{{/privacy}}"),
        "received_events_url": format!("{api}/received_events"), "type": kind, "site_admin": false,
    })
}

/// An `integration`: the App itself.
pub(crate) fn integration(world: &World, it: &App) -> Value {
    let count = world.installations.values().filter(|installation| installation.app == it.id).count();
    json!({
        "id": it.id, "slug": it.slug, "client_id": client_id(it.id), "node_id": node_id("App", it.id),
        "owner": user(world, &it.owner), "name": it.name, "description": null,
        "external_url": format!("{}/{}", world.site.web, it.slug),
        "html_url": format!("{}/apps/{}", world.site.web, it.slug),
        "created_at": time(it.created), "updated_at": time(it.created),
        "permissions": it.permissions, "events": it.events, "installations_count": count,
    })
}

/// An `installation`.
pub(crate) fn installation(world: &World, it: &Installation) -> Value {
    let account = user(world, &it.account);
    let app = world.apps.get(&it.app);
    json!({
        "id": it.id, "account": account,
        "access_tokens_url": format!("{}/app/installations/{}/access_tokens", world.site.api, it.id),
        "repositories_url": format!("{}/installation/repositories", world.site.api),
        "html_url": format!("{}/organizations/{}/settings/installations/{}", world.site.web, it.account, it.id),
        "app_id": it.app, "client_id": client_id(it.app),
        "app_slug": app.map_or("", |app| app.slug.as_str()),
        "target_id": account["id"], "target_type": account["type"],
        "permissions": it.permissions, "events": app.map(|app| app.events.clone()).unwrap_or_default(),
        "repository_selection": if it.repositories.is_some() { "selected" } else { "all" },
        "single_file_name": null, "has_multiple_single_files": false, "single_file_paths": [],
        "created_at": time(it.created), "updated_at": time(it.created),
        "suspended_at": maybe(it.suspended),
        "suspended_by": it.suspended.map(|_| user(world, &it.account)),
    })
}
