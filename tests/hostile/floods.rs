//! Guests that hand over too much.

use expect_test::expect;
use sandglass_runtime::Limits;

use super::world::{fails, fails_within, limits};
use crate::harness::Timed;

#[test]
fn floods_meet_a_limit() {
    let _timed = Timed::new("hostile::floods::floods_meet_a_limit");
    fails("empty_logs", expect![[""]]);
    fails("giant_log", expect![[""]]);
    fails("many_logs", expect![[""]]);
    fails("odd_failure", expect![[""]]);
    fails("outputs_of_bytes", expect![[""]]);
    fails("outputs_of_nothing", expect![[""]]);
    fails("outputs_of_rows", expect![[""]]);
    fails("rejections", expect![[""]]);
}

#[test]
fn what_is_giant_is_refused_or_cut_short() {
    let _timed = Timed::new("hostile::floods::what_is_giant_is_refused_or_cut_short");
    for (name, too_much_for_a_call, enough_for_a_call) in [
        ("giant_failure", expect![[""]]),
        ("giant_output", expect![[""]]),
        ("giant_rejection", expect![[""]]),
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
