//! What differs between two folders, with git's counts of lines and its eye for renamed files.

use pointsman_core::release::Sha;

use super::{Git, GitError};

/// What happened to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// Its content or mode is another one.
    Modified,
    /// It was elsewhere.
    Renamed,
}

/// A file that differs.
#[derive(Debug, Clone)]
pub struct ChangedFile {
    /// Where it is (or was, if it is gone).
    pub path: String,
    /// Where it was, if it was elsewhere.
    pub previous: Option<String>,
    /// What happened to it.
    pub changed: Changed,
    /// The blob (of a file that is gone: the one that was).
    pub blob: Sha,
    /// Lines that came; 0 of a binary file.
    pub additions: u64,
    /// Lines that went; 0 of a binary file.
    pub deletions: u64,
}

/// A line that is no pair of ids: git prints it back, after everything that came before.
const END: &[u8] = b"that was all\n";

impl Git {
    /// The files that differ between two folders; `None` = the empty one.
    pub fn diff(&self, old: Option<&Sha>, new: &Sha) -> Result<Vec<ChangedFile>, GitError> {
        let empty;
        let old = match old {
            Some(old) => old,
            None => {
                empty = self.write_tree(&[])?;
                &empty
            }
        };
        if old == new {
            return Ok(Vec::new());
        }
        let mut inner = self.inner();
        let asked = (|| {
            let args = ["diff-tree", "--stdin", "-r", "-M", "--raw", "--numstat", "--no-abbrev", "-z"];
            let process = inner.process(&self.folder, "diff", &args)?;
            process.write(format!("{old} {new}\n").as_bytes())?;
            process.write(END)?;
            process.line()?;
            let mut bytes = Vec::new();
            while !bytes.ends_with(END) {
                bytes.extend(process.until(b'\n')?);
                bytes.push(b'\n');
            }
            bytes.truncate(bytes.len() - END.len());
            Ok(bytes)
        })();
        let bytes = inner.forget_on_error("diff", asked)?;
        files(&String::from_utf8_lossy(&bytes)).ok_or_else(|| GitError("git diff-tree answered oddly".into()))
    }
}

/// First the raw records, then the counts in the same order.
fn files(text: &str) -> Option<Vec<ChangedFile>> {
    let mut fields = text.split('\0').peekable();
    let mut files = Vec::new();
    while let Some(record) = fields.next_if(|field| field.starts_with(':')) {
        let mut words = record[1..].split(' ').skip(2);
        let (old, new, status) = (words.next()?, words.next()?, words.next()?);
        let path = fields.next()?.to_owned();
        let (changed, path, previous) = match status.as_bytes().first()? {
            b'A' => (Changed::Added, path, None),
            b'D' => (Changed::Removed, path, None),
            b'R' | b'C' => (Changed::Renamed, fields.next()?.to_owned(), Some(path)),
            _ => (Changed::Modified, path, None),
        };
        let blob = if changed == Changed::Removed { old } else { new }.parse().ok()?;
        files.push(ChangedFile { path, previous, changed, blob, additions: 0, deletions: 0 });
    }
    for file in &mut files {
        let mut counts = fields.next()?.split('\t');
        file.additions = counts.next()?.parse().unwrap_or(0);
        file.deletions = counts.next()?.parse().unwrap_or(0);
        if file.previous.is_some() {
            fields.nth(1)?; // both names, in fields of their own
        }
    }
    Some(files)
}
