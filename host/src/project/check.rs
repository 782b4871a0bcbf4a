//! A definition against its component and its sources: what does not fit is found before any job runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use sandglass_runtime::{Component, Contract, LoadError, ParameterKind, ParameterValue, Scope, host_type, kind_name};

use super::aggregations;
use super::build::BuildError;
use super::view::{CompiledTransform, CompiledView, limits, stored_type};
use crate::definition::{FeatureView, Float, ParameterText, Parsed, Problem, TableColumn, Transformation};
use crate::key;
use crate::source::{SourceError, SourceTable};
use crate::time::{Span, Timestamp};

/// What a view's parts have wrong with each other; each becomes a problem of the definition.
pub type Checked = Result<CompiledView, Vec<Problem>>;

/// Why a project cannot be compiled, beside problems of its definition.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// A component cannot be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// A component is refused.
    #[error("{path}: {error}")]
    Load {
        /// As it is written.
        path: String,
        /// Why.
        #[source]
        error: LoadError,
    },
    /// A source cannot be opened.
    #[error(transparent)]
    Source(#[from] SourceError),
}

/// Gathers the problems of a view.
pub(super) struct Finder<'a> {
    parsed: &'a Parsed,
    view: &'a str,
    pub(super) problems: Vec<Problem>,
}

