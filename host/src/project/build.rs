use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sandglass_runtime::Digest;
use wit_component::ComponentEncoder;

use super::code::{self, Code};
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
    },
    /// The compiler refused.
    #[error("building {path} failed:\n{output}")]
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

impl Classified for BuildError {
    fn kind(&self) -> Kind {
        Kind::Invalid
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Command { .. } => Some("install Rust with rustup (https://rustup.rs)".to_owned()),
            Self::Component { .. } => Some("name its transformations with `sandglass_guest::export!`".to_owned()),
            _ => None,
        }
    }
}

const TARGET: &str = "wasm32-unknown-unknown";
/// For every guest crate.
const FLAGS: [&str; 1] = ["-Ctarget-feature=+simd128"];

/// Makes a component of a `.wasm` file (a component, or a core module that embeds the contract) or of a crate's folder.
pub fn build(root: &Path, path: &str, quiet: bool) -> Result<Built, BuildError> {
    let full = root.join(path);
    let wrong = |problem: String| BuildError::Path {
        path: path.to_owned(),
        problem,
    };
    if full.is_file() {
        let bytes = std::fs::read(&full).map_err(|error| wrong(error.to_string()))?;
        let bytes = componentize(path, bytes)?;
        let code = Code::Component(Digest::of(&bytes));
        return Ok(Built { bytes, code });
    }
    if full.join("Cargo.toml").is_file() {
        // What is made of a crate lies where that of another crate of its name does: until it is read, nobody else builds.
        let _lock = lock().map_err(|error| wrong(format!("{}: {error}", target_folder().display())))?;
        let module = cargo_build(path, &full, quiet)?;
        let bytes = std::fs::read(&module).map_err(|error| wrong(format!("{}: {error}", module.display())))?;
        let sources = code::of_crate(&full, &module, &FLAGS).map_err(wrong)?;
        let bytes = code::record(componentize(path, bytes)?, &sources);
        let code = Code::Sources(sources);
        return Ok(Built { bytes, code });
    }
    Err(wrong(format!(
        "there is no crate (a folder with Cargo.toml) and no .wasm file at {}",
        full.display()
    )))
}

/// A component stays as it is; a core module becomes one.
fn componentize(path: &str, bytes: Vec<u8>) -> Result<Vec<u8>, BuildError> {
    // The fifth to eighth byte tell a module (version 1) from a component (layer 1).
    let is_module = bytes.get(..8) == Some(b"\0asm\x01\0\0\0");
    if !is_module {
        return Ok(bytes);
    }
    ComponentEncoder::default()
        .validate(true)
        .module(&bytes)
        .and_then(|mut encoder| encoder.encode())
        .map_err(|error| BuildError::Component {
            path: path.to_owned(),
            problem: format!("{error:#}"),
        })
}

fn cargo_build(path: &str, folder: &Path, quiet: bool) -> Result<PathBuf, BuildError> {
    add_target(path, folder, quiet)?;
    let mut flags = FLAGS.map(str::to_owned).to_vec();
    // Paths of this machine would be in the component, and change its digest from one machine to the next. The crate's own
    // are relative already; flags that named its folder would make every crate build the SDK's dependencies anew.
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo")));
    if let Some(home) = home {
        flags.push(format!("--remap-path-prefix={}=/cargo", home.display()));
    }
    let output = Command::new(cargo())
        .args([
            "rustc",
            "--release",
            "--lib",
            "--target",
            TARGET,
            "--message-format=json-render-diagnostics",
            "--",
            "--cfg",
            &cfg(folder),
        ])
        .current_dir(folder)
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"))
        .env("CARGO_TARGET_DIR", target_folder())
        // The host's own build must not decide how a guest is built.
        .env_remove("RUSTFLAGS")
        .env_remove("RUSTC_WRAPPER")
        .stdin(Stdio::null())
        .stderr(if quiet { Stdio::piped() } else { Stdio::inherit() })
        .output()
        .map_err(|error| BuildError::Command {
            command: "cargo build".into(),
            problem: error.to_string(),
        })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(BuildError::Compiler {
            path: path.to_owned(),
            output: said,
        });
    }
    artifact(&output.stdout).ok_or_else(|| BuildError::Component {
        path: path.to_owned(),
        problem: "cargo made no .wasm file; set `crate-type = [\"cdylib\"]` under `[lib]`".to_owned(),
    })
}

fn cargo() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// A mark of the crate that is in this folder. Cargo knows a crate by its name and version and by its sources' paths within it, so two
/// copies of one (a worktree, another branch) would be taken for each other in a shared target folder, the newer one for both. It does compare
/// the compiler's arguments, and this one changes nothing of what is made.
fn cfg(folder: &Path) -> String {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let digest = Digest::of(folder.as_os_str().as_encoded_bytes());
    format!("sandglass_crate=\"{}\"", digest.hex())
}

/// Held by who builds.
fn lock() -> std::io::Result<File> {
    let folder = target_folder();
    std::fs::create_dir_all(&folder)?;
    let file = File::create(folder.join("sandglass.lock"))?;
    match file.lock() {
        // Cargo does without on such a file system, too.
        Err(error) if error.kind() == std::io::ErrorKind::Unsupported => Ok(file),
        locked => locked.map(|()| file),
    }
}

/// Guests share a target folder of their own: the SDK's dependencies are built once.
fn target_folder() -> PathBuf {
    crate::folders::cache().join("guests")
}

/// The `.wasm` file of the crate itself, which is the last one that cargo tells of.
fn artifact(messages: &[u8]) -> Option<PathBuf> {
    #[derive(serde::Deserialize)]
    struct Message {
        #[serde(default)]
        filenames: Vec<PathBuf>,
    }
    let lines = messages.split(|byte| *byte == b'\n');
    let mut files = lines
        .filter_map(|line| serde_json::from_slice::<Message>(line).ok())
        .flat_map(|message| message.filenames);
    files.rfind(|file| file.extension().is_some_and(|ending| ending == "wasm"))
}

/// Adds the target by rustup where it is missing.
fn add_target(path: &str, folder: &Path, quiet: bool) -> Result<(), BuildError> {
    let sysroot = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", TARGET])
        .current_dir(folder)
        .stderr(Stdio::null())
        .output()
        .map_err(|error| BuildError::Command {
            command: "rustc".into(),
            problem: error.to_string(),
        })?;
    let libraries = PathBuf::from(String::from_utf8_lossy(&sysroot.stdout).trim());
    if libraries.is_dir() {
        return Ok(());
    }
    if !quiet {
        eprintln!("adding the target {TARGET} with rustup");
    }
    let added = Command::new("rustup")
        .args(["target", "add", TARGET])
        .current_dir(folder)
        .output()
        .map_err(|error| BuildError::Command {
            command: format!("rustup target add {TARGET}"),
            problem: error.to_string(),
        })?;
    if added.status.success() {
        return Ok(());
    }
    Err(BuildError::Compiler {
        path: path.to_owned(),
        output: String::from_utf8_lossy(&added.stderr).into_owned(),
    })
}
