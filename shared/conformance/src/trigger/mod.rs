//! The trigger suite: what a stage gets, and what becomes of its outcome, is the same on every host.
//!
//! A host's test file says how its triggers are pulled ([`Host`]); the suite brings the stages, and looks at what they saw
//! and at what the queues were told.

mod host;
mod input;
mod lines;
mod order;
mod poison;
mod requests;
mod runs;
mod stand;
mod together;

pub use host::{Ended, Flags, Handler, Host, LOOSE, ORDERED, Ports, Run, Webhooks};

cases! {
    ($) trigger_suite, trigger, Ports, Flags;

    // A request becomes the stage's input, unchanged.
    requests::a_recorded_delivery_reaches_the_stage_byte_for_byte,
    requests::any_bytes_reach_the_stage_unchanged,
    requests::every_header_reaches_the_stage_with_its_name_in_lower_case,
    requests::behind_a_trusted_proxy_the_sender_is_whom_it_names,
    requests::the_longest_body_reaches_the_stage,
    requests::a_longer_body_is_413_and_never_reaches_the_stage if refuses_larger,
    requests::what_is_no_webhook_never_reaches_the_stage,

    // Its outcome becomes the answer.
    requests::every_outcome_has_the_answer_that_core_gives_it,
    requests::a_panic_is_a_500_and_the_next_request_is_served,

    // A message becomes the stage's input, unchanged.
    input::a_message_reaches_the_stage_as_it_was_sent,
    input::an_event_without_its_data_reaches_the_stage_by_reference,
    input::a_message_without_a_session_reaches_the_stage_without_one,

    // What is done is done; the rest comes again, in order.
    order::what_is_done_or_skipped_never_comes_again,
    order::a_sessions_messages_are_handled_one_after_another_in_order,
    order::after_a_failure_the_later_messages_of_the_session_wait_untouched,
    order::a_failure_holds_up_no_other_session,
    order::messages_without_a_session_stand_each_for_itself,
    order::retry_is_not_before_its_time if exact_after,
    order::throttling_counts_no_attempt,
    order::a_panic_is_a_retry_and_costs_no_other_session_anything,

    // What fails for good is a dead letter, and only that.
    poison::a_rejected_message_is_a_dead_letter_and_its_session_goes_on,
    poison::a_dead_letter_is_the_message_as_it_was_sent,
    poison::one_poison_in_ten_is_one_dead_letter,
    poison::one_poison_among_ten_sessions_is_one_dead_letter,
    poison::what_can_never_succeed_dies_at_once,
    poison::a_stages_own_retry_is_bounded_too,
    poison::throttling_ends_with_the_messages_age if exact_after,

    // A stage that takes all of a session at once.
    together::all_that_waits_of_a_session_is_handed_over_at_once if together,
    together::of_several_that_failed_together_only_the_first_counts_an_attempt if together,
    together::of_several_that_are_rejected_together_only_the_guilty_one_dies if together,

    // What is told of it, and what it belongs to.
    lines::each_webhook_is_one_line_with_the_same_fields,
    lines::each_handled_message_is_one_line_with_the_same_fields,
    lines::a_stage_goes_on_in_its_messages_trace_as_a_span_of_its_own,

    // Schedules and orders.
    runs::a_schedule_runs_the_stage_at_its_time if runs,
    runs::an_order_reaches_the_stage_as_it_was_given if runs,
    runs::what_became_of_a_run_is_told if runs,
}
