//! Guests that hand over too much.

use expect_test::expect;
use sandglass_runtime::Limits;

use super::world::{fails, fails_within, limits};
use crate::harness::Timed;

#[test]
fn floods_meet_a_limit() {
    let _timed = Timed::new("hostile::floods::floods_meet_a_limit");
    fails(
        "empty_logs",
        expect!["guest: the guest hit its limit of log bytes in `next`: used 65552 bytes, allowed 65536 bytes"],
    );
    fails(
        "giant_log",
        expect![
            "guest: the guest hit its limit of bytes handed to the host in one call in `next`: used 8.0 MiB, allowed 8.0 MiB"
        ],
    );
    fails(
        "many_logs",
        expect!["guest: the guest hit its limit of log bytes in `next`: used 65546 bytes, allowed 65536 bytes"],
    );
    fails(
        "odd_failure",
        expect!["invalid: the guest failed in `push`: �[2J��1mall is well� (input 4294967295, row 4294967295)"],
    );
    fails(
        "outputs_of_bytes",
        expect!["guest: the guest hit its limit of output rows in `next`: used 131072 rows, allowed 10000 rows"],
    );
    fails(
        "outputs_of_nothing",
        expect![
            "after 1000 outputs, guest: the guest broke its contract in `next`: 1001 outputs without a row, one after another"
        ],
    );
    fails(
        "outputs_of_rows",
        expect![
            "after 10 outputs, guest: the guest hit its limit of output rows in `next`: used 11000 rows, allowed 10000 rows"
        ],
    );
    fails(
        "rejections",
        expect!["after 1 outputs, guest: the guest broke its contract in `next`: row 0 is rejected twice"],
    );
}

#[test]
fn what_is_giant_is_refused_or_cut_short() {
    let _timed = Timed::new("hostile::floods::what_is_giant_is_refused_or_cut_short");
    for (name, too_much_for_a_call, enough_for_a_call) in [
        (
            "giant_failure",
            expect![
                "guest: the guest hit its limit of bytes handed to the host in one call in `push`: used 8.0 MiB, allowed 8.0 MiB"
            ],
            expect![
                "guest: the guest failed in `push`: hahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahaha […]"
            ],
        ),
        (
            "giant_output",
            expect![
                "guest: the guest hit its limit of bytes handed to the host in one call in `next`: used 8.0 MiB, allowed 8.0 MiB"
            ],
            expect!["guest: the guest hit its limit of output rows in `next`: used 26214400 rows, allowed 10000 rows"],
        ),
        (
            "giant_rejection",
            expect![
                "guest: the guest hit its limit of bytes handed to the host in one call in `next`: used 8.0 MiB, allowed 8.0 MiB"
            ],
            expect!["guest: the guest hit its limit of output bytes in `next`: used 63.0 MiB, allowed 16.0 MiB"],
        ),
    ] {
        let large = Limits {
            memory_bytes: 512 << 20,
            ..limits()
        };
        fails_within(name, &large, too_much_for_a_call);
        let larger = Limits {
            call_bytes: 512 << 20,
            ..large
        };
        fails_within(name, &larger, enough_for_a_call);
    }
}
