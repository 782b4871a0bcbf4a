//! The online store on DynamoDB.
//!
//! One table says what is live and which generations there are, one has the items of small generations, and each large generation has a
//! table of its own (see [`control`] and [`place`] for what they look like). Every batch of keys of several views is one request to
//! the service, whatever tables they lie in. What is live is known for as long as [`DynamoOptions::poll`] says, which must be well
//! below the grace that old generations are kept for.
//!
//! Calls wait for the network on a runtime of the store's own, so they belong on threads that may block, as all calls of stores do.

mod change;
mod client;
mod control;
mod fields;
mod holder;
mod import;
mod load;
mod options;
mod place;
mod read;
mod resume;
mod source;
mod stage;
mod sweep;
mod switch;
mod tables;
mod write;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Handle, Runtime};

use self::client::{Cause, Dynamo, Failure, Patience};
use self::control::Generation;
use self::fields::{Fields, bytes_of};
use self::holder::{Holder, since_1970};
pub(crate) use self::options::OBJECT_BYTES;
pub use self::options::{DynamoOptions, StagingOptions};
use self::place::{Place, chunks_of, decode, is_chunk, is_over, is_there, stored_key};
use self::read::Wanted;
pub(crate) use self::source::source_bytes;
use super::item::Item;
use super::read_item::ReadItem;
use super::store::{Change, GenerationState, LiveRecord, Load, OnlineError, OnlineStore, Read, Requests, Resumed};
use super::view::View;
use crate::price::Price;
use crate::time::{Span, Timestamp};
use crate::workspace::{Name, Workspace};

/// How long a new generation's items may be on their way to all of the service's copies.
const SETTLED: Duration = Duration::from_secs(5);
/// How old what is known may be where a key is missing.
const RECENT: Duration = Duration::from_millis(200);
/// What a read waits before it starts anew, each time so much longer.
const AGAIN: Duration = Duration::from_millis(10);
/// How often a read starts anew because a generation was dropped, or an item written, while it was looked up.
const TRIES: u32 = 16;

/// Items by key.
type Items = Vec<(Vec<u8>, Item)>;

/// Tables of DynamoDB.
pub struct DynamoStore {
    dynamo: Arc<Dynamo>,
    /// None only while it is dropped.
    runtime: Option<Runtime>,
    /// This handle, for others, from the first time that it builds or writes something.
    holder: tokio::sync::OnceCell<Holder>,
    /// Tables that this handle has seen ready.
    ready: tokio::sync::Mutex<HashSet<String>>,
    known: Mutex<Option<Known>>,
}

/// What is live of all views that were asked for, as it was at one moment.
struct Known {
    at: Instant,
    views: HashMap<AnyVersion, (Name, Option<Arc<Found>>)>,
}

impl Known {
    fn get(&self, names: &[&Name]) -> Option<Vec<Option<Arc<Found>>>> {
        let get = |name: &&Name| Some(self.views.get(&any_version(name))?.1.clone());
        names.iter().map(get).collect()
    }
}

/// A view, whatever its version.
type AnyVersion = (Workspace, String);

fn any_version(name: &Name) -> AnyVersion {
    (name.workspace().clone(), name.view().to_owned())
}

/// A view's live generation.
#[derive(Clone)]
struct Found {
    record: LiveRecord,
    state: Arc<GenerationState>,
    place: Place,
    /// When this handle saw it first.
    since: Instant,
}

