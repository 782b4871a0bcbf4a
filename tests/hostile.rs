//! Guests that misbehave fail alone, each with an error of its own: after every case the next run of the same component and
//! of another one are as they should be.

mod bombs;
mod components;
mod contracts;
mod endless;
mod floods;
mod greedy;
mod lies;
mod rounds;
mod texts;
mod world;

pub use rounds::{child as rounds_child_process, parent as rounds_process};

#[test]
fn rounds() {
    let _timed = crate::harness::Timed::new("hostile::rounds");
    rounds_process();
}

#[test]
#[ignore = "run by hostile::rounds"]
fn rounds_child() {
    rounds_child_process();
}
