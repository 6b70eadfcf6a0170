//! What is written: blobs, trees, commits, annotated tags and refs. Equal content has an equal id, as git has it.

use std::{collections::BTreeMap, fs, sync::Arc};

use pointsman_core::release::Sha;

use super::{Commit, Entry, Git, GitError, Object, TagObject, process};

/// What is to be at a path: a mode and what it names, or nothing.
pub type TreeChange = Option<(String, Sha)>;

/// One folder's share of a change: its own entries, and those of the folders below it.
#[derive(Default)]
struct Level<'a> {
    here: BTreeMap<&'a str, &'a TreeChange>,
    below: BTreeMap<&'a str, BTreeMap<String, TreeChange>>,
}

impl Git {
    /// Writes a file.
    pub fn write_blob(&self, bytes: &[u8]) -> Result<Sha, GitError> {
        let sha = self.hash("blob", "blob", bytes)?;
        self.keep(&sha, Object::Blob(bytes.into()));
        Ok(sha)
    }

    /// Writes a commit; whether its tree and parents are there is the caller's to know.
    pub fn write_commit(&self, mut commit: Commit) -> Result<Sha, GitError> {
        for parent in &commit.parents {
            self.object(parent)?; // its generation must be known
        }
        let sha = self.hash("commit", "commit", commit.text().as_bytes())?;
        let mut inner = self.inner();
        commit.generation = inner.generation(&commit);
        inner.objects.insert(sha.clone(), Object::Commit(Arc::new(commit)));
        Ok(sha)
    }

    /// Writes an annotated tag's object, which is no ref yet.
    pub fn write_tag(&self, tag: TagObject) -> Result<Sha, GitError> {
        let sha = self.hash("tag", "tag", tag.text().as_bytes())?;
        self.keep(&sha, Object::Tag(Arc::new(tag)));
        Ok(sha)
    }

    /// Writes a folder.
    pub fn write_tree(&self, entries: &[Entry]) -> Result<Sha, GitError> {
        let mut input = Vec::new();
        for entry in entries {
            input.extend(format!("{} {} {}\t{}\0", entry.mode, entry.kind(), entry.sha, entry.name).bytes());
        }
        input.push(0);
        let mut inner = self.inner();
        let asked = (|| {
            let process = inner.process(&self.folder, "tree", &["mktree", "--batch", "--missing", "-z"])?;
            process.write(&input)?;
            Ok(process.line()?)
        })();
        let line = inner.forget_on_error("tree", asked)?;
        line.parse().map_err(|_| GitError(format!("git mktree answered {line:?}")))
    }

    /// The folder with these paths changed; folders that become empty vanish.
    pub fn change_tree(
        &self,
        base: Option<&Sha>,
        changes: &BTreeMap<String, TreeChange>,
    ) -> Result<Sha, GitError> {
        let mut entries: BTreeMap<String, Entry> = BTreeMap::new();
        if let Some(base) = base
            && let Some(known) = self.tree(base)?
        {
            entries.extend(known.iter().map(|entry| (entry.name.clone(), entry.clone())));
        }
        let mut level = Level::default();
        for (path, change) in changes {
            match path.split_once('/') {
                None => drop(level.here.insert(path, change)),
                Some((name, rest)) => {
                    drop(level.below.entry(name).or_default().insert(rest.to_owned(), change.clone()));
                }
            }
        }
        for (name, change) in level.here {
            match change {
                None => drop(entries.remove(name)),
                Some((mode, sha)) => {
                    let entry = Entry { mode: mode.clone(), name: name.into(), sha: sha.clone() };
                    entries.insert(name.into(), entry);
                }
            }
        }
        for (name, changes) in level.below {
            let folder =
                entries.get(name).filter(|entry| entry.kind() == "tree").map(|entry| entry.sha.clone());
            let sha = self.change_tree(folder.as_ref(), &changes)?;
            if self.tree(&sha)?.is_none_or(|entries| entries.is_empty()) {
                entries.remove(name);
            } else {
                entries.insert(name.into(), Entry { mode: "040000".into(), name: name.into(), sha });
            }
        }
        self.write_tree(&entries.into_values().collect::<Vec<_>>())
    }

    /// Moves refs, all or none; `None` = deleted.
    pub fn move_refs(&self, moves: &[(String, Option<Sha>)]) -> Result<(), GitError> {
        let mut input = String::from("start\n");
        for (name, sha) in moves {
            match sha {
                Some(sha) => input.push_str(&format!("update {name} {sha}\n")),
                None => input.push_str(&format!("delete {name}\n")),
            }
        }
        input.push_str("commit\n");
        let mut inner = self.inner();
        let asked = (|| {
            let process = inner.process(&self.folder, "refs", &["update-ref", "--no-deref", "--stdin"])?;
            process.write(input.as_bytes())?;
            for expected in ["start: ok", "commit: ok"] {
                let line = process.line()?;
                if line != expected {
                    return Err(GitError(format!("git update-ref answered {line:?}")));
                }
            }
            Ok(())
        })();
        inner.forget_on_error("refs", asked)
    }

    /// The merge of two commits' folders: `None` = they conflict. `base`: as if that were the commit both came from.
    pub fn merge_trees(&self, base: Option<&Sha>, ours: &Sha, theirs: &Sha) -> Result<Option<Sha>, GitError> {
        if base.is_none() && self.reaches(theirs, ours)? {
            return Ok(self.commit(theirs)?.map(|commit| commit.tree.clone()));
        }
        // Its `--stdin` tells nothing before its input ends: one process a merge.
        let base = base.map(|base| format!("--merge-base={base}"));
        let mut args = vec!["merge-tree", "--write-tree", "--no-messages", "--name-only"];
        args.extend(base.as_deref());
        args.extend([ours.as_str(), theirs.as_str()]);
        let output = process::command(&self.folder, &args).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let tree = text.lines().next().unwrap_or("");
        match output.status.code() {
            Some(1) => Ok(None),
            Some(0) => {
                tree.parse().map(Some).map_err(|_| GitError(format!("git merge-tree answered {tree:?}")))
            }
            _ => Err(GitError(format!("git merge-tree: {}", String::from_utf8_lossy(&output.stderr)))),
        }
    }

    /// Writes an object of this kind by a kept `git hash-object`, which takes the bytes from a file.
    fn hash(&self, name: &'static str, kind: &str, bytes: &[u8]) -> Result<Sha, GitError> {
        let path = self.folder.join(format!("pointsman-{name}"));
        let mut inner = self.inner();
        fs::write(&path, bytes)?;
        let asked = (|| {
            let args = ["hash-object", "-t", kind, "-w", "--no-filters", "--stdin-paths"];
            let process = inner.process(&self.folder, name, &args)?;
            process.write(format!("{}\n", path.display()).as_bytes())?;
            Ok(process.line()?)
        })();
        let line = inner.forget_on_error(name, asked)?;
        line.parse().map_err(|_| GitError(format!("git hash-object answered {line:?}")))
    }

    fn keep(&self, sha: &Sha, object: Object) {
        self.inner().objects.insert(sha.clone(), object);
    }
}