impl DynamoStore {
    /// The store of these tables, which are made when they are first written. Nothing is asked of the service yet.
    pub fn new(options: DynamoOptions) -> std::io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("dynamodb")
            .enable_all()
            .build()?;
        Ok(Self {
            dynamo: Arc::new(Dynamo::new(options)),
            runtime: Some(runtime),
            holder: tokio::sync::OnceCell::new(),
            ready: tokio::sync::Mutex::default(),
            known: Mutex::default(),
        })
    }

    fn handle(&self) -> Handle {
        match &self.runtime {
            Some(runtime) => runtime.handle().clone(),
            None => unreachable!("the store is being dropped"),
        }
    }

    /// Does it on the store's runtime; not for a thread that runs tasks itself.
    fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.handle().block_on(work)
    }

    /// This handle's name for others.
    async fn holder(&self) -> Result<String, Failure> {
        let holder = self.holder.get_or_try_init(|| Holder::new(&self.dynamo)).await?;
        Ok(holder.id.clone())
    }

    fn is_mine(&self, holder: &str) -> bool {
        self.holder.get().is_some_and(|mine| mine.id == holder)
    }

    /// Makes a table unless it is there; looked at once.
    async fn ensure(&self, table: &str, keys: tables::Keys) -> Result<(), Failure> {
        let mut ready = self.ready.lock().await;
        if !ready.contains(table) {
            self.dynamo.ensure(table, keys).await?;
            ready.insert(table.to_owned());
        }
        Ok(())
    }

    /// What is live of views at one moment, and how long ago that was: less than `poll`.
    async fn known(&self, names: &[&Name]) -> Result<(Vec<Option<Arc<Found>>>, Duration), OnlineError> {
        let poll = self.dynamo.options().poll;
        {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(known) = known.as_ref()
                && known.at.elapsed() < poll
                && let Some(found) = known.get(names)
            {
                return Ok((found, known.at.elapsed()));
            }
        }
        Ok((self.refresh(names).await?, Duration::ZERO))
    }

    /// The same, looked at now, with all else that is known.
    async fn refresh(&self, names: &[&Name]) -> Result<Vec<Option<Arc<Found>>>, OnlineError> {
        if self.dynamo.options().poll.is_zero() {
            return self.look(names).await;
        }
        let mut all: HashMap<AnyVersion, Name> =
            names.iter().map(|name| (any_version(name), (*name).clone())).collect();
        {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            let views = known.iter().flat_map(|known| &known.views);
            all.extend(views.map(|(place, (name, _))| (place.clone(), name.clone())));
        }
        let at = Instant::now();
        let all: Vec<&Name> = all.values().collect();
        let found = self.look(&all).await?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let views = all.into_iter().zip(found).map(|(name, live)| {
            let place = any_version(name);
            let before = known.as_ref().and_then(|known| known.views.get(&place)?.1.clone());
            let live = live.map(|live| match before {
                Some(before) if before.record.generation == live.record.generation => Arc::new(Found {
                    since: before.since,
                    ..Found::clone(&live)
                }),
                _ => live,
            });
            (place, (name.clone(), live))
        });
        let next = Known {
            at,
            views: views.collect(),
        };
        let found = next.get(names).unwrap_or_default();
        *known = Some(next);
        Ok(found)
    }

    /// What is live of views now, with their generations.
    async fn look(&self, names: &[&Name]) -> Result<Vec<Option<Arc<Found>>>, OnlineError> {
        let Some(first) = names.first() else {
            return Ok(Vec::new());
        };
        let mut workspaces: Vec<&Workspace> = names.iter().map(|name| name.workspace()).collect();
        workspaces.sort();
        workspaces.dedup();
        'anew: for _ in 0..TRIES {
            let views = self.dynamo.live_views(&workspaces, Patience::Read).await;
            let views = views.map_err(|failure| View(first).failed(failure))?;
            let mut lives = Vec::with_capacity(names.len());
            for name in names {
                let of = workspaces.iter().position(|workspace| *workspace == name.workspace());
                let views = of.and_then(|at| views.get(at));
                lives.push(views.map(|views| views.of(&View(name))).transpose()?.flatten());
            }
            // A view may be asked for twice, the service only once.
            let both = names.iter().zip(&lives);
            let keys: HashMap<AnyVersion, Fields> = both
                .filter_map(|(name, live)| {
                    let key = control::generation_key(&View(name), live.as_ref()?.generation);
                    Some((any_version(name), key))
                })
                .collect();
            let keys = keys.into_values().collect();
            let records = self.dynamo.records(keys, Patience::Read).await;
            let records = records.map_err(|failure| View(first).failed(failure))?;
            let mut answer = Vec::with_capacity(names.len());
            for (name, live) in names.iter().zip(&lives) {
                let view = View(name);
                let Some(live) = live else {
                    answer.push(None);
                    continue;
                };
                let key = control::generation_key(&view, live.generation);
                let record = records
                    .iter()
                    .find(|record| key.iter().all(|(name, value)| record.get(name) == Some(value)));
                let Some(record) = record else {
                    // Dropped between the two looks: by now another one is live, or the store is damaged.
                    continue 'anew;
                };
                let generation = Generation::of(&view, record)?;
                let (place, state) = generation.built(&view)?;
                answer.push(Some(Arc::new(Found {
                    record: generation.record(live),
                    state: Arc::new(state.clone()),
                    place: place.clone(),
                    since: Instant::now(),
                })));
            }
            return Ok(answer);
        }
        Err(View(first).missing_generation("its record"))
    }

    async fn read(&self, wanted: &[(Name, Vec<Vec<u8>>)]) -> Result<Vec<Option<Read>>, OnlineError> {
        let names: Vec<&Name> = wanted.iter().map(|(name, _)| name).collect();
        let Some(first) = names.first() else {
            return Ok(Vec::new());
        };
        let is_polled = !self.dynamo.options().poll.is_zero();
        let mut is_consistent = self.dynamo.options().consistent_reads;
        for tried in 0..TRIES {
            tokio::time::sleep(AGAIN * tried).await;
            let (found, age) = self.known(&names).await?;
            let is_outdated = match self.read_items(wanted, &found, is_consistent).await {
                Ok(Some(items)) => {
                    // Where this does not do, it was looked just now at what is live.
                    let is_whole = items.iter().flatten().all(Option::is_some);
                    let is_new = |found: &Arc<Found>| found.since.elapsed() < SETTLED;
                    if !is_whole && is_polled && !is_consistent && found.iter().flatten().any(is_new) {
                        // What was just loaded may not be everywhere yet.
                        is_consistent = true;
                        continue;
                    }
                    // What is not there may have been dropped since it was looked at what is live.
                    let is_known = is_whole || is_polled && age < RECENT;
                    if is_known || self.is_still(&names, &found).await? {
                        let reads = found.into_iter().zip(items);
                        let read = |(found, items): (Option<Arc<Found>>, _)| {
                            let found = found?;
                            Some(Read {
                                live: found.record.clone(),
                                state: Arc::clone(&found.state),
                                items,
                            })
                        };
                        return Ok(reads.map(read).collect());
                    }
                    false
                }
                // Chunks were written anew.
                Ok(None) => {
                    is_consistent = true;
                    true
                }
                Err(Problem::Failure(failure)) if failure.cause == Cause::NotFound => true,
                Err(Problem::Failure(failure)) => return Err(View(first).failed(failure)),
                Err(Problem::Store(error)) => return Err(error),
            };
            if is_polled && is_outdated {
                self.refresh(&names).await?;
            }
        }
        Err(View(first).missing_generation("its items"))
    }

    /// Whether the same generations are live now.
    async fn is_still(&self, names: &[&Name], found: &[Option<Arc<Found>>]) -> Result<bool, OnlineError> {
        let now = self.refresh(names).await?;
        let generation = |found: &Option<Arc<Found>>| {
            let record = &found.as_ref()?.record;
            Some((record.version, record.generation))
        };
        Ok(now.iter().map(generation).eq(found.iter().map(generation)))
    }

    /// The items of keys in these generations; none if chunks of one were not there.
    async fn read_items(
        &self,
        wanted: &[(Name, Vec<Vec<u8>>)],
        found: &[Option<Arc<Found>>],
        is_consistent: bool,
    ) -> Result<Option<Vec<Vec<Option<Arc<ReadItem>>>>>, Problem> {
        let mut heads = Vec::new();
        for ((_, keys), found) in wanted.iter().zip(found) {
            if let Some(found) = found {
                heads.extend(keys.iter().map(|key| Wanted {
                    place: &found.place,
                    generation: found.record.generation,
                    stored: stored_key(key),
                }));
            }
        }
        let fetched = self.dynamo.fetch(&heads, is_consistent, Patience::Read).await?;
        let mut more = Vec::new();
        for head in &heads {
            if let Some(item) = fetched.get(&head.address()).filter(|item| is_there(item)) {
                more.extend(chunks_of(&head.stored, item).into_iter().map(|stored| Wanted {
                    place: head.place,
                    generation: head.generation,
                    stored,
                }));
            }
        }
        let chunks = match more.is_empty() {
            true => HashMap::new(),
            false => self.dynamo.fetch(&more, true, Patience::Read).await?,
        };
        let mut heads = heads.iter();
        let mut answer = Vec::with_capacity(wanted.len());
        for ((name, keys), found) in wanted.iter().zip(found) {
            let mut items = Vec::with_capacity(keys.len());
            let looked_up = found.iter().flat_map(|_| keys);
            for (key, head) in looked_up.zip(heads.by_ref()) {
                let Some(item) = fetched.get(&head.address()).filter(|item| is_there(item)) else {
                    items.push(None);
                    continue;
                };
                let Some(bodies) = bodies(head, item, &chunks) else {
                    if is_over(item, since_1970().as_secs()) {
                        // The service is at deleting it.
                        items.push(None);
                        continue;
                    }
                    return Ok(None);
                };
                let decoded = decode(&head.stored, item, &bodies, Some(key));
                let (_, item) = decoded.map_err(|error| Problem::Store(View(name).item(key, error)))?;
                items.push(Some(Arc::new(item.into())));
            }
            answer.push(items);
        }
        Ok(Some(answer))
    }

    /// All items of what is live, by key.
    async fn all(&self, name: &Name) -> Result<Items, OnlineError> {
        let view = View(name);
        for _ in 0..TRIES {
            let Some(found) = self.look(&[name]).await?.into_iter().flatten().next() else {
                return Ok(Vec::new());
            };
            let generation = found.record.generation;
            let listed = match self.dynamo.list(&found.place, generation, None).await {
                Err(failure) if failure.cause == Cause::NotFound => continue,
                listed => listed.map_err(|failure| view.failed(failure))?,
            };
            let Some(items) = whole(&view, &found, &listed)? else {
                continue;
            };
            // It may have been dropped meanwhile.
            if self.is_still(&[name], &[Some(found)]).await? {
                return Ok(items);
            }
        }
        Err(view.missing_generation("its items"))
    }
}

