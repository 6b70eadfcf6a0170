//! Settings in layers: defaults, then central ones, then an organisation's, then the repository's; field by field.
//!
//! A layer above may lock fields: what a layer below would change of them is a fault, told with who locked it.

use std::sync::Arc;

use serde_json::Value;

use super::{Settings, read, rules};
use crate::config::{
    Fault, Faults, Mark,
    node::{Cursor, Key, Kind, Node},
};

/// The settings of one file, for those below it to build on.
#[derive(Debug, Clone)]
pub struct Layer {
    /// The file, as it is told.
    pub origin: String,
    pub(super) root: Arc<Node>,
    pub(super) locked: Vec<String>,
}

/// The same fields, locked or not, of the same file: wherever in it they stand.
impl PartialEq for Layer {
    fn eq(&self, other: &Self) -> bool {
        let said = |layer: &Self| (layer.origin.clone(), layer.locked.clone(), layer.root.to_value());
        said(self) == said(other)
    }
}

/// What is merged key by key; everything else is replaced as a whole.
const MERGED: &[&str] =
    &["", "release", "release.changelog", "release.pull_request", "release.types", "release.components"];

/// The settings in force: each layer over those before it, the last one being the repository's.
pub fn resolve(layers: &[Layer]) -> Result<Settings, Faults> {
    let mut merged = Node::empty(Mark::START);
    let mut locks: Vec<(&str, &str)> = Vec::new();
    for layer in layers {
        let next = over(&merged, &layer.root, "");
        let told = |fault| Faults::new(&layer.origin, vec![fault]);
        let before = typed(&merged).map_err(told)?;
        let after = typed(&next).map_err(told)?;
        let broken =
            locks.iter().filter_map(|(field, by)| change(field, by, &before, &after, layer)).collect();
        let faults = Faults::new(&layer.origin, broken);
        if !faults.faults.is_empty() {
            return Err(faults);
        }
        locks.extend(layer.locked.iter().map(|field| (field.as_str(), layer.origin.as_str())));
        merged = next;
    }
    let settings = read::typed(&merged).map(|file| file.release);
    let Some(last) = layers.last() else { return Ok(Settings::default()) };
    let refused = |faults: Vec<Fault>| Faults::new(&last.origin, faults);
    let settings = settings.map_err(|fault| refused(vec![fault]))?;
    let faults = rules::together(&settings, &Cursor::root(&merged));
    if faults.is_empty() {
        Ok(settings)
    } else {
        Err(refused(faults.into_iter().map(|fault| placed(fault, layers)).collect()))
    }
}

fn typed(root: &Node) -> Result<Value, Fault> {
    let file = read::typed(root)?;
    Ok(serde_json::to_value(file).expect("settings are made of texts, numbers and lists"))
}

/// A locked field's change, as a fault of the layer that makes it.
fn change(field: &str, by: &str, before: &Value, after: &Value, layer: &Layer) -> Option<Fault> {
    let found =
        |settings: &Value| parts(field).iter().try_fold(settings.clone(), |at, key| at.get(key).cloned());
    if found(before) == found(after) {
        return None;
    }
    let mut cursor = Cursor::root(&layer.root);
    let mut at = cursor.at();
    for key in parts(field) {
        at = cursor.key_at(key).unwrap_or(at);
        let Some(next) = cursor.get(key) else { break };
        cursor = next;
    }
    let fault = Fault::new(cursor.path(), at, format!("`{field}` is locked by {by}"));
    Some(fault.hint("remove it here, or ask those who keep that file"))
}

/// `release.components.a.b` is the component `a.b`.
pub(super) fn parts(field: &str) -> Vec<&str> {
    field.splitn(3, '.').collect()
}

/// One layer over another.
fn over(base: &Node, layer: &Node, path: &str) -> Node {
    let (Kind::Mapping(below), Kind::Mapping(above)) = (&base.kind, &layer.kind) else {
        return layer.clone();
    };
    if !MERGED.contains(&path) {
        return layer.clone();
    }
    let mut entries: Vec<(Key, Node)> = below.clone();
    for (key, node) in above {
        // What a layer locks is its own.
        let path = if path.is_empty() { key.text.clone() } else { format!("{path}.{}", key.text) };
        match entries.iter_mut().find(|(known, _)| known.text == key.text) {
            Some(known) => *known = (key.clone(), over(&known.1, node, &path)),
            None => entries.push((key.clone(), node.clone())),
        }
    }
    Node { at: layer.at, kind: Kind::Mapping(entries) }
}

/// A fault of all layers together, at its place in the last one; what that does not say comes from one above.
fn placed(fault: Fault, layers: &[Layer]) -> Fault {
    let stands = |layer: &&Layer| find(&Cursor::root(&layer.root), &fault.path);
    match layers.iter().rev().find(stands) {
        Some(layer) if layers.last().is_some_and(|last| last.origin == layer.origin) => fault,
        Some(layer) => {
            let message = format!(
                "{} (as {} has it at {}:{})",
                fault.message, layer.origin, fault.at.line, fault.at.column
            );
            Fault { at: Mark::START, message, ..fault }
        }
        None => fault,
    }
}

fn find(cursor: &Cursor<'_>, path: &str) -> bool {
    cursor.path() == path
        || cursor.entries().any(|(_, value)| find(&value, path))
        || cursor.items().any(|item| find(&item, path))
}
