//! The changelog's file: a version's section is put before the others, or in its own place when it is there.
//! Everything else stays as it is, byte for byte.

use std::{ops::Range, sync::LazyLock};

use regex::Regex;
use semver::Version;

/// `## [1.2.0](..) (date)`, `## 1.2.0`, `## [1.2.0] - date`, `# api-v1.2.0`, `### Version 1.2.0`.
static VERSION: LazyLock<Regex> = LazyLock::new(|| {
    let number = r"\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?";
    let before = r"(?:[A-Za-z][^\s\[\]()]*?[-@/ ])?(?:[Vv]ersion |v)?";
    Regex::new(&format!(r#"^\[?{before}({number})(?:\].*|\s*[-–—/:,(\["].*|\s+\d{{4}}-.*)?$"#))
        .expect("a test compiles it")
});

/// The link definitions that a file may end with: `[1.2.0]: https://..`.
static DEFINITION: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^ {0,3}\[[^\]]+\]:\s*\S").expect("a test compiles it"));

/// The file with this version's section: `existing` is its text, `None` = there is no such file.
pub fn prepend(existing: Option<&str>, version: &Version, section: &str) -> String {
    let Some(existing) = existing.filter(|text| !text.trim_matches(['\u{feff}', ' ', '\n', '\r']).is_empty())
    else {
        return format!("# Changelog\n\n{section}");
    };
    let newline =
        if existing.find('\n').is_some_and(|at| existing[..at].ends_with('\r')) { "\r\n" } else { "\n" };
    let section = section.trim_matches('\n').replace("\r\n", "\n").replace('\n', newline);
    let lines = headings(existing);
    let place = place(existing, &lines, &version.to_string());
    let (before, after) = (&existing[..place.start], &existing[place.end..]);
    let mut text = String::with_capacity(existing.len() + section.len() + 8);
    text.push_str(before);
    text.push_str(&blank_before(before, newline));
    text.push_str(&section);
    text.push_str(newline);
    if !after.is_empty() && !after.starts_with(['\n', '\r']) {
        text.push_str(newline);
    }
    text.push_str(after);
    text
}

/// What is wanting for a blank line.
fn blank_before(before: &str, newline: &str) -> String {
    let mut ended = before.trim_start_matches('\u{feff}');
    let mut newlines = 0;
    while let Some(rest) = ended.strip_suffix('\n') {
        ended = rest.strip_suffix('\r').unwrap_or(rest);
        newlines += 1;
    }
    if ended.is_empty() { String::new() } else { newline.repeat(2_usize.saturating_sub(newlines)) }
}

/// A heading, or the begin of the link definitions at the file's end.
#[derive(Debug)]
struct Heading {
    /// Where its line begins; with an anchor (`<a name=..>`) before it, where that begins.
    at: usize,
    level: usize,
    /// The version that it names.
    version: Option<String>,
    unreleased: bool,
}

/// The bytes that the section takes the place of.
fn place(text: &str, headings: &[Heading], version: &str) -> Range<usize> {
    let end_after = |index: usize, ends: &dyn Fn(&Heading) -> bool| {
        headings[index + 1..].iter().find(|next| ends(next)).map_or(text.len(), |next| next.at)
    };
    let same = headings.iter().position(|heading| heading.version.as_deref() == Some(version));
    if let Some(index) = same {
        let own = &headings[index];
        let end =
            end_after(index, &|next| next.version.is_some() || next.unreleased || next.level <= own.level);
        return own.at..end;
    }
    if let Some(first) = headings.iter().find(|heading| heading.version.is_some()) {
        return first.at..first.at;
    }
    let at = match headings.iter().position(|heading| heading.unreleased) {
        Some(index) => end_after(index, &|next| next.level <= headings[index].level),
        None => headings.iter().find(|heading| heading.level != 1).map_or(text.len(), |heading| heading.at),
    };
    at..at
}

/// All headings outside front matter, code and comments. What is opened and never closed is taken for text: a section
/// that was put after it would not be found again.
fn headings(text: &str) -> Vec<Heading> {
    let (found, open) = headings_of(text, text.len());
    open.map_or(found, |open| headings_of(text, open).0)
}

/// The headings, with nothing opened from `plain` on; and where what is open at the end was opened.
fn headings_of(text: &str, plain: usize) -> (Vec<Heading>, Option<usize>) {
    let mut found: Vec<Heading> = Vec::new();
    let (mut within, mut opened) = (Within::Text, None);
    let (mut at, mut anchor, mut previous): (usize, Option<usize>, Option<(usize, &str)>) = (0, None, None);
    for (index, whole) in text.split_inclusive('\n').enumerate() {
        let line = whole.trim_end_matches(['\n', '\r']);
        let line = if index == 0 { line.trim_start_matches('\u{feff}') } else { line };
        let was_text = matches!(within, Within::Text);
        let open = at >= plain || within.next(line, index == 0);
        if matches!(within, Within::Text) {
            opened = None;
        } else if was_text {
            opened = Some(at);
        }
        let heading = if open { heading(line, previous, at) } else { None };
        if let Some(heading) = heading {
            found.push(Heading { at: anchor.unwrap_or(heading.at), ..heading });
        }
        anchor = match anchor {
            _ if open && line.starts_with("<a ") && line.ends_with("</a>") => Some(at),
            Some(anchor) if line.is_empty() => Some(anchor),
            _ => None,
        };
        previous = (open && !line.trim().is_empty()).then_some((at, line));
        at += whole.len();
    }
    found.extend(definitions(text));
    found.sort_by_key(|heading| heading.at);
    (found, opened)
}

/// What a line is part of.
enum Within {
    Text,
    FrontMatter,
    Comment,
    /// The fence that closes it.
    Code(char, usize),
}

impl Within {
    /// Whether the line is text; and what the next one is part of.
    fn next(&mut self, line: &str, first: bool) -> bool {
        match self {
            Self::FrontMatter => {
                if line.trim_end() == "---" {
                    *self = Self::Text;
                }
                return false;
            }
            Self::Comment => {
                if line.contains("-->") {
                    *self = Self::Text;
                }
                return false;
            }
            Self::Code(fence, length) => {
                let closing = line.trim();
                if closing.len() >= *length && closing.chars().all(|c| c == *fence) {
                    *self = Self::Text;
                }
                return false;
            }
            Self::Text => {}
        }
        let start = line.trim_start();
        let fence = |c: char| start.chars().take_while(|found| *found == c).count();
        if first && line.trim_end() == "---" {
            *self = Self::FrontMatter;
        } else if start.starts_with("<!--") && !start.contains("-->") {
            *self = Self::Comment;
        } else if fence('`') >= 3 && !start.trim_start_matches('`').contains('`') {
            *self = Self::Code('`', fence('`'));
        } else if fence('~') >= 3 {
            *self = Self::Code('~', fence('~'));
        } else {
            return true;
        }
        false
    }
}

/// A line's heading: with `#` before it, or underlined by this line.
fn heading(line: &str, previous: Option<(usize, &str)>, at: usize) -> Option<Heading> {
    let level = line.bytes().take_while(|byte| *byte == b'#').count();
    if (1..=6).contains(&level) && (line.len() == level || line[level..].starts_with([' ', '\t'])) {
        return Some(told(line[level..].trim().trim_end_matches('#').trim_end(), level, at));
    }
    let (begin, title) = previous?;
    let underline = line.trim_end();
    let underlined = |c: char| underline.len() >= 2 && underline.chars().all(|found| found == c);
    let level = if underlined('=') {
        1
    } else if underlined('-') {
        2
    } else {
        return None;
    };
    Some(told(title.trim(), level, begin))
        .filter(|heading| heading.version.is_some() || heading.unreleased || level == 1)
}

fn told(title: &str, level: usize, at: usize) -> Heading {
    let version = (level <= 3).then(|| VERSION.captures(title)).flatten().map(|found| found[1].to_owned());
    let word = title.trim_start_matches(['[', '(']).to_ascii_lowercase();
    let unreleased = level <= 3 && (word.starts_with("unreleased") || word.starts_with("upcoming"));
    Heading { at, level, version, unreleased }
}

/// Where the link definitions at the file's end begin: they stay there.
fn definitions(text: &str) -> Option<Heading> {
    let (mut at, mut begin) = (text.len(), None);
    for whole in text.split_inclusive('\n').rev() {
        at -= whole.len();
        let line = whole.trim_end_matches(['\n', '\r']);
        if DEFINITION.is_match(line) {
            begin = Some(at);
        } else if !line.trim().is_empty() {
            break;
        }
    }
    begin.map(|at| Heading { at, level: 0, version: None, unreleased: false })
}
