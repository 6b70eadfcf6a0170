//! Comments of ours that are found again, so that what needs a person is told once.

use pointsman_core::{
    port::PortError,
    release::{Sha, notice},
};

use crate::{Comment, Repository};

/// What became of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// It is there now.
    Now,
    /// It was there, with these words.
    Before,
    /// It was there with other words, and has these now.
    Anew,
}

impl Comment {
    /// Whether this App wrote it. Where GitHub does not say by which App, any bot's counts: a person's never does.
    pub fn is_by(&self, app: u64) -> bool {
        match &self.performed_via_github_app {
            Some(by) => by.id == app,
            None => self.user.as_ref().is_some_and(|user| user.kind == "Bot"),
        }
    }
}

impl Repository {
    /// Says something on an issue or pull request, as `app`, in one comment that `key` names: made once, then updated.
    pub async fn tell(&self, number: u64, app: u64, key: &str, text: &str) -> Result<Told, PortError> {
        let body = notice::write(key, text);
        let there = match self.first(number, app, key).await? {
            Some(there) => there,
            None => {
                self.create_comment(number, &body).await?;
                // Another run may have looked before either of us wrote.
                self.first(number, app, key).await?;
                return Ok(Told::Now);
            }
        };
        if same(&there.body, &body) {
            return Ok(Told::Before);
        }
        self.update_comment(there.id, &body).await.map(|_| Told::Anew)
    }

    /// The comment that this key names. Of several, which runs made at the same time, the first one stays.
    async fn first(&self, number: u64, app: u64, key: &str) -> Result<Option<Comment>, PortError> {
        let mut ours = self.comments(number).await?;
        ours.retain(|comment| comment.is_by(app) && notice::is(&comment.body, key));
        ours.sort_by_key(|comment| comment.id);
        let mut ours = ours.into_iter();
        let first = ours.next();
        for surplus in ours {
            self.delete_comment(surplus.id).await?;
        }
        Ok(first)
    }

    /// The same on a commit, where the first words stay.
    pub async fn tell_on_commit(
        &self,
        commit: &Sha,
        app: u64,
        key: &str,
        text: &str,
    ) -> Result<Told, PortError> {
        let comments = self.commit_comments(commit).await?;
        if comments.iter().any(|comment| comment.is_by(app) && notice::is(&comment.body, key)) {
            return Ok(Told::Before);
        }
        self.create_commit_comment(commit, &notice::write(key, text)).await.map(|_| Told::Now)
    }
}

/// GitHub may give line endings back as they are sent by browsers.
fn same(a: &str, b: &str) -> bool {
    a.replace("\r\n", "\n").trim_end() == b.replace("\r\n", "\n").trim_end()
}
