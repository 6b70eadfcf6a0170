//! What is wrong with a version file, and where: for a person who will put it right.

use std::fmt;

/// One thing that is wrong with a version file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file.
    pub path: String,
    /// The line, from 1, where there is one to point at.
    pub line: Option<usize>,
    /// What is wrong, and what to do.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.path, self.message),
            None => write!(f, "{}: {}", self.path, self.message),
        }
    }
}

impl std::error::Error for Fault {}

/// All that is wrong with the configured version files: nothing can be released before it is put right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            fault.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

/// Why one text holds no version to change; the path is the caller's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trouble {
    pub line: Option<usize>,
    pub message: String,
    /// Such a file commonly has no version: nothing worth telling, unless it was asked for.
    pub usual: bool,
}

impl Trouble {
    pub fn new(message: impl Into<String>) -> Self {
        Self { line: None, message: message.into(), usual: false }
    }

    pub fn at(line: usize, message: impl Into<String>) -> Self {
        Self { line: Some(line), ..Self::new(message) }
    }

    pub fn usual(message: impl Into<String>) -> Self {
        Self { usual: true, ..Self::new(message) }
    }

    pub fn of(self, path: &str) -> Fault {
        Fault { path: path.to_owned(), line: self.line, message: self.message }
    }
}
