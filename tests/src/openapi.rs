//! GitHub's own OpenAPI document as a judge: each request to the fake, and each answer, must be as it says.
//!
//! [`watch`] a fake, and whatever passes it in a test is judged; what is wrong panics with all that is wrong with it.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use http::Method;
use jsonschema::Validator;
use pointsman_fake_github::{Exchange, FakeGithub};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Statuses that every operation may answer, whether the document lists them there or not.
const GENERAL: &[u16] = &[401, 403, 404, 429];

#[derive(Deserialize)]
struct Document {
    operations: BTreeMap<String, Operation>,
    schemas: Map<String, Value>,
}

#[derive(Deserialize)]
struct Operation {
    query: BTreeMap<String, Value>,
    body: Option<Body>,
    responses: BTreeMap<String, Option<Value>>,
}

#[derive(Deserialize)]
struct Body {
    required: bool,
    schema: Option<Value>,
}

fn document() -> &'static Document {
    static DOCUMENT: OnceLock<Document> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let path = crate::house::root().join("tests/fixtures/openapi/github.json");
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        serde_json::from_str(&text).expect("the document is as the script writes it")
    })
}

/// Judges whatever passes this fake from now on.
pub fn watch(github: &FakeGithub) {
    github.on_exchange(judge);
}

/// What is wrong with an exchange, side by side.
#[derive(Debug, Default)]
pub struct Wrong {
    /// With the request.
    pub request: Vec<String>,
    /// With the answer.
    pub answer: Vec<String>,
}

/// What is wrong with a request or its answer, if anything.
pub fn judge(exchange: &Exchange<'_>) -> Result<(), String> {
    let Wrong { mut request, answer } = wrong(exchange);
    request.extend(answer);
    if request.is_empty() {
        return Ok(());
    }
    let (name, path) = (name(exchange), exchange.request.uri().path());
    let status = exchange.response.status().as_u16();
    let wrong = request.join("\n  ");
    Err(format!("{name} ({path}), answered {status}, is not as GitHub's document says:\n  {wrong}"))
}

/// What is wrong with a request and with its answer.
pub fn wrong(exchange: &Exchange<'_>) -> Wrong {
    let Exchange { request, response, template } = exchange;
    let mut wrong = Wrong::default();
    if *template == Some("/graphql") {
        return wrong; // its document is another one
    }
    let name = name(exchange);
    let Some(operation) = document().operations.get(&name) else {
        wrong.request.push("request: GitHub's document has no such operation".into());
        return wrong;
    };
    let status = response.status().as_u16();
    if status < 400 {
        query(operation, request.uri().query().unwrap_or(""), &mut wrong.request);
        body(&name, operation, request.body(), &mut wrong.request);
    }
    answer(&name, operation, status, response, &mut wrong.answer);
    wrong
}

/// The template that a request's path has in GitHub's document: the one with most words in common.
pub fn template(method: &Method, path: &str) -> Option<&'static str> {
    if path == "/graphql" {
        return Some("/graphql");
    }
    let known = document().operations.keys().filter_map(|name| name.split_once(' '));
    let known = known.filter(|(its, template)| *its == method.as_str() && fits(template, path));
    let words = |template: &str| template.split('/').filter(|part| !part.starts_with('{')).count();
    known.map(|(_, template)| template).max_by_key(|template| words(template))
}

/// Whether a path is one of the template's; what stands last in a template may have slashes in it.
fn fits(template: &str, path: &str) -> bool {
    let open = |part: &str| part.starts_with('{');
    let parts: Vec<_> = template.split('/').collect();
    let mut given = path.splitn(parts.len(), '/');
    let (last, rest) = parts.split_last().unwrap_or((&"", &[]));
    rest.iter().all(|part| given.next().is_some_and(|it| open(part) && !it.is_empty() || it == *part))
        && given.next().is_some_and(|it| open(last) && !it.is_empty() || it == *last)
}

fn name(exchange: &Exchange<'_>) -> String {
    let path = exchange.template.unwrap_or(exchange.request.uri().path());
    format!("{} {path}", exchange.request.method())
}