impl<'a> Finder<'a> {
    pub(super) fn new(parsed: &'a Parsed, view: &'a str) -> Self {
        Self {
            parsed,
            view,
            problems: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, key: &str, message: impl Into<String>, hint: Option<String>) {
        let place = format!("feature_view.{}.{key}", self.view);
        self.problems.push(self.parsed.problem(&place, message, hint));
    }
}

/// Checks a view against its opened sources (by name) and its component, if it has one.
pub fn check_view(
    parsed: &Parsed,
    view: &FeatureView,
    sources: &BTreeMap<String, Arc<SourceTable>>,
    component: Option<&Component>,
) -> Checked {
    let mut finder = Finder::new(parsed, &view.name);
    let compiled = match (component, &view.table) {
        (Some(component), _) => transformed(&mut finder, view, sources, component),
        (None, Some(columns)) => Some((None, Vec::new(), Arc::new(table_rows(view, columns)))),
        (None, None) => passed_on(&mut finder, view, sources),
    };
    let Some((transform, inputs, schema)) = compiled else {
        return Err(finder.problems);
    };
    output(&mut finder, view, &schema);
    let data_delay = parsed.project.data_delay(view);
    let tiles = match aggregations::bind(view, &schema, data_delay) {
        Ok(spec) => spec.map(Arc::new),
        Err(found) => {
            for (key, message, hint) in found {
                finder.add(&key, message, hint);
            }
            None
        }
    };
    if finder.problems.is_empty() {
        Ok(CompiledView {
            view: view.clone(),
            data_delay,
            transform,
            inputs,
            schema,
            tiles,
        })
    } else {
        Err(finder.problems)
    }
}

type Parts = (Option<CompiledTransform>, Vec<(usize, Arc<SourceTable>)>, SchemaRef);

/// The columns that rows of a feature table are brought with: its keys, the time, its features.
fn table_rows(view: &FeatureView, columns: &[TableColumn]) -> Schema {
    let keys = view.join_keys.iter().map(|key| (&key.name, key::data_type(key.kind)));
    let time = [(&view.timestamp_column, host_type::timestamp())];
    let features = columns.iter().map(|column| (&column.name, column.kind.data_type()));
    let fields = keys.chain(time).chain(features);
    Schema::new(
        fields
            .map(|(name, data_type)| Field::new(name, data_type, true))
            .collect::<Vec<_>>(),
    )
}

fn passed_on(
    finder: &mut Finder<'_>,
    view: &FeatureView,
    sources: &BTreeMap<String, Arc<SourceTable>>,
) -> Option<Parts> {
    let table = sources.get(&view.sources.first()?.name)?;
    if table.time_column() != view.timestamp_column {
        let message = format!(
            "the view's time column is `{}`, that of its source `{}`; without a transformation they are the same",
            view.timestamp_column,
            table.time_column()
        );
        finder.add("timestamp_column", message, None);
        return None;
    }
    let names: Vec<&str> = view.join_keys.iter().map(|key| key.name.as_str()).collect();
    let natural = match table.natural(&names) {
        Ok(natural) => natural,
        Err(error) => {
            finder.add("sources", error.to_string(), None);
            return None;
        }
    };
    // A CSV file's numbers may look like another type than the key's; the key's is what is meant.
    let fields: Vec<Field> = natural
        .fields()
        .iter()
        .map(
            |field| match view.join_keys.iter().find(|key| key.name == *field.name()) {
                Some(key) => Field::new(field.name(), key::data_type(key.kind), false),
                None => field.as_ref().clone(),
            },
        )
        .collect();
    let schema = stored(finder, &Schema::new(fields), "sources")?;
    let keys = view.join_keys.iter().map(|key| key.name.clone()).collect();
    if let Err(error) = table.check(Arc::clone(&schema), keys) {
        finder.add("sources", error.to_string(), None);
        return None;
    }
    Some((None, vec![(0, Arc::clone(table))], schema))
}

fn transformed(
    finder: &mut Finder<'_>,
    view: &FeatureView,
    sources: &BTreeMap<String, Arc<SourceTable>>,
    component: &Component,
) -> Option<Parts> {
    let contract = choose(finder, view.transformation.as_ref(), component)?;
    if !contract.scope.is_per_row() && !view.incremental_backfills {
        let message = format!(
            "`{}` has the scope {}: its result would depend on how a backfill is cut",
            contract.name,
            contract.scope.name()
        );
        finder.add(
            "transformation",
            message,
            Some("set `incremental_backfills = true`".to_owned()),
        );
    }
    let inputs = inputs(finder, view, sources, contract);
    let parameters = parameters_of(finder, &view.parameters, contract);
    let schema = stored(finder, &contract.output, "transformation");
    let transform = CompiledTransform {
        component: component.clone(),
        contract: Arc::clone(contract),
        parameters: parameters?,
        limits: limits(&view.limits),
    };
    Some((Some(transform), inputs?, schema?))
}

pub(super) fn choose<'c>(
    finder: &mut Finder<'_>,
    transformation: Option<&Transformation>,
    component: &'c Component,
) -> Option<&'c Arc<Contract>> {
    let names = || {
        component
            .contracts()
            .iter()
            .map(|contract| format!("`{}`", contract.name))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let wanted = transformation.and_then(|transformation| transformation.name.as_deref());
    match (wanted, component.contracts()) {
        (None, [only]) => Some(only),
        (None, _) => {
            let hint = "name one with `#`: \"path#name\"".to_owned();
            finder.add(
                "transformation",
                format!("the component has several transformations: {}", names()),
                Some(hint),
            );
            None
        }
        (Some(name), _) => {
            let found = component.contract(name);
            if found.is_none() {
                finder.add(
                    "transformation",
                    format!("the component has no transformation `{name}`; it has {}", names()),
                    None,
                );
            }
            found
        }
    }
}

