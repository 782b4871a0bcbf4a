//! A project's folder: its definitions, its components built, and both checked against each other and the sources.

mod aggregations;
mod build;
mod check;
mod parts;
mod requests;
mod services;
mod view;

pub use build::{BuildError, Built, Code, Found, LANGUAGES, Language, Need, build};
pub(crate) use check::parameters;
pub use check::{Checked, CompileError, check_view};
pub use parts::{parts, request_parts};
pub use requests::{CompiledRequest, check_request};
pub use services::check_services;
pub use view::{CompiledTransform, CompiledView};
pub(crate) use view::{columns, features, limits};

use std::path::{Path, PathBuf};

use crate::definition::{OnlineStoreKind, Parsed, Problem, Problems, Project, parse};
use crate::storage::Place;

/// The file that makes a folder a project.
pub const FILE: &str = "sandglass.toml";

/// A project's folder and its valid definitions.
pub struct Folder {
    /// Where it is.
    pub root: PathBuf,
    /// What it says.
    pub parsed: Parsed,
    offline: Place,
}

impl Folder {
    /// Reads and checks the definitions of a folder.
    pub fn open(root: &Path) -> Result<Self, Problems> {
        let path = root.join(FILE);
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(&path).map_err(|error| {
            let hint = "name the project's folder with `--project`".to_owned();
            let message = format!("cannot read {shown}: {error}");
            Problems::new(
                &shown,
                "",
                vec![Problem {
                    message,
                    hint: Some(hint),
                    span: 0..0,
                }],
            )
        })?;
        let parsed = parse(&shown, &text)?;
        let stores = &parsed.project.stores;
        let offline = Place::new(&stores.offline, &stores.offline_at, root);
        Ok(Self {
            root: root.to_owned(),
            parsed,
            offline,
        })
    }

    /// The definitions.
    pub fn project(&self) -> &Project {
        &self.parsed.project
    }

    /// Where the offline store is.
    pub fn offline(&self) -> &Place {
        &self.offline
    }

    /// The folder of the online store, if it is one in a folder.
    pub fn online(&self) -> Option<PathBuf> {
        match &self.project().stores.online {
            OnlineStoreKind::Embedded { path, .. } => Some(self.root.join(path)),
            OnlineStoreKind::DynamoDb(_) => None,
        }
    }
}
