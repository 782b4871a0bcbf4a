//! Guests that take what they may not have, and guests that trap.

use expect_test::expect;

use super::texts::component;
use super::world::{World, drive, fails, ids, limits};
use crate::harness::Timed;

#[test]
fn what_is_refused_ends_the_run() {
    let _timed = Timed::new("hostile::greedy::what_is_refused_ends_the_run");
    fails(
        "deep_recursion",
        expect!["guest: the guest trapped in `next`: wasm trap: call stack exhausted"],
    );
    fails(
        "memory_at_once",
        expect!["guest: the guest hit its limit of memory in `next`: used …, allowed 32.0 MiB"],
    );
    fails(
        "memory_refused",
        expect!["guest: the guest hit its limit of memory in `next`: used …, allowed 32.0 MiB"],
    );
    fails(
        "memory_step_by_step",
        expect!["guest: the guest hit its limit of memory in `next`: used …, allowed 32.0 MiB"],
    );
    fails(
        "out_of_bounds",
        expect!["guest: the guest trapped in `next`: wasm trap: out of bounds memory access"],
    );
    fails(
        "trap_after_outputs",
        expect![
            "after 3 outputs, guest: the guest trapped in `next`: wasm trap: wasm `unreachable` instruction executed"
        ],
    );
}

/// A memory's slot is used again by the next run, and nothing of the one before is in it: neither what it wrote nor what it wrote
/// over.
#[test]
fn memory_is_new_for_every_run() {
    let _timed = Timed::new("hostile::greedy::memory_is_new_for_every_run");
    let world = World::shared();
    let component = world.load(&component("memory_that_remembers"), &limits()).unwrap();
    for _ in 0..50 {
        let (_, end) = drive(&component, "liar", &limits(), &ids());
        let error = end.unwrap_err().to_string();
        assert!(error.contains("trapped in `open`"), "{error}");
        world.assert_clean();
    }
}
