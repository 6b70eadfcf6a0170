//! What is written holds: links lead somewhere, pictures are current.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
};

use pointsman_tests::{house::root, pictures, source::under};

#[test]
fn pictures_are_current() {
    for picture in pictures::draw() {
        let there = fs::read_to_string(picture.file()).unwrap_or_default();
        assert!(there == picture.svg, "{} is not what its text says: run scripts/pictures", picture.path);
    }
}

#[test]
fn links_lead_somewhere() {
    let mut dead = Vec::new();
    let pages = pages(&root());
    assert!(pages.len() > 4, "the pages were not found");
    for page in &pages {
        let text = fs::read_to_string(page).unwrap();
        for (line, target) in links(&text) {
            if let Err(why) = follow(page, &target) {
                let page = page.strip_prefix(root()).unwrap().display();
                dead.push(format!("{page}:{line}: {target}: {why}"));
            }
        }
    }
    assert!(dead.is_empty(), "dead links:\n  {}\n", dead.join("\n  "));
}

#[test]
fn every_test_that_the_threat_model_names_is_there() {
    let text = fs::read_to_string(root().join("docs/security.md")).unwrap();
    assert!(text.lines().count() <= 90, "a threat model of one page");
    let sources = under(&["functions", "shared", "tests"]);
    let rows = text.lines().filter_map(|line| line.strip_suffix(" |")?.rsplit_once("| "));
    let named: Vec<&str> = rows.flat_map(|(_, last)| last.split('`').skip(1).step_by(2)).collect();
    assert!(named.len() > 40, "{}", named.len());
    let is_there = |name: &str| sources.iter().any(|source| source.text.contains(&format!("fn {name}(")));
    let gone: Vec<&str> = named.into_iter().filter(|name| !is_there(name)).collect();
    assert!(gone.is_empty(), "named, and not there: {gone:?}");
}

#[test]
fn a_dead_link_is_found() {
    let page = root().join("CONTRIBUTING.md");
    let text = "[a](LICENSE) `[no](code)`\n```\n[no](fence)\n```\n[b](gone.md) <img src=\"docs/gone.svg\">\n[c]: #nowhere";
    let found: Vec<_> =
        links(text).into_iter().filter(|(_, target)| follow(&page, target).is_err()).collect();
    assert_eq!(found, [(5, "gone.md".into()), (5, "docs/gone.svg".into()), (6, "#nowhere".into())]);
}

#[test]
fn an_anchor_is_made_as_github_makes_it() {
    let text =
        "# One `word`, two\n## One word two\n```sh\n# no heading\n```\n### Größe: 1.0\n## One word two\n";
    let expected = ["one-word-two", "one-word-two-1", "größe-10", "one-word-two-2"].map(str::to_owned);
    assert_eq!(anchors(text), HashSet::from(expected));
}

fn pages(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder can be read").flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() && !name.starts_with('.') && name != "target" && name != "node_modules" {
            found.extend(pages(&path));
        } else if name.ends_with(".md") {
            found.push(path);
        }
    }
    found
}

/// Each link's line and target; what stands in code is none.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (index, line) in prose(text) {
        let plain: String = line.split('`').step_by(2).collect::<Vec<_>>().join(" ");
        for (before, after) in [("](", ")"), ("src=\"", "\""), ("srcset=\"", "\""), ("href=\"", "\"")] {
            for rest in plain.split(before).skip(1) {
                found.push((index, rest.split(after).next().unwrap_or_default().to_owned()));
            }
        }
        if let Some((_, target)) = plain.strip_prefix('[').and_then(|rest| rest.split_once("]: ")) {
            found.push((index, target.trim().to_owned()));
        }
    }
    found
}

/// The lines that are in no fenced block, counted from 1.
fn prose(text: &str) -> Vec<(usize, &str)> {
    let mut fenced = false;
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            lines.push((index + 1, line));
        }
    }
    lines
}

fn follow(page: &Path, target: &str) -> Result<(), &'static str> {
    if target.contains("://") || target.starts_with("mailto:") {
        return Ok(());
    }
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let file = if path.is_empty() { page.to_owned() } else { page.parent().unwrap_or(page).join(path) };
    if !file.exists() {
        return Err("no such file");
    }
    let there = || anchors(&fs::read_to_string(&file).unwrap_or_default()).contains(anchor);
    if anchor.is_empty() || there() { Ok(()) } else { Err("no such heading") }
}

/// The anchors of a page's headings, as GitHub names them.
fn anchors(text: &str) -> HashSet<String> {
    let mut found = HashSet::new();
    for (_, line) in prose(text).into_iter().filter(|(_, line)| line.starts_with('#')) {
        let words = line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
        let slug: String = words.chars().filter(|c| c.is_alphanumeric() || "-_".contains(*c)).collect();
        let numbered = (1..).map(|n| format!("{slug}-{n}"));
        found.extend([slug.clone()].into_iter().chain(numbered).find(|slug| !found.contains(slug)));
    }
    found
}
