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
        let comments = self.comments(number).await?;
        match comments.iter().find(|comment| comment.is_by(app) && notice::is(&comment.body, key)) {
            Some(there) if same(&there.body, &body) => Ok(Told::Before),
            Some(there) => self.update_comment(there.id, &body).await.map(|_| Told::Anew),
            None => self.create_comment(number, &body).await.map(|_| Told::Now),
        }
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
