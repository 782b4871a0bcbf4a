//! C and C++: clang as the `ziglang` wheel of PyPI brings it along, with its C library for WASI preview 1.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{BuildError, Made, Place, code, needs, tools};
use crate::folders;

pub(super) const ZIG: &str = "0.17.0";
const TARGET: [&str; 2] = ["-target", "wasm32-wasi"];
const COMPILE: [&str; 3] = ["-O3", "-msimd128", "-fno-exceptions"];
/// A library, not a program; without names and debugging information; a small stack below the data, where its end is an address of no
/// memory.
const LINK: [&str; 3] = ["-mexec-model=reactor", "-s", "-Wl,-z,stack-size=262144"];
/// The SDK's one source file, beside its header.
const SDK: &str = "sandglass.c";

pub(super) fn build(place: &Place<'_>) -> Result<Made, BuildError> {
    let flags = flags(place)?;
    let mut sources = own_sources(place)?;
    sources.push(sdk(place, &flags)?);
    let zig = tools::python_package(place, "ziglang", ZIG)?;
    let scratch = place.scratch()?;
    let mut files = vec![place.folder.join("compile_flags.txt")];
    let mut objects = Vec::new();
    for (index, source) in sources.iter().enumerate() {
        let object = scratch.path().join(format!("{index}.o"));
        let list = scratch.path().join(format!("{index}.d"));
        let mut command = compiler(place, &zig, if is_c(source) { "cc" } else { "c++" });
        command.args(COMPILE);
        if !is_c(source) {
            command.arg("-fno-rtti");
        }
        // The author's flags are for the author's sources, but for where the headers are.
        let own = index + 1 < sources.len();
        command.args(flags.iter().filter(|flag| own || flag.starts_with("-I")));
        command
            .args(["-MD", "-MF"])
            .arg(&list)
            .arg("-c")
            .arg(source)
            .arg("-o")
            .arg(&object);
        place.run("zig cc", command, &needs::PYTHON)?;
        let text =
            std::fs::read_to_string(&list).map_err(|error| place.wrong(format!("{}: {error}", list.display())))?;
        // The compiler's own headers are of its version.
        let headers = code::listed(&text)
            .into_iter()
            .filter(|file| !file.starts_with(&zig.folder));
        files.extend(headers.map(|file| place.folder.join(file)));
        objects.push(object);
    }
    let module = scratch.path().join("module.wasm");
    let linker = if sources.iter().all(|source| is_c(source)) {
        "cc"
    } else {
        "c++"
    };
    let mut command = compiler(place, &zig, linker);
    command.args(LINK).args(&objects).arg("-o").arg(&module);
    place.run("zig cc", command, &needs::PYTHON)?;
    let bytes = std::fs::read(&module).map_err(|error| place.wrong(format!("zig made no module: {error}")))?;
    Ok(Made {
        bytes,
        files,
        compiler: format!("ziglang {ZIG} {} {}", COMPILE.join(" "), LINK.join(" ")),
    })
}

fn compiler(place: &Place<'_>, package: &tools::PythonPackage, what: &str) -> Command {
    let mut command = zig(place, package, what);
    command.args(TARGET);
    command
}

/// Zig in the folder of the sources, with caches of its own.
pub(super) fn zig(place: &Place<'_>, package: &tools::PythonPackage, what: &str) -> Command {
    let mut command = package.module("ziglang");
    command
        .arg(what)
        .current_dir(&place.folder)
        .env("ZIG_GLOBAL_CACHE_DIR", folders::cache().join("zig"))
        .env("ZIG_LOCAL_CACHE_DIR", folders::cache().join("zig"));
    command
}

/// Of `compile_flags.txt`, a flag a line, as clangd reads it too.
fn flags(place: &Place<'_>) -> Result<Vec<String>, BuildError> {
    let path = place.folder.join("compile_flags.txt");
    let text = std::fs::read_to_string(&path).map_err(|error| place.wrong(format!("{}: {error}", path.display())))?;
    let lines = text.lines().map(str::trim);
    Ok(lines.filter(|line| !line.is_empty()).map(str::to_owned).collect())
}

fn is_c(source: &Path) -> bool {
    source.extension().is_some_and(|ending| ending == "c")
}

/// Every source in the folder and in its `src`, but for tests, in the order of their names.
fn own_sources(place: &Place<'_>) -> Result<Vec<PathBuf>, BuildError> {
    let mut sources = Vec::new();
    for (folder, prefix) in [(place.folder.clone(), ""), (place.folder.join("src"), "src")] {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let entry = entry.map_err(|error| place.wrong(format!("{}: {error}", folder.display())))?;
            let name = PathBuf::from(entry.file_name());
            let ending = name.extension().unwrap_or_default();
            let is_source = ["c", "cc", "cpp", "cxx"].iter().any(|other| ending == *other);
            let stem = name.file_stem().unwrap_or_default().to_string_lossy();
            if is_source && !stem.ends_with("_test") {
                sources.push(Path::new(prefix).join(name));
            }
        }
    }
    sources.sort();
    if sources.is_empty() {
        return Err(
            place.wrong("there is no source: a `.c`, `.cc`, `.cpp` or `.cxx` file in it or in its `src`".to_owned())
        );
    }
    Ok(sources)
}

/// The SDK's source, in one of the folders in which headers are looked for.
fn sdk(place: &Place<'_>, flags: &[String]) -> Result<PathBuf, BuildError> {
    let folders = flags.iter().filter_map(|flag| flag.strip_prefix("-I"));
    let mut found = folders.map(|folder| Path::new(folder).join(SDK));
    found.find(|path| place.folder.join(path).is_file()).ok_or_else(|| {
        place.wrong(format!(
            "no folder of `compile_flags.txt` has the SDK's `{SDK}`; name it by a line `-I` with the path of guest-sdk/c"
        ))
    })
}
