//! A local git clone as a release's source: its commits, tags and files at one commit, by the git command.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

use async_trait::async_trait;
use jiff::Timestamp;
use pointsman_core::{
    port::PortError,
    release::{Author, Commit, Sha, Source, Tag, attribute},
};
use tokio::sync::{Mutex, OnceCell};

use super::git::Git;

/// A file above this is no version file and no changelog.
const LARGEST: usize = 8 * 1024 * 1024;
/// So many tags are tried in vain one by one; then git is asked for all that the head reaches, which walks all history.
const TRIED: usize = 16;
/// `git log` in records of these fields, each ended by NUL: id, parents, time, author, message.
const FORMAT: &str = "--format=tformat:%H%x00%P%x00%ct%x00%an%x00%B";

/// A clone at one commit.
#[derive(Debug)]
pub struct Clone {
    git: Git,
    /// The commit that is planned from.
    pub head: Sha,
    /// The branch, unless the head is detached.
    pub branch: Option<String>,
    /// Its history was cut off when it was cloned.
    pub shallow: bool,
    tags: OnceCell<Vec<Tag>>,
    files: OnceCell<HashMap<String, Entry>>,
    reached: Mutex<Reached>,
    changed: Mutex<Changed>,
}

/// Which tags the head reaches, as far as it was asked.
#[derive(Debug, Default)]
struct Reached {
    missed: usize,
    all: Option<HashSet<String>>,
}

/// What commits changed: read at once for all that were listed.
#[derive(Debug, Default)]
struct Changed {
    listed: Vec<Sha>,
    known: HashMap<Sha, Vec<String>>,
}

#[derive(Debug)]
struct Entry {
    mode: String,
    object: String,
}

impl Clone {
    /// Opens the repository that this folder is or is in, at a branch's head; else at its own.
    pub async fn open(folder: &Path, target: Option<&str>) -> Result<Self, PortError> {
        let git = Git::at(folder);
        let shallow = git.text(&["rev-parse", "--is-shallow-repository"]).await?.trim() == "true";
        let (head, branch) = match target {
            Some(target) => (branch_head(&git, target).await?, Some(target.to_owned())),
            None => own_head(&git, folder).await?,
        };
        Ok(Self {
            git,
            head,
            branch,
            shallow,
            tags: OnceCell::new(),
            files: OnceCell::new(),
            reached: Mutex::default(),
            changed: Mutex::default(),
        })
    }

    async fn all_tags(&self) -> Result<&[Tag], PortError> {
        let read = async || {
            let listed =
                self.git.text(&["for-each-ref", "--format=%(objectname) %(refname)", "refs/tags"]).await?;
            let tag = |line: &str| {
                let (object, name) = line.split_once(" refs/tags/")?;
                Some(Tag { name: name.to_owned(), object: object.parse().ok()? })
            };
            Ok::<_, PortError>(listed.lines().filter_map(tag).collect())
        };
        Ok(self.tags.get_or_try_init(read).await?)
    }

    /// Whether the head reaches the tag. One that names no commit is not reached.
    async fn reaches(&self, tag: &Tag) -> Result<bool, PortError> {
        let mut reached = self.reached.lock().await;
        if reached.missed < TRIED {
            let args = ["merge-base", "--is-ancestor", tag.object.as_str(), self.head.as_str()];
            let is = self.git.attempt(&args, b"").await?.status == Some(0);
            reached.missed += usize::from(!is);
            return Ok(is);
        }
        if reached.all.is_none() {
            let merged = format!("--merged={}", self.head);
            let listed =
                self.git.text(&["for-each-ref", &merged, "--format=%(refname)", "refs/tags"]).await?;
            let name = |line: &str| line.strip_prefix("refs/tags/").map(str::to_owned);
            reached.all = Some(listed.lines().filter_map(name).collect());
        }
        Ok(reached.all.as_ref().is_some_and(|all| all.contains(&tag.name)))
    }

    async fn entries(&self) -> Result<&HashMap<String, Entry>, PortError> {
        let read = async || {
            let out = self.git.run(&["ls-tree", "-r", "-z", "--full-tree", self.head.as_str()], b"").await?;
            Ok::<_, PortError>(out.split(|byte| *byte == 0).filter_map(entry).collect())
        };
        self.files.get_or_try_init(read).await
    }
}

#[async_trait]
impl Source for Clone {
    async fn tags(&self, prefix: &str) -> Result<Vec<Tag>, PortError> {
        let all = self.all_tags().await?;
        Ok(all.iter().filter(|tag| tag.name.starts_with(prefix)).cloned().collect())
    }

    async fn since(&self, tag: Option<&Tag>) -> Result<Option<Vec<Commit>>, PortError> {
        let mut wanted = vec![self.head.to_string()];
        match tag {
            Some(tag) if !self.reaches(tag).await? => return Ok(None),
            Some(tag) => wanted.push(format!("^{}", tag.object)),
            None if self.shallow => {
                let message = "this clone is shallow, and no release is in what it has: \
                               run `git fetch --unshallow --tags` in it first";
                return Err(PortError::invalid(message));
            }
            None => {}
        }
        let mut args = vec!["log", "-z", "--date-order", "--no-show-signature", "--encoding=UTF-8", FORMAT];
        args.extend(wanted.iter().map(String::as_str));
        args.push("--");
        let out = self.git.run(&args, b"").await?;
        let (mut commits, mut parents) = (Vec::new(), HashMap::new());
        let fields: Vec<&[u8]> = out.split(|byte| *byte == 0).collect();
        for record in fields.chunks_exact(5) {
            let (commit, above) = commit(record).ok_or_else(|| {
                PortError::internal("`git log` prints what cannot be read: is it git 2.31 or newer?")
            })?;
            parents.insert(commit.sha.clone(), above);
            commits.push(commit);
        }
        attribute(&mut commits, &self.head, &parents);
        self.changed.lock().await.listed.extend(commits.iter().map(|commit| commit.sha.clone()));
        Ok(Some(commits))
    }