/// The items of a listed generation, by key; none if chunks of one are not there.
fn whole(view: &View<'_>, found: &Found, listed: &[Fields]) -> Result<Option<Items>, OnlineError> {
    let attribute = found.place.attribute();
    let stored = |item| bytes_of(item, attribute).unwrap_or_default();
    let chunks: HashMap<&[u8], &Fields> = listed
        .iter()
        .map(|item| (stored(item), item))
        .filter(|(stored, _)| is_chunk(stored))
        .collect();
    let mut items = Vec::new();
    for item in listed.iter().filter(|item| is_there(item)) {
        let keys = chunks_of(stored(item), item);
        let bodies = keys.iter().map(|key| bytes_of(chunks.get(key.as_slice())?, "b"));
        let Some(bodies) = bodies.collect::<Option<Vec<_>>>() else {
            if is_over(item, since_1970().as_secs()) {
                continue;
            }
            return Ok(None);
        };
        let decoded = decode(stored(item), item, &bodies, None);
        items.push(decoded.map_err(|error| view.item(stored(item), error))?);
    }
    items.sort_by(|(left, _), (right, _)| left.cmp(right));
    Ok(Some(items))
}

/// The bytes of an item's chunks; none if one is not there.
fn bodies<'a>(head: &Wanted<'_>, item: &Fields, chunks: &'a HashMap<read::Address, Fields>) -> Option<Vec<&'a [u8]>> {
    let keys = chunks_of(&head.stored, item).into_iter();
    keys.map(|stored| {
        let chunk = Wanted {
            place: head.place,
            generation: head.generation,
            stored,
        };
        bytes_of(chunks.get(&chunk.address())?, "b")
    })
    .collect()
}

