//! Every GraphQL document that is sent, against GitHub's own schema (`tests/fixtures/graphql`).

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use graphql_tools::{
    parser::{parse_query, parse_schema},
    static_graphql::schema::Document,
    validation::{rules::default_rules_validation_plan, validate::validate},
};

/// What every schema has and none says; the validator wants it said.
const BUILT_IN: &str = "scalar ID scalar String scalar Boolean scalar Int scalar Float";

fn schema() -> Document {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/graphql/schema.graphql");
    let text = std::fs::read_to_string(path).unwrap() + BUILT_IN;
    parse_schema(&text).unwrap().into_static()
}

fn faults(schema: &Document, document: &str) -> Vec<String> {
    let document = match parse_query(document) {
        Ok(document) => document.into_static(),
        Err(error) => return vec![error.to_string()],
    };
    let found = validate(schema, &document, &default_rules_validation_plan());
    found.into_iter().map(|fault| fault.message).collect()
}

#[test]
fn every_document_is_one_that_github_understands() {
    let schema = schema();
    let documents = pointsman_github::documents();
    assert!(!documents.is_empty());
    for document in documents {
        assert_eq!(faults(&schema, document), [] as [&str; 0], "{document}");
    }
}

#[test]
fn a_wrong_document_is_found() {
    let schema = schema();
    let [document] = pointsman_github::documents() else { panic!("more documents: break each of them here") };
    for (right, wrong) in
        [("refUpdates", "refUpdate"), ("[RefUpdate!]!", "[String!]!"), ("clientMutationId", "ref")]
    {
        let broken = document.replace(right, wrong);
        assert!(broken != *document && !faults(&schema, &broken).is_empty(), "{broken}");
    }
}
