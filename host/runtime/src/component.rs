use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use wasmtime::component::Component as Compiled;

use crate::bindings::TransformPre;
use crate::contract::{self, Contract, ContractProblem};
use crate::error::{Classified, Kind};
use crate::failure::RunError;
use crate::limits::{Limit, Limits, Unaccounted};
use crate::run::{self, Guest};
use crate::sandbox::Sandbox;

/// The SHA-256 of a component's bytes; as text `sha256:` and 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(String);

impl Digest {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let hash: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        Self(format!("sha256:{hash}"))
    }

    /// The 64 digits, which are safe in a file name.
    pub fn hex(&self) -> &str {
        self.0.strip_prefix("sha256:").unwrap_or(&self.0)
    }
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
    imports
        .iter()
        .map(|import| format!("`{import}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

impl Classified for LoadError {
    fn kind(&self) -> Kind {
        match self {
            Self::Describe(error) => error.kind(),
            _ => Kind::Guest,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Imports { .. } => {
                Some("build it for a target without a system, such as wasm32-unknown-unknown".to_owned())
            }
            Self::NotAComponent { .. } => Some("`sandglass build` makes a component of a crate".to_owned()),
            _ => None,
        }
    }
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
    contracts: Vec<Contract>,
    pre: TransformPre<Guest>,
}

/// The interfaces that exist.
const WORLD: [&str; 2] = ["sandglass:transform/log@0.1.0", "sandglass:transform/types@0.1.0"];

impl Component {
    /// Checks, compiles and describes a component. Synchronous and slow (50 ms for a Rust component, seconds for an
    /// interpreter's).
    pub fn load(sandbox: &Sandbox, bytes: &[u8], limits: &Limits) -> Result<Self, LoadError> {
        let imports = scan(bytes, limits)?;
        let compiled = Compiled::from_binary(&sandbox.engine, bytes).map_err(|error| LoadError::NotAComponent {
            message: format!("{error:#}"),
        })?;
        let pre = sandbox
            .linker
            .instantiate_pre(&compiled)
            .and_then(TransformPre::new)
            .map_err(|error| LoadError::Exports {
                message: format!("{error:#}"),
            })?;
        let described = run::describe(&pre, limits, Box::new(Unaccounted)).map_err(LoadError::Describe)?;
        let contracts = contract::check_all(described)?;
        let digest = Digest::of(bytes);
        Ok(Self {
            inner: Arc::new(Inner {
                sandbox: sandbox.clone(),
                digest,
                size_bytes: bytes.len() as u64,
                imports,
                contracts,
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
    pub fn contracts(&self) -> &[Contract] {
        &self.inner.contracts
    }

    /// The transformation of that name.
    pub fn contract(&self, name: &str) -> Option<&Contract> {
        self.inner.contracts.iter().find(|contract| contract.name == name)
    }

    /// The engine that compiled it.
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

/// What is looked at before anything is compiled: the size and the imports, whose names it answers.
pub fn scan(bytes: &[u8], limits: &Limits) -> Result<Vec<String>, LoadError> {
    let size_bytes = bytes.len() as u64;
    if size_bytes > limits.component_bytes {
        return Err(LoadError::TooLarge {
            used: size_bytes,
            allowed: limits.component_bytes,
        });
    }
    let imports = imports(bytes)?;
    let foreign: Vec<String> = imports
        .iter()
        .filter(|name| !WORLD.contains(&name.as_str()))
        .cloned()
        .collect();
    if !foreign.is_empty() {
        return Err(LoadError::Imports { imports: foreign });
    }
    Ok(imports)
}

fn imports(bytes: &[u8]) -> Result<Vec<String>, LoadError> {
    let wrong = |message: String| LoadError::NotAComponent { message };
    if !bytes.starts_with(b"\0asm") {
        return Err(wrong("it does not begin as WebAssembly does".to_owned()));
    }
    let mut imports = Vec::new();
    let mut depth = 0usize;
    for payload in wasmparser::Parser::new(0).parse_all(bytes) {
        match payload.map_err(|error| wrong(error.to_string()))? {
            wasmparser::Payload::Version {
                encoding: wasmparser::Encoding::Module,
                ..
            } if depth == 0 => {
                return Err(wrong("it is a core module".to_owned()));
            }
            wasmparser::Payload::ModuleSection { .. } | wasmparser::Payload::ComponentSection { .. } => depth += 1,
            wasmparser::Payload::End(_) => depth = depth.saturating_sub(1),
            wasmparser::Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    imports.push(import.map_err(|error| wrong(error.to_string()))?.name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok(imports)
}
