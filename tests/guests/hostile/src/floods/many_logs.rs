use crate::behaviour::Behaviour;
use crate::bindings::sandglass::transform::log::{Level, log};

/// Logs without end.
pub fn behaviour() -> Behaviour {
    Behaviour::next("many_logs", || {
        loop {
            log(Level::Info, "still here");
        }
    })
}
