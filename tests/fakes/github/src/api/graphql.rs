//! GraphQL: `updateRefs`, the compare-and-swap of refs, and a repository's id. Documents are parsed, never compared.

use graphql_tools::parser::query::{
    Definition, Document, Field, OperationDefinition, Selection, Value as Literal, parse_query,
};
use pointsman_core::release::Sha;
use serde_json::{Map, Value, json};

use super::refs::{fast_forward, well_formed};
use crate::{
    auth::Principal,
    effects::{RefMove, move_refs},
    reply::{Answer, Refusal, Reply, refuse},
    route::{Call, Operation, op},
    shape,
    state::World,
};

pub(super) const OPERATIONS: &[Operation] = &[op("POST", "/graphql", "", graphql)];

const ZERO: &str = "0000000000000000000000000000000000000000";

/// An error as GraphQL has it: an answer of status 200 with `errors`.
struct Fault(&'static str, String);

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        let message = match &refusal.0.body {
            crate::reply::Body::Json(body) => body["message"].as_str().unwrap_or("").to_owned(),
            _ => String::new(),
        };
        Self(if refusal.0.status == 404 { "NOT_FOUND" } else { "UNPROCESSABLE" }, message)
    }
}

fn graphql(world: &mut World, call: &Call) -> Answer {
    if matches!(call.principal, Principal::Anonymous) {
        return Err(refuse(401, "This endpoint requires you to be authenticated."));
    }
    let Some(text) = call.text("query") else {
        return Ok(failed(
            "parse",
            &Fault("", "A query attribute must be specified and must be a string.".into()),
        ));
    };
    let document: Document<'_, String> = match parse_query(text) {
        Ok(document) => document,
        Err(error) => return Ok(failed("parse", &Fault("", format!("Parse error: {error}")))),
    };
    let mut data = Map::new();
    for selection in selections(&document) {
        let Selection::Field(field) = selection else { continue };
        let name = field.alias.clone().unwrap_or_else(|| field.name.clone());
        match run(world, call, field) {
            Ok(value) => drop(data.insert(name, value)),
            Err(fault) => return Ok(failed(&name, &fault)),
        }
    }
    Ok(Reply::ok(json!({ "data": data })))
}

fn failed(name: &str, Fault(kind, message): &Fault) -> Reply {
    let mut error = json!({ "path": [name], "locations": [{ "line": 1, "column": 1 }], "message": message });
    if !kind.is_empty() {
        error["type"] = json!(kind);
    }
    Reply::ok(json!({ "data": { name: null }, "errors": [error] }))
}

/// The fields of the document's first operation.
fn selections<'a>(document: &'a Document<'a, String>) -> &'a [Selection<'a, String>] {
    let operation = document.definitions.iter().find_map(|definition| match definition {
        Definition::Operation(operation) => Some(operation),
        Definition::Fragment(_) => None,
    });
    match operation {
        Some(OperationDefinition::Query(it)) => &it.selection_set.items,
        Some(OperationDefinition::Mutation(it)) => &it.selection_set.items,
        Some(OperationDefinition::SelectionSet(it)) => &it.items,
        _ => &[],
    }
}

/// A literal or a variable as JSON.
fn value(literal: &Literal<'_, String>, variables: &Value) -> Value {
    match literal {
        Literal::Variable(name) => variables[name].clone(),
        Literal::String(text) | Literal::Enum(text) => json!(text),
        Literal::Boolean(it) => json!(it),
        Literal::Int(number) => json!(number.as_i64()),
        Literal::Float(number) => json!(number),
        Literal::Null => Value::Null,
        Literal::List(items) => items.iter().map(|item| value(item, variables)).collect(),
        Literal::Object(fields) => fields
            .iter()
            .map(|(name, field)| (name.clone(), value(field, variables)))
            .collect::<Map<_, _>>()
            .into(),
    }
}

