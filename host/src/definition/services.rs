//! `[[feature_service]]`: features of several views that are asked for together, and what a request for them holds.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::Range;
use std::str::FromStr;

use super::keys::{column, existing, meta, optional};
use super::model::{FeatureService, FeatureView, JoinKey, KeyKind, Meta, Project, ServiceFeatures};
use super::parse::Reading;
use super::problem::similar;
use super::reader::{Findings, Table, Value};
use super::requests::{ContextField, ContextKind, RequestView};
use crate::workspace::check_identifier;

/// Reads one service. The spans of its entries are noted as `<place>.features.<i>`.
pub(super) fn read(reading: &mut Reading, table: &Table<'_>, name: String, place: &str) -> Option<FeatureService> {
    let meta = meta(table);
    let features = table
        .require("features")
        .and_then(|value| entries(reading, &value, place));
    Some(FeatureService {
        name,
        features: features?,
        meta,
    })
}

/// Reads `features`; at least one.
pub(super) fn entries(reading: &mut Reading, value: &Value<'_>, place: &str) -> Option<Vec<ServiceFeatures>> {
    let entries = value.array()?;
    if entries.is_empty() {
        let hint = "write `features = [\"view\", \"view[feature]\"]`".to_owned();
        value.problem("`features` is empty, and names at least one", Some(hint));
        return None;
    }
    for (index, entry) in entries.iter().enumerate() {
        reading.spans.insert(format!("{place}.features.{index}"), entry.span());
    }
    // All of them are read, so that every problem is found.
    let entries: Vec<_> = entries.iter().map(entry).collect();
    entries.into_iter().collect()
}

fn entry(value: &Value<'_>) -> Option<ServiceFeatures> {
    if value.is_text() {
        return text(value);
    }
    let table = value.table("an entry of `features`")?;
    let view = table.require("view").and_then(|value| value.text());
    let columns = optional(&table, "columns", |value| {
        let columns: Vec<_> = value.array()?.iter().map(column).collect();
        let columns: Option<Vec<String>> = columns.into_iter().collect();
        let columns = columns?;
        match distinct(&columns) {
            Ok(()) => Some(columns),
            Err(ServiceFeaturesError { message, hint }) => {
                value.problem(message, hint);
                None
            }
        }
    });
    let join_keys = match table.get("join_keys") {
        None => Some(BTreeMap::new()),
        Some(value) => value.table("`join_keys`").and_then(|table| {
            let each = table.entries().into_iter();
            let each: Vec<_> = each
                .map(|(key, _, value)| Some((key.to_owned(), column(&value)?)))
                .collect();
            each.into_iter().collect()
        }),
    };
    let prefix = optional(&table, "prefix", |value| {
        let prefix = value.text()?;
        if let Err(error) = check_identifier(prefix) {
            value.problem(error.to_string(), None);
            return None;
        }
        Some(prefix.to_owned())
    });
    table.finish();
    Some(ServiceFeatures {
        view: view?.to_owned(),
        columns: columns?,
        join_keys: join_keys?,
        prefix: prefix?,
    })
}

/// `view` or `view[feature, feature]`.
fn text(value: &Value<'_>) -> Option<ServiceFeatures> {
    match value.text()?.parse() {
        Ok(features) => Some(features),
        Err(ServiceFeaturesError { message, hint }) => {
            value.problem(message, hint);
            None
        }
    }
}

/// What is wrong with an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ServiceFeaturesError {
    /// In words.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

impl FromStr for ServiceFeatures {
    type Err = ServiceFeaturesError;

    fn from_str(text: &str) -> Result<Self, ServiceFeaturesError> {
        let (view, columns) = match text.split_once('[') {
            None => (text, None),
            Some((view, rest)) => {
                let inside = rest.strip_suffix(']').ok_or_else(|| ServiceFeaturesError {
                    message: format!("`{text}` lacks a closing bracket"),
                    hint: Some("write \"view\" or \"view[feature, feature]\"".to_owned()),
                })?;
                let columns: Vec<String> = inside.split(',').map(|name| name.trim().to_owned()).collect();
                (view, Some(columns))
            }
        };
        if let Some(columns) = &columns {
            distinct(columns)?;
        }
        Ok(Self {
            view: view.trim().to_owned(),
            columns,
            join_keys: BTreeMap::new(),
            prefix: None,
        })
    }
}

