//! What the boundary costs. `cargo bench --bench boundary -- [part of a title]… [--rounds 15]`; the tables go to stdout.
//!
//! Rows come from memory (a set much larger than the cache, batch after batch) or from the cache (one batch again and again). A
//! batch's result is dropped before the next. The same workloads are compared bit for bit by `tests/boundary.rs`.
#![expect(clippy::unwrap_used, reason = "a benchmark that fails may panic")]
#![expect(unreachable_pub, reason = "its modules are those of a test")]

#[path = "../boundary/data.rs"]
mod data;
#[path = "../boundary/guest.rs"]
mod guest;
#[path = "../guests/bench/src/kernels.rs"]
mod kernels;
#[path = "../boundary/native.rs"]
mod native;
#[path = "../boundary/node.rs"]
mod node;
#[path = "../harness/random.rs"]
mod random;
#[path = "../boundary/rounds.rs"]
mod rounds;

use std::hint::black_box;
use std::path::Path;

use arrow::array::RecordBatch;
use rounds::{Variant, compare, variant};
use sandglass_runtime::{Component, Sandbox, lower};

/// Rows of one measurement.
const ROWS: usize = 8 << 20;
/// Rows of a batch, and how many of them fill the memory or come from the cache.
const SIZES: [(&str, usize); 3] = [("1k", 1 << 10), ("8k", 8 << 10), ("64k", 64 << 10)];

struct Asked {
    titles: Vec<String>,
    rounds: usize,
}

impl Asked {
    fn of(mut arguments: impl Iterator<Item = String>) -> Self {
        let (mut titles, mut rounds) = (Vec::new(), 15);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--rounds" => rounds = arguments.next().unwrap().parse().unwrap(),
                "--bench" => {}
                _ => titles.push(argument),
            }
        }
        Self { titles, rounds }
    }

    fn is(&self, title: &str) -> bool {
        self.titles.is_empty() || self.titles.iter().any(|part| title.contains(part))
    }

    fn compare<'a>(&self, title: &str, unit: &str, work: usize, variants: impl FnOnce() -> Vec<Variant<'a>>) {
        if self.is(title) {
            compare(title, unit, work, self.rounds, variants());
        }
    }
}

fn main() {
    let asked = Asked::of(std::env::args().skip(1));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let sandbox = guest::sandbox();
    let built = |path: &str| sandglass::project::build(&root, path, true).unwrap().bytes;
    let bytes = built("tests/guests/bench");
    let bench = guest::load(&sandbox, &bytes);
    rows(&asked, &bench);
    calls(&asked, &bench);
    load(
        &asked,
        &sandbox,
        &bytes,
        &built("examples/purchases/transformations/purchases"),
    );
    plans(&asked, &bench);
}

