//! How messages read, as tables.

use serde_json::{Value, json};

use super::*;

fn read(text: &str) -> Value {
    serde_json::to_value(Message::read(text)).unwrap()
}

#[track_caller]
fn reads(text: &str, wanted: Value) {
    let found = read(text);
    for (key, value) in wanted.as_object().unwrap() {
        assert_eq!(&found[key], value, "`{key}` of {text:?}, in {found}");
    }
}

#[test]
fn a_whole_message_as_json() {
    let text = "feat(api)!: add a door\n\nIt opens.\n\nAnd closes.\n\nBREAKING CHANGE: windows are\nwalls now\n\nRefs: #12\nCloses #7\nSigned-off-by: A <a@example.com>\n";
    assert_eq!(
        serde_json::to_string(&Message::read(text)).unwrap(),
        json!({
            "type": "feat", "scope": "api", "description": "add a door", "breaking": true,
            "breaking_description": "windows are\nwalls now", "body": "It opens.\n\nAnd closes.",
            "footers": [
                { "token": "BREAKING CHANGE", "value": "windows are\nwalls now" },
                { "token": "Refs", "value": "#12" },
                { "token": "Closes", "value": "7" },
                { "token": "Signed-off-by", "value": "A <a@example.com>" },
            ],
            "reverts": [],
        })
        .to_string()
    );
}

#[test]
fn first_lines() {
    for (line, kind, scope, description, breaking) in [
        ("feat: a", Some("feat"), None, "a", false),
        ("FEAT: a", Some("feat"), None, "a", false),
        ("fix(core api): a: b", Some("fix"), Some("core api"), "a: b", false),
        ("feat!: a", Some("feat"), None, "a", true),
        ("feat(x)!: a", Some("feat"), Some("x"), "a", true),
        ("feat:a", Some("feat"), None, "a", false),
        ("feat:    a  ", Some("feat"), None, "a", false),
        ("  feat: a", Some("feat"), None, "a", false),
        ("\u{feff}feat: a", Some("feat"), None, "a", false),
        ("feat(): a", Some("feat"), None, "a", false),
        ("feat( x ): a", Some("feat"), Some("x"), "a", false),
        ("feat:", Some("chore"), None, "", false),
        ("feat(x)!:  ", Some("chore"), Some("x"), "", true),
        ("fix: one of these:", Some("fix"), None, "one of these:", false),
        ("größe: ä", Some("größe"), None, "ä", false),
        ("feat: 🚪", Some("feat"), None, "🚪", false),
        ("my-type: a", Some("my-type"), None, "a", false),
        ("feat: a (#12)", Some("feat"), None, "a (#12)", false),
        ("add a door", None, None, "add a door", false),
        ("Fix the door: it squeaks", None, None, "Fix the door: it squeaks", false),
        ("feat (x): a", None, None, "feat (x): a", false),
        ("feat(x: a", None, None, "feat(x: a", false),
        ("fixup! feat: a", None, None, "fixup! feat: a", false),
        ("https://example.com/: a", None, None, "https://example.com/: a", false),
        ("std::vec is fast", None, None, "std::vec is fast", false),
        ("10:30 is too late", None, None, "10:30 is too late", false),
        (": a", None, None, ": a", false),
        ("", None, None, "", false),
        ("Merge branch 'main' into x", None, None, "Merge branch 'main' into x", false),
    ] {
        reads(
            line,
            json!({ "type": kind, "scope": scope, "description": description, "breaking": breaking }),
        );
    }
}

#[test]
fn bodies_and_footers() {
    let footer = |token: &str, value: &str| json!({ "token": token, "value": value });
    for (text, body, footers) in [
        ("fix: a\nno empty line", json!("no empty line"), json!([])),
        ("fix: a\r\n\r\nb\r\nc\r\n\r\nRefs: 1\r\n", json!("b\nc"), json!([footer("Refs", "1")])),
        ("fix: a\n\n\n\nb\n\n\n", json!("b"), json!([])),
        ("fix: a\nRefs: 1", Value::Null, json!([footer("Refs", "1")])),
        ("fix: a\n\nb\nNote: within a paragraph", json!("b\nNote: within a paragraph"), json!([])),
        ("fix: a\n\nhttps://example.com is b", json!("https://example.com is b"), json!([])),
        ("fix: a\n\nExample:\n  b", json!("Example:\n  b"), json!([])),
        ("fix: a\n\n- #12 was it", json!("- #12 was it"), json!([])),
        ("fix: a\n\n# 1 #2", json!("# 1 #2"), json!([])),
        ("fix: a\n\nFixes #12", Value::Null, json!([footer("Fixes", "12")])),
        (
            "fix: a\n\nRefs: 1\nand 2\n\nand 3\nBy: c",
            Value::Null,
            json!([footer("Refs", "1\nand 2\n\nand 3"), footer("By", "c")]),
        ),
        ("chore: a\n\nb\nrelease-as: 2.0.0", json!("b"), json!([footer("release-as", "2.0.0")])),
        (
            "feat: all (#3)\n\n* feat: a\n\nBREAKING CHANGE: b\n\n* fix: c\n\n---------\n\nCo-authored-by: d",
            json!("* feat: a\n\n* fix: c"),
            json!([footer("BREAKING CHANGE", "b"), footer("Co-authored-by", "d")]),
        ),
    ] {
        reads(text, json!({ "body": body, "footers": footers }));
    }
}

