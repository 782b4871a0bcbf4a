//! tests
#[test]
fn t(){}
