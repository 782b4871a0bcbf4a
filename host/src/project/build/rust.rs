//! Rust: cargo, for a target without a system.

use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sandglass_runtime::Digest;

use super::code::{self, absolute};
use super::{BuildError, Made, Place, needs, tools};

const TARGET: &str = "wasm32-unknown-unknown";
/// For every guest crate.
const FLAGS: [&str; 1] = ["-Ctarget-feature=+simd128"];

pub(super) fn build(place: &Place<'_>) -> Result<Made, BuildError> {
    // What is made of a crate lies where that of another crate of its name does: until it is read, nobody else builds.
    let _lock = lock().map_err(|error| place.wrong(format!("{}: {error}", target_folder().display())))?;
    let module = cargo_build(place)?;
    let bytes = std::fs::read(&module).map_err(|error| place.wrong(format!("{}: {error}", module.display())))?;
    let (files, compiler) = sources(&place.folder, &module).map_err(|problem| place.wrong(problem))?;
    Ok(Made {
        bytes,
        files,
        compiler: format!("{compiler} {}", FLAGS.join(" ")),
    })
}

fn cargo_build(place: &Place<'_>) -> Result<PathBuf, BuildError> {
    add_target(place)?;
    let folder = &place.folder;
    let mut flags = FLAGS.map(str::to_owned).to_vec();
    // Paths of this machine would be in the component, and change its digest from one machine to the next. The crate's own
    // are relative already; flags that named its folder would make every crate build the SDK's dependencies anew.
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo")));
    if let Some(home) = home {
        flags.push(format!("--remap-path-prefix={}=/cargo", home.display()));
    }
    let mut command = Command::new(cargo());
    command
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
        .env("RUSTC_WRAPPER", wrapper(place)?)
        // The host's own build must not decide how a guest is built.
        .env_remove("RUSTFLAGS")
        .env_remove("RUSTC_WORKSPACE_WRAPPER");
    let messages = place.run("cargo build", command, &needs::RUST)?;
    artifact(&messages).ok_or_else(|| {
        place.not_a_component("cargo made no .wasm file; set `crate-type = [\"cdylib\"]` under `[lib]`".to_owned())
    })
}

/// What takes the places of local crates out of what is made of them. A file of its own, and not this program, as cargo builds everything anew
/// where the wrapper has changed.
fn wrapper(place: &Place<'_>) -> Result<PathBuf, BuildError> {
    const WRAPPER: &str = include_str!("rustc.sh");
    let digest = Digest::of(WRAPPER.as_bytes());
    let short = digest.hex().get(..16).unwrap_or_default();
    let folder = tools::installed(place, &format!("rustc-{short}"), |folder| {
        let file = folder.join("rustc.sh");
        std::fs::write(&file, WRAPPER)
            .and_then(|()| std::fs::set_permissions(&file, Permissions::from_mode(0o755)))
            .map_err(|error| place.wrong(format!("cannot write {}: {error}", file.display())))
    })?;
    Ok(folder.join("rustc.sh"))
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
fn add_target(place: &Place<'_>) -> Result<(), BuildError> {
    let mut command = Command::new("rustc");
    command
        .args(["--print", "target-libdir", "--target", TARGET])
        .current_dir(&place.folder);
    let sysroot = place.run("rustc", command, &needs::RUST)?;
    let libraries = PathBuf::from(String::from_utf8_lossy(&sysroot).trim());
    if libraries.is_dir() {
        return Ok(());
    }
    place.tell(&format!("adding the target {TARGET} with rustup"));
    let mut command = Command::new("rustup");
    command.args(["target", "add", TARGET]).current_dir(&place.folder);
    place.run(&format!("rustup target add {TARGET}"), command, &needs::RUST)?;
    Ok(())
}

/// The files that cargo lists beside what it made, with their crates' manifests, and the compiler.
fn sources(folder: &Path, artifact: &Path) -> Result<(Vec<PathBuf>, String), String> {
    let list = artifact.with_extension("d");
    let text = std::fs::read_to_string(&list).map_err(|error| format!("{}: {error}", list.display()))?;
    let folder = absolute(folder)?;
    let mut files = code::listed(&text);
    let manifests: Vec<PathBuf> = files
        .iter()
        .filter_map(|file| {
            let folders = file.ancestors().skip(1);
            folders
                .map(|folder| folder.join("Cargo.toml"))
                .find(|path| path.is_file())
        })
        .collect();
    files.extend(manifests);
    files.push(folder.join("Cargo.toml"));
    // Of the crate itself, or of the workspace that it is in.
    files.extend(
        folder
            .ancestors()
            .map(|folder| folder.join("Cargo.lock"))
            .find(|path| path.is_file()),
    );
    let output = Command::new("rustc")
        .arg("-V")
        .current_dir(&folder)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("rustc: {error}"))?;
    Ok((files, String::from_utf8_lossy(&output.stdout).trim().to_owned()))
}
