//! What every online store promises, as tests that a store joins by one line: a [`Fixture`] and `conformance!`. What is of one store
//! only (its files, its processes that are killed, its damage) has its tests beside its code.

pub mod ends;
mod fixtures;
pub mod full_disk;
pub mod handles;
pub mod items;
pub mod kit;
pub mod loads;
pub mod model;
pub mod reads;
pub mod switches;
pub mod writes;

use std::sync::Arc;

use sandglass::online::OnlineStore;

/// A store of its own for one test.
pub trait Fixture: Send + Sync {
    /// Another one, empty.
    fn another(&self) -> Box<dyn Fixture>;

    /// A handle to the store's data, as another process would have it. A handle that is dropped is a process that has ended.
    fn open(&self) -> Arc<dyn OnlineStore>;

    /// Whether a change is seen whole or not at all, by whoever reads meanwhile.
    fn writes_are_whole(&self) -> bool;
}

macro_rules! conformance {
    ($store:ident, $fixture:expr) => {
        mod $store {
            use super::*;

            conformance! { @cases $fixture;
                reads {
                    an_empty_store_has_nothing
                    keys_of_several_views_are_read_by_one_call
                    views_versions_and_workspaces_do_not_mix
                    keys_of_any_length_and_any_bytes
                    keys_that_begin_alike_for_480_bytes
                    a_scan_is_complete_and_in_the_order_of_keys
                    items_and_changes_are_counted
                }
                items {
                    values_of_every_kind_come_back_to_the_bit
                    items_of_a_mebibyte
                    what_is_not_visible_is_given_back
                    states_come_back_as_they_were
                }
                loads {
                    what_is_loaded_is_read_after_the_switch_and_not_before
                    a_load_of_nothing_is_a_generation
                    items_come_in_any_order_and_of_one_key_the_last_stays
                    a_load_that_fails_leaves_what_is_live
                    generations_have_numbers_of_their_own
                }
                switches {
                    of_two_who_switch_one_is_told
                    what_was_written_since_is_not_hidden
                    a_switch_that_was_not_looked_at_first_is_refused
                    the_same_generation_twice
                    a_generation_that_is_not_there
                    a_view_that_nobody_knows
                    what_was_live_may_be_live_again
                    versions_take_turns
                }
                writes {
                    puts_and_deletes_are_read_together_with_their_state
                    deletes_come_before_puts
                    what_comes_as_it_is_made_is_one_change
                    a_change_of_nothing_moves_the_state
                    an_older_writer_is_refused_and_nothing_has_changed
                    equal_and_newer_writers_are_not
                    a_change_of_what_has_been_changed_since_is_refused
                    a_change_of_what_is_not_live_is_refused
                    a_state_that_could_not_be_read_is_refused
                    many_items_and_large_ones_in_one_change
                }
                ends {
                    a_view_that_is_taken_down_is_gone
                    taking_down_what_somebody_else_switched_is_a_conflict
                    a_sweep_waits_for_its_grace
                    a_sweep_leaves_what_is_built_and_takes_what_nobody_builds
                    a_sweep_is_of_one_view
                }
                handles {
                    a_reader_sees_what_another_handle_did
                    two_handles_write_in_turns
                    readers_never_see_half_of_a_change
                    readers_never_see_half_of_a_switch
                    of_many_who_switch_at_once_one_does
                }
                model { the_store_is_a_map }
            }
        }
    };
    (@cases $fixture:expr; $($topic:ident { $($case:ident)* })*) => {
        $(mod $topic {
            use super::*;

            $(#[test]
            fn $case() {
                crate::stores::$topic::$case(&$fixture);
            })*
        })*
    };
}

conformance!(embedded, fixtures::Embedded::new());
conformance!(dynamodb, fixtures::Dynamo::new());
