use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use wasmtime::component::Component as Compiled;

use crate::bindings::TransformPre;
use crate::contract::{self, Contract, ContractProblem};
use crate::error::{Classified, Kind};
use crate::failure::RunError;
use crate::instance::{self, Guest};
use crate::limits::{Limit, Limits, Unaccounted};
use crate::sandbox::Sandbox;
use crate::scan::scan;
use crate::text;

/// The SHA-256 of a component's bytes; as text `sha256:` and 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(String);

impl Digest {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(format!("sha256:{}", hex(&Sha256::digest(bytes))))
    }

    /// The 64 digits, which are safe in a file name.
    pub fn hex(&self) -> &str {
        self.0.strip_prefix("sha256:").unwrap_or(&self.0)
    }
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a component is not taken.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Too large.
    #[error("the component is larger than its limit: {}, allowed {}", Limit::ComponentBytes.amount(*.used), Limit::ComponentBytes.amount(*.allowed))]
    TooLarge {
        /// Its size in bytes.
        used: u64,
        /// The limit.
        allowed: u64,
    },
    /// Too many of something, which is counted before anything is compiled.
    #[error("the component has too many {what}: {used}, allowed {allowed}")]
    TooMany {
        /// What was counted.
        what: &'static str,
        /// How many there are, at least.
        used: u64,
        /// The limit.
        allowed: u64,
    },
    /// The compiler hit a limit.
    #[error("compiling the component hit its limit of {limit}: allowed {allowed}")]
    CompileLimit {
        /// Which one.
        limit: &'static str,
        /// With its unit.
        allowed: String,
    },
    /// The compiler ended without an answer.
    #[error("the compiler failed on the component: {message}")]
    CompilerFailed {
        /// How it ended and what it said.
        message: String,
    },
    /// The compiler cannot be run.
    #[error("the component cannot be compiled here: {message}")]
    CompilerUnavailable {
        /// Why.
        message: String,
    },
    /// Not a component, or one that uses what is switched off.
    #[error("not a component that can be loaded: {message}")]
    NotAComponent {
        /// What is wrong.
        message: String,
    },
    /// It imports what the closed world does not have.
    #[error("the component imports {}, but only `sandglass:transform/log` and `sandglass:transform/types` are there", names(.imports))]
    Imports {
        /// Names, in the component's order.
        imports: Vec<String>,
    },
    /// It imports the log, but not as the contract has it.
    #[error("the component does not import `sandglass:transform/log` as the contract has it: {message}")]
    ImportTypes {
        /// What is different.
        message: String,
    },
    /// It does not export the contract's interface.
    #[error("the component does not export `sandglass:transform/transformation` as the contract has it: {message}")]
    Exports {
        /// What is missing or different.
        message: String,
    },
    /// `describe` did not answer.
    #[error("the component did not describe itself")]
    Describe(#[source] RunError),
    /// What it describes is not valid.
    #[error(transparent)]
    Contract(#[from] ContractProblem),
}

fn names(imports: &[String]) -> String {
    let names: Vec<_> = imports.iter().map(|import| format!("`{import}`")).collect();
    text::message(&names.join(", "))
}

/// What wasmtime says of a component, with the names that the component brings along.
fn words(error: &wasmtime::Error) -> String {
    text::message(&format!("{error:#}"))
}

impl Classified for LoadError {
    fn kind(&self) -> Kind {
        match self {
            Self::Describe(error) => error.kind(),
            Self::CompilerUnavailable { .. } => Kind::Unavailable,
            _ => Kind::Guest,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Imports { .. } => {
                Some("build it for a target without a system, such as wasm32-unknown-unknown".to_owned())
            }
            Self::CompileLimit { .. } | Self::TooMany { .. } => {
                Some("split the component, or build it with its language's optimizer on".to_owned())
            }
            Self::NotAComponent { .. } => Some("`sandglass build` makes a component of a crate".to_owned()),
            _ => None,
        }
    }
}

/// Where machine code came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// It was compiled now.
    Compiled,
    /// It was compiled before, and kept.
    Kept,
}

/// A component that has been checked, compiled and asked for its contracts. Cheap to clone; shared by all runs.
#[derive(Clone)]
pub struct Component {
    inner: Arc<Inner>,
}

struct Inner {
    sandbox: Sandbox,
    digest: Digest,
    size_bytes: u64,
    imports: Vec<String>,
    contracts: Vec<Arc<Contract>>,
    origin: Origin,
    pre: TransformPre<Guest>,
}

/// The interfaces that exist.
const WORLD: [&str; 2] = ["sandglass:transform/log@0.1.0", "sandglass:transform/types@0.1.0"];

/// Looks at a component without compiling it: its size, its counts, and that it imports nothing but the world.
pub fn check_component(bytes: &[u8], limits: &Limits) -> Result<Vec<String>, LoadError> {
    let size_bytes = bytes.len() as u64;
    if size_bytes > limits.component_bytes {
        return Err(LoadError::TooLarge {
            used: size_bytes,
            allowed: limits.component_bytes,
        });
    }
    let imports = scan(bytes)?.imports;
    let foreign: Vec<String> = imports
        .iter()
        .filter(|name| !WORLD.contains(&name.as_str()))
        .cloned()
        .collect();
    if foreign.is_empty() {
        Ok(imports)
    } else {
        Err(LoadError::Imports { imports: foreign })
    }
}

impl Component {
    /// Links what has been compiled and asks it for its contracts. `imports` are what [`check_component`] found.
    pub(crate) fn new(
        sandbox: &Sandbox,
        bytes: &[u8],
        imports: Vec<String>,
        compiled: &Compiled,
        origin: Origin,
        limits: &Limits,
    ) -> Result<Self, LoadError> {
        let linked = sandbox
            .linker
            .instantiate_pre(compiled)
            .map_err(|error| LoadError::ImportTypes { message: words(&error) })?;
        let pre = TransformPre::new(linked).map_err(|error| LoadError::Exports { message: words(&error) })?;
        let described = instance::describe(&pre, limits, Box::new(Unaccounted)).map_err(LoadError::Describe)?;
        let contracts = contract::check_all(described)?;
        Ok(Self {
            inner: Arc::new(Inner {
                sandbox: sandbox.clone(),
                digest: Digest::of(bytes),
                size_bytes: bytes.len() as u64,
                imports,
                contracts: contracts.into_iter().map(Arc::new).collect(),
                origin,
                pre,
            }),
        })
    }

    /// Its digest.
    pub fn digest(&self) -> &Digest {
        &self.inner.digest
    }

    /// Its size.
    pub fn size_bytes(&self) -> u64 {
        self.inner.size_bytes
    }

    /// What it imports, by name.
    pub fn imports(&self) -> &[String] {
        &self.inner.imports
    }

    /// Its transformations.
    pub fn contracts(&self) -> &[Arc<Contract>] {
        &self.inner.contracts
    }

    /// The transformation of that name.
    pub fn contract(&self, name: &str) -> Option<&Arc<Contract>> {
        self.inner.contracts.iter().find(|contract| contract.name == name)
    }

    /// Where its machine code came from.
    pub fn origin(&self) -> Origin {
        self.inner.origin
    }

    /// The engine that it runs in.
    pub fn sandbox(&self) -> &Sandbox {
        &self.inner.sandbox
    }

    pub(crate) fn pre(&self) -> &TransformPre<Guest> {
        &self.inner.pre
    }
}

impl fmt::Debug for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Component")
            .field("digest", &self.inner.digest)
            .finish_non_exhaustive()
    }
}
