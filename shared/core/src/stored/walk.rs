//! The archive's folders: sources, and their hours.

use jiff::Timestamp;

use crate::port::{Archive, PortError};

/// Sorts after everything that begins with the text before it and a `/`.
const AFTER_SLASH: char = '0';

/// Names one level below `prefix` (which ends with `/`), in order: a folder costs one look, whatever lies in it.
pub async fn folders(archive: &dyn Archive, prefix: &str) -> Result<Vec<String>, PortError> {
    let (mut names, mut after) = (Vec::new(), None::<String>);
    while let Some(row) = archive.list(prefix, after.as_deref(), 1).await?.into_iter().next() {
        let rest = &row.key[prefix.len()..];
        match rest.split_once('/') {
            Some((name, _)) => {
                after = Some(format!("{prefix}{name}{AFTER_SLASH}"));
                names.push(name.to_owned());
            }
            None => after = Some(row.key.clone()),
        }
    }
    Ok(names)
}

/// `{prefix}yyyy/mm/dd/hh/` of a source, newest first, one level at a time.
pub struct Hours<'a> {
    archive: &'a dyn Archive,
    since: Option<String>,
    root: usize,
    open: Vec<(String, u8)>,
}

impl<'a> Hours<'a> {
    /// The hours of one source that are not all before `since`.
    pub fn new(archive: &'a dyn Archive, source: &str, since: Option<Timestamp>) -> Self {
        let root = format!("deliveries/{source}/");
        let since = since.map(|at| at.strftime("%Y/%m/%d/%H/").to_string());
        Self { archive, since, root: root.len(), open: vec![(root, 0)] }
    }

    /// The next older hour's prefix.
    pub async fn next(&mut self) -> Result<Option<String>, PortError> {
        while let Some((prefix, level)) = self.open.pop() {
            if level == 4 {
                return Ok(Some(prefix));
            }
            for name in folders(self.archive, &prefix).await? {
                let below = format!("{prefix}{name}/");
                let place = &below[self.root..];
                let old = |since: &String| since.get(..place.len()).is_some_and(|since| place < since);
                if !self.since.as_ref().is_some_and(old) {
                    self.open.push((below, level + 1));
                }
            }
        }
        Ok(None)
    }
}
