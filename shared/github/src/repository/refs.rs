//! Branches and tags: claimed, moved and deleted so that of two who try, one wins and the other learns it.

use pointsman_core::port::{ErrorKind, PortError};
use pointsman_core::release::Sha;
use serde_json::json;

use super::Repository;
use crate::{
    ObjectKind, RefName, Reference, Refusal, TagObject, ask::Ask, cache::Keep, graphql::Taken, pages::Cap,
    path,
};

/// Who needs more tags than these pages of a hundred has a tag format that is too short.
const CAP: Cap = Cap { pages: 200, of: "narrow the tag format's prefix, or delete old tags" };

/// How the claim of a branch's or tag's name ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// It was made now.
    Made,
    /// It was there, at the same object: as good as made.
    Same,
    /// It is there, at another object.
    Taken(Sha),
}

/// How a move forward ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    /// It is there now.
    Done,
    /// The branch has commits that the new head has not; nothing was changed.
    NotFastForward,
    /// There is no such branch.
    Gone,
}

/// How a compare-and-swap ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Swap {
    /// It is as it was asked for.
    Done,
    /// It was not where it was expected to be, and nothing was changed: where it is now, if it is.
    Other(Option<Sha>),
}

impl Repository {
    /// A branch or tag as it is now. Annotated tags point to their own object: see [`Repository::peel`].
    pub async fn reference(&self, name: &RefName) -> Result<Option<Reference>, PortError> {
        let ask = self.ask_get(&format!("/git/ref/{}", path::segments(name.as_str())));
        self.github.find(&self.auth, &ask, Keep::Tagged).await
    }

    /// A branch's head, if there is such a branch.
    pub async fn head(&self, branch: &RefName) -> Result<Option<Sha>, PortError> {
        Ok(self.reference(branch).await?.map(|reference| reference.object.sha))
    }

    /// All tags whose names begin with `prefix`. GitHub answers them in one page, others may in several.
    pub async fn tags(&self, prefix: &str) -> Result<Vec<Reference>, PortError> {
        let below = if prefix.is_empty() { String::new() } else { format!("/{}", path::segments(prefix)) };
        let ask = self.ask_get(&format!("/git/matching-refs/tags{below}"));
        let tags: Vec<Reference> = self.github.all(&self.auth, ask, Keep::Tagged, CAP).await?;
        Ok(tags
            .into_iter()
            .filter(|tag| !tag.name.is_branch() && tag.name.name().starts_with(prefix))
            .collect())
    }

    /// All branches whose names begin with `prefix`, as [`Repository::tags`].
    pub async fn branches(&self, prefix: &str) -> Result<Vec<Reference>, PortError> {
        let ask = self.ask_get(&format!("/git/matching-refs/heads/{}", path::segments(prefix)));
        self.github.all(&self.auth, ask, Keep::Tagged, CAP).await
    }

    /// The object of an annotated tag.
    pub async fn tag_object(&self, sha: &Sha) -> Result<TagObject, PortError> {
        self.get(&self.ask_get(&format!("/git/tags/{sha}")), Keep::Immutable).await
    }

    /// The commit that a branch or tag leads to, through annotated tags; none when it leads to no commit.
    pub async fn peel(&self, reference: &Reference) -> Result<Option<Sha>, PortError> {
        let mut target = reference.object.clone();
        // A tag of a tag is rare, one of a tag of a tag a joke.
        for _ in 0..5 {
            match target.kind {
                ObjectKind::Commit => return Ok(Some(target.sha)),
                ObjectKind::Tag => target = self.tag_object(&target.sha).await?.object,
                ObjectKind::Other => return Ok(None),
            }
        }
        Ok(None)
    }

    /// Makes the object of an annotated tag: its ref is claimed afterwards. The tagger is the App.
    pub async fn create_tag_object(
        &self,
        name: &str,
        message: &str,
        commit: &Sha,
    ) -> Result<TagObject, PortError> {
        let body = json!({ "tag": name, "message": message, "object": commit, "type": "commit" });
        self.change(&Ask::post(self.at("/git/tags"), &body)).await
    }

