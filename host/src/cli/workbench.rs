use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use chrono::Utc;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use sandglass_runtime::{Digest, GuestThreads, Limits, Loader, Profile, Sandbox};

use tokio::sync::Semaphore;

use super::Global;
use super::compile::is_kept;
use super::error::CliError;
use super::loader::loader;
use super::output::Printer;
use super::tables::Tables;
use crate::compaction::{KeptPass, PassHistory};
use crate::definition::{FeatureView, Project};
use crate::materialize::FailedJobs;
use crate::offline::OfflineTable;
use crate::online::{GenerationState, LiveRecord, OnlineStore, open_within};
use crate::project::Folder;
use crate::registry::{Applied, AppliedView, Registry};
use crate::serving::{Clock, RequestHost};
use crate::source::SourceTable;
use crate::storage::Place;
use crate::tile::TileSpec;
use crate::time::{Span, Timestamp};
use crate::transform::{Guests, Log, Room};
use crate::workspace::Name;

/// What commands work with: the project's folder, the engines, the stores, the time.
pub(crate) struct Workbench {
    pub(crate) folder: Folder,
    pub(crate) session: SessionContext,
    pub(crate) guests: Guests,
    pub(crate) now: Timestamp,
    fixed_now: Option<Timestamp>,
    /// For plans and guests together.
    pub(crate) memory_bytes: usize,
    loader: Arc<OnceLock<Loader>>,
    store: OnceLock<Arc<dyn OnlineStore>>,
    /// The dollars that the command may spend on the online store.
    budget: OnceLock<f64>,
}

