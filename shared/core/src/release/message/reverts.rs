//! What a revert takes back: by git's own words, by `Refs:` footers, by GitHub's `Reverts acme/web#12`, else by its first line.

use std::collections::HashSet;

use super::{Footer, header::Header};

const GIT: &str = "this reverts commit";

/// What a message takes back.
pub(super) fn read(header: &Header, rest: &str, footers: &[Footer]) -> Vec<String> {
    let mut named = by_git(rest);
    if !header.revert {
        return named;
    }
    if named.is_empty() {
        let refs = footers.iter().filter(|footer| footer.token.eq_ignore_ascii_case("refs"));
        named = refs.flat_map(|footer| ids(&footer.value)).collect();
    }
    named.extend(rest.lines().filter_map(by_github));
    if named.is_empty() && header.kind.as_deref() == Some("revert") && !header.description.is_empty() {
        named.push(unquoted(&header.description).to_owned());
    }
    named
}

/// `This reverts commit <sha>.` The sha after `reversing changes made to` is the one that stays.
fn by_git(text: &str) -> Vec<String> {
    let lower = text.to_ascii_lowercase();
    let behind = lower.match_indices(GIT).map(|(at, _)| &lower[at + GIT.len()..]);
    let mut seen = HashSet::new();
    let all = behind.flat_map(|text| ids(text.strip_prefix('s').unwrap_or(text)));
    all.filter(|id| seen.insert(id.clone())).collect()
}

/// The ids that the text begins with, with commas and `and` between them.
fn ids(text: &str) -> Vec<String> {
    let words = text.split([' ', ',', '\n', '\t']).filter(|word| !word.is_empty() && *word != "and");
    words.map(|word| word.trim_end_matches(['.', ';'])).map_while(id).collect()
}

fn id(word: &str) -> Option<String> {
    let digits = word.bytes().all(|byte| byte.is_ascii_hexdigit());
    (digits && (7..=64).contains(&word.len())).then(|| word.to_ascii_lowercase())
}

/// GitHub's own button writes this into the pull request's body.
fn by_github(line: &str) -> Option<String> {
    let named = line.trim().strip_prefix("Reverts ")?;
    let (repository, number) = named.rsplit_once('#')?;
    let whole = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    (whole && !repository.contains(' ')).then(|| format!("#{number}"))
}

fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
}
