//! Reads a settings file: as YAML, by the schema, by our own rules; all faults at once.

use std::sync::{Arc, LazyLock};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{FILE, Layer, Settings, rules};
use crate::config::{
    Fault, Faults, Mark,
    node::{Cursor, Node},
    schema::Checker,
    yaml,
};

/// The longest settings file that is read, in bytes.
pub const LONGEST: usize = 256 << 10;

static CHECKER: LazyLock<Checker> = LazyLock::new(|| Checker::of::<File>("urn:pointsman:repository", FILE));

/// A repository's settings of Pointsman: `.github/pointsman.yaml` on the branch that is released.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    /// How the repository is released.
    pub release: Settings,
    /// In settings above a repository's own (an organisation's, the central ones): what those below may not change, such
    /// as `release.strategy` or `release.types.feat`. Default none.
    pub locked: Vec<String>,
}

/// Settings without faults.
#[derive(Debug, Clone)]
pub struct Checked {
    /// What the file says, over the defaults.
    pub settings: Settings,
    /// The file as a layer, for [`super::resolve`].
    pub layer: Layer,
    /// What is doubtful.
    pub warnings: Vec<Fault>,
}

/// The JSON Schema of a settings file (draft 2020-12), for editors too.
pub fn schema() -> Value {
    CHECKER.schema.clone()
}

/// Reads the settings file that `origin` names; all its faults at once, each with line, column and what to do.
pub fn read(text: &str, origin: &str) -> Result<Checked, Faults> {
    let refused = |faults| Faults::new(origin, faults);
    if text.len() > LONGEST {
        let message = format!("the file is longer than {LONGEST} bytes");
        return Err(refused(vec![Fault::new("", Mark::START, message)]));
    }
    let (root, faults) = yaml::read(text).map_err(refused)?;
    let root = if root.is_null() && faults.is_empty() { Node::empty(root.at) } else { root };
    checked(root, faults, origin).map_err(refused)
}

/// The same of a tree that was read before, with the faults that were found in it then.
pub(crate) fn checked(root: Node, mut faults: Vec<Fault>, origin: &str) -> Result<Checked, Vec<Fault>> {
    faults.extend(CHECKER.check(&root));
    let found = rules::check(&Cursor::root(&root));
    faults.extend(found.faults);
    if !faults.is_empty() {
        return Err(faults);
    }
    let file = typed(&root).map_err(|fault| vec![fault])?;
    let faults = rules::together(&file.release, &Cursor::root(&root));
    if !faults.is_empty() {
        return Err(faults);
    }
    let layer = Layer { origin: origin.to_owned(), root: Arc::new(root), locked: file.locked };
    Ok(Checked { settings: file.release, layer, warnings: found.warnings })
}

/// A tree as settings, once its shape was checked.
pub(super) fn typed(root: &Node) -> Result<File, Fault> {
    serde_json::from_value(root.to_value()).map_err(|error| Fault::new("", Mark::START, error.to_string()))
}

/// What the schema knows of the keys below this one, such as `release`; `None` = it is no mapping with fixed keys.
pub(super) fn keys_of(path: &[&str]) -> Option<Vec<&'static str>> {
    let schema: &'static Value = &CHECKER.schema;
    let mut mapping = schema;
    for key in path {
        let property = mapping.get("properties")?.get(key)?;
        mapping = match property.get("$ref").and_then(Value::as_str) {
            Some(reference) => schema.pointer(reference.strip_prefix('#')?)?,
            None => property,
        };
    }
    Some(mapping.get("properties")?.as_object()?.keys().map(String::as_str).collect())
}
