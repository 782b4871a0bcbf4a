//! Guests that take what they may not have, and guests that trap.

use expect_test::expect;

use super::world::fails;
use crate::harness::Timed;

#[test]
fn what_is_refused_ends_the_run() {
    let _timed = Timed::new("hostile::greedy::what_is_refused_ends_the_run");
    fails("deep_recursion", expect![[""]]);
    fails("memory_at_once", expect![[""]]);
    fails("memory_refused", expect![[""]]);
    fails("memory_step_by_step", expect![[""]]);
    fails("out_of_bounds", expect![[""]]);
    fails("trap_after_outputs", expect![[""]]);
}
