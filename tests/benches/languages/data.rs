//! Rows for the kernels.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};

use super::random::Random;

/// Batches for each kernel.
pub struct Sets {
    amounts: Vec<RecordBatch>,
    keyed: Vec<RecordBatch>,
    texts: Vec<RecordBatch>,
    numbers: Vec<RecordBatch>,
}

impl Sets {
    pub fn of(&self, kernel: &str) -> &[RecordBatch] {
        match kernel {
            "per_key" => &self.keyed,
            "text" => &self.texts,
            "flops" => &self.numbers,
            _ => &self.amounts,
        }
    }
}

/// So many batches of so many rows for each kernel, the same every time.
pub fn sets(batches: usize, rows: usize) -> Sets {
    let mut random = Random(1);
    let mut numbers = |count: usize| -> Float64Array {
        (0..count)
            .map(|_| Some((random.next() >> 11) as f64 / (1_u64 << 53) as f64))
            .collect()
    };
    let batch = |columns: Vec<(&str, ArrayRef, bool)>| RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let ids = |first: usize| -> Int64Array { (first..first + rows).map(|id| Some(id as i64 * 1_000_003)).collect() };
    let amounts = (0..batches)
        .map(|index| {
            let (ids, amounts) = (ids(index * rows), numbers(rows));
            batch(vec![("id", Arc::new(ids), false), ("amount", Arc::new(amounts), false)])
        })
        .collect();
    // Ten rows a key; the last key of a batch has fewer.
    let keyed = (0..batches)
        .map(|index| {
            let keys: Int64Array = (0..rows).map(|row| Some((index * rows + row / 10) as i64)).collect();
            let times =
                TimestampMicrosecondArray::from_iter_values((0..rows).map(|row| row as i64 % 10)).with_timezone("UTC");
            let amounts = numbers(rows);
            batch(vec![
                ("key", Arc::new(keys), false),
                ("time", Arc::new(times), false),
                ("amount", Arc::new(amounts), false),
            ])
        })
        .collect();
    let numbers_of = (0..batches)
        .map(|_| batch(vec![("x", Arc::new(numbers(rows)), false)]))
        .collect();
    let mut random = Random(2);
    let texts = (0..batches)
        .map(|_| {
            let texts: StringArray = (0..rows)
                .map(|_| match random.below(20) {
                    0 => None,
                    1 => Some("nobody at home".to_owned()),
                    other => Some(format!("Person.{}@Mail{other}.Example.COM", random.below(100_000))),
                })
                .collect();
            batch(vec![("address", Arc::new(texts), true)])
        })
        .collect();
    Sets {
        amounts,
        keyed,
        texts,
        numbers: numbers_of,
    }
}
