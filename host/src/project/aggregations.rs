//! A view's aggregations, bound to the types of its rows.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, SchemaRef};
use sandglass_runtime::kind_name;

use crate::aggregate::{Aggregation, Refused};
use crate::definition::{AggregatedFeature, Aggregations, FeatureView, KeyKind};
use crate::key;
use crate::tile::TimeWindow;
use crate::time::{Span, Timestamp};

/// What a view's rows are aggregated to.
#[derive(Debug, Clone, PartialEq)]
pub struct CompiledAggregations {
    /// The length of a tile.
    pub interval: Span,
    /// Where lifetime windows begin; there if a window is one.
    pub lifetime_start_time: Option<Timestamp>,
    /// What aggregates are split by.
    pub secondary_key: Option<SecondaryKey>,
    /// In the order of the definition.
    pub aggregates: Vec<Aggregate>,
    /// What comes of them, in Tecton's order, which is that of their names: a definition that lists them otherwise is the same.
    pub features: Vec<Feature>,
}

/// The column whose values each have their own aggregates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondaryKey {
    /// The column.
    pub column: String,
    /// Its type; narrower whole numbers are widened to int64.
    pub kind: KeyKind,
}

/// One aggregate over one window, or over each of a series.
#[derive(Debug, Clone, PartialEq)]
pub struct Aggregate {
    /// What its feature is called.
    pub name: String,
    /// The column of the view's rows.
    pub column: String,
    /// What is made of it.
    pub aggregation: Aggregation,
    /// Over which time.
    pub window: TimeWindow,
}

/// A feature of an aggregated view.
#[derive(Debug, Clone, PartialEq)]
pub struct Feature {
    /// Its name.
    pub name: String,
    /// The result of its aggregation; a list of them, if its window is a series or the view has a secondary key.
    pub data_type: DataType,
    /// What it is made of.
    pub value: FeatureValue,
}

/// What a feature is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeatureValue {
    /// An aggregate, by its place in [`CompiledAggregations::aggregates`].
    Aggregate(usize),
    /// The secondary keys that have rows in this window, ascending: what lists of aggregates over it are parallel to.
    Keys(TimeWindow),
}

/// A problem: its place below the view's, the message and the hint.
pub(super) type Found = (String, String, Option<String>);

/// Binds a view's aggregations to the columns of its rows; none if it has none.
pub(super) fn bind(view: &FeatureView, schema: &SchemaRef) -> Result<Option<CompiledAggregations>, Vec<Found>> {
    let Some(aggregations) = &view.aggregation else {
        return Ok(None);
    };
    let Aggregations {
        interval,
        secondary_key,
        lifetime_start_time,
        features,
    } = aggregations;
    let mut problems = Vec::new();
    let secondary_key = secondary_key.as_ref().and_then(|column| {
        let place = "aggregation_secondary_key";
        let field = find(schema, column, place, &mut problems)?;
        let kind = kind(field.data_type());
        if kind.is_none() {
            let message = format!(
                "column `{column}` is {}, and a secondary key is a whole number, utf8, boolean, date or timestamp",
                kind_name(field.data_type())
            );
            problems.push((place.to_owned(), message, None));
        }
        Some(SecondaryKey {
            column: column.clone(),
            kind: kind?,
        })
    });
    let mut aggregates = Vec::new();
    for (index, feature) in features.iter().enumerate() {
        let AggregatedFeature {
            name,
            column,
            function,
            window,
        } = feature;
        let place = format!("aggregation.{index}.column");
        let Some(field) = find(schema, column, &place, &mut problems) else {
            continue;
        };
        match Aggregation::new(*function, field.data_type()) {
            Ok(aggregation) => aggregates.push(Aggregate {
                name: name.clone(),
                column: column.clone(),
                aggregation,
                window: *window,
            }),
            Err(Refused { function, takes, found }) => {
                let message = format!("`{function}` takes {takes}, and column `{column}` is {found}");
                problems.push((format!("aggregation.{index}.function"), message, None));
            }
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let features = outputs(&aggregates, secondary_key.as_ref(), aggregations);
    Ok(Some(CompiledAggregations {
        interval: *interval,
        lifetime_start_time: *lifetime_start_time,
        secondary_key,
        aggregates,
        features,
    }))
}

fn find<'a>(schema: &'a SchemaRef, column: &str, place: &str, problems: &mut Vec<Found>) -> Option<&'a Field> {
    let found = schema.field_with_name(column);
    if found.is_err() {
        let names = schema.fields().iter().map(|field| field.name().as_str());
        let quoted: Vec<String> = names.clone().map(|name| format!("`{name}`")).collect();
        let message = format!(
            "the view's rows have no column `{column}`; they have {}",
            quoted.join(", ")
        );
        let hint = crate::definition::similar(column, names).map(|other| format!("did you mean `{other}`?"));
        problems.push((place.to_owned(), message, hint));
    }
    found.ok()
}

fn kind(data_type: &DataType) -> Option<KeyKind> {
    let kinds = [
        KeyKind::Int64,
        KeyKind::Utf8,
        KeyKind::Boolean,
        KeyKind::Date,
        KeyKind::Timestamp,
    ];
    match data_type {
        DataType::Int8 | DataType::Int16 | DataType::Int32 => Some(KeyKind::Int64),
        other => kinds.into_iter().find(|kind| key::data_type(*kind) == *other),
    }
}

fn outputs(aggregates: &[Aggregate], secondary_key: Option<&SecondaryKey>, written: &Aggregations) -> Vec<Feature> {
    let list = |item: DataType| DataType::List(Arc::new(Field::new("element", item, true)));
    let lists = secondary_key.into_iter().flat_map(|key| {
        let data_type = list(key::data_type(key.kind));
        written.key_lists().into_iter().map(move |(name, window)| Feature {
            name,
            data_type: data_type.clone(),
            value: FeatureValue::Keys(window),
        })
    });
    let values = aggregates.iter().enumerate().map(|(place, aggregate)| {
        let result = aggregate.aggregation.result().clone();
        let listed = secondary_key.is_some() || aggregate.window.is_series();
        Feature {
            name: aggregate.name.clone(),
            data_type: if listed { list(result) } else { result },
            value: FeatureValue::Aggregate(place),
        }
    });
    let mut features: Vec<Feature> = lists.chain(values).collect();
    features.sort_by(|left, right| left.name.cmp(&right.name));
    features
}

#[cfg(test)]
mod tests;