/// Every size, from memory and from the cache.
fn rows(asked: &Asked, bench: &Component) {
    let guest = |transformation: &str| {
        let mut run = guest::open(bench, transformation);
        move |batch: &RecordBatch| guest::through(&mut run, batch, |out| drop(black_box(out)))
    };
    for (size, rows) in SIZES {
        for (place, count) in [("memory", ROWS / rows), ("cache", 1)] {
            let title = |workload: &str| format!("{workload}, {size}, {place}");
            let wanted = |workload: &str| asked.is(&title(workload));
            let times = ROWS / rows / count;
            // Each batch of the set in turn, so often that all measurements are of as many rows.
            let each = |batches: &[RecordBatch], work: &mut dyn FnMut(&RecordBatch)| {
                for _ in 0..times {
                    for batch in batches {
                        work(batch);
                    }
                }
            };
            let native =
                |work: fn(&RecordBatch) -> RecordBatch| move |batch: &RecordBatch| drop(black_box(work(batch)));
            let versus = |workload: &str, batches: &[RecordBatch], ways: Vec<(&'static str, Way<'_>)>| {
                let variants = ways
                    .into_iter()
                    .map(|(name, mut way)| variant(name, move || each(batches, &mut way)));
                asked.compare(&title(workload), "ns/row", ROWS, || variants.collect());
            };
            if wanted("filter") || wanted("pass") || wanted("flops") {
                let numbers = data::numbers(count, rows);
                let ways: Vec<(&'static str, Way<'_>)> = vec![
                    (
                        "native, branchless",
                        Box::new(native(|rows| native::filter(rows, data::LIMIT))),
                    ),
                    (
                        "native, arrow `gt` and `filter_record_batch`",
                        Box::new(native(|rows| native::filter_by_arrow(rows, data::LIMIT))),
                    ),
                    ("guest, `Output::retain`", Box::new(guest("filter"))),
                    ("guest, `Output::retain_by`", Box::new(guest("filter_by"))),
                    (
                        "guest, `rows_where` and `take_rows`",
                        Box::new(guest("filter_by_taking")),
                    ),
                ];
                versus("filter", &numbers, ways);
                let ways: Vec<(&'static str, Way<'_>)> = vec![
                    ("native, copy", Box::new(native(native::copy_numbers))),
                    ("guest", Box::new(guest("pass"))),
                ];
                versus("pass", &numbers, ways);
                let amounts: Vec<_> = numbers.iter().map(|rows| rows.project(&[1]).unwrap()).collect();
                let ways: Vec<(&'static str, Way<'_>)> = vec![
                    ("native", Box::new(native(native::flops))),
                    ("guest, `map_float64`", Box::new(guest("flops"))),
                    ("guest, arrow `unary`", Box::new(guest("flops_by_unary"))),
                ];
                versus("flops", &amounts, ways);
                let ways: Vec<(&'static str, Way<'_>)> = vec![
                    ("native", Box::new(native(native::polynomials))),
                    ("guest, `map_float64`", Box::new(guest("polynomials"))),
                ];
                versus("flops, 26 constants", &amounts, ways);
            }
            for (workload, ascii) in [("utf8, ascii", true), ("utf8, beyond ascii", false)] {
                if wanted(workload) {
                    let texts = data::texts(count, rows, ascii);
                    let ways: Vec<(&'static str, Way<'_>)> = vec![
                        ("native, copy", Box::new(native(native::copy_texts))),
                        ("guest", Box::new(guest("pass_utf8"))),
                    ];
                    versus(workload, &texts, ways);
                }
            }
        }
    }
}

type Way<'a> = Box<dyn FnMut(&RecordBatch) + 'a>;

/// Calls without rows, and runs without calls.
fn calls(asked: &Asked, bench: &Component) {
    const TIMES: usize = 20_000;
    let empty = lower(&data::numbers(1, 0)[0]).unwrap();
    asked.compare("calls", "ns", TIMES, || {
        let (mut pushed, mut drained) = (guest::open(bench, "filter"), guest::open(bench, "filter"));
        vec![
            variant("empty push, next, finish", move || {
                for _ in 0..TIMES {
                    pushed.push(0, &empty).unwrap();
                    assert!(pushed.next_output().unwrap().is_none());
                    pushed.finish().unwrap();
                }
            }),
            variant("next that answers none", move || {
                for _ in 0..TIMES {
                    assert!(drained.next_output().unwrap().is_none());
                }
            }),
        ]
    });
    const RUNS: usize = 1_000;
    asked.compare("runs", "ns", RUNS, || {
        vec![variant("store, instantiate, open, drop", || {
            for _ in 0..RUNS {
                drop(black_box(guest::open(bench, "filter")));
            }
        })]
    });
}

/// Components that are compiled here and now.
fn load(asked: &Asked, sandbox: &Sandbox, bench: &[u8], example: &[u8]) {
    let load = |bytes: &[u8]| drop(black_box(guest::load(sandbox, bytes)));
    println!(
        "\ncomponents: bench {} KiB, example {} KiB",
        bench.len() >> 10,
        example.len() >> 10
    );
    asked.compare("load (check, compile, describe)", "ms", 1_000_000, || {
        vec![
            variant("the example's component", || load(example)),
            variant("the benchmark's", || load(bench)),
        ]
    });
}

/// Whole plans, from the source to whoever reads the last node.
fn plans(asked: &Asked, bench: &Component) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    let guests = node::guests();
    for (place, count) in [("memory", ROWS / 8_192), ("cache", 1)] {
        let title = format!("plan, 8k, {place}");
        if !asked.is(&title) {
            continue;
        }
        let batches: Vec<_> = data::numbers(count, 8_192)
            .into_iter()
            .cycle()
            .take(ROWS / 8_192)
            .collect();
        let run = |plan| runtime.block_on(node::run(&plan, |out| drop(black_box(out))));
        asked.compare(&title, "ns/row", ROWS, || {
            vec![
                variant("MemorySource, FilterExec", || run(node::by_expression(&batches))),
                variant("MemorySource, WasmTransformExec", || {
                    run(node::by_guest(&batches, bench, &guests))
                }),
            ]
        });
    }
}
