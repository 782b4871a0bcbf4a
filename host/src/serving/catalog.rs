use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use serde_json::json;

use super::error::ServeError;
use super::request::MetadataOptions;
use super::requests::{Requests, ServedRequest};
use super::types::ClientType;
use crate::aggregate::Function;
use crate::definition::{
    ContextField, FeatureFrom, FeatureService, FeatureView, InputFrom, JoinKey, Project, ResolvedFeature,
    ServiceProblem,
};
use crate::online::{GenerationState, Read, Value};
use crate::registry::{Applied, AppliedView};
use crate::tile::TimeWindow;
use crate::time::Span;
use crate::workspace::Name;

/// Names and types of what is live of a view.
type Columns = Vec<(String, String)>;

/// The services of one application. A view is also a service by itself.
#[derive(Default)]
pub struct Catalog {
    number: u64,
    online: Vec<Name>,
    services: HashMap<String, Result<Arc<Service>, ServeError>>,
    /// Whether a request view cannot run, which may be another thing later.
    incomplete: bool,
}

/// A service, with all that reading for it takes.
pub struct Service {
    /// Its name.
    pub name: String,
    /// The join keys of requests.
    pub keys: Vec<JoinKey>,
    /// The views that are read, each once.
    pub views: Vec<ServedView>,
    /// What is read of them.
    pub lookups: Vec<ServedLookup>,
    /// What requests bring along beside keys, and whether it may be null.
    pub context: Vec<(ContextField, bool)>,
    /// What is computed for each request.
    pub requests: Vec<ServiceRequest>,
    definition: FeatureService,
    project: Arc<Project>,
    layout: RwLock<Option<Arc<Layout>>>,
}

/// A view that is read.
pub struct ServedView {
    /// The name in the store.
    pub name: Name,
    /// As it was applied.
    pub definition: FeatureView,
    /// The versions that can be read with its keys.
    pub versions: Vec<u32>,
    /// How long after its end an interval is effective.
    pub data_delay: Span,
}

/// A view that is read with one key.
pub struct ServedLookup {
    /// Its place in [`Service::views`].
    pub view: usize,
    /// Places in [`Service::keys`], in the order of the view's join keys.
    pub keys: Vec<usize>,
}

/// A request view of a service.
pub struct ServiceRequest {
    /// The view.
    pub served: Arc<ServedRequest>,
    /// For each entry of its `features` the place in [`Service::lookups`].
    lookups: Vec<usize>,
    /// For each field of its context the place in [`Service::context`].
    context: Vec<usize>,
}

/// Where a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// In [`Service::lookups`].
    pub lookup: usize,
    /// Among the values of items; none if what is live does not have it yet.
    pub value: Option<usize>,
    /// The length of the list of nulls that it is where a key has no item; none if it is null.
    pub empty: Option<u32>,
}

/// Where a column of a request view's input comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputPlace {
    /// A field of [`Service::context`].
    Context(usize),
    /// A feature of another view.
    Item(Place),
}

/// Where a feature comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeaturePlace {
    /// An item.
    Item(Place),
    /// What a request view returns: its place in [`Service::requests`], and that of the column.
    Request(usize, Option<usize>),
}

/// Features that follow one another in answers, and whose values do in items of one lookup.
pub(super) struct Stretch {
    /// Places in [`Layout::features`].
    pub(super) features: Range<usize>,
    /// The lookup, and places among the values of its items; none if they are not values of items that are live.
    pub(super) values: Option<(usize, Range<usize>)>,
}

/// The features of a service as the generations have them that these states are of.
pub struct Layout {
    states: Vec<Arc<GenerationState>>,
    /// What is said of features without looking at rows, by what is asked for.
    described: [OnceLock<Vec<u8>>; 16],
    /// In Tecton's order, as [`ResolvedService::features`](crate::definition::ResolvedService::features).
    pub features: Vec<Feature>,
    /// All of them, in as few stretches as there are.
    pub(super) stretches: Vec<Stretch>,
    /// For each of [`Service::requests`] where its input comes from; none if what is live does not have all of it yet.
    pub inputs: Vec<Option<Vec<InputPlace>>>,
    /// Lists of so many nulls: values of keys without items.
    empties: BTreeMap<u32, Value>,
}

