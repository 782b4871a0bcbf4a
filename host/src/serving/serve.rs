use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use super::answer::Vectors;
use super::catalog::{Catalog, Service};
use super::error::ServeError;
use super::metadata::metadata;
use super::request::{BatchRequest, Fields, RequestOptions, VectorRequest};
use super::requests::{Allowed, RequestAnswer, RequestHost, RequestRow, context_value};
use super::rows::Rows;
use crate::definition::{ContextField, list};
use crate::key::{KeyValue, encode_all};
use crate::online::{CacheCounts, OnlineStore, Read, Requests, Value};
use crate::plan::last_due;
use crate::registry::{Registry, RegistryError};
use crate::time::{Span, Timestamp};
use crate::workspace::Workspace;

/// What time it is.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Times that a request starts anew because what is applied changed meanwhile.
const TRIES: usize = 4;
/// How far the clocks of this machine and of the one that materializes may lie apart.
const SKEW: Span = Span::from_micros(60_000_000);
/// How long after request views that cannot run are tried again.
const TRY_AGAIN: Duration = Duration::from_secs(10);
/// Reads of the store that wait for a disk at once.
const READS_MAX: usize = 64;

/// Answers requests from what is applied and what is online, as it is at each moment.
pub struct Serving {
    workspace: Workspace,
    registry: Registry,
    store: Arc<dyn OnlineStore>,
    clock: Clock,
    /// None where nothing is computed at the time of a request.
    host: Option<RequestHost>,
    catalog: RwLock<Arc<Catalog>>,
    /// Held by who looks whether something was applied, with when the last look began.
    refreshing: Arc<tokio::sync::Mutex<Option<Instant>>>,
    reads: Arc<Semaphore>,
    timeout: Duration,
    skew: Span,
    /// When request views that cannot run were last tried again.
    tried: Mutex<Instant>,
}

/// What is asked of a service, whichever way.
pub(crate) struct Asked<'a> {
    pub(crate) workspace: Option<&'a str>,
    pub(crate) service: Option<&'a str>,
    /// Join keys and context of each row.
    pub(crate) rows: Vec<(&'a Fields<'a>, &'a Fields<'a>)>,
    pub(crate) options: RequestOptions,
    /// Whether what could not be had in time is answered as null.
    pub(crate) partial: bool,
}

impl<'a> From<&'a VectorRequest<'a>> for Asked<'a> {
    fn from(request: &'a VectorRequest<'a>) -> Self {
        Self {
            workspace: request.workspace_name.as_deref(),
            service: request.feature_service_name.as_deref(),
            rows: vec![(&request.join_key_map, &request.request_context_map)],
            options: request.request_options,
            partial: request.allow_partial_results,
        }
    }
}

impl<'a> From<&'a BatchRequest<'a>> for Asked<'a> {
    fn from(request: &'a BatchRequest<'a>) -> Self {
        let rows = request.request_data.iter();
        Self {
            workspace: request.workspace_name.as_deref(),
            service: request.feature_service_name.as_deref(),
            rows: rows.map(|row| (&row.join_key_map, &row.request_context_map)).collect(),
            options: request.request_options,
            partial: request.allow_partial_results,
        }
    }
}

/// The keys of a request: for each of the service's views those of all rows, and where in them each row's lookups are. And the
/// values of each row's context.
struct Wanted {
    keys: Vec<Vec<Vec<u8>>>,
    places: Rows<Option<usize>>,
    context: Rows<Value>,
}

/// What was read for a request.
struct Found {
    service: Arc<Service>,
    places: Rows<Option<usize>>,
    context: Rows<Value>,
    /// One for each of the service's views; none if there was no time for it.
    read: Option<Vec<Read>>,
    store_time: Duration,
}

impl Serving {
    /// Of a workspace; nothing needs to have been applied yet. Requests have so long. Waits for files, and for the compiler if there
    /// are request views.
    pub fn new(
        workspace: Workspace,
        registry: Registry,
        store: Arc<dyn OnlineStore>,
        host: Option<RequestHost>,
        clock: Clock,
        timeout: Duration,
    ) -> Result<Self, RegistryError> {
        let catalog = catalog(&registry, host.as_ref())?.unwrap_or_default();
        Ok(Self {
            host,
            workspace,
            registry,
            store,
            clock,
            catalog: RwLock::new(Arc::new(catalog)),
            refreshing: Arc::default(),
            reads: Arc::new(Semaphore::new(READS_MAX)),
            timeout,
            skew: SKEW,
            tried: Mutex::new(Instant::now()),
        })
    }

