//! Rules of AWS: where things are, and what SQS cannot keep.

use std::time::Duration;

use super::Findings;
use crate::{
    config::{
        aws::{check_bucket, check_prefix, check_table},
        fault::Fault,
        node::Cursor,
    },
    port::SecretRef,
};

/// SQS keeps no message longer.
const KEPT: Duration = Duration::from_secs(14 * 24 * 60 * 60);
/// So long SQS remembers a dedup id, whatever anybody would like.
pub const DEDUP_WINDOW: Duration = Duration::from_secs(5 * 60);

/// A check of a name.
type Check = fn(&str) -> Result<(), String>;

/// After all other rules: it looks at the secrets that they found.
pub fn check(root: &Cursor<'_>, found: &mut Findings) {
    if root.text_of("backend").is_none_or(|(_, backend)| backend != "aws") {
        return elsewhere(root, found);
    }
    let checks: [(&str, Check); 3] =
        [("bucket", check_bucket), ("table", check_table), ("prefix", check_prefix)];
    for (key, check) in checks {
        if let Some((cursor, text)) = root.get("aws").as_ref().and_then(|aws| aws.text_of(key))
            && let Err(message) = check(text)
        {
            found.faults.push(cursor.fault(message));
        }
    }
    no_literals(found);
    kept(root, found);
    held(root, found);
    of_the_server(root, found);
}

/// Nothing of AWS without its backend.
fn elsewhere(root: &Cursor<'_>, found: &mut Findings) {
    if let Some(at) = root.key_at("aws") {
        let fault = Fault::new("aws", at, "this section is for `backend: aws`");
        found.faults.push(fault.hint("write `backend: aws`, or remove the section"));
    }
    for secret in &found.secrets {
        if matches!(secret.reference, SecretRef::AwsSecret { .. }) {
            let message =
                format!("{} lies in AWS Secrets Manager, which only `backend: aws` reads", secret.reference);
            let fault = Fault::new(&secret.path, secret.at, message);
            found.faults.push(fault.hint("use env:NAME or file:PATH"));
        }
    }
}

/// A configuration that is packed into functions holds no secret.
fn no_literals(found: &mut Findings) {
    for secret in &found.secrets {
        if matches!(secret.reference, SecretRef::Literal(_)) {
            let message = "a secret written into the configuration is not for `backend: aws`: it would be packed \
                           into every function";
            let fault = Fault::new(&secret.path, secret.at, message);
            found.faults.push(fault.hint("keep it in Secrets Manager: aws-sm:NAME or aws-sm:NAME#key"));
        }
    }
}

/// What SQS keeps, and how long.
fn kept(root: &Cursor<'_>, found: &mut Findings) {
    if let Some((cursor, text)) = root.get("retention").as_ref().and_then(|it| it.text_of("dead_letters"))
        && humantime::parse_duration(text).is_ok_and(|time| time > KEPT)
    {
        let fault = cursor.fault(format!("`{text}` is longer than SQS keeps a dead letter (14d)"));
        found
            .faults
            .push(fault.hint("14d at most; the archive keeps the delivery, and `replay` sends it again"));
    }
    for (_, queue) in root.get("queues").iter().flat_map(Cursor::entries) {
        if let Some((cursor, text)) = queue.text_of("dedup_window")
            && humantime::parse_duration(text).is_ok_and(|time| time != DEDUP_WINDOW)
        {
            let fault = cursor.fault(format!("`{text}` cannot be had: SQS's dedup window is always 5m"));
            found.faults.push(fault.hint("leave `dedup_window` out, or write 5m"));
        }
    }
}

fn held(root: &Cursor<'_>, found: &mut Findings) {
    for subscription in root.list("subscriptions") {
        if let Some((cursor, "hold")) = subscription.text_of("on_poison") {
            let message = "SQS cannot hold a session for a person: a message that fails for good would have to be \
                           dead-lettered, and its session goes on";
            let hint = "leave `on_poison` out, and use `pointsman dead-letters QUEUE retry`";
            found.faults.push(cursor.fault(message).hint(hint));
        }
    }
}

/// What only `pointsman serve` minds.
fn of_the_server(root: &Cursor<'_>, found: &mut Findings) {
    for key in ["listen", "data", "admin"] {
        if let Some(at) = root.key_at(key) {
            let warning = Fault::new(key, at, "this is for `pointsman serve`, which `backend: aws` has not");
            found.warnings.push(warning.hint("remove it: nothing minds it"));
        }
    }
}
