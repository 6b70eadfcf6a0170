//! The demo as its user sees it.

use std::process::Command;

#[test]
fn the_demo_shows_what_happened_and_nothing_is_wrong() {
    let output = Command::new(env!("CARGO_BIN_EXE_pointsman")).arg("demo").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    for line in
        ["a duplicate: seen before", "SHA-1 is not accepted", "attempt 2", "All of it is what happened"]
    {
        assert!(text.contains(line), "{line} is missing in:\n{text}");
    }
    assert!(!text.contains('\x1b'), "no colours where there is no terminal");
}

#[test]
fn the_demo_speaks_json() {
    let output = Command::new(env!("CARGO_BIN_EXE_pointsman")).args(["demo", "--json"]).output().unwrap();
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["wrong"], serde_json::json!([]));
    assert_eq!(told["deliveries"].as_array().map(Vec::len), Some(15));
}
