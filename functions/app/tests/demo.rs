//! The demo as its user sees it.

use std::process::Command;

#[test]
fn the_demo_shows_what_happened_and_nothing_is_wrong() {
    let output = Command::new(env!("CARGO_BIN_EXE_pointsman")).arg("demo").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    for line in [
        "a duplicate: seen before",
        "SHA-1 is not accepted",
        "attempt 2",
        "  4  chore(main): release 1.5.0\n",
        "     │ • engine: throttle in steps of one percent (#1) (",
        "     release  v1.5.0, published\n",
        "     file     Cargo.lock    version = \"1.5.0\"\n              was           version = \"1.4.2\"\n",
        "All of it is what happened",
    ] {
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
    let release = &told["release"];
    assert_eq!(release["pull_requests"].as_array().map(Vec::len), Some(1));
    assert_eq!(release["pull_requests"][0]["title"], "chore(main): release 1.5.0");
    assert_eq!(release["tags"].as_array().map(Vec::len), Some(1));
    assert_eq!(release["tags"][0]["name"], "v1.5.0");
    assert_eq!(release["releases"].as_array().map(Vec::len), Some(1));
    assert_eq!(release["releases"][0]["draft"], false);
    let notes = release["releases"][0]["body"].as_str().unwrap();
    for feature in release["merged"].as_array().unwrap() {
        let change = feature["title"].as_str().unwrap().split_once(": ").unwrap().1;
        assert_eq!(notes.matches(change).count(), 1, "{change} in {notes}");
    }
}
