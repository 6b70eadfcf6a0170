//! Every target takes its seeds and what is kept: what fuzzing once found is tried in every run of the tests.

use std::{collections::BTreeSet, fs};

use pointsman_fuzz::{
    TARGETS, named,
    seeds::{self, root},
};

#[test]
fn every_target_takes_its_seeds() {
    for (name, target) in TARGETS {
        let seeds = seeds::of(name);
        assert!(seeds.len() >= 2, "{name} has nothing to begin with");
        seeds.iter().for_each(|seed| target(seed));
    }
}

#[test]
fn what_was_found_once_is_not_found_again() {
    let mut seen = BTreeSet::new();
    for folder in fs::read_dir(root().join("tests/fuzz/corpus")).unwrap().map(Result::unwrap) {
        let name = folder.file_name().into_string().unwrap();
        let target = named(&name).unwrap_or_else(|| panic!("tests/fuzz/corpus/{name} is no target's"));
        for file in fs::read_dir(folder.path()).unwrap().map(Result::unwrap) {
            seen.insert(file.path());
            target(&fs::read(file.path()).unwrap());
        }
    }
    assert!(!seen.is_empty(), "the corpus was not found");
}

#[test]
fn every_target_takes_what_has_no_form_at_all() {
    let all: Vec<u8> = (0..=255).collect();
    let deep = [vec![b'['; 50_000], vec![b'{'; 50_000], b"a: ".repeat(20_000), b"- ".repeat(20_000)];
    for (_, target) in TARGETS {
        target(b"");
        target(b"\n");
        target(&all);
        deep.iter().for_each(|deep| target(deep));
    }
}
