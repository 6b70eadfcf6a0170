//! The records suite: compare-and-swap, and an expiry that every method keeps to.

mod expiry;
mod swapping;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use pointsman_core::port::{ErrorKind, Expect, PortError, Record, Records, Version};

use crate::Subject;

/// Records that are empty, or shared with other runs: cases use keys of their own.
pub type Port = Arc<dyn Records>;

cases! {
    ($) records_suite, records, Port;

    swapping::what_was_put_is_got_unchanged,
    swapping::what_is_not_there_is_none,
    swapping::absent_wins_only_once,
    swapping::a_version_wins_only_while_it_is_the_last,
    swapping::a_version_of_nothing_is_a_conflict,
    swapping::anything_always_wins,
    swapping::every_write_makes_another_version,
    swapping::a_version_is_not_used_again_after_a_delete,
    swapping::of_sixteen_first_writes_at_once_one_wins,
    swapping::of_sixteen_updates_at_once_one_wins,
    swapping::deleting_keeps_to_what_it_expects,
    swapping::deleting_what_is_absent_is_success,
    swapping::records_are_listed_in_byte_order_and_bounded,
    swapping::a_prefix_is_text_and_no_pattern,
    swapping::a_value_of_64_kb_is_taken_and_a_megabyte_refused,
    swapping::what_was_put_outlives_a_crash if restarts,
    expiry::an_expired_record_is_absent_for_get_and_list,
    expiry::an_expired_record_is_absent_for_put_if,
    expiry::an_expired_record_is_absent_for_delete,
    expiry::a_record_without_expiry_stays,
    expiry::a_later_write_sets_the_expiry_anew,
    expiry::a_record_expires_over_a_crash if restarts,
}

/// How long an expiring record of a case lives.
fn life(subject: &Subject<Port>) -> Duration {
    subject.capabilities.visibility
}

/// A prefix that no other case uses.
fn folder() -> String {
    format!("routed/case-{:016x}/", fastrand::u64(..))
}

async fn get(subject: &Subject<Port>, key: &str) -> Option<Record> {
    subject.ports.get(key).await.expect("records can be read")
}

/// Writes without expiry.
async fn try_put(
    subject: &Subject<Port>,
    key: &str,
    value: &str,
    expect: Expect,
) -> Result<Version, PortError> {
    subject.ports.put_if(key, Bytes::from(value.to_owned()), expect, None).await
}

/// Writes without expiry, which must succeed.
async fn put(subject: &Subject<Port>, key: &str, value: &str, expect: Expect) -> Version {
    try_put(subject, key, value, expect).await.expect("the record can be written")
}

/// The write or removal was refused.
fn assert_conflict<T: std::fmt::Debug>(result: Result<T, PortError>) {
    let error = result.expect_err("it is refused");
    assert_eq!(error.kind, ErrorKind::Conflict, "{error}");
}
