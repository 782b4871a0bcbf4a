//! Outputs that are not what they say.

mod aligned_fewer;
mod aligned_more;
mod aligned_rejection;
mod aligned_swapped;
mod bad_utf8;
mod byte_booleans;
mod double_rejection;
mod falling_offsets;
mod falling_source_rows;
mod far_offsets;
mod far_rejection;
mod far_source_rows;
mod few_source_rows;
mod forbidden_nulls;
mod forbidden_nulls_in_list;
mod huge_fixed_list;
mod huge_flags;
mod huge_list;
mod huge_number;
mod huge_text;
mod large_decimal;
mod late_offsets;
mod long_offsets;
mod long_validity;
mod long_values;
mod more_buffers;
mod more_nodes;
mod more_nulls_than_rows;
mod narrow_binary;
mod narrow_kind;
mod near_offsets;
mod negative_end;
mod negative_offsets;
mod no_buffers;
mod no_nodes;
mod no_source_rows;
mod null_key;
mod nulls_without_validity;
mod rejection_in_finish;
mod rows_in_finish;
mod short_fixed_list;
mod short_list;
mod short_offsets;
mod short_values;
mod small_decimal;
mod split_utf8;
mod surrogate_utf8;
mod text_for_number;
mod text_in_list;
mod uneven_map;
mod uneven_struct;
mod validity_without_nulls;
mod wrong_length;
mod wrong_null_count;
mod wrong_rows;

use crate::behaviour::Behaviour;

pub fn behaviours() -> Vec<Behaviour> {
    vec![
        aligned_fewer::behaviour(),
        aligned_more::behaviour(),
        aligned_rejection::behaviour(),
        aligned_swapped::behaviour(),
        bad_utf8::behaviour(),
        byte_booleans::behaviour(),
        double_rejection::behaviour(),
        falling_offsets::behaviour(),
        falling_source_rows::behaviour(),
        far_offsets::behaviour(),
        far_rejection::behaviour(),
        far_source_rows::behaviour(),
        few_source_rows::behaviour(),
        forbidden_nulls::behaviour(),
        forbidden_nulls_in_list::behaviour(),
        huge_fixed_list::behaviour(),
        huge_flags::behaviour(),
        huge_list::behaviour(),
        huge_number::behaviour(),
        huge_text::behaviour(),
        large_decimal::behaviour(),
        late_offsets::behaviour(),
        long_offsets::behaviour(),
        long_validity::behaviour(),
        long_values::behaviour(),
        more_buffers::behaviour(),
        more_nodes::behaviour(),
        more_nulls_than_rows::behaviour(),
        narrow_binary::behaviour(),
        narrow_kind::behaviour(),
        near_offsets::behaviour(),
        negative_end::behaviour(),
        negative_offsets::behaviour(),
        no_buffers::behaviour(),
        no_nodes::behaviour(),
        no_source_rows::behaviour(),
        null_key::behaviour(),
        nulls_without_validity::behaviour(),
        rejection_in_finish::behaviour(),
        rows_in_finish::behaviour(),
        short_fixed_list::behaviour(),
        short_list::behaviour(),
        short_offsets::behaviour(),
        short_values::behaviour(),
        small_decimal::behaviour(),
        split_utf8::behaviour(),
        surrogate_utf8::behaviour(),
        text_for_number::behaviour(),
        text_in_list::behaviour(),
        uneven_map::behaviour(),
        uneven_struct::behaviour(),
        validity_without_nulls::behaviour(),
        wrong_length::behaviour(),
        wrong_null_count::behaviour(),
        wrong_rows::behaviour(),
    ]
}
