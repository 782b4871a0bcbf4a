//! Go: the stock compiler, for WASI preview 1, which the componentizer closes.

use std::path::PathBuf;
use std::process::Command;

use super::{BuildError, Made, Place, needs};

/// Without paths of this machine, and without what changes with a commit.
const FLAGS: [&str; 4] = ["-trimpath", "-buildvcs=false", "-buildmode=c-shared", "-ldflags=-s -w"];
/// The files of packages that are neither the standard library's nor of a module whose version go.sum tells.
const SOURCES: &str = "{{if not .Standard}}{{if .Module}}{{if or .Module.Main (and .Module.Replace (not .Module.Replace.Version))}}\
    {{range .GoFiles}}{{$.Dir}}/{{.}}\n{{end}}{{range .EmbedFiles}}{{$.Dir}}/{{.}}\n{{end}}{{range .SFiles}}{{$.Dir}}/{{.}}\n{{end}}{{end}}{{end}}{{end}}";

pub(super) fn build(place: &Place<'_>) -> Result<Made, BuildError> {
    let scratch = place.scratch()?;
    let module = scratch.path().join("module.wasm");
    let mut command = go(place, "build");
    command.args(FLAGS).arg("-o").arg(&module).arg(".");
    place.run("go build", command, &needs::GO)?;
    let bytes = std::fs::read(&module).map_err(|error| place.wrong(format!("go made no module: {error}")))?;
    let mut command = go(place, "list");
    command.args(["-deps", "-f", SOURCES, "."]);
    let listed = place.run("go list", command, &needs::GO)?;
    let listed = String::from_utf8_lossy(&listed).into_owned();
    let mut files: Vec<PathBuf> = listed
        .lines()
        .filter(|line| !line.is_empty())
        .map(PathBuf::from)
        .collect();
    let records = ["go.mod", "go.sum"].map(|name| place.folder.join(name));
    files.extend(records.into_iter().filter(|path| path.is_file()));
    let mut command = go(place, "version");
    command.env_remove("GOOS").env_remove("GOARCH");
    let version = place.run("go version", command, &needs::GO)?;
    Ok(Made {
        bytes,
        files,
        compiler: format!("{} {}", String::from_utf8_lossy(&version).trim(), FLAGS.join(" ")),
    })
}

fn go(place: &Place<'_>, what: &str) -> Command {
    let mut command = Command::new("go");
    command
        .arg(what)
        .current_dir(&place.folder)
        .env("GOOS", "wasip1")
        .env("GOARCH", "wasm")
        // A workspace above would decide what is built, and flags of the user's how.
        .env("GOWORK", "off")
        .env_remove("GOFLAGS")
        .env_remove("GOWASM");
    command
}