#[test]
fn what_breaks() {
    for (text, breaking, told) in [
        ("feat!: a", true, Some("a")),
        ("feat!: a\n\nBREAKING CHANGE: b", true, Some("b")),
        ("docs: a\n\nBREAKING-CHANGE: b", true, Some("b")),
        ("fix: a\nBREAKING CHANGE: b", true, Some("b")),
        ("fix: a\n\nb\nBREAKING CHANGE: c", true, Some("c")),
        ("fix: a\n\nBREAKING CHANGE:\n\n- b\n- c", true, Some("- b\n- c")),
        ("fix: a\n\nBREAKING CHANGE #4", true, Some("4")),
        ("fix: a\n\nBREAKING CHANGE:", true, Some("a")),
        ("fix: a\n\nbreaking change: b", false, None),
        ("fix: a\n\nNo BREAKING CHANGE: b", false, None),
        ("fix: a\n\nBREAKING CHANGES are none", false, None),
        ("Drop b\n\nBREAKING CHANGE: b is gone", true, Some("b is gone")),
    ] {
        reads(text, json!({ "breaking": breaking, "breaking_description": told }));
    }
}

#[test]
fn what_is_taken_back() {
    let sha = "0123456789abcdef0123456789abcdef01234567";
    for (text, kind, description, reverts) in [
        (format!("Revert \"feat: a\"\n\nThis reverts commit {sha}."), "revert", "feat: a", json!([sha])),
        (format!("Revert \"feat: a\"\n\nThis reverts commit\n{sha}."), "revert", "feat: a", json!([sha])),
        (format!("revert: feat: a\n\nThis reverts commit {sha}"), "revert", "feat: a", json!([sha])),
        ("revert: feat: a".into(), "revert", "feat: a", json!(["feat: a"])),
        ("revert: \"feat: a\"".into(), "revert", "\"feat: a\"", json!(["feat: a"])),
        ("revert(x): feat: a (#3)".into(), "revert", "feat: a (#3)", json!(["feat: a (#3)"])),
        ("revert: a\n\nRefs: 676104e, a215868".into(), "revert", "a", json!(["676104e", "a215868"])),
        (
            format!("Revert \"a\"\n\nThis reverts commits {sha} and a215868."),
            "revert",
            "a",
            json!([sha, "a215868"]),
        ),
        (
            format!("Revert \"a\"\n\nThis reverts commit {sha}, reversing\nchanges made to a215868."),
            "revert",
            "a",
            json!([sha]),
        ),
        (
            "Revert \"feat: a \"b\" (#1)\" (#2)".into(),
            "revert",
            "feat: a \"b\" (#1)",
            json!(["feat: a \"b\" (#1)"]),
        ),
        (
            "Revert \"feat: a (#1)\" (#2)\n\nReverts acme/web#1".into(),
            "revert",
            "feat: a (#1)",
            json!(["#1"]),
        ),
        (
            format!("Revert \"Revert \"feat: a\"\"\n\nThis reverts commit {sha}."),
            "revert",
            "Revert \"feat: a\"",
            json!([sha]),
        ),
        (format!("Reapply \"feat(x): a\"\n\nThis reverts commit {sha}."), "feat", "a", json!([sha])),
        (format!("fix: undo a\n\nThis reverts commit {sha}."), "fix", "undo a", json!([sha])),
        ("fix: a\n\nThis reverts commit messages to English.".into(), "fix", "a", json!([])),
    ] {
        reads(&text, json!({ "type": kind, "description": description, "reverts": reverts }));
    }
    reads("Revert the door", json!({ "type": null, "reverts": [] }));
}

