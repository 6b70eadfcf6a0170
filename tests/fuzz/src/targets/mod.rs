//! The targets, each with its rules.

pub mod archived;
pub mod azure;
pub mod configuration;
pub mod event;
pub mod files;
pub mod lambda;
pub mod message;
pub mod session;
pub mod settings;
pub mod signature;

/// The text before the first line end, and the bytes after it.
fn first_line(data: &[u8]) -> (&str, &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (line, rest) = data.split_at(end);
    (std::str::from_utf8(line).unwrap_or("?"), rest.get(1..).unwrap_or_default())
}

/// Whether a fault's place is one of the text's: at most one line, and one column, behind its end.
fn is_within(text: &str, line: usize, column: usize) -> bool {
    let lines: Vec<&str> = text.split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']).collect();
    let longest = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
    (1..=lines.len() + 1).contains(&line) && (1..=longest + 1).contains(&column)
}
