use crate::behaviour::{Behaviour, Node, ids};

/// A node more than its columns have.
pub fn behaviour() -> Behaviour {
    Behaviour::lie("more_nodes", ids(), |output| {
        output.batch.nodes.push(Node {
            length: 3,
            null_count: 0,
        });
    })
}
