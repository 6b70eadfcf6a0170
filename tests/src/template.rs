//! A CloudFormation template as data: its short tags (`!Ref`, `!Sub`, ..) as the long functions, and its rights as texts.

use saphyr::{LoadableYamlNode as _, Scalar, Yaml};
use serde_json::{Map, Value, json};

/// A template that was read.
pub struct Template(Value);

/// One statement of a policy, wherever it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The resource of the template that has it, and its `Sid`, such as `IntakeRole.Logs`.
    pub place: String,
    /// Whether it allows; otherwise it denies.
    pub allows: bool,
    /// Who, in a policy of a resource: services, roles, `*`.
    pub principals: Vec<String>,
    /// What may be done.
    pub actions: Vec<String>,
    /// To what; of both branches of a condition.
    pub resources: Vec<String>,
}

impl Template {
    /// From YAML.
    pub fn parse(text: &str) -> Self {
        let mut documents = Yaml::load_from_str(text).expect("a template is YAML");
        assert_eq!(documents.len(), 1, "a template is one document");
        Self(value(documents.remove(0)))
    }

    /// A part of it, by JSON pointer; null where nothing is.
    pub fn at(&self, pointer: &str) -> &Value {
        self.0.pointer(pointer).unwrap_or(&Value::Null)
    }

    /// The names and properties of the resources of one type, in order.
    pub fn of_type(&self, kind: &str) -> Vec<(&str, &Value)> {
        let resources = self.all().filter(|(_, resource)| resource["Type"] == kind);
        resources.map(|(name, resource)| (name, &resource["Properties"])).collect()
    }

    /// All resources, whole.
    pub fn all(&self) -> impl Iterator<Item = (&str, &Value)> {
        let resources = self.at("/Resources").as_object().expect("a template has resources");
        resources.iter().map(|(name, resource)| (name.as_str(), resource))
    }

    /// Every statement of every policy in it.
    pub fn statements(&self) -> Vec<Statement> {
        let mut found = Vec::new();
        for (name, resource) in self.all() {
            let properties = &resource["Properties"];
            let inline =
                properties["Policies"].as_array().into_iter().flatten().map(|it| &it["PolicyDocument"]);
            for document in inline.chain(properties.get("PolicyDocument")) {
                for statement in branches(&document["Statement"]) {
                    found.push(Statement::read(name, statement));
                }
            }
        }
        found
    }
}

impl Statement {
    fn read(resource: &str, statement: &Value) -> Self {
        let known = ["Sid", "Effect", "Principal", "Action", "Resource", "Condition"];
        for key in statement.as_object().expect("a statement is a mapping").keys() {
            // NotAction and NotResource are wildcards by another name.
            assert!(known.contains(&key.as_str()), "{resource}: a statement has {key}");
        }
        let principal = statement.get("Principal").map(|it| match it {
            Value::Object(by_kind) if !is_function(by_kind) => by_kind.values().flat_map(texts).collect(),
            other => texts(other),
        });
        Self {
            place: format!("{resource}.{}", statement["Sid"].as_str().expect("a statement has a Sid")),
            allows: statement["Effect"] == "Allow",
            principals: principal.unwrap_or_default(),
            actions: texts(&statement["Action"]),
            resources: texts(&statement["Resource"]),
        }
    }
}

/// A value as it may come out: both branches of a condition, each item of a list, a reference as `${Name}`. What is left
/// out (`AWS::NoValue`) is not there.
pub fn texts(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for branch in branches(value) {
        found.extend(match branch {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(flag) => Some(flag.to_string()),
            Value::Object(function) => Some(called(function)),
            _ => None,
        });
    }
    found
}

/// The items of lists and the branches of conditions, flat.
fn branches(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().flat_map(branches).collect(),
        Value::Object(function) => match function.get("Fn::If") {
            Some(Value::Array(parts)) => parts.iter().skip(1).flat_map(branches).collect(),
            _ if function.get("Ref") == Some(&json!("AWS::NoValue")) => Vec::new(),
            _ => vec![value],
        },
        Value::Null => Vec::new(),
        _ => vec![value],
    }
}

fn called(function: &Map<String, Value>) -> String {
    let (name, argument) = function.iter().next().expect("a function has a name");
    match (name.as_str(), argument) {
        ("Ref" | "Fn::GetAtt" | "Fn::ImportValue", Value::String(of)) => format!("${{{of}}}"),
        ("Fn::ImportValue", of) => format!("${{{}}}", texts(of).concat()),
        ("Fn::Sub", Value::String(text)) => text.clone(),
        ("Fn::Join", Value::Array(parts)) => texts(&parts[1]).join(parts[0].as_str().unwrap_or_default()),
        _ => panic!("{name} cannot be read here: {argument}"),
    }
}

fn is_function(of: &Map<String, Value>) -> bool {
    of.len() == 1 && of.keys().all(|key| key == "Ref" || key.starts_with("Fn::"))
}

fn value(node: Yaml<'_>) -> Value {
    match node {
        Yaml::Value(Scalar::Null) => Value::Null,
        Yaml::Value(Scalar::Boolean(flag)) => flag.into(),
        Yaml::Value(Scalar::Integer(number)) => number.into(),
        Yaml::Value(Scalar::FloatingPoint(number)) => number.into_inner().into(),
        Yaml::Value(Scalar::String(text)) => text.into_owned().into(),
        Yaml::Sequence(items) => items.into_iter().map(value).collect(),
        Yaml::Mapping(entries) => entries.into_iter().map(|(key, it)| (text(key), value(it))).collect(),
        Yaml::Tagged(tag, inner) => {
            let name = match tag.suffix.as_str() {
                short @ ("Ref" | "Condition") => short.to_owned(),
                short => format!("Fn::{short}"),
            };
            json!({ name: value(*inner) })
        }
        other => panic!("a template has no {other:?}"),
    }
}

fn text(key: Yaml<'_>) -> String {
    match value(key) {
        Value::String(text) => text,
        other => other.to_string(),
    }
}