#[test]
fn a_pull_request_overrides_its_commits() {
    let none = |_: &str| false;
    let kinds = |body: &str, more: &dyn Fn(&str) -> bool| {
        overrides(body, more).map(|all| {
            all.into_iter()
                .map(|it| (it.kind, it.description, it.breaking, it.body))
                .map(|(kind, description, breaking, body)| json!([kind, description, breaking, body]))
                .collect::<Vec<_>>()
        })
    };
    assert_eq!(kinds("a body", &none), None);
    assert_eq!(kinds("BEGIN_COMMIT_OVERRIDE\nfeat: a", &none), None, "without its end it is no override");
    let body = "Hello\r\n<!--\r\nBEGIN_COMMIT_OVERRIDE\r\nfeat: a\r\n\r\nmore of a\r\n\r\nBREAKING CHANGE: b\r\nfix(x): c\r\nsecurity: d\r\nNote: e\r\nEND_COMMIT_OVERRIDE\r\n-->\r\n";
    let wanted = [
        json!(["feat", "a", true, "more of a"]),
        json!(["fix", "c", false, null]),
        json!(["security", "d", false, null]),
    ];
    assert_eq!(kinds(body, &|kind| kind == "security").unwrap(), wanted);
    assert_eq!(kinds(body, &none).unwrap().len(), 2, "an unknown type may be a footer");
    let empty = kinds("BEGIN_COMMIT_OVERRIDE END_COMMIT_OVERRIDE", &none).unwrap();
    assert_eq!(empty, [json!([null, "", false, null])], "it counts for nothing, and that is meant");
}

#[test]
fn nested_messages_are_apart() {
    let text = "feat: a\n\nb\nBEGIN_NESTED_COMMIT\nfix: c\n\nd\nEND_NESTED_COMMIT\nBEGIN_NESTED_COMMIT\nfeat!: e\nEND_NESTED_COMMIT\n";
    reads(text, json!({ "type": "feat", "body": "b", "breaking": false }));
    let told: Vec<_> = nested(text).into_iter().map(|it| (it.kind.unwrap(), it.description)).collect();
    assert_eq!(told, [("fix".into(), "c".into()), ("feat".into(), "e".into())]);
}

#[test]
fn pull_requests_are_named_by_the_first_line() {
    for (line, number, rest) in [
        ("feat: a (#12)", Some(12), "feat: a"),
        ("feat: a (#12) ", Some(12), "feat: a"),
        ("Merge pull request #7 from acme/x", Some(7), "Merge pull request #7 from acme/x"),
        ("feat: a (#x)", None, "feat: a (#x)"),
        ("feat: a (#99999999999999999999999)", None, "feat: a"),
        ("feat: a (#1) b", None, "feat: a (#1) b"),
        ("(#1)", Some(1), ""),
    ] {
        assert_eq!((pull_number(line), bare(line)), (number, rest), "{line}");
    }
}

#[test]
fn whatever_it_is_it_can_be_read() {
    let parts = [
        "feat",
        "fix",
        "revert",
        ":",
        "!",
        "(",
        ")",
        " ",
        "\n",
        "\n\n",
        "\r\n",
        "\r",
        "BREAKING CHANGE",
        "BREAKING-CHANGE: ",
        "Revert \"",
        "Reapply \"",
        "\"",
        "This reverts commit ",
        "0123456789abcdef",
        "(#1)",
        "BEGIN_COMMIT_OVERRIDE",
        "END_COMMIT_OVERRIDE",
        "BEGIN_NESTED_COMMIT",
        "END_NESTED_COMMIT",
        "Refs: ",
        " #",
        "-",
        "---",
        "* feat: ",
        "ä",
        "🚪",
        "\0",
        "\u{1b}[2J",
        "\u{2028}",
        "\u{feff}",
        "{{",
        "<!--",
        "İ",
    ];
    for seed in 0..3_000 {
        let mut random = fastrand::Rng::with_seed(seed);
        let length = random.usize(0..40);
        let text: String = (0..length).map(|_| parts[random.usize(0..parts.len())]).collect();
        let message = Message::read(&text);
        assert!(!message.description.contains('\n'), "seed {seed}: {text:?}");
        overrides(&text, &|_| true);
        nested(&text);
    }
}

#[test]
fn a_megabyte_is_read_at_once() {
    let long = |part: &str| part.repeat(1_000_000 / part.len());
    for text in [
        long("a"),
        format!("feat: {}", long("a")),
        format!("feat: a\n\n{}", long("a: b\n")),
        format!("feat: a\n\n{}", long("This reverts commit abcdef0 ")),
        format!("revert: a\n\nThis reverts commits {}", long("abcdef0 ")),
        long("BEGIN_COMMIT_OVERRIDE"),
        long("BEGIN_NESTED_COMMIT END_NESTED_COMMIT "),
        long("Revert \""),
        long("Reapply \""),
        format!("{}{}", long("Reapply \""), long("\"")),
        format!("{}{}", long("Revert \""), long("\"")),
        format!("feat{}: a", long("()")),
        long("("),
    ] {
        let begun = std::time::Instant::now();
        Message::read(&text);
        overrides(&text, &|_| false);
        assert!(begun.elapsed().as_secs() < 5, "{}", &text[..20]);
    }
}
