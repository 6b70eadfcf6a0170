//! Terraform's files as data: read by python-hcl2, which scripts/pip installs by hash; texts without the quotes that it keeps.

use std::{path::Path, process::Command};

use serde_json::{Map, Value};

use crate::house::root;

/// All `.tf` files of a folder, as one.
pub struct Terraform(Vec<Value>);

/// One block: its words after the first, and what is in it.
#[derive(Debug, Clone)]
pub struct Block {
    /// Such as `azurerm_storage_account` and `data`.
    pub labels: Vec<String>,
    /// Its attributes and blocks.
    pub body: Value,
}

const READ: &str = "import glob, hcl2, json, sys
print(json.dumps([hcl2.load(open(name)) for name in sorted(glob.glob(sys.argv[1] + '/*.tf'))]))";

impl Terraform {
    /// Reads the files of this folder of the house.
    pub fn read(folder: &str) -> Self {
        let installed = run(Command::new(root().join("scripts/pip")).arg("infra/azure/tools.txt"));
        let mut python = Command::new(Path::new(installed.trim()).join("bin/python"));
        let text = run(python.args(["-c", READ]).arg(root().join(folder)));
        let files: Vec<Value> = serde_json::from_str(&text).expect("python writes JSON");
        assert!(!files.is_empty(), "{folder} has no .tf files");
        Self(files.into_iter().map(unquoted).collect())
    }

    /// All blocks of one kind, such as `resource`.
    pub fn blocks(&self, kind: &str) -> Vec<Block> {
        let of = self.0.iter().filter_map(|file| file[kind].as_array()).flatten();
        of.flat_map(|block| opened(Vec::new(), block)).collect()
    }

    /// The resources of one type, with their names.
    pub fn of_type(&self, kind: &str) -> Vec<(String, Value)> {
        let resources = self.blocks("resource").into_iter().filter(|it| it.labels[0] == kind);
        resources.map(|it| (it.labels[1].clone(), it.body)).collect()
    }

    /// A local value.
    pub fn local(&self, name: &str) -> Value {
        let locals = self.0.iter().filter_map(|file| file["locals"].as_array()).flatten();
        locals.filter_map(|block| block.get(name)).next().cloned().unwrap_or_default()
    }
}

/// A block lies within its labels.
fn opened(labels: Vec<String>, block: &Value) -> Vec<Block> {
    let fields = block.as_object().expect("a block is an object");
    if fields.contains_key("__is_block__") {
        return vec![Block { labels, body: block.clone() }];
    }
    let inner = |(label, block): (&String, &Value)| {
        opened(labels.iter().cloned().chain([label.clone()]).collect(), block)
    };
    fields.iter().filter(|(label, _)| !label.starts_with("__")).flat_map(inner).collect()
}

fn unquoted(value: Value) -> Value {
    let bare = |text: &str| text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).map(str::to_owned);
    match value {
        Value::String(text) => Value::String(bare(&text).unwrap_or(text)),
        Value::Array(items) => items.into_iter().map(unquoted).collect(),
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(name, it)| (bare(&name).unwrap_or(name), unquoted(it)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
        other => other,
    }
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("it writes UTF-8")
}
