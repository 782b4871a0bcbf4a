//! The registry: what has been applied, and the components that go with it. Files beside the offline store, each made only if
//! it is not there: of two people who apply at once, one is told of the other.

mod keys;
mod view;

pub use keys::ApiKey;
pub use view::{Adopted, AppliedComponent, AppliedRequest, AppliedView, Kept, Known, Next, Step};

use std::collections::BTreeMap;

use sandglass_runtime::Digest;
use serde::{Deserialize, Serialize};

use crate::definition::Project;
use crate::error::{Classified, Kind};
use crate::plan::differences;
use crate::storage::{Place, StorageError};
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
    /// The request views by name, of which nothing is kept anywhere else.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub request_views: BTreeMap<String, AppliedRequest>,
    /// Views that are not defined any more, whose tables and items are kept until they are destroyed.
    pub retired: BTreeMap<String, AppliedView>,
    /// Views that were destroyed, with the number of their last version.
    pub destroyed: BTreeMap<String, u32>,
}

impl Applied {
    /// What is known of a view's name.
    pub fn known<'a>(before: Option<&'a Self>, name: &str) -> Known<'a> {
        let Some(before) = before else {
            return Known::Nothing { versions: 0 };
        };
        let of = |view, retired| Known::View {
            view,
            retired,
            application: before.number,
        };
        match (before.views.get(name), before.retired.get(name)) {
            (Some(view), _) => of(view, false),
            (None, Some(view)) => of(view, true),
            (None, None) => Known::Nothing {
                versions: before.destroyed.get(name).copied().unwrap_or(0),
            },
        }
    }

    /// The next application, of these definitions and views: what is not defined any more is retired.
    pub fn next(
        before: Option<&Self>,
        at: Timestamp,
        project: Project,
        views: BTreeMap<String, AppliedView>,
        request_views: BTreeMap<String, AppliedRequest>,
    ) -> Self {
        let (number, mut retired, mut destroyed) = match before {
            None => (1, BTreeMap::new(), BTreeMap::new()),
            Some(before) => {
                let all = before.retired.iter().chain(&before.views);
                let retired = all.map(|(name, view)| (name.clone(), view.clone())).collect();
                (before.number + 1, retired, before.destroyed.clone())
            }
        };
        retired.retain(|name, _| !views.contains_key(name));
        destroyed.retain(|name, _| !views.contains_key(name));
        Self {
            number,
            at,
            project,
            views,
            request_views,
            retired,
            destroyed,
        }
    }

    /// What another application changed since this one, view by view, then of services.
    fn changes(before: Option<&Self>, theirs: &Self) -> Vec<String> {
        let mut changes = Vec::new();
        for (name, view) in &theirs.views {
            let old = before.and_then(|before| before.views.get(name));
            let found = old.map(|old| differences(&old.parts, &view.parts)).unwrap_or_default();
            let told: Vec<_> = found.iter().map(ToString::to_string).collect();
            match old {
                None => changes.push(format!("`{name}` is new")),
                Some(old) if old.version != view.version => changes.push(format!(
                    "`{name}` went from version {} to {} ({})",
                    old.version,
                    view.version,
                    told.join("; ")
                )),
                Some(old) if old != view => changes.push(format!("`{name}` changed ({})", told.join("; "))),
                Some(_) => {}
            }
        }
        let gone = before.iter().flat_map(|before| before.views.keys());
        let gone = gone.filter(|name| !theirs.views.contains_key(*name));
        changes.extend(gone.map(|name| format!("`{name}` is gone")));
        for name in theirs.project.request_views.iter().map(|view| &view.name) {
            let (old, new) = (
                before.and_then(|before| before.request_views.get(name)),
                theirs.request_views.get(name),
            );
            match (old, new) {
                (None, _) => changes.push(format!("`{name}` is new")),
                (old, new) if old != new => changes.push(format!("`{name}` changed")),
                _ => {}
            }
        }
        let gone = before.iter().flat_map(|before| before.request_views.keys());
        let gone = gone.filter(|name| !theirs.request_views.contains_key(*name));
        changes.extend(gone.map(|name| format!("`{name}` is gone")));
        let services = before.map(|before| &before.project.feature_services);
        if services.is_some_and(|services| *services != theirs.project.feature_services) {
            changes.push("feature services changed".to_owned());
        }
        changes
    }
}

/// What goes wrong in the registry.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// Somebody else has applied meanwhile.
    #[error("somebody else has applied this project meanwhile (application {number}, at {at}): {}", told(.changes))]
    Conflict {
        /// Theirs.
        number: u64,
        /// When.
        at: Timestamp,
        /// What it changed.
        changes: Vec<String>,
    },
    /// A file is damaged.
    #[error("registry: {place}: {problem}")]
    Corrupt {
        /// The file.
        place: Place,
        /// In words.
        problem: String,
    },
    /// A file cannot be read or written.
    #[error("registry: {0}")]
    Storage(#[from] StorageError),
    /// The system gives no random numbers.
    #[error("registry: {0}")]
    Random(getrandom::Error),
}

