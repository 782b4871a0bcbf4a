//! The price of languages. `cargo bench --bench languages -- [language]… [--rounds 5]`; the tables go to stdout.
//!
//! Every language has one component with the same kernels (`tests/benches/languages/*`), which are first compared with what they should
//! return, bit for bit, and then run in turns over batches of 8,192 rows that come from memory, not from the cache.
#![expect(clippy::unwrap_used, reason = "a benchmark that fails may panic")]
#![expect(unreachable_pub, reason = "its modules are those of others")]

#[path = "languages/data.rs"]
mod data;
#[path = "languages/expected.rs"]
mod expected;
#[path = "../harness/random.rs"]
mod random;

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use sandglass_runtime::{
    Compiler, Component, Context, Limits, Loader, Mode, ParameterValue, Profile, Run, Sandbox, Scope, Unaccounted,
    lower,
};

const LANGUAGES: [&str; 7] = ["rust", "c", "cpp", "zig", "go", "js", "python"];
const KERNELS: [&str; 5] = ["filter", "filter_plain", "per_key", "text", "flops"];
const BATCH: usize = 8 << 10;
/// 32 batches of two columns are 4 MiB, more than what a core has for itself; a set for each kernel.
const BATCHES: usize = 32;

struct Guest {
    language: &'static str,
    component: Component,
    bytes: usize,
    build: Duration,
    compile: Duration,
}

fn main() {
    let (mut languages, mut rounds) = (Vec::new(), 5);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--rounds" => rounds = arguments.next().unwrap().parse().unwrap(),
            "--bench" => {}
            _ => languages.push(argument),
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let sandbox = Sandbox::new(Profile::Production, 16).unwrap();
    let guests: Vec<Guest> = LANGUAGES
        .into_iter()
        .filter(|language| languages.is_empty() || languages.iter().any(|asked| asked == language))
        .filter(|language| root.join("tests/benches/languages").join(language).is_dir())
        .map(|language| load(&root, &sandbox, language))
        .collect();
    let sets = data::sets(BATCHES, BATCH);
    for guest in &guests {
        check(guest, &sets);
    }
    kernels(&guests, &sets, rounds);
    components(&guests);
}

fn load(root: &Path, sandbox: &Sandbox, language: &'static str) -> Guest {
    let path = format!("tests/benches/languages/{language}");
    // The first build may install a compiler, or build a language's libraries.
    sandglass::project::build(root, &path, true).unwrap_or_else(|error| panic!("{error}"));
    let started = Instant::now();
    let bytes = sandglass::project::build(root, &path, true).unwrap().bytes;
    let build = started.elapsed();
    let loader = Loader::new(sandbox.clone(), Compiler::Here);
    let started = Instant::now();
    let component = loader.load(&bytes, &Limits::default()).unwrap();
    Guest {
        language,
        component,
        bytes: bytes.len(),
        build,
        compile: started.elapsed(),
    }
}

fn open(guest: &Guest, kernel: &str) -> Run {
    let contract = guest.component.contract(kernel).unwrap();
    let context = Context {
        mode: Mode::Materialize {
            start: 0,
            end: 86_400_000_000,
        },
        ranges: vec![None],
        parameters: contract
            .parameters
            .iter()
            .map(|parameter| (parameter.name.clone(), ParameterValue::Float64(0.5)))
            .collect(),
        lineage: false,
    };
    let limits = Limits {
        output_rows: u64::MAX,
        output_bytes: u64::MAX,
        guest_time: Duration::from_secs(3_600),
        ..Limits::default()
    };
    Run::open(
        &guest.component,
        kernel,
        context,
        &limits,
        Box::new(Unaccounted),
        |_, _| {},
    )
    .unwrap()
}

/// Pushes a batch, and drains what it gave, as the node does; every batch of a keyed kernel is a range of keys.
fn through(run: &mut Run, is_keyed: bool, batch: &RecordBatch, mut out: impl FnMut(RecordBatch)) {
    run.push(0, &lower(batch).unwrap()).unwrap();
    while let Some(output) = run.next_output().unwrap() {
        out(output.batch);
    }
    if is_keyed {
        run.end_keys().unwrap();
        while let Some(output) = run.next_output().unwrap() {
            out(output.batch);
        }
    }
}

