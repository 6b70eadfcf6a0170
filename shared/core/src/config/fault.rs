//! A fault of a configuration file: where, what, and what to do. Faults are told all at once.

use std::fmt;

use serde::Serialize;

use super::rules::PlacedSecret;

/// A place in the text, both counted from 1; columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Mark {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl Mark {
    /// Where a text begins.
    pub const START: Self = Self { line: 1, column: 1 };
}

/// One thing that is wrong (or, as a warning, doubtful).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Where in the configuration, such as `subscriptions[3].when`; empty for the file as a whole.
    pub path: String,
    /// Where in the text.
    #[serde(flatten)]
    pub at: Mark,
    /// What is wrong. No secret.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Fault {
    /// A fault without a hint.
    pub fn new(path: impl Into<String>, at: Mark, message: impl Into<String>) -> Self {
        Self { path: path.into(), at, message: message.into(), hint: None }
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.at.line, self.at.column)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message.trim_end().replace('\n', "\n    "))?;
        match &self.hint {
            Some(hint) => write!(f, "\n    {}", hint.replace('\n', "\n    ")),
            None => Ok(()),
        }
    }
}

/// All faults of one file, in the order of their places. Never empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Faults {
    /// The file's name, as it is told.
    pub file: String,
    /// The faults.
    pub faults: Vec<Fault>,
    /// The secrets that could be made out all the same: what is wrong with them is told along with the rest.
    #[serde(skip)]
    pub secrets: Vec<PlacedSecret>,
}

impl Faults {
    /// Sorts them by place; equal ones are told once.
    pub fn new(file: impl Into<String>, faults: Vec<Fault>) -> Self {
        Self { file: file.into(), faults: Vec::new(), secrets: Vec::new() }.and(faults)
    }

    /// The same with more.
    #[must_use]
    pub fn and(mut self, more: Vec<Fault>) -> Self {
        self.faults.extend(more);
        self.faults.sort_by(|a, b| (a.at, &a.path).cmp(&(b.at, &b.path)));
        self.faults.dedup();
        self
    }

    /// The same, told of another file name.
    #[must_use]
    pub fn in_file(mut self, file: impl Into<String>) -> Self {
        self.file = file.into();
        self
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            let newline = if index == 0 { "" } else { "\n" };
            write!(f, "{newline}{}:{fault}", self.file)?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

/// `did you mean ...?` when a known name is near.
pub fn nearest<'a>(unknown: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let length = unknown.chars().count();
    let distance = |name: &&str| strsim::osa_distance(unknown, name);
    let near = |name: &&str| distance(name) <= 1 + length / 4 && distance(name) < length;
    known.into_iter().min_by_key(distance).filter(near).map(|name| format!("did you mean `{name}`?"))
}

/// The same, else the list of the known ones.
pub fn suggest(unknown: &str, known: &[&str]) -> String {
    const TOLD: usize = 20;
    nearest(unknown, known.iter().copied()).unwrap_or_else(|| match known.len() {
        0 => "there is none".into(),
        1..=TOLD => format!("known are: {}", known.join(", ")),
        more => format!("known are: {}, and {} more", known[..TOLD].join(", "), more - TOLD),
    })
}
