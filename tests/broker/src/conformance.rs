//! The suite. Each function is a test; a name here and in [`conformance_tests!`] is all a new one needs.
//!
//! Rules: every topic, group and id is new ([`client::unique`](crate::client::unique)); counts are exact; nothing is
//! timed but what the protocol times itself.

pub mod groups;
pub mod offsets;
pub mod records;
pub mod transactions;

/// Makes a test on each broker of each function of the suite.
#[macro_export]
macro_rules! conformance_tests {
    () => {
        $crate::conformance_tests! { @ records:
            a_topic_is_created_once_with_the_partitions_asked_for,
            a_record_whose_answer_was_lost_is_written_once,
            every_codec_round_trips,
            null_empty_and_large_values_stay_what_they_are,
            headers_and_timestamps_are_kept_as_they_were,
            watermarks_and_times_lead_to_offsets,
        }
        $crate::conformance_tests! { @ groups:
            a_group_reads_every_record_once_and_goes_on_where_it_committed,
            two_members_share_the_partitions_by_range,
            two_members_share_the_partitions_cooperatively,
            two_members_share_the_partitions_by_kip_848,
            a_second_consumer_with_the_same_instance_id_fences_the_first,
        }
        $crate::conformance_tests! { @ transactions:
            aborted_records_are_hidden_from_read_committed,
            an_open_transaction_holds_back_later_records,
            the_last_stable_offset_waits_for_the_oldest_of_two_transactions,
            watermarks_stop_at_the_last_stable_offset_for_read_committed_only,
            a_second_producer_with_the_same_id_fences_the_first_for_good,
            init_during_an_open_transaction_aborts_it_at_once,
            init_during_a_prepared_transaction_waits_for_its_markers,
            a_transaction_past_its_timeout_is_aborted_and_its_late_commit_fenced,
            a_late_end_of_a_transaction_commits_the_torn_next_one,
            a_late_end_of_a_transaction_is_refused_after_a_new_init,
        }
        $crate::conformance_tests! { @ offsets:
            offsets_in_an_open_transaction_are_unstable_until_it_commits,
            offsets_of_an_aborted_transaction_vanish,
            offsets_by_a_former_generation_are_refused,
            offsets_by_a_member_that_left_are_refused,
            offsets_by_nobody_are_accepted_in_a_live_group,
        }
    };
    (@ $group:ident: $($test:ident,)*) => {
        mod $group {
            use $crate::conformance::$group::*;
            $crate::on_both_brokers! { $($test,)* }
        }
    };
}