fn is_keyed(guest: &Guest, kernel: &str) -> bool {
    guest.component.contract(kernel).unwrap().scope == Scope::Keyed
}

fn check(guest: &Guest, sets: &data::Sets) {
    for kernel in KERNELS {
        let mut run = open(guest, kernel);
        let batch = &sets.of(kernel)[0];
        let mut parts = Vec::new();
        through(&mut run, is_keyed(guest, kernel), batch, |part| parts.push(part));
        let schema = guest.component.contract(kernel).unwrap().output.clone();
        let given = concat_batches(&schema, &parts).unwrap();
        let expected = RecordBatch::try_new(schema, expected::of(kernel, batch)).unwrap();
        assert!(given == expected, "{} {kernel} gives other rows", guest.language);
    }
}

/// Median, least and most.
fn spread(mut values: Vec<f64>) -> (f64, f64, f64) {
    values.sort_by(f64::total_cmp);
    (values[values.len() / 2], values[0], values[values.len() - 1])
}

/// All languages in turns, round after round; the first round warms up.
fn kernels(guests: &[Guest], sets: &data::Sets, rounds: usize) {
    println!(
        "\nns a row (min-max) and a row and column in, batches of {BATCH} rows, {rounds} rounds; times of native Rust in the same round\n"
    );
    println!("| kernel | language | ns a row | ns a row and column | times native |");
    println!("| --- | --- | --- | --- | --- |");
    for kernel in KERNELS {
        let batches = sets.of(kernel);
        let rows = (batches.len() * BATCH) as f64;
        let columns = batches[0].num_columns() as f64;
        let mut native = Vec::new();
        let mut times = vec![Vec::new(); guests.len()];
        let mut runs: Vec<Run> = guests.iter().map(|guest| open(guest, kernel)).collect();
        for round in 0..=rounds {
            let started = Instant::now();
            for batch in batches {
                drop(black_box(expected::of(kernel, batch)));
            }
            let base = started.elapsed().as_nanos() as f64 / rows;
            for ((guest, run), own) in guests.iter().zip(&mut runs).zip(&mut times) {
                let is_keyed = is_keyed(guest, kernel);
                let started = Instant::now();
                for batch in batches {
                    through(run, is_keyed, batch, |part| drop(black_box(part)));
                }
                let time = started.elapsed().as_nanos() as f64 / rows;
                if round > 0 {
                    own.push((time, time / base));
                }
            }
            if round > 0 {
                native.push(base);
            }
        }
        let (time, least, most) = spread(native);
        println!(
            "| {kernel} | native Rust | {time:.2} ({least:.2}-{most:.2}) | {:.2} | 1 |",
            time / columns
        );
        for (guest, own) in guests.iter().zip(times) {
            let (time, least, most) = spread(own.iter().map(|(time, _)| *time).collect());
            let (ratio, ..) = spread(own.iter().map(|(_, ratio)| *ratio).collect());
            println!(
                "| {kernel} | {} | {time:.2} ({least:.2}-{most:.2}) | {:.2} | {ratio:.1} |",
                guest.language,
                time / columns
            );
        }
    }
}

fn components(guests: &[Guest]) {
    println!(
        "\n| language | component | build, warm | compile | start: store, instance, open | memory after 32 batches |"
    );
    println!("| --- | --- | --- | --- | --- | --- |");
    let batch = data::sets(BATCHES, BATCH);
    for guest in guests {
        let starts: Vec<f64> = (0..101)
            .map(|_| {
                let started = Instant::now();
                let run = open(guest, "filter");
                let time = started.elapsed().as_nanos() as f64 / 1e3;
                drop(run);
                time
            })
            .collect();
        let (start, least, most) = spread(starts);
        let mut run = open(guest, "filter");
        for batch in batch.of("filter") {
            through(&mut run, false, batch, drop);
        }
        println!(
            "| {} | {} KiB | {:.1} s | {:.2} s | {start:.0} us ({least:.0}-{most:.0}) | {:.1} MiB |",
            guest.language,
            guest.bytes >> 10,
            guest.build.as_secs_f64(),
            guest.compile.as_secs_f64(),
            run.usage().memory_bytes as f64 / f64::from(1 << 20)
        );
    }
}
