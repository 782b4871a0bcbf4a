//! The registry: what has been applied, and the components that go with it. Files below the offline store, each put only if
//! it is not there: of two people who apply at once, one is told of the other.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use sandglass_runtime::Digest;
use serde::{Deserialize, Serialize};

use crate::definition::Project;
use crate::error::{Classified, Kind};
use crate::time::Timestamp;

/// One application of a project: everything that materialization needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Applied {
    /// Which application, from 1.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// The definitions.
    pub project: Project,
    /// The views by name.
    pub views: BTreeMap<String, AppliedView>,
}

/// A view as it was applied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AppliedView {
    /// Stays with the name over all versions.
    pub view_id: String,
    /// From 1.
    pub version: u32,
    /// When this version was applied: its backfill ends at the last boundary that was due then.
    pub version_at: Timestamp,
    /// Its component, if it has a transformation.
    pub component: Option<AppliedComponent>,
    /// What decides whether a change makes a new version.
    pub fingerprint: BTreeMap<String, serde_json::Value>,
}

/// A view's component.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AppliedComponent {
    /// Its digest.
    pub digest: Digest,
    /// Which of its transformations.
    pub transformation: String,
}

/// What goes wrong in the registry.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// Somebody else has applied meanwhile.
    #[error("somebody else has applied this project meanwhile (application {number}, at {at})")]
    Conflict {
        /// Theirs.
        number: u64,
        /// When.
        at: Timestamp,
    },
    /// A file is damaged.
    #[error("registry: {path}: {problem}")]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// In words.
        problem: String,
    },
    /// A file cannot be read or written.
    #[error("registry: {path}: {problem}")]
    Io {
        /// The file.
        path: PathBuf,
        /// In words.
        problem: std::io::Error,
    },
}

impl Classified for RegistryError {
    fn kind(&self) -> Kind {
        match self {
            Self::Conflict { .. } => Kind::Conflict,
            Self::Corrupt { .. } => Kind::Corrupt,
            Self::Io { .. } => Kind::Unavailable,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Conflict { .. } => {
                Some("look at what they changed with `sandglass plan`, then apply again".to_owned())
            }
            _ => None,
        }
    }
}

/// The registry of one workspace.
#[derive(Debug, Clone)]
pub struct Registry {
    folder: PathBuf,
}

impl Registry {
    /// The registry of a project whose offline store is in this folder.
    pub fn new(offline: &Path, project: &Project) -> Self {
        Self {
            folder: offline.join(project.name.registry_path()),
        }
    }

    /// The last application, none if there is none.
    pub fn latest(&self) -> Result<Option<Applied>, RegistryError> {
        match self.numbers()?.into_iter().max() {
            None => Ok(None),
            Some(number) => self.read(number).map(Some),
        }
    }

    /// Makes an application the last one, if its number is the next.
    pub fn put(&self, applied: &Applied) -> Result<(), RegistryError> {
        let path = self.path(applied.number);
        let bytes = serde_json::to_vec_pretty(applied).map_err(|error| RegistryError::Corrupt {
            path: path.clone(),
            problem: error.to_string(),
        })?;
        if self.put_if_absent(&path, &bytes)? {
            return Ok(());
        }
        let theirs = self.read(applied.number)?;
        Err(RegistryError::Conflict {
            number: theirs.number,
            at: theirs.at,
        })
    }

    /// Keeps a component; one that is there already is the same.
    pub fn put_component(&self, bytes: &[u8]) -> Result<Digest, RegistryError> {
        let digest = Digest::of(bytes);
        self.put_if_absent(&self.component_path(&digest), bytes)?;
        Ok(digest)
    }

    /// A component's bytes, which are checked against their digest.
    pub fn component(&self, digest: &Digest) -> Result<Vec<u8>, RegistryError> {
        let path = self.component_path(digest);
        let bytes = std::fs::read(&path).map_err(|problem| RegistryError::Io {
            path: path.clone(),
            problem,
        })?;
        if Digest::of(&bytes) == *digest {
            return Ok(bytes);
        }
        Err(RegistryError::Corrupt {
            path,
            problem: "its bytes are not those of its digest".to_owned(),
        })
    }

    fn component_path(&self, digest: &Digest) -> PathBuf {
        self.folder.join("components").join(format!("{}.wasm", digest.hex()))
    }

    fn path(&self, number: u64) -> PathBuf {
        self.folder.join("applied").join(format!("{number:012}.json"))
    }

    fn numbers(&self) -> Result<Vec<u64>, RegistryError> {
        let folder = self.folder.join("applied");
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(problem) => return Err(RegistryError::Io { path: folder, problem }),
        };
        let number = |entry: std::fs::DirEntry| entry.file_name().to_str()?.strip_suffix(".json")?.parse().ok();
        Ok(entries.filter_map(|entry| number(entry.ok()?)).collect())
    }

    fn read(&self, number: u64) -> Result<Applied, RegistryError> {
        let path = self.path(number);
        let bytes = std::fs::read(&path).map_err(|problem| RegistryError::Io {
            path: path.clone(),
            problem,
        })?;
        serde_json::from_slice(&bytes).map_err(|error| RegistryError::Corrupt {
            path,
            problem: error.to_string(),
        })
    }

    /// Whole or not at all: written and synced under another name, then linked, which fails if the name is taken.
    fn put_if_absent(&self, path: &Path, bytes: &[u8]) -> Result<bool, RegistryError> {
        let io = |problem| RegistryError::Io {
            path: path.to_owned(),
            problem,
        };
        let folder = path.parent().unwrap_or(&self.folder);
        std::fs::create_dir_all(folder).map_err(io)?;
        if path.exists() {
            return Ok(false);
        }
        let temporary = folder.join(format!(".{}.tmp", uuid::Uuid::new_v4()));
        let written = std::fs::File::create(&temporary)
            .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
            .and_then(|()| std::fs::hard_link(&temporary, path));
        // Whether it is still there matters to nobody.
        let _ = std::fs::remove_file(&temporary);
        match written {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(io(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project() -> Project {
        crate::definition::parse("sandglass.toml", "[project]\nname = \"shop\"")
            .expect("a project")
            .project
    }

    fn applied(number: u64) -> Applied {
        Applied {
            number,
            at: Timestamp::from_micros(0),
            project: project(),
            views: BTreeMap::new(),
        }
    }

    #[test]
    fn the_second_of_two_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let registry = Registry::new(folder.path(), &project());
        assert!(registry.latest().expect("readable").is_none());
        registry.put(&applied(1)).expect("the first");
        assert!(matches!(
            registry.put(&applied(1)),
            Err(RegistryError::Conflict { number: 1, .. })
        ));
        registry.put(&applied(2)).expect("the next");
        assert_eq!(registry.latest().expect("readable"), Some(applied(2)));
    }

    #[test]
    fn a_damaged_component_is_not_handed_out() {
        let folder = tempfile::tempdir().expect("a folder");
        let registry = Registry::new(folder.path(), &project());
        let digest = registry.put_component(b"wasm").expect("written");
        assert_eq!(registry.component(&digest).expect("whole"), b"wasm");
        std::fs::write(registry.component_path(&digest), b"wams").expect("written");
        assert!(matches!(
            registry.component(&digest),
            Err(RegistryError::Corrupt { .. })
        ));
    }
}
