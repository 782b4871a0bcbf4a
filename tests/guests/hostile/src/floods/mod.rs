//! Guests that hand over too much.

mod empty_logs;
mod giant_failure;
mod giant_log;
mod giant_output;
mod giant_rejection;
mod many_logs;
mod odd_failure;
mod outputs_of_bytes;
mod outputs_of_nothing;
mod outputs_of_rows;
mod rejections;

use crate::behaviour::Behaviour;

pub fn behaviours() -> Vec<Behaviour> {
    vec![
        empty_logs::behaviour(),
        giant_failure::behaviour(),
        giant_log::behaviour(),
        giant_output::behaviour(),
        giant_rejection::behaviour(),
        many_logs::behaviour(),
        odd_failure::behaviour(),
        outputs_of_bytes::behaviour(),
        outputs_of_nothing::behaviour(),
        outputs_of_rows::behaviour(),
        rejections::behaviour(),
    ]
}
