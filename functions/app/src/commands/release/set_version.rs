//! `pointsman release set-version PATH --to VERSION`: one file, by the updaters that a release uses.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use pointsman_core::release::{
    files::{self, Edited, Place},
    settings::VersionFile,
};
use semver::Version;
use serde::Serialize;
use tempfile::NamedTempFile;

use crate::{
    context::Context,
    print::{self, DIM},
};

/// What is larger is no version file.
const LARGEST: u64 = 64 << 20;

/// Words of `release set-version`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file: Cargo.toml, package.json, ... by its name, any other with lines marked x-pointsman-version
    path: PathBuf,
    /// The version that it shall hold
    #[arg(long, value_name = "VERSION", value_parser = version)]
    to: Version,
    /// The package whose version it is, in a lock file or a workspace
    #[arg(long, value_name = "NAME")]
    package: Option<String>,
    /// Print what would change, and write nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Serialize)]
struct Report<'a> {
    path: String,
    before: &'a str,
    after: &'a str,
    changed: bool,
    places: &'a [Place],
}

fn version(text: &str) -> Result<Version, String> {
    text.parse().map_err(|error| format!("{error}: write it as 1.3.0 or 1.3.0-rc.1"))
}

/// Does it.
pub fn run(args: &Args, context: &Context) -> Result<()> {
    let path = &args.path;
    let text = read(path)?;
    let named = VersionFile {
        path: path.to_string_lossy().into_owned(),
        kind: None,
        package: args.package.clone(),
        pointer: None,
        regex: None,
    };
    let edited = files::edit(&named, &text, None, &args.to)?;
    let changed = edited.content != text;
    if changed && !args.dry_run {
        write(path, &edited.content).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    let shown = print::clean(&named.path);
    let first = edited.places.iter().find(|place| place.before != place.after).or(edited.places.first());
    let (before, after) = first.map_or(("", ""), |place| (&place.before, &place.after));
    let report = Report { path: shown.clone(), before, after, changed, places: &edited.places };
    print::result(context.json, &report, || told(&shown, &edited, &args.to))
}

fn told(path: &str, edited: &Edited, to: &Version) -> String {
    let changed: Vec<&Place> = edited.places.iter().filter(|place| place.before != place.after).collect();
    if changed.is_empty() {
        return format!("{path}: it has the version {to} already\n");
    }
    let line = |place: &&Place| {
        let before = if place.before.is_empty() { "nothing" } else { &place.before };
        let (before, after) = (print::clean(before), print::clean(&place.after));
        format!("{path}: {before} -> {after} {DIM}(line {}){DIM:#}\n", place.line)
    };
    changed.iter().map(line).collect()
}

fn read(path: &Path) -> Result<String> {
    let shown = path.display();
    let about = fs::metadata(path).with_context(|| format!("{shown} cannot be read"))?;
    if !about.is_file() {
        bail!("{shown} is no file: name the version file itself, such as {shown}/Cargo.toml");
    }
    if about.len() > LARGEST {
        bail!("{shown} has {} bytes: that is no version file", print::size(about.len()));
    }
    let bytes = fs::read(path).with_context(|| format!("{shown} cannot be read"))?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(_) => bail!("{shown} is no UTF-8 text: a version file is"),
    }
}

/// All or nothing: beside the file (the one that a link leads to), with its permissions, then in its place.
fn write(path: &Path, content: &str) -> Result<()> {
    let path = fs::canonicalize(path)?;
    let folder = path.parent().context("it has no folder")?;
    let mut fresh = NamedTempFile::new_in(folder)?;
    fresh.write_all(content.as_bytes())?;
    fresh.as_file().set_permissions(fs::metadata(&path)?.permissions())?;
    fresh.as_file().sync_all()?;
    fresh.persist(&path)?;
    Ok(())
}
