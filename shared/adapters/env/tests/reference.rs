//! `docs/configuration.md` and `docs/releases.md` are current: their tables of keys are made from the schemas, and their
//! examples are configurations and settings.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{env, fmt::Write, fs, path::PathBuf};

use pointsman_core::{config, release::settings};
use serde_json::Value;

const BEGIN: &str = "<!-- keys: made from the schema -->\n";
const END: &str = "<!-- end of the keys -->\n";

const CONFIGURATION: &str = "configuration.md";
const RELEASES: &str = "releases.md";
const SETTINGS_SCHEMA: &str = "release-settings.schema.json";

fn page(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../docs").join(name)
}

/// The page whole, and its parts: what is told in each language.
fn read(name: &str) -> String {
    fs::read_to_string(page(name)).unwrap()
}

fn blocks(name: &str, language: &str) -> Vec<String> {
    let text = read(name);
    let begin = format!("```{language}\n");
    text.split(&begin).skip(1).filter_map(|rest| rest.split("```").next()).map(str::to_owned).collect()
}

/// A table for the file as a whole, and one for each mapping that it refers to.
fn reference(schema: &Value) -> String {
    let mut text = table("The file", schema, schema);
    for (name, definition) in schema["$defs"].as_object().into_iter().flatten() {
        for branch in definition["oneOf"].as_array().unwrap_or(&vec![definition.clone()]) {
            let kind = branch.pointer("/properties/kind/const").and_then(Value::as_str);
            let heading =
                kind.map_or_else(|| format!("`{name}`"), |kind| format!("`{name}`, `kind: {kind}`"));
            if branch["properties"].is_object() {
                text += &table(&heading, branch, schema);
            }
        }
    }
    text
}

fn table(heading: &str, mapping: &Value, schema: &Value) -> String {
    let description = mapping["description"].as_str().unwrap_or_default();
    let mut text =
        format!("### {heading}\n\n{description}\n\n| key | type | default | meaning |\n|---|---|---|---|\n");
    for (key, property) in mapping["properties"].as_object().into_iter().flatten() {
        let required = mapping["required"].as_array().is_some_and(|keys| keys.iter().any(|name| name == key));
        let (meaning, default) = meaning(property);
        let default = if required { "required" } else { default };
        let cells = [kind(property, schema), default.into(), meaning].map(|cell| cell.replace('|', "\\|"));
        writeln!(text, "| `{key}` | {} | {} | {} |", cells[0], cells[1], cells[2])
            .expect("a String takes all");
    }
    text + "\n"
}

/// The description without its sentence about the default, and that sentence's rest.
fn meaning(property: &Value) -> (String, &str) {
    if let Some(kind) = property["const"].as_str() {
        return (format!("`{kind}`."), "");
    }
    let text = property["description"].as_str().unwrap_or_default();
    let Some((before, after)) = text.split_once("Default") else { return (text.into(), "") };
    let (default, rest) = after.split_once(". ").unwrap_or((after.trim_end_matches('.'), ""));
    (format!("{before}{rest}").trim_end().into(), default.trim_start_matches([':', ' ']))
}

fn kind(property: &Value, schema: &Value) -> String {
    match property["type"].as_str() {
        Some("array") => format!("list of {}s", kind(&property["items"], schema)),
        Some("object") => format!("mapping of names to {}", kind(&property["additionalProperties"], schema)),
        Some("string") => "text".into(),
        Some(kind) => kind.into(),
        None => reference_of(property, schema).unwrap_or_default(),
    }
}

/// Another table's name; of a choice between words, the words.
fn reference_of(property: &Value, schema: &Value) -> Option<String> {
    let path = property["$ref"].as_str()?;
    let definition = schema.pointer(path.strip_prefix('#')?)?;
    let words = |choice: &Value| Some(format!("`{}`", choice["const"].as_str()?));
    let choices: Option<Vec<_>> =
        definition["oneOf"].as_array().and_then(|all| all.iter().map(words).collect());
    match choices {
        Some(choices) => Some(choices.join(" or ")),
        None if definition["anyOf"].is_array() => {
            let kinds = definition["anyOf"].as_array()?.iter().map(|one| kind(one, schema));
            Some(kinds.collect::<Vec<_>>().join(" or "))
        }
        None if definition["additionalProperties"].is_object() => Some(kind(definition, schema)),
        None => Some(format!("`{}`", path.rsplit('/').next()?)),
    }
}

