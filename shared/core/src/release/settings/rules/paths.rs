//! Paths, and what finds a version in a file. No path leads out of the repository, or into git's own folder.

use super::Findings;
use crate::{
    config::{fault::Mark, node::Cursor},
    release::files,
};

/// The most version files of one list.
const MOST: usize = 500;

pub(super) fn check(release: &Cursor<'_>, found: &mut Findings) {
    version_files(release, found);
    if let Some(changelog) = release.get("changelog") {
        changelog_path(&changelog, "path", found);
    }
    for (key, component) in release.get("components").iter().flat_map(Cursor::entries) {
        version_files(&component, found);
        changelog_path(&component, "changelog", found);
        folder_of(&component, key.at, found);
        for list in ["include", "exclude"] {
            for folder in component.list(list) {
                if let Some(text) = folder.text() {
                    found.judge(&folder, path(text.trim_end_matches('/')));
                }
            }
        }
    }
}

fn folder_of(component: &Cursor<'_>, at: Mark, found: &mut Findings) {
    match component.text_of("path") {
        Some((_, "." | "./")) => {}
        Some((cursor, text)) => found.judge(&cursor, path(text.trim_end_matches('/'))),
        None if component.get("path").is_none() && component.is_mapping() => {
            let mut fault = component.fault("`path` is missing: the component's folder");
            fault.at = at;
            found.faults.push(fault.hint("`path: .` is the repository's root"));
        }
        None => {}
    }
}

/// A path as git and every system has it.
fn path(text: &str) -> Result<(), String> {
    files::safe(text)?;
    let hidden = |c: char| crate::release::text::plain(&c.to_string(), 1).is_empty() && c != ' ';
    if text.contains(hidden) {
        return Err("the path has a character that cannot be seen".into());
    }
    if text.split('/').any(|part| part.eq_ignore_ascii_case("git~1") || part.trim() != part) {
        return Err("the path has a part that is not taken: git's own folder, or blanks around a name".into());
    }
    Ok(())
}

fn changelog_path(of: &Cursor<'_>, key: &str, found: &mut Findings) {
    let Some(cursor) = of.get(key) else { return };
    match cursor.text() {
        Some(text) => found.judge(&cursor, path(text)),
        None if cursor.truth() == Some(true) => {
            found
                .faults
                .push(cursor.fault("this is a path, or `false` for none").hint("such as CHANGELOG.md"));
        }
        None => {}
    }
}

fn version_files(of: &Cursor<'_>, found: &mut Findings) {
    let list = of.list("version_files");
    if list.len() > MOST {
        found.faults.push(list[MOST].fault(format!("a list has at most {MOST} version files")));
    }
    for file in list.iter().take(MOST) {
        found.text(file, "path", path);
        found.text(file, "regex", |text| {
            files::check_regex(text).map_err(|why| format!("this regex cannot be used: {why}"))
        });
        found.text(file, "pointer", |text| {
            files::check_pointer(text).map_err(|why| format!("this pointer cannot be used: {why}"))
        });
        let (pointer, regex) = (file.get("pointer").is_some(), file.get("regex").is_some());
        if pointer && regex {
            found.faults.push(
                file.fault("it has a `pointer` and a `regex`").hint("keep the one that finds the version"),
            );
        }
        if let Some((kind, text)) = file.text_of("kind")
            && (pointer || regex)
            && text != "generic"
        {
            let what = if pointer { "pointer" } else { "regex" };
            found.faults.push(kind.fault(format!("a `{what}` belongs to the kind `generic`")));
        }
    }
}
