//! Guests that do not come to an end: the deadline does.

use expect_test::expect;

use super::world::{brief, fails_within};
use crate::harness::Timed;

#[test]
fn deadlines_end_what_does_not_end() {
    let _timed = Timed::new("hostile::endless::deadlines_end_what_does_not_end");
    fails_within("calls_without_a_loop", &brief(), expect![[""]]);
    fails_within("fill_without_end", &brief(), expect![[""]]);
    fails_within("loop_in_drop", &brief(), expect![[""]]);
    fails_within("loop_in_end_keys", &brief(), expect![[""]]);
    fails_within("loop_in_finish", &brief(), expect![[""]]);
    fails_within("loop_in_next", &brief(), expect![[""]]);
    fails_within("loop_in_open", &brief(), expect![[""]]);
    fails_within("loop_in_push", &brief(), expect![[""]]);
}