/// Whether what is there is current; with `POINTSMAN_REFRESH_DOCS` it is made so.
fn current(path: PathBuf, there: &str, wanted: &str) {
    if env::var_os("POINTSMAN_REFRESH_DOCS").is_some() {
        fs::write(path, wanted).unwrap();
    } else {
        let how = "refresh it with: POINTSMAN_REFRESH_DOCS=1 cargo test -p pointsman-env --test reference";
        assert_eq!(there, wanted, "{how}");
    }
}

#[test]
fn the_tables_of_keys_are_those_of_the_schemas() {
    for (name, schema) in [(CONFIGURATION, config::schema()), (RELEASES, settings::schema())] {
        let text = read(name);
        let (before, rest) = text.split_once(BEGIN).expect("the mark where the keys begin");
        let (_, after) = rest.split_once(END).expect("the mark where the keys end");
        current(page(name), &text, &format!("{before}{BEGIN}\n{}{END}{after}", reference(&schema)));
    }
}

#[test]
fn the_schema_of_a_repositorys_settings_lies_beside_the_page() {
    let wanted = format!("{:#}\n", settings::schema());
    current(page(SETTINGS_SCHEMA), &fs::read_to_string(page(SETTINGS_SCHEMA)).unwrap_or_default(), &wanted);
}

#[test]
fn every_key_has_a_meaning() {
    for schema in [config::schema(), settings::schema()] {
        for line in reference(&schema).lines().filter(|line| line.starts_with("| `")) {
            assert!(
                !line.ends_with("|  |") && !line.contains("|  | text |") && !line.starts_with("| `` "),
                "{line}"
            );
        }
    }
}

#[test]
fn every_example_is_a_configuration() {
    let examples = blocks(CONFIGURATION, "yaml");
    assert!(examples.len() >= 9, "{} examples", examples.len());
    for example in examples {
        if let Err(faults) = config::parse(&example) {
            panic!("{faults}\nin:\n{example}");
        }
    }
}

#[test]
fn every_example_is_a_repositorys_settings_or_a_servers_configuration() {
    let (servers, repositories): (Vec<_>, Vec<_>) =
        blocks(RELEASES, "yaml").into_iter().partition(|example| example.contains("\nsources:\n"));
    assert!(servers.len() >= 2 && repositories.len() >= 8, "{} and {}", servers.len(), repositories.len());
    for example in servers {
        match config::parse(&example) {
            Ok(checked) => assert!(checked.config.release_app().is_some(), "it releases nothing:\n{example}"),
            Err(faults) => panic!("{faults}\nin:\n{example}"),
        }
    }
    for example in repositories {
        match settings::read(&example, settings::FILE) {
            Ok(checked) => assert!(checked.warnings.is_empty(), "{:?}\nin:\n{example}", checked.warnings),
            Err(faults) => panic!("{faults}\nin:\n{example}"),
        }
    }
}

#[test]
fn the_examples_of_faults_are_what_is_told() {
    let faulty = |name| blocks(name, "yml").remove(0);
    let told = config::parse(&faulty(CONFIGURATION)).expect_err("it is faulty").to_string();
    assert_eq!(blocks(CONFIGURATION, "text")[0], format!("{told}\n"));
    let told = settings::read(&faulty(RELEASES), settings::FILE).expect_err("it is faulty").to_string();
    assert_eq!(blocks(RELEASES, "text")[0], format!("{told}\n"));
}

#[test]
fn the_built_in_templates_are_shown_as_they_are() {
    let shown = blocks(RELEASES, "jinja");
    assert_eq!(shown, settings::built_in_templates());
}
