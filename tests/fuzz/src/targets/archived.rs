//! Objects of the archive, which may not be what was put there: they are read back, or refused; none takes more memory than
//! a delivery may have.

use std::collections::HashMap;

use bytes::Bytes;
use pointsman_core::{
    form::{self, Form},
    port::Object,
    stored::Stored,
};

use super::first_line;
use crate::world::rules;

/// A header `name value`, a line; then the object's bytes.
pub fn target(data: &[u8]) {
    let (line, bytes) = first_line(data);
    let (name, value) = line.split_once(' ').unwrap_or((line, ""));
    let headers = HashMap::from([(name.to_owned(), value.to_owned())]);
    if let Ok(object) = form::object(&headers, Bytes::copy_from_slice(bytes)) {
        again(&object);
        let key = "deliveries/github/2026/11/21/12/42.13cfa000-e5a3-11f1-8080-0123456789ab";
        if let Ok(stored) = Stored::new(key, object) {
            assert_eq!(stored.delivery.archive_key(), key, "it is the delivery that its key names");
            if let Ok(id) = stored.with_facts(rules(), |_, event| event.id) {
                assert_eq!(id, stored.delivery.event_id());
            }
        }
    }
}

/// What was read can be stored, and comes back as it was.
fn again(object: &Object) {
    let Ok(form) = Form::of(object, 2_000) else { return };
    let headers = form.metadata.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let read = form::object(&headers, form.bytes).expect("what was stored can be read");
    assert_eq!((&read.body, &read.metadata), (&object.body, &object.metadata));
}
