//! Variants of a workload, measured in turns.

use std::time::Instant;

/// One way to do the work.
pub struct Variant<'a> {
    name: &'static str,
    run: Box<dyn FnMut() + 'a>,
}

pub fn variant<'a>(name: &'static str, run: impl FnMut() + 'a) -> Variant<'a> {
    Variant {
        name,
        run: Box::new(run),
    }
}

/// Median, least and most.
struct Spread(f64, f64, f64);

impl Spread {
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        Self(values[values.len() / 2], values[0], values[values.len() - 1])
    }
}

/// Prints a line for each variant: time for each unit of work, and how many times the first variant's in the same round. The
/// first round warms up and is left out; in each one another variant begins.
pub fn compare(title: &str, unit: &str, work: usize, rounds: usize, mut variants: Vec<Variant<'_>>) {
    let count = variants.len();
    let mut times = vec![Vec::with_capacity(rounds); count];
    for round in 0..=rounds {
        for turn in 0..count {
            let place = (round + turn) % count;
            let started = Instant::now();
            (variants[place].run)();
            let nanos = started.elapsed().as_nanos() as f64 / work as f64;
            if round > 0 {
                times[place].push(nanos);
            }
        }
    }
    println!("\n| {title} | {unit} | x (min-max) |\n| --- | --- | --- |");
    for (variant, own) in variants.iter().zip(&times) {
        let ratios = own.iter().zip(&times[0]).map(|(own, first)| own / first);
        let (time, ratio) = (Spread::of(own.clone()), Spread::of(ratios.collect()));
        println!(
            "| {} | {:.3} ({:.3}-{:.3}) | {:.2} ({:.2}-{:.2}) |",
            variant.name, time.0, time.1, time.2, ratio.0, ratio.1, ratio.2
        );
    }
}
