//! Contracts that cannot be.

use expect_test::expect;

use super::texts::component;
use super::world::{World, drive, ids, limits, refused};
use crate::harness::Timed;

#[test]
fn contracts_are_checked() {
    let _timed = Timed::new("hostile::contracts::contracts_are_checked");
    refused(
        &component("deep_contract"),
        expect!["guest: transformation `liar`: output: a schema of 20000 nodes, 4096 are allowed"],
    );
    refused(
        &component("less_deep_contract"),
        expect!["guest: transformation `liar`: output: column `id` is nested more than 16 deep"],
    );
    refused(
        &component("wide_contract"),
        expect!["guest: transformation `liar`: output: a schema of 100000 nodes, 4096 are allowed"],
    );
    refused(
        &component("endless_struct"),
        expect!["guest: transformation `liar`: input `liar`: the schema ends where a child is due"],
    );
    refused(
        &component("empty_lists"),
        expect!["guest: transformation `liar`: output: column `id` is a fixed-size list of 0 elements"],
    );
    refused(
        &component("no_transformations"),
        expect!["guest: transformation `*`: the component describes no transformation"],
    );
    refused(
        &component("terminal_name"),
        expect![
            "guest: transformation `�[2J`: it has no proper name: lower-case letters, digits and `_`, at most 63, a letter first"
        ],
    );
    refused(
        &component("terminal_input"),
        expect![
            "guest: transformation `liar`: input `�[2J������������������������������������������������������������ […]` has no proper name: lower-case letters, digits and `_`, at most 63, a letter first"
        ],
    );
    refused(
        &component("memory_dependent"),
        expect![
            "guest: the component did not describe itself: the guest hit its limit of memory in `describe`: used …, allowed 32.0 MiB"
        ],
    );
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
