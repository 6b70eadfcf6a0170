//! The templates of a settings file: what they may say, which variables they have, and how they are filled in.
//!
//! A small language on purpose: values, dots, filters, `if` and `for`. Nothing in it can build a text or a structure that
//! grows by itself, and values are never read as templates again.

mod grammar;

use std::io;

use minijinja::{
    Environment, Error, ErrorKind, UndefinedBehavior, Value,
    syntax::SyntaxConfig,
    value::{Serde, ValueKind},
};
use serde::Serialize;

/// The longest template, in bytes.
pub const LONGEST: usize = 16 << 10;
/// The longest text that comes of one, in bytes.
pub const LARGEST: usize = 1 << 20;
/// The longest text that a filter gives, in bytes.
const LARGEST_VALUE: usize = 64 << 10;
/// Steps of one filling-in: enough for a changelog of 10,000 entries.
const STEPS: u64 = 500_000;
/// What a template of the settings may give and take. The built-in ones grow with what they tell, and no further.
const OWN: Bounds = Bounds { bytes: LARGEST, steps: Some(STEPS) };
const BUILT_IN: Bounds = Bounds { bytes: 64 * LARGEST, steps: None };

/// What a template is for: it decides about its variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `changelog.template`.
    Changelog,
    /// `pull_request.title`.
    Title,
    /// `pull_request.body`.
    Body,
    /// `pull_request.release_name`.
    ReleaseName,
}

impl Kind {
    /// The variables that it has.
    pub fn variables(self) -> &'static [&'static str] {
        match self {
            Self::Changelog => &[
                "heading",
                "component",
                "version",
                "tag",
                "previous_tag",
                "date",
                "compare_url",
                "breaking",
                "sections",
                "new_contributors",
            ],
            Self::Title => &["target", "versions", "releases", "component", "version", "tag"],
            Self::Body => &["target", "versions", "releases", "changelog", "notes", "help"],
            Self::ReleaseName => &["target", "component", "version", "tag"],
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Changelog => "changelog.template",
            Self::Title => "pull_request.title",
            Self::Body => "pull_request.body",
            Self::ReleaseName => "pull_request.release_name",
        }
    }
}

/// A text made from a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The text.
    pub text: String,
    /// Why it is the built-in template's and not the settings' one.
    pub warning: Option<String>,
}

/// Checks a template of the settings: what is wrong with it, in words.
pub fn check(kind: Kind, template: &str) -> Result<(), String> {
    if template.len() > LONGEST {
        return Err(format!("a template is at most {LONGEST} bytes long"));
    }
    if template.contains("<!-- pointsman:") {
        return Err(
            "a template has no `<!-- pointsman:` in it: what begins so is read back from the pull request"
                .into(),
        );
    }
    grammar::check(template)?;
    let environment = environment();
    let compiled = environment.template_from_str(template).map_err(|error| told(&error))?;
    let mut unknown: Vec<String> = compiled.undeclared_variables(false).into_iter().collect();
    unknown.retain(|name| !kind.variables().contains(&name.as_str()) && name != "loop");
    unknown.sort();
    match unknown.first() {
        None => Ok(()),
        Some(name) => Err(format!(
            "`{name}` is no variable of this template: there are {}",
            kind.variables().join(", ")
        )),
    }
}

/// Fills in the settings' template, else (or when that fails) the built-in one.
pub(super) fn fill<C: Serialize>(kind: Kind, own: Option<&str>, built_in: &str, context: &C) -> Rendered {
    let values = Value::from(Serde(context));
    let attempt = own.map(|own| check(kind, own).and_then(|()| fill_one(own, values.clone(), OWN)));
    let why = match attempt {
        Some(Ok(text)) => return Rendered { text, warning: None },
        Some(Err(why)) => Some(format!("{}: {why}: the built-in template was used", kind.name())),
        None => None,
    };
    let text = fill_one(built_in, values, BUILT_IN).unwrap_or_else(|why| {
        // Only a context beyond all bounds gets here: the text is left out, the release is not.
        format!("The text is too large to be shown ({why}).\n")
    });
    Rendered { text, warning: why }
}

#[derive(Clone, Copy)]
struct Bounds {
    bytes: usize,
    steps: Option<u64>,
}

fn fill_one(template: &str, values: Value, bounds: Bounds) -> Result<String, String> {
    let mut environment = environment();
    environment.set_fuel(bounds.steps);
    let template = environment.template_from_str(template).map_err(|error| told(&error))?;
    let mut bounded = Bounded { bytes: Vec::new(), longest: bounds.bytes };
    let filled = template.render_captured_to(values, &mut bounded).map(drop);
    filled.map_err(|error| told(&error))?;
    String::from_utf8(bounded.bytes).map_err(|error| error.to_string())
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Chainable);
    environment.set_recursion_limit(50);
    let blocks = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(blocks.expect("the usual delimiters are given"));
    environment.add_filter("upper", |text: &Value| short(text).map(str::to_uppercase));
    environment.add_filter("lower", |text: &Value| short(text).map(str::to_lowercase));
    environment.add_filter("trim", |text: &Value| short(text).map(|text| text.trim().to_owned()));
    environment.add_filter("replace", replace);
    environment.add_filter("length", minijinja::filters::length);
    environment.add_filter("first", minijinja::filters::first);
    environment.add_filter("last", minijinja::filters::last);
    environment
        .add_filter("default", |value: Value, other: Value| if value.is_true() { value } else { other });
    environment.add_test("defined", minijinja::tests::is_defined);
    environment.add_test("none", minijinja::tests::is_none);
    environment
}

fn short(value: &Value) -> Result<&str, Error> {
    let refused = |what: &'static str| Error::new(ErrorKind::InvalidOperation, what);
    match value.as_str() {
        Some(text) if text.len() <= LARGEST_VALUE => Ok(text),
        Some(_) => Err(refused("the text is too long for a filter")),
        None if matches!(value.kind(), ValueKind::Undefined | ValueKind::None) => Ok(""),
        None => Err(refused("this filter takes a text")),
    }
}

fn replace(value: &Value, from: &Value, to: &Value) -> Result<String, Error> {
    let (text, from, to) = (short(value)?, short(from)?, short(to)?);
    if text.len() + text.matches(from).count() * to.len() > LARGEST_VALUE {
        return Err(Error::new(ErrorKind::InvalidOperation, "the text that `replace` gives is too long"));
    }
    Ok(text.replace(from, to))
}

/// In words for people, with the template's line.
fn told(error: &Error) -> String {
    let line = error.line().map(|line| format!("line {line}: ")).unwrap_or_default();
    match (error.kind(), error.detail()) {
        (ErrorKind::OutOfFuel, _) => "it takes too many steps".into(),
        (ErrorKind::WriteFailure, _) => format!("what it gives is longer than {LARGEST} bytes"),
        (kind, None) => format!("{line}{kind}"),
        (_, Some(detail)) => format!("{line}{detail}"),
    }
}

/// Takes so many bytes and no more.
struct Bounded {
    bytes: Vec<u8>,
    longest: usize,
}

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.longest {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