    async fn touched(&self, commit: &Sha) -> Result<Vec<String>, PortError> {
        let mut changed = self.changed.lock().await;
        if !changed.known.contains_key(commit) {
            let mut asked = std::mem::take(&mut changed.listed);
            asked.push(commit.clone());
            asked.retain(|sha| !changed.known.contains_key(sha));
            let input: String = asked.iter().map(|sha| format!("{sha}\n")).collect();
            let out = self.git.run(&CHANGED, input.as_bytes()).await?;
            changed.known.extend(changes(&out));
        }
        Ok(changed.known.get(commit).cloned().unwrap_or_default())
    }

    async fn paths(&self) -> Result<Vec<String>, PortError> {
        Ok(self.entries().await?.keys().cloned().collect())
    }

    async fn read(&self, path: &str) -> Result<Option<String>, PortError> {
        let Some(entry) = self.entries().await?.get(path) else { return Ok(None) };
        if entry.mode == "120000" {
            return Err(PortError::invalid(format!(
                "{path} is a symbolic link: name the file that it leads to"
            )));
        }
        let size = self.git.text(&["cat-file", "-s", &entry.object]).await?;
        if size.trim().parse().map_or(true, |size: usize| size > LARGEST) {
            return Err(PortError::invalid(format!("{path} is too large: 8 MiB at most can be changed")));
        }
        let bytes = self.git.run(&["cat-file", "blob", &entry.object], b"").await?;
        let text = String::from_utf8(bytes);
        text.map(Some).map_err(|_| PortError::invalid(format!("{path} is no UTF-8 text")))
    }
}

/// Each commit's paths against its first parent: NUL, the id, NUL, and where there are any a line feed and the paths,
/// each ended by NUL. No path is empty, so none can pass for a commit.
const CHANGED: [&str; 10] = [
    "diff-tree",
    "--stdin",
    "-z",
    "-r",
    "--name-only",
    "--no-renames",
    "--root",
    "--always",
    "--diff-merges=first-parent",
    "--format=%x00%H",
];

fn changes(out: &[u8]) -> HashMap<Sha, Vec<String>> {
    let mut changes = HashMap::<Sha, Vec<String>>::new();
    let mut fields = out.split(|byte| *byte == 0).map(String::from_utf8_lossy).peekable();
    let mut at: Option<Sha> = None;
    while let Some(field) = fields.next() {
        if field.is_empty() {
            at = fields.next().and_then(|sha| sha.parse().ok());
            if let Some(sha) = &at {
                changes.entry(sha.clone()).or_default();
            }
        } else if let Some(paths) = at.as_ref().and_then(|sha| changes.get_mut(sha)) {
            let first = paths.is_empty();
            let path = if first { field.strip_prefix('\n').unwrap_or(&field) } else { &field };
            paths.push(path.to_owned());
        }
    }
    changes
}

async fn branch_head(git: &Git, target: &str) -> Result<Sha, PortError> {
    for place in ["refs/heads", "refs/remotes/origin"] {
        if let Some(sha) = commit_at(git, &format!("{place}/{target}")).await? {
            return Ok(sha);
        }
    }
    Err(PortError::invalid(format!(
        "there is no branch `{target}` here: `git branch --all` lists those that are"
    )))
}

async fn own_head(git: &Git, folder: &Path) -> Result<(Sha, Option<String>), PortError> {
    let Some(head) = commit_at(git, "HEAD").await? else {
        return Err(PortError::invalid(format!("the repository in {} has no commit yet", folder.display())));
    };
    let named = git.attempt(&["symbolic-ref", "--quiet", "HEAD"], b"").await?;
    let name = String::from_utf8_lossy(&named.out);
    Ok((head, name.trim().strip_prefix("refs/heads/").map(str::to_owned)))
}

async fn commit_at(git: &Git, name: &str) -> Result<Option<Sha>, PortError> {
    let wanted = format!("{name}^{{commit}}");
    let found = git.attempt(&["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted], b"").await?;
    Ok(String::from_utf8_lossy(&found.out).lines().last().and_then(|line| line.trim().parse().ok()))
}

/// A line of `ls-tree`: mode, kind, object, and behind a tab the path. Submodules are no files.
fn entry(line: &[u8]) -> Option<(String, Entry)> {
    let (meta, path) = std::str::from_utf8(line).ok()?.split_once('\t')?;
    let mut words = meta.split(' ');
    let (mode, kind, object) = (words.next()?, words.next()?, words.next()?);
    (kind == "blob").then(|| (path.to_owned(), Entry { mode: mode.to_owned(), object: object.to_owned() }))
}

fn commit(record: &[&[u8]]) -> Option<(Commit, Vec<Sha>)> {
    let text = |index: usize| String::from_utf8_lossy(record[index]);
    let above: Vec<Sha> = text(1).split_whitespace().map(str::parse).collect::<Result<_, _>>().ok()?;
    // A time that no calendar has is a forged one: it orders nothing here.
    let time =
        text(2).parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok()).unwrap_or_default();
    let name = text(3).trim().to_owned();
    let commit = Commit {
        sha: text(0).trim().parse().ok()?,
        message: text(4).into_owned(),
        time,
        parents: above.len(),
        author: (!name.is_empty()).then_some(Author { name, login: None }),
        pull: None,
    };
    Some((commit, above))
}
