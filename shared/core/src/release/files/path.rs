//! Paths of a repository: relative, with `/`, never out of it.

use super::fault::Trouble;

const LONGEST: usize = 1_024;

/// A path as a settings file may name it, without `./`; or why it may not.
pub fn safe(path: &str) -> Result<String, String> {
    let path = path.strip_prefix("./").unwrap_or(path);
    let refusal = if path.is_empty() {
        "a path is missing"
    } else if path.len() > LONGEST {
        "the path is too long"
    } else if path.starts_with('/') || is_drive(path) {
        "the path is absolute: write it from the repository's root (or the component's folder)"
    } else if path.contains('\\') {
        "the path has a backslash: folders are separated with `/`"
    } else if path.chars().any(char::is_control) {
        "the path has a control character"
    } else if path.split('/').any(|part| part == "..") {
        "the path has `..`: no path leads out of the repository or the component's folder"
    } else if path.split('/').any(|part| part.is_empty() || part == ".") {
        "the path has an empty part or a `.`: write `folder/file`"
    } else if path.split('/').any(|part| part.eq_ignore_ascii_case(".git")) {
        "the path leads into git's own folder"
    } else {
        return Ok(path.to_owned());
    };
    Err(refusal.to_owned())
}

fn is_drive(path: &str) -> bool {
    matches!(path.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic())
}

/// A component's folder as paths begin with it: no `./`, no `/` at the end, empty for the root.
pub(super) fn folder(path: &str) -> Result<String, Trouble> {
    let trimmed = path.trim_end_matches('/');
    if matches!(trimmed, "" | ".") && !path.starts_with('/') {
        return Ok(String::new());
    }
    safe(if trimmed.is_empty() { path } else { trimmed }).map_err(Trouble::new)
}

/// `name` in `folder`.
pub fn within(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// The folder that a file is in.
pub(super) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A file's name without its folder.
pub(super) fn name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// Whether a folder is `outer` or lies below it.
pub(super) fn is_in(folder: &str, outer: &str) -> bool {
    outer.is_empty()
        || folder == outer
        || folder.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'))
}

/// Where a manifest's relative path leads from its folder; `None` = out of the repository.
pub(super) fn resolved(folder: &str, relative: &str) -> Option<String> {
    if relative.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in relative.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The folders from `folder` up to the root, nearest first, itself included.
pub(super) fn upwards(folder: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(folder), |folder| (!folder.is_empty()).then(|| parent(folder)))
}
