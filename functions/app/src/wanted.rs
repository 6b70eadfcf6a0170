//! What Pointsman asks of its GitHub App: the same for the App that it makes and for the one that it checks.

use pointsman_github::{AppInfo, BaseUrl};

/// What the App may do: what the client asks its tokens for.
pub use pointsman_github::PERMISSIONS;

/// What the App hears of, for the release stages. Installations are told of without being asked for.
pub const EVENTS: &[&str] = &["issue_comment", "pull_request", "push"];

/// Which page of an App's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// Its id, its webhook, its keys.
    General,
    /// Permissions and events.
    Permissions,
    /// The last deliveries.
    Advanced,
}

/// Where the App's owner changes it.
pub fn settings(base: &BaseUrl, app: &AppInfo, page: Page) -> String {
    let organisation = app.owner.as_ref().filter(|owner| owner.kind == "Organization");
    let owner = organisation.map(|owner| format!("/organizations/{}", owner.login)).unwrap_or_default();
    let below = match page {
        Page::General => "",
        Page::Permissions => "/permissions",
        Page::Advanced => "/advanced",
    };
    format!("{}{owner}/settings/apps/{}{below}", base.web(), app.slug)
}

/// Where people install it.
pub fn install(base: &BaseUrl, app: &AppInfo) -> String {
    let page = if app.html_url.is_empty() {
        format!("{}/apps/{}", base.web(), app.slug)
    } else {
        app.html_url.clone()
    };
    format!("{page}/installations/new")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use pointsman_core::config;

    use super::*;

    #[test]
    fn the_app_hears_of_exactly_what_the_release_stages_subscribe_to() {
        let text = r#"
sources: { github: { secrets: ["env:A"], app: { id: 1, private_key: "env:K" } } }
release: { enabled: true }
"#;
        let all = config::parse(text).unwrap().config.all_subscriptions();
        let events = all.iter().flat_map(|it| &it.events);
        let names: BTreeSet<&str> = events.map(|event| event.split('.').next().unwrap_or_default()).collect();
        assert_eq!(names.into_iter().collect::<Vec<_>>(), EVENTS);
    }

    #[test]
    fn an_organisations_app_is_changed_in_its_organisation() {
        let app = |owner: &str| -> AppInfo {
            let text = format!(r#"{{"id":1,"slug":"p","owner":{{"login":"acme","type":"{owner}"}}}}"#);
            serde_json::from_str(&text).unwrap()
        };
        let base = BaseUrl::default();
        assert_eq!(settings(&base, &app("User"), Page::General), "https://github.com/settings/apps/p");
        let server: BaseUrl = "https://git.acme.org/api/v3".parse().unwrap();
        assert_eq!(
            settings(&server, &app("Organization"), Page::Advanced),
            "https://git.acme.org/organizations/acme/settings/apps/p/advanced"
        );
        assert_eq!(install(&base, &app("User")), "https://github.com/apps/p/installations/new");
    }
}