/// Whether features are named, and each once.
fn distinct(columns: &[String]) -> Result<(), ServiceFeaturesError> {
    if columns.is_empty() || columns.iter().any(String::is_empty) {
        return Err(ServiceFeaturesError {
            message: "an empty name or list of features".to_owned(),
            hint: Some("name features, or leave the list out for all of the view's".to_owned()),
        });
    }
    let mut places = columns.iter().enumerate();
    match places.find(|(index, name)| columns[..*index].contains(name)) {
        None => Ok(()),
        Some((_, name)) => Err(ServiceFeaturesError {
            message: format!("feature `{name}` is named twice"),
            hint: None,
        }),
    }
}

/// Rules that tie services to views.
pub(super) fn check(project: &Project, at: &impl Fn(String) -> Range<usize>, problems: &Findings) {
    for service in &project.feature_services {
        let place = format!("feature_service.{}", service.name);
        if project.view_names().any(|view| view == service.name) {
            let message = format!("a feature service and a feature view are named `{}`", service.name);
            let hint = "rename one of them: `get` takes the name of either".to_owned();
            problems.add(at(format!("{place}.name")), message, Some(hint));
        }
        for problem in service.check(project) {
            let place = at(format!("{place}.features.{}", problem.entry));
            problems.add(place, problem.message, problem.hint);
        }
    }
}

/// The features that a definition alone tells, with no types.
fn declared(view: &FeatureView) -> Option<Vec<(String, String)>> {
    let aggregations = view.aggregation.as_ref()?;
    let lists = aggregations.key_lists().into_iter().map(|(name, _)| name);
    let names = lists.chain(aggregations.features.iter().map(|feature| feature.name.clone()));
    Some(names.map(|name| (name, String::new())).collect())
}

/// A problem and what to do.
pub type Told = (String, Option<String>);

impl ServiceFeatures {
    /// What stands before the names of its features.
    pub fn namespace(&self) -> &str {
        self.prefix.as_deref().unwrap_or(&self.view)
    }

    /// What requests and spines call a join key of the view.
    pub fn request_name<'a>(&'a self, key: &'a str) -> &'a str {
        self.join_keys.get(key).map_or(key, String::as_str)
    }

    /// What has these keys, by the names that requests have for them, in their order. `of` is whose they are.
    fn renamed(&self, of: &str, own: &[JoinKey]) -> Result<Vec<JoinKey>, Told> {
        for key in self.join_keys.keys() {
            let names = || own.iter().map(|key| key.name.as_str());
            if !names().any(|name| name == key) {
                let message = format!("{of} has no join key `{key}`; it has {}", existing(names()));
                let hint = similar(key, names()).map(|other| format!("did you mean `{other}`?"));
                return Err((message, hint));
            }
        }
        let mut keys: Vec<JoinKey> = Vec::new();
        for key in own {
            let name = self.request_name(&key.name).to_owned();
            if keys.iter().any(|other| other.name == name) {
                let message = format!("two join keys of {of} are called `{name}`");
                return Err((message, Some("map each to a name of its own".to_owned())));
            }
            keys.push(JoinKey { name, kind: key.kind });
        }
        Ok(keys)
    }
}

impl std::fmt::Display for ServiceFeatures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(prefix) = &self.prefix {
            write!(f, "{prefix} = ")?;
        }
        f.write_str(&self.view)?;
        if let Some(columns) = &self.columns {
            write!(f, "[{}]", columns.join(", "))?;
        }
        if !self.join_keys.is_empty() {
            let keys: Vec<String> = self
                .join_keys
                .iter()
                .map(|(key, name)| format!("{key} = {name}"))
                .collect();
            write!(f, " ({})", keys.join(", "))?;
        }
        Ok(())
    }
}

