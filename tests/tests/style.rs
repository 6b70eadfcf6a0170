//! The house's style, as far as a machine can see it.

use pointsman_tests::source::{Source, under};

/// Every Rust file of the house.
const HOUSE: &[&str] = &["functions", "shared", "tests"];
/// A file of more lines fails; one of more than the second number is told.
const TOO_LONG: usize = 600;
const LONG: usize = 400;

#[test]
fn no_stub_and_no_ignored_test() {
    let stubs = ["todo!", "unimplemented!", "dbg!", "#ignore"];
    let mut found = naming(&stubs);
    let promise = ["not", "implemented"];
    for source in under(HOUSE) {
        for (index, line) in source.text.lines().enumerate() {
            let line = line.to_lowercase().replace(" yet ", " ");
            if line.contains(&promise.join(" ")) {
                found.push(format!("{}:{}: {}", source.path, index + 1, promise.join(" ")));
            }
        }
    }
    none(found, "what is there works");
}

#[test]
fn a_lint_is_expected_with_a_reason_never_allowed() {
    none(naming(&["#allow"]), "use #[expect(.., reason = \"..\")]");
}

#[test]
fn a_file_is_about_one_thing() {
    let sources = under(HOUSE);
    assert!(sources.len() > 20, "the house's sources were not found");
    let longer = |than: usize| {
        let lines = |source: &Source| (source.text.lines().count(), source.path.clone());
        sources.iter().map(lines).filter(move |(lines, _)| *lines > than)
    };
    for (lines, path) in longer(LONG) {
        println!("{path}: {lines} lines, over {LONG}: is it about one thing?");
    }
    let told = longer(TOO_LONG).map(|(lines, path)| format!("{path}: {lines} lines")).collect();
    none(told, "600 lines are the end: make two files of it");
}

#[test]
fn a_file_says_what_it_is() {
    let silent = |source: &Source| !source.text.starts_with("//!");
    let told =
        under(HOUSE).iter().filter(|source| silent(source)).map(|source| source.path.clone()).collect();
    none(told, "a file starts with `//!`: one to five lines on what it is");
}

fn naming(names: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for source in under(HOUSE) {
        for name in source.all_names().iter().filter(|name| names.contains(&name.text.as_str())) {
            found.push(format!("{}:{}: {}", source.path, name.line, name.text));
        }
    }
    found
}

#[track_caller]
fn none(wrong: Vec<String>, rule: &str) {
    assert!(wrong.is_empty(), "{rule}:\n  {}\n", wrong.join("\n  "));
}
