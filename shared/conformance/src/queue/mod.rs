//! The queue suite: the ten promises of `Queue`, `Receiver` and `QueueAdmin`, a file a promise, and the operator's side.

mod admin;
mod attributes;
mod batches;
mod bodies;
mod comeback;
mod dead_letters;
mod dedup;
mod delay;
mod durable;
mod order;
mod pause;
mod poison;
mod receipts;
mod storm;
pub(crate) mod subject;
mod waiting;

pub use subject::{Ports, QueueMaker};

cases! {
    ($) queue_suite, queue, Ports;

    // 1: at least once.
    durable::a_message_that_is_not_completed_is_delivered_again,
    durable::a_completed_message_is_never_delivered_again,
    durable::what_was_sent_outlives_a_crash if restarts,
    durable::what_was_held_at_a_crash_is_delivered_again if restarts,
    durable::what_was_completed_before_a_crash_stays_completed if restarts,
    waiting::receive_waits_and_wakes_when_a_message_comes,
    waiting::receive_comes_back_empty_handed_when_its_wait_is_over,
    waiting::a_waiting_receiver_wakes_when_a_session_is_released,
    waiting::a_waiting_receiver_wakes_when_a_hold_expires,
    waiting::every_waiting_receiver_wakes_when_there_is_enough_for_all,
    waiting::a_receiver_that_gave_up_waiting_takes_nothing_with_it,

    // 2: in order within a session, one holder at a time.
    order::a_session_is_received_in_the_order_it_was_sent,
    order::order_holds_across_many_sends_and_receives,
    order::sessions_do_not_block_one_another,
    order::a_session_has_one_holder_at_a_time,
    order::a_session_is_free_again_once_all_that_is_held_of_it_is_settled,
    order::messages_without_a_session_do_not_wait_for_one_another,
    order::sessions_can_be_received_whole_and_only_so_many_at_once,
    order::a_named_session_is_received_alone if named_sessions,
    order::what_waits_longest_is_received_first if oldest_first,
    order::order_holds_across_a_crash if restarts,
    storm::eight_consumers_keep_order_and_hold_sessions_alone_through_a_storm,

    // 3: what comes back comes back first.
    comeback::a_message_abandoned_at_once_comes_back_before_later_ones_of_its_session,
    comeback::a_message_abandoned_for_a_time_keeps_its_session_waiting,
    comeback::an_expired_message_comes_back_before_later_ones_of_its_session,
    comeback::a_batch_given_back_last_to_first_comes_back_in_order,
    comeback::a_batch_that_expired_comes_back_in_order,
    comeback::many_holds_that_end_at_once_all_come_back,
    comeback::an_abandoned_message_waits_for_held_followers,
    comeback::a_message_that_came_back_goes_before_one_that_was_sent_meanwhile,
    comeback::an_abandoned_message_without_a_session_comes_back,

    // 4: once within the window.
    dedup::a_second_message_of_one_dedup_id_is_not_enqueued,
    dedup::a_duplicate_is_not_enqueued_after_the_first_was_completed_either,
    dedup::after_the_window_the_same_dedup_id_is_enqueued_again if short_dedup_window,
    dedup::a_duplicate_does_not_lengthen_the_window if exact_time,
    dedup::two_of_one_dedup_id_in_one_batch_are_enqueued_once,
    dedup::one_dedup_id_in_two_queues_is_enqueued_in_both,
    dedup::messages_without_a_dedup_id_are_never_duplicates,
    dedup::a_duplicate_is_told_with_the_first_ones_name if tells_duplicates,
    dedup::sixteen_at_once_of_one_dedup_id_are_enqueued_once,
    dedup::a_duplicate_is_known_after_a_crash if restarts,

    // 5: delays are kept or refused.
    delay::a_delay_is_kept_or_refused_and_never_ignored,
    delay::a_delay_within_a_session_is_refused_as_invalid,
    delay::a_delayed_message_comes_when_its_time_has_come if delays,
    delay::a_delayed_message_holds_up_no_other if delays,
    delay::a_waiting_receiver_gets_a_message_when_its_delay_is_over if delays,
    delay::a_delay_outlives_a_crash if restarts & delays,

    // 6: dead letters.
    dead_letters::after_max_deliveries_failures_a_message_is_a_dead_letter,
    dead_letters::a_dead_letter_has_its_message_and_tells_why_and_when_it_died,
    dead_letters::a_handler_can_dead_letter_a_message_at_once,
    dead_letters::a_session_goes_on_after_its_poison_died,
    dead_letters::a_message_given_back_untouched_counts_no_attempt,
    dead_letters::one_poison_and_nine_followers_are_one_dead_letter,
    dead_letters::an_expiry_counts_an_attempt_for_the_first_of_a_batch_only,
    dead_letters::an_expiry_counts_for_each_message_without_a_session,
    dead_letters::a_message_that_expires_too_often_is_a_dead_letter,
    dead_letters::attempts_are_counted_from_one,
    dead_letters::die_retry_die_retry_within_the_window_loses_nothing,
    dead_letters::a_message_of_one_dedup_id_can_die_again_after_the_window if short_dedup_window,
    dead_letters::a_dead_letter_that_fails_stays_a_dead_letter,
    dead_letters::attempts_and_dead_letters_outlive_a_crash if restarts,

    // 7: receipts.
    receipts::renewing_extends_a_hold,
    receipts::renewing_one_of_a_batch_keeps_its_session_held,
    receipts::renew_tells_until_when if exact_time,
    receipts::a_hold_lasts_as_long_as_was_asked_for,
    receipts::an_expired_receipt_is_refused,
    receipts::a_receipt_is_void_once_its_message_is_completed,
    receipts::a_receipt_is_void_once_its_message_is_given_back,
    receipts::a_receipt_is_void_once_its_message_is_dead_lettered,
    receipts::an_older_receipt_cannot_settle_a_later_delivery,
    receipts::a_receipt_that_never_was_is_refused,

    // 8: batches.
    batches::an_unknown_queue_is_told_for_each_message_with_the_known_ones,
    batches::every_call_refuses_an_unknown_queue,
    batches::one_refused_message_does_not_hold_back_the_others,
    batches::one_void_receipt_does_not_hold_back_the_others,
    batches::an_empty_batch_has_an_empty_answer,
    batches::a_large_batch_is_sent_whole_and_in_order,
    batches::no_more_than_asked_for_is_received,

    // 9: bodies.
    bodies::every_byte_value_passes_unchanged,
    bodies::an_empty_body_passes,
    bodies::the_largest_body_passes_unchanged,
    bodies::three_pieces_arrive_as_one,
    bodies::messages_that_share_a_piece_do_not_lose_it_with_one_another,
    bodies::bodies_outlive_a_crash_unchanged if restarts,

    // 10: attributes.
    attributes::attributes_correlation_and_trace_context_arrive,
    attributes::attributes_of_any_text_arrive,
    attributes::attributes_survive_failures_and_the_dead_letter_queue,
    attributes::a_session_of_the_longest_length_and_any_sign_arrives,
    attributes::the_time_of_enqueue_is_told if exact_time,

    // The operator's side.
    admin::queues_are_listed_by_name_without_dead_letters,
    admin::stats_count_what_waits_what_is_held_and_what_is_delayed if exact_admin,
    admin::stats_count_dead_letters if exact_admin,
    admin::stats_tell_the_oldest_message if exact_admin,
    admin::peek_shows_messages_in_order_and_takes_none if exact_admin,
    admin::peek_pages_after_a_message if exact_admin,
    admin::peek_shows_failed_attempts_and_dead_letters if exact_admin,
    admin::purge_removes_all_that_nobody_holds if exact_admin,
    admin::purge_removes_only_the_named if exact_admin,
    admin::purge_lets_a_session_go_on if exact_admin,

    // What fails for good can be held for a person.
    poison::a_session_waits_behind_its_poison_and_others_go_on if holds & named_sessions,
    poison::a_held_message_tells_why_as_a_dead_letter_does if holds,
    poison::a_released_message_is_as_if_it_had_never_failed if holds,
    poison::a_released_message_can_be_held_again if holds,
    poison::a_buried_message_is_a_dead_letter_and_its_session_goes_on if holds,
    poison::a_purged_poison_frees_its_session if holds,
    poison::what_a_receiver_has_in_hand_behind_a_poison_goes_back if holds,
    poison::what_comes_before_a_poison_is_handed_out_again if holds,
    poison::a_receiver_that_never_comes_back_leaves_its_session_held if holds,
    poison::a_poison_without_a_session_dies_as_ever if holds,
    poison::a_dead_letter_is_never_held if holds,
    poison::only_what_is_held_can_be_decided_about if holds,
    poison::a_held_session_outlives_a_crash if holds & restarts,

    // A queue can be paused.
    pause::a_paused_queue_hands_nothing_out_and_takes_everything_in if pauses,
    pause::what_is_held_of_a_paused_queue_can_be_settled if pauses,
    pause::a_receiver_waits_until_its_queue_is_resumed if pauses,
    pause::a_queue_that_is_not_there_cannot_be_paused if pauses,
    pause::dead_letters_can_be_paused_too if pauses,
    pause::a_pause_outlives_a_crash if pauses & restarts,
}