impl Workbench {
    pub(crate) fn open(global: &Global) -> Result<Self, CliError> {
        let folder = Folder::open(&global.project)?;
        let cores = cores();
        let mut config = SessionConfig::new().with_target_partitions(cores);
        // Statistics of whole files say nothing that row groups do not, and cost a pass over the footers of all of them.
        config.options_mut().execution.collect_statistics = false;
        config.options_mut().execution.parquet.enable_page_index = true;
        // Every sort sets so much aside for its merge, and there are some in a plan: they must not be all that there is.
        let merge = (global.memory_bytes / 64).clamp(1 << 20, 10 << 20);
        config.options_mut().execution.sort_spill_reservation_bytes = merge;
        // Below this rows are sorted at once, and not batch by batch and then merged.
        let at_once = (global.memory_bytes / 32).clamp(1 << 20, 16 << 20);
        config.options_mut().execution.sort_in_place_threshold_bytes = at_once;
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(FairSpillPool::new(global.memory_bytes)))
            .build_arc()
            .map_err(|error| CliError::internal(error.strip_backtrace()))?;
        let session = SessionContext::new_with_config_rt(config, runtime);
        let threads =
            GuestThreads::new(cores).map_err(|error| CliError::internal(format!("cannot start threads: {error}")))?;
        Ok(Self {
            folder,
            session,
            guests: Guests {
                threads: Arc::new(threads),
                slots: Arc::new(Semaphore::new(runs() as usize)),
                log: log(global.verbose),
            },
            now: global.now.unwrap_or_else(wall_clock),
            fixed_now: global.now,
            memory_bytes: global.memory_bytes,
            loader: Arc::default(),
            store: OnceLock::new(),
            budget: OnceLock::new(),
        })
    }

    /// What the time is whenever it is asked; `--now` stops it.
    pub(crate) fn clock(&self) -> Clock {
        match self.fixed_now {
            Some(now) => Arc::new(move || now),
            None => Arc::new(wall_clock),
        }
    }

    /// What `--now` says.
    pub(crate) fn fixed_now(&self) -> Option<Timestamp> {
        self.fixed_now
    }

    pub(crate) fn project(&self) -> &Project {
        self.folder.project()
    }

    pub(crate) fn registry(&self) -> Registry {
        Registry::new(self.folder.offline(), self.project())
    }

    /// The last application; an error if there is none.
    pub(crate) fn applied(&self) -> Result<Applied, CliError> {
        self.registry().latest()?.ok_or_else(|| {
            CliError::invalid(
                "nothing has been applied yet",
                Some("run `sandglass apply` first".to_owned()),
            )
        })
    }

    /// Lets the command spend no more than so many dollars on the online store; before that is opened.
    pub(crate) fn spend_at_most(&self, dollars: Option<f64>) {
        if let Some(dollars) = dollars {
            let _ = self.budget.set(dollars);
        }
    }

    /// The online store: one for the command.
    pub(crate) fn online(&self) -> Result<Arc<dyn OnlineStore>, CliError> {
        if let Some(store) = self.store.get() {
            return Ok(Arc::clone(store));
        }
        let budget = self.budget.get().copied();
        let store = open_within(&self.project().stores.online, &self.folder.root, budget)?;
        Ok(Arc::clone(self.store.get_or_init(|| store)))
    }

    /// What components are loaded with; made when the first one is.
    pub(crate) fn loader(&self, printer: &Printer) -> Result<&Loader, CliError> {
        made(&self.loader, printer).map_err(CliError::internal)
    }

    /// Where request views run. What components are loaded with is made when the first one is.
    pub(crate) fn request_host(&self, printer: &Printer) -> RequestHost {
        let (printer, registry, loader) = (*printer, self.registry(), Arc::clone(&self.loader));
        let load = move |digest: &Digest| {
            let bytes = registry.component(digest).map_err(|error| error.to_string())?;
            let component = made(&loader, &printer)?.load(&bytes, &Limits::default());
            component.map_err(|error| error.to_string())
        };
        let threads = self.guests.threads.count();
        // Every thread has a run and may be making the next one's instance, and as many runs are on others' threads.
        let waiting = (runs() as usize).saturating_sub(3 * threads);
        RequestHost::new(Box::new(load), self.guests.clone(), Room::new(waiting, threads))
    }

    /// Opens sources, each once.
    pub(crate) async fn sources(&self, project: &Project) -> Result<BTreeMap<String, Arc<SourceTable>>, CliError> {
        let mut tables = BTreeMap::new();
        for source in &project.sources {
            let used = project
                .feature_views
                .iter()
                .any(|view| view.sources.iter().any(|used| used.name == source.name));
            if used {
                let table = SourceTable::open(&self.folder.root, source).await?;
                tables.insert(source.name.clone(), Arc::new(table));
            }
        }
        Ok(tables)
    }

    /// The tables of the offline store.
    pub(crate) fn tables(&self) -> Tables {
        Tables {
            root: self.folder.offline().clone(),
            session: self.session.clone(),
        }
    }

    /// An applied view with its tables, as they are now.
    pub(crate) async fn opened(&self, applied: &Applied, view: &str) -> Result<Opened, CliError> {
        self.opened_at(applied, view, None).await
    }

    /// An applied view with its tables, as these versions of them have it.
    pub(crate) async fn opened_at(
        &self,
        applied: &Applied,
        view: &str,
        versions: Option<(Option<u64>, Option<u64>)>,
    ) -> Result<Opened, CliError> {
        is_kept(&applied.project, view)?;
        let (Some(definition), Some(version)) = (applied.project.feature_view(view), applied.views.get(view)) else {
            let names: Vec<_> = applied.views.keys().map(|name| format!("`{name}`")).collect();
            let message = format!("no feature view `{view}`; there are {}", names.join(", "));
            return Err(CliError::invalid(message, None));
        };
        let nothing = |what: &str| {
            if versions.is_some() {
                let version = version.version;
                let message =
                    format!("feature view `{view}`: the {what} of its version {version} are not kept any more");
                return CliError::invalid(message, None);
            }
            let message = format!("feature view `{view}` has no {what} yet");
            let command = match definition.table.is_some() {
                true => format!("sandglass ingest {view}"),
                false => "sandglass materialize".to_owned(),
            };
            CliError::invalid(message, Some(format!("run `{command}` first")))
        };
        let name = self.name(view, version.version);
        let (of_rows, of_tiles) = versions.unwrap_or_default();
        let tables = self.tables();
        let rows = tables.rows(&name, of_rows).await?.ok_or_else(|| nothing("rows"))?;
        let data_delay = applied.project.data_delay(definition);
        let tiles = match &definition.aggregation {
            None => None,
            Some(aggregation) => {
                let spec = TileSpec::new(definition, aggregation, rows.schema(), data_delay)
                    .map_err(|error| CliError::internal(format!("feature view `{view}`: {error}")))?;
                let tiles = tables.tiles(&spec, &name, of_tiles).await?;
                Some((Arc::new(spec), tiles.ok_or_else(|| nothing("tiles"))?))
            }
        };
        Ok(Opened {
            view: definition.clone(),
            version: version.clone(),
            data_delay,
            rows,
            tiles,
        })
    }

    /// The version of a view that was applied.
    pub(crate) fn name(&self, view: &str, version: u32) -> Name {
        Name::new(&self.project().name, view, version)
    }

    /// Where rows lie that clients of the server have brought, until they are ingested.
    pub(crate) fn dataframes(&self) -> PathBuf {
        let workspace = self.project().name.as_str();
        // They are files on their way: where the store is none of this machine, its server keeps them.
        let folder = match self.folder.offline().folder() {
            Some(folder) => folder.to_owned(),
            None => self.folder.root.join("store"),
        };
        folder.join(workspace).join("_dataframes")
    }

    /// Where the offline store has a view's versions.
    pub(crate) fn versions(&self, view: &str) -> Place {
        self.folder.offline().join(self.project().name.as_str()).join(view)
    }

    /// Where it has one of them.
    fn version(&self, name: &Name) -> Place {
        self.folder.offline().join(&name.path())
    }

    /// The passes of compaction of a view's version.
    pub(crate) fn passes(&self, name: &Name) -> PassHistory {
        PassHistory {
            file: self.version(name).join("passes.jsonl"),
        }
    }

    /// What is kept of them, for people and estimates: a file that cannot be read is told, and keeps nothing from going on.
    pub(crate) fn kept_passes(&self, name: &Name, printer: &Printer) -> Vec<KeptPass> {
        self.passes(name).passes().unwrap_or_else(|error| {
            printer.tell(&format!("warning: the passes of {name} cannot be read: {error}"));
            Vec::new()
        })
    }

    /// What is online of a view, whatever its version.
    pub(crate) async fn live(&self, name: &Name) -> Result<Option<(LiveRecord, GenerationState)>, CliError> {
        let (store, name) = (self.online()?, name.clone());
        let live = tokio::task::spawn_blocking(move || store.live(&name)).await;
        Ok(live.map_err(|error| CliError::internal(error.to_string()))??)
    }

    /// The failed jobs of a view's version.
    pub(crate) fn failed_jobs(&self, name: &Name) -> FailedJobs {
        FailedJobs {
            folder: self.version(name).join("failed"),
        }
    }
}

