//! Contracts that cannot be.

use expect_test::expect;

use super::texts::component;
use super::world::{World, drive, ids, limits, refused};
use crate::harness::Timed;

#[test]
fn contracts_are_checked() {
    let _timed = Timed::new("hostile::contracts::contracts_are_checked");
    refused(&component("deep_contract"), expect![[""]]);
    refused(&component("less_deep_contract"), expect![[""]]);
    refused(&component("wide_contract"), expect![[""]]);
    refused(&component("endless_struct"), expect![[""]]);
    refused(&component("empty_lists"), expect![[""]]);
    refused(&component("no_transformations"), expect![[""]]);
    refused(&component("terminal_name"), expect![[""]]);
    refused(&component("terminal_input"), expect![[""]]);
    refused(&component("memory_dependent"), expect![[""]]);
}

/// A component is asked once for each load, in a store of its own: a count of its calls says nothing to it.
#[test]
fn a_component_describes_itself_the_same_each_time() {
    let _timed = Timed::new("hostile::contracts::a_component_describes_itself_the_same_each_time");
    let world = World::shared();
    let load = || world.load(&component("counter"), &limits()).unwrap();
    let (first, second) = (load(), load());
    assert_eq!(first.contracts(), second.contracts());
    drive(&first, "liar", &limits(), &ids()).1.unwrap_err();
    assert_eq!(load().contracts(), first.contracts());
    world.assert_clean();
}
