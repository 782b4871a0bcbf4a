//! Components that are hostile before there is a run: in what they import and export, at their start, in `describe`, and below it in the canonical ABI.

use expect_test::expect;

use super::texts::component;
use super::world::{fails_in_run, refused};
use crate::harness::Timed;

#[test]
fn imports_and_exports_are_the_contracts() {
    let _timed = Timed::new("hostile::components::imports_and_exports_are_the_contracts");
    refused(&component("wasi_clock"), expect![[""]]);
    refused(&component("wasi_files_and_sockets"), expect![[""]]);
    refused(&component("log_of_tomorrow"), expect![[""]]);
    refused(&component("shout"), expect![[""]]);
    refused(&component("log_of_numbers"), expect![[""]]);
    refused(&component("no_exports"), expect![[""]]);
    refused(&component("other_exports"), expect![[""]]);
    refused(&component("other_describe"), expect![[""]]);
    refused(&component("imported_module"), expect![[""]]);
    refused(&component("uninstantiable"), expect![[""]]);
}

#[test]
fn nothing_at_start_harms_the_host() {
    let _timed = Timed::new("hostile::components::nothing_at_start_harms_the_host");
    refused(&component("giant_memory"), expect![[""]]);
    refused(&component("giant_table"), expect![[""]]);
    refused(&component("loop_in_start"), expect![[""]]);
    refused(&component("many_memories"), expect![[""]]);
    refused(&component("memory64"), expect![[""]]);
    refused(&component("memory_at_start"), expect![[""]]);
    refused(&component("relaxed_simd"), expect![[""]]);
    refused(&component("table_at_start"), expect![[""]]);
    refused(&component("threads"), expect![[""]]);
    refused(&component("trap_in_start"), expect![[""]]);
}

#[test]
fn describe_is_a_call_like_any_other() {
    let _timed = Timed::new("hostile::components::describe_is_a_call_like_any_other");
    refused(&component("aliased_strings"), expect![[""]]);
    refused(&component("bad_text"), expect![[""]]);
    refused(&component("kind_out_of_range"), expect![[""]]);
    refused(&component("list_out_of_bounds"), expect![[""]]);
    refused(&component("list_past_the_end"), expect![[""]]);
    refused(&component("log_in_post_return"), expect![[""]]);
    refused(&component("log_level_out_of_range"), expect![[""]]);
    refused(&component("log_out_of_bounds"), expect![[""]]);
    refused(&component("loop_in_describe"), expect![[""]]);
    refused(&component("loop_in_post_return"), expect![[""]]);
    refused(&component("misaligned_list"), expect![[""]]);
    refused(&component("misaligned_result"), expect![[""]]);
    refused(&component("recursion_in_describe"), expect![[""]]);
    refused(&component("result_of_neither"), expect![[""]]);
    refused(&component("result_out_of_bounds"), expect![[""]]);
    refused(&component("scope_out_of_range"), expect![[""]]);
    refused(&component("string_out_of_bounds"), expect![[""]]);
    refused(&component("string_past_the_end"), expect![[""]]);
    refused(&component("table_growth"), expect![[""]]);
    refused(&component("trap_in_describe"), expect![[""]]);
}

#[test]
fn no_call_goes_back_while_another_is_made() {
    let _timed = Timed::new("hostile::components::no_call_goes_back_while_another_is_made");
    fails_in_run(&component("handle_from_nowhere"), expect![[""]]);
    fails_in_run(&component("honest"), expect![[""]]);
    fails_in_run(&component("log_in_realloc"), expect![[""]]);
    fails_in_run(&component("loop_in_realloc"), expect![[""]]);
    fails_in_run(&component("odd_bool"), expect![[""]]);
    fails_in_run(&component("realloc_misaligned"), expect![[""]]);
    fails_in_run(&component("realloc_out_of_bounds"), expect![[""]]);
}
