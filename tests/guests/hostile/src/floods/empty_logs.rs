use crate::behaviour::Behaviour;
use crate::bindings::sandglass::transform::log::{Level, log};

/// Calls the host without end, with nothing to say.
pub fn behaviour() -> Behaviour {
    Behaviour::next("empty_logs", || {
        loop {
            log(Level::Debug, "");
        }
    })
}
