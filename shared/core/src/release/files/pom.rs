//! `pom.xml`: the project's own version, never its parent's or a dependency's.

use std::ops::Range;

use roxmltree::{Document, Node};
use semver::Version;

use super::{edit::Edit, fault::Trouble};

/// The version, or the property that it names.
pub(super) fn edits(text: &str, to: &Version) -> Result<Vec<Edit>, Trouble> {
    let document = Document::parse(text)
        .map_err(|error| Trouble::at(error.pos().row as usize, format!("this is not XML: {error}")))?;
    let project = document.root_element();
    if project.tag_name().name() != "project" {
        return Err(Trouble::new("its outermost element is not `project`: this is no pom.xml"));
    }
    let Some(version) = child(project, "version") else {
        let inherits = child(project, "parent").is_some();
        return Err(if inherits {
            Trouble::new("its version is its parent's: release the parent, or write a `version` of its own")
        } else {
            Trouble::new("it has no version: add `<version>0.0.0</version>` to the project")
        });
    };
    let span = content(text, version)?;
    let property = text[span.clone()].strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    let span = match property {
        None if text[span.clone()].contains("${") => return Err(composed(text, &span)),
        None => span,
        Some(name) => {
            let defined = child(project, "properties").and_then(|properties| child(properties, name));
            content(text, defined.ok_or_else(|| composed(text, &span))?)?
        }
    };
    Ok(vec![Edit::new(span, to.to_string())])
}

fn composed(text: &str, span: &Range<usize>) -> Trouble {
    let line = super::edit::line_of(text, span.start);
    Trouble::at(
        line,
        "its version is made of properties that do not stand here: mark their lines and set `kind: generic`",
    )
}

fn child<'a, 'input>(node: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    node.children().find(|child| child.is_element() && child.tag_name().name() == name)
}

/// Where an element's one text stands, without the space around it.
fn content(text: &str, element: Node<'_, '_>) -> Result<Range<usize>, Trouble> {
    let line = super::edit::line_of(text, element.range().start);
    let mut texts = element.children().filter(|child| child.is_text());
    let mut texts = texts.by_ref().filter(|child| child.text().is_some_and(|text| !text.trim().is_empty()));
    let name = element.tag_name().name();
    let (Some(one), None) = (texts.next(), texts.next()) else {
        return Err(Trouble::at(line, format!("`{name}` is not one text")));
    };
    let raw = &text[one.range()];
    let bare = one.text().unwrap_or_default().trim();
    let at = raw.find(bare).ok_or_else(|| Trouble::at(line, format!("`{name}` is not a plain text")))?;
    Ok(one.range().start + at..one.range().start + at + bare.len())
}
