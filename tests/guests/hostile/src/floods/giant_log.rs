use crate::behaviour::Behaviour;
use crate::bindings::sandglass::transform::log::{Level, log};

/// One log message of 20 MiB.
pub fn behaviour() -> Behaviour {
    Behaviour::next("giant_log", || {
        log(Level::Error, &"ha".repeat(10 << 20));
        None
    })
}
