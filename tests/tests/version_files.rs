//! What the version files' updaters write, before the tools that read such files: `cargo`, and `npm` where there is one.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::{Command, Output},
};

use pointsman_core::release::files::{Asked, Step, update};
use serde_json::Value;
use tempfile::TempDir;

fn run(program: &str, folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(program);
    command.args(args).current_dir(folder).env_remove("CARGO_TARGET_DIR").output().unwrap()
}

fn ok(program: &str, folder: &Path, args: &[&str]) -> Value {
    let output = run(program, folder, args);
    assert!(output.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap_or_default()
}

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// Moves the folder's files to 1.3.0-rc.1 and writes all but `but`.
fn release(folder: &Path, files: &[&str], but: &str) {
    let read = |path: &&str| ((*path).to_owned(), fs::read_to_string(folder.join(path)).ok());
    let have: BTreeMap<String, Option<String>> = files.iter().map(read).collect();
    let paths: BTreeSet<String> = have.keys().cloned().collect();
    let (from, to) = ("1.2.3".parse().unwrap(), "1.3.0-rc.1".parse().unwrap());
    let asked = Asked { folder: "", configured: None, apart: &[], from: Some(&from), to: &to };
    let Step::Done { changes, warnings } = update(&asked, &paths, &have).unwrap() else {
        panic!("everything is there")
    };
    assert!(warnings.is_empty(), "{warnings:?}");
    for change in changes.iter().filter(|change| change.path != but) {
        fs::write(folder.join(&change.path), &change.content).unwrap();
    }
}

fn versions(metadata: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let packages = metadata["packages"].as_array().unwrap();
    packages.iter().map(|package| (text(&package["name"]), text(&package["version"]))).collect()
}

const CARGO: [&str; 5] =
    ["Cargo.toml", "Cargo.lock", "crates/a/Cargo.toml", "crates/b/Cargo.toml", "crates/c/Cargo.toml"];

fn workspace() -> TempDir {
    let folder = folder(&[
        (
            CARGO[0],
            "[workspace]\nresolver = \"3\"\nmembers = [\"crates/*\"]\n[workspace.package]\nversion = \"1.2.3\"\n[workspace.dependencies]\na = { path = \"crates/a\", version = \"=1.2.3\" }\n",
        ),
        (CARGO[2], "[package]\nname = \"a\"\nversion.workspace = true\nedition = \"2024\"\n"),
        (
            CARGO[3],
            "[package]\nname = \"b\"\nversion = \"1.2.3\"\nedition = \"2024\"\n[dependencies]\na = { workspace = true }\n",
        ),
        (
            CARGO[4],
            "[package]\nname = \"c\"\nversion = \"0.4.0\"\nedition = \"2024\"\n[dependencies]\nb = { path = \"../b\", version = \"1.2\" }\n",
        ),
        ("crates/a/src/lib.rs", ""),
        ("crates/b/src/lib.rs", ""),
        ("crates/c/src/lib.rs", ""),
    ]);
    ok("cargo", folder.path(), &["generate-lockfile", "--offline"]);
    folder
}

const METADATA: [&str; 4] = ["metadata", "--locked", "--offline", "--format-version=1"];

#[test]
fn cargo_finds_a_released_workspace_and_its_lock_file_in_agreement() {
    let folder = workspace();
    release(folder.path(), &CARGO, "");
    let found = versions(&ok("cargo", folder.path(), &METADATA));
    let wanted = [("a", "1.3.0-rc.1"), ("b", "1.3.0-rc.1"), ("c", "0.4.0")];
    assert_eq!(found, wanted.map(|(name, version)| (name.into(), version.into())).into());
    let lock = fs::read_to_string(folder.path().join("Cargo.lock")).unwrap();
    ok("cargo", folder.path(), &["generate-lockfile", "--offline"]);
    assert_eq!(fs::read_to_string(folder.path().join("Cargo.lock")).unwrap(), lock);
}

#[test]
fn cargo_would_say_so_if_the_lock_file_had_stayed_behind() {
    let folder = workspace();
    release(folder.path(), &CARGO, "Cargo.lock");
    assert!(!run("cargo", folder.path(), &METADATA).status.success());
}

#[test]
fn npm_finds_a_released_workspace_and_its_lock_file_in_agreement() {
    if Command::new("npm").arg("--version").output().is_err() {
        eprintln!("npm is not on this machine: left out");
        return;
    }
    let files = ["package.json", "package-lock.json", "packages/a/package.json", "packages/b/package.json"];
    let folder = folder(&[
        (files[0], "{\"name\": \"root\", \"version\": \"1.2.3\", \"workspaces\": [\"packages/*\"]}"),
        (files[2], "{\"name\": \"@acme/a\", \"version\": \"1.2.3\"}"),
        (files[3], "{\"name\": \"b\", \"version\": \"0.4.0\", \"dependencies\": {\"@acme/a\": \"^1.2.3\"}}"),
    ]);
    let lock = ["install", "--package-lock-only", "--offline", "--no-audit", "--no-fund"];
    run("npm", folder.path(), &lock);
    release(folder.path(), &files, "");
    let written = fs::read_to_string(folder.path().join(files[1])).unwrap();
    assert!(written.contains("\"@acme/a\": \"^1.3.0-rc.1\""), "{written}");
    ok("npm", folder.path(), &["ci", "--offline", "--no-audit", "--no-fund"]);
    ok("npm", folder.path(), &lock);
    assert_eq!(
        fs::read_to_string(folder.path().join(files[1])).unwrap(),
        written,
        "npm itself would write this"
    );
}
