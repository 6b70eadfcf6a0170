//! A message's first line: `type(scope)!: description`, git's own `Revert "..."`, or just words.

use git_conventional::Commit;

/// The types that everybody knows.
pub(super) const KNOWN: [&str; 12] =
    ["feat", "fix", "docs", "style", "refactor", "perf", "test", "build", "ci", "chore", "revert", "deps"];

/// What a first line says.
#[derive(Debug, Default)]
pub(super) struct Header {
    pub kind: Option<String>,
    pub scope: Option<String>,
    pub description: String,
    pub breaking: bool,
    /// It takes another commit back, whatever its kind.
    pub revert: bool,
}

/// Reads a first line.
pub(super) fn read(line: &str) -> Header {
    if let Some(quoted) = quoted(line, "Revert ") {
        let description = quoted.to_owned();
        return Header { kind: Some("revert".into()), description, revert: true, ..Header::default() };
    }
    if let Some(quoted) = quoted(line, "Reapply ") {
        // A revert taken back: what was reverted is here again, as what it was.
        return Header { revert: true, ..plain(quoted) };
    }
    plain(line)
}

fn plain(line: &str) -> Header {
    // An empty scope is none.
    let scoped = line.split_once("()").filter(|(kind, rest)| {
        !kind.contains([' ', ':', '(']) && rest.trim_start_matches('!').starts_with(':')
    });
    let unscoped = scoped.map(|(kind, rest)| format!("{kind}{rest}"));
    let read = conventional(unscoped.as_deref().unwrap_or(line));
    read.unwrap_or_else(|| Header { description: line.to_owned(), ..Header::default() })
}

/// Whether the line begins a message of one of these types.
pub(super) fn begins_message(line: &str, more: &dyn Fn(&str) -> bool) -> bool {
    read(line).kind.is_some_and(|kind| KNOWN.contains(&kind.as_str()) || more(&kind))
}

/// The number in `(#12)` at a first line's end, or in `Merge pull request #12 from`.
pub fn pull_number(line: &str) -> Option<u64> {
    let merged = line.strip_prefix("Merge pull request #").and_then(|rest| rest.split(' ').next());
    merged.or_else(|| split_number(line).1).and_then(|digits| digits.parse().ok())
}

/// A first line without the `(#12)` at its end.
pub fn bare(line: &str) -> &str {
    split_number(line).0
}

fn split_number(line: &str) -> (&str, Option<&str>) {
    let line = line.trim_end();
    let found = line.strip_suffix(')').and_then(|line| line.rsplit_once("(#"));
    match found.filter(|(_, digits)| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())) {
        Some((before, digits)) => (before.trim_end(), Some(digits)),
        None => (line, None),
    }
}

/// What stands in quotes behind the word, up to the line's last quote.
fn quoted<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    let rest = bare(line.strip_prefix(word)?);
    rest.strip_prefix('"')?.strip_suffix('"')
}

fn conventional(line: &str) -> Option<Header> {
    if let Ok(commit) = Commit::parse(line) {
        return header(&commit, line);
    }
    // Nothing is said behind the colon: that changes nothing, but it is no mistake that may stop a release.
    let filled = format!("{} -", line.strip_suffix(':').map(|_| line)?);
    let header = header(&Commit::parse(&filled).ok()?, &filled)?;
    Some(Header { kind: Some("chore".into()), description: String::new(), ..header })
}

fn header(commit: &Commit<'_>, line: &str) -> Option<Header> {
    let kind = commit.type_().as_str().to_lowercase();
    let spaced = line.len() > commit.description().len()
        && line[..line.len() - commit.description().len()].ends_with(char::is_whitespace);
    // `https://...`, `std::vec` and `10:30` have a colon, but no type.
    let meant = kind.starts_with(char::is_alphabetic) && (spaced || KNOWN.contains(&kind.as_str()));
    meant.then(|| Header {
        revert: kind == "revert",
        kind: Some(kind),
        scope: commit.scope().map(|scope| scope.as_str().trim().to_owned()).filter(|scope| !scope.is_empty()),
        description: commit.description().trim().to_owned(),
        breaking: commit.breaking(),
    })
}
