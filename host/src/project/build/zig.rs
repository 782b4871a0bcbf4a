//! Zig: the author's own `build.zig`, by the compiler of the `ziglang` wheel of PyPI.

use std::path::{Path, PathBuf};

use super::{BuildError, Made, Place, c, needs, tools};

pub(super) fn build(place: &Place<'_>) -> Result<Made, BuildError> {
    let zig = tools::python_package(place, "ziglang", c::ZIG)?;
    let scratch = place.scratch()?;
    let mut command = c::zig(place, &zig, "build");
    command.arg("-p").arg(scratch.path());
    place.run("zig build", command, &needs::PYTHON)?;
    let mut modules = Vec::new();
    find(scratch.path(), &|path| is(path, "wasm"), &mut modules);
    let [module] = &modules[..] else {
        return Err(place.wrong(format!(
            "`build.zig` installs {} files `.wasm`; it should install one, the component's module",
            modules.len()
        )));
    };
    let bytes = std::fs::read(module).map_err(|error| place.wrong(format!("{}: {error}", module.display())))?;
    let mut files = Vec::new();
    // What lies outside of the folder, as the SDK does, is known by what was made of it.
    find(
        &place.folder,
        &|path| ["zig", "zon", "c", "h"].iter().any(|ending| is(path, ending)),
        &mut files,
    );
    let made = sandglass_runtime::Digest::of(&bytes);
    Ok(Made {
        bytes,
        files,
        compiler: format!("ziglang {} {made}", c::ZIG),
    })
}

fn is(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|other| other == ending)
}

fn find(folder: &Path, wanted: &dyn Fn(&Path) -> bool, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
        if path.is_dir() && !is_hidden {
            find(&path, wanted, found);
        } else if wanted(&path) {
            found.push(path);
        }
    }
}
