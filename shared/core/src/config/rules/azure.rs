//! Rules of Azure: where things are, and what Service Bus cannot keep.

use super::Findings;
use crate::{
    config::{
        aws::check_prefix,
        azure::{check_amqp, check_container, check_place},
        fault::Fault,
        node::Cursor,
    },
    port::SecretRef,
};

/// A check of a name.
type Check = fn(&str) -> Result<(), String>;

/// After all other rules: it looks at the secrets that they found.
pub fn check(root: &Cursor<'_>, found: &mut Findings) {
    if root.text_of("backend").is_none_or(|(_, backend)| backend != "azure") {
        return elsewhere(root, found);
    }
    let checks: [(&str, Check); 7] = [
        ("amqp", check_amqp),
        ("namespace", check_place),
        ("account", check_place),
        ("container", check_container),
        ("records", check_container),
        ("vault", check_place),
        ("prefix", check_prefix),
    ];
    for (key, check) in checks {
        if let Some((cursor, text)) = root.get("azure").as_ref().and_then(|azure| azure.text_of(key))
            && let Err(message) = check(text)
        {
            found.faults.push(cursor.fault(message));
        }
    }
    no_literals(found);
    held(root, found);
    of_the_server(root, found);
}

/// Nothing of Azure without its backend.
fn elsewhere(root: &Cursor<'_>, found: &mut Findings) {
    if let Some(at) = root.key_at("azure") {
        let fault = Fault::new("azure", at, "this section is for `backend: azure`");
        found.faults.push(fault.hint("write `backend: azure`, or remove the section"));
    }
    for secret in &found.secrets {
        if matches!(secret.reference, SecretRef::AzureSecret { .. }) {
            let message =
                format!("{} lies in Azure Key Vault, which only `backend: azure` reads", secret.reference);
            let fault = Fault::new(&secret.path, secret.at, message);
            found.faults.push(fault.hint("use env:NAME or file:PATH"));
        }
    }
}

/// A configuration that is packed into a function app holds no secret.
fn no_literals(found: &mut Findings) {
    for secret in &found.secrets {
        if matches!(secret.reference, SecretRef::Literal(_)) {
            let message = "a secret written into the configuration is not for `backend: azure`: it would be packed \
                           into the function app";
            let fault = Fault::new(&secret.path, secret.at, message);
            found.faults.push(fault.hint("keep it in Key Vault: azure-kv:NAME or azure-kv:NAME#key"));
        }
    }
}

fn held(root: &Cursor<'_>, found: &mut Findings) {
    for subscription in root.list("subscriptions") {
        if let Some((cursor, "hold")) = subscription.text_of("on_poison") {
            let message = "Service Bus cannot hold a session for a person: a message that fails for good would have to \
                           be dead-lettered, and its session goes on";
            let hint = "leave `on_poison` out, and use `pointsman dead-letters QUEUE retry`";
            found.faults.push(cursor.fault(message).hint(hint));
        }
    }
}

/// What only `pointsman serve` minds.
fn of_the_server(root: &Cursor<'_>, found: &mut Findings) {
    for key in ["listen", "data", "admin"] {
        if let Some(at) = root.key_at(key) {
            let warning =
                Fault::new(key, at, "this is for `pointsman serve`, which `backend: azure` has not");
            found.warnings.push(warning.hint("remove it: nothing minds it"));
        }
    }
}