    /// Makes a branch or tag at `sha`, if there is none of that name.
    pub async fn claim(&self, name: &RefName, sha: &Sha) -> Result<Claim, PortError> {
        let ask = Ask::post(self.at("/git/refs"), &json!({ "ref": name.full(), "sha": sha }));
        let error = match self.write(&ask).await {
            Ok(_) => return Ok(Claim::Made),
            Err(error) => error,
        };
        // Without an answer nobody knows whether it took effect: only looking tells.
        if Refusal::of(&error) != Some(Refusal::ReferenceExists) && error.kind != ErrorKind::Unavailable {
            return Err(error);
        }
        match self.head(name).await? {
            Some(there) if there == *sha => Ok(Claim::Same),
            Some(there) => Ok(Claim::Taken(there)),
            None => Err(error),
        }
    }

    /// Moves a branch forward, never back or aside.
    pub async fn forward(&self, branch: &RefName, to: &Sha) -> Result<Moved, PortError> {
        match self.patch_ref(branch, to, false).await {
            Ok(()) => Ok(Moved::Done),
            Err(error) => match Refusal::of(&error) {
                Some(Refusal::NotFastForward) => Ok(Moved::NotFastForward),
                Some(Refusal::ReferenceMissing) => Ok(Moved::Gone),
                _ => Err(error),
            },
        }
    }

    async fn patch_ref(&self, name: &RefName, to: &Sha, force: bool) -> Result<(), PortError> {
        let target = self.at(&format!("/git/refs/{}", path::segments(name.as_str())));
        self.write(&Ask::patch(target, &json!({ "sha": to, "force": force }))).await.map(|_| ())
    }

    /// Deletes a branch or tag, wherever it points; one that is missing is success.
    pub async fn delete_ref(&self, name: &RefName) -> Result<(), PortError> {
        let target = self.at(&format!("/git/refs/{}", path::segments(name.as_str())));
        match self.write(&Ask::delete(target)).await {
            Err(error) if error.kind != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Moves `name` from `before` to `after`, whatever lies between them, or not at all; `None` = it is not there.
    ///
    /// A server without `updateRefs` does it between two reads, which leaves a small hole: that is told in the log.
    pub async fn swap(
        &self,
        name: &RefName,
        before: Option<&Sha>,
        after: Option<&Sha>,
    ) -> Result<Swap, PortError> {
        let failed = match self.swap_by_graphql(name, before, after).await {
            Ok(Taken::Done) => return Ok(Swap::Done),
            Ok(Taken::Unknown) => return self.swap_between_reads(name, before, after).await,
            Ok(Taken::Refused(why)) => {
                let message = format!("GitHub refuses to move {name} of {}", self.slug);
                Refusal::Other.error(ErrorKind::Invalid, message, why)
            }
            Err(error) if error.kind == ErrorKind::Unavailable => error,
            Err(error) => return Err(error),
        };
        // The truth is the ref itself: of a refusal's words none is documented, and a lost answer has none.
        let now = self.head(name).await?;
        if now.as_ref() == after {
            Ok(Swap::Done)
        } else if now.as_ref() != before {
            Ok(Swap::Other(now))
        } else {
            Err(failed)
        }
    }

    async fn swap_by_graphql(
        &self,
        name: &RefName,
        before: Option<&Sha>,
        after: Option<&Sha>,
    ) -> Result<Taken, PortError> {
        let known = self.pass().node_id.clone();
        let id = match known {
            Some(id) => id,
            None => self.info().await?.node_id,
        };
        self.paced().await;
        let taken = self.github.update_ref_by_graphql(&self.auth, &id, name, before, after).await;
        self.wrote();
        taken
    }

    async fn swap_between_reads(
        &self,
        name: &RefName,
        before: Option<&Sha>,
        after: Option<&Sha>,
    ) -> Result<Swap, PortError> {
        tracing::warn!(repository = %self.slug, r#ref = %name, "no updateRefs at this server: moved between two reads");
        let now = self.head(name).await?;
        if now.as_ref() == after {
            return Ok(Swap::Done);
        }
        if now.as_ref() != before {
            return Ok(Swap::Other(now));
        }
        match (before, after) {
            (_, None) => self.delete_ref(name).await?,
            (None, Some(after)) => {
                return Ok(match self.claim(name, after).await? {
                    Claim::Made | Claim::Same => Swap::Done,
                    Claim::Taken(sha) => Swap::Other(Some(sha)),
                });
            }
            (Some(_), Some(after)) => self.patch_ref(name, after, true).await?,
        }
        let now = self.head(name).await?;
        Ok(if now.as_ref() == after { Swap::Done } else { Swap::Other(now) })
    }
}
