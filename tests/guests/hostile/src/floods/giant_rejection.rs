use crate::behaviour::{Behaviour, Rejection, ids};

/// A reason of 20 MiB for each of its rows.
pub fn behaviour() -> Behaviour {
    Behaviour::lie("giant_rejection", ids(), |output| {
        output.rejected = (0..output.batch.rows)
            .map(|row| Rejection {
                row,
                message: "no ".repeat(7 << 20),
            })
            .collect();
    })
}
