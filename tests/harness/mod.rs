//! Projects in folders of their own, the program, and what they need.

pub mod buckets;
mod data;
mod http;
pub mod iam;
mod kill;
mod project;
pub mod proxy;
mod python;
pub mod random;
pub mod servers;

pub use data::{Row, purchases, write_pages, write_rows};
pub use http::{Http, InProcess, Reply, ServerProcess};
pub use kill::Kills;
pub use project::{Answer, OFFLINE, Project, component, repository, runtime, table_rows};
pub use python::{GUEST_TOOLS, python};
pub use random::Random;

/// Says how long a test took when it is over, past the capture of its output.
pub struct Timed(&'static str, std::time::Instant);

impl Timed {
    pub fn new(test: &'static str) -> Self {
        Self(test, std::time::Instant::now())
    }
}

impl Drop for Timed {
    fn drop(&mut self) {
        use std::io::Write;
        let _ = writeln!(
            std::io::stderr(),
            "{:>7.1} s  {}",
            self.1.elapsed().as_secs_f64(),
            self.0
        );
    }
}

/// How many cases a long test runs: `normal`, times `SANDGLASS_TEST_FACTOR` if that is set.
pub fn cases(normal: usize) -> usize {
    let factor = std::env::var("SANDGLASS_TEST_FACTOR")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(1);
    normal * factor
}

/// What a test's random choices are made from: `SANDGLASS_TEST_SEED`, or one. A test that fails shows it.
pub fn seed() -> u64 {
    let seed = std::env::var("SANDGLASS_TEST_SEED")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(1);
    eprintln!("SANDGLASS_TEST_SEED={seed}");
    seed
}

/// The context of a run over one day, for a transformation with so many inputs and no parameters.
pub fn context(inputs: usize) -> sandglass_runtime::Context {
    sandglass_runtime::Context {
        mode: sandglass_runtime::Mode::Materialize {
            start: 0,
            end: 86_400_000_000,
        },
        ranges: vec![None; inputs],
        parameters: Vec::new(),
        lineage: false,
    }
}
