//! Guests that do not come to an end: the deadline does.

use expect_test::expect;

use super::world::{brief, fails_within};
use crate::harness::Timed;

#[test]
fn deadlines_end_what_does_not_end() {
    let _timed = Timed::new("hostile::endless::deadlines_end_what_does_not_end");
    fails_within(
        "calls_without_a_loop",
        &brief(),
        expect!["guest: the guest hit its limit of time inside the guest in `next`: used …, allowed 0.300 s"],
    );
    fails_within(
        "fill_without_end",
        &brief(),
        expect!["guest: the guest hit its limit of time inside the guest in `next`: used …, allowed 0.300 s"],
    );
    fails_within("loop_in_drop", &brief(), expect!["no error"]);
    fails_within(
        "loop_in_end_keys",
        &brief(),
        expect!["guest: the guest hit its limit of time inside the guest in `end-keys`: used …, allowed 0.300 s"],
    );
    fails_within(
        "loop_in_finish",
        &brief(),
        expect!["guest: the guest hit its limit of time inside the guest in `finish`: used …, allowed 0.300 s"],
    );
    fails_within(
        "loop_in_next",
        &brief(),
        expect!["guest: the guest hit its limit of time inside the guest in `next`: used …, allowed 0.300 s"],
    );
    fails_within(
        "loop_in_open",
        &brief(),
        expect!["guest: the guest hit its limit of time inside the guest in `open`: used …, allowed 0.300 s"],
    );
    fails_within(
        "loop_in_push",
        &brief(),
        expect!["guest: the guest hit its limit of time inside the guest in `push`: used …, allowed 0.300 s"],
    );
}
