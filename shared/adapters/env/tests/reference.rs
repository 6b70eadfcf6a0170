//! `docs/configuration.md` is current: its table of keys is made from the schema, and its examples are configurations.

use std::{env, fmt::Write, fs, path::PathBuf};

use pointsman_core::config;
use serde_json::Value;

const BEGIN: &str = "<!-- keys: made from the schema -->\n";
const END: &str = "<!-- end of the keys -->\n";

fn page() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../docs/configuration.md")
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
        None if definition["additionalProperties"].is_object() => Some(kind(definition, schema)),
        None => Some(format!("`{}`", path.rsplit('/').next()?)),
    }
}

#[test]
fn the_table_of_keys_is_that_of_the_schema() {
    let text = fs::read_to_string(page()).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("the mark where the keys begin");
    let (keys, after) = rest.split_once(END).expect("the mark where the keys end");
    let current = format!("\n{}", reference(&config::schema()));
    if env::var_os("POINTSMAN_REFRESH_DOCS").is_some() {
        fs::write(page(), format!("{before}{BEGIN}{current}{END}{after}")).unwrap();
    } else {
        assert_eq!(
            keys, current,
            "refresh it with: POINTSMAN_REFRESH_DOCS=1 cargo test -p pointsman-env --test reference"
        );
    }
}

#[test]
fn every_key_has_a_meaning() {
    for line in reference(&config::schema()).lines().filter(|line| line.starts_with("| `")) {
        assert!(
            !line.ends_with("|  |") && !line.contains("|  | text |") && !line.starts_with("| `` "),
            "{line}"
        );
    }
}

#[test]
fn every_example_is_a_configuration() {
    let text = fs::read_to_string(page()).unwrap();
    let examples: Vec<&str> =
        text.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(examples.len() >= 9, "{} examples", examples.len());
    for example in examples {
        if let Err(faults) = config::parse(example) {
            panic!("{faults}\nin:\n{example}");
        }
    }
}

#[test]
fn the_example_of_faults_is_what_is_told() {
    let text = fs::read_to_string(page()).unwrap();
    let block = |language: &str| {
        let rest = text.split_once(&format!("```{language}\n")).expect("a block of this language").1;
        rest.split("```").next().expect("its end")
    };
    let told = config::parse(block("yml")).expect_err("it is faulty").to_string();
    assert_eq!(block("text"), format!("{told}\n"));
}