/// The view's sources in the order of the transformation's inputs.
fn inputs(
    finder: &mut Finder<'_>,
    view: &FeatureView,
    sources: &BTreeMap<String, Arc<SourceTable>>,
    contract: &Contract,
) -> Option<Vec<(usize, Arc<SourceTable>)>> {
    let single = contract.inputs.len() == 1 && view.sources.len() == 1;
    let known = contract
        .inputs
        .iter()
        .map(|input| format!("`{}`", input.name))
        .collect::<Vec<_>>()
        .join(", ");
    let mut found = Vec::new();
    for source in &view.sources {
        let name = source.input.as_ref().unwrap_or(&source.name);
        let fits = contract.inputs.iter().any(|input| input.name == *name) || (single && source.input.is_none());
        if !fits {
            let message = format!("`{}` has no input `{name}`; it has {known}", contract.name);
            finder.add(
                "sources",
                message,
                Some("say which it is for with `input = \"…\"`".to_owned()),
            );
        }
    }
    for input in &contract.inputs {
        let place = view.sources.iter().position(|source| {
            *source.input.as_ref().unwrap_or(&source.name) == input.name || (single && source.input.is_none())
        });
        let Some(place) = place else {
            finder.add(
                "sources",
                format!(
                    "`{}` reads an input `{}`, and no source goes there",
                    contract.name, input.name
                ),
                None,
            );
            continue;
        };
        let Some(table) = sources.get(&view.sources[place].name) else {
            continue;
        };
        match table.check(Arc::clone(&input.columns), input.keys.clone()) {
            Ok(()) => found.push((place, Arc::clone(table))),
            Err(error) => finder.add("sources", format!("input `{}`: {error}", input.name), None),
        }
        if contract.scope == Scope::Keyed {
            let extra: Vec<_> = input
                .keys
                .iter()
                .filter(|key| !view.join_keys.iter().any(|own| own.name == **key))
                .collect();
            if let (Some(extra), true) = (extra.first(), input.keys.len() != view.join_keys.len()) {
                let keys: Vec<_> = view.join_keys.iter().map(|key| format!("`{}`", key.name)).collect();
                let message = format!(
                    "`{}` groups input `{}` by `{extra}`, the view's join keys are {}",
                    contract.name,
                    input.name,
                    keys.join(", ")
                );
                finder.add("entities", message, None);
            }
        }
    }
    (found.len() == contract.inputs.len() && finder.problems.is_empty()).then_some(found)
}

pub(super) fn parameters_of(
    finder: &mut Finder<'_>,
    given: &BTreeMap<String, ParameterText>,
    contract: &Contract,
) -> Option<Vec<(String, ParameterValue)>> {
    match parameters(contract, given) {
        Ok(values) => Some(values),
        Err(problems) => {
            for (message, hint) in problems {
                finder.add("parameters", message, hint);
            }
            None
        }
    }
}

/// A problem with a parameter, and what to do.
type ParameterProblem = (String, Option<String>);

/// Values for all parameters of a transformation, of those that are given and its defaults.
pub(crate) fn parameters(
    contract: &Contract,
    given: &BTreeMap<String, ParameterText>,
) -> Result<Vec<(String, ParameterValue)>, Vec<ParameterProblem>> {
    let known = || {
        let names: Vec<_> = contract
            .parameters
            .iter()
            .map(|parameter| format!("`{}`", parameter.name))
            .collect();
        if names.is_empty() {
            "none".to_owned()
        } else {
            names.join(", ")
        }
    };
    let mut problems = Vec::new();
    for name in given.keys() {
        if !contract.parameters.iter().any(|parameter| parameter.name == *name) {
            let message = format!("`{}` has no parameter `{name}`; it has {}", contract.name, known());
            problems.push((message, None));
        }
    }
    let mut values = Vec::new();
    for parameter in &contract.parameters {
        let value = match (given.get(&parameter.name), &parameter.default) {
            (Some(text), _) => match typed(text, parameter.kind) {
                Some(value) => value,
                None => {
                    let message = format!(
                        "parameter `{}` is {}, which this is not",
                        parameter.name,
                        parameter.kind.name()
                    );
                    problems.push((message, None));
                    continue;
                }
            },
            (None, Some(default)) => default.clone(),
            (None, None) => {
                let hint = format!("write `parameters = {{ {} = … }}`", parameter.name);
                let message = format!(
                    "`{}` needs a value for its parameter `{}`",
                    contract.name, parameter.name
                );
                problems.push((message, Some(hint)));
                continue;
            }
        };
        values.push((parameter.name.clone(), value));
    }
    if problems.is_empty() { Ok(values) } else { Err(problems) }
}

