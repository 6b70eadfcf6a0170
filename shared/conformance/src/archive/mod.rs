//! The archive suite: written once, never changed, listed in the byte order of keys.

mod keeping;
mod listing;

use std::sync::Arc;

use pointsman_core::port::{Archive, Object};

/// An archive that is empty, or shared with other runs: cases use keys of their own.
pub type Port = Arc<dyn Archive>;

cases! {
    ($) archive_suite, archive, Port;

    keeping::what_was_put_is_got_unchanged,
    keeping::bodies_of_every_kind_are_kept_byte_for_byte,
    keeping::metadata_of_any_text_is_kept,
    keeping::a_second_put_is_a_conflict_whatever_its_bytes,
    keeping::of_sixteen_puts_at_once_one_wins,
    keeping::what_is_not_there_is_not_found_and_named,
    keeping::deleting_removes_and_may_be_repeated,
    keeping::a_deleted_key_can_be_put_again,
    keeping::objects_of_equal_bytes_do_not_lose_them_with_one_another,
    keeping::keys_of_every_sign_are_different_keys,
    keeping::what_was_put_outlives_a_crash if restarts,
    listing::keys_are_listed_in_byte_order,
    listing::a_listing_tells_size_and_time,
    listing::a_listing_is_bounded_and_goes_on_after_a_key,
    listing::a_prefix_is_text_and_no_pattern,
    listing::a_key_is_listed_under_its_whole_self_as_prefix,
    listing::after_may_be_a_key_that_is_not_there,
}

/// A prefix that no other case uses.
fn folder() -> String {
    format!("deliveries/case-{:016x}/", fastrand::u64(..))
}

/// An object of these bytes, without metadata.
fn object(body: &str) -> Object {
    Object { body: body.to_owned().into(), metadata: Default::default() }
}
