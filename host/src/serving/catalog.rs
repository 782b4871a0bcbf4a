use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use serde_json::json;

use super::error::ServeError;
use super::request::MetadataOptions;
use super::types::ClientType;
use crate::aggregate::Function;
use crate::definition::{FeatureService, FeatureView, JoinKey, Project, ResolvedFeature, ServiceProblem};
use crate::online::{GenerationState, Read};
use crate::registry::{Applied, AppliedView};
use crate::tile::TimeWindow;
use crate::time::Span;
use crate::workspace::Name;

/// The services of one application. A view that is online is also a service by itself.
#[derive(Default)]
pub struct Catalog {
    number: u64,
    online: Vec<Name>,
    services: HashMap<String, Result<Arc<Service>, String>>,
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

/// The features of a service as the generations have them that these states are of.
pub struct Layout {
    states: Vec<Arc<GenerationState>>,
    /// What is said of features without looking at rows, by what is asked for.
    described: [OnceLock<Vec<u8>>; 16],
    /// In Tecton's order: by namespace, then by name.
    pub features: Vec<Feature>,
}

/// A feature and what answers say of it, in JSON.
pub struct Feature {
    /// `namespace.name`.
    pub name: String,
    pub(super) name_json: String,
    pub(super) type_json: Option<String>,
    pub(super) description_json: Option<String>,
    pub(super) tags_json: String,
    /// Its place in [`Service::lookups`].
    pub lookup: usize,
    /// Its place among the values of items; none if what is live does not have it yet.
    pub place: Option<usize>,
    /// The length of the list of nulls that it is where a key has no item; none if it is null.
    pub empty: Option<u32>,
    /// Whether it is a count, which can be 0 instead of null.
    pub is_count: bool,
}

impl Catalog {
    /// Of an application.
    pub fn new(applied: &Applied) -> Self {
        let project = Arc::new(applied.project.clone());
        let views = project.feature_views.iter().filter(|view| view.online);
        let online = views.map(|view| name(applied, &view.name)).collect::<Vec<_>>();
        let alone = online.iter().map(|view| FeatureService::of_view(view.view()));
        let services = alone.chain(project.feature_services.iter().cloned());
        let services = services.map(|definition| {
            let name = definition.name.clone();
            (name, Service::new(applied, &project, definition).map(Arc::new))
        });
        Self {
            number: applied.number,
            services: services.collect(),
            online,
        }
    }

    /// Which application, 0 if there is none.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The views that are online, whatever of them is live.
    pub fn online(&self) -> &[Name] {
        &self.online
    }

    /// A service by its name, none if there is none.
    pub fn service(&self, name: &str) -> Result<Option<Arc<Service>>, ServeError> {
        match self.services.get(name) {
            None => Ok(None),
            Some(Ok(service)) => Ok(Some(Arc::clone(service))),
            Some(Err(reason)) => Err(ServeError::Unavailable(format!("feature service `{name}`: {reason}"))),
        }
    }
}

impl Layout {
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
    fn new(applied: &Applied, project: &Arc<Project>, definition: FeatureService) -> Result<Self, String> {
        let resolved = definition.resolve(project, |_| None).map_err(told)?;
        let mut views: Vec<ServedView> = Vec::new();
        let mut lookups = Vec::new();
        for lookup in &resolved.lookups {
            let view = match views.iter().position(|view| view.definition.name == lookup.view) {
                Some(view) => view,
                None => {
                    let view = project.feature_view(&lookup.view);
                    let view = view.ok_or_else(|| format!("there is no feature view `{}`", lookup.view))?;
                    if !view.online {
                        return Err(format!(
                            "feature view `{}` is not online: set `online = true`, apply and materialize",
                            view.name
                        ));
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
        Ok(Self {
            name: definition.name.clone(),
            keys: resolved.keys,
            views,
            lookups,
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
        let features_of = |view: &FeatureView| {
            let mut columns = state_of(&view.name)?.columns.clone();
            // What is named and not live yet: the version that has it is still being made.
            let entries = self.definition.features.iter().filter(|entry| entry.view == view.name);
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
        Ok(Layout {
            described: [const { OnceLock::new() }; 16],
            states: reads.iter().map(|read| Arc::clone(&read.state)).collect(),
            features: features.collect(),
        })
    }

    fn feature(&self, feature: &ResolvedFeature, reads: &[Read]) -> Feature {
        let view = self.lookups[feature.lookup].view;
        let definition = &self.views[view].definition;
        let state = &reads[view].state;
        let place = state.columns.iter().position(|(name, _)| *name == feature.feature);
        let json = |value: serde_json::Value| value.to_string();
        Feature {
            name: feature.name(),
            name_json: json(json!(feature.name())),
            type_json: (!feature.data_type.is_empty()).then(|| json(ClientType::of(&feature.data_type).to_json())),
            description_json: definition.meta.description.as_ref().map(|text| json(json!(text))),
            tags_json: json(json!(definition.meta.tags)),
            lookup: feature.lookup,
            place,
            empty: place.and_then(|place| state.empty.get(place).copied().flatten()),
            is_count: is_count(definition, &feature.feature),
        }
    }
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