/// A feature and what answers say of it, in JSON.
pub struct Feature {
    /// `namespace.name`.
    pub name: String,
    /// Its type, as [`kind_name`](sandglass_runtime::kind_name) spells it; empty if it is not known yet.
    pub kind: String,
    pub(super) name_json: String,
    pub(super) type_json: Option<String>,
    pub(super) description_json: Option<String>,
    pub(super) tags_json: String,
    /// Where it comes from.
    pub from: FeaturePlace,
    /// Whether it is a count, which can be 0 instead of null.
    pub is_count: bool,
}

impl Catalog {
    /// Of an application.
    pub(super) fn new(applied: &Applied, requests: &Requests) -> Self {
        let project = Arc::new(applied.project.clone());
        // What jobs keep fresh: a feature table is as old as what was brought last.
        let is_kept_fresh = |view: &&FeatureView| view.online && view.table.is_none();
        let views = project.feature_views.iter().filter(is_kept_fresh);
        let online = views.map(|view| name(applied, &view.name)).collect::<Vec<_>>();
        // Also those that are not online, of which this is said.
        let alone = project
            .feature_views
            .iter()
            .map(|view| FeatureService::of_view(&view.name));
        let computed = project
            .request_views
            .iter()
            .map(|view| FeatureService::of_view(&view.name));
        let services = alone.chain(computed).chain(project.feature_services.iter().cloned());
        let services = services.map(|definition| {
            let name = definition.name.clone();
            (
                name,
                Service::new(applied, &project, requests, definition).map(Arc::new),
            )
        });
        Self {
            number: applied.number,
            services: services.collect(),
            incomplete: requests.values().any(Result::is_err),
            online,
        }
    }

    /// Which application, 0 if there is none.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Whether a request view cannot run, which may be another thing later.
    pub(super) fn is_incomplete(&self) -> bool {
        self.incomplete
    }

    /// The views that are online and kept fresh by jobs, whatever of them is live.
    pub fn online(&self) -> &[Name] {
        &self.online
    }

    /// A service by its name, none if there is none.
    pub fn service(&self, name: &str) -> Result<Option<Arc<Service>>, ServeError> {
        match self.services.get(name) {
            None => Ok(None),
            Some(Ok(service)) => Ok(Some(Arc::clone(service))),
            Some(Err(error)) => Err(error.clone()),
        }
    }
}

impl Layout {
    /// The value of a key without an item.
    pub(super) fn empty(&self, place: Place) -> &Value {
        let list = place.empty.and_then(|nulls| self.empties.get(&nulls));
        list.unwrap_or(&Value::Null)
    }

    /// Where that is kept which these options say of the features, if it is the same for all rows.
    pub(super) fn described(&self, options: &MetadataOptions) -> Option<&OnceLock<Vec<u8>>> {
        let MetadataOptions {
            include_names,
            include_effective_times,
            include_data_types,
            include_slo_info: _,
            include_serving_status,
            include_feature_descriptions,
            include_feature_tags,
        } = *options;
        if include_effective_times || include_serving_status {
            return None;
        }
        let flags = [
            include_names,
            include_data_types,
            include_feature_descriptions,
            include_feature_tags,
        ];
        let place = flags.iter().fold(0, |place, flag| 2 * place + usize::from(*flag));
        self.described.get(place)
    }
}

