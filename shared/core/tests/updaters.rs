//! The version files' updaters over files of every make: the version changes, and not a byte beside it.

use pointsman_core::release::{files::edit, settings::VersionFile};
use proptest::{
    prelude::*,
    sample::{Index, select, subsequence},
    test_runner::Config,
};
use semver::Version;

/// A file in two pieces, the version between them.
#[derive(Debug, Clone)]
struct Made {
    name: &'static str,
    pointer: Option<&'static str>,
    regex: Option<&'static str>,
    before: String,
    after: String,
}

/// How files are written: line ends, a byte order mark, a last line without an end.
#[derive(Debug, Clone, Copy)]
struct Hand {
    crlf: bool,
    mark: bool,
    open: bool,
}

fn hand() -> impl Strategy<Value = Hand> {
    any::<(bool, bool, bool)>().prop_map(|(crlf, mark, open)| Hand { crlf, mark, open })
}

impl Hand {
    fn write(self, made: &Made, version: &str) -> String {
        let mut text = format!("{}{version}{}", made.before, made.after);
        if self.open {
            text.truncate(text.trim_end_matches('\n').len());
        }
        if self.crlf {
            text = text.replace('\n', "\r\n");
        }
        if self.mark { format!("\u{feff}{text}") } else { text }
    }
}

/// Some of these lines, each at most once, in two pieces.
fn halves(of: &'static [&'static str]) -> impl Strategy<Value = (String, String)> {
    (subsequence(of.to_vec(), 0..=of.len()).prop_shuffle(), any::<Index>()).prop_map(|(lines, at)| {
        let (top, rest) = lines.split_at(at.index(lines.len() + 1));
        (top.concat(), rest.concat())
    })
}

const TOML: &[&str] = &[
    "# version = \"1.2.3\"\n",
    "\n",
    "authors = [\"ü <u@example.org>\"]\n",
    "description = \"version = \\\"1.2.3\\\"\"\n",
    "keywords = [\n  \"1.2.3\", # 1.2.3\n]\n",
    "  license   =   'MIT'\t\n",
];
const TABLES: &[&str] = &[
    "[a]\nversion = \"1.2.3\"\n",
    "[b.c]\n\"version\" = \"1.2.3\" # x\n",
    "[[d]]\nname = \"version\"\n",
    "\n\n# version = \"1.2.3\"\n",
];
const JSON: &[&str] = &[
    "  \"a\": { \"version\": \"1.2.3\" },\n",
    "\t\"b\":[\"1.2.3\",{}],\n",
    "  \"d\u{fc}\": \"\\\"version\\\": \\\"1.2.3\\\"\",\n",
    "\n",
    "  \"e\": 1.20e3 ,\n",
];
const YAML: &[&str] = &[
    "# version: 1.2.3\n",
    "a:\n  version: 1.2.3\n",
    "b: \"version: 1.2.3\"\n",
    "c: [1.2.3, {version: 1.2.3}]\n",
    "d: |\n  version: 1.2.3\n\n",
    "\n",
];
const XML: &[&str] = &[
    "  <!-- <version>1.2.3</version> -->\n",
    "  <parent><version>1.2.3</version></parent>\n",
    "  <dependencies><dependency><version>1.2.3</version></dependency></dependencies>\n",
    "  <name>\u{fc} &amp; 1.2.3</name>\n",
];
const TEXT: &[&str] = &["1.2.3\n", "v1.2.3 and more\n", "\n", "\t\u{fc} 1.2.3\n"];

fn made() -> impl Strategy<Value = Made> {
    let file = |name, before, after| Made { name, pointer: None, regex: None, before, after };
    let quote = || select(&["\"", "'"][..]);
    prop_oneof![
        (halves(TOML), halves(TABLES), quote()).prop_map(move |((top, rest), (tables, _), q)| file(
            "Cargo.toml",
            format!("{tables}[package]\nname = \"a\"\n{top}version = {q}"),
            format!("{q} # the version\n{rest}")
        )),
        (halves(TOML), halves(TABLES), quote()).prop_map(move |((top, _), (tables, _), q)| file(
            "pyproject.toml",
            format!("[project]\nname = 'a'\n{top}version   =  {q}"),
            format!("{q}\n{tables}")
        )),
        (halves(JSON), select(&["package.json", "composer.json"][..])).prop_map(
            move |((top, rest), name)| file(
                name,
                format!("{{\n{top}  \"version\" : \""),
                format!("\",\n{rest}  \"end\": null\n}}\n")
            )
        ),
        (halves(YAML), select(&["", "\"", "'"][..])).prop_map(move |((top, rest), q)| file(
            "pubspec.yaml",
            format!("name: a\n{top}version:  {q}"),
            format!("{q} # 1.2.3\n{rest}")
        )),
        halves(XML).prop_map(move |(top, rest)| file(
            "pom.xml",
            format!("<project>\n{top}  <version>"),
            format!("</version>\n{rest}</project>\n")
        )),
        select(&["", "v", "  ", "\n"][..]).prop_map(move |before| file(
            "version.txt",
            before.to_owned(),
            "\n".to_owned()
        )),
        halves(TEXT).prop_map(move |(top, rest)| file(
            "README.md",
            format!("{top}install a@"),
            format!(" <!-- x-pointsman-version -->\n{rest}")
        )),
        halves(YAML).prop_map(move |(top, rest)| Made {
            pointer: Some("$.app.version"),
            ..file("app.yaml", format!("{top}app:\n  x: 1.2.3\n  version: '"), format!("'\n{rest}"))
        }),
        halves(TEXT).prop_map(move |(top, rest)| Made {
            regex: Some("(?m)^LET VERSION := (\\S+);"),
            ..file("a.pas", format!("{top}LET VERSION := "), format!("; // 1.2.3\n{rest}"))
        }),
    ]
}

proptest! {
    #![proptest_config(Config { cases: 600, failure_persistence: None, ..Config::default() })]

    #[test]
    fn the_version_changes_and_not_a_byte_beside_it(
        made in made(),
        hand in hand(),
        from in select(&["1.2.3", "0.0.0-dev.1", "1.2.3+build.7"][..]),
        to in select(&["1.2.4", "2.0.0-rc.1", "10.20.30"][..]),
    ) {
        // A build number of pubspec.yaml counts uploads, and stays.
        prop_assume!(!(made.name == "pubspec.yaml" && from.contains('+')));
        let file = VersionFile {
            path: made.name.into(),
            kind: None,
            package: None,
            pointer: made.pointer.map(str::to_owned),
            regex: made.regex.map(str::to_owned),
        };
        let (old, new): (Version, Version) = (from.parse().unwrap(), to.parse().unwrap());
        let (text, wanted) = (hand.write(&made, from), hand.write(&made, to));
        let edited = edit(&file, &text, Some(&old), &new);
        let edited = edited.map_err(|fault| TestCaseError::fail(format!("{fault} in {text:?}")))?;
        prop_assert_eq!(&edited.content, &wanted);
        // There and back again.
        let back = edit(&file, &edited.content, Some(&new), &old).unwrap();
        prop_assert_eq!(back.content, text);
    }
}
