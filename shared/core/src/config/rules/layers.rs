//! The settings that lie under repositories' own: read by the rules of a settings file, told with their places here.

use super::Findings;
use crate::{
    config::{
        FILE, Fault,
        node::{Cursor, Key, Kind, Node},
    },
    release::settings::{self, Layer},
};

pub fn check(root: &Cursor<'_>, found: &mut Findings) {
    let Some(release) = root.get("release") else { return };
    found.layers.central = layer(&release, FILE, found);
    let organisations = release.get("organisations");
    for (key, organisation) in organisations.iter().flat_map(Cursor::entries) {
        let name = key.text.to_lowercase();
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if name.is_empty() || !name.chars().all(plain) {
            let fault =
                Fault::new(organisation.path(), key.at, format!("`{}` is no account's name", key.text));
            found.faults.push(fault.hint("as in https://github.com/NAME: a-z, 0-9 and -"));
        }
        let Some(layer) = layer(&organisation, &format!("{FILE} ({name})"), found) else { continue };
        let both: Vec<Layer> = found.layers.central.iter().chain([&layer]).cloned().collect();
        if let Err(faults) = settings::resolve(&both) {
            found.faults.extend(faults.faults.into_iter().map(|fault| placed(fault, &organisation)));
        }
        if found.layers.organisations.insert(name, layer).is_some() {
            found.faults.push(Fault::new(organisation.path(), key.at, "this organisation is there already"));
        }
    }
}

/// What `settings` and `locked` of this mapping say; none where they say nothing, or have faults.
fn layer(of: &Cursor<'_>, origin: &str, found: &mut Findings) -> Option<Layer> {
    let entry = |key: &str, here: &str| {
        let text = key.to_owned();
        Some((Key { at: of.key_at(here)?, text }, of.get(here)?.node().clone()))
    };
    let entries: Vec<_> =
        [entry("release", "settings"), entry("locked", "locked")].into_iter().flatten().collect();
    if entries.is_empty() {
        return None;
    }
    let root = Node { at: of.at(), kind: Kind::Mapping(entries) };
    match settings::checked(root, Vec::new(), origin) {
        Ok(checked) => {
            found.warnings.extend(checked.warnings.into_iter().map(|fault| placed(fault, of)));
            Some(checked.layer)
        }
        Err(faults) => {
            found.faults.extend(faults.into_iter().map(|fault| placed(fault, of)));
            None
        }
    }
}

/// `release.strategy` of a settings file is `release.settings.strategy` here.
fn placed(fault: Fault, of: &Cursor<'_>) -> Fault {
    let below = fault
        .path
        .strip_prefix("release")
        .map_or_else(|| format!(".{}", fault.path), |rest| format!(".settings{rest}"));
    Fault { path: format!("{}{below}", of.path()), ..fault }
}
