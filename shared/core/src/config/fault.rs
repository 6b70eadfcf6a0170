//! A fault of a configuration file: where, what, and what to do. Faults are told all at once.

use std::fmt;

use serde::Serialize;

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
}

impl Faults {
    /// Sorts them by place; equal ones are told once.
    pub fn new(file: impl Into<String>, mut faults: Vec<Fault>) -> Self {
        faults.sort_by(|a, b| (a.at, &a.path).cmp(&(b.at, &b.path)));
        faults.dedup();
        Self { file: file.into(), faults }
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

/// `did you mean ...?` when a known name is near, else the list of the known ones.
pub fn suggest<'a>(unknown: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    const TOLD: usize = 20;
    let known: Vec<&str> = known.into_iter().collect();
    let distance = |name: &&&str| strsim::osa_distance(unknown, name);
    let nearest =
        known.iter().min_by_key(distance).filter(|name| distance(name) <= 1 + unknown.chars().count() / 4);
    match nearest {
        Some(name) => format!("did you mean `{name}`?"),
        None if known.is_empty() => "there is none".into(),
        None if known.len() > TOLD => {
            format!("known are: {}, and {} more", known[..TOLD].join(", "), known.len() - TOLD)
        }
        None => format!("known are: {}", known.join(", ")),
    }
}
