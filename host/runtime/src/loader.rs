use wasmtime::component::Component as Compiled;

use crate::artifacts::{ArtifactName, Artifacts};
use crate::compile::Compiler;
use crate::component::{self, Component, Digest, LoadError, Origin};
use crate::limits::Limits;
use crate::sandbox::Sandbox;
use crate::text;

/// The way of a component's bytes into a sandbox: looked at, compiled behind a wall or taken from what was compiled before,
/// and asked for its contracts.
#[derive(Debug, Clone)]
pub struct Loader {
    sandbox: Sandbox,
    compiler: Compiler,
    artifacts: Option<std::sync::Arc<Artifacts>>,
}

impl Loader {
    /// A loader that keeps nothing.
    pub fn new(sandbox: Sandbox, compiler: Compiler) -> Self {
        Self {
            sandbox,
            compiler,
            artifacts: None,
        }
    }

    /// With a folder that keeps machine code.
    #[must_use]
    pub fn with_artifacts(self, artifacts: Artifacts) -> Self {
        Self {
            artifacts: Some(artifacts.into()),
            ..self
        }
    }

    /// The sandbox that components come into.
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// Checks, compiles and describes a component. Synchronous and, when it has to be compiled, slow: see ARCHITECTURE.md.
    pub fn load(&self, bytes: &[u8], limits: &Limits) -> Result<Component, LoadError> {
        let imports = component::check_component(bytes, limits)?;
        let (compiled, origin) = self.compiled(bytes)?;
        Component::new(&self.sandbox, bytes, imports, &compiled, origin, limits)
    }

    fn compiled(&self, bytes: &[u8]) -> Result<(Compiled, Origin), LoadError> {
        let engine = &self.sandbox.engine;
        let kept = self.artifacts.as_ref().map(|artifacts| {
            let name = ArtifactName::new(&Digest::of(bytes), self.sandbox.profile, engine);
            (artifacts, name)
        });
        if let Some((artifacts, name)) = &kept
            && let Some(code) = artifacts.get(name)
        {
            match self.deserialize(&code) {
                Ok(compiled) => return Ok((compiled, Origin::Kept)),
                // Of another version after all; it is made again.
                Err(_) => artifacts.remove(name),
            }
        }
        let code = self.compiler.compile(engine, self.sandbox.profile, bytes)?;
        let compiled = self.deserialize(&code)?;
        if let Some((artifacts, name)) = &kept {
            // A full disk costs the next command a compilation, and this one nothing.
            let _ = artifacts.put(name, &code);
        }
        Ok((compiled, Origin::Compiled))
    }

    #[expect(unsafe_code, reason = "machine code has no other way in")]
    fn deserialize(&self, code: &[u8]) -> Result<Compiled, LoadError> {
        // SAFETY: the code was made by wasmtime's own compiler for this engine's configuration: it comes from a compiler
        // that this process started, through a pipe of its own, or from a file whose keyed hash has been checked.
        unsafe { Compiled::deserialize(&self.sandbox.engine, code) }.map_err(|error| LoadError::NotAComponent {
            message: text::message(&format!("{error:#}")),
        })
    }
}
