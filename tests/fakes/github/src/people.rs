//! What people do: commit, open, merge, comment, push by force, fork.

use std::{collections::BTreeMap, sync::Arc};

use pointsman_core::release::Sha;

use crate::{
    FakeGithub,
    api::{bot_signature, merge_pull, open_issue, open_pull, publish, write_comment},
    effects::{RefMove, close, move_refs},
    git::Commit,
    reply::{Body, Refusal},
    state::{Label, Release},
};

/// Somebody who acts.
pub struct Person<'a> {
    github: &'a FakeGithub,
    login: String,
}

pub(crate) fn done<T>(result: Result<T, Refusal>) -> T {
    result.unwrap_or_else(|refusal| match &refusal.0.body {
        Body::Json(body) => panic!("GitHub refuses: {body}"),
        _ => panic!("GitHub refuses: {}", refusal.0.status),
    })
}

impl<'a> Person<'a> {
    pub(crate) fn new(github: &'a FakeGithub, login: &str) -> Self {
        Self { github, login: login.into() }
    }

    /// Commits files (`None` = deleted) on top of a branch, which is made from the default branch if it is new.
    pub fn commit(&self, repo: &str, branch: &str, message: &str, files: &[(&str, Option<&str>)]) -> Sha {
        let mut inner = self.github.write();
        let (world, key) = (&mut inner.world, repo.to_lowercase());
        let author = bot_signature(world, &self.login);
        let repo = done(world.repo(&key));
        let parent = repo.branch(branch).or_else(|| repo.branch(&repo.default_branch)).cloned();
        let made = (|| -> Result<Sha, Refusal> {
            let tree = match &parent {
                Some(parent) => repo.git.commit(parent)?.map(|commit| commit.tree.clone()),
                None => None,
            };
            let mut changes = BTreeMap::new();
            for (path, content) in files {
                let change = match content {
                    Some(content) => Some(("100644".to_owned(), repo.git.write_blob(content.as_bytes())?)),
                    None => None,
                };
                changes.insert((*path).to_owned(), change);
            }
            let tree = repo.git.change_tree(tree.as_ref(), &changes)?;
            let parents = parent.into_iter().collect();
            let commit = Commit {
                tree,
                parents,
                author: author.clone(),
                committer: author,
                message: message.into(),
                generation: 0,
            };
            Ok(repo.git.write_commit(commit)?)
        })();
        let sha = done(made);
        done(move_refs(
            world,
            &key,
            &[RefMove { name: format!("refs/heads/{branch}"), to: Some(sha.clone()) }],
            &self.login,
        ));
        sha
    }

    /// Moves any ref anywhere, by force; `None` = deletes it.
    pub fn push(&self, repo: &str, name: &str, to: Option<&Sha>) {
        let moves = [RefMove { name: name.into(), to: to.cloned() }];
        done(move_refs(&mut self.github.write().world, &repo.to_lowercase(), &moves, &self.login));
    }

    /// A lightweight tag.
    pub fn tag(&self, repo: &str, tag: &str, at: &Sha) {
        self.push(repo, &format!("refs/tags/{tag}"), Some(at));
    }

    /// Deletes a branch.
    pub fn delete_branch(&self, repo: &str, branch: &str) {
        self.push(repo, &format!("refs/heads/{branch}"), None);
    }

    /// Opens a pull request, and gives its number.
    pub fn open(&self, repo: &str, head: &str, base: &str, title: &str, body: &str) -> u64 {
        let world = &mut self.github.write().world;
        done(open_pull(world, &repo.to_lowercase(), head, base, title, Some(body.into()), false, &self.login))
    }

    /// Merges a pull request (`merge`, `squash` or `rebase`), and gives the merge's commit.
    pub fn merge(&self, repo: &str, number: u64, method: &str) -> Sha {
        let world = &mut self.github.write().world;
        done(merge_pull(world, &repo.to_lowercase(), number, method, None, None, &self.login))
    }

    /// Closes an issue or a pull request.
    pub fn close(&self, repo: &str, number: u64) {
        done(close(&mut self.github.write().world, &repo.to_lowercase(), number, &self.login));
    }

    /// Edits the description of a pull request or an issue.
    pub fn edit_body(&self, repo: &str, number: u64, body: &str) {
        let mut inner = self.github.write();
        let now = inner.world.now;
        let issue = done(inner.world.repo_mut(&repo.to_lowercase()).and_then(|repo| repo.issue_mut(number)));
        (issue.body, issue.updated) = (Some(body.into()), now);
    }

    /// Comments, and gives the comment's id.
    pub fn comment(&self, repo: &str, number: u64, body: &str) -> u64 {
        done(write_comment(&mut self.github.write().world, &repo.to_lowercase(), number, body, &self.login))
    }

    /// Forks a repository under this person's name: `login/name`, with the branches that it has now.
    pub fn fork(&self, repo: &str) -> String {
        let mut inner = self.github.write();
        let world = &mut inner.world;
        let (id, now) = (world.id(), world.now);
        let mut fork = done(world.repo(&repo.to_lowercase())).clone();
        let root = fork.key();
        fork.namespace = Some(format!("refs/forks/{}/", self.login));
        (fork.id, fork.owner, fork.fork_of, fork.created) = (id, self.login.clone(), Some(root), now);
        fork.refs.retain(|name, _| name.starts_with("refs/heads/"));
        (fork.issues, fork.comments, fork.releases, fork.last_number) = Default::default();
        let name = fork.full_name();
        world.repos.insert(fork.key(), Arc::new(fork));
        name
    }

    /// Opens an issue, and gives its number.
    pub fn open_issue(&self, repo: &str, title: &str, body: Option<&str>) -> u64 {
        let world = &mut self.github.write().world;
        done(open_issue(world, &repo.to_lowercase(), title, body.map(str::to_owned), &self.login))
    }

    /// Makes a label.
    pub fn label(&self, repo: &str, name: &str, color: &str) {
        let mut inner = self.github.write();
        let label = Label { id: inner.world.id(), name: name.into(), color: color.into(), description: None };
        done(inner.world.repo_mut(&repo.to_lowercase())).labels.insert(name.to_lowercase(), label);
    }

    /// Publishes a release of the default branch, as a person does on the website.
    pub fn release(&self, repo: &str, tag: &str) {
        let mut inner = self.github.write();
        let (world, key) = (&mut inner.world, repo.to_lowercase());
        let (id, created) = (world.id(), world.now);
        let (target, author) = (done(world.repo(&key)).default_branch.clone(), self.login.clone());
        let text = |text: &str| Some(text.to_owned());
        let mut release = Release {
            id,
            tag: tag.into(),
            target,
            name: text(tag),
            body: text(""),
            draft: true,
            prerelease: false,
            make_latest: None,
            author,
            created,
            published: None,
        };
        done(publish(world, &key, &mut release, &self.login));
        done(world.repo_mut(&key)).releases.insert(id, release);
    }
}
