//! Outputs that are not what they say: every lie has an error that names the column and what is wrong.

use expect_test::expect;

use super::world::fails;
use crate::harness::Timed;

#[test]
fn every_lie_is_told() {
    let _timed = Timed::new("hostile::lies::every_lie_is_told");
    fails("aligned_fewer", expect![[""]]);
    fails("aligned_more", expect![[""]]);
    fails("aligned_rejection", expect![[""]]);
    fails("aligned_swapped", expect![[""]]);
    fails("bad_utf8", expect![[""]]);
    fails("byte_booleans", expect![[""]]);
    fails("double_rejection", expect![[""]]);
    fails("falling_offsets", expect![[""]]);
    fails("falling_source_rows", expect![[""]]);
    fails("far_offsets", expect![[""]]);
    fails("far_rejection", expect![[""]]);
    fails("far_source_rows", expect![[""]]);
    fails("few_source_rows", expect![[""]]);
    fails("forbidden_nulls", expect![[""]]);
    fails("forbidden_nulls_in_list", expect![[""]]);
    fails("huge_fixed_list", expect![[""]]);
    fails("huge_flags", expect![[""]]);
    fails("huge_list", expect![[""]]);
    fails("huge_number", expect![[""]]);
    fails("huge_text", expect![[""]]);
    fails("large_decimal", expect![[""]]);
    fails("late_offsets", expect![[""]]);
    fails("long_offsets", expect![[""]]);
    fails("long_validity", expect![[""]]);
    fails("long_values", expect![[""]]);
    fails("more_buffers", expect![[""]]);
    fails("more_nodes", expect![[""]]);
    fails("more_nulls_than_rows", expect![[""]]);
    fails("narrow_binary", expect![[""]]);
    fails("narrow_kind", expect![[""]]);
    fails("near_offsets", expect![[""]]);
    fails("negative_end", expect![[""]]);
    fails("negative_offsets", expect![[""]]);
    fails("no_buffers", expect![[""]]);
    fails("no_nodes", expect![[""]]);
    fails("no_source_rows", expect![[""]]);
    fails("null_key", expect![[""]]);
    fails("nulls_without_validity", expect![[""]]);
    fails("rejection_in_finish", expect![[""]]);
    fails("rows_in_finish", expect![[""]]);
    fails("short_fixed_list", expect![[""]]);
    fails("short_list", expect![[""]]);
    fails("short_offsets", expect![[""]]);
    fails("short_values", expect![[""]]);
    fails("small_decimal", expect![[""]]);
    fails("split_utf8", expect![[""]]);
    fails("surrogate_utf8", expect![[""]]);
    fails("text_for_number", expect![[""]]);
    fails("text_in_list", expect![[""]]);
    fails("uneven_map", expect![[""]]);
    fails("uneven_struct", expect![[""]]);
    fails("validity_without_nulls", expect![[""]]);
    fails("wrong_length", expect![[""]]);
    fails("wrong_null_count", expect![[""]]);
    fails("wrong_rows", expect![[""]]);
}
