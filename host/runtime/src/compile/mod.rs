//! From a component's bytes to machine code. The compiler is the largest program that a stranger's bytes are fed to, so it
//! runs in a process of its own, with limits on time and memory, and what it makes comes back through a pipe.

mod child;
mod parent;

use std::path::PathBuf;
use std::time::Duration;

use wasmtime::Engine;

use crate::component::LoadError;
use crate::sandbox::Profile;

pub use child::compile_and_exit;

/// What compiling one component may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompileLimits {
    /// Time on the clock; the processor's time is bounded by this times the number of cores.
    pub time: Duration,
    /// Address space of the process.
    pub memory_bytes: u64,
    /// Machine code that comes back.
    pub artifact_bytes: u64,
}

impl Default for CompileLimits {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(120),
            memory_bytes: 4 << 30,
            artifact_bytes: 1 << 30,
        }
    }
}

/// Who compiles.
#[derive(Debug, Clone)]
pub enum Compiler {
    /// A process of its own: this program with these arguments, which has to call [`compile_and_exit`].
    Process {
        /// The program.
        program: PathBuf,
        /// Its arguments; the profile and the limits follow.
        arguments: Vec<String>,
        /// What it may use.
        limits: CompileLimits,
    },
    /// This process. For components that one trusts, in benchmarks and tests.
    Here,
}

impl Compiler {
    pub(crate) fn compile(&self, engine: &Engine, profile: Profile, bytes: &[u8]) -> Result<Vec<u8>, LoadError> {
        match self {
            Self::Process {
                program,
                arguments,
                limits,
            } => parent::compile(program, arguments, limits, profile, bytes),
            Self::Here => engine
                .precompile_component(bytes)
                .map_err(|error| LoadError::NotAComponent {
                    message: format!("{error:#}"),
                }),
        }
    }
}

/// What the child's answer begins with: the machine code follows, or what is wrong with the component.
const DONE: u8 = 1;
const REFUSED: u8 = 2;
