//! The benchmark's workloads, small: what a guest returns is what its native twin computes, bit for bit.

mod data;
mod guest;
#[path = "guests/bench/src/kernels.rs"]
mod kernels;
mod native;
mod node;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;

use crate::harness::{component, random};

/// Equal, and floats in every bit.
fn same(left: &[RecordBatch], right: &[RecordBatch]) {
    let together = |batches: &[RecordBatch]| concat_batches(batches[0].schema_ref(), batches).unwrap();
    let (left, right) = (together(left), together(right));
    assert_eq!(left.num_rows(), right.num_rows());
    for (left, right) in left.columns().iter().zip(right.columns()) {
        let (left, right) = (left.to_data(), right.to_data());
        assert_eq!(left, right);
        for (left, right) in left.buffers().iter().zip(right.buffers()) {
            assert_eq!(left.as_slice(), right.as_slice());
        }
    }
}

#[test]
fn guests_and_their_native_twins_are_equal() {
    let _timed = crate::harness::Timed::new("boundary::guests_and_their_native_twins_are_equal");
    let sandbox = guest::sandbox();
    let bench = guest::load(&sandbox, &std::fs::read(component("tests/guests/bench")).unwrap());
    let through = |transformation: &str, batches: &[RecordBatch]| {
        let (mut run, mut out) = (guest::open(&bench, transformation), Vec::new());
        for batch in batches {
            guest::through(&mut run, batch, |batch| out.push(batch));
        }
        out
    };
    for rows in [1, 7, 8, 1_000, 8_192, 20_001] {
        let numbers = data::numbers(3, rows);
        let filtered: Vec<_> = numbers.iter().map(|rows| native::filter(rows, data::LIMIT)).collect();
        let by_arrow: Vec<_> = numbers
            .iter()
            .map(|rows| native::filter_by_arrow(rows, data::LIMIT))
            .collect();
        same(&filtered, &by_arrow);
        // A batch may leave nothing, and then there is no output.
        if filtered.iter().any(|rows| rows.num_rows() > 0) {
            same(&through("filter", &numbers), &filtered);
            same(&through("filter_by", &numbers), &filtered);
            same(&through("filter_by_taking", &numbers), &filtered);
        }
        let copied: Vec<_> = numbers.iter().map(native::copy_numbers).collect();
        same(&through("pass", &numbers), &copied);
        let amounts: Vec<_> = numbers.iter().map(|rows| rows.project(&[1]).unwrap()).collect();
        let scores: Vec<_> = amounts.iter().map(native::flops).collect();
        same(&through("flops", &amounts), &scores);
        same(&through("flops_by_unary", &amounts), &scores);
        let scores: Vec<_> = amounts.iter().map(native::polynomials).collect();
        same(&through("polynomials", &amounts), &scores);
        for ascii in [true, false] {
            let texts = data::texts(3, rows, ascii);
            let copied: Vec<_> = texts.iter().map(native::copy_texts).collect();
            same(&through("pass_utf8", &texts), &copied);
        }
    }
}

#[test]
fn the_node_is_the_expression() {
    let _timed = crate::harness::Timed::new("boundary::the_node_is_the_expression");
    let sandbox = guest::sandbox();
    let bench = guest::load(&sandbox, &std::fs::read(component("tests/guests/bench")).unwrap());
    let batches = data::numbers(20, 3_000);
    let (mut by_guest, mut by_expression) = (Vec::new(), Vec::new());
    crate::harness::runtime().block_on(async {
        let plan = node::by_guest(&batches, &bench, &node::guests());
        node::run(&plan, |batch| by_guest.push(batch)).await;
        node::run(&node::by_expression(&batches), |batch| by_expression.push(batch)).await;
    });
    same(&by_guest, &by_expression);
}
