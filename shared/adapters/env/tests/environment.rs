//! Invariant 5: only `config.rs` files and adapters/env read the environment.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// What reads the environment at run time; `env!` and `env::args` do not. clap's `env` attribute counts.
const READERS: &[&str] = &["env::var", "env::vars", "var_os(", "vars_os(", "home_dir(", ", env =", "(env ="];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of the house") {
        let path = entry.expect("an entry of it").path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn only_config_files_and_this_adapter_read_the_environment() {
    let house = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..").canonicalize().unwrap();
    let mut files = Vec::new();
    for folder in ["functions", "shared", "tests"] {
        sources(&house.join(folder), &mut files);
    }
    assert!(files.len() > 30, "the house was found");
    let allowed =
        |path: &Path| path.ends_with("config.rs") || path.starts_with(house.join("shared/adapters/env"));
    let reads = |path: &Path| {
        let text = fs::read_to_string(path).unwrap();
        READERS.iter().any(|reader| text.contains(reader))
    };
    assert!(reads(&house.join("shared/adapters/env/src/secrets.rs")), "readers are recognised");
    let guilty: Vec<_> = files.iter().filter(|path| !allowed(path) && reads(path)).collect();
    assert!(guilty.is_empty(), "these read the environment, which is config.rs's part: {guilty:?}");
}
