//! Python: CPython itself, by componentize-py. The SDK says how (`sandglass_guest.build`); the tool is installed here.

use std::path::{Path, PathBuf};
use std::process::Command;

use toml::de::DeTable;

use super::{BuildError, Made, Place, needs, tools};

const COMPONENTIZE_PY: &str = "0.25.1";

pub(super) fn build(place: &Place<'_>) -> Result<Made, BuildError> {
    let sdk = sdk(place)?;
    let wit = tools::contract(place)?;
    let componentize = tools::python_package(place, "componentize-py", COMPONENTIZE_PY)?;
    let command = |output: Option<&Path>| {
        let mut command = Command::new("python3");
        command
            .args(["-m", "sandglass_guest.build"])
            .arg(&place.folder)
            .arg("--wit")
            .arg(&wit)
            .arg("--tools")
            .arg(&componentize.folder)
            .env("PYTHONPATH", sdk.join("src"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env_remove("PYTHONHOME");
        if let Some(output) = output {
            command.arg("--output").arg(output);
        }
        command
    };
    // A component of the same sources has other bytes each time and takes long to make: it is kept.
    let digest = place.run("python3", command(None), &needs::PYTHON)?;
    let digest = String::from_utf8_lossy(&digest).trim().to_owned();
    let is_digest = digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_digest {
        return Err(place.wrong(format!("the SDK in {} does not say what it builds from", sdk.display())));
    }
    let bytes = tools::kept(place, &format!("python-{digest}.wasm"), |output| {
        place.tell(&format!(
            "building {} with componentize-py, which takes a while",
            place.path
        ));
        place.run("python3", command(Some(output)), &needs::PYTHON).map(|_| ())
    })?;
    Ok(Made {
        bytes,
        // The digest is of them all.
        files: Vec::new(),
        compiler: format!("componentize-py {COMPONENTIZE_PY} {digest}"),
    })
}

/// The SDK's folder, which the author's `pyproject.toml` names.
fn sdk(place: &Place<'_>) -> Result<PathBuf, BuildError> {
    let path = place.folder.join("pyproject.toml");
    let text = std::fs::read_to_string(&path).map_err(|error| place.wrong(format!("{}: {error}", path.display())))?;
    let manifest =
        DeTable::parse(&text).map_err(|error| place.wrong(format!("{}: {}", path.display(), error.message())))?;
    let tool = manifest
        .get_ref()
        .get("tool")
        .and_then(|tool| tool.get_ref().as_table());
    let settings = tool.and_then(|tool| tool.get("sandglass")?.get_ref().as_table());
    let named = settings.and_then(|settings| settings.get("sdk")?.get_ref().as_str());
    let Some(named) = named else {
        return Err(place.wrong(format!(
            "{} does not say where the SDK is; write `[tool.sandglass]` and `sdk = \"…\"`, the path of guest-sdk/python",
            path.display()
        )));
    };
    let sdk = place.folder.join(named);
    let is_sdk = sdk.join("src/sandglass_guest/build.py").is_file();
    if !is_sdk {
        return Err(place.wrong(format!("{}: there is no SDK at {}", path.display(), sdk.display())));
    }
    sdk.canonicalize()
        .map_err(|error| place.wrong(format!("{}: {error}", sdk.display())))
}
