//! The sandbox: what a stranger's component may do, and the checked way in and out of it.
//!
//! In the order of a run:
//! 1. [`Sandbox`]: one engine per process and profile, its ticker, and the closed world that components are linked to.
//! 2. [`Loader`]: a component's bytes are checked for size and imports, compiled in a process of its own ([`Compiler`]) or taken
//!    from authenticated files ([`Artifacts`]), and become a [`Component`], which is asked for its [`Contract`]s.
//! 3. [`Run`]: one fresh store with its [`Limits`]; batches are pushed in, outputs are drained.
//!
//! Columns cross the boundary as raw Arrow buffers. What goes in is borrowed from the host's arrays ([`lower`]); what comes
//! out is checked, buffer by buffer, before it becomes an array ([`lift`]). Everything here is synchronous and belongs on
//! threads of its own ([`GuestThreads`]), never on those of an async runtime.

mod artifacts;
mod bindings;
mod compile;
mod component;
mod contract;
mod error;
mod failure;
mod instance;
mod lift;
mod limits;
mod loader;
mod lower;
mod raw;
mod run;
mod sandbox;
mod scan;
mod schema;
mod text;
mod threads;

pub use artifacts::{Artifacts, KeyProblem};
pub use compile::{CompileLimits, Compiler, compile_and_exit};
pub use component::{Component, Digest, LoadError, Origin, check_component, hex};
pub use contract::{Contract, ContractProblem, Input, Parameter, ParameterKind, ParameterValue, Scope};
pub use error::{Classified, Kind};
pub use failure::{FailureKind, RunError};
pub use instance::{OnSlow, Usage};
pub use lift::{RawBatch, lift};
pub use limits::{Limit, Limits, MemoryBudget, Unaccounted};
pub use loader::Loader;
pub use lower::{Lowered, lower};
pub use raw::{RawContract, RawField, RawInput, RawKind, check_contracts, check_schema};
pub use run::{Context, Mode, Output, Prepared, Rejection, Run};
pub use sandbox::{Profile, Sandbox};
pub use scan::{SOURCES_SECTION, recorded_sources};
pub use schema::{MAX_SCHEMA_DEPTH, MAX_SCHEMA_NODES, SchemaProblem, host_type, kind_name};
pub use threads::GuestThreads;