fn told(changes: &[String]) -> String {
    if changes.is_empty() {
        "no view changed".to_owned()
    } else {
        changes.join(", ")
    }
}

impl Classified for RegistryError {
    fn kind(&self) -> Kind {
        match self {
            Self::Conflict { .. } => Kind::Conflict,
            Self::Corrupt { .. } => Kind::Corrupt,
            Self::Storage(error) => error.kind(),
            Self::Random(_) => Kind::Unavailable,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Conflict { .. } => {
                Some("look at what they changed with `sandglass plan`, then apply again".to_owned())
            }
            Self::Storage(error) => error.hint(),
            _ => None,
        }
    }
}

/// The registry of one workspace.
#[derive(Debug, Clone)]
pub struct Registry {
    folder: Place,
}

impl Registry {
    /// The registry of a project whose offline store is at this place.
    pub fn new(offline: &Place, project: &Project) -> Self {
        Self {
            folder: offline.join(&project.name.registry_path()),
        }
    }

    /// Whether each look at it is a request to a service.
    pub fn is_remote(&self) -> bool {
        self.folder.folder().is_none()
    }

    /// The number of the last application, none if there is none.
    pub fn latest_number(&self) -> Result<Option<u64>, RegistryError> {
        Ok(self.numbers()?.into_iter().max())
    }

    /// The last application, none if there is none.
    pub fn latest(&self) -> Result<Option<Applied>, RegistryError> {
        match self.latest_number()? {
            None => Ok(None),
            Some(number) => self.read(number).map(Some),
        }
    }

    /// Makes an application the last one, if it is the next after `before`, which was the last one when somebody looked.
    pub fn put(&self, before: Option<&Applied>, applied: &Applied) -> Result<(), RegistryError> {
        let place = self.place(applied.number);
        let bytes = serde_json::to_vec_pretty(applied).map_err(|error| RegistryError::Corrupt {
            place: place.clone(),
            problem: error.to_string(),
        })?;
        if before.is_none() {
            self.folder.check_conditions()?;
        }
        if place.create(&bytes)? {
            return Ok(());
        }
        let theirs = self.read(applied.number)?;
        Err(RegistryError::Conflict {
            number: theirs.number,
            at: theirs.at,
            changes: Applied::changes(before, &theirs),
        })
    }

    /// Keeps a component; one that is there already is the same.
    pub fn put_component(&self, bytes: &[u8]) -> Result<Digest, RegistryError> {
        let digest = Digest::of(bytes);
        self.component_place(&digest).create(bytes)?;
        Ok(digest)
    }

    /// A component's bytes, which are checked against their digest.
    pub fn component(&self, digest: &Digest) -> Result<Vec<u8>, RegistryError> {
        let place = self.component_place(digest);
        let bytes = read(&place)?;
        if Digest::of(&bytes) == *digest {
            return Ok(bytes);
        }
        Err(RegistryError::Corrupt {
            place,
            problem: "its bytes are not those of its digest".to_owned(),
        })
    }

    fn component_place(&self, digest: &Digest) -> Place {
        self.folder.join("components").join(&format!("{}.wasm", digest.hex()))
    }

    fn place(&self, number: u64) -> Place {
        self.folder.join("applied").join(&format!("{number:012}.json"))
    }

    fn numbers(&self) -> Result<Vec<u64>, RegistryError> {
        let names = self.folder.join("applied").names()?.into_iter();
        Ok(names
            .filter_map(|name| name.strip_suffix(".json")?.parse().ok())
            .collect())
    }

    /// An application by its number.
    pub fn read(&self, number: u64) -> Result<Applied, RegistryError> {
        let place = self.place(number);
        serde_json::from_slice(&read(&place)?).map_err(|error| RegistryError::Corrupt {
            place,
            problem: error.to_string(),
        })
    }
}