/// A service with all that answering a request for it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedService {
    /// The join keys of requests and spines, in the order in which the service's views first use them.
    pub keys: Vec<RequestKey>,
    /// Which items are read, each once.
    pub lookups: Vec<Lookup>,
    /// What requests and spines bring along beside keys, in the order in which the service's views first use it.
    pub context: Vec<ContextField>,
    /// What is computed for each request, each once.
    pub requests: Vec<ResolvedRequest>,
    /// In Tecton's order: those of request views first, by namespace and in the order of their transformations; then the others,
    /// by namespace and name.
    pub features: Vec<ResolvedFeature>,
}

/// A request view with the keys that what it reads is read with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedRequest {
    /// The view.
    pub view: String,
    /// For each entry of its `features` the place in [`ResolvedService::lookups`].
    pub lookups: Vec<usize>,
    /// For each field of its `request_context` the place in [`ResolvedService::context`].
    pub context: Vec<usize>,
}

/// A join key of requests.
pub type RequestKey = JoinKey;

/// A view that is read with one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    /// The view.
    pub view: String,
    /// The names in requests of the view's join keys, in the view's order.
    pub keys: Vec<String>,
}

/// One feature of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedFeature {
    /// The prefix, or the view's name.
    pub namespace: String,
    /// The feature's name in its view.
    pub feature: String,
    /// Its type, as [`kind_name`](sandglass_runtime::kind_name) spells it.
    pub data_type: String,
    /// Where it comes from.
    pub from: FeatureFrom,
}

/// Where a feature comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeatureFrom {
    /// An item, by its place in [`ResolvedService::lookups`].
    Lookup(usize),
    /// A request view, by its place in [`ResolvedService::requests`].
    Request(usize),
}

impl ResolvedFeature {
    /// As answers have it: `namespace.feature`.
    pub fn name(&self) -> String {
        format!("{}.{}", self.namespace, self.feature)
    }

    /// As training data has it, where a point would be in the way: `namespace__feature`.
    pub fn training_name(&self) -> String {
        format!("{}__{}", self.namespace, self.feature)
    }
}

/// What is wrong with an entry of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceProblem {
    /// Its place in [`FeatureService::features`].
    pub entry: usize,
    /// In words.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

impl FeatureService {
    /// All features of one view, under its name.
    pub fn of_view(view: &str) -> Self {
        Self {
            name: view.to_owned(),
            features: vec![ServiceFeatures {
                view: view.to_owned(),
                columns: None,
                join_keys: BTreeMap::new(),
                prefix: None,
            }],
            meta: Meta::default(),
        }
    }

    /// What is wrong with it by the definitions alone, which do not tell the features of views without aggregations.
    pub fn check(&self, project: &Project) -> Vec<ServiceProblem> {
        let declared = |name: &str| project.feature_view(name).and_then(declared);
        self.resolve(project, declared).err().unwrap_or_default()
    }

    /// What the service comes to, with the names and types of its views' features, in their order. Of a view where these are
    /// not known (`None`), the named ones are taken as they are, without a type.
    ///
    /// # Errors
    /// All that is wrong: views, join keys and features that do not exist, keys of two types, and names that come twice.
    pub fn resolve(
        &self,
        project: &Project,
        features_of: impl Fn(&str) -> Option<Vec<(String, String)>>,
    ) -> Result<ResolvedService, Vec<ServiceProblem>> {
        let mut resolving = Resolving {
            service: self,
            project,
            resolved: ResolvedService {
                keys: Vec::new(),
                lookups: Vec::new(),
                context: Vec::new(),
                requests: Vec::new(),
                features: Vec::new(),
            },
            first_uses: BTreeMap::new(),
            names: BTreeMap::new(),
            problems: Vec::new(),
        };
        for (index, entry) in self.features.iter().enumerate() {
            match resolving.from(index, entry) {
                Ok(from) => resolving.entry(index, entry, from, features_of(&entry.view).as_deref()),
                Err((message, hint)) => resolving.problem(index, message, hint),
            }
        }
        let Resolving {
            mut resolved, problems, ..
        } = resolving;
        if !problems.is_empty() {
            return Err(problems);
        }
        resolved.features.sort_by(|left, right| {
            let place = |feature: &ResolvedFeature| matches!(feature.from, FeatureFrom::Lookup(_));
            let spaces = (place(left), &left.namespace).cmp(&(place(right), &right.namespace));
            spaces.then_with(|| match left.from {
                FeatureFrom::Lookup(_) => left.feature.cmp(&right.feature),
                FeatureFrom::Request(_) => Ordering::Equal,
            })
        });
        Ok(resolved)
    }
}

