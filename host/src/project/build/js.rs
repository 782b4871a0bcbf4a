//! TypeScript and JavaScript: esbuild, then QuickJS by componentize-qjs. The SDK says how (`build/build.mjs`) and at which versions; the tools
//! are installed here.

use std::path::{Path, PathBuf};
use std::process::Command;

use sandglass_runtime::Digest;
use serde_json::Value;

use super::{BuildError, Made, Place, needs, tools};

const PACKAGE: &str = "sandglass-guest";

pub(super) fn build(place: &Place<'_>) -> Result<Made, BuildError> {
    let sdk = sdk(place)?;
    let wit = tools::contract(place)?.join(tools::CONTRACT_FILE);
    let tools = compilers(place, &sdk)?;
    let scratch = place.scratch()?;
    let output = scratch.path().join("component.wasm");
    let mut command = Command::new("node");
    command
        .arg(sdk.join("build/build.mjs"))
        .arg(&place.folder)
        .arg(wit)
        .arg(&output)
        .arg("--sdk")
        .arg(&sdk)
        .arg("--tools")
        .arg(&tools.folder);
    let listed = place.run("node", command, &needs::NODE)?;
    let bytes = std::fs::read(&output).map_err(|error| place.wrong(format!("no component was made: {error}")))?;
    let listed: Value = serde_json::from_slice(&listed).unwrap_or_default();
    let files = listed["files"].as_array().map(Vec::as_slice).unwrap_or_default();
    let files: Vec<PathBuf> = files.iter().filter_map(Value::as_str).map(PathBuf::from).collect();
    if files.is_empty() {
        return Err(place.wrong(format!("the SDK in {} does not say what it builds from", sdk.display())));
    }
    Ok(Made {
        bytes,
        files,
        compiler: format!("npm {}", tools.locked),
    })
}

struct Compilers {
    folder: PathBuf,
    /// The digest of their versions.
    locked: Digest,
}

/// What the SDK's lock file names.
fn compilers(place: &Place<'_>, sdk: &Path) -> Result<Compilers, BuildError> {
    let names = ["package.json", "package-lock.json"];
    let read = |name: &str| {
        let path = sdk.join("build").join(name);
        std::fs::read(&path).map_err(|error| place.wrong(format!("{}: {error}", path.display())))
    };
    let manifests = [read(names[0])?, read(names[1])?];
    let locked = Digest::of(&manifests.concat());
    let short = locked.hex().get(..16).unwrap_or_default().to_owned();
    let folder = tools::installed(place, &format!("npm-{short}"), |folder| {
        place.tell("installing esbuild and componentize-qjs from npm, once");
        for (name, text) in names.iter().zip(&manifests) {
            let path = folder.join(name);
            std::fs::write(&path, text).map_err(|error| place.wrong(format!("{}: {error}", path.display())))?;
        }
        let mut command = Command::new("npm");
        command
            .args(["ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"])
            .current_dir(folder);
        place.run("npm ci", command, &needs::NODE).map(|_| ())
    })?;
    Ok(Compilers { folder, locked })
}

/// The SDK's folder: what the author's `package.json` names by its path, or what is installed.
fn sdk(place: &Place<'_>) -> Result<PathBuf, BuildError> {
    let path = place.folder.join("package.json");
    let wrong = |problem: String| place.wrong(format!("{}: {problem}", path.display()));
    let text = std::fs::read(&path).map_err(|error| wrong(error.to_string()))?;
    let manifest: Value = serde_json::from_slice(&text).map_err(|error| wrong(error.to_string()))?;
    let named = ["dependencies", "devDependencies"].iter();
    let named = named.filter_map(|kind| manifest[kind][PACKAGE].as_str()?.strip_prefix("file:"));
    let named = named.map(|named| place.folder.join(named));
    let whole = place.folder.canonicalize().map_err(|error| wrong(error.to_string()))?;
    let installed = whole
        .ancestors()
        .map(|folder| folder.join("node_modules").join(PACKAGE));
    let mut found = named.chain(installed);
    let found = found.find(|folder| folder.join("build/build.mjs").is_file());
    let found = found.ok_or_else(|| {
        wrong(format!(
            "there is no SDK where it says; write `\"dependencies\": {{ \"{PACKAGE}\": \"file:…\" }}` with the path of guest-sdk/js"
        ))
    })?;
    found.canonicalize().map_err(|error| wrong(error.to_string()))
}
