//! Rows for the boundary's workloads, the same ones for the same numbers.

use std::sync::Arc;

use arrow::array::{Float64Array, Int64Array, RecordBatch, StringArray};

use super::random::Random;

/// Amounts are in [0, 1): about half of them are above it, in no order.
pub const LIMIT: f64 = 0.5;

fn amounts(random: &mut Random, rows: usize) -> Float64Array {
    (0..rows)
        .map(|_| Some((random.next() >> 11) as f64 / (1u64 << 53) as f64))
        .collect()
}

/// `id: int64, amount: float64` without nulls.
pub fn numbers(batches: usize, rows: usize) -> Vec<RecordBatch> {
    let mut random = Random(1);
    let batch = |_| {
        let ids = Int64Array::from_iter_values((0..rows).map(|_| random.next() as i64));
        let amounts = Float64Array::from(amounts(&mut random, rows).values().to_vec());
        RecordBatch::try_from_iter([("id", Arc::new(ids) as _), ("amount", Arc::new(amounts) as _)]).unwrap()
    };
    (0..batches).map(batch).collect()
}

/// `text: utf8` without nulls: 4 to 20 characters, in one row of sixteen with one beyond ASCII.
pub fn texts(batches: usize, rows: usize, ascii: bool) -> Vec<RecordBatch> {
    let mut random = Random(2);
    let batch = |_| {
        let mut text = || {
            let (length, letter) = (4 + random.below(17) as usize, b'a' + random.below(26) as u8);
            let tail = if ascii || random.below(16) > 0 { "z" } else { "é" };
            format!("{}{tail}", char::from(letter).to_string().repeat(length - 1))
        };
        let texts = StringArray::from_iter_values((0..rows).map(|_| text()));
        RecordBatch::try_from_iter([("text", Arc::new(texts) as _)]).unwrap()
    };
    (0..batches).map(batch).collect()
}