    /// With clocks of machines that lie so far apart at most.
    #[must_use]
    pub fn with_skew(self, skew: Span) -> Self {
        Self { skew, ..self }
    }

    /// The services, as they were applied last when somebody looked.
    pub fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.catalog.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The workspace, if a feature table of that name is applied in it. Waits for files.
    pub fn feature_table_blocking(&self, workspace: &str, name: &str) -> Result<&Workspace, ServeError> {
        if workspace != self.workspace.as_str() {
            return Err(ServeError::Unknown(format!("there is no workspace `{workspace}` here")));
        }
        let applied = self.registry.latest()?;
        let view = applied.as_ref().and_then(|applied| applied.project.feature_view(name));
        match view.map(|view| view.table.is_some()) {
            Some(true) => Ok(&self.workspace),
            Some(false) => Err(ServeError::Invalid(format!(
                "`{name}` is a batch view: its rows are made of its sources, and cannot be brought"
            ))),
            None => Err(ServeError::Unknown(format!("there is no feature table `{name}`"))),
        }
    }

    /// Whether each look at the registry is a request to a service.
    pub fn registry_is_remote(&self) -> bool {
        self.registry.is_remote()
    }

    /// What the memory of items did.
    pub fn cache_counts(&self) -> CacheCounts {
        self.store.cache_counts()
    }

