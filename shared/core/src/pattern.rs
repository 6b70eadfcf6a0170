//! Event and repository patterns: `*` stands for any text, `!` excludes, and a list with exclusions only means
//! everything else.

use fixedbitset::FixedBitSet;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// Checks one event pattern of the configuration.
pub fn check_event_pattern(pattern: &str) -> Result<(), String> {
    let name = pattern.strip_prefix('!').unwrap_or(pattern);
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.:* /".contains(c);
    if name.is_empty() || name.trim() != name || !name.chars().all(plain) {
        return Err(format!(
            "`{pattern}` is no event pattern: an event such as push, issues.opened or pull_request*, or ! and one"
        ));
    }
    glob(name).map(drop)
}

/// Checks one repository pattern of the configuration.
pub fn check_repository_pattern(pattern: &str) -> Result<(), String> {
    let name = pattern.strip_prefix('!').unwrap_or(pattern);
    let plain = |c: char| c.is_alphanumeric() || "_-.*/".contains(c);
    if name != "*" && (name.matches('/').count() != 1 || !name.chars().all(plain)) {
        return Err(format!(
            "`{pattern}` is no repository pattern: owner/name, owner/*, */name, *, or ! and one"
        ));
    }
    glob(name).map(drop)
}

fn glob(pattern: &str) -> Result<globset::Glob, String> {
    GlobBuilder::new(pattern).literal_separator(false).build().map_err(|error| error.to_string())
}

/// Many pattern lists as one matcher: a text is matched against all of them in one walk.
#[derive(Debug)]
pub struct Lists {
    globs: GlobSet,
    /// For each glob: the lists that it admits, and those that it excludes.
    admits: Vec<FixedBitSet>,
    excludes: Vec<FixedBitSet>,
    /// The lists that admit whatever they do not exclude.
    open: FixedBitSet,
}

impl Lists {
    /// Compiles lists whose patterns were checked before.
    pub fn new<'p, L: IntoIterator<Item = &'p str>>(
        lists: impl IntoIterator<Item = L>,
    ) -> Result<Self, String> {
        let lists: Vec<Vec<&str>> = lists.into_iter().map(|list| list.into_iter().collect()).collect();
        let mut patterns: Vec<&str> =
            lists.iter().flatten().map(|p| p.strip_prefix('!').unwrap_or(p)).collect();
        patterns.sort_unstable();
        patterns.dedup();
        let mut globs = GlobSetBuilder::new();
        for pattern in &patterns {
            globs.add(glob(pattern)?);
        }
        let none = FixedBitSet::with_capacity(lists.len());
        let mut admits = vec![none.clone(); patterns.len()];
        let mut excludes = admits.clone();
        let mut open = none;
        for (index, list) in lists.iter().enumerate() {
            open.set(index, list.iter().all(|pattern| pattern.starts_with('!')));
            for pattern in list {
                let (name, into) = match pattern.strip_prefix('!') {
                    Some(name) => (name, &mut excludes),
                    None => (*pattern, &mut admits),
                };
                let at = patterns.binary_search(&name).expect("every pattern was collected above");
                into[at].insert(index);
            }
        }
        Ok(Self { globs: globs.build().map_err(|error| error.to_string())?, admits, excludes, open })
    }

    /// The lists that match any of these texts (none of them: the lists that are open).
    pub fn matching(&self, texts: &[&str]) -> FixedBitSet {
        let mut found = self.open.clone();
        let mut hits = Vec::new();
        for text in texts {
            let mut more = self.globs.matches(text);
            hits.append(&mut more);
        }
        for &hit in &hits {
            found.union_with(&self.admits[hit]);
        }
        for &hit in &hits {
            found.difference_with(&self.excludes[hit]);
        }
        found
    }
}

/// One pattern list.
#[derive(Debug)]
pub struct List(Lists);

impl List {
    /// Compiles a list whose patterns were checked before.
    pub fn new<'p>(patterns: impl IntoIterator<Item = &'p str>) -> Result<Self, String> {
        Lists::new([patterns]).map(Self)
    }

    /// Whether it has no pattern: then everything matches.
    pub fn is_empty(&self) -> bool {
        self.0.globs.is_empty()
    }

    /// Whether any of these texts matches.
    pub fn matches(&self, texts: &[&str]) -> bool {
        self.0.matching(texts).contains(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(patterns: &[&str], texts: &[&str]) -> bool {
        List::new(patterns.iter().copied()).unwrap().matches(texts)
    }

    #[test]
    fn an_event_means_itself_and_its_actions() {
        let texts = ["issues", "issues.opened"];
        for (patterns, expected) in [
            (&["issues"][..], true),
            (&["issues.*"], true),
            (&["issues.opened"], true),
            (&["issues.closed"], false),
            (&["issue"], false),
            (&["iss*"], true),
            (&["*"], true),
            (&[], true),
            (&["!push"], true),
            (&["!issues"], false),
            (&["*", "!issues.opened"], false),
            (&["issues", "!issues.closed"], true),
            (&["push", "!issues.closed"], false),
        ] {
            assert_eq!(matches(patterns, &texts), expected, "{patterns:?}");
        }
        assert!(!matches(&["issues.*"], &["issues"]), "without an action only the event itself matches");
    }

    #[test]
    fn an_event_without_a_repository_matches_only_open_lists() {
        assert!(matches(&[], &[]) && matches(&["!acme/attic-*"], &[]));
        assert!(!matches(&["acme/*"], &[]) && !matches(&["*"], &[]));
    }

    #[test]
    fn patterns_that_mean_nothing_are_refused() {
        for bad in ["", "!", " push", "push[", "a{b}"] {
            assert!(check_event_pattern(bad).is_err(), "{bad:?}");
        }
        for bad in ["", "acme", "a/b/c", "!", "a b/c", "../*/x"] {
            assert!(check_repository_pattern(bad).is_err(), "{bad:?}");
        }
        for good in ["push", "!push", "issues.*", "Push Hook", "repo:push", "*"] {
            assert_eq!(check_event_pattern(good), Ok(()), "{good}");
        }
        for good in ["acme/*", "!acme/attic-*", "*/web", "*"] {
            assert_eq!(check_repository_pattern(good), Ok(()), "{good}");
        }
    }
}
