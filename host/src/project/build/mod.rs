//! From a folder of sources to a component: one file for each language, which runs that language's own compiler and says which files it
//! read. What a language's file marks a folder as its own is a file that its tools ask for anyway.

mod c;
mod code;
mod go;
mod js;
mod needs;
mod place;
mod python;
mod rust;
mod tools;
mod zig;

use std::path::{Path, PathBuf};

use sandglass_runtime::Digest;

pub use self::code::Code;
pub use self::needs::{Found, Need};
use self::place::Place;
use crate::error::{Classified, Kind};

/// A component, as it was found or made.
#[derive(Debug, Clone)]
pub struct Built {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What its code is told apart by.
    pub code: Code,
}

/// Why there is no component.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The path names nothing that can be built.
    #[error("{path}: {problem}")]
    Path {
        /// As it is written.
        path: String,
        /// In words.
        problem: String,
    },
    /// The compiler cannot be started.
    #[error("cannot run `{command}`: {problem}")]
    Command {
        /// What was run.
        command: String,
        /// In words.
        problem: String,
        /// How it is installed.
        install: String,
    },
    /// The compiler refused.
    #[error("building {path} failed{}", after(.output))]
    Compiler {
        /// As it is written.
        path: String,
        /// What it said.
        output: String,
    },
    /// What the compiler made is not of the contract.
    #[error("{path} does not make a component: {problem}")]
    Component {
        /// As it is written.
        path: String,
        /// In words.
        problem: String,
    },
}

/// What a compiler said, if it has not said so itself.
fn after(output: &str) -> String {
    match output.trim_end() {
        "" => String::new(),
        said => format!(":\n{said}"),
    }
}

impl Classified for BuildError {
    fn kind(&self) -> Kind {
        Kind::Invalid
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Command { install, .. } => Some(format!(
                "`{install}` installs it; `sandglass doctor` says what else is missing"
            )),
            Self::Component { .. } => {
                Some("a guest SDK exports what a component needs; see docs/languages in the repository".to_owned())
            }
            _ => None,
        }
    }
}

/// What a language's compiler made.
struct Made {
    /// A core module, or a component.
    bytes: Vec<u8>,
    /// The files that it is made of.
    files: Vec<PathBuf>,
    /// What made it, with its version and settings.
    compiler: String,
}

/// A language that transformations are written in.
pub struct Language {
    /// Its name, for people.
    pub name: &'static str,
    /// Its name in a command.
    pub key: &'static str,
    /// What has to be on the machine.
    pub needs: &'static [&'static Need],
    /// What is installed by the first build, from which registry.
    pub installed: Option<&'static str>,
    /// The file that marks a folder as one of its sources.
    marker: &'static str,
    build: fn(&Place<'_>) -> Result<Made, BuildError>,
}

/// Every language.
pub const LANGUAGES: [Language; 6] = [
    Language {
        name: "Rust",
        key: "rust",
        needs: &[&needs::RUST, &needs::RUST_TARGET],
        installed: Some("the target, by rustup"),
        marker: "Cargo.toml",
        build: rust::build,
    },
    Language {
        name: "Python",
        key: "python",
        needs: &[&needs::PYTHON, &needs::PIP],
        installed: Some("componentize-py, from PyPI"),
        marker: "pyproject.toml",
        build: python::build,
    },
    Language {
        name: "TypeScript, JavaScript",
        key: "typescript",
        needs: &[&needs::NODE, &needs::NPM],
        installed: Some("esbuild and componentize-qjs, from npm"),
        marker: "package.json",
        build: js::build,
    },
    Language {
        name: "Go",
        key: "go",
        needs: &[&needs::GO],
        installed: None,
        marker: "go.mod",
        build: go::build,
    },
    Language {
        name: "C, C++",
        key: "c",
        needs: &[&needs::PYTHON, &needs::PIP],
        installed: Some("ziglang, from PyPI"),
        marker: "compile_flags.txt",
        build: c::build,
    },
    Language {
        name: "Zig",
        key: "zig",
        needs: &[&needs::PYTHON, &needs::PIP],
        installed: Some("ziglang, from PyPI"),
        marker: "build.zig",
        build: zig::build,
    },
];

/// Makes a component of a `.wasm` file (a component or a core module) or of a folder of sources. With `quiet` what compilers say is kept for
/// the error.
pub fn build(root: &Path, path: &str, quiet: bool) -> Result<Built, BuildError> {
    let folder = root.join(path);
    let place = Place { path, folder, quiet };
    if place.folder.is_file() {
        let bytes = std::fs::read(&place.folder).map_err(|error| place.wrong(error.to_string()))?;
        let bytes = componentize(&place, bytes)?;
        let code = Code::Component(Digest::of(&bytes));
        return Ok(Built { bytes, code });
    }
    let Made { bytes, files, compiler } = (language(&place)?.build)(&place)?;
    let sources = code::of_files(&place.folder, &files, &compiler).map_err(|problem| place.wrong(problem))?;
    let bytes = code::record(componentize(&place, bytes)?, &sources);
    let code = Code::Sources(sources);
    Ok(Built { bytes, code })
}

fn language(place: &Place<'_>) -> Result<&'static Language, BuildError> {
    let marked = |language: &&Language| place.folder.join(language.marker).is_file();
    let found: Vec<_> = LANGUAGES.iter().filter(marked).collect();
    match found[..] {
        [only] => Ok(only),
        [] => {
            let markers = LANGUAGES.iter();
            let markers: Vec<_> = markers
                .map(|language| format!("`{}` ({})", language.marker, language.name))
                .collect();
            Err(place.wrong(format!(
                "there is no .wasm file at {} and no folder with sources of a language: {}",
                place.folder.display(),
                markers.join(", ")
            )))
        }
        _ => {
            let markers: Vec<_> = found.iter().map(|language| format!("`{}`", language.marker)).collect();
            Err(place.wrong(format!(
                "{} say that it is of several languages; put each into a folder of its own",
                markers.join(" and ")
            )))
        }
    }
}

/// See [`crate::componentize`].
fn componentize(place: &Place<'_>, bytes: Vec<u8>) -> Result<Vec<u8>, BuildError> {
    crate::componentize::componentize(bytes).map_err(|problem| place.not_a_component(problem))
}
