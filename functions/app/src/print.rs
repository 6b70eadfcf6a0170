//! What users read: JSON or plain aligned text. Colours only where the terminal shows them (anstream decides).

use std::io::{self, IsTerminal as _, Write as _};

use anstyle::Style;
use jiff::Timestamp;
use serde::Serialize;

/// For headings.
pub const BOLD: Style = Style::new().bold();
/// For what matters less.
pub const DIM: Style = Style::new().dimmed();
/// For what went well.
pub const GOOD: Style = anstyle::AnsiColor::Green.on_default();
/// For what did not.
pub const BAD: Style = anstyle::AnsiColor::Red.on_default();

/// For what is doubtful.
pub const DOUBT: Style = anstyle::AnsiColor::Yellow.on_default();

/// Prints a command's result: as JSON, or as the text that `human` makes.
pub fn result<T: Serialize + ?Sized>(
    json: bool,
    value: &T,
    human: impl FnOnce() -> String,
) -> anyhow::Result<()> {
    let text = if json { format!("{}\n", serde_json::to_string_pretty(value)?) } else { human() };
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

/// Bytes as they are.
pub fn raw(bytes: &[u8]) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()?;
    Ok(())
}

/// Rows under headings; a heading that begins with `>` is set to the right. The last column is not padded.
pub fn table(headings: &[&str], rows: &[Vec<String>]) -> String {
    let right = |column: usize| headings[column].starts_with('>');
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| clean(cell)).collect()).collect();
    let heading: Vec<String> = headings.iter().map(|text| text.trim_start_matches('>').to_owned()).collect();
    let width = |column: usize| {
        [&heading].into_iter().chain(&rows).map(|row| row[column].chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..headings.len()).map(width).collect();
    let line = |row: &[String]| {
        let cells =
            row.iter().enumerate().map(|(column, cell)| match (right(column), column + 1 == row.len()) {
                (true, _) => format!("{cell:>width$}", width = widths[column]),
                (false, true) => cell.clone(),
                (false, false) => format!("{cell:<width$}", width = widths[column]),
            });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut text = format!("{BOLD}{}{BOLD:#}\n", line(&heading));
    for row in &rows {
        text.push_str(&line(row));
        text.push('\n');
    }
    text
}

/// A text from outside, harmless to a terminal: control characters become `?`, line ends a space.
pub fn clean(text: &str) -> String {
    let harmless = |c: char| match c {
        '\n' | '\r' | '\t' => ' ',
        c if c.is_control() => '?',
        c => c,
    };
    text.chars().map(harmless).collect()
}

/// At most `longest` characters, the rest as `…`.
pub fn cut(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    text.chars().take(longest.saturating_sub(1)).chain(['…']).collect()
}

/// How long ago, in the largest unit: `12s`, `3m`, `5h`, `8d`.
pub fn age(now: Timestamp, then: Timestamp) -> String {
    let seconds = now.duration_since(then).as_secs().max(0);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..172_800 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// To the second, UTC.
pub fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Bytes for people: `812`, `10.4k`, `25.0M`.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => bytes.to_string(),
        1_000..1_000_000 => format!("{}.{}k", bytes / 1_000, bytes % 1_000 / 100),
        _ => format!("{}.{}M", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

/// Long work on a terminal: one line on stderr that counts, gone when dropped.
#[derive(Debug)]
pub struct Progress {
    shown: bool,
    count: u64,
    what: &'static str,
}

impl Progress {
    /// Counts `what`.
    pub fn new(what: &'static str) -> Self {
        Self { shown: io::stderr().is_terminal(), count: 0, what }
    }

    /// One more.
    pub fn step(&mut self) {
        self.count += 1;
        if self.shown && self.count.is_multiple_of(500) {
            eprint!("\r{} {} ...", self.count, self.what);
        }
    }
}

impl Progress {
    /// Gone until the next step: something else is printed.
    pub fn clear(&self) {
        if self.shown && self.count >= 500 {
            eprint!("\r\x1b[K");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_numbers_stand_right() {
        let rows =
            [vec!["all".into(), "12".into(), "yes".into()], vec!["deploys".into(), "3".into(), "no".into()]];
        let text = anstream::adapter::strip_str(&table(&["queue", ">depth", "attached"], &rows)).to_string();
        assert_eq!(text, "queue    depth  attached\nall         12  yes\ndeploys      3  no\n");
    }

    #[test]
    fn what_a_sender_wrote_cannot_move_the_cursor() {
        assert_eq!(clean("a\x1b[2Jb\nc\u{9b}d"), "a?[2Jb c?d");
    }

    #[test]
    fn ages_and_sizes_are_short() {
        let now: Timestamp = "2025-01-10T00:00:00Z".parse().unwrap();
        let ages =
            ["2025-01-09T23:59:18Z", "2025-01-09T23:57:00Z", "2025-01-09T00:00:00Z", "2025-01-01T00:00:00Z"]
                .map(|then| age(now, then.parse().unwrap()));
        assert_eq!(ages, ["42s", "3m", "24h", "9d"]);
        assert_eq!([999, 10_440, 25_000_000].map(size), ["999", "10.4k", "25.0M"]);
        assert_eq!(cut("abcdef", 4), "abc…");
    }
}