/// An applied view and its tables.
pub(crate) struct Opened {
    pub(crate) view: FeatureView,
    pub(crate) version: AppliedView,
    pub(crate) data_delay: Span,
    pub(crate) rows: OfflineTable,
    /// Of a view with aggregations.
    pub(crate) tiles: Option<(Arc<TileSpec>, OfflineTable)>,
}

/// What components are loaded with; made when it is asked for first.
fn made<'a>(cell: &'a OnceLock<Loader>, printer: &Printer) -> Result<&'a Loader, String> {
    if let Some(loader) = cell.get() {
        return Ok(loader);
    }
    let sandbox = Sandbox::new(Profile::Production, runs())?;
    Ok(cell.get_or_init(|| loader(sandbox, printer)))
}

/// Runs that the engine has room for: the partitions of jobs that run at once, and no more address space than a machine has.
pub(crate) fn runs() -> u32 {
    u32::try_from(cores() * cores() * 4).unwrap_or(64).clamp(16, 256)
}

/// Guests' warnings and errors, or all that they say.
fn log(verbose: bool) -> Log {
    Arc::new(move |label, level, message| {
        if verbose || matches!(level, "warn" | "error") {
            eprintln!("guest, {label}: {level}: {message}");
        }
    })
}

pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// The one place that looks at the machine's clock; `--now` takes its place.
#[expect(clippy::disallowed_methods, reason = "the one place that may")]
pub(crate) fn wall_clock() -> Timestamp {
    Timestamp::from_micros(Utc::now().timestamp_micros())
}

/// A path as messages show it.
pub(crate) fn shown(path: &Path) -> String {
    path.display().to_string()
}
