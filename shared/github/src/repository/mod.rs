//! The calls about one repository. A handle is made for each pass: it keeps the pace between that pass's writes.

mod commits;
mod issues;
mod pulls;
mod refs;
mod releases;
mod trees;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use http::Response;
use jiff::Timestamp;
use pointsman_core::{port::PortError, release::changelog::Links};
use serde::de::DeserializeOwned;

pub use issues::Reaction;
pub use pulls::{NewPull, Opened, PullChange};
pub use refs::{Claim, Moved, Swap};
pub use releases::{Latest, NewRelease, ReleaseChange};
pub use trees::NewTree;

use crate::{
    Github, Permission, RateLimits, RepositoryInfo, Slug, ask::Ask, cache::Keep, client::Auth, path,
};

/// One repository, asked as one installation or with one token. Cheap to clone.
#[derive(Clone)]
pub struct Repository {
    github: Github,
    auth: Auth,
    slug: Slug,
    pass: Arc<Mutex<Pass>>,
}

/// What one pass knows.
#[derive(Default)]
struct Pass {
    wrote: Option<Timestamp>,
    node_id: Option<String>,
}

impl fmt::Debug for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Repository")
            .field("slug", &self.slug)
            .field("auth", &self.auth)
            .finish_non_exhaustive()
    }
}

impl Repository {
    pub(crate) fn new(github: Github, auth: Auth, slug: Slug) -> Self {
        Self { github, auth, slug, pass: Arc::default() }
    }

    /// The same, with its name in GraphQL, which events carry: then it need not be asked for.
    #[must_use]
    pub fn known_as(self, node_id: Option<&str>) -> Self {
        self.pass().node_id = node_id.map(str::to_owned);
        self
    }

    /// Its name, as it was given.
    pub fn slug(&self) -> &Slug {
        &self.slug
    }

    /// Where links to it lead.
    #[must_use]
    pub fn links(&self) -> Links {
        Links {
            base: self.github.base_url().web(),
            owner: self.slug.owner().to_owned(),
            repo: self.slug.name().to_owned(),
        }
    }

    /// GitHub itself.
    pub fn github(&self) -> &Github {
        &self.github
    }

    /// The repository itself: its default branch, its name in GraphQL.
    pub async fn info(&self) -> Result<RepositoryInfo, PortError> {
        let info: RepositoryInfo = self.get(&self.ask_get(""), Keep::Tagged).await?;
        self.pass().node_id = Some(info.node_id.clone());
        Ok(info)
    }

    /// What somebody may do here; for an account that does not exist, nothing.
    pub async fn permission(&self, login: &str) -> Result<Permission, PortError> {
        let ask = self.ask_get(&format!("/collaborators/{}/permission", path::segment(login)));
        let none = Permission { permission: "none".into(), role_name: String::new() };
        Ok(self.github.find(&self.auth, &ask, Keep::Tagged).await?.unwrap_or(none))
    }

    /// What is left of the limits of who asks. Asking costs nothing.
    pub async fn rate_limits(&self) -> Result<RateLimits, PortError> {
        self.get(&Ask::get("/rate_limit"), Keep::Tagged).await
    }

    fn pass(&self) -> std::sync::MutexGuard<'_, Pass> {
        self.pass.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A path below the repository.
    fn at(&self, below: &str) -> String {
        format!("/repos/{}/{}{below}", path::segment(self.slug.owner()), path::segment(self.slug.name()))
    }

    fn ask_get(&self, below: &str) -> Ask {
        Ask::get(self.at(below))
    }

    async fn get<T: serde::Serialize + DeserializeOwned>(
        &self,
        ask: &Ask,
        keep: Keep,
    ) -> Result<T, PortError> {
        self.github.get(&self.auth, ask, keep).await
    }

    /// Sends a write: not sooner after the pass's last one than GitHub asks for.
    async fn write(&self, ask: &Ask) -> Result<Response<Bytes>, PortError> {
        self.paced().await;
        let answer = self.github.send(&self.auth, ask, None).await;
        self.wrote();
        answer
    }

    async fn paced(&self) {
        let wrote = self.pass().wrote;
        if let Some(wrote) = wrote {
            let since = self.github.now().duration_since(wrote).unsigned_abs();
            self.github.sleep(self.github.pace().between_writes.saturating_sub(since)).await;
        }
    }

    fn wrote(&self) {
        self.pass().wrote = Some(self.github.now());
    }

    /// The same; the answer as a model.
    async fn change<T: DeserializeOwned>(&self, ask: &Ask) -> Result<T, PortError> {
        let answer = self.write(ask).await?;
        self.github.read(ask, answer.body())
    }
}