    /// What the store has asked of a service.
    pub fn store_requests(&self) -> Requests {
        self.store.requests()
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Looks whether something was applied, and takes it over. Waits for files.
    pub fn refresh_blocking(&self) -> Result<(), ServeError> {
        let known = self.catalog();
        if self.registry.latest_number()? == Some(known.number()) && !(known.is_incomplete() && self.tries_again()) {
            return Ok(());
        }
        if let Some(found) = catalog(&self.registry, self.host.as_ref())? {
            let found = Arc::new(found);
            let mut catalog = self.catalog.write().unwrap_or_else(PoisonError::into_inner);
            // Somebody else may have been faster, and have seen more.
            if found.number() > catalog.number() || Arc::ptr_eq(&known, &catalog) {
                let last = std::mem::replace(&mut *catalog, found);
                // Its instances are given back while nobody waits.
                drop(catalog);
                drop(last);
            }
        }
        Ok(())
    }

    /// Whether it is time to look again for what could not be opened.
    fn tries_again(&self) -> bool {
        let mut last = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        let again = last.elapsed() > TRY_AGAIN;
        if again {
            *last = Instant::now();
        }
        again
    }

    /// The same, off the threads that answer and one at a time, unless somebody has looked since a request began.
    async fn refresh(self: &Arc<Self>, began: Instant, deadline: Instant) -> Result<(), ServeError> {
        let late = |_| ServeError::TimedOut("the registry did not answer in time".to_owned());
        let deadline = tokio::time::Instant::from_std(deadline);
        let turn = Arc::clone(&self.refreshing).lock_owned();
        let mut turn = tokio::time::timeout_at(deadline, turn).await.map_err(late)?;
        if turn.is_some_and(|last| last > began) {
            return Ok(());
        }
        *turn = Some(Instant::now());
        let this = Arc::clone(self);
        let looking = tokio::task::spawn_blocking(move || {
            // Held until the look is over, whether or not anybody waits.
            let _turn = turn;
            this.refresh_blocking()
        });
        let looked = tokio::time::timeout_at(deadline, looking).await.map_err(late)?;
        looked.map_err(|error| ServeError::Internal(error.to_string()))?
    }

    /// For each online view through which time it is there: none if nothing of it is. Waits for files.
    pub fn freshness_blocking(&self) -> Vec<(String, Result<Option<Timestamp>, ServeError>)> {
        let catalog = self.catalog();
        let fresh = catalog.online().iter().map(|view| {
            let through = self.store.live(view).map(|live| live.map(|(_, state)| state.through));
            (view.view().to_owned(), through.map_err(ServeError::from))
        });
        fresh.collect()
    }

    /// A service by the names that a request has for it.
    async fn service(
        self: &Arc<Self>,
        asked: &Asked<'_>,
        (began, deadline): (Instant, Instant),
    ) -> Result<Arc<Service>, ServeError> {
        if let Some(workspace) = asked.workspace
            && workspace != self.workspace.as_str()
        {
            let message = format!(
                "there is no workspace `{workspace}` here; this server has `{}`",
                self.workspace
            );
            return Err(ServeError::Unknown(message));
        }
        let Some(name) = asked.service else {
            return Err(ServeError::Invalid("`featureServiceName` is missing".to_owned()));
        };
        if let Some(found) = self.catalog().service(name)? {
            return Ok(found);
        }
        // It may just have been applied.
        self.refresh(began, deadline).await?;
        if let Some(found) = self.catalog().service(name)? {
            return Ok(found);
        }
        Err(ServeError::Unknown(format!("there is no feature service `{name}`")))
    }

    /// The features of rows.
    pub(crate) async fn vectors(self: &Arc<Self>, asked: &Asked<'_>) -> Result<Vectors, ServeError> {
        let started = Instant::now();
        let budget = asked.options.latency_budget_ms.map(Duration::from_millis);
        let deadline = started + budget.unwrap_or(self.timeout).min(self.timeout);
        let times = (started, deadline);
        let found = self.found(asked, times).await?;
        let Found {
            service,
            places,
            context,
            read,
            store_time,
        } = found;
        let Some(reads) = read else {
            let layout = service.last_layout().filter(|_| budget.is_some() || asked.partial);
            let layout = layout.ok_or_else(|| late(times))?;
            return Ok(Vectors::timed_out(service, layout, asked.rows.len(), store_time));
        };
        let layout = service.layout(&reads)?;
        let now = self.now();
        let mut stale = Vec::new();
        let mut at = Vec::new();
        for (view, read) in service.views.iter().zip(&reads) {
            let online_from = read.state.through.saturating_add(view.data_delay);
            if now.saturating_add(self.skew) < online_from {
                let view = view.definition.name.clone();
                return Err(ServeError::Early { view, online_from, now });
            }
            at.push(now.max(online_from));
            // A feature table is there as it was brought: nothing is due.
            let is_table = view.definition.table.is_some();
            if !is_table && last_due(&view.definition, view.data_delay, now) > read.state.through {
                stale.push((view.definition.name.clone(), read.state.through));
            }
        }
        let mut vectors = Vectors {
            service,
            layout,
            reads,
            places,
            requests: Vec::new(),
            at,
            stale,
            store_time,
            coerce_counts: asked.options.coerce_null_counts_to_zero,
            timed_out: false,
        };
        let allowed = Allowed {
            failed: asked.partial,
            late: asked.partial || budget.is_some(),
        };
        vectors.requests = computed(&vectors, &context, now, deadline, allowed).await?;
        Ok(vectors)
    }

    /// What is read for a request; if it cannot be answered from that and something was applied meanwhile, it begins anew.
    async fn found(
        self: &Arc<Self>,
        asked: &Asked<'_>,
        (began, deadline): (Instant, Instant),
    ) -> Result<Found, ServeError> {
        let mut service = self.service(asked, (began, deadline)).await?;
        for _ in 0..TRIES {
            let Wanted { keys, places, context } = wanted(&service, asked)?;
            let reading = Instant::now();
            let read = self.read(&service, keys, &asked.options, deadline).await?;
            let store_time = reading.elapsed();
            let error = read.as_ref().and_then(|read| unreadable(&service, read));
            let Some(error) = error else {
                return Ok(Found {
                    service,
                    places,
                    context,
                    read: read.map(|read| read.into_iter().flatten().collect()),
                    store_time,
                });
            };
            self.refresh(began, deadline).await?;
            let now = self.service(asked, (began, deadline)).await?;
            if Arc::ptr_eq(&now, &service) {
                return Err(error);
            }
            service = now;
        }
        Err(ServeError::Unavailable(format!(
            "feature service `{}` is applied again and again while it is asked",
            service.name
        )))
    }

    /// One read of all views; none if there was no time for it.
    async fn read(
        self: &Arc<Self>,
        service: &Arc<Service>,
        keys: Vec<Vec<Vec<u8>>>,
        options: &RequestOptions,
        deadline: Instant,
    ) -> Result<Option<Vec<Option<Read>>>, ServeError> {
        if service.views.is_empty() {
            return Ok(Some(Vec::new()));
        }
        if options.read_from_cache {
            let views = service.views.iter().zip(&keys);
            let wanted: Vec<_> = views.map(|(view, keys)| (&view.name, keys.as_slice())).collect();
            if let Some(reads) = self.store.get_cached(&wanted) {
                return Ok(Some(reads.into_iter().map(Some).collect()));
            }
        }
        let deadline = tokio::time::Instant::from_std(deadline);
        let permit = Arc::clone(&self.reads).acquire_owned();
        let Ok(permit) = tokio::time::timeout_at(deadline, permit).await else {
            return Ok(None);
        };
        let (store, service) = (Arc::clone(&self.store), Arc::clone(service));
        let read = tokio::task::spawn_blocking(move || {
            // Held for as long as the store takes, whether or not anybody waits.
            let _permit = permit;
            let names = service.views.iter().map(|view| view.name.clone());
            store.get(&names.zip(keys).collect::<Vec<_>>())
        });
        match tokio::time::timeout_at(deadline, read).await {
            Err(_) => Ok(None),
            Ok(Err(error)) => Err(ServeError::Internal(error.to_string())),
            Ok(Ok(read)) => Ok(Some(read?)),
        }
    }

    /// A service's name, and what it takes and gives as the metadata call answers it.
    pub(crate) async fn metadata(
        self: &Arc<Self>,
        workspace: Option<&str>,
        service: Option<&str>,
    ) -> Result<(String, serde_json::Value), ServeError> {
        let asked = Asked {
            workspace,
            service,
            rows: Vec::new(),
            options: RequestOptions::default(),
            partial: false,
        };
        let began = Instant::now();
        let times = (began, began + self.timeout);
        let Found { service, read, .. } = self.found(&asked, times).await?;
        let layout = service.layout(&read.ok_or_else(|| late(times))?)?;
        Ok((service.name.clone(), metadata(&service, &layout)))
    }
}

fn late((began, deadline): (Instant, Instant)) -> ServeError {
    let message = format!(
        "the online store did not answer within {} ms",
        (deadline - began).as_millis()
    );
    ServeError::TimedOut(message)
}

/// Why a service cannot be answered from what is live: a view has nothing, or a version with other keys.
fn unreadable(service: &Service, read: &[Option<Read>]) -> Option<ServeError> {
    let mut views = service.views.iter().zip(read);
    views.find_map(|(view, read)| match read {
        None => Some(absent_view(&view.definition.name)),
        Some(read) if !view.versions.contains(&read.live.version) => Some(ServeError::NotLive(format!(
            "feature view `{}` has other join keys in version {}, which is live until version {} is materialized",
            view.definition.name,
            read.live.version,
            view.name.version()
        ))),
        Some(_) => None,
    })
}

fn absent_view(view: &str) -> ServeError {
    ServeError::NotLive(format!("feature view `{view}` has nothing online yet"))
}

fn catalog(registry: &Registry, host: Option<&RequestHost>) -> Result<Option<Catalog>, RegistryError> {
    let applied = registry.latest()?;
    Ok(applied.map(|applied| {
        let requests = host.map(|host| host.open(&applied)).unwrap_or_default();
        Catalog::new(&applied, &requests)
    }))
}

/// What the service's request views give, all at once.
async fn computed(
    vectors: &Vectors,
    context: &Rows<Value>,
    now: Timestamp,
    deadline: Instant,
    allowed: Allowed,
) -> Result<Vec<RequestAnswer>, ServeError> {
    let rows = vectors.rows();
    let alone = vectors.service.requests.len() == 1;
    let requests = vectors.service.requests.iter().zip(&vectors.layout.inputs);
    let answers = requests.map(async |(request, inputs)| {
        let Some(inputs) = inputs else {
            return Ok(RequestAnswer::all(rows, RequestRow::Missing));
        };
        let columns = vectors.columns(inputs, context);
        request
            .served
            .answer(columns, rows, now, deadline, allowed, alone)
            .await
    });
    futures::future::try_join_all(answers).await
}

/// The keys of a request's rows.
fn wanted(service: &Service, asked: &Asked<'_>) -> Result<Wanted, ServeError> {
    let mut keys: Vec<Vec<Vec<u8>>> = service
        .views
        .iter()
        .map(|_| Vec::with_capacity(asked.rows.len()))
        .collect();
    let count = asked.rows.len();
    let mut places = Rows::with_capacity(service.lookups.len(), count);
    let mut contexts = Rows::with_capacity(service.context.len(), count);
    let mut values = Vec::with_capacity(service.keys.len());
    for (row, (join_keys, context)) in asked.rows.iter().enumerate() {
        let at = |message: String| match count {
            1 => ServeError::Invalid(message),
            _ => ServeError::Invalid(format!("row {row}: {message}")),
        };
        key_values(service, join_keys, &mut values).map_err(at)?;
        let extra = match asked.options.ignore_extra_request_context_fields {
            true => None,
            false => extra(service, context),
        };
        if let Some(message) = extra {
            return Err(at(message));
        }
        contexts.push(context_values(service, context)).map_err(at)?;
        let lookups = service.lookups.iter().map(|lookup| {
            let key = lookup.keys.iter().map(|place| values[*place].as_ref());
            let keys = &mut keys[lookup.view];
            Ok::<_, Infallible>(encode_all(key).map(|key| {
                keys.push(key);
                keys.len() - 1
            }))
        });
        let Ok(()) = places.push(lookups);
    }
    Ok(Wanted {
        keys,
        places,
        context: contexts,
    })
}

/// A field of the context that no view takes.
fn extra(service: &Service, context: &Fields<'_>) -> Option<String> {
    let takes = |name: &str| service.context.iter().any(|(field, _)| field.name == name);
    let (extra, _) = context.iter().find(|(name, _)| !takes(name))?;
    let names: Vec<&str> = service.context.iter().map(|(field, _)| field.name.as_str()).collect();
    Some(match names.as_slice() {
        [] => format!(
            "feature service `{}` takes no request context, and `{extra}` is given",
            service.name
        ),
        names => format!(
            "feature service `{}` takes no `{extra}` as request context; it takes {}",
            service.name,
            list(names.iter().copied())
        ),
    })
}

/// The values of a row's context, in the order of the service's.
fn context_values(service: &Service, context: &Fields<'_>) -> impl Iterator<Item = Result<Value, String>> {
    let value = |(field, nullable): &(ContextField, bool)| match context.get(&field.name) {
        None => Err(format!(
            "`{}` is missing in `requestContextMap`; feature service `{}` takes it as {}",
            field.name,
            service.name,
            field.kind.name()
        )),
        Some(serde_json::Value::Null) if !nullable => Err(format!(
            "`{}` of the request context is null, and cannot be",
            field.name
        )),
        Some(json) => context_value(field, json),
    };
    service.context.iter().map(value)
}

/// The values of join keys in place of what `values` holds, none where a request says null.
fn key_values(service: &Service, fields: &Fields<'_>, values: &mut Vec<Option<KeyValue>>) -> Result<(), String> {
    let names = || {
        let names: Vec<String> = service.keys.iter().map(|key| format!("`{}`", key.name)).collect();
        names.join(", ")
    };
    if let Some((extra, _)) = fields
        .iter()
        .find(|(name, _)| !service.keys.iter().any(|key| key.name == *name))
    {
        return Err(format!(
            "feature service `{}` has no join key `{extra}`; it has {}",
            service.name,
            names()
        ));
    }
    values.clear();
    for key in &service.keys {
        values.push(match fields.get(&key.name) {
            None => {
                return Err(format!(
                    "join key `{}` is missing in `joinKeyMap`; feature service `{}` has {}",
                    key.name,
                    service.name,
                    names()
                ));
            }
            Some(serde_json::Value::Null) => None,
            Some(value) => Some(KeyValue::from_json(key, value).map_err(|error| error.message)?),
        });
    }
    Ok(())
}