fn typed(text: &ParameterText, kind: ParameterKind) -> Option<ParameterValue> {
    Some(match (text, kind) {
        (ParameterText::Boolean(value), ParameterKind::Boolean) => ParameterValue::Boolean(*value),
        (ParameterText::Integer(value), ParameterKind::Int64) => ParameterValue::Int64(*value),
        (ParameterText::Float(Float(value)), ParameterKind::Float64) => ParameterValue::Float64(*value),
        (ParameterText::Integer(value), ParameterKind::Float64) => {
            let exact = value.unsigned_abs() <= 1 << 53;
            ParameterValue::Float64(exact.then_some(*value as f64)?)
        }
        (ParameterText::Text(value), ParameterKind::Utf8) => ParameterValue::Utf8(value.clone()),
        (ParameterText::Text(value), ParameterKind::Timestamp) => {
            ParameterValue::Timestamp(value.parse::<Timestamp>().ok()?.micros())
        }
        (ParameterText::Text(value), ParameterKind::Duration) => {
            ParameterValue::Duration(value.parse::<Span>().ok()?.micros())
        }
        _ => return None,
    })
}

/// The columns as they are stored.
pub(super) fn stored(finder: &mut Finder<'_>, schema: &Schema, key: &str) -> Option<SchemaRef> {
    let mut fields = Vec::new();
    for field in schema.fields() {
        if field.name().starts_with("__") {
            finder.add(
                key,
                format!(
                    "column `{}`: names that begin with `__` are the store's own",
                    field.name()
                ),
                None,
            );
        }
        match stored_type(field.data_type()) {
            // Nullable throughout: what Delta readers promise of nullability differs, and the contract is checked before.
            Ok(data_type) => fields.push(Field::new(field.name(), data_type, true)),
            Err(problem) => finder.add(key, format!("output column `{}` {problem}", field.name()), None),
        }
    }
    (fields.len() == schema.fields().len()).then(|| Arc::new(Schema::new(fields)))
}

fn output(finder: &mut Finder<'_>, view: &FeatureView, schema: &SchemaRef) {
    let existing = || {
        schema
            .fields()
            .iter()
            .map(|field| format!("`{}`", field.name()))
            .collect::<Vec<_>>()
            .join(", ")
    };
    for key in &view.join_keys {
        match schema.field_with_name(&key.name) {
            Err(_) => finder.add(
                "entities",
                format!(
                    "its rows have no column `{}` for the join key; they have {}",
                    key.name,
                    existing()
                ),
                None,
            ),
            Ok(field) if *field.data_type() != key::data_type(key.kind) => {
                let message = format!(
                    "column `{}` is {}, its join key is {}",
                    key.name,
                    kind_name(field.data_type()),
                    key.kind.name()
                );
                finder.add("entities", message, None);
            }
            Ok(_) => {}
        }
    }
    match schema.field_with_name(&view.timestamp_column) {
        Err(_) => {
            let message = format!(
                "its rows have no column `{}` for the time; they have {}",
                view.timestamp_column,
                existing()
            );
            finder.add("timestamp_column", message, None);
        }
        Ok(field) if *field.data_type() != host_type::timestamp() => {
            let message = format!(
                "column `{}` is {}, not a timestamp",
                view.timestamp_column,
                kind_name(field.data_type())
            );
            finder.add("timestamp_column", message, None);
        }
        Ok(_) => {}
    }
    if let Some(column) = &view.order_by {
        match schema.field_with_name(column) {
            Err(_) => finder.add(
                "order_by",
                format!("its rows have no column `{column}`; they have {}", existing()),
                None,
            ),
            Ok(field)
                if matches!(
                    field.data_type(),
                    DataType::List(_) | DataType::Struct(_) | DataType::Map(..)
                ) =>
            {
                finder.add(
                    "order_by",
                    format!("column `{column}` is nested; it cannot order rows"),
                    None,
                );
            }
            Ok(_) => {}
        }
    }
    let features = schema.fields().len().saturating_sub(view.join_keys.len() + 1);
    if features == 0 && view.aggregation.is_none() && finder.problems.is_empty() {
        finder.add("transformation", "its rows have keys and a time, and no feature", None);
    }
}