/// What goes wrong, with its view or still without.
enum Problem {
    Failure(Failure),
    Store(OnlineError),
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl View<'_> {
    fn failed(&self, failure: Failure) -> OnlineError {
        let Failure { cause, message } = failure;
        match cause {
            // A table that is not there any more was dropped by somebody else.
            Cause::Condition | Cause::NotFound => self.older(message),
            Cause::Denied => OnlineError::Denied {
                view: self.label(),
                message,
            },
            Cause::InUse | Cause::Rejected => self.invalid(message),
            Cause::Budget => OnlineError::Budget {
                view: self.label(),
                message,
            },
            Cause::Unavailable => self.unavailable(message),
        }
    }

    fn missing_generation(&self, what: &str) -> OnlineError {
        OnlineError::Missing {
            view: self.label(),
            path: PathBuf::from(what),
        }
    }
}

impl OnlineStore for DynamoStore {
    fn get(&self, wanted: &[(Name, Vec<Vec<u8>>)]) -> Result<Vec<Option<Read>>, OnlineError> {
        self.wait(self.read(wanted))
    }

    fn requests(&self) -> Requests {
        self.dynamo.requests()
    }

    fn price(&self) -> Option<Price> {
        self.wait(self.dynamo.price()).cloned()
    }

    fn live(&self, name: &Name) -> Result<Option<(LiveRecord, GenerationState)>, OnlineError> {
        let found = match self.wait(self.known(&[name])) {
            // Somebody deleted its record: it is built anew.
            Err(OnlineError::Missing { .. }) => return Ok(None),
            found => found?.0.into_iter().flatten().next(),
        };
        Ok(found.map(|found| (found.record.clone(), GenerationState::clone(&found.state))))
    }

