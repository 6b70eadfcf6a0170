//! Every GraphQL document that is sent, against GitHub's own schema (`tests/fixtures/graphql`).

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use apollo_compiler::{ExecutableDocument, Schema, validation::Valid};

fn schema() -> Valid<Schema> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/graphql/schema.graphql");
    Schema::parse_and_validate(std::fs::read_to_string(path).unwrap(), "schema.graphql").unwrap()
}

fn faults(schema: &Valid<Schema>, document: &str) -> Option<String> {
    let checked = ExecutableDocument::parse_and_validate(schema, document, "document.graphql");
    checked.err().map(|wrong| wrong.errors.to_string())
}

#[test]
fn every_document_is_one_that_github_understands() {
    let schema = schema();
    let documents = pointsman_github::documents();
    assert!(!documents.is_empty());
    for document in documents {
        assert_eq!(faults(&schema, document), None, "{document}");
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
        assert!(broken != *document && faults(&schema, &broken).is_some(), "{broken}");
    }
}
