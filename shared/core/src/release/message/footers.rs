//! What stands below a message's first line: the body, then the footers.
//!
//! Footers begin with a paragraph whose first line is one; the two that move versions begin anywhere. A footer's value
//! goes on until the next footer, over empty lines too: so says the specification.

use super::{Footer, header};

/// The tokens that may stand in the middle of a paragraph: overlooked, they would make a wrong version.
const ANYWHERE: [&str; 3] = ["BREAKING CHANGE", "BREAKING-CHANGE", "Release-As"];

/// The body, if there is one, and the footers.
pub(super) fn read(text: &str) -> (Option<String>, Vec<Footer>) {
    let mut body: Vec<&str> = Vec::new();
    let mut footers: Vec<(&str, Vec<&str>)> = Vec::new();
    let mut below = false;
    let mut fresh = true;
    for line in text.lines() {
        let found = footer(line).filter(|(token, _)| below || fresh || anywhere(token));
        fresh = line.trim().is_empty();
        match (found, footers.last_mut()) {
            (Some((token, value)), _) => {
                footers.push((token, vec![value]));
                below = true;
            }
            // GitHub's squash lists the commits, and draws a line above the co-authors.
            (None, Some(_)) if below && is_ruler(line) => below = false,
            (None, Some(_)) if below && is_listed_commit(line) => {
                below = false;
                body.push(line);
            }
            (None, Some((_, value))) if below => value.push(line),
            (None, _) => body.push(line),
        }
    }
    if !footers.is_empty() {
        while body.last().is_some_and(|line| line.trim().is_empty() || is_ruler(line)) {
            body.pop();
        }
    }
    let made = |(token, lines): (&str, Vec<&str>)| Footer {
        token: token.to_owned(),
        value: lines.join("\n").trim().to_owned(),
    };
    (text_of(&body), footers.into_iter().map(made).collect())
}

fn text_of(lines: &[&str]) -> Option<String> {
    let text = lines.join("\n");
    let text = text.trim_start_matches('\n').trim_end();
    (!text.trim().is_empty()).then(|| text.to_owned())
}

/// `Token: value` or `Token #value`.
fn footer(line: &str) -> Option<(&str, &str)> {
    let length = |line: &str| line.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'-').count();
    let end = if line.starts_with("BREAKING CHANGE") { "BREAKING CHANGE".len() } else { length(line) };
    let (token, rest) = line.split_at(end);
    if !token.starts_with(|first: char| first.is_ascii_alphabetic()) {
        return None;
    }
    if let Some(value) = rest.strip_prefix(" #") {
        return (!value.is_empty() && !value.starts_with(['#', ' '])).then_some((token, value));
    }
    let value = rest.strip_prefix(':')?;
    // `Example:` is a body's line; what breaks may be told in the lines below.
    let loose = token.starts_with("BREAKING");
    (loose || (value.starts_with([' ', '\t']) && !value.trim().is_empty())).then_some((token, value))
}

fn anywhere(token: &str) -> bool {
    ANYWHERE
        .iter()
        .any(|known| known == &token || (known.starts_with('R') && known.eq_ignore_ascii_case(token)))
}

fn is_ruler(line: &str) -> bool {
    let line = line.trim();
    line.len() >= 3 && line.bytes().all(|byte| byte == b'-')
}

fn is_listed_commit(line: &str) -> bool {
    line.strip_prefix("* ").is_some_and(|line| header::begins_message(line, &|_| false))
}
