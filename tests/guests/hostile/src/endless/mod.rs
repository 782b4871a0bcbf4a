//! Guests that do not come to an end.

mod calls_without_a_loop;
mod fill_without_end;
mod loop_in_drop;
mod loop_in_end_keys;
mod loop_in_finish;
mod loop_in_next;
mod loop_in_open;
mod loop_in_push;

use crate::behaviour::Behaviour;

pub fn behaviours() -> Vec<Behaviour> {
    vec![
        calls_without_a_loop::behaviour(),
        fill_without_end::behaviour(),
        loop_in_drop::behaviour(),
        loop_in_end_keys::behaviour(),
        loop_in_finish::behaviour(),
        loop_in_next::behaviour(),
        loop_in_open::behaviour(),
        loop_in_push::behaviour(),
    ]
}

fn forever() -> ! {
    let mut n = 0u64;
    loop {
        n = std::hint::black_box(n.wrapping_add(1));
    }
}
