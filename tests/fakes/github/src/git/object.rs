//! Git's objects as values, read from and written in git's own formats.

use std::sync::Arc;

use jiff::Timestamp;
use pointsman_core::release::Sha;

/// Anything that git keeps by its id.
#[derive(Debug, Clone)]
pub enum Object {
    /// A commit.
    Commit(Arc<Commit>),
    /// A folder.
    Tree(Arc<Vec<Entry>>),
    /// A file.
    Blob(Arc<[u8]>),
    /// An annotated tag.
    Tag(Arc<TagObject>),
}

/// A commit.
#[derive(Debug, Clone)]
pub struct Commit {
    /// Its root folder.
    pub tree: Sha,
    /// What it came from.
    pub parents: Vec<Sha>,
    /// Who wrote it.
    pub author: Signature,
    /// Who committed it.
    pub committer: Signature,
    /// All of its message.
    pub message: String,
    /// One more than the greatest of its parents': a descendant's is always greater.
    pub generation: u32,
}

/// One line of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// `100644`, `100755`, `120000`, `040000` or `160000`.
    pub mode: String,
    /// Without slashes.
    pub name: String,
    /// What it names.
    pub sha: Sha,
}

impl Entry {
    /// `blob`, `tree` or `commit`.
    pub fn kind(&self) -> &'static str {
        match self.mode.as_str() {
            "040000" => "tree",
            "160000" => "commit",
            _ => "blob",
        }
    }
}

/// An annotated tag.
#[derive(Debug, Clone)]
pub struct TagObject {
    /// What it points at.
    pub object: Sha,
    /// `commit`, mostly.
    pub kind: String,
    /// Its name.
    pub tag: String,
    /// Who made it.
    pub tagger: Signature,
    /// All of its message.
    pub message: String,
}

/// A name, an address and a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// As git has it.
    pub name: String,
    /// As git has it.
    pub email: String,
    /// To the second.
    pub time: Timestamp,
}

impl Signature {
    /// As git writes it: no character that would end its field.
    fn line(&self) -> String {
        let clean = |text: &str| -> String {
            text.chars()
                .filter(|c| !matches!(c, '<' | '>' | '\n' | '\0'))
                .collect::<String>()
                .trim()
                .to_owned()
        };
        format!("{} <{}> {} +0000", clean(&self.name), clean(&self.email), self.time.as_second())
    }

    fn parse(line: &str) -> Option<Self> {
        let (name, rest) = line.split_once('<')?;
        let (email, rest) = rest.split_once('>')?;
        let seconds: i64 = rest.trim().split(' ').next()?.parse().ok()?;
        let time = Timestamp::from_second(seconds).ok()?;
        Some(Self { name: name.trim_end().into(), email: email.into(), time })
    }
}

impl Commit {
    /// In git's format.
    pub(super) fn text(&self) -> String {
        let mut text = format!("tree {}\n", self.tree);
        for parent in &self.parents {
            text.push_str(&format!("parent {parent}\n"));
        }
        text.push_str(&format!("author {}\ncommitter {}\n\n", self.author.line(), self.committer.line()));
        text + &self.message
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let (head, message) = text.split_once("\n\n").unwrap_or((text.trim_end_matches('\n'), ""));
        let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name));
        let parents = head.lines().filter_map(|line| line.strip_prefix("parent ")?.parse().ok()).collect();
        Some(Self {
            tree: field("tree ")?.parse().ok()?,
            parents,
            author: Signature::parse(field("author ")?)?,
            committer: Signature::parse(field("committer ")?)?,
            message: message.to_owned(),
            generation: 0,
        })
    }
}

impl TagObject {
    /// In git's format.
    pub(super) fn text(&self) -> String {
        let Self { object, kind, tag, tagger, message } = self;
        format!("object {object}\ntype {kind}\ntag {tag}\ntagger {}\n\n{message}", tagger.line())
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let (head, message) = text.split_once("\n\n").unwrap_or((text, ""));
        let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name));
        Some(Self {
            object: field("object ")?.parse().ok()?,
            kind: field("type ")?.to_owned(),
            tag: field("tag ")?.to_owned(),
            tagger: Signature::parse(field("tagger ")?)?,
            message: message.to_owned(),
        })
    }
}

/// A tree's bytes: mode, space, name, NUL, 20 bytes of id, and so on.
pub(super) fn tree(mut bytes: &[u8]) -> Option<Vec<Entry>> {
    let mut entries = Vec::new();
    while !bytes.is_empty() {
        let space = bytes.iter().position(|byte| *byte == b' ')?;
        let nul = bytes.iter().position(|byte| *byte == 0)?;
        let sha = hex::encode(bytes.get(nul + 1..nul + 21)?).parse().ok()?;
        let mode = format!("{:0>6}", String::from_utf8_lossy(&bytes[..space]));
        entries.push(Entry { mode, name: String::from_utf8_lossy(&bytes[space + 1..nul]).into(), sha });
        bytes = &bytes[nul + 21..];
    }
    Some(entries)
}
