//! The deterministic profile: the same input gives the same bytes and uses the same fuel, whatever engine runs it.

use arrow::array::{ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch, TimestampMicrosecondArray};
use arrow::datatypes::Int64Type;
use sandglass_runtime::{Compiler, Component, Limits, Loader, Profile, Run, Sandbox, Unaccounted, Usage, lower};

use crate::harness::{Random, component, context};

const CANONICAL: i64 = 0x7ff8_0000_0000_0000;

fn load(profile: Profile) -> Component {
    let bytes = std::fs::read(component("tests/guests/good")).unwrap();
    let sandbox = Sandbox::new(profile, 2).unwrap();
    Loader::new(sandbox, Compiler::Here)
        .load(&bytes, &Limits::default())
        .unwrap()
}

fn rows(seed: u64) -> RecordBatch {
    let mut random = Random(seed);
    let amounts: Vec<f64> = (0..2_000).map(|_| random.below(1 << 20) as f64 / 7.0 + 1.0).collect();
    let columns: [(&str, ArrayRef); 3] = [
        (
            "customer_id",
            std::sync::Arc::new(Int64Array::from_iter_values(0..2_000)),
        ),
        (
            "timestamp",
            std::sync::Arc::new(TimestampMicrosecondArray::from_iter_values(0..2_000).with_timezone("UTC")),
        ),
        ("amount", std::sync::Arc::new(Float64Array::from(amounts))),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

fn run(component: &Component, transformation: &str, rows: &RecordBatch) -> (Vec<RecordBatch>, Usage) {
    let mut run = Run::open(
        component,
        transformation,
        context(1),
        &Limits::default(),
        Box::new(Unaccounted),
        |_, _| {},
    )
    .unwrap();
    let mut batches = Vec::new();
    run.push(0, &lower(rows).unwrap()).unwrap();
    while let Some(output) = run.next_output().unwrap() {
        batches.push(output.batch);
    }
    run.finish().unwrap();
    while let Some(output) = run.next_output().unwrap() {
        batches.push(output.batch);
    }
    (batches, run.usage())
}

#[test]
fn the_same_run_gives_the_same_bytes_and_uses_the_same_fuel() {
    let _timed = crate::harness::Timed::new("deterministic::the_same_run_gives_the_same_bytes_and_uses_the_same_fuel");
    let (first, second) = (load(Profile::Deterministic), load(Profile::Deterministic));
    let mut fuels = Vec::new();
    for seed in 0..3 {
        let rows = rows(seed);
        let (batches, usage) = run(&first, "nans", &rows);
        assert!(usage.fuel > 10_000, "{usage:?}");
        for component in [&first, &first, &second] {
            let again = run(component, "nans", &rows);
            assert_eq!(again.0, batches);
            assert_eq!(again.1.fuel, usage.fuel);
        }
        fuels.push(usage.fuel);
        assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 2_000);
        for (column, batch) in (2..6).flat_map(|column| batches.iter().map(move |batch| (column, batch))) {
            for bits in batch.column(column).as_primitive::<Int64Type>().values() {
                assert_eq!(*bits, CANONICAL, "column {column}: {bits:x}");
            }
        }
    }
    // Fuel is counted, not made up: half of the rows use less of it.
    let (_, half) = run(&first, "nans", &rows(0).slice(0, 1_000));
    assert!(half.fuel < fuels[0], "{half:?}, {fuels:?}");
}

/// What the profile is for: in the other one a NaN has the bits that the machine gives it, and nothing counts fuel.
#[test]
fn the_production_profile_is_another_engine() {
    let _timed = crate::harness::Timed::new("deterministic::the_production_profile_is_another_engine");
    let (batches, usage) = run(&load(Profile::Production), "nans", &rows(1));
    assert_eq!(usage.fuel, 0);
    let columns = batches[0].columns()[2..6].iter();
    let all_canonical = columns
        .map(|column| column.as_primitive::<Int64Type>())
        .all(|column| column.values().iter().all(|bits| *bits == CANONICAL));
    assert!(
        !all_canonical,
        "this machine makes canonical NaNs: the other test cannot fail on it"
    );
}
