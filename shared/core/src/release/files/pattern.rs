//! A regular expression with one group, which is the version. The engine is linear in the text, the pattern bounded.

use regex::{Regex, RegexBuilder};
use semver::Version;

use super::{
    edit::{Edit, splice},
    fault::Trouble,
};

const LONGEST: usize = 1_000;
const COMPILED: usize = 1 << 20;
const LONGEST_VERSION: usize = 256;

/// Every place where the expression matches.
pub(super) fn edits(text: &str, pattern: &str, to: &Version) -> Result<Vec<Edit>, Trouble> {
    let regex = compiled(pattern).map_err(|why| Trouble::new(format!("the regex: {why}")))?;
    let mut edits = Vec::new();
    // A byte order mark is no text: `^` stands behind it.
    let bare = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mark = text.len() - bare.len();
    for group in regex.captures_iter(bare).filter_map(|captures| captures.get(1)) {
        if group.len() > LONGEST_VERSION || group.as_str().contains('\n') {
            let line = super::edit::line_of(bare, group.start());
            return Err(Trouble::at(
                line,
                "the regex's group takes in more than a version: make it narrower, such as `([0-9]+[.][0-9A-Za-z.+-]*)`",
            ));
        }
        edits.push(Edit::new(mark + group.start()..mark + group.end(), to.to_string()));
    }
    if edits.is_empty() {
        return Err(Trouble::new("the regex matches nowhere in this file"));
    }
    is_found_again(&regex, &splice(text, &edits).content, to)?;
    Ok(edits)
}

/// What is written must be what is found there the next time: else each time would add to it.
fn is_found_again(regex: &Regex, written: &str, to: &Version) -> Result<(), Trouble> {
    let bare = written.strip_prefix('\u{feff}').unwrap_or(written);
    let groups: Vec<_> = regex.captures_iter(bare).filter_map(|captures| captures.get(1)).collect();
    let why = match groups.iter().find(|group| group.as_str() != to.to_string()) {
        None if groups.is_empty() => "the regex finds nothing".to_owned(),
        None => return Ok(()),
        Some(group) => format!("the regex's group takes in `{}`", group.as_str()),
    };
    Err(Trouble::new(format!(
        "where `{to}` is written {why}: make the group take in whole versions and nothing else, such as \
         `([0-9]+[.][0-9A-Za-z.+-]*)`"
    )))
}

/// Whether it can be used, or why not.
pub fn check_regex(pattern: &str) -> Result<(), String> {
    compiled(pattern).map(drop)
}

fn compiled(pattern: &str) -> Result<Regex, String> {
    if pattern.len() > LONGEST {
        return Err(format!("it is longer than {LONGEST} bytes"));
    }
    let built = RegexBuilder::new(pattern).size_limit(COMPILED).dfa_size_limit(COMPILED).build();
    let regex = built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "it is too large: use fewer and smaller repetitions".to_owned(),
        error => error.to_string(),
    })?;
    match regex.captures_len() - 1 {
        1 => Ok(regex),
        0 => Err("it has no group: put the version into one, as in `version=([0-9.]+)`".into()),
        count => Err(format!("it has {count} groups, and one is the version: write the others as `(?:...)`")),
    }
}
