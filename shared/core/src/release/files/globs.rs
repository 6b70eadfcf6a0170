//! The folders that a workspace names as its members.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::path;

/// Folders by the globs of a manifest in `root`: `*` stays within one folder's name, `**` does not.
pub(super) struct Folders {
    taken: GlobSet,
    refused: GlobSet,
}

impl Folders {
    /// Globs that begin with `!` take away.
    pub fn new<'a>(root: &str, globs: impl IntoIterator<Item = &'a str>) -> Self {
        let (mut taken, mut refused) = (GlobSetBuilder::new(), GlobSetBuilder::new());
        for glob in globs {
            let (set, glob) = glob.strip_prefix('!').map_or((&mut taken, glob), |rest| (&mut refused, rest));
            let Some(whole) = path::resolved(root, glob) else { continue };
            if let Ok(glob) = GlobBuilder::new(&whole).literal_separator(true).build() {
                set.add(glob);
            }
        }
        let built = |set: GlobSetBuilder| set.build().unwrap_or_default();
        Self { taken: built(taken), refused: built(refused) }
    }

    pub fn has(&self, folder: &str) -> bool {
        self.taken.is_match(folder) && !self.refused.is_match(folder)
    }
}
