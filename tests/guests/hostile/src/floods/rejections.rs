use crate::behaviour::{Behaviour, Output, Rejection, rows};

/// Always has another output that rejects the first row.
pub fn behaviour() -> Behaviour {
    Behaviour::next("rejections", || {
        Some(Output {
            rejected: vec![Rejection {
                row: 0,
                message: "again".to_owned(),
            }],
            ..rows(0)
        })
    })
}
