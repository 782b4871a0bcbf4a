//! Outputs that are not what they say: every lie has an error that names the column and what is wrong.

use expect_test::expect;

use super::world::fails;
use crate::harness::Timed;

#[test]
fn every_lie_is_told() {
    let _timed = Timed::new("hostile::lies::every_lie_is_told");
    fails(
        "aligned_fewer",
        expect![
            "after 1 outputs, guest: the guest broke its contract in `next`: 1 rows fewer came out than went in, in the aligned scope"
        ],
    );
    fails(
        "aligned_more",
        expect!["guest: the guest broke its contract in `next`: more rows came out than went in, in the aligned scope"],
    );
    fails(
        "aligned_rejection",
        expect![
            "guest: the guest broke its contract in `next`: rejected rows in the aligned scope, which has one row out for each row in"
        ],
    );
    fails(
        "aligned_swapped",
        expect!["guest: the guest broke its contract in `next`: source row 0 where row 1 is due, in the aligned scope"],
    );
    fails(
        "bad_utf8",
        expect![
            "guest: the guest broke its contract in `next`: column `note`: Invalid argument error: Invalid UTF8 sequence at string index 1 (3..6): invalid utf-8 sequence of 1 bytes from index 1"
        ],
    );
    fails(
        "byte_booleans",
        expect!["guest: the guest broke its contract in `next`: column `flag`: 3 bytes of values, there should be 1"],
    );
    fails(
        "double_rejection",
        expect!["guest: the guest broke its contract in `next`: row 1 is rejected twice"],
    );
    fails(
        "falling_offsets",
        expect![
            "guest: the guest broke its contract in `next`: column `note`: an offset of 3 after one of 6, at row 1"
        ],
    );
    fails(
        "falling_source_rows",
        expect!["guest: the guest broke its contract in `next`: source row 1 after 2"],
    );
    fails(
        "far_offsets",
        expect![
            "guest: the guest broke its contract in `next`: column `note`: 9 bytes of values, there should be 1000"
        ],
    );
    fails(
        "far_rejection",
        expect!["guest: the guest broke its contract in `next`: rejected row 3, the batch last pushed has 3"],
    );
    fails(
        "far_source_rows",
        expect!["guest: the guest broke its contract in `next`: source row 3, the batch last pushed has 3"],
    );
    fails(
        "few_source_rows",
        expect!["guest: the guest broke its contract in `next`: 2 source rows for 3 rows"],
    );
    fails(
        "forbidden_nulls",
        expect![
            "guest: the guest broke its contract in `next`: column `id`: 1 nulls, and the contract says that it has none"
        ],
    );
    fails(
        "forbidden_nulls_in_list",
        expect![
            "guest: the guest broke its contract in `next`: column `tags`: `tag`: 1 nulls, and the contract says that it has none"
        ],
    );
    fails(
        "huge_fixed_list",
        expect!["guest: the guest hit its limit of output rows in `next`: used 4294967295 rows, allowed 10000 rows"],
    );
    fails(
        "huge_flags",
        expect!["guest: the guest hit its limit of output rows in `next`: used 4294967295 rows, allowed 10000 rows"],
    );
    fails(
        "huge_list",
        expect![
            "guest: the guest broke its contract in `next`: column `tags`: `tag`: 48 bytes of values, there should be 17179869176"
        ],
    );
    fails(
        "huge_number",
        expect!["guest: the guest hit its limit of output rows in `next`: used 4294967295 rows, allowed 10000 rows"],
    );
    fails(
        "huge_text",
        expect!["guest: the guest hit its limit of output rows in `next`: used 4294967295 rows, allowed 10000 rows"],
    );
    fails(
        "large_decimal",
        expect!["guest: the guest broke its contract in `next`: column `price`: a decimal of more than 5 digits"],
    );
    fails(
        "late_offsets",
        expect![
            "guest: the guest broke its contract in `next`: column `note`: offsets that begin at 3 and not at zero"
        ],
    );
    fails(
        "long_offsets",
        expect![
            "guest: the guest broke its contract in `next`: column `note`: 20 bytes of offsets, there should be 16"
        ],
    );
    fails(
        "long_validity",
        expect!["guest: the guest broke its contract in `next`: column `id`: 2 bytes of validity, there should be 1"],
    );
    fails(
        "long_values",
        expect!["guest: the guest broke its contract in `next`: column `id`: 25 bytes of values, there should be 24"],
    );
    fails(
        "more_buffers",
        expect!["guest: the guest broke its contract in `next`: a batch of 3 buffers, its schema has 2"],
    );
    fails(
        "more_nodes",
        expect!["guest: the guest broke its contract in `next`: a batch of 2 nodes, its schema has 1"],
    );
    fails(
        "more_nulls_than_rows",
        expect![
            "guest: the guest broke its contract in `next`: column `id`: 4294967295 nulls claimed, the validity buffer has 3"
        ],
    );
    fails(
        "narrow_binary",
        expect!["guest: the guest broke its contract in `next`: column `hash`: 93 bytes of values, there should be 96"],
    );
    fails(
        "narrow_kind",
        expect!["guest: the guest broke its contract in `next`: column `id`: 12 bytes of values, there should be 24"],
    );
    fails(
        "near_offsets",
        expect!["guest: the guest broke its contract in `next`: column `note`: 9 bytes of values, there should be 6"],
    );
    fails(
        "negative_end",
        expect![
            "guest: the guest broke its contract in `next`: column `note`: an offset of -9 after one of 6, at row 2"
        ],
    );
    fails(
        "negative_offsets",
        expect![
            "guest: the guest broke its contract in `next`: column `note`: an offset of -6 after one of 0, at row 0"
        ],
    );
    fails(
        "no_buffers",
        expect!["guest: the guest broke its contract in `next`: a batch of 0 buffers, its schema has 2"],
    );
    fails(
        "no_nodes",
        expect!["guest: the guest broke its contract in `next`: a batch of 0 nodes, its schema has 1"],
    );
    fails(
        "no_source_rows",
        expect!["guest: the guest broke its contract in `next`: no source rows, and they were asked for"],
    );
    fails(
        "null_key",
        expect![
            "guest: the guest broke its contract in `next`: column `counts`: `keys`: 1 nulls, and the contract says that it has none"
        ],
    );
    fails(
        "nulls_without_validity",
        expect!["guest: the guest broke its contract in `next`: column `id`: 1 nulls without a validity buffer"],
    );
    fails(
        "rejection_in_finish",
        expect!["guest: the guest broke its contract in `next`: rejected row 0, the batch last pushed has 0"],
    );
    fails(
        "rows_in_finish",
        expect![
            "guest: the guest broke its contract in `next`: 2 rows after `finish`, in the row scope, where each comes from a row of the batch last pushed"
        ],
    );
    fails(
        "short_fixed_list",
        expect!["guest: the guest broke its contract in `next`: column `tags`: `tag`: a length of 5, it should be 6"],
    );
    fails(
        "short_list",
        expect!["guest: the guest broke its contract in `next`: column `tags`: `tag`: a length of 4, it should be 6"],
    );
    fails(
        "short_offsets",
        expect![
            "guest: the guest broke its contract in `next`: column `note`: 12 bytes of offsets, there should be 16"
        ],
    );
    fails(
        "short_values",
        expect!["guest: the guest broke its contract in `next`: column `id`: 23 bytes of values, there should be 24"],
    );
    fails(
        "small_decimal",
        expect!["guest: the guest broke its contract in `next`: column `price`: a decimal of more than 38 digits"],
    );
    fails(
        "split_utf8",
        expect![
            "guest: the guest broke its contract in `next`: column `note`: Invalid argument error: incomplete utf-8 byte sequence from index 0"
        ],
    );
    fails(
        "surrogate_utf8",
        expect![
            "guest: the guest broke its contract in `next`: column `note`: Invalid argument error: Invalid UTF8 sequence at string index 1 (3..6): invalid utf-8 sequence of 1 bytes from index 0"
        ],
    );
    fails(
        "text_for_number",
        expect!["guest: the guest broke its contract in `next`: a batch of 3 buffers, its schema has 2"],
    );
    fails(
        "text_in_list",
        expect![
            "guest: the guest broke its contract in `next`: column `tags`: `pair`: `word`: Invalid argument error: Invalid UTF8 sequence at string index 5 (15..18): invalid utf-8 sequence of 1 bytes from index 1"
        ],
    );
    fails(
        "uneven_map",
        expect![
            "guest: the guest broke its contract in `next`: column `counts`: `values`: a length of 5, it should be 6"
        ],
    );
    fails(
        "uneven_struct",
        expect!["guest: the guest broke its contract in `next`: column `place`: `y`: a length of 2, it should be 3"],
    );
    fails(
        "validity_without_nulls",
        expect!["guest: the guest broke its contract in `next`: column `id`: a validity buffer, and no nulls"],
    );
    fails(
        "wrong_length",
        expect!["guest: the guest broke its contract in `next`: column `id`: a length of 2, it should be 3"],
    );
    fails(
        "wrong_null_count",
        expect![
            "guest: the guest broke its contract in `next`: column `id`: 1 nulls claimed, the validity buffer has 2"
        ],
    );
    fails(
        "wrong_rows",
        expect!["guest: the guest broke its contract in `next`: column `id`: a length of 3, it should be 5"],
    );
}
