//! What is asked as the App itself, and as one of its installations.

use pointsman_core::port::PortError;
use serde::{Deserialize, Serialize};

use crate::{
    AppInfo, Conversion, Github, HookConfig, InstallationInfo, RateLimits, Repository, RepositoryInfo, Slug,
    ask::Ask, cache::Keep, client::Auth, pages::Cap, path,
};

/// An App has no more installations, an installation no more repositories, than these pages of a hundred.
const CAP: Cap = Cap { pages: 200, of: "more than 20,000 are not looked at" };

/// An App's installation in one account. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Installation {
    github: Github,
    id: u64,
}

/// One page of what a token sees.
#[derive(Serialize, Deserialize)]
struct Seen {
    repositories: Vec<RepositoryInfo>,
}

impl Installation {
    pub(crate) fn new(github: Github, id: u64) -> Self {
        Self { github, id }
    }

    /// Its number.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// One of its repositories. What is asked there is asked with a token for that repository alone.
    #[must_use]
    pub fn repository(&self, slug: Slug) -> Repository {
        let auth = Auth::Installation((self.id, Some(slug.name().to_ascii_lowercase())));
        Repository::new(self.github.clone(), auth, slug)
    }

    /// All its repositories.
    pub async fn repositories(&self) -> Result<Vec<RepositoryInfo>, PortError> {
        let ask = Ask::get("/installation/repositories").query(&[("per_page", "100".into())]);
        let auth = Auth::Installation((self.id, None));
        let pages = self.github.until(&auth, ask, Keep::Tagged, CAP, |_: &Seen| false).await?;
        Ok(pages.into_iter().flat_map(|page| page.repositories).collect())
    }

    /// What is left of its limits. Asking costs nothing.
    pub async fn rate_limits(&self) -> Result<RateLimits, PortError> {
        let auth = Auth::Installation((self.id, None));
        self.github.get(&auth, &Ask::get("/rate_limit"), Keep::Tagged).await
    }

    /// What it may, and where it is.
    pub async fn info(&self) -> Result<InstallationInfo, PortError> {
        let ask = Ask::get(format!("/app/installations/{}", self.id));
        self.github.get(&Auth::App, &ask, Keep::Tagged).await
    }
}

/// Asked as the App itself.
impl Github {
    /// The App: its name, permissions and events.
    pub async fn app(&self) -> Result<AppInfo, PortError> {
        self.get(&Auth::App, &Ask::get("/app"), Keep::Tagged).await
    }

    /// All installations of the App.
    pub async fn installations(&self) -> Result<Vec<InstallationInfo>, PortError> {
        let ask = Ask::get("/app/installations").query(&[("per_page", "100".into())]);
        self.all(&Auth::App, ask, Keep::Tagged, CAP).await
    }

    /// The installation that sees this repository, if one does.
    pub async fn installation_of(&self, slug: &Slug) -> Result<Option<Installation>, PortError> {
        let ask = Ask::get(format!(
            "/repos/{}/{}/installation",
            path::segment(slug.owner()),
            path::segment(slug.name())
        ));
        let info: Option<InstallationInfo> = self.find(&Auth::App, &ask, Keep::Tagged).await?;
        Ok(info.map(|info| self.installation(info.id)))
    }

    /// Where the App's webhooks go.
    pub async fn hook_config(&self) -> Result<HookConfig, PortError> {
        self.get(&Auth::App, &Ask::get("/app/hook/config"), Keep::Tagged).await
    }

    /// Makes an App of a manifest's code: once, within an hour.
    pub async fn convert_manifest(&self, code: &str) -> Result<Conversion, PortError> {
        let target = format!("/app-manifests/{}/conversions", path::segment(code));
        let ask = Ask::new(http::Method::POST, target);
        let response = self.send(&Auth::Nobody, &ask, None).await?;
        self.read(&ask, response.body())
    }
}