impl Service {
    fn new(
        applied: &Applied,
        project: &Arc<Project>,
        served: &Requests,
        definition: FeatureService,
    ) -> Result<Self, ServeError> {
        let unavailable =
            |reason: String| ServeError::Unavailable(format!("feature service `{}`: {reason}", definition.name));
        let resolved = definition
            .resolve(project, |_| None)
            .map_err(told)
            .map_err(unavailable)?;
        let mut views: Vec<ServedView> = Vec::new();
        let mut lookups = Vec::new();
        for lookup in &resolved.lookups {
            let view = match views.iter().position(|view| view.definition.name == lookup.view) {
                Some(view) => view,
                None => {
                    let view = project.feature_view(&lookup.view);
                    let view =
                        view.ok_or_else(|| unavailable(format!("there is no feature view `{}`", lookup.view)))?;
                    if !view.online {
                        return Err(ServeError::NotOnline(format!(
                            "feature view `{}` is not online",
                            view.name
                        )));
                    }
                    let known = applied.views.get(&view.name);
                    views.push(ServedView {
                        name: name(applied, &view.name),
                        definition: view.clone(),
                        versions: known.map_or_else(|| vec![1], AppliedView::versions_with_its_keys),
                        data_delay: project.data_delay(view),
                    });
                    views.len() - 1
                }
            };
            let place = |name: &String| resolved.keys.iter().position(|key| key.name == *name);
            lookups.push(ServedLookup {
                view,
                keys: lookup.keys.iter().filter_map(place).collect(),
            });
        }
        let mut requests = Vec::new();
        for request in resolved.requests {
            let served = match served.get(&request.view) {
                Some(Ok(served)) => Arc::clone(served),
                Some(Err(reason)) => return Err(unavailable(format!("feature view `{}`: {reason}", request.view))),
                None => {
                    return Err(unavailable(format!(
                        "feature view `{}` is not computed here",
                        request.view
                    )));
                }
            };
            requests.push(ServiceRequest {
                served,
                lookups: request.lookups,
                context: request.context,
            });
        }
        let context = resolved.context.into_iter().map(|field| {
            let column = |request: &ServiceRequest| {
                let column = request.served.compiled.input.field_with_name(&field.name).ok().cloned();
                column.is_some_and(|column| !column.is_nullable())
            };
            let never_null = requests.iter().any(column);
            (field, !never_null)
        });
        Ok(Self {
            name: definition.name.clone(),
            keys: resolved.keys,
            views,
            lookups,
            context: context.collect(),
            requests,
            definition,
            project: Arc::clone(project),
            layout: RwLock::default(),
        })
    }

    /// The features as these reads have them, one read for each of the views.
    pub fn layout(&self, reads: &[Read]) -> Result<Arc<Layout>, ServeError> {
        if let Some(layout) = self.last_layout()
            && layout.states.len() == reads.len()
            && layout
                .states
                .iter()
                .zip(reads)
                .all(|(state, read)| Arc::ptr_eq(state, &read.state))
        {
            return Ok(layout);
        }
        let layout = Arc::new(self.make_layout(reads)?);
        let mut last = self.layout.write().unwrap_or_else(PoisonError::into_inner);
        *last = Some(Arc::clone(&layout));
        Ok(layout)
    }

