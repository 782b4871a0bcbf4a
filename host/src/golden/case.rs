use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use sandglass_runtime::{Component, Contract, Input};

use super::table::{Format, header};
use super::{Broken, shown};

/// A golden case: one run of one transformation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Its component, as the definitions have it.
    pub component: String,
    /// The transformation.
    pub transformation: String,
    /// The name of its folder.
    pub name: String,
    /// Its folder.
    pub folder: PathBuf,
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}#{} {}", self.component, self.transformation, self.name)
    }
}

/// Where the cases of a component are: `golden` in a crate's folder, `<name>.golden` beside `<name>.wasm`.
pub(super) fn place(root: &Path, component: &str) -> PathBuf {
    let path = root.join(component);
    if path.is_dir() {
        path.join("golden")
    } else {
        path.with_extension("golden")
    }
}

/// The cases of a component that `root/path` is, in the order of their names.
///
/// # Errors
/// A folder that cannot be read, or one that is named as no transformation is.
pub fn find(root: &Path, path: &str, component: &Component) -> Result<Vec<Case>, Broken> {
    let golden = place(root, path);
    let mut cases = Vec::new();
    for folder in folders(&golden)? {
        let name = name_of(&folder);
        if component.contract(&name).is_none() {
            let known: Vec<_> = component
                .contracts()
                .iter()
                .map(|contract| format!("`{}`", contract.name))
                .collect();
            let message = format!("{}: {path} has no transformation `{name}`", shown(&folder));
            return Err(Broken::new(message).hint(format!("name the folder as one of {}", known.join(", "))));
        }
        for case in folders(&folder)? {
            cases.push(Case {
                component: path.to_owned(),
                transformation: name.clone(),
                name: name_of(&case),
                folder: case,
            });
        }
    }
    Ok(cases)
}

fn name_of(folder: &Path) -> String {
    folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The folders in a folder, without hidden ones; none if there is no such folder.
fn folders(folder: &Path) -> Result<Vec<PathBuf>, Broken> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut found: Vec<PathBuf> = entries(folder)?.into_iter().filter(|path| path.is_dir()).collect();
    found.sort();
    Ok(found)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, Broken> {
    let unreadable = |error: std::io::Error| Broken::new(format!("cannot read {}: {error}", shown(folder)));
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if !name_of(&path).starts_with('.') {
            paths.push(path);
        }
    }
    Ok(paths)
}

/// The files of a case.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) context: PathBuf,
    /// In the order of the contract's inputs.
    pub(super) inputs: Vec<(PathBuf, Format)>,
    /// The rows that are expected, if there is such a file.
    pub(super) expected: Option<(PathBuf, Format)>,
    pub(super) rejected: PathBuf,
    pub(super) error: PathBuf,
}

/// Names of files that no input can have.
const TAKEN: [&str; 3] = ["expected", "context", "rejected"];

impl Files {
    /// The files of a case; those that the case has and knows nothing of are likely misspelled.
    pub(super) fn new(case: &Case, contract: &Contract) -> Result<Self, Broken> {
        let folder = &case.folder;
        let mut left: BTreeSet<String> = entries(folder)?.iter().map(|path| name_of(path)).collect();
        let mut inputs = Vec::new();
        for input in &contract.inputs {
            if TAKEN.contains(&input.name.as_str()) {
                let message = format!(
                    "{}: an input named `{}` has no file of its own",
                    shown(folder),
                    input.name
                );
                return Err(Broken::new(message).hint("give the input another name"));
            }
            let found = either(folder, &input.name, &mut left)?;
            inputs.push(found.ok_or_else(|| missing(folder, input))?);
        }
        let expected = either(folder, "expected", &mut left)?;
        for known in ["context.toml", "rejected.jsonl", "error.txt"] {
            left.remove(known);
        }
        let looks_like_one = |name: &&String| {
            let ending = Path::new(name).extension().and_then(|ending| ending.to_str());
            matches!(ending, Some("csv" | "parquet" | "toml" | "txt" | "jsonl"))
        };
        if let Some(name) = left.iter().find(looks_like_one) {
            let inputs: Vec<_> = contract
                .inputs
                .iter()
                .map(|input| format!("`{}.csv`", input.name))
                .collect();
            let message = format!("{}: nobody reads this file", shown(&folder.join(name)));
            return Err(Broken::new(message).hint(format!(
                "there are {}, `context.toml`, `expected.csv`, `rejected.jsonl` and `error.txt`",
                inputs.join(", ")
            )));
        }
        Ok(Self {
            context: folder.join("context.toml"),
            inputs,
            expected,
            rejected: folder.join("rejected.jsonl"),
            error: folder.join("error.txt"),
        })
    }
}

fn missing(folder: &Path, input: &Input) -> Broken {
    let path = folder.join(format!("{}.csv", input.name));
    Broken::new(format!("{} is missing", shown(&path)))
        .hint(format!("write it; its first line is\n    {}", header(&input.columns)))
}

/// A file of rows in either format.
fn either(folder: &Path, stem: &str, left: &mut BTreeSet<String>) -> Result<Option<(PathBuf, Format)>, Broken> {
    let mut found = None;
    for format in Format::ALL {
        let name = format!("{stem}.{}", format.ending());
        if left.remove(&name) {
            if found.is_some() {
                let message = format!("{}: `{stem}` is there as CSV and as Parquet", shown(folder));
                return Err(Broken::new(message).hint("remove one of the two"));
            }
            found = Some((folder.join(name), format));
        }
    }
    Ok(found)
}
