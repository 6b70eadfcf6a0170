//! The ledger suite: a delivery is written once, each of its queues gets it once, and a half is never left.

mod again;
mod entry;
mod first;

pub use entry::Ports;

cases! {
    ($) ledger_suite, ledger, Ports;

    first::a_first_commit_stores_and_sends_to_every_queue,
    first::an_entry_without_messages_is_stored,
    first::the_mark_tells_where_the_delivery_lies_and_who_has_it,
    first::a_mark_expires_when_it_may_be_forgotten,
    first::deliveries_of_one_session_are_received_in_the_order_of_commits,
    first::an_unknown_queue_leaves_no_half_untold,
    first::what_was_committed_outlives_a_crash if restarts,
    first::the_archive_keeps_bytes_that_a_completed_message_shared,
    first::a_message_keeps_bytes_that_a_deleted_object_shared,
    again::the_same_entry_again_is_a_duplicate_and_sends_nothing,
    again::the_same_entry_after_its_window_sends_nothing_while_it_is_marked,
    again::a_queue_that_the_mark_lacks_is_sent_to_alone,
    again::without_a_mark_all_are_sent_to_and_the_window_keeps_them_once,
    again::without_a_mark_and_after_the_window_all_are_sent_to if short_dedup_window,
    again::other_bytes_are_told_and_nothing_is_written,
    again::the_marks_archive_key_counts_where_the_entrys_differs,
    again::other_bytes_under_the_marks_archive_key_are_told,
    again::of_a_hundred_commits_at_once_each_queue_gets_one_message,
    again::the_same_entry_after_a_crash_is_a_duplicate if restarts,
}
