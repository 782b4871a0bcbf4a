//! What the kernels return, computed natively: what they are checked against, and the time that theirs is compared with.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{Float64Type, Int64Type};

/// The columns of a kernel's output.
pub fn of(kernel: &str, rows: &RecordBatch) -> Vec<ArrayRef> {
    match kernel {
        "filter" | "filter_plain" => filter(rows),
        "per_key" => per_key(rows),
        "text" => text(rows),
        "flops" => flops(rows),
        other => panic!("{other}"),
    }
}

fn filter(rows: &RecordBatch) -> Vec<ArrayRef> {
    let ids = rows.column(0).as_primitive::<Int64Type>().values();
    let amounts = rows.column(1).as_primitive::<Float64Type>().values();
    let count = ids.len();
    let (mut kept_ids, mut kept_amounts) = (vec![0; count], vec![0.0; count]);
    // Without a branch on the data, which is what the processor would wait for.
    let mut place = 0;
    for (id, amount) in ids.iter().zip(amounts) {
        kept_ids[place] = *id;
        kept_amounts[place] = *amount;
        place += usize::from(*amount > 0.5);
    }
    kept_ids.truncate(place);
    kept_amounts.truncate(place);
    vec![
        Arc::new(Int64Array::from(kept_ids)),
        Arc::new(Float64Array::from(kept_amounts)),
    ]
}

fn per_key(rows: &RecordBatch) -> Vec<ArrayRef> {
    let keys = rows.column(0).as_primitive::<Int64Type>().values();
    let amounts = rows.column(2).as_primitive::<Float64Type>().values();
    let mut done = 0;
    let (mut seen, mut counts, mut sums, mut most) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for group in keys.chunk_by(|left, right| left == right) {
        let first = done;
        done += group.len();
        let amounts = &amounts[first..first + group.len()];
        seen.push(group[0]);
        counts.push(group.len() as i64);
        sums.push(amounts.iter().fold(0.0, |sum, amount| sum + amount));
        most.push(amounts.iter().copied().fold(f64::NEG_INFINITY, f64::max));
    }
    vec![
        Arc::new(Int64Array::from(seen)),
        Arc::new(Int64Array::from(counts)),
        Arc::new(Float64Array::from(sums)),
        Arc::new(Float64Array::from(most)),
    ]
}

fn text(rows: &RecordBatch) -> Vec<ArrayRef> {
    let addresses = rows.column(0).as_string::<i32>();
    let domain = |address: &str| Some(address.rsplit_once('@')?.1.to_ascii_lowercase());
    let domains: StringArray = addresses.iter().map(|address| address.and_then(domain)).collect();
    let lengths: Int64Array = addresses.iter().map(|address| Some(address?.len() as i64)).collect();
    vec![Arc::new(domains), Arc::new(lengths)]
}

fn flops(rows: &RecordBatch) -> Vec<ArrayRef> {
    let x = rows.column(0).as_primitive::<Float64Type>().values();
    let y = x
        .iter()
        .map(|x| (0..25).fold(0.0, |y, place| y * x + 1.0 / f64::from(place + 1)));
    vec![Arc::new(y.collect::<Float64Array>())]
}