    fn load(
        &self,
        load: &Load<'_>,
        items: &mut dyn Iterator<Item = Result<(Vec<u8>, Item), OnlineError>>,
    ) -> Result<u64, OnlineError> {
        self.load_generation(load, items)
    }

    fn resume(&self, load: &Load<'_>) -> Result<Option<Resumed>, OnlineError> {
        self.wait(self.resume_generation(load))
    }

    fn load_price(&self, name: &Name, live: &LiveRecord) -> Result<Option<f64>, OnlineError> {
        self.wait(self.price_of_load(&View(name), live))
    }

    fn switch(
        &self,
        name: &Name,
        generation: u64,
        expected: Option<&LiveRecord>,
        now: Timestamp,
    ) -> Result<LiveRecord, OnlineError> {
        self.wait(self.switch_to(&View(name), generation, expected, now))
    }

    fn take_down(&self, name: &Name, expected: &LiveRecord, now: Timestamp) -> Result<(), OnlineError> {
        self.wait(self.end(&View(name), expected, now))
    }

    fn write(&self, name: &Name, expected: &LiveRecord, change: &Change) -> Result<(), OnlineError> {
        self.wait(self.change(&View(name), expected, change))
    }

    fn sweep(&self, name: &Name, grace: Span, now: Timestamp) -> Result<usize, OnlineError> {
        self.wait(self.sweep_view(&View(name), grace, now))
    }

    fn keys(&self, name: &Name, wanted: &dyn Fn(&[u8]) -> bool) -> Result<Vec<Vec<u8>>, OnlineError> {
        let keys = self.wait(self.all(name))?.into_iter().map(|(key, _)| key);
        Ok(keys.filter(|key| wanted(key)).collect())
    }

    fn scan(&self, name: &Name) -> Result<Vec<(Vec<u8>, Item)>, OnlineError> {
        self.wait(self.all(name))
    }
}

impl Drop for DynamoStore {
    fn drop(&mut self) {
        let Some(runtime) = self.runtime.take() else { return };
        let (holder, dynamo) = (self.holder.take(), Arc::clone(&self.dynamo));
        // A runtime must not be waited for, nor dropped, on a thread that runs tasks.
        let ending = std::thread::spawn(move || {
            if let Some(holder) = holder {
                runtime.block_on(holder.end(&dynamo));
            }
            drop(runtime);
        });
        let _ = ending.join();
    }
}