fn run(world: &mut World, call: &Call, field: &Field<'_, String>) -> Result<Value, Fault> {
    let argument = |name: &str| {
        let known = field.arguments.iter().find(|(known, _)| known == name);
        known.map_or(Value::Null, |(_, literal)| value(literal, &call.body["variables"]))
    };
    match field.name.as_str() {
        "updateRefs" => update_refs(world, call, &argument("input")),
        "viewer" => Ok(json!({ "login": call.login() })),
        "repository" => {
            let key = format!(
                "{}/{}",
                argument("owner").as_str().unwrap_or(""),
                argument("name").as_str().unwrap_or("")
            );
            let missing =
                || Fault("NOT_FOUND", format!("Could not resolve to a Repository with the name '{key}'."));
            let repo = world.repos.get(&key.to_lowercase()).filter(|repo| sees(call, &repo.key(), "read"));
            let repo = repo.ok_or_else(missing)?;
            Ok(
                json!({ "id": shape::node_id("Repository", repo.id), "databaseId": repo.id, "nameWithOwner": repo.full_name() }),
            )
        }
        name => {
            Err(Fault("", format!("Field '{name}' doesn't exist on type 'Query' or 'Mutation' of this fake")))
        }
    }
}

/// Whether the caller may read or write a repository's content.
fn sees(call: &Call, key: &str, level: &str) -> bool {
    match &call.principal {
        Principal::Installation { account, permissions, repositories, .. } => {
            let have = permissions.get("contents").map_or("", String::as_str);
            key.split('/').next().is_some_and(|owner| owner.eq_ignore_ascii_case(account))
                && repositories.as_ref().is_none_or(|names| names.contains(key))
                && (have == "write" || have == level)
        }
        Principal::Person { .. } => true,
        _ => false,
    }
}

/// All or nothing: each ref must be where `beforeOid` says (all zeros: nowhere), or none moves.
fn update_refs(world: &mut World, call: &Call, input: &Value) -> Result<Value, Fault> {
    let id = input["repositoryId"].as_str().unwrap_or("");
    let repo = world.repos.values().find(|repo| shape::node_id("Repository", repo.id) == id);
    let unknown = || Fault("NOT_FOUND", format!("Could not resolve to a node with the global id of '{id}'"));
    let repo = repo.filter(|repo| sees(call, &repo.key(), "read")).ok_or_else(unknown)?;
    let key = repo.key();
    let writes = match &call.principal {
        Principal::Person { login } => matches!(repo.role(login), "admin" | "maintain" | "write"),
        _ => sees(call, &key, "write"),
    };
    if !writes {
        return Err(Fault("FORBIDDEN", "Resource not accessible by integration".into()));
    }
    let mut moves = Vec::new();
    for update in input["refUpdates"].as_array().into_iter().flatten() {
        let name = update["name"].as_str().unwrap_or("");
        if !name.starts_with("refs/") || !well_formed(name) {
            return Err(Fault("UNPROCESSABLE", format!("{name} is not a valid ref name")));
        }
        let now = repo.refs.get(name);
        if let Some(before) = update["beforeOid"].as_str()
            && before != now.map_or(ZERO, Sha::as_str)
        {
            let at = now.map_or(ZERO, Sha::as_str);
            return Err(Fault("STALE_DATA", format!("{name} is at {at} but expected {before}")));
        }
        let to = match update["afterOid"].as_str().unwrap_or("") {
            ZERO => None,
            sha => Some(super::refs::existing(repo, Some(sha), name)?),
        };
        if let (Some(now), Some(to)) = (now, &to)
            && update["force"] != true
            && !fast_forward(repo, now, to)?
        {
            return Err(Fault("UNPROCESSABLE", format!("{name} cannot be updated: not a fast-forward")));
        }
        if now.is_none() {
            super::refs::nested(repo, name)?;
        }
        moves.push(RefMove { name: name.into(), to });
    }
    move_refs(world, &key, &moves, &call.login())?;
    Ok(json!({ "clientMutationId": input["clientMutationId"] }))
}
