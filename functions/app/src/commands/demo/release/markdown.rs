//! GitHub's Markdown on a terminal: as far as changelogs go.

use crate::print::{BOLD, DIM, clean};

/// The longest line.
const WIDTH: usize = 92;

/// As GitHub would show it: no comments, links by their texts alone, headings and bold words in bold.
pub fn shown(body: &str, margin: &str) -> String {
    let mut text = String::new();
    // Several empty lines are one, and those at the end none.
    let (mut begun, mut empty) = (false, false);
    for line in without_comments(body).lines() {
        let line = without_links(&clean(line));
        if line.trim().is_empty() {
            empty = begun;
            continue;
        }
        if empty {
            text.push_str(&format!("{DIM}{}{DIM:#}\n", margin.trim_end()));
        }
        (begun, empty) = (true, false);
        block(&mut text, line.trim_end(), margin);
    }
    text
}

fn block(text: &mut String, line: &str, margin: &str) {
    let heading = line.trim_start_matches('#');
    let (line, hang) = match line.strip_prefix("* ").or_else(|| line.strip_prefix("- ")) {
        _ if heading.len() < line.len() && heading.starts_with(' ') => {
            (format!("**{}**", heading.trim()), "")
        }
        _ if line == "---" => ("─".repeat(WIDTH / 2), ""),
        Some(item) => (format!("• {item}"), "  "),
        None => (line.to_owned(), ""),
    };
    let mut bold = false;
    for (nth, line) in wrapped(&line).into_iter().enumerate() {
        let hang = if nth == 0 { "" } else { hang };
        text.push_str(&format!("{DIM}{margin}{DIM:#}{hang}{}\n", styled(&line, &mut bold)));
    }
}

fn without_comments(body: &str) -> String {
    let mut parts = body.split("<!--");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push_str(part.split_once("-->").map_or("", |(_, rest)| rest));
    }
    text
}

/// `[text](url)` is its text.
pub fn without_links(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some((before, link)) = rest.split_once('[') {
        text.push_str(before);
        // Brackets that are no link end at the next one's beginning.
        let named = link.split_once("](").filter(|(name, _)| !name.contains('['));
        let parts = named.and_then(|(name, after)| Some((name, after.split_once(')')?.1)));
        match parts {
            Some((name, after)) => {
                text.push_str(name);
                rest = after;
            }
            None => {
                text.push('[');
                rest = link;
            }
        }
    }
    text + rest
}

/// At spaces.
fn wrapped(line: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in line.split(' ') {
        let last = lines.last_mut().expect("there is always one");
        if !last.is_empty() && last.chars().count() + 1 + word.chars().count() > WIDTH {
            lines.push(word.to_owned());
        } else {
            if !last.is_empty() {
                last.push(' ');
            }
            last.push_str(word);
        }
    }
    lines
}

/// What stands between two `**` is bold, also when it goes on in the next line.
fn styled(line: &str, bold: &mut bool) -> String {
    let mut text = if *bold { BOLD.render().to_string() } else { String::new() };
    for (nth, part) in line.split("**").enumerate() {
        if nth > 0 {
            *bold = !*bold;
            text.push_str(&if *bold { BOLD.render().to_string() } else { BOLD.render_reset().to_string() });
        }
        text.push_str(part);
    }
    if *bold {
        text.push_str(&BOLD.render_reset().to_string());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changelog_is_as_github_shows_it() {
        let body = "<!-- {\"a\": 1} -->\n\nReleases **1.5.0**.\n\n<!-- b\n-->\n\n## [1.5.0](http://x/y) (today)\n\n\
                    * **engine:** go [up] ([#1](http://x/1))\n\n---\n\n";
        let plain = anstream::adapter::strip_str(&shown(body, "| ")).to_string();
        let rule = "─".repeat(46);
        assert_eq!(
            plain,
            format!("| Releases 1.5.0.\n|\n| 1.5.0 (today)\n|\n| • engine: go [up] (#1)\n|\n| {rule}\n")
        );
    }

    #[test]
    fn a_long_item_hangs_and_bold_goes_on() {
        let item = format!("* **{}**", "word ".repeat(30).trim());
        let text = shown(&item, "");
        assert!(text.contains("\u{1b}[0m  \u{1b}[1mword"), "{text:?}");
        assert!(
            anstream::adapter::strip_str(&text)
                .to_string()
                .lines()
                .all(|line| line.chars().count() <= WIDTH + 2)
        );
    }
}