    /// That of the last answer.
    pub fn last_layout(&self) -> Option<Arc<Layout>> {
        self.layout.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn make_layout(&self, reads: &[Read]) -> Result<Layout, ServeError> {
        let state_of = |view: &str| {
            let place = self.views.iter().position(|served| served.definition.name == view)?;
            reads.get(place).map(|read| &read.state)
        };
        let live = |view: &str| Some(state_of(view)?.columns.clone());
        let computed = |view: &str| {
            let of = |request: &&ServiceRequest| request.served.compiled.view.name == view;
            Some(self.requests.iter().find(of)?.served.compiled.named())
        };
        let features_of = |view: &str| {
            let Some(mut columns) = live(view) else {
                return computed(view);
            };
            // What is named and not live yet: the version that has it is still being made.
            let entries = self.definition.features.iter().filter(|entry| entry.view == view);
            for named in entries.flat_map(|entry| entry.columns.iter().flatten()) {
                if !columns.iter().any(|(name, _)| name == named) {
                    columns.push((named.clone(), String::new()));
                }
            }
            Some(columns)
        };
        let resolved = self.definition.resolve(&self.project, features_of);
        let resolved = resolved.map_err(|problems| {
            ServeError::Unavailable(format!("feature service `{}`: {}", self.name, told(problems)))
        })?;
        let features = resolved.features.iter().map(|feature| self.feature(feature, reads));
        let features: Vec<Feature> = features.collect();
        let inputs = self.requests.iter().map(|request| self.inputs(request, reads, &live));
        let lengths = reads.iter().flat_map(|read| read.state.empty.iter().flatten());
        let empties = lengths.map(|nulls| (*nulls, Value::List(vec![Value::Null; *nulls as usize])));
        Ok(Layout {
            empties: empties.collect(),
            described: [const { OnceLock::new() }; 16],
            states: reads.iter().map(|read| Arc::clone(&read.state)).collect(),
            stretches: stretches(&features),
            features,
            inputs: inputs.collect(),
        })
    }

    /// Where the input of a request view is, in what is live.
    fn inputs(
        &self,
        request: &ServiceRequest,
        reads: &[Read],
        live: &dyn Fn(&str) -> Option<Columns>,
    ) -> Option<Vec<InputPlace>> {
        let compiled = &request.served.compiled;
        let from = compiled.view.bind(&compiled.input, live).ok()?.into_iter();
        let place = |from| match from {
            InputFrom::Context(field) => Some(InputPlace::Context(*request.context.get(field)?)),
            InputFrom::Feature { entry, feature } => {
                let place = self.place(*request.lookups.get(entry)?, &feature, reads);
                place.value.map(|_| InputPlace::Item(place))
            }
        };
        from.map(place).collect()
    }

    fn place(&self, lookup: usize, feature: &str, reads: &[Read]) -> Place {
        let state = &reads[self.lookups[lookup].view].state;
        let value = state.columns.iter().position(|(name, _)| name == feature);
        Place {
            lookup,
            value,
            empty: value.and_then(|value| state.empty.get(value).copied().flatten()),
        }
    }

    fn feature(&self, feature: &ResolvedFeature, reads: &[Read]) -> Feature {
        let (from, meta, is_count) = match feature.from {
            FeatureFrom::Lookup(lookup) => {
                let definition = &self.views[self.lookups[lookup].view].definition;
                let place = self.place(lookup, &feature.feature, reads);
                let is_count = is_count(definition, &feature.feature);
                (FeaturePlace::Item(place), &definition.meta, is_count)
            }
            FeatureFrom::Request(request) => {
                let compiled = &self.requests[request].served.compiled;
                let place = compiled.features.index_of(&feature.feature).ok();
                (FeaturePlace::Request(request, place), &compiled.view.meta, false)
            }
        };
        let json = |value: serde_json::Value| value.to_string();
        Feature {
            name: feature.name(),
            kind: feature.data_type.clone(),
            name_json: json(json!(feature.name())),
            type_json: (!feature.data_type.is_empty()).then(|| json(ClientType::of(&feature.data_type).to_json())),
            description_json: meta.description.as_ref().map(|text| json(json!(text))),
            tags_json: json(json!(meta.tags)),
            from,
            is_count,
        }
    }
}

/// What lies side by side.
fn stretches(features: &[Feature]) -> Vec<Stretch> {
    let mut stretches: Vec<Stretch> = Vec::new();
    for (at, feature) in features.iter().enumerate() {
        let place = match feature.from {
            FeaturePlace::Item(place) => place.value.map(|value| (place.lookup, value)),
            FeaturePlace::Request(..) => None,
        };
        if let Some((lookup, value)) = place
            && let Some(last) = stretches.last_mut()
            && let Some((_, values)) = last
                .values
                .as_mut()
                .filter(|(last, values)| (*last, values.end) == (lookup, value))
        {
            (last.features.end, values.end) = (at + 1, value + 1);
            continue;
        }
        stretches.push(Stretch {
            features: at..at + 1,
            values: place.map(|(lookup, value)| (lookup, value..value + 1)),
        });
    }
    stretches
}

/// The name of an applied view in the store.
fn name(applied: &Applied, view: &str) -> Name {
    let version = applied.views.get(view).map_or(1, |view| view.version);
    Name::new(&applied.project.name, view, version)
}

fn told(problems: Vec<ServiceProblem>) -> String {
    let messages: Vec<String> = problems.into_iter().map(|problem| problem.message).collect();
    messages.join("; ")
}

/// Whether a feature is one count, and no list of them.
fn is_count(view: &FeatureView, name: &str) -> bool {
    view.aggregation.as_ref().is_some_and(|aggregations| {
        aggregations.secondary_key.is_none()
            && aggregations.features.iter().any(|feature| {
                feature.name == name
                    && feature.function == Function::Count
                    && !matches!(feature.window, TimeWindow::Series { .. })
            })
    })
}