/// A file that is there.
fn read(place: &Place) -> Result<Vec<u8>, RegistryError> {
    place.read()?.ok_or_else(|| RegistryError::Corrupt {
        place: place.clone(),
        problem: "it is not there any more".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project() -> Project {
        crate::definition::parse("sandglass.toml", "[project]\nname = \"shop\"")
            .expect("a project")
            .project
    }

    fn view(ttl: &str) -> AppliedView {
        let parts = [("ttl".to_owned(), serde_json::json!(ttl))].into();
        AppliedView::next(Known::Nothing { versions: 0 }, parts, None, Timestamp::from_micros(0)).after
    }

    fn applied(before: Option<&Applied>, views: &[(&str, &AppliedView)]) -> Applied {
        let views = views.iter().map(|(name, view)| ((*name).to_owned(), (*view).clone()));
        Applied::next(
            before,
            Timestamp::from_micros(0),
            project(),
            views.collect(),
            BTreeMap::new(),
        )
    }

    #[test]
    fn the_second_of_two_is_told_what_the_first_changed() {
        let folder = tempfile::tempdir().expect("a folder");
        let registry = Registry::new(&folder.path().into(), &project());
        assert!(registry.latest().expect("readable").is_none());
        let (one, other) = (view("1d"), view("1d"));
        let first = applied(None, &[("a", &one), ("b", &other)]);
        registry.put(None, &first).expect("the first");
        let changed = AppliedView {
            parts: view("2d").parts,
            ..one.clone()
        };
        let second = applied(Some(&first), &[("a", &changed), ("c", &other)]);
        registry.put(Some(&first), &second).expect("the next");
        assert_eq!(registry.latest().expect("readable"), Some(second));
        let mine = applied(Some(&first), &[("a", &one), ("b", &other)]);
        let error = registry.put(Some(&first), &mine).expect_err("it is taken");
        assert_eq!(
            error.to_string(),
            "somebody else has applied this project meanwhile (application 2, at 1970-01-01T00:00:00Z): `a` changed (ttl: \
             \"1d\" to \"2d\"), `c` is new, `b` is gone"
        );
    }

    /// Projects that know nothing of aggregations and services are written as before there were any, and read.
    #[test]
    fn old_applications_are_read() {
        let view = "\n[[entity]]\nname = \"c\"\njoin_keys = { id = \"int64\" }\n[[source]]\nname = \"s\"\npath = \"s.csv\"\n\
            timestamp_column = \"at\"\n[[feature_view]]\nname = \"v\"\nkind = \"batch\"\nentities = [\"c\"]\nsources = [\"s\"]\n\
            timestamp_column = \"at\"\nbatch_schedule = \"1d\"\nfeature_start_time = \"2024-01-01\"\n";
        let aggregated = "lifetime_start_time = 2020-01-01\n[[feature_view.aggregation]]\ncolumn = \"a\"\n\
            function = \"approx_percentile(0.25)\"\ntime_window = [\"1d\", \"lifetime\", { series_start = \"-2d\", size = \"1d\" }]\n\
            [[feature_service]]\nname = \"f\"\nfeatures = [{ view = \"v\", join_keys = { id = \"other\" }, prefix = \"p\" }]\n";
        let folder = tempfile::tempdir().expect("a folder");
        let registry = Registry::new(&folder.path().into(), &project());
        let mut before = None;
        for (text, knows) in [(view.to_owned(), false), (format!("{view}{aggregated}"), true)] {
            let text = format!("[project]\nname = \"shop\"{text}");
            let parsed = crate::definition::parse("sandglass.toml", &text).expect("a project");
            let next = Applied::next(
                before.as_ref(),
                Timestamp::from_micros(0),
                parsed.project,
                BTreeMap::new(),
                BTreeMap::new(),
            );
            registry.put(before.as_ref(), &next).expect("the next");
            let written =
                std::fs::read_to_string(registry.place(next.number).folder().expect("a folder")).expect("a file");
            assert_eq!(
                written.contains("\"aggregation\"") || written.contains("feature_services"),
                knows
            );
            let read = registry.latest().expect("readable").expect("an application");
            assert_eq!(read, next);
            before = Some(read);
        }
    }

    #[test]
    fn names_are_remembered() {
        let (one, other) = (view("1d"), view("1d"));
        let first = applied(None, &[("a", &one), ("b", &other)]);
        let mut second = applied(Some(&first), &[("a", &one)]);
        assert!(matches!(
            Applied::known(Some(&second), "b"),
            Known::View { retired: true, .. }
        ));
        second.retired.clear();
        second.destroyed.insert("b".into(), 7);
        let third = applied(Some(&second), &[("a", &one)]);
        assert!(matches!(
            Applied::known(Some(&third), "b"),
            Known::Nothing { versions: 7 }
        ));
        let fourth = applied(Some(&third), &[("b", &other)]);
        assert!(fourth.destroyed.is_empty());
        assert_eq!(fourth.retired.keys().collect::<Vec<_>>(), ["a"]);
    }

    #[test]
    fn a_damaged_component_is_not_handed_out() {
        let folder = tempfile::tempdir().expect("a folder");
        let registry = Registry::new(&folder.path().into(), &project());
        let digest = registry.put_component(b"wasm").expect("written");
        assert_eq!(registry.component(&digest).expect("whole"), b"wasm");
        registry.component_place(&digest).put(b"wams").expect("written");
        assert!(matches!(
            registry.component(&digest),
            Err(RegistryError::Corrupt { .. })
        ));
    }
}
