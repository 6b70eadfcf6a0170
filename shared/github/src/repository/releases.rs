//! Releases: listed (drafts too), made as drafts, published.

use pointsman_core::{
    port::{ErrorKind, PortError},
    release::{
        Sha,
        changelog::{self, Links, Newcomer},
        plan::Plan,
    },
};
use serde::Serialize;
use serde_json::json;

use super::Repository;
use crate::{GeneratedNotes, Release, ask::Ask, cache::Keep, pages::Cap, path};

/// Whether a release becomes the latest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Latest {
    /// It does.
    #[serde(rename = "true")]
    Yes,
    /// It does not.
    #[serde(rename = "false")]
    No,
    /// GitHub decides, by date and version.
    #[serde(rename = "legacy")]
    Legacy,
}

/// A release to be. Two drafts of one tag are accepted: list first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewRelease {
    /// Its tag.
    pub tag_name: String,
    /// Where a missing tag would be made when it is published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_commitish: Option<String>,
    /// Its name.
    pub name: String,
    /// Its notes.
    pub body: String,
    /// Not published yet.
    pub draft: bool,
    /// Marked as a pre-release.
    pub prerelease: bool,
}

/// What is to be changed of a release; `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ReleaseChange {
    /// Its tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag_name: Option<String>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its notes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// `false` publishes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub draft: Option<bool>,
    /// Marked as a pre-release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prerelease: Option<bool>,
    /// Whether it becomes the latest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub make_latest: Option<Latest>,
}

impl Repository {
    /// Releases, newest first, drafts among them, up to the page with one of which `done` says that those behind it do
    /// not matter, and not more than `pages` pages of a hundred.
    pub async fn releases(
        &self,
        pages: usize,
        mut done: impl FnMut(&Release) -> bool + Send,
    ) -> Result<Vec<Release>, PortError> {
        let ask = self.ask_get("/releases").query(&[("per_page", "100".into())]);
        let cap = Cap { pages: usize::MAX, of: "" };
        let mut read = 0;
        let last = |page: &Vec<Release>| {
            read += 1;
            read >= pages || page.iter().any(&mut done)
        };
        let pages = self.github.until(&self.auth, ask, Keep::Tagged, cap, last).await?;
        Ok(pages.into_iter().flatten().collect())
    }

    /// A tag's published release; drafts are not found so.
    pub async fn release_of(&self, tag: &str) -> Result<Option<Release>, PortError> {
        let ask = self.ask_get(&format!("/releases/tags/{}", path::segments(tag)));
        self.github.find(&self.auth, &ask, Keep::Tagged).await
    }

    /// One release by its number, also a draft.
    pub async fn release(&self, id: u64) -> Result<Option<Release>, PortError> {
        let ask = self.ask_get(&format!("/releases/{id}"));
        self.github.find(&self.auth, &ask, Keep::Tagged).await
    }

    /// Makes a release. [`crate::Refusal::ReleaseExists`]: the tag has a published one.
    pub async fn create_release(&self, new: &NewRelease) -> Result<Release, PortError> {
        self.change(&Ask::post(self.at("/releases"), new)).await
    }

    /// Changes a release.
    pub async fn update_release(&self, id: u64, change: &ReleaseChange) -> Result<Release, PortError> {
        self.change(&Ask::patch(self.at(&format!("/releases/{id}")), change)).await
    }

    /// Publishes a draft.
    pub async fn publish(&self, id: u64, latest: Latest) -> Result<Release, PortError> {
        let change =
            ReleaseChange { draft: Some(false), make_latest: Some(latest), ..ReleaseChange::default() };
        self.update_release(id, &change).await
    }

    /// Deletes a release, not its tag; one that is not there is success.
    pub async fn delete_release(&self, id: u64) -> Result<(), PortError> {
        match self.write(&Ask::delete(self.at(&format!("/releases/{id}")))).await {
            Err(error) if error.kind != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// The notes that GitHub itself would write. `None`: the server cannot.
    pub async fn generate_notes(
        &self,
        tag: &str,
        target: &str,
        previous: Option<&str>,
    ) -> Result<Option<GeneratedNotes>, PortError> {
        let mut body = json!({ "tag_name": tag, "target_commitish": target });
        if let Some(previous) = previous {
            body["previous_tag_name"] = json!(previous);
        }
        // It writes nothing: no pause before it.
        let ask = Ask::post(self.at("/releases/generate-notes"), &body);
        match self.github.send(&self.auth, &ask, None).await {
            Ok(answer) => self.github.read(&ask, answer.body()).map(Some),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whose first merged pull request is among a plan's changes up to `head`; nobody where GitHub does not know the
    /// tags (yet), or cannot say. `None`: it could not be asked this time, and a release is not held up for it.
    pub async fn newcomers(
        &self,
        plan: &Plan,
        head: &Sha,
        links: &Links,
    ) -> Result<Option<Vec<Newcomer>>, PortError> {
        let Some(widest) = plan.widest() else { return Ok(Some(Vec::new())) };
        let previous = widest.since.as_ref().map(|tag| tag.name.as_str());
        match self.generate_notes(&widest.tag, head.as_str(), previous).await {
            Ok(notes) => Ok(Some(notes.map(|it| changelog::newcomers(&it.body, links)).unwrap_or_default())),
            Err(error) if error.kind == ErrorKind::Invalid => Ok(Some(Vec::new())),
            Err(error) if matches!(error.kind, ErrorKind::Denied | ErrorKind::Unavailable) => {
                tracing::warn!(%error, "nobody is greeted as new");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}
