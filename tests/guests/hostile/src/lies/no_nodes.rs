use crate::behaviour::{Behaviour, ids};

/// No nodes at all.
pub fn behaviour() -> Behaviour {
    Behaviour::lie("no_nodes", ids(), |output| {
        output.batch.nodes.clear();
    })
}
