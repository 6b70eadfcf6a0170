//! Names: tags, types, sections, components, groups, labels, branches.

use globset::GlobBuilder;

use super::Findings;
use crate::{
    config::node::Cursor,
    release::{settings::TagFormat, text::plain},
};

/// The most of each.
const MOST_COMPONENTS: usize = 500;
const MOST_OTHERS: usize = 100;

pub(super) fn check(release: &Cursor<'_>, found: &mut Findings) {
    let components = release.get("components");
    let has_components = components.as_ref().is_some_and(|all| all.entries().next().is_some());
    found.text(release, "tag_format", |text| tag_format(text, has_components));
    types(release, found);
    if let Some(components) = components {
        most(&components, components.entries().count(), MOST_COMPONENTS, found);
        for (key, component) in components.entries() {
            if let Err(message) = component_name(&key.text) {
                let mut fault = component.fault(message);
                fault.at = key.at;
                found.faults.push(fault);
            }
            found.text(&component, "tag_format", |text| tag_format(text, true));
            found.text(&component, "group", |text| one_line(text, 60));
        }
    }
    if let Some(pull_request) = release.get("pull_request") {
        let labels = pull_request.list("labels");
        for label in &labels {
            // GitHub's bound for a label.
            found.judge(label, label.text().map_or(Ok(()), |text| one_line(text, 50)));
        }
        if let Some(list) = pull_request.get("labels") {
            most(&list, labels.len(), MOST_OTHERS, found);
        }
    }
    targets(release, found);
}

fn most(cursor: &Cursor<'_>, count: usize, most: usize, found: &mut Findings) {
    if count > most {
        found.faults.push(cursor.fault(format!("there are {count}, and at most {most} are taken")));
    }
}

fn types(release: &Cursor<'_>, found: &mut Findings) {
    let Some(types) = release.get("types") else { return };
    most(&types, types.entries().count(), MOST_OTHERS, found);
    let mut seen: Vec<String> = Vec::new();
    for (key, rule) in types.entries() {
        let name = key.text.to_ascii_lowercase();
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let mut refuse = |message: &str| {
            let mut fault = rule.fault(message);
            fault.at = key.at;
            found.faults.push(fault);
        };
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) || !name.chars().all(plain) || name.len() > 40
        {
            refuse("this is no type of commits: use letters, digits, - and _");
        }
        if seen.contains(&name) {
            refuse("this type is there twice: capitals do not matter");
        }
        seen.push(name);
        found.text(&rule, "section", |text| one_line(text, 80));
    }
}

fn targets(release: &Cursor<'_>, found: &mut Findings) {
    let targets = release.list("targets");
    if let Some(list) = release.get("targets") {
        most(&list, targets.len(), MOST_OTHERS, found);
    }
    let mut seen = Vec::new();
    for target in &targets {
        let Some((cursor, text)) = target.text_of("branch") else {
            if target.is_mapping() && target.get("branch").is_none() {
                found.faults.push(
                    target.fault("`branch` is missing: a branch's name, or a pattern such as `release/*`"),
                );
            }
            continue;
        };
        found.judge(&cursor, branch_pattern(text));
        if seen.contains(&text) {
            found.faults.push(cursor.fault("this branch is there twice: the first one decides"));
        }
        seen.push(text);
    }
}

fn branch_pattern(text: &str) -> Result<(), String> {
    let name = text.replace('*', "x");
    if is_reference(&name)
        && GlobBuilder::new(text).build().is_ok()
        && !text.contains(['[', ']', '{', '}', '!'])
    {
        return Ok(());
    }
    Err("this is no branch: a name such as `main`, or a pattern such as `release/*`".into())
}

fn tag_format(text: &str, has_components: bool) -> Result<(), String> {
    let without = text.replacen("{version}", "", 1);
    if without == text || without.contains("{version}") {
        return Err("a tag's format has `{version}` once, such as `v{version}`".into());
    }
    if without.replace("{component}", "").contains(['{', '}']) {
        return Err("a tag's format has no other places than `{version}` and `{component}`".into());
    }
    if text.contains("{component}") && !has_components {
        return Err("there are no components: without them a tag's format has `{version}` alone".into());
    }
    let tag = TagFormat::new(text, Some("x")).tag(&semver::Version::new(1, 2, 3));
    if is_reference(&tag) { Ok(()) } else { Err("git takes no tag of this format".into()) }
}

/// Whether git takes this as a branch's or a tag's name (git check-ref-format, and no `-` at its begin).
fn is_reference(name: &str) -> bool {
    let bad = |c: char| c.is_control() || c.is_whitespace() || "~^:?*[\\".contains(c);
    let part = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
    !name.is_empty()
        && name.len() <= 200
        && name != "@"
        && !name.starts_with('-')
        && !name.ends_with('.')
        && !name.contains("..")
        && !name.contains("@{")
        && !name.contains(bad)
        && name.split('/').all(part)
        && plain(name, 200) == name
}

fn component_name(name: &str) -> Result<(), String> {
    let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-');
    let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let whole = name.chars().all(known) && name.starts_with(edge) && name.ends_with(edge);
    if whole && name.len() <= 60 && !name.contains("..") && !name.ends_with(".lock") {
        return Ok(());
    }
    Err("a component's name is of a-z, 0-9, and . _ - between them, at most 60".into())
}

fn one_line(text: &str, longest: usize) -> Result<(), String> {
    if text.is_empty() {
        return Err("this is empty".into());
    }
    if plain(text, usize::MAX) != text || text.chars().count() > longest {
        return Err(format!("this is one line of at most {longest} characters, without blanks around it"));
    }
    Ok(())
}