fn query(operation: &Operation, query: &str, wrong: &mut Vec<String>) {
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match operation.query.get(name.as_ref()) {
            None => wrong.push(format!("query: `{name}` is not a parameter")),
            Some(schema) => {
                let kind = schema["type"].as_str();
                let fits = match kind {
                    Some("integer") => value.parse::<i64>().is_ok(),
                    Some("boolean") => matches!(value.as_ref(), "true" | "false"),
                    _ => schema["enum"].as_array().is_none_or(|known| known.contains(&json!(value))),
                };
                if !fits {
                    wrong.push(format!("query: `{name}` may not be {value:?}"));
                }
            }
        }
    }
}

fn body(name: &str, operation: &Operation, bytes: &[u8], wrong: &mut Vec<String>) {
    match (&operation.body, bytes) {
        (None, []) => {}
        (None, b"{}" | b"null") => {}
        (None, _) => wrong.push("request: the operation takes no body".into()),
        (Some(body), []) if body.required => wrong.push("request: the body is missing".into()),
        (Some(_), []) => {}
        (Some(body), bytes) => match (serde_json::from_slice(bytes), &body.schema) {
            (Ok(value), Some(schema)) => {
                against(&format!("{name} request"), schema, &value, "request", wrong)
            }
            (Ok(_), None) => {}
            (Err(error), _) => wrong.push(format!("request: the body is no JSON: {error}")),
        },
    }
}

fn answer(
    name: &str,
    operation: &Operation,
    status: u16,
    response: &http::Response<bytes::Bytes>,
    wrong: &mut Vec<String>,
) {
    let bytes = response.body();
    let json = response
        .headers()
        .get("content-type")
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    let schema = match operation.responses.get(&status.to_string()) {
        // The document has it that an account in this list is a user and an enterprise at once.
        Some(_) if name == "GET /app/installations" && status == 200 => {
            Some(json!({ "type": "array", "items": { "$ref": "#/schemas/installation" } }))
        }
        // Of errors the document sometimes says only that they are.
        Some(None) if status >= 400 => Some(json!({ "$ref": "#/schemas/basic-error" })),
        Some(schema) => schema.clone(),
        None if status == 304 => None,
        None if GENERAL.contains(&status) => Some(json!({ "$ref": "#/schemas/basic-error" })),
        None => return wrong.push(format!("answer: the status {status} is not documented")),
    };
    match schema {
        _ if !json && !bytes.is_empty() => {} // raw content, as it was asked for
        None if bytes.is_empty() => {}
        None => wrong.push("answer: a body where none is documented".into()),
        Some(_) if bytes.is_empty() && (status == 204 || status == 304) => {}
        Some(schema) => match serde_json::from_slice(bytes) {
            Ok(value) => against(&format!("{name} {status}"), &schema, &value, "answer", wrong),
            Err(error) => wrong.push(format!("answer: the body is no JSON: {error}")),
        },
    }
}

/// Checks a value; each schema is compiled once.
fn against(key: &str, schema: &Value, value: &Value, side: &str, wrong: &mut Vec<String>) {
    static COMPILED: OnceLock<Mutex<HashMap<String, Arc<Validator>>>> = OnceLock::new();
    let compiled = COMPILED.get_or_init(Mutex::default);
    let known = compiled.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned();
    let validator = known.unwrap_or_else(|| {
        let validator = Arc::new(compile(schema));
        compiled.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned(), validator.clone());
        validator
    });
    for error in validator.iter_errors(value).take(6) {
        let shown: String = error.to_string().chars().take(300).collect();
        wrong.push(format!("{side}{}: {shown}", error.instance_path()));
    }
}

/// With the schemas that it names, and that those name, and no others.
fn compile(schema: &Value) -> Validator {
    let mut needed = Map::new();
    gather(schema, &mut needed);
    let whole = json!({ "allOf": [schema], "schemas": needed });
    jsonschema::draft202012::new(&whole).unwrap_or_else(|error| panic!("{schema}: {error}"))
}

fn gather(node: &Value, needed: &mut Map<String, Value>) {
    match node {
        Value::Array(items) => items.iter().for_each(|item| gather(item, needed)),
        Value::Object(fields) => {
            let name =
                fields.get("$ref").and_then(Value::as_str).and_then(|name| name.strip_prefix("#/schemas/"));
            if let Some(name) = name
                && !needed.contains_key(name)
            {
                let schema = &document().schemas[name];
                needed.insert(name.to_owned(), schema.clone());
                gather(schema, needed);
            }
            fields.values().for_each(|field| gather(field, needed));
        }
        _ => {}
    }
}