struct Resolving<'a> {
    service: &'a FeatureService,
    project: &'a Project,
    resolved: ResolvedService,
    /// By join key of requests: its type and the view that first has it.
    first_uses: BTreeMap<String, (KeyKind, String)>,
    /// By name in training data, which two names may have in common that differ with a point: the entry.
    names: BTreeMap<String, usize>,
    problems: Vec<ServiceProblem>,
}

impl<'a> Resolving<'a> {
    fn problem(&mut self, entry: usize, message: String, hint: Option<String>) {
        self.problems.push(ServiceProblem { entry, message, hint });
    }

    /// Where an entry's features come from; what they are made of is noted.
    fn from(&mut self, index: usize, entry: &ServiceFeatures) -> Result<FeatureFrom, Told> {
        let project = self.project;
        if let Some(view) = project.feature_view(&entry.view) {
            let keys = entry.renamed(&format!("feature view `{}`", view.name), &view.join_keys)?;
            return Ok(FeatureFrom::Lookup(self.lookup(index, &entry.view, keys)));
        }
        if let Some(view) = project.request_view(&entry.view) {
            return self.request(index, entry, view).map(FeatureFrom::Request);
        }
        let names = || project.view_names();
        let message = format!(
            "no feature view `{}`; this project has {}",
            entry.view,
            existing(names())
        );
        let hint = similar(&entry.view, names()).map(|other| format!("did you mean `{other}`?"));
        Err((message, hint))
    }

    /// The place of a lookup with these keys.
    fn lookup(&mut self, index: usize, view: &str, keys: Vec<JoinKey>) -> usize {
        let lookup = Lookup {
            view: view.to_owned(),
            keys: keys.iter().map(|key| key.name.clone()).collect(),
        };
        for key in keys {
            self.key(index, view, key);
        }
        place_of(&mut self.resolved.lookups, lookup)
    }

    /// The place of a request view whose join keys are called as the entry says.
    fn request(&mut self, index: usize, entry: &ServiceFeatures, view: &RequestView) -> Result<usize, Told> {
        let of = format!("feature view `{}`", view.name);
        let mut own: Vec<JoinKey> = Vec::new();
        let mut keys_of_inputs = Vec::new();
        for input in &view.features {
            let Some(read) = self.project.feature_view(&input.view) else {
                let message = format!("{of} reads `{}`, which is no feature view that it can read", input.view);
                return Err((message, None));
            };
            let keys = input.renamed(&format!("feature view `{}`", read.name), &read.join_keys)?;
            for key in &keys {
                if !own.iter().any(|other| other.name == key.name) {
                    own.push(key.clone());
                }
            }
            keys_of_inputs.push((read.name.clone(), keys));
        }
        let renamed = entry.renamed(&of, &own)?;
        let name = |key: JoinKey| {
            let place = own.iter().position(|other| other.name == key.name);
            let name = place.and_then(|place| renamed.get(place)).map(|key| key.name.clone());
            JoinKey {
                name: name.unwrap_or(key.name),
                kind: key.kind,
            }
        };
        let lookups = keys_of_inputs.into_iter().map(|(read, keys)| {
            let keys = keys.into_iter().map(name).collect();
            self.lookup(index, &read, keys)
        });
        let lookups = lookups.collect();
        let context = view
            .request_context
            .iter()
            .map(|field| self.field(index, &view.name, field));
        let request = ResolvedRequest {
            view: view.name.clone(),
            lookups,
            context: context.collect(),
        };
        Ok(place_of(&mut self.resolved.requests, request))
    }

