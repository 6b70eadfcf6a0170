//! The git side of a repository: a real bare repository, handled by git's own commands, objects kept in memory.
//!
//! Shas, trees, merges and differences are git's own; walks over history ([`walk`]) are made here, on what it keeps.

mod diff;
mod object;
mod process;
mod walk;
mod write;

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

pub use diff::{Changed, ChangedFile};
pub use object::{Commit, Entry, Object, Signature, TagObject};
use pointsman_core::release::Sha;
use process::Process;
pub use write::TreeChange;

/// Git failed, which is a fault of the fake or of the machine, never of a request.
#[derive(Debug)]
pub struct GitError(pub String);

impl From<io::Error> for GitError {
    fn from(error: io::Error) -> Self {
        Self(format!("git: {error}"))
    }
}

/// A bare repository. Its refs are those that [`Git::move_refs`] was given last.
#[derive(Debug)]
pub struct Git {
    folder: PathBuf,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    objects: HashMap<Sha, Object>,
    processes: HashMap<&'static str, Process>,
}

impl Git {
    /// A new, empty one in this folder.
    pub fn create(folder: &Path, default_branch: &str) -> Result<Self, GitError> {
        fs::create_dir_all(folder)?;
        let head = format!("--initial-branch={default_branch}");
        let made = process::command(folder, &["init", "--quiet", "--bare", "--template=", &head]).output()?;
        if !made.status.success() {
            return Err(GitError(format!("git init: {}", String::from_utf8_lossy(&made.stderr))));
        }
        Ok(Self { folder: folder.to_owned(), inner: Mutex::default() })
    }

    /// The bare repository, to clone from.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Runs one git command to its end, and gives what it printed.
    pub fn run(&self, args: &[&str]) -> Result<String, GitError> {
        let output = process::command(&self.folder, args).output()?;
        if !output.status.success() {
            return Err(GitError(format!("git {args:?}: {}", String::from_utf8_lossy(&output.stderr))));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// What has this id, if it is there.
    pub fn object(&self, sha: &Sha) -> Result<Option<Object>, GitError> {
        let mut inner = self.inner();
        if let Some(object) = inner.objects.get(sha) {
            return Ok(Some(object.clone()));
        }
        let loaded = inner.load(&self.folder, sha);
        inner.forget_on_error("cat", loaded)
    }

    /// The commit of this id, if it is one.
    pub fn commit(&self, sha: &Sha) -> Result<Option<Arc<Commit>>, GitError> {
        Ok(match self.object(sha)? {
            Some(Object::Commit(commit)) => Some(commit),
            _ => None,
        })
    }

    /// The folder of this id (or of this commit), if it is one.
    pub fn tree(&self, sha: &Sha) -> Result<Option<Arc<Vec<Entry>>>, GitError> {
        Ok(match self.object(sha)? {
            Some(Object::Tree(tree)) => Some(tree),
            Some(Object::Commit(commit)) => self.tree(&commit.tree)?,
            _ => None,
        })
    }

    /// What lies at a path below a folder.
    pub fn at_path(&self, tree: &Sha, path: &str) -> Result<Option<Entry>, GitError> {
        let mut found = Entry { mode: "040000".into(), name: String::new(), sha: tree.clone() };
        for name in path.split('/').filter(|name| !name.is_empty()) {
            let Some(entries) = self.tree(&found.sha)? else { return Ok(None) };
            let Some(entry) = entries.iter().find(|entry| entry.name == name) else { return Ok(None) };
            found = entry.clone();
        }
        Ok(Some(found))
    }

    /// The bytes of a file.
    pub fn blob(&self, sha: &Sha) -> Result<Option<Arc<[u8]>>, GitError> {
        Ok(match self.object(sha)? {
            Some(Object::Blob(bytes)) => Some(bytes),
            _ => None,
        })
    }

    /// The commit that a commit or an annotated tag stands for.
    pub fn peel(&self, sha: &Sha) -> Result<Option<Sha>, GitError> {
        Ok(match self.object(sha)? {
            Some(Object::Commit(_)) => Some(sha.clone()),
            Some(Object::Tag(tag)) => self.peel(&tag.object)?,
            _ => None,
        })
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// The kept process of this name.
    fn process(&mut self, folder: &Path, name: &'static str, args: &[&str]) -> io::Result<&mut Process> {
        if !self.processes.contains_key(name) {
            self.processes.insert(name, Process::start(folder, args)?);
        }
        self.processes.get_mut(name).ok_or_else(|| io::Error::other("a process was just put in"))
    }

    /// A process that failed is not asked again.
    fn forget_on_error<T>(&mut self, name: &str, result: Result<T, GitError>) -> Result<T, GitError> {
        if result.is_err() {
            self.processes.remove(name);
        }
        result
    }

    /// Reads an object, and of a commit all of its history, oldest first: generations need the parents'.
    fn load(&mut self, folder: &Path, sha: &Sha) -> Result<Option<Object>, GitError> {
        let mut stack = vec![(sha.clone(), None::<Commit>)];
        while let Some((next, known)) = stack.pop() {
            if self.objects.contains_key(&next) {
                continue;
            }
            let mut commit = match known {
                Some(commit) => commit,
                None => match self.read(folder, &next)? {
                    None => return Ok(None),
                    Some(Object::Commit(commit)) => Arc::unwrap_or_clone(commit),
                    Some(other) => {
                        self.objects.insert(next, other);
                        continue;
                    }
                },
            };
            let missing: Vec<_> =
                commit.parents.iter().filter(|parent| !self.objects.contains_key(*parent)).cloned().collect();
            if missing.is_empty() {
                commit.generation = self.generation(&commit);
                self.objects.insert(next, Object::Commit(Arc::new(commit)));
            } else {
                stack.push((next, Some(commit)));
                stack.extend(missing.into_iter().map(|parent| (parent, None)));
            }
        }
        Ok(self.objects.get(sha).cloned())
    }

    /// One more than the greatest of the parents'.
    fn generation(&self, commit: &Commit) -> u32 {
        let of = |parent: &Sha| match self.objects.get(parent) {
            Some(Object::Commit(commit)) => commit.generation,
            _ => 0,
        };
        commit.parents.iter().map(of).max().unwrap_or(0) + 1
    }

    fn read(&mut self, folder: &Path, sha: &Sha) -> Result<Option<Object>, GitError> {
        let process = self.process(folder, "cat", &["cat-file", "--batch-command"])?;
        process.write(format!("contents {sha}\n").as_bytes())?;
        let line = process.line()?;
        let mut words = line.split(' ').skip(1);
        let (kind, length) = (words.next().unwrap_or(""), words.next().and_then(|it| it.parse().ok()));
        let Some(length) = length else { return Ok(None) };
        let bytes = process.exactly(length)?;
        process.exactly(1)?;
        let text = || String::from_utf8_lossy(&bytes);
        let object = match kind {
            "commit" => Commit::parse(&text()).map(|it| Object::Commit(Arc::new(it))),
            "tag" => TagObject::parse(&text()).map(|it| Object::Tag(Arc::new(it))),
            "tree" => object::tree(&bytes).map(|it| Object::Tree(Arc::new(it))),
            _ => Some(Object::Blob(bytes.into())),
        };
        object.map(Some).ok_or_else(|| GitError(format!("the {kind} {sha} cannot be read")))
    }
}