    /// The place of a field of the context.
    fn field(&mut self, index: usize, view: &str, field: &ContextField) -> usize {
        let known = self.resolved.context.iter().position(|other| other.name == field.name);
        let Some(place) = known else {
            self.resolved.context.push(field.clone());
            return self.resolved.context.len() - 1;
        };
        let kind: ContextKind = self.resolved.context[place].kind;
        if kind != field.kind {
            let message = format!(
                "`{}` of the request's context is {} for feature view `{view}` and {} for another",
                field.name,
                field.kind.name(),
                kind.name()
            );
            let hint = "give it one type, or another name in one of them".to_owned();
            self.problem(index, message, Some(hint));
        }
        place
    }

    fn entry(
        &mut self,
        index: usize,
        entry: &'a ServiceFeatures,
        from: FeatureFrom,
        known: Option<&[(String, String)]>,
    ) {
        let wanted: Vec<(String, String)> = match (&entry.columns, known) {
            (None, None) => Vec::new(),
            (None, Some(known)) => known.to_vec(),
            (Some(columns), None) => columns.iter().map(|name| (name.clone(), String::new())).collect(),
            // In the order of the transformation's output.
            (Some(columns), Some(known)) if matches!(from, FeatureFrom::Request(_)) => {
                for name in columns {
                    self.known(index, entry, name, known);
                }
                let named = |(name, _): &&(String, String)| columns.contains(name);
                known.iter().filter(named).cloned().collect()
            }
            (Some(columns), Some(known)) => columns
                .iter()
                .filter_map(|name| self.known(index, entry, name, known))
                .collect(),
        };
        for (feature, data_type) in wanted {
            let resolved = ResolvedFeature {
                namespace: entry.namespace().to_owned(),
                feature,
                data_type,
                from,
            };
            self.feature(index, resolved);
        }
    }

    fn key(&mut self, index: usize, of: &str, key: JoinKey) {
        match self.first_uses.get(&key.name) {
            None => {
                self.first_uses.insert(key.name.clone(), (key.kind, of.to_owned()));
                self.resolved.keys.push(key);
            }
            Some((kind, _)) if *kind == key.kind => {}
            Some((kind, view)) => {
                let message = format!(
                    "join key `{}` is {} for feature view `{}` and {} for `{view}`",
                    key.name,
                    key.kind.name(),
                    of,
                    kind.name()
                );
                let hint = "call one of them otherwise with `join_keys = { key = \"another_name\" }`".to_owned();
                self.problem(index, message, Some(hint));
            }
        }
    }

    fn known(
        &mut self,
        index: usize,
        entry: &ServiceFeatures,
        name: &str,
        known: &[(String, String)],
    ) -> Option<(String, String)> {
        if let Some(found) = known.iter().find(|(other, _)| other == name) {
            return Some(found.clone());
        }
        let names = || known.iter().map(|(name, _)| name.as_str());
        let message = format!(
            "feature view `{}` has no feature `{name}`; it has {}",
            entry.view,
            existing(names())
        );
        let hint = similar(name, names()).map(|other| format!("did you mean `{other}`?"));
        self.problem(index, message, hint);
        None
    }

    fn feature(&mut self, index: usize, feature: ResolvedFeature) {
        match self.names.insert(feature.training_name(), index) {
            None => self.resolved.features.push(feature),
            Some(first) => {
                let message = format!(
                    "feature service `{}` has two features `{}`",
                    self.service.name,
                    feature.name()
                );
                let hint = if first == index {
                    "give the entry a `prefix` of its own"
                } else {
                    "give one of the entries a `prefix` of its own: { view, prefix }"
                };
                self.problem(index, message, Some(hint.to_owned()));
            }
        }
    }
}

/// The place of what is there once only.
fn place_of<T: PartialEq>(all: &mut Vec<T>, one: T) -> usize {
    let place = all.iter().position(|other| *other == one);
    place.unwrap_or_else(|| {
        all.push(one);
        all.len() - 1
    })
}

#[cfg(test)]
mod tests;
